//! What deleted boards leave in the document of their name, so that they can be restored: the events of their deletions, and what the
//! document was. Boards that are deleted one after the other under a name are one removal, and come back together.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::board_row::BoardDocument;

/// Key of the document of a deleted board. Clients neither see nor set it.
pub const REMOVED: &str = "removed";
/// Ranges of events that a removal has at most: a longer list costs each change of the document.
const MAX_DELETIONS: usize = 100;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BoardRemoval {
    /// Unix time of the last deletion, ms.
    pub at_ms: u64,
    /// Number of cells that were deleted.
    pub cell_count: usize,
    /// No cell that was deleted has a higher place in the order of creation.
    pub last_created_order: u64,
    /// The first and the last of the events that have removed its cells, for each deletion, ascending.
    pub cells: Vec<(u64, u64)>,
    /// The same for its runs, among the events of these.
    pub runs: Vec<(u64, u64)>,
    /// All keys of the document.
    pub keys: Map<String, Value>,
    /// Names of keys of earlier documents that did not fit.
    #[serde(default)]
    pub left_out: Vec<String>,
}

impl BoardRemoval {
    pub fn of(document: &BoardDocument) -> Option<Self> {
        Self::deserialize(document.keys.get(REMOVED)?).ok()
    }

    /// The keys of the document of the deleted board.
    pub fn into_keys(self) -> Map<String, Value> {
        Map::from_iter([(REMOVED.to_owned(), json!(self))])
    }

    /// Both deletions as one; the keys are those of `later`.
    pub fn followed_by(self, later: Self) -> Self {
        Self {
            cell_count: self.cell_count + later.cell_count,
            cells: joined(self.cells, later.cells),
            runs: joined(self.runs, later.runs),
            ..later
        }
    }

    /// Whether this event has removed runs.
    pub fn has_removed_runs(&self, seq: u64) -> bool {
        self.runs.iter().any(|(first, last)| (*first..=*last).contains(&seq))
    }
}

/// The ranges of both. Of too many the oldest become one, with what was deleted in between.
fn joined(mut earlier: Vec<(u64, u64)>, later: Vec<(u64, u64)>) -> Vec<(u64, u64)> {
    earlier.extend(later);
    if let Some(surplus) = earlier.len().checked_sub(MAX_DELETIONS) {
        let (first, last) = (earlier[0].0, earlier[surplus].1);
        earlier.splice(..=surplus, [(first, last)]);
    }
    earlier
}

/// Whether the deletion of a board has removed the cell with this event.
pub fn is_of_removed_board(document: Option<&BoardDocument>, seq: u64) -> bool {
    let ranges = document.and_then(|document| document.keys.get(REMOVED)?.get("cells")?.as_array());
    let end = |range: &Value, at: usize| range.get(at).and_then(Value::as_u64);
    ranges.is_some_and(|ranges| {
        let at = ranges.partition_point(|range| end(range, 1).is_some_and(|last| last < seq));
        ranges.get(at).and_then(|range| end(range, 0)).is_some_and(|first| first <= seq)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deletions_of_one_name_add_up_and_their_number_is_limited() {
        let deletion = |at: u64| BoardRemoval { at_ms: at, cell_count: 2, cells: vec![(10 * at, 10 * at + 1)], ..BoardRemoval::default() };
        let known = |removal: &BoardRemoval, seq: u64| {
            let document = BoardDocument { keys: removal.clone().into_keys(), rev: 1, created_ms: 0, updated_ms: 0 };
            assert_eq!(BoardRemoval::of(&document).as_ref(), Some(removal));
            is_of_removed_board(Some(&document), seq)
        };
        let mut removal = deletion(1).followed_by(deletion(2));
        let of_two: Vec<u64> = (0..40).filter(|seq| known(&removal, *seq)).collect();
        assert_eq!((of_two, removal.cell_count, removal.at_ms), (vec![10, 11, 20, 21], 4, 2));
        for at in 3..=102 {
            removal = removal.followed_by(deletion(at));
        }
        assert_eq!((removal.cells.len(), removal.cells[0], removal.cells[1]), (MAX_DELETIONS, (10, 31), (40, 41)));
        assert!(known(&removal, 15) && known(&removal, 1021) && !known(&removal, 1022) && !known(&removal, 9));
    }
}
