//! What is sent to the readers of a board, and in which form.

use std::collections::HashMap;
use std::sync::OnceLock;

use axum::body::Bytes;
use axum::extract::ws::Utf8Bytes;
use serde_json::{Map, Value};

use crate::protocol::{RunId, RunList, points};
use crate::series::Points;
use crate::server::limits::MAX_MAILBOX_BYTES;
use crate::server::store::Change;

/// Approximate size of a part of a frame of points, beside its name and its numbers.
const PART_BYTES: usize = 100;
/// Approximate size of a run in a frame, beside the keys of its document.
pub const RUN_BYTES: usize = 512;
// An event with more parts would make every reader lag, so a frame never exceeds the maximum.
const _: () = assert!(MAX_MAILBOX_BYTES / PART_BYTES <= points::MAX_PARTS as usize);

/// Which events a reader gets, and in which form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeedView {
    /// Those of cells and runs: `protocol::Cell` and `protocol::Run`, for the page.
    Page,
    /// Those of cells: the whole document, as the REST API returns it.
    Document,
    /// Those of runs: the whole document.
    RunDocument,
}

impl FeedView {
    pub fn includes(self, content: &EventContent) -> bool {
        match content {
            EventContent::Change(Change::Runs(_)) => self != Self::Document,
            EventContent::Change(_) => self != Self::RunDocument,
            EventContent::Signs(_) => self == Self::Page,
        }
    }
}

/// What is sent to readers.
#[derive(Debug)]
pub enum EventContent {
    Change(Change),
    /// Signs of life of runs: the Unix time of each, in ms. They are not numbered.
    Signs(HashMap<RunId, u64>),
}

/// A message to a reader.
#[derive(Clone, Debug)]
pub enum LiveFrame {
    Text(Utf8Bytes),
    /// Points, for the page.
    Binary(Bytes),
}

impl LiveFrame {
    pub fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Binary(bytes) => bytes.len(),
        }
    }
}

/// An event on its way to the readers. Each form is encoded once for all of them.
#[derive(Debug)]
pub struct SharedEvent {
    pub content: EventContent,
    frames: [OnceLock<LiveFrame>; 3],
    /// Approximate size of its frame.
    bytes: usize,
}

impl SharedEvent {
    pub fn new(content: EventContent) -> Self {
        let bytes = match &content {
            EventContent::Change(Change::Cell(change)) => {
                let value = change.value.as_ref().map_or(0, |value| value.len());
                value + weight_of(&change.record.keys)
            }
            EventContent::Change(Change::Points(appended)) => {
                let removed = appended.cells.iter().flat_map(|cell| &cell.removed).map(|id| PART_BYTES + id.name.len());
                let series = appended.cells.iter().flat_map(|cell| &cell.series);
                let numbers = series.map(|series| PART_BYTES + series.id.name.len() + 24 * series.points.as_ref().map_or(0, Points::len));
                removed.chain(numbers).sum()
            }
            EventContent::Change(Change::Runs(change)) => change.records.iter().map(|run| RUN_BYTES + weight_of(&run.keys)).sum(),
            // Of more runs than a page lists none is encoded.
            EventContent::Signs(signs) => signs.len().min(RunList::MAX_RUNS) * RUN_BYTES,
        };
        Self { content, frames: Default::default(), bytes: 256 + bytes }
    }

    /// Whether its frame is large and not encoded yet.
    pub fn needs_encoding(&self, view: FeedView, large: usize) -> bool {
        self.bytes >= large && self.frames[view as usize].get().is_none()
    }

    pub fn bytes(&self) -> usize {
        self.bytes
    }

    pub fn frame(&self, view: FeedView, write: impl FnOnce() -> LiveFrame) -> LiveFrame {
        self.frames[view as usize].get_or_init(write).clone()
    }
}

/// Approximate size of the keys of a document as JSON.
pub fn weight_of(keys: &Map<String, Value>) -> usize {
    keys.iter().map(|(key, value)| key.len() + weight(value)).sum()
}

/// Approximate size of a value as JSON.
fn weight(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(weight).sum::<usize>() + items.len(),
        Value::Object(keys) => keys.iter().map(|(key, value)| key.len() + weight(value)).sum(),
        _ => 8,
    }
}
