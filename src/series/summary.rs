//! The summary of a run's curve, kept up to date while points arrive, in a fixed amount of memory.
//!
//! The curve of a series is made of its points in the order of arrival: a step that is smaller than the one before supersedes all
//! earlier points from that step on, and several points at one step are one value, the mean of the finite ones. A step without a
//! finite value is a gap.
//!
//! Superseded points cannot be taken out of minima and sums. Where a step goes back to the first one or before it, or by no more than
//! the newest step, nothing of what is summed up is superseded; otherwise the summary has to be made again from all points
//! ([`super::SupersededScan`]).

use super::Points;
use crate::compensated_sum::CompensatedSum;

/// A value of a curve, and its step.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct StepValue {
    pub step: f64,
    /// Finite.
    pub value: f64,
}

/// What is known of a curve with at least one point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CurveFigures {
    /// Distinct steps.
    pub steps: u64,
    /// Steps with a finite value; the others are gaps.
    pub finite_steps: u64,
    /// Points of the curve whose value is not finite.
    pub non_finite: u64,
    /// Points that are not of the curve any more.
    pub superseded: u64,
    pub first_step: f64,
    pub last_step: f64,
    /// The wall time of the first point of the curve, in seconds since 1970 (UTC).
    pub first_time: f64,
    /// The latest of the wall times of the last points of all steps: that of the last step unless the clock went back.
    pub latest_time: f64,
    /// The first step of the gap in which the curve ends: from here on no step has a finite value. `None` if it ends with a value.
    pub gap_from: Option<f64>,
    /// `None` if no step has a finite value.
    pub values: Option<CurveValues>,
}

/// The finite values of a curve, one for each step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CurveValues {
    /// The last one. The curve ends in a gap if its step is not [`CurveFigures::last_step`].
    pub last: StepValue,
    /// The first of the lowest ones.
    pub min: StepValue,
    /// The first of the highest ones.
    pub max: StepValue,
    /// The mean over steps, each of which counts once.
    pub mean: f64,
}

/// Figures of a series' curve so far. The same points in the same order give the same bits, however they are divided into calls.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CurveSummary {
    pub(super) points: u64,
    pub(super) needs_rebuild: bool,
    pub(super) first_step: f64,
    pub(super) first_time: f64,
    /// The wall time of the newest point.
    pub(super) last_time: f64,
    pub(super) before: StepsBefore,
    pub(super) newest: NewestStep,
}

/// All steps before the newest one.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct StepsBefore {
    pub points: u64,
    pub steps: u64,
    pub non_finite: u64,
    /// The last of these steps, if there are any.
    pub last_step: f64,
    /// The latest of the wall times of the last points of these steps, if there are any.
    pub latest_time: f64,
    /// The first step of the gap in which these steps end; 0 if they end with a value.
    pub gap_step: f64,
    /// Of the finite values, as are the next three, if there are any.
    pub sum: CompensatedSum,
    pub last: StepValue,
    pub min: StepValue,
    pub max: StepValue,
}

/// The newest step, at which more points may arrive. It has points unless the summary has none or needs a rebuild.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct NewestStep {
    pub step: f64,
    pub points: u64,
    /// Of the finite values.
    pub sum: CompensatedSum,
}

impl CurveSummary {
    /// Number of points that were pushed.
    pub fn points(&self) -> u64 {
        self.points
    }

    /// Whether a step went so far back that there are no figures until all points are read again.
    pub fn needs_rebuild(&self) -> bool {
        self.needs_rebuild
    }

    /// The first step of the curve, also while a rebuild is needed; `None` without points.
    pub fn first_step(&self) -> Option<f64> {
        (self.needs_rebuild || self.newest.points > 0).then_some(self.first_step)
    }

    /// Counts points that are superseded by later ones, instead of pushing them.
    pub fn skip(&mut self, superseded: u64) {
        self.points += superseded;
    }

    /// Takes the next points of the series.
    pub fn push(&mut self, points: &Points) {
        for ((x, y), t) in points.x.iter().zip(&points.y).zip(&points.t) {
            self.push_point(*x, *y, *t);
        }
    }

    fn push_point(&mut self, step: f64, value: f64, time: f64) {
        self.points += 1;
        let is_step_back = self.needs_rebuild || step < self.newest.step;
        let is_first = self.newest.points == 0 && !self.needs_rebuild;
        if is_first || is_step_back && step <= self.first_step {
            *self = Self { points: self.points, first_step: step, first_time: time, ..Self::default() };
        } else if self.needs_rebuild {
            return;
        } else if is_step_back && step <= self.before.last_step {
            // What is left to know: where the curve begins, because a step before that makes the rebuild unnecessary.
            *self = Self { needs_rebuild: true, last_time: 0.0, before: StepsBefore::default(), newest: NewestStep::default(), ..*self };
            return;
        } else if is_step_back {
            self.newest = NewestStep::default();
        } else if step > self.newest.step {
            self.before.add(&self.newest, self.last_time);
            self.newest = NewestStep::default();
        }
        self.newest.add(step, value);
        self.last_time = time;
    }

    /// `None` without points, and while a rebuild is needed.
    pub fn figures(&self) -> Option<CurveFigures> {
        if self.newest.points == 0 {
            return None;
        }
        let mut all = self.before;
        all.add(&self.newest, self.last_time);
        let StepsBefore { points, steps, non_finite, last_step, latest_time, gap_step, sum, last, min, max } = all;
        Some(CurveFigures {
            steps,
            finite_steps: sum.count,
            non_finite,
            superseded: self.points - points,
            first_step: self.first_step,
            last_step,
            first_time: self.first_time,
            latest_time,
            gap_from: all.ends_in_gap().then_some(gap_step),
            values: (sum.count > 0).then(|| CurveValues { last, min, max, mean: sum.mean() }),
        })
    }
}

impl NewestStep {
    /// `step` is the same for all points that are added.
    pub fn add(&mut self, step: f64, value: f64) {
        if self.points == 0 {
            self.step = step;
        }
        self.points += 1;
        if value.is_finite() {
            self.sum.add(value);
        }
    }
}

impl StepsBefore {
    /// Whether the last step is without a finite value.
    fn ends_in_gap(&self) -> bool {
        self.steps > 0 && (self.sum.count == 0 || self.last.step < self.last_step)
    }

    /// `time`: the wall time of the last point of the newest step.
    fn add(&mut self, newest: &NewestStep, time: f64) {
        let is_in_gap = self.ends_in_gap();
        self.latest_time = if self.steps == 0 { time } else { self.latest_time.max(time) };
        self.points += newest.points;
        self.steps += 1;
        self.non_finite += newest.points - newest.sum.count;
        self.last_step = newest.step;
        if newest.sum.count == 0 {
            self.gap_step = if is_in_gap { self.gap_step } else { newest.step };
            return;
        }
        self.gap_step = 0.0;
        let value = StepValue { step: newest.step, value: newest.sum.mean() };
        if self.sum.count == 0 || value.value < self.min.value {
            self.min = value;
        }
        if self.sum.count == 0 || value.value > self.max.value {
            self.max = value;
        }
        self.last = value;
        self.sum.add(value.value);
    }
}
