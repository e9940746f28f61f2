//! The series of line cells as they are committed: how many points are in chunks on disk, and the points after them.

pub mod append;
pub mod append_event;
pub mod codec;
pub mod compaction;
pub mod journal;
pub mod read;
pub mod repair;
pub mod rows;

use std::sync::Arc;

use super::index::names::{Keyed, NameIndex};
use crate::series::Points;

/// Points in a chunk.
pub const CHUNK: usize = crate::series::CHUNK as usize;

/// One point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    pub x: f64,
    pub y: f64,
    pub t: f64,
}

#[derive(Clone, Debug)]
pub struct Series {
    /// Names its rows on disk. Never used again, so that what is cached of it stays true.
    pub key: i64,
    pub name: Arc<str>,
    /// The event that told of its first points. Whoever heard nothing since may know another one of that name.
    pub began: u64,
    /// How many points are in chunks.
    pub sealed: u64,
    /// The last of those.
    pub sealed_last: Option<Point>,
    /// The points after them, fewer than [`CHUNK`]. Readers take it along; the writer copies it only while one does.
    pub tail: Arc<Points>,
    /// The newest point.
    pub last: Option<Point>,
}

impl Series {
    pub fn new(key: i64, name: Arc<str>, began: u64) -> Self {
        Self { key, name, began, sealed: 0, sealed_last: None, tail: Arc::default(), last: None }
    }

    pub fn count(&self) -> u64 {
        self.sealed + self.tail.len() as u64
    }

    pub fn push(&mut self, points: &Points) {
        Arc::make_mut(&mut self.tail).extend(points);
        self.last = last(points).or(self.last);
    }
}

impl Keyed for Series {
    fn name(&self) -> &Arc<str> {
        &self.name
    }
}

/// The series of one cell, in the order in which they began.
#[derive(Clone, Debug, Default)]
pub struct CellSeries {
    /// The event that brought points last.
    pub seq: u64,
    pub list: NameIndex<Series>,
}

impl CellSeries {
    pub fn named(&self, name: &str) -> Option<&Series> {
        self.list.find(name)
    }

    pub fn with_key(&self, key: i64) -> Option<&Series> {
        // They began in this order.
        self.list.binary_search_by_key(&key, |series| series.key).ok().map(|at| &self.list[at])
    }
}

/// What is told of all series in place of their points: `{"series":{"train":{"points":3,"last":[2,0.5]}}}`.
pub fn summary(series: &[Series]) -> String {
    told(series.iter().map(|series| (series.name.clone(), series.count(), series.last)))
}

/// The same of names, numbers of points and newest points.
pub fn told(series: impl Iterator<Item = (Arc<str>, u64, Option<Point>)>) -> String {
    let list = series.map(|(name, points, last)| {
        let last = last.map(|Point { x, y, .. }| serde_json::json!([number(x), number(y)]));
        (name.to_string(), serde_json::json!({ "points": points, "last": last }))
    });
    serde_json::json!({ "series": list.collect::<serde_json::Map<_, _>>() }).to_string()
}

/// JSON has no word for what is not finite.
pub fn number(value: f64) -> serde_json::Value {
    match serde_json::Number::from_f64(value) {
        Some(number) => number.into(),
        None if value.is_nan() => "NaN".into(),
        None if value > 0.0 => "Infinity".into(),
        None => "-Infinity".into(),
    }
}

pub fn last(points: &Points) -> Option<Point> {
    let at = points.len().checked_sub(1)?;
    Some(Point { x: points.x[at], y: points.y[at], t: points.t[at] })
}
