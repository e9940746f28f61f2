//! Series of line cells, and their form on disk.
//!
//! A series is a list of points in the order of arrival: step `x`, value `y` and wall time `t` (seconds since 1970, UTC), three
//! doubles. On disk it has three parts:
//!
//! - **Chunks** of exactly 4096 points, compressed and immutable ([`codec`]). Above them is a pyramid of nodes, each of which
//!   aggregates 64, 256, 1024, … points ([`crate::series::Node`]), in blocks of 512 nodes of one level ([`codec`], `nodes`).
//! - The **journal**: one row per commit with the points of all series that it appended ([`journal`]). This is the write-ahead log of
//!   points that fill no chunk yet.
//! - The **tail**: points after the last chunk, written before rows of the journal that contain them are deleted.
//!
//! After a start a series is: the points of its chunks, then those of its tail, then those of the journal that follow. Moving points
//! from the journal to chunks and tails is compaction (`writer/compaction.rs`).

pub mod append_event;
pub mod codec;
pub mod delta;
pub mod journal;
pub mod rows;

use std::sync::Arc;

use super::name_index::{Keyed, NameIndex};
use crate::series::Points;

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
    pub name: Arc<str>,
    /// The event that published its first points. A reader that has seen no event since then may know an earlier series of this name.
    pub began: u64,
    /// Number of points in chunks, a multiple of [`CHUNK`].
    pub sealed: u64,
    /// The last point in chunks.
    pub sealed_last: Option<Point>,
    /// The points after the last chunk, fewer than [`CHUNK`]. Readers share it; the writer copies it only if a reader holds it.
    pub tail: Arc<Points>,
    /// The last point.
    pub last: Option<Point>,
}

impl Series {
    pub fn new(key: i64, name: Arc<str>, began: u64) -> Self {
        Self { key, name, began, sealed: 0, sealed_last: None, tail: Arc::default(), last: None }
    }

    /// Number of points.
    pub fn count(&self) -> u64 {
        self.sealed + self.tail.len() as u64
    }

    pub fn push(&mut self, points: &Points) {
        Arc::make_mut(&mut self.tail).extend(points);
        self.last = last_point(points).or(self.last);
    }
}

impl Keyed for Series {
    fn name(&self) -> &Arc<str> {
        &self.name
    }
}

/// The series of one cell, in the order of creation.
#[derive(Clone, Debug, Default)]
pub struct CellSeries {
    /// The event of the last points.
    pub seq: u64,
    pub list: NameIndex<Series>,
}

impl CellSeries {
    pub fn by_name(&self, name: &str) -> Option<&Series> {
        self.list.get(name)
    }

    pub fn by_key(&self, key: i64) -> Option<&Series> {
        // Keys ascend with the order of creation.
        self.list.binary_search_by_key(&key, |series| series.key).ok().map(|at| &self.list[at])
    }
}

/// Summary of all series as JSON, without their points: `{"series":{"train":{"points":3,"last":[2,0.5]}}}`.
pub fn summary(series: &[Series]) -> String {
    summary_of(series.iter().map(|series| (series.name.clone(), series.count(), series.last)))
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
