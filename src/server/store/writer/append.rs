//! Appending points within a batch: each operation sees the points of the accepted operations before it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::batch::{Batch, Layer, RowState};
use super::change::Change;
use crate::protocol::CellId;
use crate::series::Points;
use crate::server::store::series::append_event::{AppendEvent, AppendedCell};
use crate::server::store::series::delta::{AppendPlan, NewPoints, PendingSeries, SeriesDelta, SeriesPlan};
use crate::server::store::series::{self, Point, Series};

impl Batch<'_> {
    /// Appends to a series of the cell, which is created if missing. Returns the index of the first new point and the number of
    /// points afterwards. Steps are stored in the order of arrival, also where they repeat or go back.
    pub fn append(&mut self, cell: &CellId, name: &str, new: NewPoints) -> (u64, u64) {
        let now = self.now_ms as f64 / 1000.0;
        let pending = self.pending_series(cell, name);
        let next = pending.newest().map_or(0.0, |newest| newest.x + 1.0);
        let NewPoints { x, y, t } = new;
        let from = pending.end();
        let x = x.unwrap_or_else(|| (0..y.len()).map(|at| next + at as f64).collect());
        let t = t.unwrap_or_else(|| vec![now; y.len()]);
        pending.points.extend(&Points { x, y, t });
        (from, pending.end())
    }

    /// Removes all series of the cell except those of these names.
    pub fn retain_series(&mut self, cell: &CellId, retained: &[Arc<str>]) {
        let retained: HashSet<&Arc<str>> = retained.iter().collect();
        let removed: HashSet<Arc<str>> = self.series_names(cell).into_iter().filter(|name| !retained.contains(name)).collect();
        if !removed.is_empty() {
            self.current.series.entry(cell.clone()).or_default().merge(SeriesDelta { removed, ..SeriesDelta::default() });
        }
    }

    pub fn series_names(&self, cell: &CellId) -> Vec<Arc<str>> {
        let mut names: Vec<Arc<str>> = self.index.series(cell).iter().map(|series| series.name.clone()).collect();
        for delta in [&self.done, &self.current].into_iter().filter_map(|layer| layer.series.get(cell)) {
            names.retain(|name| !delta.removed.contains(name));
            let known: HashSet<Arc<str>> = names.iter().cloned().collect();
            names.extend(delta.appended.iter().filter(|pending| !known.contains(&pending.name)).map(|pending| pending.name.clone()));
        }
        names
    }

    /// JSON summary of the cell's series, see [`series::summary`].
    pub fn summary(&self, cell: &CellId) -> String {
        let layers = [&self.done, &self.current];
        if layers.iter().all(|layer| !layer.series.contains_key(cell)) {
            return series::summary(self.index.series(cell));
        }
        let now = self.current.series.get(cell);
        series::summary_of(self.series_names(cell).into_iter().map(|name| {
            let pending = now.and_then(|delta| delta.appended.get(&name)).map(|pending| (pending.end(), pending.newest()));
            let (points, last) = pending.or_else(|| self.known(cell, &name)).unwrap_or_default();
            (name, points, last)
        }))
    }

    /// The points that this operation appends to a series so far.
    fn pending_series(&mut self, cell: &CellId, name: &str) -> &mut PendingSeries {
        let known = self.known(cell, name);
        let delta = self.current.series.entry(cell.clone()).or_default();
        let at = delta.appended.position(name).unwrap_or_else(|| {
            let (start, last) = known.unwrap_or_default();
            delta.appended.push(PendingSeries { name: Arc::from(name), start, last, points: Points::default() })
        });
        &mut delta.appended[at]
    }

    /// Number of points before this operation, and the last of them; `None` if there is no such series.
    fn known(&self, cell: &CellId, name: &str) -> Option<(u64, Option<Point>)> {
        let is_removed = |layer: &Layer| layer.series.get(cell).is_some_and(|delta| delta.removed.contains(name));
        if is_removed(&self.current) {
            return None;
        }
        if let Some(pending) = self.done.series.get(cell).and_then(|delta| delta.appended.get(name)) {
            return Some((pending.end(), pending.newest()));
        }
        if is_removed(&self.done) {
            return None;
        }
        self.index.cell_series(cell)?.by_name(name).map(|series| (series.count(), series.last))
    }

    /// Numbers the events of new points, one per board, and plans what is to be written. Keys of new series count on from `key`.
    pub(crate) fn plan_appends(&mut self, key: &mut i64) -> Vec<AppendPlan> {
        let mut appended: HashMap<Arc<str>, AppendEvent> = HashMap::new();
        let mut planned = Vec::new();
        for (id, delta) in std::mem::take(&mut self.done.series) {
            let is_purged = matches!(self.done.cells.get(&id), Some(RowState::Purged));
            let known = self.index.cell_series(&id);
            let committed = self.index.series(&id);
            let mut removed: Vec<Series> = committed.iter().filter(|series| delta.removed.contains(&series.name)).cloned().collect();
            if is_purged {
                planned.push(AppendPlan { cell: id, seq: 0, series: Vec::new(), removed: committed.to_vec() });
                continue;
            }
            removed.sort_unstable_by_key(|series| series.key);
            let mut seq = known.map_or(0, |known| known.seq);
            // Points appended before the cell was deleted in the same batch stay with it and are not published.
            if let Some(record) = self.cell(&id) {
                // Readers that have seen a removal have dropped all series of the cell.
                let is_known = self.index.cell(&id).is_some();
                let names: HashSet<&str> = committed.iter().filter(|_| is_known).map(|series| &*series.name).collect();
                if let Some(cell) = AppendedCell::of(&id, &delta, &names) {
                    if !appended.contains_key(&record.board) {
                        let seq = self.next_done_seq(&record.board);
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
                let before = known
                    .and_then(|known| known.by_name(&pending.name))
                    .filter(|series| removed.binary_search_by_key(&series.key, |removed| removed.key).is_err());
                let (before, is_new) = match before {
                    Some(before) => (before.clone(), false),
                    None => {
                        *key += 1;
                        (Series::new(*key, pending.name, seq), true)
                    }
                };
                series.push(SeriesPlan { before, is_new, points: pending.points, after: None });
            }
            planned.push(AppendPlan { cell: id, seq, series, removed });
        }
        for (id, row_state) in &self.done.cells {
            let committed = self.index.series(id);
            if matches!(row_state, RowState::Purged) && !committed.is_empty() && !planned.iter().any(|known| known.cell == *id) {
                let removed = committed.to_vec();
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
        assert_eq!(batch.append(&id, "loss", new(&[3.0, 2.0])), (0, 2));
        batch.end(true);
        assert_eq!(batch.append(&id, "loss", new(&[9.0])), (2, 3));
        batch.end(false);
        assert_eq!(batch.append(&id, "loss", NewPoints { x: Some(vec![0.5]), y: vec![1.0], t: Some(vec![7.0]) }), (2, 3));
        assert_eq!(batch.append(&id, "loss", new(&[0.0])), (3, 4));
        batch.end(true);
        let pending = &batch.done.series[&id].appended[0];
        assert_eq!((pending.start, pending.points.x.clone()), (0, vec![0.0, 1.0, 0.5, 1.5]), "steps count on from the last one");
        assert_eq!(pending.points.t, [5.0, 5.0, 7.0, 5.0]);
    }

    #[test]
    fn a_series_that_is_replaced_starts_at_index_0() {
        let (index, id) = (Index::default(), CellId::parse("a").unwrap());
        let mut batch = Batch::new(&index, 0, 0);
        batch.append(&id, "a", new(&[1.0]));
        batch.append(&id, "b", new(&[1.0]));
        batch.end(true);
        batch.retain_series(&id, &["b".into()]);
        assert_eq!(batch.append(&id, "a", new(&[5.0])), (0, 1));
        batch.end(true);
        assert_eq!(batch.append(&id, "b", new(&[2.0])), (1, 2));
        batch.end(true);
        let names: Vec<_> = batch.series_names(&id).iter().map(|name| name.to_string()).collect();
        assert_eq!(names, ["b", "a"]);
        let a = batch.done.series[&id].appended.get("a").unwrap();
        assert_eq!(a.points.y, [5.0]);
        batch.append(&id, "b", new(&[3.0, 4.0]));
        assert_eq!(batch.summary(&id), r#"{"series":{"b":{"points":4,"last":[3.0,4.0]},"a":{"points":1,"last":[0.0,5.0]}}}"#);
    }
}
