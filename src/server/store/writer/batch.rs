//! The changes of one group commit before they are on disk. Each operation sees the changes of the accepted operations before it; a
//! refused operation leaves no change.
//!
//! Operations run here, in memory, so that SQL cannot fail for a single one of them: a commit takes all or nothing, and needs no
//! savepoints.

use std::collections::HashMap;
use std::sync::Arc;

use super::batch_outcome::{BatchOutcome, Heartbeats, NewRunValue, RowState, RunStates};
use super::change::{CellChange, Change, ChangeKind};
use crate::protocol::{CellId, RunId};
use crate::server::store::board_row::{BoardDocument, BoardRow};
use crate::server::store::idempotency::{IdempotencyKey, ReplyLookup, StoredReply};
use crate::server::store::index::BoardIndex;
use crate::server::store::series::delta::SeriesDelta;
use crate::server::store::{Index, Record, StoredValue};

/// Changes on top of the index.
#[derive(Debug, Default)]
pub(crate) struct Layer {
    pub cells: HashMap<CellId, RowState>,
    /// New values with their versions; `None` if the document has no value any more.
    values: HashMap<CellId, (u64, Option<Arc<str>>)>,
    pub boards: HashMap<Arc<str>, BoardRow>,
    pub board_documents: HashMap<Arc<str>, Arc<BoardDocument>>,
    pub runs: RunStates,
    pub heartbeats: Heartbeats,
    /// Values of runs.
    pub run_values: HashMap<CellId, HashMap<RunId, NewRunValue>>,
    pub changes: Vec<Change>,
    pub series: HashMap<CellId, SeriesDelta>,
    replies: Vec<(IdempotencyKey, StoredReply)>,
}

pub struct Batch<'a> {
    pub(crate) index: &'a Index,
    /// Changes of accepted operations.
    pub(crate) done: Layer,
    /// Changes of the running operation.
    pub(crate) current: Layer,
    pub now_ms: u64,
    /// The last number from [`Self::next_version`].
    pub version_counter: u64,
}

impl<'a> Batch<'a> {
    pub fn new(index: &'a Index, now_ms: u64, version_counter: u64) -> Self {
        Self { index, done: Layer::default(), current: Layer::default(), now_ms, version_counter }
    }

    /// One more than the highest number ever given, independent of the clock. Stays below 2^53 for thousands of epochs.
    pub(super) fn next_version(&mut self) -> u64 {
        self.version_counter += 1;
        self.version_counter
    }

    pub(super) fn row_state(&self, id: &CellId) -> Option<&RowState> {
        self.current.cells.get(id).or_else(|| self.done.cells.get(id))
    }

    pub fn cell(&self, id: &CellId) -> Option<Arc<Record>> {
        match self.row_state(id) {
            Some(RowState::Live(record)) => Some(record.clone()),
            Some(_) => None,
            None => self.index.cell(id).cloned(),
        }
    }

    pub fn tombstone(&self, id: &CellId) -> Option<Arc<Record>> {
        match self.row_state(id) {
            Some(RowState::Deleted(record)) => Some(record.clone()),
            Some(_) => None,
            None => self.index.tombstone(id).cloned(),
        }
    }

    /// All cells, in no particular order.
    pub fn cells(&self) -> Vec<Arc<Record>> {
        let untouched = self.index.cells().filter(|record| self.row_state(&record.id).is_none()).cloned();
        let earlier = self.done.cells.iter().filter(|(id, _)| !self.current.cells.contains_key(*id));
        let touched = self.current.cells.iter().chain(earlier).filter_map(|(_, row_state)| match row_state {
            RowState::Live(record) => Some(record.clone()),
            _ => None,
        });
        untouched.chain(touched).collect()
    }

    /// The cells of a board, in no particular order.
    pub fn cells_on(&self, board: &str) -> Vec<Arc<Record>> {
        let committed = self.index.board(board).into_iter().flat_map(|board| board.cells.values());
        self.rows_on(board, committed, |row| if let RowState::Live(record) = row { Some(record) } else { None })
    }

    /// The deleted cells of a board, in no particular order.
    pub fn tombstones_on(&self, board: &str) -> Vec<Arc<Record>> {
        let committed = self.index.board(board).into_iter().flat_map(|board| board.tombstones.values());
        self.rows_on(board, committed, |row| if let RowState::Deleted(record) = row { Some(record) } else { None })
    }

    /// The `committed` records that this batch has not touched, and those rows of the board that it has and that are `wanted`.
    fn rows_on<'b>(
        &'b self,
        board: &str,
        committed: impl Iterator<Item = &'b Arc<Record>>,
        wanted: impl Fn(&'b RowState) -> Option<&'b Arc<Record>>,
    ) -> Vec<Arc<Record>> {
        let untouched = committed.filter(|record| self.row_state(&record.id).is_none());
        let earlier = self.done.cells.iter().filter(|(id, _)| !self.current.cells.contains_key(*id));
        let touched = self.current.cells.iter().chain(earlier).filter_map(|(_, row)| wanted(row)).filter(|record| *record.board == *board);
        untouched.chain(touched).cloned().collect()
    }

    pub(super) fn board_row(&self, name: &str) -> BoardRow {
        let touched = [&self.current, &self.done].into_iter().find_map(|layer| layer.boards.get(name).copied());
        touched.or_else(|| self.index.board(name).map(BoardIndex::row)).unwrap_or_default()
    }

    fn next_seq(&mut self, board: &Arc<str>) -> u64 {
        let mut row = self.board_row(board);
        row.seq += 1;
        row.changed_ms = self.now_ms;
        let seq = row.seq;
        self.current.boards.insert(board.clone(), row);
        seq
    }

    /// Number of the next event of a board, after all operations.
    pub(crate) fn next_batch_seq(&mut self, board: &Arc<str>) -> u64 {
        let mut row = self.board_row(board);
        row.seq += 1;
        row.changed_ms = self.now_ms;
        let seq = row.seq;
        self.done.boards.insert(board.clone(), row);
        seq
    }

    /// The stored reply to an earlier request with this key, in this batch or before.
    pub fn stored_reply(&self, key: &IdempotencyKey) -> ReplyLookup {
        let here = [&self.current, &self.done].into_iter().find_map(|layer| layer.replies.iter().find(|(known, _)| known == key));
        here.map_or_else(|| self.index.replies().lookup(key), |(_, reply)| ReplyLookup::Found(reply.clone()))
    }

    /// Stores the reply to a request.
    pub fn store_reply(&mut self, key: IdempotencyKey, hash: u64, status: u16, answer: Arc<str>) {
        self.current.replies.push((key, StoredReply { hash, status, answer, at_ms: self.now_ms }));
    }

    /// Creates or changes a cell. Returns the record with its new numbers. `value`: `None` keeps the stored value, `Some(None)` removes it.
    /// A cell that moves to another board loses the series and values of runs: these belong to a board.
    pub fn put(&mut self, kind: ChangeKind, mut record: Record, value: Option<Option<Arc<str>>>) -> Arc<Record> {
        let before = self.cell(&record.id);
        let was_elsewhere = before.as_ref().is_some_and(|before| before.board != record.board);
        if let Some(before) = before.filter(|_| was_elsewhere) {
            // The cell leaves a board: readers there get a removal. There is no tombstone for it.
            let seq = self.next_seq(&before.board);
            self.push_event(ChangeKind::Removed, seq, Arc::new(Record { seq, ..Record::clone(&before) }), None);
            self.raise_floor(&before.board, seq);
            self.clear_runs(&record.id);
        }
        // A tombstone of this id on another board is replaced: readers there that have not seen the removal need a snapshot.
        if let Some(tombstone) = self.tombstone(&record.id).filter(|tombstone| tombstone.board != record.board) {
            self.raise_floor(&tombstone.board, tombstone.seq);
        }
        record.updated_ms = self.now_ms;
        record.rev += 1;
        if let Some(value) = value.clone() {
            record.version = self.next_version();
            record.value = StoredValue::of(value.as_ref());
            record.content = self.index.content_of(&record, value.as_deref());
            self.current.values.insert(record.id.clone(), (record.version, value));
        } else if record.is_line() || record.value == StoredValue::Missing {
            // The content depends on other keys than `value`, too.
            record.content = self.index.content_of(&record, None);
        }
        let seq = self.next_seq(&record.board.clone());
        record.seq = seq;
        if record.created_order == 0 {
            record.created_order = self.next_version();
        }
        let kind = if was_elsewhere { ChangeKind::Created } else { kind };
        if kind == ChangeKind::Created {
            record.entered_board_seq = seq;
        }
        let record = Arc::new(record);
        self.current.cells.insert(record.id.clone(), RowState::Live(record.clone()));
        self.push_event(kind, seq, record.clone(), value.flatten());
        record
    }

    /// Raises the floor of a board within the running operation: readers that have seen fewer events need a snapshot.
    pub(super) fn raise_floor(&mut self, board: &Arc<str>, until: u64) {
        let row = self.board_row(board);
        self.current.boards.insert(board.clone(), BoardRow { floor: row.floor.max(until), ..row });
    }

    /// Restores a deleted cell; `value` is its value on disk.
    pub fn restore(&mut self, tombstone: &Record, value: Option<&Arc<str>>) -> Arc<Record> {
        let mut record = tombstone.clone();
        if !record.is_line() {
            record.value = StoredValue::of(value);
        }
        record.content = self.index.content_of(&record, value.map(|value| &**value));
        self.put(ChangeKind::Created, record, None)
    }

    /// Deletes a cell; its tombstone can be restored.
    pub fn remove(&mut self, record: &Record) -> Arc<Record> {
        let seq = self.next_seq(&record.board);
        let record = Arc::new(Record { seq, rev: record.rev + 1, updated_ms: self.now_ms, ..record.clone() });
        self.current.cells.insert(record.id.clone(), RowState::Deleted(Arc::new(record.without_value())));
        self.push_event(ChangeKind::Removed, seq, record.clone(), None);
        record
    }

    fn push_event(&mut self, kind: ChangeKind, seq: u64, record: Arc<Record>, value: Option<Arc<str>>) {
        let board = record.board.clone();
        self.current.changes.push(Change::Cell(CellChange { kind, board, seq, record, value }));
    }

    /// Ends the running operation: accepts its changes, or drops them.
    pub fn end(&mut self, accepted: bool) {
        let current = std::mem::take(&mut self.current);
        if accepted {
            self.done.cells.extend(current.cells);
            self.done.values.extend(current.values);
            self.done.boards.extend(current.boards);
            self.done.board_documents.extend(current.board_documents);
            for (board, runs) in current.runs {
                self.done.runs.entry(board).or_default().extend(runs);
            }
            for (board, beats) in current.heartbeats {
                self.done.heartbeats.entry(board).or_default().extend(beats);
            }
            for (cell, values) in current.run_values {
                self.done.run_values.entry(cell).or_default().extend(values);
            }
            self.done.changes.extend(current.changes);
            self.done.replies.extend(current.replies);
            for (id, delta) in current.series {
                self.done.series.entry(id).or_default().merge(delta);
            }
        }
    }

    /// The changes to be written, with the purge of tombstones beyond their limits. `key` is the last key of a series.
    pub fn finish(mut self, key: &mut i64) -> BatchOutcome {
        self.purge_excess_tombstones();
        let plans = self.plan_appends(key);
        // Measured here: applying the outcome blocks all readers.
        let removed_run_sizes = self.done.runs.iter().map(|(board, runs)| {
            let removed = runs.iter().filter(|(_, state)| matches!(state, RowState::Deleted(_))).map(|(id, _)| id);
            (board.clone(), self.index.run_sizes(board, &removed.collect()))
        });
        let removed_run_sizes = removed_run_sizes.collect();
        let Layer { cells, values, boards, board_documents, runs, heartbeats, run_values, changes, replies, series: _ } = self.done;
        let is_stored = |id: &CellId| !matches!(cells.get(id), Some(RowState::Purged));
        let values = values.into_iter().filter(|(id, _)| is_stored(id)).map(|(id, (version, value))| (id, version, value)).collect();
        let run_values = run_values.into_iter().filter(|(id, _)| is_stored(id));
        let run_values = run_values.flat_map(|(id, values)| values.into_iter().map(move |(run, value)| (id.clone(), run, value))).collect();
        let evicted_writers = if replies.is_empty() { Vec::new() } else { self.index.replies().evictable(self.now_ms) };
        BatchOutcome {
            values,
            cells: cells.into_iter().collect(),
            boards: boards.into_iter().collect(),
            board_documents,
            runs,
            removed_run_sizes,
            heartbeats,
            run_values,
            changes,
            series: plans,
            stored_tails: Vec::new(),
            replies,
            evicted_writers,
            now_ms: self.now_ms,
        }
    }
}
