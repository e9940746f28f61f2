//! One accepted change, as it travels over `/live` and `/events`.

use serde::{Deserialize, Serialize};

/// `T` is what stands for a cell: the whole document for REST clients, a [`Cell`](super::Cell) for the page.
///
/// `seq` numbers the changes of a board without gaps. After a resume it may jump: a reader that was away gets the newest
/// version of each cell that changed, in the order of those last changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub enum Event<T> {
    /// The first frame: where the board stands. `build` names the server's build, so that an older page can reload itself.
    Hello {
        epoch: String,
        seq: u64,
        build: String,
    },
    /// Everything: sent when the reader's past cannot be continued (another epoch, or too long ago).
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
    /// Nothing happened up to `seq`; also tells a quiet line from a dead one.
    Bookmark {
        seq: u64,
    },
}
