//! A node of the pyramid: what a column says, for both axes at once, over a number of points that is fixed by its level.

use super::{Axis, Column, Points};

/// Points under a node of level 0.
pub const LEAF: u64 = 64;
/// Nodes under a node of the level above.
pub const FAN: u64 = 4;
/// Points that are sealed together.
pub const CHUNK: u64 = 4096;
/// Consecutive nodes of one level that are stored together; a multiple of [`FAN`], so that siblings are never parted.
pub const BLOCK: u64 = 512;

/// Points under a node of `level`.
pub fn points_at(level: u8) -> u64 {
    LEAF << (2 * level)
}

/// How many nodes of `level` there are when `sealed` points are in sealed chunks.
pub fn nodes_at(level: u8, sealed: u64) -> u64 {
    sealed / points_at(level)
}

/// Where consecutive points stand along one axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Span {
    pub first: f64,
    pub last: f64,
    pub min: f64,
    pub max: f64,
    /// How often a point stands left of the one before it.
    pub breaks: u64,
}

impl Span {
    /// `values` holds at least one.
    fn of(values: &[f64]) -> Self {
        let mut span = Self { first: values[0], last: values[values.len() - 1], min: values[0], max: values[0], breaks: 0 };
        for pair in values.windows(2) {
            span.breaks += u64::from(pair[1] < pair[0]);
            span.min = span.min.min(pair[1]);
            span.max = span.max.max(pair[1]);
        }
        span
    }

    fn merge(&mut self, next: &Self) {
        self.breaks += next.breaks + u64::from(next.first < self.last);
        self.last = next.last;
        self.min = self.min.min(next.min);
        self.max = self.max.max(next.max);
    }
}

/// Consecutive points of one series, at least one. The fields of the values are those of [`Column`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Node {
    pub count: u64,
    pub x: Span,
    pub t: Span,
    pub first: f64,
    pub last: f64,
    /// Lowest and highest finite value; both NaN when no value is finite.
    pub min: f64,
    pub max: f64,
    /// Which of its points, from 0, is the first with that value; 0 when no value is finite.
    pub at_min: u64,
    pub at_max: u64,
    pub sum: f64,
    pub nan: u64,
    pub pos_inf: u64,
    pub neg_inf: u64,
}

/// Consecutive nodes of one level, in whatever form they are held.
pub trait Nodes: Send + Sync {
    fn count(&self) -> usize;

    /// `at` is below [`Self::count`], here and in [`Self::span`].
    fn node(&self, at: usize) -> Node;

    fn span(&self, at: usize, axis: Axis) -> Span;
}

impl Nodes for Vec<Node> {
    fn count(&self) -> usize {
        self.len()
    }

    fn node(&self, at: usize) -> Node {
        self[at]
    }

    fn span(&self, at: usize, axis: Axis) -> Span {
        *self[at].along(axis)
    }
}

impl Node {
    /// The points from `start` to before `end`, at least one.
    pub fn of(points: &Points, start: usize, end: usize) -> Self {
        let y = &points.y[start..end];
        let mut node = Self {
            count: y.len() as u64,
            x: Span::of(&points.x[start..end]),
            t: Span::of(&points.t[start..end]),
            first: y[0],
            last: y[y.len() - 1],
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
            at_min: 0,
            at_max: 0,
            sum: 0.0,
            nan: 0,
            pos_inf: 0,
            neg_inf: 0,
        };
        for (at, y) in y.iter().enumerate() {
            if y.is_finite() {
                if *y < node.min {
                    (node.min, node.at_min) = (*y, at as u64);
                }
                if *y > node.max {
                    (node.max, node.at_max) = (*y, at as u64);
                }
                node.sum += y;
            } else if y.is_nan() {
                node.nan += 1;
            } else if *y > 0.0 {
                node.pos_inf += 1;
            } else {
                node.neg_inf += 1;
            }
        }
        if node.finite() == 0 {
            (node.min, node.max) = (f64::NAN, f64::NAN);
        }
        node
    }

    /// Consecutive nodes, at least one, as one: what [`Self::of`] says of all their points, but for the rounding of the sum.
    pub fn join(nodes: &[Self]) -> Self {
        let mut all = nodes[0];
        for next in &nodes[1..] {
            all.x.merge(&next.x);
            all.t.merge(&next.t);
            if next.min < all.min || (all.min.is_nan() && !next.min.is_nan()) {
                (all.min, all.at_min) = (next.min, all.count + next.at_min);
            }
            if next.max > all.max || (all.max.is_nan() && !next.max.is_nan()) {
                (all.max, all.at_max) = (next.max, all.count + next.at_max);
            }
            all.count += next.count;
            all.last = next.last;
            all.sum += next.sum;
            all.nan += next.nan;
            all.pos_inf += next.pos_inf;
            all.neg_inf += next.neg_inf;
        }
        all
    }

    pub fn along(&self, axis: Axis) -> &Span {
        match axis {
            Axis::Step => &self.x,
            Axis::Time => &self.t,
        }
    }

    pub fn finite(&self) -> u64 {
        self.count - self.nan - self.pos_inf - self.neg_inf
    }

    /// The node as a column. The places of the extremes are exact where the steps inside are regular; else they are
    /// interpolated between the first and the last point, and within the column's bounds.
    pub fn column(&self, axis: Axis) -> Column {
        let span = self.along(axis);
        let place = |at: u64| {
            if at == 0 {
                return span.first;
            }
            // Exact for whole numbers; should the difference overflow, the clamp still holds it within the column.
            (span.first + (span.last - span.first) * at as f64 / (self.count - 1) as f64).clamp(span.min, span.max)
        };
        Column {
            count: self.count,
            x_first: span.first,
            x_last: span.last,
            x_min: span.min,
            x_max: span.max,
            first: self.first,
            last: self.last,
            min: self.min,
            max: self.max,
            at_min: place(self.at_min),
            at_max: place(self.at_max),
            sum: self.sum,
            nan: self.nan,
            pos_inf: self.pos_inf,
            neg_inf: self.neg_inf,
            breaks: span.breaks,
        }
    }
}
