//! The committed state in memory: records without large values, and series without chunks. The writer updates it after each commit.

mod board_trash;
pub mod curve_queue;
pub mod run_trash;
pub mod run_values;
pub mod runs;
mod sizes;
pub mod tombstones;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::board_row::{BoardDocument, BoardRow};
use super::idempotency::ReplyIndex;
use super::now_ms;
use super::record::Record;
use super::run_record::RunRecord;
use super::series::delta::{AppendPlan, SeriesPlan};
use super::series::{CellSeries, Series};
use crate::protocol::{CellContent, CellId, RunId, SeriesId};
pub use board_trash::BoardTrash;
use curve_queue::CurveQueue;
use run_trash::{RunSize, RunTrash};
use run_values::{RunValue, RunValueIndex};
use runs::RunIndex;
use sizes::{point_count, run_sizes, tombstone_size};
use tombstones::TombstoneIndex;

/// What the page shows of a cell, from its record and the JSON text of its value.
pub type ContentFn = fn(&Record, Option<&str>) -> CellContent;

#[derive(Clone, Debug)]
pub struct Index {
    content_fn: ContentFn,
    boards: HashMap<Arc<str>, BoardIndex>,
    /// Counts the changes of the set of boards with cells or runs.
    board_list_version: u64,
    /// The board of each cell.
    home: HashMap<CellId, Arc<str>>,
    tombstones: TombstoneIndex,
    run_trash: RunTrash,
    board_trash: BoardTrash,
    /// Series of cells and tombstones.
    series: HashMap<CellId, CellSeries>,
    run_values: RunValueIndex,
    curves: CurveQueue,
    summaries_version: u64,
    replies: ReplyIndex,
}

#[derive(Clone, Debug, Default)]
pub struct BoardIndex {
    /// Number of the last event.
    pub seq: u64,
    /// Low watermark: tombstones up to this event are purged, so that a reader that has seen less needs a snapshot.
    pub floor: u64,
    pub cells: HashMap<CellId, Arc<Record>>,
    /// Deleted cells by the event of their removal. Their values are only on disk.
    pub tombstones: BTreeMap<u64, Arc<Record>>,
    /// Number of the last event of the runs.
    pub run_seq: u64,
    /// The low watermark of the events of the runs.
    pub run_floor: u64,
    /// When the last event happened: Unix time, ms.
    pub changed_ms: u64,
    pub runs: RunIndex,
    /// `None` until it is written for the first time.
    pub document: Option<Arc<BoardDocument>>,
}

impl BoardIndex {
    /// The board's row on disk.
    pub(crate) fn row(&self) -> BoardRow {
        let Self { seq, floor, run_seq, run_floor, changed_ms, .. } = *self;
        BoardRow { seq, floor, run_seq, run_floor, changed_ms }
    }
}

impl Index {
    pub fn new(content_fn: ContentFn) -> Self {
        Self {
            content_fn,
            boards: HashMap::new(),
            board_list_version: 0,
            home: HashMap::new(),
            tombstones: TombstoneIndex::default(),
            run_trash: RunTrash::default(),
            board_trash: BoardTrash::default(),
            series: HashMap::new(),
            run_values: RunValueIndex::default(),
            curves: CurveQueue::default(),
            // Higher than before the start.
            summaries_version: now_ms(),
            replies: ReplyIndex::default(),
        }
    }

    /// What the page shows of a cell with this value.
    pub fn content_of(&self, record: &Record, value: Option<&str>) -> CellContent {
        (self.content_fn)(record, value)
    }

    pub fn board(&self, name: &str) -> Option<&BoardIndex> {
        self.boards.get(name)
    }

    pub fn boards(&self) -> impl Iterator<Item = (&Arc<str>, &BoardIndex)> {
        self.boards.iter()
    }

    /// Changes when a board gets its first cell or run, or loses its last one.
    pub fn board_list_version(&self) -> u64 {
        self.board_list_version
    }

    pub fn cell(&self, id: &CellId) -> Option<&Arc<Record>> {
        self.boards.get(self.home.get(id)?)?.cells.get(id)
    }

    pub fn cells(&self) -> impl Iterator<Item = &Arc<Record>> {
        self.boards.values().flat_map(|board| board.cells.values())
    }

    /// Number of cells on all boards.
    pub fn count(&self) -> usize {
        self.home.len()
    }

    pub fn tombstone(&self, id: &CellId) -> Option<&Arc<Record>> {
        let known = self.tombstones.get(id)?;
        self.boards.get(&known.board)?.tombstones.get(&known.seq)
    }

    pub fn tombstones(&self) -> &TombstoneIndex {
        &self.tombstones
    }

    /// The deleted boards that can be restored; old ones are forgotten within a cleanup.
    pub fn board_trash(&self) -> &BoardTrash {
        &self.board_trash
    }

    pub(crate) fn run_trash(&self) -> &RunTrash {
        &self.run_trash
    }

    /// At a start, once the points of deleted cells and runs are loaded: counts them in the tombstones' sizes.
    pub(crate) fn measure_tombstones(&mut self) {
        for board in self.boards.values() {
            for tombstone in board.tombstones.values() {
                let (bytes, is_of_board) = tombstone_size(&self.series, &self.run_values, board, tombstone);
                self.tombstones.insert(tombstone, bytes, is_of_board);
            }
        }
        for board in self.boards.values() {
            let sizes = run_sizes(&self.series, &self.run_values, board, &board.runs.tombstones().map(|run| &run.id).collect());
            for tombstone in board.runs.tombstones() {
                self.run_trash.insert(tombstone, sizes.get(&tombstone.id).copied().unwrap_or_default());
            }
        }
    }

    /// The series without a run of a cell or tombstone, in the order of creation.
    pub fn series(&self, id: &CellId) -> &[Series] {
        self.series.get(id).map_or(&[], |known| &known.list)
    }

    /// The series of a run in a cell or tombstone, in the order of creation; also of a deleted run.
    pub fn series_of_run(&self, id: &CellId, run: &RunId) -> &[Series] {
        self.series.get(id).map_or(&[], |known| known.of_run(run))
    }

    /// A series that readers may see: of a cell that is there, and of no run or of one that is on the cell's board.
    pub fn visible_series(&self, cell: &CellId, id: &SeriesId) -> Option<&Series> {
        let series = self.series.get(cell)?.get(id)?;
        let board = self.boards.get(self.home.get(cell)?)?;
        id.run.as_ref().is_none_or(|run| board.runs.contains(run)).then_some(series)
    }

    /// Whether the run of a series is on the board of its cell or tombstone, or was deleted there and can be restored; true without a run.
    pub(crate) fn has_run_of(&self, cell: &CellId, id: &SeriesId) -> bool {
        let Some(run) = &id.run else { return true };
        let board = self.cell(cell).or_else(|| self.tombstone(cell)).and_then(|record| self.boards.get(&record.board));
        board.is_some_and(|board| board.runs.contains(run) || board.runs.tombstone(run).is_some())
    }

    /// All series with their cells or tombstones, in no particular order.
    pub(crate) fn all_series(&self) -> impl Iterator<Item = (&CellId, &Series)> {
        self.series.iter().flat_map(|(cell, known)| known.all().map(move |series| (cell, series)))
    }

    /// The runs with a value in a cell or tombstone, deleted ones included.
    pub fn run_values(&self, cell: &CellId) -> Option<&HashMap<RunId, RunValue>> {
        self.run_values.of_cell(cell)
    }

    /// The value of a run in a cell, if readers may see it: the cell is there, and the run is on its board.
    pub fn visible_run_value(&self, cell: &CellId, run: &RunId) -> Option<RunValue> {
        let value = self.run_values.get(cell, run)?;
        let board = self.boards.get(self.home.get(cell)?)?;
        board.runs.contains(run).then_some(value)
    }

    pub(crate) fn run_values_mut(&mut self) -> &mut RunValueIndex {
        &mut self.run_values
    }

    /// Bytes of the values of all runs in a cell or tombstone.
    pub(crate) fn run_value_bytes(&self, cell: &CellId) -> u64 {
        self.run_values.bytes(cell)
    }

    /// Number of points of all series of a cell or tombstone.
    pub(crate) fn point_count(&self, id: &CellId) -> u64 {
        point_count(&self.series, id)
    }

    pub fn cell_series(&self, id: &CellId) -> Option<&CellSeries> {
        self.series.get(id)
    }

    pub(crate) fn series_mut(&mut self, id: &CellId) -> &mut CellSeries {
        self.series.entry(id.clone()).or_default()
    }

    pub(crate) fn known_series_mut(&mut self, cell: &CellId, id: &SeriesId) -> Option<&mut Series> {
        self.series.get_mut(cell)?.get_mut(id)
    }

    /// At a start: adds a series, whose id no other one of the cell may have.
    pub(crate) fn push_series(&mut self, cell: &CellId, series: Series) {
        let series = with_shared_run(series, &self.boards, self.home.get(cell));
        self.series_mut(cell).push(series);
    }

    /// Applies changes of series after they are on disk.
    pub(crate) fn apply_append(&mut self, plan: AppendPlan, now_ms: u64) {
        let AppendPlan { cell, seq, series, removed } = plan;
        let known = self.series.entry(cell.clone()).or_default();
        known.seq = known.seq.max(seq);
        known.remove(&removed);
        removed.iter().for_each(|series| self.curves.remove(series.key));
        for SeriesPlan { mut before, is_new, points, after } in series {
            if is_new {
                before.push(&points);
                let series = after.unwrap_or(before);
                self.curves.add_points(&cell, &series, false, now_ms);
                known.push(with_shared_run(series, &self.boards, self.home.get(&cell)));
                continue;
            }
            let Some(series) = known.get_mut(&before.id) else { continue };
            let needed_summary = series.needs_summary();
            // Drop the second reference to the tail first: a tail with one reference grows in place.
            drop(before);
            match after {
                Some(after) => *series = after,
                None => series.push(&points),
            }
            self.curves.add_points(&cell, series, needed_summary, now_ms);
        }
        if known.is_empty() {
            self.series.remove(&cell);
        }
    }

    pub fn replies(&self) -> &ReplyIndex {
        &self.replies
    }

    pub(crate) fn replies_mut(&mut self) -> &mut ReplyIndex {
        &mut self.replies
    }

    pub(crate) fn set_board(&mut self, name: &Arc<str>, row: BoardRow) {
        let board = self.boards.entry(name.clone()).or_default();
        let BoardRow { seq, floor, run_seq, run_floor, changed_ms } = row;
        (board.seq, board.floor, board.run_seq, board.run_floor) = (seq, floor, run_seq, run_floor);
        board.changed_ms = changed_ms;
    }

    pub(crate) fn set_board_document(&mut self, name: &Arc<str>, document: Arc<BoardDocument>) {
        let board = self.boards.entry(name.clone()).or_default();
        self.board_trash.replace(name, board.document.as_deref(), &document);
        board.document = Some(document);
    }

    /// What each of these runs has in the cells of their board; runs that have nothing may be missing.
    pub(crate) fn run_sizes(&self, board: &str, runs: &HashSet<&RunId>) -> HashMap<RunId, RunSize> {
        self.boards.get(board).map_or_else(HashMap::new, |board| run_sizes(&self.series, &self.run_values, board, runs))
    }

    /// Sets the row of a run, with whether it is a tombstone; `None` removes it. `size`: of a tombstone.
    pub(crate) fn set_run(&mut self, board: &Arc<str>, id: &RunId, row: Option<(&Arc<RunRecord>, bool)>, size: RunSize) {
        let board = self.boards.entry(board.clone()).or_default();
        let had_none = board.runs.is_empty();
        if let Some(before) = board.runs.tombstone(id) {
            self.run_trash.remove(before);
        }
        match row {
            Some((record, false)) => {
                if !record.is_running() && board.runs.get(id).is_none_or(|before| before.is_running()) {
                    self.curves.add_ended_run(&record.board, id);
                }
                board.runs.put(record.clone());
            }
            Some((record, true)) => {
                self.run_trash.insert(record, size);
                board.runs.put_tombstone(record.clone());
            }
            None => board.runs.remove(id),
        }
        self.board_list_version += u64::from(had_none != board.runs.is_empty());
    }

    /// Sets the time of the last heartbeat of a run or of its tombstone: Unix time, ms. Returns whether there is one.
    pub(crate) fn set_heartbeat(&self, board: &str, run: &RunId, ms: u64) -> bool {
        let record = self.boards.get(board).and_then(|board| board.runs.get_or_tombstone(run));
        record.inspect(|record| record.beat.set(ms)).is_some()
    }

    /// At a start: the event of a cell's last points may be one of a board that the cell has left.
    pub(crate) fn clamp_series_seq(&mut self, id: &CellId) {
        let Some(record) = self.cell(id).cloned() else { return };
        let last = self.board(&record.board).map_or(0, |board| board.seq);
        if let Some(known) = self.series.get_mut(id).filter(|known| known.seq > last) {
            known.seq = record.seq;
        }
    }

    /// Inserts or replaces a cell, and removes it from another board or from the tombstones.
    pub fn put(&mut self, record: Arc<Record>) {
        let home = self.home.get(&record.id);
        let stays = home.is_some_and(|home| *home == record.board);
        if home.is_some()
            && !stays
            && let Some(known) = self.series.get_mut(&record.id)
        {
            known.seq = record.seq;
        }
        if !stays {
            self.purge(&record.id);
            self.home.insert(record.id.clone(), record.board.clone());
        }
        let board = self.boards.entry(record.board.clone()).or_default();
        self.board_list_version += u64::from(board.cells.is_empty());
        board.cells.insert(record.id.clone(), record);
    }

    /// Replaces a cell by its tombstone.
    pub fn put_tombstone(&mut self, record: Arc<Record>) {
        self.purge(&record.id);
        let board = self.boards.entry(record.board.clone()).or_default();
        let (bytes, is_of_board) = tombstone_size(&self.series, &self.run_values, board, &record);
        self.tombstones.insert(&record, bytes, is_of_board);
        board.tombstones.insert(record.seq, record);
    }

    /// Removes a cell or its tombstone.
    pub fn purge(&mut self, id: &CellId) {
        if let Some(home) = self.home.remove(id)
            && let Some(board) = self.boards.get_mut(&home)
        {
            board.cells.remove(id);
            self.board_list_version += u64::from(board.cells.is_empty());
        }
        if let Some(known) = self.tombstones.remove(id)
            && let Some(board) = self.boards.get_mut(&known.board)
        {
            board.tombstones.remove(&known.seq);
        }
    }
}

/// The text of a run's id is in memory once, for all series of the run.
fn with_shared_run(mut series: Series, boards: &HashMap<Arc<str>, BoardIndex>, home: Option<&Arc<str>>) -> Series {
    if let Some(run) = &mut series.id.run
        && let Some(record) = home.and_then(|home| boards.get(home)?.runs.get(run))
    {
        *run = record.id.clone();
    }
    series
}

#[cfg(test)]
impl Default for Index {
    fn default() -> Self {
        Self::new(|_, _| CellContent::Empty)
    }
}
