//! Runs and documents of boards within a batch: each operation sees the changes of the accepted operations before it.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::batch::Batch;
use super::batch_outcome::RowState;
use super::change::{Change, ChangeKind, RunsChange};
use crate::protocol::RunId;
use crate::server::store::board_removal::BoardRemoval;
use crate::server::store::board_row::BoardDocument;
use crate::server::store::index::runs::{RunIndex, RunTotals};
use crate::server::store::run_record::RunRecord;

impl Batch<'_> {
    pub(super) fn run_state(&self, board: &str, id: &RunId) -> Option<&RowState<RunRecord>> {
        [&self.current, &self.done].into_iter().find_map(|layer| layer.runs.get(board)?.get(id))
    }

    pub fn run(&self, board: &str, id: &RunId) -> Option<Arc<RunRecord>> {
        match self.run_state(board, id) {
            Some(RowState::Live(record)) => Some(record.clone()),
            Some(_) => None,
            None => self.index.board(board)?.runs.get(id).cloned(),
        }
    }

    /// A deleted run that can be restored.
    pub fn removed_run(&self, board: &str, id: &RunId) -> Option<Arc<RunRecord>> {
        match self.run_state(board, id) {
            Some(RowState::Deleted(record)) => Some(record.clone()),
            Some(_) => None,
            None => self.index.board(board)?.runs.tombstone(id).cloned(),
        }
    }

    /// The runs of a board that some events have deleted and that can be restored, in no particular order. The events are committed.
    pub fn removed_runs(&self, board: &str, is_one_of_them: impl Fn(u64) -> bool) -> Vec<Arc<RunRecord>> {
        let committed = self.index.board(board).into_iter().flat_map(|board| board.runs.tombstones());
        let committed = committed.filter(|record| is_one_of_them(record.seq));
        committed.filter_map(|record| self.removed_run(board, &record.id)).filter(|record| is_one_of_them(record.seq)).collect()
    }

    /// All runs of a board, in no particular order.
    pub fn runs(&self, board: &str) -> Vec<Arc<RunRecord>> {
        let committed = self.index.board(board).into_iter().flat_map(|board| board.runs.iter());
        let untouched = committed.filter(|record| self.run_state(board, &record.id).is_none()).cloned();
        let touched = self.touched_runs(board).filter_map(|(_, state)| match state {
            RowState::Live(record) => Some(record.clone()),
            _ => None,
        });
        untouched.chain(touched).collect()
    }

    /// Number of runs of a board.
    pub fn run_count(&self, board: &str) -> usize {
        self.run_totals(board).runs
    }

    /// Number, size and colours of the runs of a board. Looks only at the runs that the batch changes.
    pub fn run_totals(&self, board: &str) -> RunTotals {
        let committed = self.index.board(board).map(|board| &board.runs);
        let mut totals = committed.map(RunIndex::totals).unwrap_or_default();
        for (id, state) in self.touched_runs(board) {
            committed.and_then(|runs| runs.get(id)).into_iter().for_each(|before| totals.remove(before));
            if let RowState::Live(record) = state {
                totals.add(record);
            }
        }
        totals
    }

    /// The states of the runs of a board that the batch changes.
    fn touched_runs(&self, board: &str) -> impl Iterator<Item = (&RunId, &RowState<RunRecord>)> {
        let current = self.current.runs.get(board);
        let earlier = self.done.runs.get(board).into_iter().flatten();
        let earlier = earlier.filter(move |(id, _)| current.is_none_or(|current| !current.contains_key(*id)));
        current.into_iter().flatten().chain(earlier)
    }

    /// The deleted runs of a board that can be restored.
    pub(super) fn deleted_runs(&self, board: &str) -> impl Iterator<Item = &RunId> {
        let committed = self.index.board(board).into_iter().flat_map(|board| board.runs.tombstones());
        let untouched = committed.filter(|record| self.run_state(&record.board, &record.id).is_none()).map(|record| &record.id);
        untouched.chain(self.touched_runs(board).filter(|(_, state)| matches!(state, RowState::Deleted(_))).map(|(id, _)| id))
    }

    /// Creates or changes a run. Returns the record with its new numbers. The changes of one operation of the same kind are one event.
    ///
    /// A run that is created in place of a deleted one begins without its series and values.
    pub fn put_run(&mut self, kind: ChangeKind, record: RunRecord) -> Arc<RunRecord> {
        if self.removed_run(&record.board, &record.id).is_some() {
            self.clear_run(&record.board, &record.id);
            self.remove_heartbeat(&record.board, &record.id);
        }
        self.store_run(kind, record)
    }

    /// Restores a deleted run with its series.
    pub fn restore_run(&mut self, tombstone: &RunRecord) -> Arc<RunRecord> {
        self.store_run(ChangeKind::Created, tombstone.clone())
    }

    fn store_run(&mut self, kind: ChangeKind, mut record: RunRecord) -> Arc<RunRecord> {
        record.rev += 1;
        record.updated_ms = self.now_ms;
        record.bytes = serde_json::to_string(&record.keys).map_or(0, |text| text.len());
        if record.created_order == 0 {
            record.created_order = self.next_version();
            record.created_ms = self.now_ms;
        }
        record.seq = self.run_event(kind, &record.board.clone());
        if kind == ChangeKind::Created {
            record.created_seq = record.seq;
        }
        let record = Arc::new(record);
        self.set_run(RowState::Live(record.clone()), &record);
        record
    }

    /// Deletes a run; its tombstone can be restored, until then its series are hidden.
    pub fn remove_run(&mut self, record: &RunRecord) -> Arc<RunRecord> {
        let seq = self.run_event(ChangeKind::Removed, &record.board);
        let record = Arc::new(RunRecord { seq, rev: record.rev + 1, updated_ms: self.now_ms, ..record.clone() });
        self.set_run(RowState::Deleted(record.clone()), &record);
        record
    }

    /// The number of the event of a change of this operation: the same one for all changes of this kind of a board's runs, unless there
    /// was another kind in between.
    fn run_event(&mut self, kind: ChangeKind, board: &Arc<str>) -> u64 {
        let last = self.current.changes.iter().rev().find_map(|change| match change {
            Change::Runs(change) if change.board == *board => Some((change.kind, change.seq)),
            _ => None,
        });
        if let Some((_, seq)) = last.filter(|(last, _)| *last == kind) {
            return seq;
        }
        let mut row = self.board_row(board);
        row.run_seq += 1;
        row.changed_ms = self.now_ms;
        let seq = row.run_seq;
        self.current.boards.insert(board.clone(), row);
        self.current.changes.push(Change::Runs(RunsChange { kind, board: board.clone(), seq, records: Vec::new() }));
        seq
    }

    /// Sets the row of a run, and adds it to its event.
    fn set_run(&mut self, state: RowState<RunRecord>, record: &Arc<RunRecord>) {
        let runs = self.current.runs.entry(record.board.clone()).or_default();
        let before = runs.insert(record.id.clone(), state);
        let is_in_event = before.as_ref().and_then(RowState::row).is_some_and(|(before, _)| before.seq == record.seq);
        let event = self.current.changes.iter_mut().rev().find_map(|change| match change {
            Change::Runs(change) if change.seq == record.seq && change.board == record.board => Some(change),
            _ => None,
        });
        let Some(event) = event else { return };
        // A bulk change has many records: only a run that is changed again is searched.
        let known = if is_in_event { event.records.iter_mut().find(|known| known.id == record.id) } else { None };
        match known {
            Some(known) => *known = record.clone(),
            None => event.records.push(record.clone()),
        }
    }

    /// The document of a board; `None` until one is written.
    pub fn board_document(&self, board: &str) -> Option<Arc<BoardDocument>> {
        let touched = [&self.current, &self.done].into_iter().find_map(|layer| layer.board_documents.get(board));
        touched.or_else(|| self.index.board(board)?.document.as_ref()).cloned()
    }

    /// Creates or replaces the document of a board. Readers of its runs get an event without runs.
    pub fn put_board_document(&mut self, board: &Arc<str>, keys: Map<String, Value>) -> Arc<BoardDocument> {
        let removal = self.board_document(board).and_then(|before| before.removal.clone());
        self.put_board(board, keys, removal)
    }

    /// The same, and sets what a deleted board of the name has left.
    pub fn put_board(&mut self, board: &Arc<str>, keys: Map<String, Value>, removal: Option<Arc<BoardRemoval>>) -> Arc<BoardDocument> {
        let before = self.board_document(board);
        let (rev, created_ms) = before.map_or((0, self.now_ms), |before| (before.rev, before.created_ms));
        let document = Arc::new(BoardDocument { keys, removal, rev: rev + 1, created_ms, updated_ms: self.now_ms });
        self.current.board_documents.insert(board.clone(), document.clone());
        // Pages and readers of runs show the title, and compare by the goal.
        self.run_event(ChangeKind::Updated, board);
        document
    }
}
