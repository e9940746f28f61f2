//! Forgetting deleted boards that cannot be restored any more. Their cells and runs are purged by limits of their own.

use std::sync::Arc;

use super::batch::Batch;
use crate::server::limits::{MAX_REMOVED_BOARDS, TOMBSTONE_TTL_MS};
use crate::server::store::board_row::BoardDocument;

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
        old.iter().for_each(|board| self.forget_removed_board(board));
        self.end(true);
    }

    /// The deleted board of this name cannot be restored any more. No event: nobody sees a part of the document that was changed.
    pub fn forget_removed_board(&mut self, board: &Arc<str>) {
        let Some(document) = self.board_document(board).filter(|document| document.removal.is_some()) else { return };
        let without = BoardDocument { removal: None, ..BoardDocument::clone(&document) };
        self.current.board_documents.insert(board.clone(), Arc::new(without));
    }
}
