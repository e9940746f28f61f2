//! What is committed, in memory: every reader looks here first, and nothing stands here that a crash could undo.

pub mod names;
pub mod record;
pub mod tombstones;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::Record;
use super::idempotency::ReplyIndex;
use super::series::append::{AppendPlan, SeriesPlan};
use super::series::{CellSeries, Series};
use crate::protocol::CellId;
use tombstones::Tombstones;

#[derive(Clone, Debug, Default)]
pub struct Index {
    boards: HashMap<Arc<str>, BoardIndex>,
    home: HashMap<CellId, Arc<str>>,
    tombstones: Tombstones,
    /// Of cells alive and buried.
    series: HashMap<CellId, CellSeries>,
    replies: ReplyIndex,
}

#[derive(Clone, Debug, Default)]
pub struct BoardIndex {
    pub seq: u64,
    /// Removals up to this number are forgotten.
    pub floor: u64,
    pub cells: HashMap<CellId, Arc<Record>>,
    /// Removed cells by the number of their removal. Their values are on disk alone.
    pub tombstones: BTreeMap<u64, Arc<Record>>,
}

impl Index {
    pub fn board(&self, name: &str) -> Option<&BoardIndex> {
        self.boards.get(name)
    }

    pub fn boards(&self) -> impl Iterator<Item = (&Arc<str>, &BoardIndex)> {
        self.boards.iter()
    }

    pub fn cell(&self, id: &CellId) -> Option<&Arc<Record>> {
        self.boards.get(self.home.get(id)?)?.cells.get(id)
    }

    pub fn cells(&self) -> impl Iterator<Item = &Arc<Record>> {
        self.boards.values().flat_map(|board| board.cells.values())
    }

    /// How many cells there are, on all boards.
    pub fn count(&self) -> usize {
        self.home.len()
    }

    pub fn tombstone(&self, id: &CellId) -> Option<&Arc<Record>> {
        let known = self.tombstones.get(id)?;
        self.boards.get(&known.board)?.tombstones.get(&known.seq)
    }

    pub fn tombstones(&self) -> &Tombstones {
        &self.tombstones
    }

    /// After a start, when the points of removed cells are known.
    pub(crate) fn measure_tombstones(&mut self) {
        for tombstone in self.boards.values().flat_map(|board| board.tombstones.values()) {
            self.tombstones.insert(tombstone, points(&self.series, &tombstone.id));
        }
    }

    /// The series of a cell, in the order in which they began; none when it has none.
    pub fn series(&self, id: &CellId) -> &[Series] {
        self.series.get(id).map_or(&[], |known| &known.list)
    }

    pub fn cell_series(&self, id: &CellId) -> Option<&CellSeries> {
        self.series.get(id)
    }

    /// Looks through all series: for what is rare.
    pub(crate) fn with_key(&self, key: i64) -> Option<&Series> {
        self.series.values().find_map(|known| known.with_key(key))
    }

    pub(crate) fn series_mut(&mut self, id: &CellId) -> &mut CellSeries {
        self.series.entry(id.clone()).or_default()
    }

    /// Makes the series what the disk already has.
    pub(crate) fn grow(&mut self, planned: AppendPlan) {
        let AppendPlan { cell, seq, series, gone } = planned;
        let known = self.series.entry(cell.clone()).or_default();
        known.seq = known.seq.max(seq);
        known.list.retain(|series| gone.binary_search_by_key(&series.key, |gone| gone.key).is_err());
        for SeriesPlan { before, points, after, .. } in series {
            // Let go before it grows: a tail that nobody else holds grows in place.
            let (key, name, began) = (before.key, before.name.clone(), before.began);
            drop(before);
            let at = known.list.place(&name).unwrap_or_else(|| known.list.push(Series::new(key, name, began)));
            match after {
                Some(after) => known.list[at] = after,
                None => known.list[at].push(&points),
            }
        }
        if known.list.is_empty() {
            self.series.remove(&cell);
        }
    }

    pub fn replies(&self) -> &ReplyIndex {
        &self.replies
    }

    pub(crate) fn replies_mut(&mut self) -> &mut ReplyIndex {
        &mut self.replies
    }

    pub fn set_board(&mut self, name: &Arc<str>, seq: u64, floor: u64) {
        let board = self.boards.entry(name.clone()).or_default();
        board.seq = seq;
        board.floor = floor;
    }

    /// After a start: events of a board that the cell has left mean nothing on the one where it stands.
    pub(crate) fn clamp_series_seq(&mut self, id: &CellId) {
        let Some(record) = self.cell(id).cloned() else { return };
        let head = self.board(&record.board).map_or(0, |board| board.seq);
        if let Some(known) = self.series.get_mut(id).filter(|known| known.seq > head) {
            known.seq = record.seq;
        }
    }

    /// Puts the cell where its record says, and takes it away from wherever it was.
    pub fn put(&mut self, record: Arc<Record>) {
        if self.home.get(&record.id).is_some_and(|home| *home != record.board)
            && let Some(known) = self.series.get_mut(&record.id)
        {
            known.seq = record.seq;
        }
        self.take(&record.id);
        self.home.insert(record.id.clone(), record.board.clone());
        self.boards.entry(record.board.clone()).or_default().cells.insert(record.id.clone(), record);
    }

    pub fn put_tombstone(&mut self, record: Arc<Record>) {
        self.take(&record.id);
        self.tombstones.insert(&record, points(&self.series, &record.id));
        self.boards.entry(record.board.clone()).or_default().tombstones.insert(record.seq, record);
    }

    /// Forgets the cell, alive or buried.
    pub fn take(&mut self, id: &CellId) {
        if let Some(home) = self.home.remove(id)
            && let Some(board) = self.boards.get_mut(&home)
        {
            board.cells.remove(id);
        }
        if let Some(known) = self.tombstones.remove(id)
            && let Some(board) = self.boards.get_mut(&known.board)
        {
            board.tombstones.remove(&known.seq);
        }
    }
}

fn points(series: &HashMap<CellId, CellSeries>, id: &CellId) -> u64 {
    series.get(id).map_or(0, |known| known.list.iter().map(Series::count).sum())
}
