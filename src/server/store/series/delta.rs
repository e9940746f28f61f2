//! Changes of series between a request and the commit: points wait here until they are on disk.

use std::collections::HashSet;
use std::sync::Arc;

use super::{Point, Series, last_point};
use crate::protocol::{CellId, SeriesId};
use crate::series::Points;
use crate::server::store::keyed_list::{Keyed, KeyedList};

/// Changes of the series of one cell, by a batch or by one operation of it.
#[derive(Clone, Debug, Default)]
pub struct SeriesDelta {
    /// Ids whose earlier series are removed from the cell. `appended` may begin new series of these ids.
    pub removed: HashSet<SeriesId>,
    pub appended: KeyedList<PendingSeries>,
    /// Number of series without a run that this adds to the cell, less those that it removes.
    pub growth: isize,
    /// The same of series of runs.
    pub run_growth: isize,
}

/// Points to be appended to one series.
#[derive(Clone, Debug)]
pub struct PendingSeries {
    pub id: SeriesId,
    /// Of a series of a run: the name under which its points were sent.
    pub metric: Option<Arc<str>>,
    /// Number of points before these.
    pub start: u64,
    /// The last point before these.
    pub last: Option<Point>,
    pub points: Points,
}

impl PendingSeries {
    /// Number of points after the append.
    pub fn end(&self) -> u64 {
        self.start + self.points.len() as u64
    }

    /// The last point after the append.
    pub fn newest(&self) -> Option<Point> {
        last_point(&self.points).or(self.last)
    }
}

impl Keyed for PendingSeries {
    type Key = SeriesId;

    fn key(&self) -> &SeriesId {
        &self.id
    }
}

impl SeriesDelta {
    /// Counts a series that this adds, or removes.
    pub fn grow(&mut self, id: &SeriesId, by: isize) {
        let growth = if id.run.is_some() { &mut self.run_growth } else { &mut self.growth };
        *growth += by;
    }

    pub fn merge(&mut self, later: Self) {
        self.growth += later.growth;
        self.run_growth += later.run_growth;
        if !later.removed.is_empty() {
            self.appended.retain(|pending| !later.removed.contains(&pending.id));
            self.removed.extend(later.removed);
        }
        for pending in later.appended {
            match self.appended.get_mut(&pending.id) {
                Some(known) => known.points.extend(&pending.points),
                None => drop(self.appended.push(pending)),
            }
        }
    }
}

/// Points as a client sent them. All lists that are given have the length of `y`.
#[derive(Clone, Debug, PartialEq)]
pub struct NewPoints {
    /// Steps; if missing, the steps count on from the last step of the series, or from 0.
    pub x: Option<Vec<f64>>,
    pub y: Vec<f64>,
    /// Wall times in seconds since 1970 (UTC); if missing, the time of acceptance.
    pub t: Option<Vec<f64>>,
}

/// Changes of the series of one cell, to be written by a commit.
#[derive(Debug)]
pub struct AppendPlan {
    pub cell: CellId,
    /// The event that publishes the new points.
    pub seq: u64,
    pub series: Vec<SeriesPlan>,
    /// Series removed from the cell.
    pub removed: Vec<Series>,
}

#[derive(Debug)]
pub struct SeriesPlan {
    /// The committed series.
    pub before: Series,
    pub is_new: bool,
    pub points: Points,
    /// The series after the commit, if the points complete a chunk.
    pub after: Option<Series>,
}
