//! The changes of one group commit before they are on disk: each operation works on top of those before it, and an
//! operation that fails leaves nothing behind.
//!
//! Operations are decided here, in memory, so SQL cannot fail for one of them alone: a commit takes all or nothing, and
//! no savepoints are needed.

use std::collections::HashMap;
use std::sync::Arc;

use crate::protocol::CellId;
use crate::server::store::idempotency::{IdempotencyKey, ReplyLookup, StoredReply};
use crate::server::store::index::tombstones;
use crate::server::store::series::append::{AppendPlan, SeriesDelta};
use crate::server::store::series::append_event::AppendEvent;
use crate::server::store::{Index, Record, StoredValue};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    Created,
    Updated,
    Patched,
    Removed,
}

/// What happened, in the order of the board's events.
#[derive(Debug)]
pub enum Change {
    Cell(CellChange),
    /// Points came: those of a whole commit are one event.
    Points(AppendEvent),
}

impl Change {
    pub fn board(&self) -> &Arc<str> {
        match self {
            Self::Cell(change) => &change.board,
            Self::Points(appended) => &appended.board,
        }
    }

    pub fn seq(&self) -> u64 {
        match self {
            Self::Cell(change) => change.seq,
            Self::Points(appended) => appended.seq,
        }
    }
}

/// One event of a cell, with what is needed to write it out.
#[derive(Debug)]
pub struct CellChange {
    pub kind: ChangeKind,
    pub board: Arc<str>,
    pub seq: u64,
    pub record: Arc<Record>,
    /// The JSON text of the value where this change brought it; else it is as the record holds it.
    pub value: Option<Arc<str>>,
}

/// What is to be written of one cell.
#[derive(Clone, Debug)]
pub enum RowState {
    Live(Arc<Record>),
    Deleted(Arc<Record>),
    Forgotten,
}

#[derive(Debug, Default)]
pub(crate) struct Layer {
    pub cells: HashMap<CellId, RowState>,
    /// New values; `None` where the document lost its value.
    values: HashMap<CellId, (u64, Option<Arc<str>>)>,
    /// `(seq, floor)`
    boards: HashMap<Arc<str>, (u64, u64)>,
    pub changes: Vec<Change>,
    pub growth: HashMap<CellId, SeriesDelta>,
    replies: Vec<(IdempotencyKey, StoredReply)>,
}

pub struct Batch<'a> {
    pub(crate) index: &'a Index,
    pub(crate) done: Layer,
    pub(crate) current: Layer,
    pub now_ms: u64,
    /// The last number that was given out by [`Self::next_version`].
    pub version_counter: u64,
}

/// The outcome of a batch, for the disk and then for the index.
#[derive(Debug, Default)]
pub struct BatchOutcome {
    pub cells: Vec<(CellId, RowState)>,
    /// With their versions.
    pub values: Vec<(CellId, u64, Option<Arc<str>>)>,
    pub boards: Vec<(Arc<str>, u64, u64)>,
    pub changes: Vec<Change>,
    pub series: Vec<AppendPlan>,
    pub replies: Vec<(IdempotencyKey, StoredReply)>,
    /// Writers whose replies are no longer kept.
    pub evicted_writers: Vec<Arc<str>>,
}

impl<'a> Batch<'a> {
    pub fn new(index: &'a Index, now_ms: u64, version_counter: u64) -> Self {
        Self { index, done: Layer::default(), current: Layer::default(), now_ms, version_counter }
    }

    /// The highest that was ever given out, and one: no clock has a part in it. Stays below 2^53 for thousands of epochs.
    fn next_version(&mut self) -> u64 {
        self.version_counter += 1;
        self.version_counter
    }

    fn row_state(&self, id: &CellId) -> Option<&RowState> {
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

    /// All cells, in no order.
    pub fn cells(&self) -> Vec<Arc<Record>> {
        let untouched = self.index.cells().filter(|record| self.row_state(&record.id).is_none()).cloned();
        let earlier = self.done.cells.iter().filter(|(id, _)| !self.current.cells.contains_key(*id));
        let touched = self.current.cells.iter().chain(earlier).filter_map(|(_, row_state)| match row_state {
            RowState::Live(record) => Some(record.clone()),
            _ => None,
        });
        untouched.chain(touched).collect()
    }

    fn board(&self, name: &str) -> (u64, u64) {
        let layers = [&self.current, &self.done];
        let touched = layers.into_iter().find_map(|layer| layer.boards.get(name).copied());
        touched.or_else(|| self.index.board(name).map(|board| (board.seq, board.floor))).unwrap_or_default()
    }

    fn next_seq(&mut self, board: &Arc<str>) -> u64 {
        let (seq, floor) = self.board(board);
        self.current.boards.insert(board.clone(), (seq + 1, floor));
        seq + 1
    }

    /// The next event of a board, after all operations.
    pub(crate) fn next_done_seq(&mut self, board: &Arc<str>) -> u64 {
        let (seq, floor) = self.board(board);
        self.done.boards.insert(board.clone(), (seq + 1, floor));
        seq + 1
    }

    /// Whether a request with this key was done before, in this batch or earlier.
    pub fn replied(&self, key: &IdempotencyKey) -> ReplyLookup {
        let here = [&self.current, &self.done].into_iter().find_map(|layer| layer.replies.iter().find(|(known, _)| known == key));
        here.map_or_else(|| self.index.replies().done(key), |(_, reply)| ReplyLookup::Answered(reply.clone()))
    }

    /// Keeps what a request is answered.
    pub fn reply(&mut self, key: IdempotencyKey, hash: u64, status: u16, answer: Arc<str>) {
        self.current.replies.push((key, StoredReply { hash, status, answer, at_ms: self.now_ms }));
    }

    /// Accepts a cell as it shall be from now on, and answers it with its numbers. `value`: `None` leaves the stored value.
    pub fn put(&mut self, kind: ChangeKind, mut record: Record, value: Option<Option<Arc<str>>>) -> Arc<Record> {
        let before = self.cell(&record.id);
        let was_elsewhere = before.as_ref().is_some_and(|before| before.board != record.board);
        if let Some(before) = before.filter(|_| was_elsewhere) {
            // It leaves a board: its readers hear of a removal, which no grave remembers.
            let seq = self.next_seq(&before.board);
            self.announce(ChangeKind::Removed, seq, Arc::new(Record { seq, ..Record::clone(&before) }), None);
            self.forget_until(&before.board, seq);
        }
        // The id begins a new life, and its grave on another board goes: late readers there must start over.
        if let Some(tombstone) = self.tombstone(&record.id).filter(|tombstone| tombstone.board != record.board) {
            self.forget_until(&tombstone.board, tombstone.seq);
        }
        record.updated_ms = self.now_ms;
        record.rev += 1;
        if let Some(value) = value.clone() {
            record.version = self.next_version();
            record.value = StoredValue::of(value.as_ref());
            record.update_content(value.as_deref());
            self.current.values.insert(record.id.clone(), (record.version, value));
        } else if record.is_line() || record.value == StoredValue::Missing {
            // What is shown depends on other keys too.
            record.update_content(None);
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
        self.announce(kind, seq, record.clone(), value.flatten());
        record
    }

    /// Readers who stopped before this number start from a snapshot.
    fn forget_until(&mut self, board: &Arc<str>, until: u64) {
        let (seq, floor) = self.board(board);
        self.current.boards.insert(board.clone(), (seq, floor.max(until)));
    }

    /// Brings a buried cell back as it was, with its value as it is on disk.
    pub fn restore(&mut self, tombstone: &Record, value: Option<&Arc<str>>) -> Arc<Record> {
        let mut record = tombstone.clone();
        if !record.is_line() {
            record.value = StoredValue::of(value);
        }
        record.update_content(value.map(|value| &**value));
        self.put(ChangeKind::Created, record, None)
    }

    pub fn remove(&mut self, record: &Record) -> Arc<Record> {
        let seq = self.next_seq(&record.board);
        let record = Arc::new(Record { seq, rev: record.rev + 1, updated_ms: self.now_ms, ..record.clone() });
        self.current.cells.insert(record.id.clone(), RowState::Deleted(Arc::new(record.without_value())));
        self.announce(ChangeKind::Removed, seq, record.clone(), None);
        record
    }

    fn announce(&mut self, kind: ChangeKind, seq: u64, record: Arc<Record>, value: Option<Arc<str>>) {
        let board = record.board.clone();
        self.current.changes.push(Change::Cell(CellChange { kind, board, seq, record, value }));
    }

    /// Ends the current operation: it becomes part of the batch, or leaves no trace.
    pub fn end(&mut self, accepted: bool) {
        let current = std::mem::take(&mut self.current);
        if accepted {
            self.done.cells.extend(current.cells);
            self.done.values.extend(current.values);
            self.done.boards.extend(current.boards);
            self.done.changes.extend(current.changes);
            self.done.replies.extend(current.replies);
            for (id, growth) in current.growth {
                self.done.growth.entry(id).or_default().merge(growth);
            }
        }
    }

    /// What must be on disk, the oldest graves beyond their number forgotten. `key` is the last key that a series has.
    pub fn finish(mut self, key: &mut i64) -> BatchOutcome {
        self.purge_excess_tombstones();
        let series = self.plan_appends(key);
        let Layer { cells, values, boards, changes, replies, growth: _ } = self.done;
        let boards = boards.into_iter().map(|(name, (seq, floor))| (name, seq, floor)).collect();
        let kept = |id: &CellId| !matches!(cells.get(id), Some(RowState::Forgotten));
        let values = values.into_iter().filter(|(id, _)| kept(id)).map(|(id, (version, value))| (id, version, value)).collect();
        let evicted_writers = if replies.is_empty() { Vec::new() } else { self.index.replies().surplus(self.now_ms) };
        BatchOutcome { values, cells: cells.into_iter().collect(), boards, changes, series, replies, evicted_writers }
    }

    /// Forgets so many removed cells for good, the oldest first, and answers how many there were.
    pub fn purge(&mut self, most: usize) -> usize {
        let known = self.index.tombstones().oldest().filter(|(id, _)| self.row_state(id).is_none()).take(most);
        let purged: Vec<_> = known.map(|(id, old)| (id.clone(), old.board.clone(), old.seq)).collect();
        for (id, board, seq) in &purged {
            self.current.cells.insert(id.clone(), RowState::Forgotten);
            self.forget_until(board, *seq);
        }
        purged.len()
    }

    /// Keeps nothing that was removed, on any board, but those that `stays` names.
    pub fn purge_tombstones_except(&mut self, stays: impl Fn(&CellId) -> bool) {
        for (name, board) in self.index.boards() {
            let goes = || board.tombstones.values().filter(|tombstone| !stays(&tombstone.id));
            let Some(newest) = goes().map(|tombstone| tombstone.seq).max() else { continue };
            self.done.cells.extend(goes().map(|tombstone| (tombstone.id.clone(), RowState::Forgotten)));
            self.done.boards.insert(name.clone(), (board.seq, board.floor.max(newest)));
        }
    }

    fn purge_excess_tombstones(&mut self) {
        let mut fresh: HashMap<Arc<str>, Vec<(u64, CellId)>> = HashMap::new();
        for (id, row_state) in &self.done.cells {
            if let RowState::Deleted(record) = row_state {
                fresh.entry(record.board.clone()).or_default().push((record.seq, id.clone()));
            }
        }
        for (board, mut tombstones) in fresh {
            let old = self.index.board(&board).into_iter().flat_map(|board| board.tombstones.values());
            tombstones.extend(
                old.filter(|tombstone| !self.done.cells.contains_key(&tombstone.id)).map(|tombstone| (tombstone.seq, tombstone.id.clone())),
            );
            tombstones.sort();
            let surplus = tombstones.len().saturating_sub(tombstones::PER_BOARD);
            for (seq, id) in tombstones.drain(..surplus) {
                self.done.cells.insert(id, RowState::Forgotten);
                self.raise_floor(&board, seq);
            }
        }
        self.purge_over_limits();
    }

    /// Keeps the removed cells of all boards together within their bounds.
    fn purge_over_limits(&mut self) {
        let known = self.index.tombstones();
        let (mut count, mut bytes) = (known.len(), known.bytes());
        let mut is_newest_here = false;
        for (id, row_state) in &self.done.cells {
            if let Some(old) = known.get(id) {
                (count, bytes) = (count - 1, bytes - old.bytes);
            }
            if let RowState::Deleted(record) = row_state {
                let points = self.index.series(id).iter().map(crate::server::store::series::Series::count).sum();
                (count, bytes, is_newest_here) = (count + 1, bytes + tombstones::weight(record, points), true);
            }
        }
        let mut purged = Vec::new();
        for (id, old) in known.oldest().filter(|(id, _)| !self.done.cells.contains_key(*id)) {
            let is_over = count > tombstones::IN_ALL || bytes > tombstones::BYTES;
            let is_last = count == 1 && !is_newest_here;
            let is_old = self.now_ms.saturating_sub(old.removed_ms) > tombstones::AGE_MS;
            if !(is_old || is_over && !is_last) || purged.len() == tombstones::PURGED_PER_COMMIT {
                break;
            }
            (count, bytes) = (count - 1, bytes - old.bytes);
            purged.push((id.clone(), old.board.clone(), old.seq));
        }
        for (id, board, seq) in purged {
            self.done.cells.insert(id, RowState::Forgotten);
            self.raise_floor(&board, seq);
        }
    }

    /// Removals of the board up to this number are no longer known.
    fn raise_floor(&mut self, board: &Arc<str>, seq: u64) {
        let (last, floor) = self.board(board);
        self.done.boards.insert(board.clone(), (last, floor.max(seq)));
    }
}

impl BatchOutcome {
    /// Whether it has something to say of the cell.
    pub fn touches(&self, id: &CellId) -> bool {
        self.cells.iter().any(|(known, _)| known == id) || self.series.iter().any(|planned| planned.cell == *id)
    }

    /// `earlier` got on disk after this was decided, and forgot removals.
    pub fn raise_floors(&mut self, earlier: &Self) {
        for (name, _, floor) in &mut self.boards {
            let raised = earlier.boards.iter().find(|board| board.0 == *name);
            *floor = raised.map_or(*floor, |board| board.2.max(*floor));
        }
    }

    pub fn is_empty(&self) -> bool {
        self.cells.is_empty() && self.changes.is_empty() && self.series.is_empty() && self.replies.is_empty()
    }

    /// Makes the index what the disk already is.
    pub fn apply(&mut self, index: &mut Index) {
        for (name, seq, floor) in &self.boards {
            index.set_board(name, *seq, *floor);
        }
        let mut buried: Vec<_> = Vec::new();
        for (id, row_state) in &self.cells {
            match row_state {
                RowState::Live(record) => index.put(record.clone()),
                RowState::Deleted(record) => buried.push(record),
                RowState::Forgotten => index.take(id),
            }
        }
        buried.sort_by_key(|record| record.seq);
        buried.into_iter().for_each(|record| index.put_tombstone(record.clone()));
        for planned in self.series.drain(..) {
            index.grow(planned);
        }
        index.replies_mut().forget(&self.evicted_writers);
        for (key, reply) in self.replies.drain(..) {
            index.replies_mut().put(key, reply);
        }
    }
}
