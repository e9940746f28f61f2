//! The last value of each run in cells of other types than `line`, within a batch.

use std::sync::Arc;

use super::batch::Batch;
use crate::protocol::{CellId, RunId};
use crate::server::store::Record;

impl Batch<'_> {
    /// Sets the value of a run in a cell, as JSON text, and returns its version. The document of the cell stays as it is.
    pub fn put_run_value(&mut self, cell: &CellId, run: &RunId, value: Arc<str>) -> u64 {
        let version = self.next_version();
        self.set_run_value(cell, run, Some((version, value)));
        version
    }

    /// Removes what a new cell in place of a deleted one must not show: its series, and its values of runs. Those of deleted runs of the
    /// board are hidden and stay, so that they come back with their runs, if the deleted cell is of the same type.
    pub fn clear_for(&mut self, new: &Record) {
        let is_alike = |old: &Record| old.board == new.board && old.text("type") == new.text("type");
        if !self.tombstone(&new.id).is_some_and(|old| is_alike(&old)) {
            self.clear_series(&new.id);
            return self.clear_run_values(&new.id);
        }
        let is_hidden = |run: &RunId| self.removed_run(&new.board, run).is_some();
        let series = self.all_series(&new.id).filter(|id| !id.run.as_ref().is_some_and(is_hidden)).cloned().collect();
        let values: Vec<_> = self.runs_with_value(&new.id).into_iter().filter(|run| !is_hidden(run)).collect();
        self.remove_series(&new.id, series);
        values.iter().for_each(|run| self.remove_run_value(&new.id, run));
    }

    /// Whether a cell of this type cannot take this id of the board without loss: a deleted cell of another type has series or values of
    /// deleted runs there, which can be restored.
    pub fn is_in_trash_of_runs(&self, board: &str, id: &CellId, kind: &str) -> bool {
        let old = self.tombstone(id).filter(|old| *old.board == *board && old.text("type") != kind);
        let is_hidden = |run: &RunId| self.removed_run(board, run).is_some();
        old.is_some()
            && (self.runs_with_series(id).iter().any(is_hidden)
                || self.runs_with_value(id).iter().any(|run| self.has_value(id, run) && is_hidden(run)))
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
