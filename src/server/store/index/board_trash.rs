//! Deleted boards by the time of their deletion.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::server::store::board_row::BoardDocument;

#[derive(Clone, Debug, Default)]
pub struct BoardTrash(BTreeSet<(u64, Arc<str>)>);

impl BoardTrash {
    /// Notes that the document of a board is another one.
    pub fn replace(&mut self, board: &Arc<str>, before: Option<&BoardDocument>, after: &BoardDocument) {
        let entry = |document: &BoardDocument| Some((document.removal.as_ref()?.at_ms, board.clone()));
        if let Some(before) = before.and_then(entry) {
            self.0.remove(&before);
        }
        self.0.extend(entry(after));
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The Unix time of each deletion, ms, with the name of the board; the oldest first.
    pub fn oldest(&self) -> impl DoubleEndedIterator<Item = (u64, &Arc<str>)> {
        self.0.iter().map(|(at_ms, board)| (*at_ms, board))
    }
}
