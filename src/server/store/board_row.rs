//! What is stored of a board beside its cells and runs: the numbers of its events, which every change writes, and its document, which few
//! do.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::board_removal::{BoardRemoval, REMOVED};

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
    /// All keys of the document except its name and what is below.
    pub keys: Map<String, Value>,
    /// What a deleted board of this name has left.
    pub removal: Option<Arc<BoardRemoval>>,
    /// Number of changes, from 1.
    pub rev: u64,
    /// Unix time, ms.
    pub created_ms: u64,
    /// Unix time, ms.
    pub updated_ms: u64,
}

impl BoardDocument {
    /// From the keys of a row. Those of a deleted board may be of another release: then it cannot be restored.
    pub fn of_row(mut keys: Map<String, Value>, rev: u64, created_ms: u64, updated_ms: u64) -> Self {
        let removal = keys.shift_remove(REMOVED).and_then(|removal| BoardRemoval::deserialize(removal).ok());
        Self { keys, removal: removal.map(Arc::new), rev, created_ms, updated_ms }
    }

    /// The keys of its row as JSON text.
    pub fn row_text(&self) -> String {
        let text = match &self.removal {
            Some(removal) => {
                let mut keys = self.keys.clone();
                keys.insert(REMOVED.to_owned(), json!(&**removal));
                serde_json::to_string(&keys)
            }
            None => serde_json::to_string(&self.keys),
        };
        text.unwrap_or_else(|_| "{}".to_owned())
    }

    /// Whether the deletion of the board has removed the cell with this event.
    pub fn has_removed_cell(&self, seq: u64) -> bool {
        self.removal.as_ref().is_some_and(|removal| removal.has_removed_cell(seq))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_what_a_deleted_board_has_left() {
        let keys = json!({ "title": "New" }).as_object().unwrap().clone();
        let removal =
            BoardRemoval { at_ms: 5, cells: vec![(3, 4)], created_orders: [7, 9].into_iter().collect(), ..BoardRemoval::default() };
        let document = BoardDocument { removal: Some(removal.into()), ..BoardDocument::of_row(keys.clone(), 1, 2, 3) };
        let read = BoardDocument::of_row(serde_json::from_str(&document.row_text()).unwrap(), 1, 2, 3);
        assert_eq!((&read, &read.keys), (&document, &keys));
        assert!(read.has_removed_cell(3) && !read.has_removed_cell(5));
        let of_another_release = json!({ "title": "New", "removed": { "at": "yesterday" } }).as_object().unwrap().clone();
        assert_eq!(BoardDocument::of_row(of_another_release, 1, 2, 3).removal, None);
        assert_eq!(BoardDocument::of_row(keys, 1, 2, 3).row_text(), r#"{"title":"New"}"#);
    }
}
