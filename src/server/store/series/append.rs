//! How series grow in a batch: points wait beside the index until they are on disk, each operation on top of those before it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::append_event::{AppendEvent, AppendedCell};
use super::{Point, Series, last};
use crate::protocol::CellId;
use crate::series::Points;
use crate::server::store::Change;
use crate::server::store::index::names::{Keyed, NameIndex};
use crate::server::store::series;
use crate::server::store::writer::batch::{Batch, Layer, RowState};

/// What a batch, or one operation of it, does to the series of one cell.
#[derive(Clone, Debug, Default)]
pub struct SeriesDelta {
    /// The series of these names that were there before are no longer the cell's.
    pub gone: HashSet<Arc<str>>,
    pub list: NameIndex<PendingSeries>,
}

#[derive(Clone, Debug)]
pub struct PendingSeries {
    pub name: Arc<str>,
    /// How many points there were before.
    pub start: u64,
    /// The newest of those.
    pub last: Option<Point>,
    pub points: Points,
}

impl PendingSeries {
    fn end(&self) -> u64 {
        self.start + self.points.len() as u64
    }

    fn newest(&self) -> Option<Point> {
        last(&self.points).or(self.last)
    }
}

impl Keyed for PendingSeries {
    fn name(&self) -> &Arc<str> {
        &self.name
    }
}

impl SeriesDelta {
    pub fn merge(&mut self, later: Self) {
        self.list.retain(|grown| !later.gone.contains(&grown.name));
        self.gone.extend(later.gone);
        for grown in later.list {
            match self.list.find_mut(&grown.name) {
                Some(known) => known.points.extend(&grown.points),
                None => drop(self.list.push(grown)),
            }
        }
    }
}

/// Points as a client sent them; what is missing is filled in when they are accepted.
#[derive(Clone, Debug, PartialEq)]
pub struct NewPoints {
    /// Steps; without them they count on from the last one.
    pub x: Option<Vec<f64>>,
    pub y: Vec<f64>,
    /// Wall times, seconds since 1970; without them the moment of acceptance.
    pub t: Option<Vec<f64>>,
}

/// What is to be written of the series of one cell.
#[derive(Debug)]
pub struct AppendPlan {
    pub cell: CellId,
    /// The event that tells of it.
    pub seq: u64,
    pub series: Vec<SeriesPlan>,
    /// Series that are no longer the cell's, by their keys.
    pub gone: Vec<Series>,
}

#[derive(Debug)]
pub struct SeriesPlan {
    /// As it is committed.
    pub before: Series,
    pub is_new: bool,
    pub points: Points,
    /// As it is afterwards, where chunks became complete.
    pub after: Option<Series>,
}

impl Batch<'_> {
    /// Appends to a series of the cell; one that is not there yet begins. Answers the index of the first of these points and how
    /// many the series has now. Steps that go backwards, come late or twice are kept as they come.
    pub fn append(&mut self, cell: &CellId, name: &str, new: NewPoints) -> (u64, u64) {
        let now = self.now_ms as f64 / 1000.0;
        let grown = self.growing(cell, name);
        let next = grown.newest().map_or(0.0, |newest| newest.x + 1.0);
        let NewPoints { x, y, t } = new;
        let from = grown.end();
        let x = x.unwrap_or_else(|| (0..y.len()).map(|at| next + at as f64).collect());
        let t = t.unwrap_or_else(|| vec![now; y.len()]);
        grown.points.extend(&Points { x, y, t });
        (from, grown.end())
    }

    /// Takes all series from the cell but those of these names.
    pub fn retain_series(&mut self, cell: &CellId, kept: &[Arc<str>]) {
        let kept: HashSet<&Arc<str>> = kept.iter().collect();
        let gone: HashSet<Arc<str>> = self.series_names(cell).into_iter().filter(|name| !kept.contains(name)).collect();
        if !gone.is_empty() {
            self.current.growth.entry(cell.clone()).or_default().merge(SeriesDelta { gone, list: NameIndex::default() });
        }
    }

    pub fn series_names(&self, cell: &CellId) -> Vec<Arc<str>> {
        let mut names: Vec<Arc<str>> = self.index.series(cell).iter().map(|series| series.name.clone()).collect();
        for growth in [&self.done, &self.current].into_iter().filter_map(|layer| layer.growth.get(cell)) {
            names.retain(|name| !growth.gone.contains(name));
            let known: HashSet<Arc<str>> = names.iter().cloned().collect();
            names.extend(growth.list.iter().filter(|grown| !known.contains(&grown.name)).map(|grown| grown.name.clone()));
        }
        names
    }

    /// What is told of the cell's series in place of their points.
    pub fn summary(&self, cell: &CellId) -> String {
        let layers = [&self.done, &self.current];
        if layers.iter().all(|layer| !layer.growth.contains_key(cell)) {
            return series::summary(self.index.series(cell));
        }
        let now = self.current.growth.get(cell);
        series::told(self.series_names(cell).into_iter().map(|name| {
            let grown = now.and_then(|growth| growth.list.find(&name)).map(|grown| (grown.end(), grown.newest()));
            let (points, last) = grown.or_else(|| self.known(cell, &name)).unwrap_or_default();
            (name, points, last)
        }))
    }

    /// The series as it stands in this operation, begun if it is new.
    fn growing(&mut self, cell: &CellId, name: &str) -> &mut PendingSeries {
        let known = self.known(cell, name);
        let growth = self.current.growth.entry(cell.clone()).or_default();
        let at = growth.list.place(name).unwrap_or_else(|| {
            let (start, last) = known.unwrap_or_default();
            growth.list.push(PendingSeries { name: Arc::from(name), start, last, points: Points::default() })
        });
        &mut growth.list[at]
    }

    /// How many points there are before this operation, and the newest.
    fn known(&self, cell: &CellId, name: &str) -> Option<(u64, Option<Point>)> {
        let is_gone = |layer: &Layer| layer.growth.get(cell).is_some_and(|growth| growth.gone.contains(name));
        if is_gone(&self.current) {
            return None;
        }
        if let Some(grown) = self.done.growth.get(cell).and_then(|growth| growth.list.find(name)) {
            return Some((grown.end(), grown.newest()));
        }
        if is_gone(&self.done) {
            return None;
        }
        self.index.cell_series(cell)?.named(name).map(|series| (series.count(), series.last))
    }

    /// Numbers the events of the boards whose cells grew, and lists what is to be written. Keys of new series count on from `key`.
    pub(crate) fn plan_appends(&mut self, key: &mut i64) -> Vec<AppendPlan> {
        let mut appended: HashMap<Arc<str>, AppendEvent> = HashMap::new();
        let mut planned = Vec::new();
        for (id, growth) in std::mem::take(&mut self.done.growth) {
            let forgotten = matches!(self.done.cells.get(&id), Some(RowState::Forgotten));
            let known = self.index.cell_series(&id);
            let committed = self.index.series(&id);
            let mut gone: Vec<Series> = committed.iter().filter(|series| growth.gone.contains(&series.name)).cloned().collect();
            if forgotten {
                planned.push(AppendPlan { cell: id, seq: 0, series: Vec::new(), gone: committed.to_vec() });
                continue;
            }
            gone.sort_unstable_by_key(|series| series.key);
            let mut seq = known.map_or(0, |known| known.seq);
            // A removed cell may have grown before: its points stay with it, and nobody is told.
            if let Some(record) = self.cell(&id) {
                // Who has heard of a removal knows none of the series before it.
                let is_known = self.index.cell(&id).is_some();
                let names: HashSet<&str> = committed.iter().filter(|_| is_known).map(|series| &*series.name).collect();
                if let Some(cell) = AppendedCell::of(&id, &growth, &names) {
                    if !appended.contains_key(&record.board) {
                        let seq = self.next_done_seq(&record.board);
                        let news = AppendEvent { board: record.board.clone(), first: seq, seq, cells: Vec::new() };
                        appended.insert(record.board.clone(), news);
                    }
                    if let Some(news) = appended.get_mut(&record.board) {
                        seq = news.seq;
                        news.cells.push(cell);
                    }
                }
            }
            if gone.is_empty() && growth.list.is_empty() {
                continue;
            }
            let mut series = Vec::new();
            for grown in growth.list {
                let before = known
                    .and_then(|known| known.named(&grown.name))
                    .filter(|series| gone.binary_search_by_key(&series.key, |gone| gone.key).is_err());
                let (before, is_new) = match before {
                    Some(before) => (before.clone(), false),
                    None => {
                        *key += 1;
                        (Series::new(*key, grown.name, seq), true)
                    }
                };
                series.push(SeriesPlan { before, is_new, points: grown.points, after: None });
            }
            planned.push(AppendPlan { cell: id, seq, series, gone });
        }
        for (id, row_state) in &self.done.cells {
            let committed = self.index.series(id);
            if matches!(row_state, RowState::Forgotten) && !committed.is_empty() && !planned.iter().any(|known| known.cell == *id) {
                let gone = committed.to_vec();
                planned.push(AppendPlan { cell: id.clone(), seq: 0, series: Vec::new(), gone });
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
        let grown = &batch.done.growth[&id].list[0];
        assert_eq!((grown.start, grown.points.x.clone()), (0, vec![0.0, 1.0, 0.5, 1.5]), "steps count on from the last one");
        assert_eq!(grown.points.t, [5.0, 5.0, 7.0, 5.0]);
    }

    #[test]
    fn a_series_that_is_replaced_begins_anew() {
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
        let a = batch.done.growth[&id].list.find("a").unwrap();
        assert_eq!(a.points.y, [5.0]);
        batch.append(&id, "b", new(&[3.0, 4.0]));
        assert_eq!(batch.summary(&id), r#"{"series":{"b":{"points":4,"last":[3.0,4.0]},"a":{"points":1,"last":[0.0,5.0]}}}"#);
    }
}
