//! The events of a board, as `/live` and `/events` send them.

use serde::{Deserialize, Serialize};

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
    /// No further changes up to `seq`; also the heartbeat of a quiet connection.
    Bookmark {
        seq: u64,
    },
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
    Bookmark,
}

impl<T> TryFrom<EventFields<T>> for Event<T> {
    type Error = &'static str;

    fn try_from(EventFields { event, seq, epoch, build, cells, data }: EventFields<T>) -> Result<Self, Self::Error> {
        let known = match (event, seq) {
            (EventName::Boards, _) => Some(Self::Boards),
            (_, None) => None,
            (EventName::Hello, Some(seq)) => epoch.zip(build).map(|(epoch, build)| Self::Hello { epoch, seq, build }),
            (EventName::Snapshot, Some(seq)) => epoch.zip(cells).map(|(epoch, cells)| Self::Snapshot { epoch, seq, cells }),
            (EventName::Created, Some(seq)) => data.map(|data| Self::Created { seq, data }),
            (EventName::Updated, Some(seq)) => data.map(|data| Self::Updated { seq, data }),
            (EventName::Patched, Some(seq)) => data.map(|data| Self::Patched { seq, data }),
            (EventName::Removed, Some(seq)) => data.map(|data| Self::Removed { seq, data }),
            (EventName::Bookmark, Some(seq)) => Some(Self::Bookmark { seq }),
        };
        known.ok_or("an event lacks one of its keys")
    }
}
