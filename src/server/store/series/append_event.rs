//! Events of new points: those of one board in one commit, or in all commits between two broadcasts.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::delta::SeriesDelta;
use crate::protocol::{CellId, SeriesId};
use crate::series::Points;
use crate::server::limits::MAX_EVENT_POINTS;
use crate::server::store::keyed_list::{Keyed, KeyedList};

/// Up to this number of cells a linear search is faster than a hash table.
const LINEAR_SEARCH_MAX: usize = 16;

/// New points of one board: one event.
#[derive(Debug)]
pub struct AppendEvent {
    pub board: Arc<str>,
    /// Numbers of the first and last event that are merged in this one.
    pub first: u64,
    pub seq: u64,
    pub cells: Vec<AppendedCell>,
}

#[derive(Debug)]
pub struct AppendedCell {
    pub cell: CellId,
    /// Removed series that readers may know, ascending. None of them is in `series`.
    pub removed: Vec<SeriesId>,
    pub series: KeyedList<AppendedSeries>,
}

#[derive(Debug)]
pub struct AppendedSeries {
    pub id: SeriesId,
    /// Number of points before these.
    pub start: u64,
    /// Number of new points.
    pub count: u64,
    /// It replaces a series of the same id; `start` is 0.
    pub is_replacement: bool,
    /// `None` above [`MAX_EVENT_POINTS`].
    pub points: Option<Points>,
}

impl AppendedCell {
    /// `is_known`: whether readers have the series. `None` if nothing has changed for readers.
    pub fn of(cell: &CellId, delta: &SeriesDelta, is_known: impl Fn(&SeriesId) -> bool) -> Option<Self> {
        let is_removed = |id: &SeriesId| delta.removed.contains(id) && is_known(id);
        let appended = delta.appended.iter().filter(|pending| !pending.points.is_empty());
        let series: KeyedList<AppendedSeries> = appended
            .map(|pending| AppendedSeries {
                id: pending.id.clone(),
                start: pending.start,
                count: pending.points.len() as u64,
                is_replacement: is_removed(&pending.id),
                points: (pending.points.len() <= MAX_EVENT_POINTS).then(|| pending.points.clone()),
            })
            .collect();
        let not_replaced = delta.removed.iter().filter(|id| series.position(*id).is_none() && is_known(id));
        let mut removed: Vec<SeriesId> = not_replaced.cloned().collect();
        removed.sort_unstable();
        (!removed.is_empty() || !series.is_empty()).then(|| Self { cell: cell.clone(), removed, series })
    }

    fn merge(&mut self, later: Self) {
        // `removed` stays sorted.
        if !later.removed.is_empty() {
            self.series.retain(|series| later.removed.binary_search(&series.id).is_err());
            self.removed.extend(later.removed);
            self.removed.sort_unstable();
            self.removed.dedup();
        }
        let mut replaced = HashSet::new();
        for mut series in later.series {
            if self.removed.binary_search(&series.id).is_ok() {
                replaced.insert(series.id.clone());
                series.is_replacement = true;
            }
            match self.series.get_mut(&series.id) {
                Some(known) if series.is_replacement => *known = series,
                Some(known) => known.extend(series),
                None => drop(self.series.push(series)),
            }
        }
        self.removed.retain(|id| !replaced.contains(id));
    }
}

impl Keyed for AppendedSeries {
    type Key = SeriesId;

    fn key(&self) -> &SeriesId {
        &self.id
    }
}

impl AppendedSeries {
    fn extend(&mut self, later: Self) {
        debug_assert_eq!(self.start + self.count, later.start, "points that replace nothing continue the series");
        self.count += later.count;
        self.points = match (self.points.take(), later.points) {
            (Some(mut points), Some(later)) if points.len() + later.len() <= MAX_EVENT_POINTS => {
                points.extend(&later);
                Some(points)
            }
            _ => None,
        };
    }
}

impl AppendEvent {
    /// Merges a later event into this one.
    pub fn merge(&mut self, later: Self) {
        self.seq = later.seq;
        let is_few = later.cells.len() <= LINEAR_SEARCH_MAX;
        let known = self.cells.iter().enumerate().filter(|_| !is_few);
        let positions: HashMap<CellId, usize> = known.map(|(position, known)| (known.cell.clone(), position)).collect();
        for cell in later.cells {
            let position = match is_few {
                true => self.cells.iter().position(|known| known.cell == cell.cell),
                false => positions.get(&cell.cell).copied(),
            };
            match position {
                Some(position) => self.cells[position].merge(cell),
                None => self.cells.push(cell),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::store::{Batch, Change, ChangeKind, Index, NewPoints, Record};

    const KNOWN: &[&str] = &["l"];

    fn id() -> CellId {
        CellId::parse("a").unwrap()
    }

    fn append(batch: &mut Batch, name: &str, count: usize) {
        batch.append(&id(), &SeriesId::plain(name), None, NewPoints { x: None, y: vec![1.0; count], t: None });
    }

    /// The event of a batch with these changes of the cell `a`, whose series readers know by these names.
    fn cell_event(known: &[&str], changes: impl FnOnce(&mut Batch)) -> Option<AppendedCell> {
        let index = Index::default();
        let mut batch = Batch::new(&index, 0, 0);
        changes(&mut batch);
        batch.end(true);
        batch.done.series.get(&id()).and_then(|delta| AppendedCell::of(&id(), delta, |id| known.contains(&&*id.name)))
    }

    fn event(seq: u64, cell: Option<AppendedCell>) -> AppendEvent {
        AppendEvent { board: "main".into(), first: seq, seq, cells: cell.into_iter().collect() }
    }

    /// Name, start, count, whether it is a replacement, and the number of points in the event.
    fn series(event: &AppendedCell) -> Vec<(&str, u64, u64, bool, Option<usize>)> {
        let list = event.series.iter();
        list.map(|series| (&*series.id.name, series.start, series.count, series.is_replacement, series.points.as_ref().map(Points::len)))
            .collect()
    }

    fn remove_series(batch: &mut Batch) {
        append(batch, "l", 2);
        batch.end(true);
        batch.retain_series(&id(), &[]);
    }

    #[test]
    fn an_event_of_many_points_has_only_their_number() {
        let many = cell_event(&[], |batch| append(batch, "l", MAX_EVENT_POINTS + 1)).unwrap();
        assert_eq!(series(&many), [("l", 0, 1025, false, None)]);
        let few = |start: usize, count: usize| {
            let mut cell = cell_event(&[], |batch| append(batch, "l", count)).unwrap();
            cell.series[0].start = start as u64;
            event(2, Some(cell))
        };
        let mut waiting = few(0, 1000);
        waiting.merge(few(1000, 24));
        assert_eq!(series(&waiting.cells[0]), [("l", 0, 1024, false, Some(1024))]);
        waiting.merge(few(1024, 1));
        assert_eq!(series(&waiting.cells[0]), [("l", 0, 1025, false, None)]);
        waiting.merge(few(1025, 1));
        assert_eq!(series(&waiting.cells[0]), [("l", 0, 1026, false, None)], "points without those before them are of no use");
    }

    #[test]
    fn replaced_and_removed_series_are_in_the_event() {
        let replaced = cell_event(KNOWN, |batch| {
            remove_series(batch);
            append(batch, "l", 3);
        });
        assert_eq!(series(&replaced.unwrap()), [("l", 0, 3, true, Some(3))]);
        let removed = cell_event(KNOWN, remove_series).unwrap();
        assert_eq!((removed.removed.clone(), series(&removed)), (vec![SeriesId::plain("l")], vec![]));
        let unknown = cell_event(&[], |batch| {
            remove_series(batch);
            append(batch, "l", 3);
        });
        assert_eq!(series(&unknown.unwrap()), [("l", 0, 3, false, Some(3))], "no reader knows the earlier series");
    }

    #[test]
    fn an_event_without_a_change_is_none() {
        assert!(cell_event(&[], remove_series).is_none(), "created and removed within a batch");
        assert!(cell_event(KNOWN, |batch| append(batch, "l", 0)).is_none());
    }

    #[test]
    fn a_merged_event_says_that_a_series_was_replaced() {
        let replaced = || {
            cell_event(KNOWN, |batch| {
                remove_series(batch);
                append(batch, "l", 3);
            })
        };
        let begun = |count: usize| cell_event(&[], |batch| append(batch, "l", count));
        let mut waiting = event(5, replaced());
        let mut later = begun(2);
        later.iter_mut().for_each(|cell| cell.series[0].start = 3);
        waiting.merge(event(6, later));
        assert_eq!(series(&waiting.cells[0]), [("l", 0, 5, true, Some(5))]);
        waiting.merge(event(7, cell_event(KNOWN, remove_series)));
        assert_eq!((waiting.cells[0].removed.clone(), series(&waiting.cells[0])), (vec![SeriesId::plain("l")], vec![]));
        waiting.merge(event(8, begun(1)));
        assert_eq!((waiting.cells[0].removed.len(), series(&waiting.cells[0])), (0, vec![("l", 0, 1, true, Some(1))]));
        waiting.merge(event(9, replaced()));
        assert_eq!((waiting.first, waiting.seq, series(&waiting.cells[0])), (5, 9, vec![("l", 0, 3, true, Some(3))]));
    }

    #[test]
    fn a_batch_that_changes_no_series_has_no_event() {
        let index = Index::default();
        let mut batch = Batch::new(&index, 0, 0);
        let record = Record::new(id(), "main".into(), serde_json::Map::new());
        batch.put(ChangeKind::Created, record, None);
        remove_series(&mut batch);
        batch.end(true);
        let outcome = batch.finish(&mut 0);
        assert!(outcome.series.is_empty() && !outcome.changes.iter().any(|change| matches!(change, Change::Points(_))));
    }
}
