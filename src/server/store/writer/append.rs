//! Appending points within a batch: each operation sees the points of the accepted operations before it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::batch::{Batch, Layer};
use super::batch_outcome::RowState;
use super::change::Change;
use crate::protocol::{CellId, RunId, SeriesId};
use crate::series::Points;
use crate::server::store::RunRecord;
use crate::server::store::series::append_event::{AppendEvent, AppendedCell};
use crate::server::store::series::delta::{AppendPlan, NewPoints, PendingSeries, SeriesDelta, SeriesPlan};
use crate::server::store::series::{self, CellSeries, Point, Series};

/// A series within a batch.
#[derive(Default)]
struct SeriesState {
    /// Of a series of a run: the name under which its points were sent.
    metric: Option<Arc<str>>,
    /// Number of points.
    points: u64,
    last: Option<Point>,
}

impl SeriesState {
    fn of(pending: &PendingSeries) -> Self {
        Self { metric: pending.metric.clone(), points: pending.end(), last: pending.newest() }
    }
}

impl Batch<'_> {
    /// Appends to a series of the cell, which is created if missing. `metric`: of a new series of a run, the name that was sent. Returns
    /// the index of the first new point and the number of points afterwards. Steps are stored in the order of arrival, also where they
    /// repeat or go back.
    pub fn append(&mut self, cell: &CellId, id: &SeriesId, metric: Option<&str>, new: NewPoints) -> (u64, u64) {
        let now = self.now_ms as f64 / 1000.0;
        let pending = self.pending_series(cell, id, metric);
        let next = pending.newest().map_or(0.0, |newest| newest.x + 1.0);
        let NewPoints { x, y, t } = new;
        let from = pending.end();
        let x = x.unwrap_or_else(|| (0..y.len()).map(|at| next + at as f64).collect());
        let t = t.unwrap_or_else(|| vec![now; y.len()]);
        pending.points.extend(&Points { x, y, t });
        (from, pending.end())
    }

    /// Removes all series without a run of the cell, except those of these names.
    pub fn retain_series(&mut self, cell: &CellId, retained: &[Arc<str>]) {
        let retained: HashSet<&Arc<str>> = retained.iter().collect();
        let names = self.series_names(cell).into_iter().filter(|name| !retained.contains(name));
        let removed = names.map(SeriesId::plain).collect();
        self.remove_series(cell, removed);
    }

    /// Removes all series of the cell, those of runs included.
    pub fn clear_series(&mut self, cell: &CellId) {
        let removed = self.all_series(cell).cloned().collect();
        self.remove_series(cell, removed);
    }

    /// Removes the series of runs of the cell.
    pub(super) fn clear_run_series(&mut self, cell: &CellId) {
        let removed = self.all_series(cell).filter(|id| id.run.is_some()).cloned().collect();
        self.remove_series(cell, removed);
    }

    /// The runs that have a series in the cell, deleted ones included.
    pub(super) fn runs_with_series(&self, cell: &CellId) -> HashSet<RunId> {
        let of_runs = self.all_series(cell).filter(|id| self.series_state(cell, id).is_some());
        of_runs.filter_map(|id| id.run.clone()).collect()
    }

    /// The series of the cell that are committed or touched, in any order; also those that are removed.
    pub(super) fn all_series(&self, cell: &CellId) -> impl Iterator<Item = &SeriesId> {
        let committed = self.index.cell_series(cell).into_iter().flat_map(|known| known.all().map(|series| &series.id));
        let layers = [&self.done, &self.current].into_iter().filter_map(|layer| layer.series.get(cell));
        committed.chain(layers.flat_map(|delta| delta.appended.iter().map(|pending| &pending.id)))
    }

    pub(super) fn remove_series(&mut self, cell: &CellId, removed: HashSet<SeriesId>) {
        if removed.is_empty() {
            return;
        }
        let mut delta = SeriesDelta::default();
        removed.iter().filter(|id| self.series_state(cell, id).is_some()).for_each(|id| delta.grow(id, -1));
        self.current.series.entry(cell.clone()).or_default().merge(SeriesDelta { removed, ..delta });
    }

    /// The names of the series without a run.
    pub fn series_names(&self, cell: &CellId) -> Vec<Arc<str>> {
        let mut names: Vec<Arc<str>> = self.index.series(cell).iter().map(|series| series.id.name.clone()).collect();
        for delta in [&self.done, &self.current].into_iter().filter_map(|layer| layer.series.get(cell)) {
            if delta.removed.iter().any(|id| id.run.is_none()) {
                let removed: HashSet<&Arc<str>> = delta.removed.iter().filter(|id| id.run.is_none()).map(|id| &id.name).collect();
                names.retain(|name| !removed.contains(name));
            }
            let known: HashSet<Arc<str>> = names.iter().cloned().collect();
            let appended = delta.appended.iter().map(|pending| &pending.id).filter(|id| id.run.is_none() && !known.contains(&id.name));
            names.extend(appended.map(|id| id.name.clone()));
        }
        names
    }

    /// Number of the cell's series of runs, or of those without.
    pub fn series_count(&self, cell: &CellId, of_runs: bool) -> usize {
        let known = self.index.cell_series(cell);
        let committed = known.map_or(0, |known| if of_runs { known.run_series() } else { known.list.len() });
        let layers = [&self.done, &self.current].into_iter().filter_map(|layer| layer.series.get(cell));
        let growth: isize = layers.map(|delta| if of_runs { delta.run_growth } else { delta.growth }).sum();
        committed.saturating_add_signed(growth)
    }

    /// Number of the cell's series of runs that are deleted and can be restored; of runs that this batch deletes, only those before it.
    pub fn series_in_trash(&self, cell: &CellId) -> usize {
        let Some((record, known)) = self.cell(cell).zip(self.index.cell_series(cell)) else { return 0 };
        let series = self.deleted_runs(&record.board).flat_map(|run| known.of_run(run));
        series.filter(|series| self.series_state(cell, &series.id).is_some()).count()
    }

    /// The cells of a board in which one of these runs has a committed series.
    pub fn cells_with_runs(&self, board: &str, runs: &[Arc<RunRecord>]) -> impl Iterator<Item = &CellId> {
        let cells = self.index.board(board).into_iter().flat_map(|board| board.cells.keys());
        cells.filter(|cell| {
            let known = self.index.cell_series(cell);
            known.is_some_and(|known| runs.iter().any(|run| !known.of_run(&run.id).is_empty()))
        })
    }

    /// Whether the series takes no more points, because those on disk are damaged.
    pub fn is_damaged(&self, cell: &CellId, id: &SeriesId) -> bool {
        let mut layers = [&self.done, &self.current].into_iter().filter_map(|layer| layer.series.get(cell));
        let known = self.index.cell_series(cell).and_then(|known| known.get(id));
        known.is_some_and(|series| series.is_damaged() && !layers.any(|delta| delta.removed.contains(id)))
    }

    /// The name under which the points of a series of a run were sent; `None` if there is no such series.
    pub fn metric_of(&self, cell: &CellId, id: &SeriesId) -> Option<Arc<str>> {
        self.series_state(cell, id)?.metric
    }

    /// JSON summary of the cell's series without a run, see [`series::summary`].
    pub fn summary(&self, cell: &CellId) -> String {
        let layers = [&self.done, &self.current];
        if layers.iter().all(|layer| !layer.series.contains_key(cell)) {
            return series::summary(self.index.series(cell));
        }
        series::summary_of(self.series_names(cell).into_iter().map(|name| {
            let state = self.series_state(cell, &SeriesId::plain(name.clone())).unwrap_or_default();
            (name, state.points, state.last)
        }))
    }

    /// The points that this operation appends to a series so far.
    fn pending_series(&mut self, cell: &CellId, id: &SeriesId, metric: Option<&str>) -> &mut PendingSeries {
        let here = self.current.series.get(cell).and_then(|delta| delta.appended.position(id));
        let known = if here.is_none() { self.known(cell, id) } else { None };
        let delta = self.current.series.entry(cell.clone()).or_default();
        let at = here.unwrap_or_else(|| {
            if known.is_none() {
                delta.grow(id, 1);
            }
            let SeriesState { metric, points: start, last } =
                known.unwrap_or_else(|| SeriesState { metric: metric.map(Arc::from), ..SeriesState::default() });
            delta.appended.push(PendingSeries { id: id.clone(), metric, start, last, points: Points::default() })
        });
        &mut delta.appended[at]
    }

    /// `None` if there is no such series.
    fn series_state(&self, cell: &CellId, id: &SeriesId) -> Option<SeriesState> {
        let pending = self.current.series.get(cell).and_then(|delta| delta.appended.get(id));
        pending.map(SeriesState::of).or_else(|| self.known(cell, id))
    }

    /// As [`Self::series_state`], before this operation, or after it has removed the series.
    fn known(&self, cell: &CellId, id: &SeriesId) -> Option<SeriesState> {
        let is_removed = |layer: &Layer| layer.series.get(cell).is_some_and(|delta| delta.removed.contains(id));
        if is_removed(&self.current) {
            return None;
        }
        if let Some(pending) = self.done.series.get(cell).and_then(|delta| delta.appended.get(id)) {
            return Some(SeriesState::of(pending));
        }
        if is_removed(&self.done) {
            return None;
        }
        let series = self.index.cell_series(cell)?.get(id)?;
        Some(SeriesState { metric: series.metric.clone(), points: series.count(), last: series.last })
    }

    /// Numbers the events of new points, one per board, and plans what is to be written. Keys of new series count on from `key`.
    pub(crate) fn plan_appends(&mut self, key: &mut i64) -> Vec<AppendPlan> {
        let mut appended: HashMap<Arc<str>, AppendEvent> = HashMap::new();
        let mut planned = Vec::new();
        for (id, delta) in std::mem::take(&mut self.done.series) {
            let is_purged = matches!(self.done.cells.get(&id), Some(RowState::Purged));
            let known = self.index.cell_series(&id);
            if is_purged {
                let removed = known.into_iter().flat_map(CellSeries::all).cloned().collect();
                planned.push(AppendPlan { cell: id, seq: 0, series: Vec::new(), removed });
                continue;
            }
            // A cell may have many series: only those of the delta are looked at.
            let removed: Vec<Series> = delta.removed.iter().filter_map(|id| known?.get(id)).cloned().collect();
            let mut seq = known.map_or(0, |known| known.seq);
            // Points appended before the cell was deleted in the same batch stay with it and are not published.
            if let Some(record) = self.cell(&id) {
                // Readers that have seen a removal have dropped all series of the cell.
                if let Some(cell) = AppendedCell::of(&id, &delta, |series| self.index.visible_series(&id, series).is_some()) {
                    if !appended.contains_key(&record.board) {
                        let seq = self.next_batch_seq(&record.board);
                        let event = AppendEvent { board: record.board.clone(), first: seq, seq, cells: Vec::new() };
                        appended.insert(record.board.clone(), event);
                    }
                    if let Some(event) = appended.get_mut(&record.board) {
                        seq = event.seq;
                        event.cells.push(cell);
                    }
                }
            }
            if removed.is_empty() && delta.appended.is_empty() {
                continue;
            }
            let mut series = Vec::new();
            for pending in delta.appended {
                let before = known.and_then(|known| known.get(&pending.id)).filter(|_| !delta.removed.contains(&pending.id));
                let (before, is_new) = match before {
                    Some(before) => (before.clone(), false),
                    None => {
                        *key += 1;
                        (Series::new(*key, pending.id, pending.metric, seq), true)
                    }
                };
                series.push(SeriesPlan { before, is_new, points: pending.points, after: None });
            }
            planned.push(AppendPlan { cell: id, seq, series, removed });
        }
        for (id, row_state) in &self.done.cells {
            let Some(committed) = self.index.cell_series(id).filter(|_| matches!(row_state, RowState::Purged)) else { continue };
            if !planned.iter().any(|known| known.cell == *id) {
                let removed = committed.all().cloned().collect();
                planned.push(AppendPlan { cell: id.clone(), seq: 0, series: Vec::new(), removed });
            }
        }
        self.done.changes.extend(appended.into_values().map(Change::Points));
        planned
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::store::Index;

    fn new(y: &[f64]) -> NewPoints {
        NewPoints { x: None, y: y.to_vec(), t: None }
    }

    #[test]
    fn operations_build_on_each_other_and_a_refused_one_leaves_nothing() {
        let (index, id) = (Index::default(), CellId::parse("a").unwrap());
        let mut batch = Batch::new(&index, 5_000, 0);
        assert_eq!(batch.append(&id, &SeriesId::plain("loss"), None, new(&[3.0, 2.0])), (0, 2));
        batch.end(true);
        assert_eq!(batch.append(&id, &SeriesId::plain("loss"), None, new(&[9.0])), (2, 3));
        batch.end(false);
        assert_eq!(
            batch.append(&id, &SeriesId::plain("loss"), None, NewPoints { x: Some(vec![0.5]), y: vec![1.0], t: Some(vec![7.0]) }),
            (2, 3)
        );
        assert_eq!(batch.append(&id, &SeriesId::plain("loss"), None, new(&[0.0])), (3, 4));
        batch.end(true);
        let pending = &batch.done.series[&id].appended[0];
        assert_eq!((pending.start, pending.points.x.clone()), (0, vec![0.0, 1.0, 0.5, 1.5]), "steps count on from the last one");
        assert_eq!(pending.points.t, [5.0, 5.0, 7.0, 5.0]);
    }

    #[test]
    fn a_series_has_the_metric_that_began_it_in_all_operations() {
        let (mut index, id) = (Index::default(), CellId::parse("a").unwrap());
        let series = SeriesId::of_run(crate::protocol::RunId::parse("first").unwrap(), "train");
        for commit in 0..2 {
            let mut batch = Batch::new(&index, 0, 0);
            for operation in 0..2 {
                let expected = (commit + operation > 0).then_some("train/loss");
                assert_eq!(batch.metric_of(&id, &series).as_deref(), expected);
                let metric = if expected.is_none() { "train/loss" } else { "loss/train" };
                batch.append(&id, &series, Some(metric), new(&[1.0]));
                assert_eq!(batch.metric_of(&id, &series).as_deref(), Some("train/loss"));
                batch.end(true);
            }
            batch.finish(&mut 0).apply(&mut index);
        }
        let mut batch = Batch::new(&index, 0, 0);
        batch.clear_series(&id);
        assert_eq!(batch.metric_of(&id, &series), None);
        batch.append(&id, &series, Some("loss/train"), new(&[1.0]));
        assert_eq!(batch.metric_of(&id, &series).as_deref(), Some("loss/train"));
    }

    #[test]
    fn series_are_counted_through_operations_that_add_and_remove_them() {
        let (mut index, id) = (Index::default(), CellId::parse("a").unwrap());
        let first = crate::protocol::RunId::parse("first").unwrap();
        let of_run = |number: usize| SeriesId::of_run(first.clone(), number.to_string());
        for commit in 0..2 {
            let mut batch = Batch::new(&index, 0, 0);
            let count = |batch: &Batch| (batch.series_count(&id, false), batch.series_count(&id, true));
            assert_eq!(count(&batch), if commit == 0 { (0, 0) } else { (1, 29) });
            for number in 0..30 {
                batch.append(&id, &of_run(number), Some("loss"), new(&[1.0]));
                batch.append(&id, &of_run(number), Some("loss"), new(&[1.0]));
            }
            batch.append(&id, &SeriesId::plain("loss"), None, new(&[1.0]));
            assert_eq!(count(&batch), (1, 30));
            batch.end(true);
            batch.clear_series(&id);
            batch.append(&id, &of_run(1), Some("loss"), new(&[1.0]));
            assert_eq!(count(&batch), (0, 1));
            batch.end(false);
            batch.remove_series(&id, [of_run(3), of_run(77)].into());
            batch.remove_series(&id, [of_run(3)].into());
            assert_eq!(count(&batch), (1, 29));
            batch.end(true);
            assert_eq!(count(&batch), (1, 29));
            batch.finish(&mut (commit * 100)).apply(&mut index);
            let known = index.cell_series(&id).unwrap();
            assert_eq!((known.list.len(), known.run_series()), (1, 29));
        }
    }

    #[test]
    fn a_series_that_is_replaced_starts_at_index_0() {
        let (index, id) = (Index::default(), CellId::parse("a").unwrap());
        let mut batch = Batch::new(&index, 0, 0);
        batch.append(&id, &SeriesId::plain("a"), None, new(&[1.0]));
        batch.append(&id, &SeriesId::plain("b"), None, new(&[1.0]));
        batch.end(true);
        batch.retain_series(&id, &["b".into()]);
        assert_eq!(batch.append(&id, &SeriesId::plain("a"), None, new(&[5.0])), (0, 1));
        batch.end(true);
        assert_eq!(batch.append(&id, &SeriesId::plain("b"), None, new(&[2.0])), (1, 2));
        batch.end(true);
        let names: Vec<_> = batch.series_names(&id).iter().map(|name| name.to_string()).collect();
        assert_eq!(names, ["b", "a"]);
        let a = batch.done.series[&id].appended.get(&SeriesId::plain("a")).unwrap();
        assert_eq!(a.points.y, [5.0]);
        batch.append(&id, &SeriesId::plain("b"), None, new(&[3.0, 4.0]));
        assert_eq!(batch.summary(&id), r#"{"series":{"b":{"points":4,"last":[3.0,4.0]},"a":{"points":1,"last":[0.0,5.0]}}}"#);
    }
}
