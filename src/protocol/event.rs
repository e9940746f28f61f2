//! The events of a board, as `/live` and `/events` send them.

use serde::{Deserialize, Serialize};

/// `T` represents a cell: the whole document for REST clients, a [`Cell`](super::Cell) for the page.
///
/// `seq` numbers the changes of a board without gaps. After a resume it may jump: the client then
/// receives the newest version of each changed cell, in the order of those last changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "lowercase")]
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
