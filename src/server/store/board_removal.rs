//! What a deleted board leaves in its document, so that it can be restored: the events of its deletion, and what the document was.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::board_row::BoardDocument;

/// Key of the document of a deleted board. Clients neither see nor set it.
pub const REMOVED: &str = "removed";

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BoardRemoval {
    /// Unix time, ms.
    pub at_ms: u64,
    /// The first and the last of the events that have removed its cells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cells: Option<(u64, u64)>,
    /// The event that has removed its runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runs: Option<u64>,
    /// All keys of the document.
    pub keys: Map<String, Value>,
}

impl BoardRemoval {
    pub fn of(document: &BoardDocument) -> Option<Self> {
        Self::deserialize(document.keys.get(REMOVED)?).ok()
    }

    /// The keys of the document of the deleted board.
    pub fn into_keys(self) -> Map<String, Value> {
        Map::from_iter([(REMOVED.to_owned(), json!(self))])
    }
}

/// Whether the deletion of the board has removed the cell with this event.
pub fn is_of_removed_board(document: Option<&BoardDocument>, seq: u64) -> bool {
    let cells = document.and_then(|document| document.keys.get(REMOVED)?.get("cells"));
    let end = |at: usize| cells.and_then(|cells| cells.get(at)?.as_u64());
    end(0).zip(end(1)).is_some_and(|(first, last)| (first..=last).contains(&seq))
}
