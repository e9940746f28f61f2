//! One accepted change, as it travels over `/live` and `/events`.

use serde::{Deserialize, Serialize};

/// `T` is what stands for a cell: the whole document for REST clients, a [`Cell`](super::Cell) for the page.
///
/// `seq` numbers the changes of a board without gaps. After a resume it may jump: a reader that was away gets the newest
/// version of each cell that changed, in the order of those last changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "lowercase", try_from = "Frame<T>")]
pub enum Event<T> {
    /// The first frame: where the board stands. `build` names the server's build, so that an older page can reload itself.
    Hello { epoch: String, seq: u64, build: String },
    /// Everything: sent when the reader's past cannot be continued (another epoch, or too long ago).
    Snapshot { epoch: String, seq: u64, cells: Vec<T> },
    Created { seq: u64, data: T },
    Updated { seq: u64, data: T },
    Patched { seq: u64, data: T },
    Removed { seq: u64, data: T },
    /// Nothing happened up to `seq`; also tells a quiet line from a dead one.
    Bookmark { seq: u64 },
}

/// All frames have keys of one object: read as that, they cost the browser a fraction of the code that a tagged enum does.
#[derive(Deserialize)]
struct Frame<T> {
    event: Name,
    seq: u64,
    data: Option<T>,
    cells: Option<Vec<T>>,
    epoch: Option<String>,
    build: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Name {
    Hello,
    Snapshot,
    Created,
    Updated,
    Patched,
    Removed,
    Bookmark,
}

impl<T> TryFrom<Frame<T>> for Event<T> {
    type Error = &'static str;

    fn try_from(frame: Frame<T>) -> Result<Self, Self::Error> {
        let Frame { event, seq, data, cells, epoch, build } = frame;
        let epoch = epoch.unwrap_or_default();
        let data = data.ok_or("the frame has no data");
        Ok(match event {
            Name::Hello => Self::Hello { epoch, seq, build: build.unwrap_or_default() },
            Name::Snapshot => Self::Snapshot { epoch, seq, cells: cells.ok_or("the frame has no cells")? },
            Name::Created => Self::Created { seq, data: data? },
            Name::Updated => Self::Updated { seq, data: data? },
            Name::Patched => Self::Patched { seq, data: data? },
            Name::Removed => Self::Removed { seq, data: data? },
            Name::Bookmark => Self::Bookmark { seq },
        })
    }
}
