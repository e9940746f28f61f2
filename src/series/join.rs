//! Points along the values of another series: an as-of join, without I/O.
//!
//! A point stands at the last finite value that the other series has at its step, or at a step before it. Where steps go back, as after
//! the restart of a run, the point sees what was written by the end of its own segment, without what that has superseded.

use super::{Axis, Points};

/// The places of points along the values of `other`; NaN before its first value. Both are matched along `by`, which their numbers have in
/// common: steps, or times.
pub fn places(points: &Points, other: &Points, by: Axis) -> Vec<f64> {
    let steps = points.along(by);
    let mut places = Vec::with_capacity(points.len());
    let mut known = Known::new(other, by);
    while places.len() < steps.len() {
        let start = places.len();
        let end = segment_end(steps, start);
        // After its last segment a run goes on: what is written later belongs to it.
        let written_by = if end < steps.len() { points.t[end - 1] } else { f64::INFINITY };
        known.take_segments(written_by);
        let mut number = known.behind(steps[start]);
        for step in &steps[start..end] {
            number = known.advance(number, *step);
            places.push(known.before(number));
        }
    }
    places
}

/// The points with their [`places`] as steps, without those that have none. They keep their order while the places ascend within each
/// segment; otherwise they are sorted by place, and points of one place keep their order.
pub fn join(points: &Points, other: &Points, by: Axis) -> Points {
    let steps = points.along(by);
    let mut joined = Points::default();
    let (mut first, mut is_sorted) = (0, true);
    for (at, place) in places(points, other, by).into_iter().enumerate() {
        if at > 0 && steps[at] < steps[at - 1] {
            first = joined.len();
        }
        if !place.is_nan() {
            is_sorted &= joined.len() == first || joined.x[joined.len() - 1] <= place;
            joined.push(place, points.y[at], points.t[at]);
        }
    }
    if is_sorted { joined } else { sorted(&joined) }
}

/// The end of the segment that begins at `start`: a smaller step begins another one.
fn segment_end(steps: &[f64], start: usize) -> usize {
    let mut pairs = steps[start..].windows(2);
    pairs.position(|pair| pair[1] < pair[0]).map_or(steps.len(), |at| start + at + 1)
}

fn sorted(points: &Points) -> Points {
    let mut order: Vec<usize> = (0..points.len()).collect();
    order.sort_by(|a, b| points.x[*a].total_cmp(&points.x[*b]));
    let of = |numbers: &[f64]| order.iter().map(|at| numbers[*at]).collect();
    Points { x: of(&points.x), y: of(&points.y), t: of(&points.t) }
}

/// The values of the other series that are known at a time, without superseded ones.
struct Known<'a> {
    steps: &'a [f64],
    times: &'a [f64],
    values: &'a [f64],
    /// The first point that is not taken yet.
    next: usize,
    /// The points with finite values, by ascending step.
    current: Vec<usize>,
}

impl<'a> Known<'a> {
    fn new(other: &'a Points, by: Axis) -> Self {
        Self { steps: other.along(by), times: &other.t, values: &other.y, next: 0, current: Vec::new() }
    }

    /// Takes the segments that began by this time.
    fn take_segments(&mut self, time: f64) {
        while self.next < self.steps.len() && self.times[self.next] <= time {
            let (start, end) = (self.next, segment_end(self.steps, self.next));
            while self.current.last().is_some_and(|last| self.steps[*last] >= self.steps[start]) {
                self.current.pop();
            }
            self.current.extend((start..end).filter(|at| self.values[*at].is_finite()));
            self.next = end;
        }
    }

    /// The number of points before a step or at it.
    fn behind(&self, step: f64) -> usize {
        self.current.partition_point(|at| self.steps[*at] <= step)
    }

    /// The same for a step that is not smaller, from the number for an earlier one.
    fn advance(&self, mut number: usize, step: f64) -> usize {
        while self.current.get(number).is_some_and(|at| self.steps[*at] <= step) {
            number += 1;
        }
        number
    }

    /// The last value of so many points; NaN of none.
    fn before(&self, number: usize) -> f64 {
        number.checked_sub(1).map_or(f64::NAN, |last| self.values[self.current[last]])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::split_mix::SplitMix64;

    fn points(list: &[(f64, f64, f64)]) -> Points {
        let mut points = Points::default();
        list.iter().for_each(|(x, y, t)| points.push(*x, *y, *t));
        points
    }

    /// Places and values.
    fn pairs(joined: &Points) -> Vec<(f64, f64)> {
        joined.x.iter().copied().zip(joined.y.iter().copied()).collect()
    }

    #[test]
    fn a_point_stands_at_the_last_value_up_to_its_step() {
        let epoch = points(&[(2.0, 0.0, 0.0), (4.0, f64::NAN, 0.0), (5.0, 1.0, 0.0), (5.0, 1.5, 0.0)]);
        let loss: Vec<_> = (0..7).map(|step| (f64::from(step), f64::from(step) / 10.0, 0.0)).collect();
        let expected = [(0.0, 0.2), (0.0, 0.3), (0.0, 0.4), (1.5, 0.5), (1.5, 0.6)];
        assert_eq!(pairs(&join(&points(&loss), &epoch, Axis::Step)), expected);
        assert!(join(&points(&loss), &Points::default(), Axis::Step).is_empty());
        assert!(join(&Points::default(), &epoch, Axis::Step).is_empty());
    }

    #[test]
    fn a_restart_keeps_what_was_before_it_and_goes_on_from_its_step() {
        // Of the first attempt until step 4, then again from step 2 on. The metric is written before the points.
        let epoch = points(&[(0.0, 0.0, 1.0), (2.0, 1.0, 3.0), (4.0, 2.0, 5.0), (2.0, 10.0, 11.0), (4.0, 20.0, 13.0)]);
        let loss = [(0.0, 0.1, 1.5), (3.0, 0.2, 4.5), (5.0, 0.3, 5.5), (2.0, 0.4, 11.5), (3.0, 0.5, 12.5), (4.0, 0.6, 13.5)];
        let expected = [(0.0, 0.1), (1.0, 0.2), (2.0, 0.3), (10.0, 0.4), (10.0, 0.5), (20.0, 0.6)];
        assert_eq!(pairs(&join(&points(&loss), &epoch, Axis::Step)), expected);
    }

    #[test]
    fn places_that_go_back_within_a_segment_are_sorted() {
        let accuracy = points(&[(0.0, 0.5, 0.0), (1.0, 0.9, 0.0), (2.0, 0.7, 0.0)]);
        let loss = points(&[(0.0, 3.0, 0.0), (1.0, 2.0, 1.0), (2.0, 1.0, 2.0), (3.0, 0.0, 3.0)]);
        let joined = join(&loss, &accuracy, Axis::Step);
        assert_eq!(pairs(&joined), [(0.5, 3.0), (0.7, 1.0), (0.7, 0.0), (0.9, 2.0)]);
        assert_eq!(joined.t, [0.0, 2.0, 3.0, 1.0]);
    }

    #[test]
    fn points_of_other_steps_meet_by_their_times() {
        let gpu = points(&[(0.5, 10.0, 100.0), (1.0, 20.0, 105.0), (1.5, 30.0, 110.0)]);
        let tokens = points(&[(1000.0, 1.0, 101.0), (2000.0, 2.0, 109.0)]);
        assert_eq!(pairs(&join(&gpu, &tokens, Axis::Time)), [(1.0, 20.0), (2.0, 30.0)]);
    }

    /// The definition, by looking at all points of the other series for each point.
    fn by_definition(points: &Points, other: &Points, by: Axis) -> Points {
        let segments = |steps: &[f64]| -> Vec<usize> {
            let mut number = 0;
            let of = |at: usize| {
                number += usize::from(at > 0 && steps[at] < steps[at - 1]);
                number
            };
            (0..steps.len()).map(of).collect()
        };
        let (steps, known) = (points.along(by), other.along(by));
        let (own, others) = (segments(steps), segments(known));
        let begins = |segment: usize| others.iter().position(|of| *of == segment).unwrap();
        let mut joined = Points::default();
        let mut last = None;
        let mut is_sorted = true;
        for at in 0..steps.len() {
            let end = own.iter().rposition(|of| *of == own[at]).unwrap();
            let time = if end + 1 == steps.len() { f64::INFINITY } else { points.t[end] };
            let taken =
                (0..=others.last().copied().unwrap_or(0)).take_while(|of| !others.is_empty() && other.t[begins(*of)] <= time).count();
            let is_current = |seen: usize| {
                let superseded = (others[seen] + 1..taken).any(|later| known[begins(later)] <= known[seen]);
                others[seen] < taken && !superseded && other.y[seen].is_finite() && known[seen] <= steps[at]
            };
            let best = (0..known.len()).filter(|seen| is_current(*seen)).max_by(|a, b| known[*a].total_cmp(&known[*b]).then(a.cmp(b)));
            if let Some(best) = best {
                let place = other.y[best];
                is_sorted &= last.is_none_or(|(segment, before)| segment != own[at] || before <= place);
                last = Some((own[at], place));
                joined.push(place, points.y[at], points.t[at]);
            }
        }
        if is_sorted { joined } else { sorted(&joined) }
    }

    #[test]
    fn joins_are_as_defined() {
        let mut rng = SplitMix64(11);
        let (mut placed, mut sorted, mut kept) = (0, 0, 0);
        for round in 0..4000 {
            let series = |rng: &mut SplitMix64, goes_back: u64, ascends: bool| {
                let (mut step, mut time, mut value) = (0.0, 0.0, 0.0);
                let mut points = Points::default();
                for _ in 0..rng.below(14) {
                    step = if rng.below(10) < goes_back { rng.below(6) as f64 } else { step + rng.below(3) as f64 };
                    time += rng.below(4) as f64;
                    value = if ascends { value + rng.below(3) as f64 } else { rng.below(5) as f64 };
                    points.push(step, if rng.below(8) == 0 { f64::NAN } else { value }, time);
                }
                points
            };
            let goes_back = round % 4;
            let (own, other) = (series(&mut rng, goes_back, false), series(&mut rng, goes_back, round % 2 == 0));
            let by = if round % 5 == 0 { Axis::Time } else { Axis::Step };
            let (joined, expected) = (join(&own, &other, by), by_definition(&own, &other, by));
            // NaN is not equal to itself.
            assert_eq!(format!("{joined:?}"), format!("{expected:?}"), "{own:?} {other:?}");
            placed += joined.len();
            let is_ascending = joined.x.is_sorted();
            sorted += usize::from(is_ascending && round % 2 == 1);
            kept += usize::from(!is_ascending);
        }
        assert!(placed > 5_000 && sorted > 500 && kept > 100, "{placed} {sorted} {kept}");
    }
}
