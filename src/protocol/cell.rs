//! A cell as the page needs it: everything that is read at a glance, without bulk.

use std::cmp::Ordering;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::LineSettings;

/// The `_id` of a cell: 1 to 64 letters, digits, `-` or `_`. Those made here have 16 letters and digits, as NeDB's.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CellId(String);

impl CellId {
    pub const MAX_LEN: usize = 64;

    /// `None` when `text` is not an id: ids go into URLs and into the page as they are.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = (1..=Self::MAX_LEN).contains(&text.len());
        let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        (fits && plain).then(|| Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CellId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One tile of the grid. The whole document, with `value` and unknown keys, stays on the server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    pub id: CellId,
    pub name: String,
    /// `type` on the wire of `/values`: `html`, `img`, or whatever a client sent; empty when it sent none.
    pub kind: String,
    /// The `description`: plain text under the stage.
    pub note: String,
    /// Where it stands: the person's arrangement if there is one, else the client's `pos`; cells without either come last.
    pub order: Option<f64>,
    /// Of a subplot, as a style: which of the grid's twelve columns it takes, `--at:5/span 4`. None for all others.
    pub across: Option<String>,
    /// The board's event that created it: the tie-break between equal orders.
    pub born: u64,
    /// Counts the changes of this cell, from 1.
    pub rev: u64,
    pub stage: CellContent,
}

impl Cell {
    /// The order of the grid: by place, then by creation.
    pub fn compare(&self, other: &Self) -> Ordering {
        let key = |cell: &Self| cell.order.unwrap_or(f64::INFINITY);
        key(self).total_cmp(&key(other)).then(self.born.cmp(&other.born))
    }
}

/// What stands on the stage of a cell. `rev` is the cell's revision in which the value was last sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum CellContent {
    /// No value yet (`[]`, `""`, `null`, or none).
    Empty,
    /// HTML, drawn in a frame of its own from `figure/{id}/{rev}`, with `?sig={sig}` where that is needed: the frame may know nothing
    /// that opens more than itself.
    Figure {
        rev: u64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sig: Option<String>,
    },
    /// A picture: `images/...` (the server's folder), `media/{id}/{rev}` (sent as a `data:` URI), or any other address.
    Picture { src: String, rev: u64 },
    /// Lines drawn from points, which are asked for apart: the page holds columns, not points.
    Lines(LineSettings),
    /// A chart drawn from the value: `values/{id}.svg`, new with each `rev`.
    Drawing { rev: u64 },
    /// Anything else, shown as what it is: the beginning of the value as text or JSON, and its whole size in bytes.
    Text { text: String, bytes: u64 },
}
