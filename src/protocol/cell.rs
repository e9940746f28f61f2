//! A cell as the page needs it: without bulk such as whole values and points.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{CellLayout, LineSettings};

/// The `_id` of a cell: 1 to 64 ASCII letters, digits, `-` or `_`. Generated ids have 16 letters and
/// digits, as those of NeDB.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CellId(String);

impl CellId {
    pub const MAX_LEN: usize = 64;

    /// `None` if `text` is not an id. Ids are used in URLs and in HTML without escaping.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = (1..=Self::MAX_LEN).contains(&text.len());
        let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        (fits && plain).then(|| Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Where each id stands in a list without duplicates.
    pub fn places(ids: &[Self]) -> HashMap<&Self, usize> {
        ids.iter().enumerate().map(|(place, id)| (id, place)).collect()
    }
}

impl fmt::Display for CellId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One cell of the grid. The whole document, with `value` and unknown keys, stays on the server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    pub id: CellId,
    pub name: String,
    /// The key `type` of the document: `html`, `img` or any other text; empty if missing.
    pub cell_type: String,
    /// Plain text under the content.
    pub description: String,
    /// Sort key: `layout.order` (set by dragging) if present, else `pos`. Cells without it come last.
    pub order: Option<f64>,
    /// Its section and its size.
    #[serde(default)]
    pub layout: CellLayout,
    /// The page does not show it: counters of runs, for example.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hidden: bool,
    /// Number of the event that created the cell: breaks ties of `order`.
    pub created_seq: u64,
    /// Counts the changes of the cell, from 1.
    pub rev: u64,
    pub content: CellContent,
}

impl Cell {
    /// The order of the board: by `order`, then by creation.
    pub fn compare(&self, other: &Self) -> Ordering {
        let key = |cell: &Self| cell.order.unwrap_or(f64::INFINITY);
        key(self).total_cmp(&key(other)).then(self.created_seq.cmp(&other.created_seq))
    }
}

/// What a cell shows. `rev` is the revision of the cell in which the value was last sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum CellContent {
    /// No value yet: `[]`, `""`, `null`, or missing.
    Empty,
    /// HTML in an iframe with the URL `figure/{id}/{rev}`. `sig` is the signature of that URL where
    /// access needs a token: the iframe must not learn the token itself.
    Html {
        rev: u64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sig: Option<String>,
    },
    /// `src` is `images/...` (a file of the server), `media/{id}/{rev}` (sent as a `data:` URI) or any
    /// other URL.
    Image { src: String, rev: u64 },
    /// Lines over points. The page requests columns of points separately.
    LineChart(LineSettings),
    /// A chart of the value, with the URL `values/{id}.svg`.
    Chart { rev: u64 },
    /// Any other value: its beginning as text or JSON, and its whole size in bytes.
    Text { text: String, bytes: u64 },
}
