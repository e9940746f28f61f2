//! The last steps of a curve, read from the end of a series: the value at a step, and the mean of the last part.

use super::{Points, SupersededScan};
use crate::compensated_sum::CompensatedSum;

/// Consecutive steps of a curve up to its end, each with its value.
#[derive(Clone, Debug, PartialEq)]
pub struct CurveSteps {
    /// Ascending steps with the mean of their finite points; NaN where there is none, which is a gap.
    steps: Vec<(f64, f64)>,
    /// Whether these are all steps of the curve.
    is_whole: bool,
}

impl CurveSteps {
    /// `points`: the last ones of a series, in the order of arrival; `is_whole`: all of them. Which points are superseded is decided by
    /// the points that follow, so that the end of a series suffices.
    pub fn of(points: &Points, is_whole: bool) -> Self {
        let mut scan = SupersededScan::default();
        scan.push(&points.x);
        let curve = scan.into_filter().filter(points);
        let mut sums: Vec<(f64, CompensatedSum)> = Vec::new();
        for (step, value) in curve.x.iter().zip(&curve.y) {
            if sums.last().is_none_or(|(last, _)| last < step) {
                sums.push((*step, CompensatedSum::default()));
            }
            if let Some((_, sum)) = sums.last_mut().filter(|_| value.is_finite()) {
                sum.add(*value);
            }
        }
        // More points of the first step may stand before these.
        let skipped = usize::from(!is_whole).min(sums.len());
        // The mean of no values is NaN.
        Self { steps: sums.drain(skipped..).map(|(step, sum)| (step, sum.mean())).collect(), is_whole }
    }

    /// Whether all steps of the curve from `step` on are here, and the one before that.
    pub fn reaches(&self, step: f64) -> bool {
        self.is_whole || self.steps.first().is_some_and(|(first, _)| *first < step)
    }

    /// The value at a step: its own, or linear between its neighbours. NaN in a gap, and next to one; `None` before the first step and
    /// after the last one.
    pub fn value_at(&self, step: f64) -> Option<f64> {
        let next = self.steps.partition_point(|(known, _)| *known < step);
        let (right, high) = *self.steps.get(next)?;
        if right == step {
            return Some(high);
        }
        let (left, low) = *self.steps.get(next.checked_sub(1)?)?;
        let part = (step - left) / (right - left);
        Some(low * (1.0 - part) + high * part)
    }

    /// The mean over the steps from `step` on, each of which counts once; `None` if none of them has a finite value.
    pub fn mean_from(&self, step: f64) -> Option<f64> {
        let mut sum = CompensatedSum::default();
        let part = self.steps.iter().filter(|(known, value)| *known >= step && value.is_finite());
        part.for_each(|(_, value)| sum.add(*value));
        (sum.count > 0).then(|| sum.mean())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::split_mix::SplitMix64;

    fn points(list: &[(f64, f64)]) -> Points {
        let mut points = Points::default();
        list.iter().for_each(|(step, value)| points.push(*step, *value, 0.0));
        points
    }

    #[test]
    fn a_value_is_that_of_the_step_or_between_its_neighbours() {
        let curve = CurveSteps::of(&points(&[(1.0, 10.0), (2.0, 20.0), (2.0, 40.0), (4.0, 50.0), (5.0, f64::NAN), (7.0, 1.0)]), true);
        assert_eq!([1.0, 1.5, 2.0, 3.0, 7.0].map(|step| curve.value_at(step)), [10.0, 20.0, 30.0, 40.0, 1.0].map(Some));
        assert!([4.5, 5.0, 6.0].iter().all(|step| curve.value_at(*step).is_some_and(f64::is_nan)));
        assert_eq!([0.9, 7.1].map(|step| curve.value_at(step)), [None; 2]);
    }

    #[test]
    fn a_mean_counts_each_step_once_and_leaves_gaps_out() {
        let list = [(0.0, 9.0), (8.0, 1.0), (8.0, 3.0), (9.0, f64::INFINITY), (10.0, 4.0)];
        let curve = CurveSteps::of(&points(&list), true);
        assert_eq!((curve.mean_from(8.0), curve.mean_from(8.5), curve.mean_from(10.5)), (Some(3.0), Some(4.0), None));
        assert_eq!(CurveSteps::of(&points(&[(1.0, f64::NAN)]), true).mean_from(0.0), None);
    }

    #[test]
    fn superseded_points_do_not_count() {
        // A restart at 2, which went less far.
        let list = [(1.0, 1.0), (2.0, 2.0), (3.0, 3.0), (4.0, 4.0), (2.0, 20.0), (3.0, 30.0)];
        let curve = CurveSteps::of(&points(&list), true);
        assert_eq!((curve.value_at(1.5), curve.value_at(3.0), curve.value_at(4.0)), (Some(10.5), Some(30.0), None));
    }

    /// Whatever the restarts and the equal steps: the end of a series gives the same as all of it, as far as it reaches.
    #[test]
    fn the_end_of_a_series_suffices() {
        let mut rng = SplitMix64(9);
        let (mut compared, mut step) = (0, 0.0);
        for _ in 0..300 {
            let list: Vec<(f64, f64)> = (0..60)
                .map(|_| {
                    step += rng.pick(&[0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 2.0, -7.0]);
                    (step, if rng.below(9) == 0 { f64::NAN } else { rng.unit() })
                })
                .collect();
            let whole = CurveSteps::of(&points(&list), true);
            let end = CurveSteps::of(&points(&list[rng.below(60) as usize..]), false);
            for at in 0..20 {
                let place = step - f64::from(at) / 2.0;
                if end.reaches(place) {
                    let bits = |curve: &CurveSteps| (curve.value_at(place).map(f64::to_bits), curve.mean_from(place).map(f64::to_bits));
                    assert_eq!(bits(&end), bits(&whole), "{place} {list:?}");
                    compared += 1;
                }
            }
        }
        assert!(compared > 1000, "{compared}");
    }
}
