//! What readers are told of new points: those of one board, of a commit or of all commits within a tick.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::append::SeriesDelta;
use crate::protocol::CellId;
use crate::series::Points;
use crate::server::store::index::names::{Keyed, NameIndex};

/// Of more points of one series at once only the number is told, and only that is kept: who wants them asks for columns.
const MAX_EVENT_POINTS: usize = 1024;

/// So few cells are looked for one by one.
const FEW: usize = 16;

/// New points of one board: one event.
#[derive(Debug)]
pub struct AppendEvent {
    pub board: Arc<str>,
    /// The first and the last event that it stands for.
    pub first: u64,
    pub seq: u64,
    pub cells: Vec<AppendedCell>,
}

#[derive(Debug)]
pub struct AppendedCell {
    pub cell: CellId,
    /// Series that readers may know and that are no longer the cell's, ascending. None of them is in `series`.
    pub gone: Vec<Arc<str>>,
    pub series: NameIndex<AppendedSeries>,
}

#[derive(Debug)]
pub struct AppendedSeries {
    pub name: Arc<str>,
    /// How many points there were before.
    pub start: u64,
    /// How many came.
    pub count: u64,
    /// Another series had this name until now; `start` is 0.
    pub is_replacement: bool,
    /// `None` above [`MAX_EVENT_POINTS`].
    pub points: Option<Points>,
}

impl AppendedCell {
    /// `known`: the names that the cell's series had for readers before. `None` when nothing has changed for them.
    pub fn of(cell: &CellId, growth: &SeriesDelta, known: &HashSet<&str>) -> Option<Self> {
        let is_gone = |name: &str| known.contains(name) && growth.gone.contains(name);
        let grown = growth.list.iter().filter(|grown| !grown.points.is_empty());
        let series: NameIndex<AppendedSeries> = grown
            .map(|grown| AppendedSeries {
                name: grown.name.clone(),
                start: grown.start,
                count: grown.points.len() as u64,
                is_replacement: is_gone(&grown.name),
                points: (grown.points.len() <= MAX_EVENT_POINTS).then(|| grown.points.clone()),
            })
            .collect();
        let stay_away = growth.gone.iter().filter(|name| is_gone(name) && series.place(name).is_none());
        let mut gone: Vec<Arc<str>> = stay_away.cloned().collect();
        gone.sort_unstable();
        (!gone.is_empty() || !series.is_empty()).then(|| Self { cell: cell.clone(), gone, series })
    }

    fn merge(&mut self, later: Self) {
        // Ascending, before and after.
        if !later.gone.is_empty() {
            self.series.retain(|series| later.gone.binary_search(&series.name).is_err());
            self.gone.extend(later.gone);
            self.gone.sort_unstable();
            self.gone.dedup();
        }
        let mut back = HashSet::new();
        for mut series in later.series {
            if self.gone.binary_search(&series.name).is_ok() {
                back.insert(series.name.clone());
                series.is_replacement = true;
            }
            match self.series.find_mut(&series.name) {
                Some(known) if series.is_replacement => *known = series,
                Some(known) => known.extend(series),
                None => drop(self.series.push(series)),
            }
        }
        self.gone.retain(|name| !back.contains(name));
    }
}

impl Keyed for AppendedSeries {
    fn name(&self) -> &Arc<str> {
        &self.name
    }
}

impl AppendedSeries {
    fn extend(&mut self, later: Self) {
        debug_assert_eq!(self.start + self.count, later.start, "what does not begin anew goes on");
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
    /// Adds what came after this.
    pub fn merge(&mut self, later: Self) {
        self.seq = later.seq;
        let is_few = later.cells.len() <= FEW;
        let known = self.cells.iter().enumerate().filter(|_| !is_few);
        let places: HashMap<CellId, usize> = known.map(|(place, known)| (known.cell.clone(), place)).collect();
        for cell in later.cells {
            let place = match is_few {
                true => self.cells.iter().position(|known| known.cell == cell.cell),
                false => places.get(&cell.cell).copied(),
            };
            match place {
                Some(place) => self.cells[place].merge(cell),
                None => self.cells.push(cell),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::CellContent;
    use crate::server::store::{Batch, Change, ChangeKind, Index, NewPoints, Record, StoredValue};

    const KNOWN: &[&str] = &["l"];

    fn id() -> CellId {
        CellId::parse("a").unwrap()
    }

    fn append(batch: &mut Batch, name: &str, count: usize) {
        batch.append(&id(), name, NewPoints { x: None, y: vec![1.0; count], t: None });
    }

    /// What is told of a batch in which this happens to the cell `a`, whose series readers know by these names.
    fn told(known: &[&str], happens: impl FnOnce(&mut Batch)) -> Option<AppendedCell> {
        let index = Index::default();
        let mut batch = Batch::new(&index, 0, 0);
        happens(&mut batch);
        batch.end(true);
        batch.done.growth.get(&id()).and_then(|growth| AppendedCell::of(&id(), growth, &known.iter().copied().collect()))
    }

    fn event(seq: u64, cell: Option<AppendedCell>) -> AppendEvent {
        AppendEvent { board: "main".into(), first: seq, seq, cells: cell.into_iter().collect() }
    }

    /// Name, start, count, whether it began anew, how many numbers are kept.
    fn series(told: &AppendedCell) -> Vec<(&str, u64, u64, bool, Option<usize>)> {
        let list = told.series.iter();
        list.map(|series| (&*series.name, series.start, series.count, series.is_replacement, series.points.as_ref().map(Points::len)))
            .collect()
    }

    fn begin_again(batch: &mut Batch) {
        append(batch, "l", 2);
        batch.end(true);
        batch.retain_series(&id(), &[]);
    }

    #[test]
    fn of_many_points_only_the_number_is_kept() {
        let many = told(&[], |batch| append(batch, "l", MAX_EVENT_POINTS + 1)).unwrap();
        assert_eq!(series(&many), [("l", 0, 1025, false, None)]);
        let few = |start: usize, count: usize| {
            let mut cell = told(&[], |batch| append(batch, "l", count)).unwrap();
            cell.series[0].start = start as u64;
            event(2, Some(cell))
        };
        let mut waiting = few(0, 1000);
        waiting.merge(few(1000, 24));
        assert_eq!(series(&waiting.cells[0]), [("l", 0, 1024, false, Some(1024))]);
        waiting.merge(few(1024, 1));
        assert_eq!(series(&waiting.cells[0]), [("l", 0, 1025, false, None)]);
        waiting.merge(few(1025, 1));
        assert_eq!(series(&waiting.cells[0]), [("l", 0, 1026, false, None)], "numbers without those before them are worth nothing");
    }

    #[test]
    fn what_begins_anew_and_what_is_gone_is_told() {
        let anew = told(KNOWN, |batch| {
            begin_again(batch);
            append(batch, "l", 3);
        });
        assert_eq!(series(&anew.unwrap()), [("l", 0, 3, true, Some(3))]);
        let gone = told(KNOWN, begin_again).unwrap();
        assert_eq!((gone.gone.clone(), series(&gone)), (vec!["l".into()], vec![]));
        let unheard = told(&[], |batch| {
            begin_again(batch);
            append(batch, "l", 3);
        });
        assert_eq!(series(&unheard.unwrap()), [("l", 0, 3, false, Some(3))], "nobody has heard of the other one");
    }

    #[test]
    fn an_event_without_a_change_is_none() {
        assert!(told(&[], begin_again).is_none(), "begun and gone within a batch");
        assert!(told(KNOWN, |batch| append(batch, "l", 0)).is_none());
    }

    #[test]
    fn within_a_tick_it_stays_said_that_a_series_began_anew() {
        let anew = || {
            told(KNOWN, |batch| {
                begin_again(batch);
                append(batch, "l", 3);
            })
        };
        let begun = |count: usize| told(&[], |batch| append(batch, "l", count));
        let mut waiting = event(5, anew());
        let mut later = begun(2);
        later.iter_mut().for_each(|cell| cell.series[0].start = 3);
        waiting.merge(event(6, later));
        assert_eq!(series(&waiting.cells[0]), [("l", 0, 5, true, Some(5))]);
        waiting.merge(event(7, told(KNOWN, begin_again)));
        assert_eq!((waiting.cells[0].gone.clone(), series(&waiting.cells[0])), (vec!["l".into()], vec![]));
        waiting.merge(event(8, begun(1)));
        assert_eq!((waiting.cells[0].gone.len(), series(&waiting.cells[0])), (0, vec![("l", 0, 1, true, Some(1))]));
        waiting.merge(event(9, anew()));
        assert_eq!((waiting.first, waiting.seq, series(&waiting.cells[0])), (5, 9, vec![("l", 0, 3, true, Some(3))]));
    }

    #[test]
    fn a_batch_that_changes_no_series_has_no_event() {
        let index = Index::default();
        let mut batch = Batch::new(&index, 0, 0);
        let (keys, value, content) = (serde_json::Map::new(), StoredValue::Missing, CellContent::Empty);
        let (seq, entered_board_seq, created_order, rev, version, created_ms, updated_ms) = (0, 0, 0, 0, 0, 0, 0);
        let board = Arc::from("main");
        let record =
            Record { id: id(), board, seq, entered_board_seq, created_order, rev, version, created_ms, updated_ms, keys, value, content };
        batch.put(ChangeKind::Created, record, None);
        begin_again(&mut batch);
        batch.end(true);
        let outcome = batch.finish(&mut 0);
        assert!(outcome.series.is_empty() && !outcome.changes.iter().any(|change| matches!(change, Change::Points(_))));
    }
}
