//! Charts of metrics that have no points of some runs: pages do not show them.

use super::Boards;
use crate::protocol::{CellId, RunId};

impl Boards {
    /// The line charts of a board that have points of runs, but of none of these. A board that is not there has none.
    pub fn empty_charts(&self, board: &str, runs: &[RunId]) -> Vec<CellId> {
        let index = self.store.index();
        let Some(known) = index.board(board) else { return Vec::new() };
        let is_empty = |id: &CellId| {
            let Some(series) = index.cell_series(id) else { return false };
            let has_points = |run: &RunId| index.series_of_run(id, run).iter().any(|series| series.last.is_some());
            let is_of_runs = series.of_runs().next().is_some() && series.all().all(|series| series.id.run.is_some());
            is_of_runs && !runs.iter().any(has_points)
        };
        let lines = known.cells.values().filter(|record| record.is_line()).map(|record| &record.id);
        lines.filter(|id| is_empty(id)).cloned().collect()
    }
}
