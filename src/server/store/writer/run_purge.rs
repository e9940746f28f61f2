//! Purging of deleted runs: their rows, and their series in all cells of their board.

use std::sync::Arc;

use super::batch::Batch;
use super::batch_outcome::{BatchOutcome, RowState};
use crate::protocol::{CellId, RunId, SeriesId};
use crate::server::limits::{MAX_REMOVED_RUN_BYTES, MAX_REMOVED_RUNS, TOMBSTONE_TTL_MS};
use crate::server::store::board_row::BoardRow;
use crate::server::store::index::run_trash::RunDeletion;
use crate::server::store::index::tombstones::MAX_PURGED_PER_COMMIT;

/// Series that one commit purges, unless its first run has more.
const MAX_PURGED_SERIES: usize = 1000;
/// The same, so that a commit finds space on a full disk.
const MAX_PURGED_SERIES_ON_FULL_DISK: usize = 8000;

impl Batch<'_> {
    /// Purges at most `limit` deleted runs, and as many series, the oldest deletion first. Returns the number of runs.
    pub(super) fn purge_runs(&mut self, limit: usize) -> usize {
        let untouched = self.index.run_trash().oldest().filter(|(deletion, run, _)| self.run_state(&deletion.board, run).is_none());
        let purged: Vec<_> = untouched.take(limit).map(|(deletion, run, _)| (deletion.clone(), run.clone())).collect();
        self.purge_these(purged, MAX_PURGED_SERIES)
    }

    /// Purges the runs of the oldest deletions, except those of which `outcome` changes the row, a series or a value, after all operations.
    pub(super) fn purge_runs_except(&mut self, outcome: &BatchOutcome) {
        let touched = outcome.touched_runs();
        let is_needed = |deletion: &RunDeletion, run: &RunId| {
            touched.contains(run) || outcome.runs.get(&deletion.board).is_some_and(|runs| runs.contains_key(run))
        };
        let unneeded = self.index.run_trash().oldest().filter(|(deletion, run, _)| !is_needed(deletion, run));
        let unneeded = unneeded.take(MAX_PURGED_SERIES_ON_FULL_DISK);
        let purged = unneeded.map(|(deletion, run, _)| (deletion.clone(), run.clone())).collect();
        self.purge_these(purged, MAX_PURGED_SERIES_ON_FULL_DISK);
        self.end(true);
    }

    /// Purges some of the deleted runs that are over a limit or older than 30 days. A deletion larger than the limit stays until the next
    /// one. Not part of the commits of operations: these must neither wait for it nor need its space on a full disk.
    pub fn purge_excess_runs(&mut self) {
        let trash = self.index.run_trash();
        let (mut count, mut bytes) = (trash.len(), trash.bytes());
        let mut purged = Vec::new();
        for (deletion, run, size) in trash.oldest() {
            let is_over_limit = (count > MAX_REMOVED_RUNS || bytes > MAX_REMOVED_RUN_BYTES) && trash.newest() != Some(deletion);
            let is_old = self.now_ms.saturating_sub(deletion.removed_ms) > TOMBSTONE_TTL_MS;
            if !(is_old || is_over_limit) || purged.len() == MAX_PURGED_PER_COMMIT {
                break;
            }
            (count, bytes) = (count - 1, bytes - size);
            if self.run_state(&deletion.board, run).is_none() {
                purged.push((deletion.clone(), run.clone()));
            }
        }
        self.purge_these(purged, MAX_PURGED_SERIES);
        self.end(true);
    }

    /// Purges the first of these runs, as many as have this number of series together, but at least one. Returns their number.
    fn purge_these(&mut self, runs: Vec<(RunDeletion, RunId)>, max_series: usize) -> usize {
        let (mut purged, mut series) = (0, 0);
        for (RunDeletion { board, seq, .. }, run) in runs {
            series += self.committed_series(&board, &run);
            if purged > 0 && series > max_series {
                break;
            }
            purged += 1;
            self.clear_run(&board, &run);
            self.remove_heartbeat(&board, &run);
            let row = self.board_row(&board);
            self.current.boards.insert(board.clone(), BoardRow { run_floor: row.run_floor.max(seq), ..row });
            self.current.runs.entry(board).or_default().insert(run, RowState::Purged);
        }
        purged
    }

    /// Number of series of a run in the cells and tombstones of the board.
    fn committed_series(&self, board: &str, run: &RunId) -> usize {
        let known = self.index.board(board).into_iter();
        let cells = known.flat_map(|board| board.cells.keys().chain(board.tombstones.values().map(|tombstone| &tombstone.id)));
        cells.map(|cell| self.index.series_of_run(cell, run).len()).sum()
    }

    /// Whether the cell is on this board, or was when it was deleted.
    fn is_on(&self, cell: &CellId, board: &Arc<str>) -> bool {
        self.cell(cell).or_else(|| self.tombstone(cell)).is_some_and(|record| record.board == *board)
    }

    /// Removes the series and values of a run from all cells of the board.
    pub(super) fn clear_run(&mut self, board: &Arc<str>, run: &RunId) {
        let known = self.index.board(board).into_iter();
        let cells = known.flat_map(|board| board.cells.keys().chain(board.tombstones.values().map(|tombstone| &tombstone.id)));
        let committed = cells.flat_map(|cell| self.index.series_of_run(cell, run).iter().map(move |series| (cell, &series.id)));
        let pending = [&self.done, &self.current].into_iter().flat_map(|layer| &layer.series).filter(|(cell, _)| self.is_on(cell, board));
        let pending = pending.flat_map(|(cell, delta)| delta.appended.iter().map(move |pending| (cell, &pending.id)));
        let pending = pending.filter(|(_, id)| id.run.as_ref() == Some(run));
        let removed: Vec<(CellId, SeriesId)> = committed.chain(pending).map(|(cell, id)| (cell.clone(), id.clone())).collect();
        for (cell, id) in removed {
            self.remove_series(&cell, [id].into());
        }
        let committed = self.index.board(board).into_iter();
        let committed = committed.flat_map(|board| board.cells.keys().chain(board.tombstones.values().map(|tombstone| &tombstone.id)));
        let committed = committed.filter(|cell| self.index.run_values(cell).is_some_and(|known| known.contains_key(run)));
        let pending = [&self.done, &self.current].into_iter().flat_map(|layer| layer.run_values.keys());
        let cells: Vec<CellId> = committed.chain(pending.filter(|cell| self.is_on(cell, board))).cloned().collect();
        for cell in cells {
            self.remove_run_value(&cell, run);
        }
    }
}
