//! Purging of deleted cells: on demand, on a full disk, and beyond the limits.

use std::collections::HashMap;
use std::sync::Arc;

use super::batch::Batch;
use super::batch_outcome::RowState;
use crate::protocol::CellId;
use crate::server::limits::{MAX_REMOVED_BOARD_BYTES, MAX_TOMBSTONE_BYTES, MAX_TOMBSTONES, MAX_TOMBSTONES_PER_BOARD, TOMBSTONE_TTL_MS};
use crate::server::store::board_row::BoardRow;
use crate::server::store::index::tombstones;

impl Batch<'_> {
    /// Purges at most `limit` tombstones of cells and runs, oldest first, and returns their number.
    pub fn purge(&mut self, limit: usize) -> usize {
        let known = self.index.tombstones().all().filter(|(id, _)| self.row_state(id).is_none()).take(limit);
        let purged: Vec<_> = known.map(|(id, old)| (id.clone(), old.board.clone(), old.seq)).collect();
        for (id, board, seq) in &purged {
            self.current.cells.insert(id.clone(), RowState::Purged);
            self.raise_floor(board, *seq);
        }
        purged.len() + self.purge_runs(limit - purged.len())
    }

    /// Whether a cell with this event of its removal was deleted with its board.
    fn is_of_removed_board(&self, board: &str, seq: u64) -> bool {
        self.board_document(board).is_some_and(|document| document.has_removed_cell(seq))
    }

    /// Purges all tombstones except those that `is_needed` names.
    pub fn purge_tombstones_except(&mut self, is_needed: impl Fn(&CellId) -> bool) {
        for (name, board) in self.index.boards() {
            let purged = || board.tombstones.values().filter(|tombstone| !is_needed(&tombstone.id));
            let Some(newest) = purged().map(|tombstone| tombstone.seq).max() else { continue };
            self.done.cells.extend(purged().map(|tombstone| (tombstone.id.clone(), RowState::Purged)));
            self.done.boards.insert(name.clone(), BoardRow { floor: board.floor.max(newest), ..board.row() });
        }
    }

    pub(super) fn purge_excess_tombstones(&mut self) {
        let mut new: HashMap<Arc<str>, Vec<(u64, CellId)>> = HashMap::new();
        for (id, row_state) in &self.done.cells {
            if let RowState::Deleted(record) = row_state {
                new.entry(record.board.clone()).or_default().push((record.seq, id.clone()));
            }
        }
        for (board, mut numbers) in new {
            let old = self.index.board(&board).into_iter().flat_map(|board| board.tombstones.values());
            numbers.extend(
                old.filter(|tombstone| !self.done.cells.contains_key(&tombstone.id)).map(|tombstone| (tombstone.seq, tombstone.id.clone())),
            );
            // What was deleted with the board has limits of its own.
            let document = self.board_document(&board);
            numbers.retain(|(seq, _)| !document.as_ref().is_some_and(|document| document.has_removed_cell(*seq)));
            numbers.sort();
            let surplus = numbers.len().saturating_sub(MAX_TOMBSTONES_PER_BOARD);
            for (seq, id) in numbers.drain(..surplus) {
                self.done.cells.insert(id, RowState::Purged);
                self.raise_done_floor(&board, seq);
            }
        }
        self.purge_over_limits();
    }

    /// Purges the oldest tombstones while all boards together are over a limit, and those older than 30 days.
    fn purge_over_limits(&mut self) {
        let known = self.index.tombstones();
        let (mut count, mut bytes) = known.totals(false);
        let mut is_newest_here = false;
        for (id, row_state) in &self.done.cells {
            if let Some(old) = known.get(id).filter(|old| !old.is_of_board) {
                (count, bytes) = (count - 1, bytes - old.bytes);
            }
            if let RowState::Deleted(record) = row_state
                && !self.is_of_removed_board(&record.board, record.seq)
            {
                let points = self.index.point_count(id);
                (count, bytes, is_newest_here) =
                    (count + 1, bytes + tombstones::disk_bytes(record, points) + self.index.run_value_bytes(id), true);
            }
        }
        let mut purged = Vec::new();
        for (id, old) in known.oldest(false).filter(|(id, _)| !self.done.cells.contains_key(*id)) {
            let is_over_limit = count > MAX_TOMBSTONES || bytes > MAX_TOMBSTONE_BYTES;
            let is_last = count == 1 && !is_newest_here;
            let is_old = self.now_ms.saturating_sub(old.removed_ms) > TOMBSTONE_TTL_MS;
            if !(is_old || is_over_limit && !is_last) || purged.len() == tombstones::MAX_PURGED_PER_COMMIT {
                break;
            }
            (count, bytes) = (count - 1, bytes - old.bytes);
            purged.push((id.clone(), old.board.clone(), old.seq));
        }
        purged.extend(self.excess_of_boards());
        for (id, board, seq) in purged {
            self.done.cells.insert(id, RowState::Purged);
            self.raise_done_floor(&board, seq);
        }
    }

    /// The oldest cells of deleted boards while these are over a limit, except of the board that was deleted last, and those older than 30
    /// days. Boards that this batch deletes count from the next one on.
    fn excess_of_boards(&self) -> Vec<(CellId, Arc<str>, u64)> {
        let known = self.index.tombstones();
        let (mut count, mut bytes) = known.totals(true);
        for old in self.done.cells.keys().filter_map(|id| known.get(id)).filter(|old| old.is_of_board) {
            (count, bytes) = (count - 1, bytes - old.bytes);
        }
        let mut purged = Vec::new();
        for (id, old) in known.oldest(true).filter(|(id, _)| !self.done.cells.contains_key(*id)) {
            let is_newest =
                known.newest_of_boards().is_some_and(|newest| (&newest.board, newest.removed_ms) == (&old.board, old.removed_ms));
            let is_over_limit = (count > MAX_TOMBSTONES || bytes > MAX_REMOVED_BOARD_BYTES) && !is_newest;
            let is_old = self.now_ms.saturating_sub(old.removed_ms) > TOMBSTONE_TTL_MS;
            if !(is_old || is_over_limit) || purged.len() == tombstones::MAX_PURGED_PER_COMMIT {
                break;
            }
            (count, bytes) = (count - 1, bytes - old.bytes);
            purged.push((id.clone(), old.board.clone(), old.seq));
        }
        purged
    }

    /// As [`Self::raise_floor`], after all operations.
    fn raise_done_floor(&mut self, board: &Arc<str>, seq: u64) {
        let row = self.board_row(board);
        self.done.boards.insert(board.clone(), BoardRow { floor: row.floor.max(seq), ..row });
    }
}
