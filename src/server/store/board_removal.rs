//! What deleted boards leave in the document of their name, so that they can be restored: the events of their deletions, and what the
//! document was. Boards that are deleted one after the other under a name are one removal, and come back together.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::created_orders::CreatedOrders;

/// Key in the row of the document of a deleted board. Clients neither see nor set it.
pub const REMOVED: &str = "removed";
/// Ranges of events that a removal has at most: a longer list costs each change of the document.
const MAX_DELETIONS: usize = 100;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BoardRemoval {
    /// Unix time of the last deletion, ms.
    pub at_ms: u64,
    /// The cells that were deleted, except those that were purged before a later deletion.
    pub created_orders: CreatedOrders,
    /// Number of those.
    #[serde(default)]
    pub purged: usize,
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
    /// Both deletions as one; the keys are those of `later`.
    pub fn followed_by(self, later: Self) -> Self {
        Self {
            created_orders: self.created_orders.union(later.created_orders),
            cells: joined(self.cells, later.cells),
            runs: joined(self.runs, later.runs),
            purged: self.purged + later.purged,
            ..later
        }
    }

    /// Only counts the cells that are not left any more: a name that is used again and again would collect them without end.
    pub fn forget_purged(&mut self, is_left: impl Fn(u64) -> bool) {
        self.purged += self.created_orders.retain(is_left);
    }

    /// Number of all cells that were deleted.
    pub fn cell_count(&self) -> usize {
        self.created_orders.len() + self.purged
    }

    /// Whether this event has removed a cell.
    pub fn has_removed_cell(&self, seq: u64) -> bool {
        let at = self.cells.partition_point(|(_, last)| *last < seq);
        self.cells.get(at).is_some_and(|(first, _)| *first <= seq)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deletions_of_one_name_add_up_and_their_number_is_limited() {
        let deletion = |at: u64| {
            let created_orders = [at, at + 1].into_iter().collect();
            BoardRemoval { at_ms: at, created_orders, cells: vec![(10 * at, 10 * at + 1)], ..BoardRemoval::default() }
        };
        let mut removal = deletion(1).followed_by(deletion(2));
        let of_two: Vec<u64> = (0..40).filter(|seq| removal.has_removed_cell(*seq)).collect();
        assert_eq!((of_two, removal.created_orders.len(), removal.at_ms), (vec![10, 11, 20, 21], 3, 2));
        for at in 3..=102 {
            removal = removal.followed_by(deletion(at));
        }
        assert_eq!((removal.cells.len(), removal.cells[0], removal.cells[1]), (MAX_DELETIONS, (10, 31), (40, 41)));
        assert_eq!([15, 1021, 1022, 9].map(|seq| removal.has_removed_cell(seq)), [true, true, false, false]);
        removal.forget_purged(|order| order > 100);
        let counts = (removal.created_orders.len(), removal.purged, removal.cell_count());
        assert_eq!((counts, removal.followed_by(deletion(103)).cell_count()), ((3, 100, 103), 104));
    }
}
