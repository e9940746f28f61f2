//! What cells and runs have on disk, about.

use std::collections::{HashMap, HashSet};

use super::run_trash::RunSize;
use super::run_values::RunValueIndex;
use super::tombstones::{POINT_BYTES, ROW_BYTES, disk_bytes};
use super::{BoardIndex, Index};
use crate::protocol::{CellId, RunId};
use crate::server::store::record::Record;
use crate::server::store::series::{CellSeries, Series};

impl Index {
    /// Estimated bytes on disk of the cells and runs of a board, deleted ones excluded.
    pub fn board_bytes(&self, board: &BoardIndex) -> u64 {
        let of_cell = |record: &Record| {
            let points = point_count(&self.series, &record.id).saturating_mul(POINT_BYTES);
            ROW_BYTES + record.value.bytes() as u64 + points + self.run_values.bytes(&record.id)
        };
        let cells: u64 = board.cells.values().map(|record| of_cell(record)).sum();
        let totals = board.runs.totals();
        cells + ROW_BYTES * totals.runs as u64 + totals.bytes as u64
    }
}

/// The bytes of a deleted cell, and whether it was deleted with its board. Points and values of runs that are deleted, too, count there.
pub fn tombstone_size(series: &HashMap<CellId, CellSeries>, values: &RunValueIndex, board: &BoardIndex, record: &Record) -> (u64, bool) {
    let is_of_board = board.document.as_ref().is_some_and(|document| document.has_removed_cell(record.seq));
    if !is_of_board {
        return (disk_bytes(record, point_count(series, &record.id)) + values.bytes(&record.id), false);
    }
    let own = series.get(&record.id).map_or(0, |known| known.list.iter().map(Series::count).sum());
    (disk_bytes(record, own), true)
}

/// Number of points of all series of a cell.
pub fn point_count(series: &HashMap<CellId, CellSeries>, id: &CellId) -> u64 {
    series.get(id).map_or(0, |known| known.all().map(Series::count).sum())
}

/// What each of these runs has in the cells of their board: one pass over the series and values of the cells, or over the runs where these
/// are fewer.
pub fn run_sizes(
    series: &HashMap<CellId, CellSeries>,
    values: &RunValueIndex,
    board: &BoardIndex,
    runs: &HashSet<&RunId>,
) -> HashMap<RunId, RunSize> {
    let mut sizes: HashMap<RunId, RunSize> = HashMap::new();
    if runs.is_empty() {
        return sizes;
    }
    for cell in board.cells.keys() {
        let (known, values) = (series.get(cell), values.of_cell(cell));
        let of_runs = known.into_iter().flat_map(|known| known.runs_among(runs)).map(|(run, list)| {
            let points = list.iter().map(Series::count).sum();
            (run, RunSize { points, value_bytes: 0 })
        });
        let of_values = values.into_iter().flatten().filter(|(run, _)| runs.contains(run));
        let of_values = of_values.map(|(run, value)| (run, RunSize { points: 0, value_bytes: value.bytes }));
        for (run, size) in of_runs.chain(of_values) {
            let sum = sizes.entry(run.clone()).or_default();
            sum.points += size.points;
            sum.value_bytes += size.value_bytes;
        }
    }
    sizes
}
