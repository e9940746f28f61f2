//! The curve of one member of a group: its points without superseded ones, one value for each step.

use crate::compensated_sum::CompensatedSum;
use crate::series::{Column, CurveOutline, OutlineColumn, Points};

/// Consecutive steps of a curve, at least one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CurvePart {
    pub x_first: f64,
    pub x_last: f64,
    /// The values at its ends; NaN where the curve has a gap.
    pub first: f64,
    pub last: f64,
    /// Steps with a finite value.
    pub finite: u64,
    /// The mean of their values, each of which counts once; NaN if there is none.
    pub mean: f64,
    /// The lowest and the highest finite point; NaN if there is none.
    pub min: f64,
    pub max: f64,
}

impl CurvePart {
    /// One step: its value, which is NaN in a gap, and the extremes of its finite points.
    pub fn step(x: f64, value: f64, min: f64, max: f64) -> Self {
        Self { x_first: x, x_last: x, first: value, last: value, finite: u64::from(!value.is_nan()), mean: value, min, max }
    }

    pub fn is_step(&self) -> bool {
        self.x_first == self.x_last
    }
}

/// Of a series without superseded points in which no step occurs twice.
impl From<&Column> for CurvePart {
    fn from(column: &Column) -> Self {
        let value = |value: f64| if value.is_finite() { value } else { f64::NAN };
        Self {
            x_first: column.x_first,
            x_last: column.x_last,
            first: value(column.first),
            last: value(column.last),
            finite: column.finite(),
            mean: if column.count == 1 { value(column.first) } else { column.mean() },
            min: column.min,
            max: column.max,
        }
    }
}

/// A curve as far as a window needs it: parts in ascending order, with the neighbours of the window where the curve goes on beyond it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MemberCurve {
    pub parts: Vec<CurvePart>,
}

impl MemberCurve {
    /// Of the points of a curve, without superseded ones, step by step. `x` is the place of a point with this step and time: it ascends with
    /// the steps; where it does not, a point stands where the one before it stands.
    pub fn of_points(curve: &Points, x: impl Fn(f64, f64) -> f64) -> Self {
        let mut parts: Vec<CurvePart> = Vec::new();
        let mut at = 0;
        while at < curve.len() {
            let step = curve.x[at];
            let end = at + curve.x[at..].iter().take_while(|other| **other == step).count();
            let place = x(step, curve.t[end - 1]);
            let place = parts.last().map_or(place, |last| place.max(last.x_last));
            parts.push(one_step(place, &curve.y[at..end]));
            at = end;
        }
        Self { parts: if parts.is_sorted_by(|one, next| one.x_last < next.x_first) { parts } else { join_places(&parts) } }
    }

    /// The part of the curve that a window shows: what lies in it, and its neighbours.
    pub fn within(mut self, from: f64, to: f64) -> Self {
        let end = self.parts.partition_point(|part| part.x_first <= to);
        self.parts.truncate(end + 1);
        let start = self.parts.partition_point(|part| part.x_last < from);
        self.parts.drain(..start.saturating_sub(1));
        self
    }
}

impl From<&CurveOutline> for MemberCurve {
    fn from(outline: &CurveOutline) -> Self {
        Self { parts: outline.columns.iter().map(CurvePart::from).collect() }
    }
}

impl From<&OutlineColumn> for CurvePart {
    fn from(column: &OutlineColumn) -> Self {
        let OutlineColumn { x_first, x_last, steps: _, finite, mean, min, max, first, last } = *column;
        Self { x_first, x_last, first, last, finite, mean, min, max }
    }
}

/// The points of one step: their value is the mean of the finite ones.
fn one_step(x: f64, values: &[f64]) -> CurvePart {
    let mut sum = CompensatedSum::default();
    let (mut min, mut max) = (f64::NAN, f64::NAN);
    for value in values.iter().copied().filter(|value| value.is_finite()) {
        sum.add(value);
        // `min` and `max` pass over NaN.
        (min, max) = (min.min(value), max.max(value));
    }
    CurvePart::step(x, sum.mean(), min, max)
}

/// Steps that stand at one place, because the clock has stood still, are one step there.
fn join_places(parts: &[CurvePart]) -> Vec<CurvePart> {
    let join = |same: &[CurvePart]| {
        let (mut sum, mut min, mut max) = (CompensatedSum::default(), f64::NAN, f64::NAN);
        for part in same.iter().filter(|part| part.finite > 0) {
            sum.add(part.mean);
            (min, max) = (min.min(part.min), max.max(part.max));
        }
        CurvePart::step(same[0].x_first, sum.mean(), min, max)
    };
    parts.chunk_by(|one, next| one.x_first == next.x_first).map(join).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(list: &[(f64, f64, f64)]) -> Points {
        let mut points = Points::default();
        list.iter().for_each(|(x, y, t)| points.push(*x, *y, *t));
        points
    }

    fn values(curve: &MemberCurve) -> Vec<(f64, f64, f64, f64)> {
        // -9 stands for a gap, which is not equal to itself.
        let number = |value: f64| if value.is_nan() { -9.0 } else { value };
        curve.parts.iter().map(|part| (part.x_first, number(part.mean), number(part.min), number(part.max))).collect()
    }

    #[test]
    fn points_of_one_step_are_the_mean_of_the_finite_ones() {
        let list =
            [(1.0, 2.0, 0.0), (1.0, f64::NAN, 1.0), (1.0, 4.0, 2.0), (2.0, f64::INFINITY, 3.0), (2.0, f64::NAN, 4.0), (3.0, 5.0, 5.0)];
        let curve = MemberCurve::of_points(&points(&list), |x, _| x);
        assert_eq!(values(&curve), [(1.0, 3.0, 2.0, 4.0), (2.0, -9.0, -9.0, -9.0), (3.0, 5.0, 5.0, 5.0)]);
        // A step stands at the time of its last point.
        let curve = MemberCurve::of_points(&points(&list), |_, t| t - 2.0);
        assert_eq!(values(&curve).iter().map(|value| value.0).collect::<Vec<_>>(), [0.0, 2.0, 3.0]);
    }

    #[test]
    fn a_clock_that_goes_back_stands_still() {
        let list = [(1.0, 2.0, 10.0), (2.0, 4.0, 20.0), (3.0, 6.0, 15.0), (4.0, f64::NAN, 20.0), (5.0, 1.0, 30.0)];
        let curve = MemberCurve::of_points(&points(&list), |_, t| t);
        assert_eq!(values(&curve), [(10.0, 2.0, 2.0, 2.0), (20.0, 5.0, 4.0, 6.0), (30.0, 1.0, 1.0, 1.0)]);
    }

    #[test]
    fn a_window_has_its_neighbours() {
        let list: Vec<_> = (0..10).map(|at| (f64::from(at), 1.0, 0.0)).collect();
        let curve = MemberCurve::of_points(&points(&list), |x, _| x);
        let places = |from, to| curve.clone().within(from, to).parts.iter().map(|part| part.x_first).collect::<Vec<_>>();
        assert_eq!(places(3.0, 5.0), [2.0, 3.0, 4.0, 5.0, 6.0]);
        assert_eq!(places(3.5, 3.6), [3.0, 4.0]);
        assert_eq!(places(-5.0, -1.0), [0.0]);
        assert_eq!(places(20.0, 30.0), [9.0]);
        assert_eq!(places(0.0, 9.0).len(), 10);
    }
}
