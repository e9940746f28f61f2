//! Forgetting deleted boards that cannot be restored any more, with their cells. Their runs are purged by limits of their own.

use std::sync::Arc;

use super::batch::Batch;
use super::batch_outcome::RowState;
use crate::server::limits::{MAX_REMOVED_BOARDS, TOMBSTONE_TTL_MS};
use crate::server::store::board_row::BoardDocument;
use crate::server::store::index::tombstones::MAX_PURGED_PER_COMMIT;

/// Boards that one commit forgets.
const MAX_FORGOTTEN_PER_COMMIT: usize = 256;

impl Batch<'_> {
    /// Forgets some of the boards that are over the limit or were deleted more than 30 days ago, the oldest first.
    pub fn forget_old_boards(&mut self) {
        let trash = self.index.board_trash();
        let surplus = trash.len().saturating_sub(MAX_REMOVED_BOARDS);
        let is_old = |at_ms: u64| self.now_ms.saturating_sub(at_ms) > TOMBSTONE_TTL_MS;
        let old = trash.oldest().enumerate().take_while(|(at, (at_ms, _))| *at < surplus || is_old(*at_ms));
        let old: Vec<Arc<str>> = old.take(MAX_FORGOTTEN_PER_COMMIT).map(|(_, (_, board))| board.clone()).collect();
        let mut room = MAX_PURGED_PER_COMMIT;
        for board in &old {
            let left = self.purge_removed_cells(board, room);
            let Some(rest) = left else { break };
            room = rest;
            self.forget_removed_board(board);
        }
        self.end(true);
    }

    /// Purges cells that were deleted with their board, at most `most`: without it they would count as cells that were deleted one by one.
    /// Returns how many more this commit may purge, `None` if there are cells left.
    fn purge_removed_cells(&mut self, board: &Arc<str>, most: usize) -> Option<usize> {
        let Some(document) = self.board_document(board) else { return Some(most) };
        let mut cells = self.tombstones_on(board);
        cells.retain(|cell| document.has_removed_cell(cell.seq));
        for cell in cells.iter().take(most) {
            self.current.cells.insert(cell.id.clone(), RowState::Purged);
            self.raise_floor(board, cell.seq);
        }
        most.checked_sub(cells.len())
    }

    /// The deleted board of this name cannot be restored any more. No event: nobody sees a part of the document that was changed.
    pub fn forget_removed_board(&mut self, board: &Arc<str>) {
        let Some(document) = self.board_document(board).filter(|document| document.removal.is_some()) else { return };
        let without = BoardDocument { removal: None, ..BoardDocument::clone(&document) };
        self.current.board_documents.insert(board.clone(), Arc::new(without));
    }
}
