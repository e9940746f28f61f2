//! What is stored of a board beside its cells and runs: the numbers of its events, which every change writes, and its document, which few
//! do.

use serde_json::{Map, Value};

/// A row of the table `board`. A board without events has none.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct BoardRow {
    /// Number of the last event of its cells.
    pub seq: u64,
    /// Low watermark: tombstones of cells up to this event are purged, so that a reader that has seen less needs a snapshot.
    pub floor: u64,
    /// Number of the last event of its runs.
    pub run_seq: u64,
    /// The low watermark of the events of its runs.
    pub run_floor: u64,
    /// When the last event happened: Unix time, ms.
    pub changed_ms: u64,
}

/// The document of a board: title, description, goal, metrics and so on.
#[derive(Clone, Debug, PartialEq)]
pub struct BoardDocument {
    /// All keys of the document except its name and the numbers below.
    pub keys: Map<String, Value>,
    /// Number of changes, from 1.
    pub rev: u64,
    /// Unix time, ms.
    pub created_ms: u64,
    /// Unix time, ms.
    pub updated_ms: u64,
}
