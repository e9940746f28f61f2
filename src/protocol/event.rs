//! The events of a board, as `/live` and `/events` send them.

use serde::{Deserialize, Serialize};

use super::{BoardSettings, Run, RunId, RunSign};

/// `T` represents a cell: the whole document for REST clients, a [`Cell`](super::Cell) for the page.
///
/// `seq` numbers the changes of a board without gaps. After a resume it may jump: the client then
/// receives the newest version of each changed cell, in the order of those last changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "lowercase", try_from = "EventFields<T>")]
pub enum Event<T> {
    /// The first event: the current position. `build` identifies the server's build, so that an older
    /// page can reload itself.
    Hello {
        epoch: String,
        seq: u64,
        build: String,
    },
    /// All cells: sent if the client cannot resume (another epoch, or too old a position).
    Snapshot {
        epoch: String,
        seq: u64,
        cells: Vec<T>,
    },
    Created {
        seq: u64,
        data: T,
    },
    Updated {
        seq: u64,
        data: T,
    },
    Patched {
        seq: u64,
        data: T,
    },
    Removed {
        seq: u64,
        data: T,
    },
    /// Another board got its first cell or lost its last one. Only the page gets it.
    Boards,
    /// The document of the board has changed: what the page gets of it. Only the page gets it. It is numbered as the events of runs are.
    Settings {
        run_seq: u64,
        settings: BoardSettings,
    },
    /// No further changes up to `seq`; also the heartbeat of a quiet connection.
    Bookmark {
        seq: u64,
    },
    #[serde(untagged)]
    Runs(RunEvent),
}

/// An event of the runs of a board, for the page. `run_seq` numbers the changes of runs without gaps, apart from those of cells; after
/// a resume it may jump.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "event")]
pub enum RunEvent {
    /// Runs have changed, or are new; others were removed. What a bulk operation changes is one event.
    #[serde(rename = "runs")]
    Changed { run_seq: u64, changed: Vec<Run>, removed: Vec<RunId> },
    /// The newest runs: sent if the page cannot resume.
    #[serde(rename = "allruns")]
    All { run_seq: u64, runs: Vec<Run> },
    /// Signs of life of runs, at most every five seconds.
    #[serde(rename = "signs")]
    Signs { signs: Vec<RunSign> },
}

/// The keys of all events. Deserialised as a tagged enum, an event would be read into serde's own tree first, which is also 45 KB of
/// code for the page.
#[derive(Deserialize)]
struct EventFields<T> {
    event: EventName,
    seq: Option<u64>,
    epoch: Option<String>,
    build: Option<String>,
    cells: Option<Vec<T>>,
    data: Option<T>,
    run_seq: Option<u64>,
    settings: Option<BoardSettings>,
    runs: Option<Vec<Run>>,
    changed: Option<Vec<Run>>,
    removed: Option<Vec<RunId>>,
    signs: Option<Vec<RunSign>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum EventName {
    Hello,
    Snapshot,
    Created,
    Updated,
    Patched,
    Removed,
    Boards,
    Settings,
    Bookmark,
    Runs,
    AllRuns,
    Signs,
}

impl<T> TryFrom<EventFields<T>> for Event<T> {
    type Error = &'static str;

    fn try_from(fields: EventFields<T>) -> Result<Self, Self::Error> {
        complete(fields).ok_or("an event lacks one of its keys")
    }
}

/// `None` if a key is missing.
fn complete<T>(fields: EventFields<T>) -> Option<Event<T>> {
    let EventFields { event, seq, epoch, build, cells, data, run_seq, settings, runs, changed, removed, signs } = fields;
    Some(match event {
        EventName::Hello => Event::Hello { epoch: epoch?, seq: seq?, build: build? },
        EventName::Snapshot => Event::Snapshot { epoch: epoch?, seq: seq?, cells: cells? },
        EventName::Created => Event::Created { seq: seq?, data: data? },
        EventName::Updated => Event::Updated { seq: seq?, data: data? },
        EventName::Patched => Event::Patched { seq: seq?, data: data? },
        EventName::Removed => Event::Removed { seq: seq?, data: data? },
        EventName::Boards => Event::Boards,
        EventName::Settings => Event::Settings { run_seq: run_seq?, settings: settings? },
        EventName::Bookmark => Event::Bookmark { seq: seq? },
        EventName::Runs => Event::Runs(RunEvent::Changed { run_seq: run_seq?, changed: changed?, removed: removed? }),
        EventName::AllRuns => Event::Runs(RunEvent::All { run_seq: run_seq?, runs: runs? }),
        EventName::Signs => Event::Runs(RunEvent::Signs { signs: signs? }),
    })
}
