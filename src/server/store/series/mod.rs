//! Series of line cells, and their form on disk.
//!
//! A series is a list of points in the order of arrival: step `x`, value `y` and wall time `t` (seconds since 1970, UTC), three
//! doubles. On disk it has three parts:
//!
//! - **Chunks** of exactly 4096 points, compressed and immutable ([`codec`]). Above them is a pyramid of nodes, each of which
//!   aggregates 64, 256, 1024, … points ([`crate::series::Node`]), in blocks of 512 nodes of one level ([`codec`], `nodes`).
//! - The **journal**: one row per commit with the points of all series that it appended ([`journal`]). This is the write-ahead log of
//!   points that fill no chunk yet.
//! - The **tail**: points after the last chunk, written before rows of the journal that contain them are deleted ([`tails`]).
//!
//! A series is the points of its chunks, then those of its tail, then those of the journal that follow. Only the last are in memory.
//! Moving points from the journal to chunks and tails is compaction (`writer/compaction.rs`).

pub mod append_event;
mod cell_series;
pub mod codec;
pub mod delta;
pub mod journal;
pub mod outlines;
pub mod rows;
pub mod tails;

use std::sync::{Arc, LazyLock};

use super::keyed_list::Keyed;
use crate::protocol::SeriesId;
use crate::series::{CurveFigures, CurveSummary, Points};
pub use cell_series::CellSeries;
use outlines::MIN_OUTLINE_POINTS;

/// Points per chunk.
pub const CHUNK: usize = crate::series::CHUNK as usize;

/// One point: step, value, wall time in seconds since 1970 (UTC).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    pub x: f64,
    pub y: f64,
    pub t: f64,
}

#[derive(Clone, Debug)]
pub struct Series {
    /// Identifies its rows on disk. Keys are never reused, so that cached chunks stay valid.
    pub key: i64,
    pub id: SeriesId,
    /// Of a series of a run: the name under which its points were sent.
    pub metric: Option<Arc<str>>,
    /// The event that published its first points. A reader that has seen no event since then may know an earlier series of this id.
    pub began: u64,
    /// Number of points in chunks, a multiple of [`CHUNK`].
    pub sealed: u64,
    /// The points after them in the tail on disk.
    pub stored: StoredTail,
    /// The last point in chunks and tail, while there are recent ones after it; few series have some.
    before_recent: Option<Box<Point>>,
    /// The points that are only in the journal; with those of the tail fewer than [`CHUNK`], unless the series is damaged. Readers share
    /// them; the writer copies them only if a reader holds them.
    pub recent: Arc<Points>,
    /// The last point.
    pub last: Option<Point>,
    /// Of a series of a run: the number of points in its outline on disk; 0: there is none.
    pub outlined: u64,
    /// Of a series of a run: what is known of the curve of all its points. `None` until it is made from the points.
    pub summary: Option<Arc<CurveSummary>>,
}

/// What identifies a tail on disk: a series with the same number of points in chunks has the same points in all its tails, as far as
/// they go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoredTail {
    /// Number of points; 0: there is no row.
    pub count: u32,
    /// Checksum of the row.
    pub sum: i64,
}

/// The recent points of all series without some: most series are quiet.
static NO_POINTS: LazyLock<Arc<Points>> = LazyLock::new(Arc::default);

impl Series {
    pub fn new(key: i64, id: SeriesId, metric: Option<Arc<str>>, began: u64) -> Self {
        let (stored, recent) = (StoredTail::default(), NO_POINTS.clone());
        let summary = id.run.is_some().then(Arc::default);
        Self { key, id, metric, began, sealed: 0, stored, before_recent: None, recent, last: None, outlined: 0, summary }
    }

    /// Number of points.
    pub fn count(&self) -> u64 {
        self.sealed + self.tail_len() as u64
    }

    /// Number of points after the last chunk.
    pub fn tail_len(&self) -> usize {
        self.stored.count as usize + self.recent.len()
    }

    /// Whether its points on disk are damaged so that the newer ones could not become a chunk.
    pub fn is_damaged(&self) -> bool {
        self.tail_len() >= CHUNK
    }

    /// The last point in chunks and tail.
    pub fn stored_last(&self) -> Option<Point> {
        if self.recent.is_empty() { self.last } else { self.before_recent.as_deref().copied() }
    }

    pub fn push(&mut self, points: &Points) {
        if self.recent.is_empty() {
            self.before_recent = self.last.map(Box::new);
        }
        Arc::make_mut(&mut self.recent).extend(points);
        self.last = last_point(points).or(self.last);
        if let Some(summary) = &mut self.summary {
            Arc::make_mut(summary).push(points);
        }
    }

    /// Figures of the curve of a series of a run; `None` without points, and until they are made again after a step far back.
    pub fn figures(&self) -> Option<CurveFigures> {
        self.summary.as_ref()?.figures()
    }

    /// Whether each of its points is a step of the curve: none is superseded, and no step occurs twice.
    pub fn is_plain_curve(&self) -> bool {
        self.figures().is_some_and(|figures| figures.steps == self.count())
    }

    /// Whether its summary has to be made from its points.
    pub fn needs_summary(&self) -> bool {
        self.id.run.is_some() && self.summary.as_ref().is_none_or(|summary| summary.needs_rebuild())
    }

    /// The points after the last chunk, from those in the tail on disk, or in a later one.
    pub fn with_recent(&self, stored: Arc<Points>) -> Arc<Points> {
        let count = self.stored.count as usize;
        if stored.len() == count && self.recent.is_empty() {
            return stored;
        }
        if count == 0 {
            return self.recent.clone();
        }
        let mut all = stored.slice(0, count);
        all.extend(&self.recent);
        Arc::new(all)
    }

    /// Whether its outline on disk lacks points, of which it has enough.
    pub fn needs_outline(&self) -> bool {
        self.id.run.is_some() && self.count() > MIN_OUTLINE_POINTS && self.outlined != self.count()
    }

    /// Whether its summary or its outline has to be made from its points.
    pub fn needs_curve(&self) -> bool {
        self.needs_summary() || self.needs_outline()
    }

    /// The series after chunks of its points were written, without a tail and without recent points.
    pub fn with_chunks(&self, sealed: u64, last: Option<Point>) -> Self {
        let (stored, recent) = (StoredTail::default(), NO_POINTS.clone());
        Self { sealed, stored, before_recent: None, recent, last, ..self.clone() }
    }

    /// Lets go of the recent points, which are in this tail now.
    pub fn set_stored(&mut self, stored: StoredTail) {
        (self.stored, self.before_recent, self.recent) = (stored, None, NO_POINTS.clone());
    }
}

impl Keyed for Series {
    type Key = Arc<str>;

    fn key(&self) -> &Arc<str> {
        &self.id.name
    }
}

/// Summary of series without a run as JSON, without their points: `{"series":{"train":{"points":3,"last":[2,0.5]}}}`.
pub fn summary(series: &[Series]) -> String {
    summary_of(series.iter().map(|series| (series.id.name.clone(), series.count(), series.last)))
}

/// The same of names, numbers of points and last points.
pub fn summary_of(series: impl Iterator<Item = (Arc<str>, u64, Option<Point>)>) -> String {
    let list = series.map(|(name, points, last)| {
        let last = last.map(|Point { x, y, .. }| serde_json::json!([json_number(x), json_number(y)]));
        (name.to_string(), serde_json::json!({ "points": points, "last": last }))
    });
    serde_json::json!({ "series": list.collect::<serde_json::Map<_, _>>() }).to_string()
}

/// A double as JSON; NaN and infinities, which JSON has no numbers for, as strings.
pub fn json_number(value: f64) -> serde_json::Value {
    match serde_json::Number::from_f64(value) {
        Some(number) => number.into(),
        None if value.is_nan() => "NaN".into(),
        None if value > 0.0 => "Infinity".into(),
        None => "-Infinity".into(),
    }
}

pub fn last_point(points: &Points) -> Option<Point> {
    let at = points.len().checked_sub(1)?;
    Some(Point { x: points.x[at], y: points.y[at], t: points.t[at] })
}
