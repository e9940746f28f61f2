//! The last value of each run in cells of other types than `line`, within a batch.

use std::sync::Arc;

use super::batch::Batch;
use crate::protocol::{CellId, RunId};

impl Batch<'_> {
    /// Sets the value of a run in a cell, as JSON text, and returns its version. The document of the cell stays as it is.
    pub fn put_run_value(&mut self, cell: &CellId, run: &RunId, value: Arc<str>) -> u64 {
        let version = self.next_version();
        self.set_run_value(cell, run, Some((version, value)));
        version
    }

    /// Removes what a new cell of this id must not show: all series, and all values of runs.
    pub fn clear_cell(&mut self, cell: &CellId) {
        self.clear_series(cell);
        self.clear_run_values(cell);
    }

    /// Removes the series and values of runs.
    pub(super) fn clear_runs(&mut self, cell: &CellId) {
        self.clear_run_series(cell);
        self.clear_run_values(cell);
    }

    fn clear_run_values(&mut self, cell: &CellId) {
        for run in self.runs_with_value(cell) {
            self.remove_run_value(cell, &run);
        }
    }

    /// A run of the board that has a series or a value in the cell.
    pub fn run_of_cell(&self, board: &str, cell: &CellId) -> Option<RunId> {
        let runs =
            self.runs_with_series(cell).into_iter().chain(self.runs_with_value(cell).into_iter().filter(|run| self.has_value(cell, run)));
        runs.filter(|run| self.run(board, run).is_some()).min()
    }

    /// Removes the value of a run in a cell, if there is one.
    pub(super) fn remove_run_value(&mut self, cell: &CellId, run: &RunId) {
        if self.has_value(cell, run) {
            self.set_run_value(cell, run, None);
        }
    }

    fn has_value(&self, cell: &CellId, run: &RunId) -> bool {
        let pending = [&self.current, &self.done].into_iter().find_map(|layer| layer.run_values.get(cell)?.get(run));
        match pending {
            Some(value) => value.is_some(),
            None => self.index.run_values(cell).is_some_and(|known| known.contains_key(run)),
        }
    }

    fn set_run_value(&mut self, cell: &CellId, run: &RunId, value: Option<(u64, Arc<str>)>) {
        self.current.run_values.entry(cell.clone()).or_default().insert(run.clone(), value);
    }

    fn runs_with_value(&self, cell: &CellId) -> Vec<RunId> {
        let committed = self.index.run_values(cell).into_iter().flatten().map(|(run, _)| run);
        let layers = [&self.done, &self.current].into_iter().filter_map(|layer| layer.run_values.get(cell));
        committed.chain(layers.flatten().map(|(run, _)| run)).cloned().collect()
    }
}
