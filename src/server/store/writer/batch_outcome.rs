//! What a group commit changes: written to disk first, then applied to the index.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::change::Change;
use crate::protocol::{CellId, RunId, SeriesId};
use crate::server::store::board_row::{BoardDocument, BoardRow};
use crate::server::store::idempotency::{IdempotencyKey, StoredReply};
use crate::server::store::index::run_trash::RunSize;
use crate::server::store::index::run_values::RunValue;
use crate::server::store::series::StoredTail;
use crate::server::store::series::delta::AppendPlan;
use crate::server::store::{Index, Record, RunRecord};

/// The state of the row of a cell or a run after the commit.
#[derive(Clone, Debug)]
pub enum RowState<R = Record> {
    Live(Arc<R>),
    /// A tombstone: it can be restored.
    Deleted(Arc<R>),
    /// No row.
    Purged,
}

impl<R> RowState<R> {
    /// The row, and whether it is a tombstone; `None` if there is none.
    pub fn row(&self) -> Option<(&Arc<R>, bool)> {
        match self {
            Self::Live(record) => Some((record, false)),
            Self::Deleted(record) => Some((record, true)),
            Self::Purged => None,
        }
    }
}

/// The states of the rows of runs after a commit, by board.
pub type RunStates = HashMap<Arc<str>, HashMap<RunId, RowState<RunRecord>>>;

/// The heartbeats of runs after a commit, by board: Unix time, ms; `None` for a run that has none any more.
pub type Heartbeats = HashMap<Arc<str>, HashMap<RunId, Option<u64>>>;

/// The version and JSON text of a run's value; `None` for a removed one.
pub(crate) type NewRunValue = Option<(u64, Arc<str>)>;

/// The changes of a batch, to be written to disk and then applied to the index.
#[derive(Debug, Default)]
pub struct BatchOutcome {
    pub cells: Vec<(CellId, RowState)>,
    /// Cell, version, JSON text.
    pub values: Vec<(CellId, u64, Option<Arc<str>>)>,
    pub boards: Vec<(Arc<str>, BoardRow)>,
    pub board_documents: HashMap<Arc<str>, Arc<BoardDocument>>,
    pub runs: RunStates,
    /// Sizes of the runs that are deleted, by board.
    pub(crate) removed_run_sizes: HashMap<Arc<str>, HashMap<RunId, RunSize>>,
    pub heartbeats: Heartbeats,
    pub run_values: Vec<(CellId, RunId, NewRunValue)>,
    pub changes: Vec<Change>,
    pub series: Vec<AppendPlan>,
    /// Tails that the commit has written of points that were only in the journal.
    pub stored_tails: Vec<(CellId, SeriesId, StoredTail)>,
    pub replies: Vec<(IdempotencyKey, StoredReply)>,
    /// Writers of idempotency keys whose replies are deleted.
    pub evicted_writers: Vec<Arc<str>>,
    /// When it was decided: Unix time, ms.
    pub now_ms: u64,
}

impl BatchOutcome {
    /// Whether it changes the cell.
    pub fn touches(&self, id: &CellId) -> bool {
        self.cells.iter().any(|(known, _)| known == id) || self.series.iter().any(|planned| planned.cell == *id)
    }

    /// The runs, of any board, of which it changes a series or a value.
    pub fn touched_runs(&self) -> HashSet<&RunId> {
        let written = self.series.iter().flat_map(|plan| plan.series.iter().map(|series| &series.before));
        let removed = self.series.iter().flat_map(|plan| &plan.removed);
        let of_series = written.chain(removed).filter_map(|series| series.id.run.as_ref());
        of_series.chain(self.run_values.iter().map(|(_, run, _)| run)).collect()
    }

    /// Takes over the floors of a purge that was committed after this batch was finished.
    pub fn raise_floors(&mut self, earlier: &Self) {
        for (name, row) in &mut self.boards {
            if let Some((_, raised)) = earlier.boards.iter().find(|(known, _)| known == name) {
                row.floor = row.floor.max(raised.floor);
                row.run_floor = row.run_floor.max(raised.run_floor);
            }
        }
    }

    pub fn is_empty(&self) -> bool {
        let is_unchanged = self.cells.is_empty()
            && self.boards.is_empty()
            && self.runs.is_empty()
            && self.heartbeats.is_empty()
            && self.changes.is_empty();
        is_unchanged && self.board_documents.is_empty() && self.run_values.is_empty() && self.series.is_empty() && self.replies.is_empty()
    }

    /// Applies the changes to the index, after they are on disk.
    pub fn apply(&mut self, index: &mut Index) {
        for (name, row) in &self.boards {
            index.set_board(name, *row);
        }
        for (board, document) in self.board_documents.drain() {
            index.set_board_document(&board, document);
        }
        for (cell, run, value) in self.run_values.drain(..) {
            let value = value.map(|(version, json)| RunValue { version, bytes: json.len() as u64 });
            index.run_values_mut().set(&cell, run, value);
        }
        for (board, runs) in &self.runs {
            for (id, state) in runs {
                let size = self.removed_run_sizes.get(board).and_then(|sizes| sizes.get(id)).copied().unwrap_or_default();
                index.set_run(board, id, state.row(), size);
            }
        }
        for (board, beats) in &self.heartbeats {
            for (run, ms) in beats.iter().filter_map(|(run, ms)| Some((run, (*ms)?))) {
                index.set_heartbeat(board, run, ms);
            }
        }
        let mut deleted: Vec<_> = Vec::new();
        for (id, row_state) in &self.cells {
            match row_state {
                RowState::Live(record) => index.put(record.clone()),
                RowState::Deleted(record) => deleted.push(record),
                RowState::Purged => {
                    index.purge(id);
                    index.run_values_mut().purge(id);
                }
            }
        }
        deleted.sort_by_key(|record| record.seq);
        deleted.into_iter().for_each(|record| index.put_tombstone(record.clone()));
        for (cell, id, stored) in self.stored_tails.drain(..) {
            if let Some(series) = index.known_series_mut(&cell, &id) {
                series.set_stored(stored);
            }
        }
        for planned in self.series.drain(..) {
            index.apply_append(planned, self.now_ms);
        }
        index.replies_mut().evict(&self.evicted_writers);
        for (key, reply) in self.replies.drain(..) {
            index.replies_mut().put(key, reply);
        }
    }
}
