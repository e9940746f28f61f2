//! The outline of a curve: the whole of it in at most 256 columns, so that statistics and densities of many series need not read their
//! points. It is kept up to date while points arrive, in a fixed amount of memory.
//!
//! Each step counts once, by the mean of its finite points; a step without one is a gap. A curve of at most 256 steps has a column for each
//! step. The columns of a longer one have a width that is a power of two, the smallest that suffices: column `n` has the steps from
//! `n * width` to before `(n + 1) * width`, and empty columns are left out. So the columns of one outline are parts of those of a wider
//! one, and outlines of many series are added up without dividing a column.
//!
//! As in a summary, superseded points cannot be taken out of a column. Where a step goes back into a column of several steps, the outline
//! has to be made again from all points ([`super::SupersededScan`]).

use super::summary::NewestStep;
use super::{CurveFigures, Points};

/// Columns of an outline at most.
pub const OUTLINE_COLUMNS: usize = 256;

/// The whole curve of a series with at least one point.
#[derive(Clone, Debug, PartialEq)]
pub struct CurveOutline {
    pub figures: CurveFigures,
    /// Width of the columns, a power of two; 0: each column is one step.
    pub width: f64,
    /// By ascending steps.
    pub columns: Vec<OutlineColumn>,
}

/// Consecutive steps of a curve, at least one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OutlineColumn {
    /// The first and the last step.
    pub x_first: f64,
    pub x_last: f64,
    /// Number of steps.
    pub steps: u64,
    /// Number of steps with a finite value; the others are gaps.
    pub finite: u64,
    /// The mean of the values of these steps; NaN if there is none.
    pub mean: f64,
    /// The lowest and the highest value of the finite points; NaN if there is none.
    pub min: f64,
    pub max: f64,
    /// The values of the first and the last step, to interpolate across an empty column: set only beside one. NaN if the step is a gap.
    pub first: f64,
    pub last: f64,
}

impl OutlineColumn {
    /// Whether there is an empty column of this width between this one and the next one.
    #[cfg(feature = "ssr")]
    pub(crate) fn is_before_empty(&self, next: &Self, width: f64) -> bool {
        number(next, width) > number(self, width) + 1.0
    }

    /// The newest step of a curve, with the lowest and the highest finite value there.
    pub(crate) fn of_step(newest: &NewestStep, (min, max): (f64, f64)) -> Self {
        // The mean of no values is NaN.
        let (step, value) = (newest.step, newest.sum.mean());
        let finite = u64::from(newest.sum.count > 0);
        Self { x_first: step, x_last: step, steps: 1, finite, mean: value, min, max, first: value, last: value }
    }

    /// Takes in the column that follows.
    pub(crate) fn merge(&mut self, next: &Self) {
        (self.x_last, self.last) = (next.x_last, next.last);
        self.steps += next.steps;
        if next.finite == 0 {
            return;
        }
        if self.finite == 0 {
            (self.mean, self.min, self.max) = (next.mean, next.min, next.max);
        } else {
            let share = next.finite as f64 / (self.finite + next.finite) as f64;
            let difference = next.mean - self.mean;
            // Equal means stay equal; two that are too far apart for their difference are weighted.
            self.mean = if difference.is_finite() { self.mean + difference * share } else { self.mean * (1.0 - share) + next.mean * share };
            (self.min, self.max) = (self.min.min(next.min), self.max.max(next.max));
        }
        self.finite += next.finite;
    }
}

/// Makes the outline of a series from its points in the order of arrival. The same points give the same bits, however they are divided
/// into calls, and superseded ones change nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OutlineBuilder {
    pub(crate) points: u64,
    pub(crate) needs_rebuild: bool,
    /// As in [`CurveOutline`].
    pub(crate) width: f64,
    /// The columns before the newest step, with all values of [`OutlineColumn::first`] and [`OutlineColumn::last`] that were seen.
    pub(crate) columns: Vec<OutlineColumn>,
    /// The newest step, at which more points may arrive.
    pub(crate) newest: NewestStep,
    /// The lowest and the highest finite value there.
    pub(crate) newest_range: (f64, f64),
}

impl OutlineBuilder {
    /// Number of points that were pushed.
    pub fn points(&self) -> u64 {
        self.points
    }

    /// Whether a step went back into a column of several steps, so that there is no outline until all points are read again.
    pub fn needs_rebuild(&self) -> bool {
        self.needs_rebuild
    }

    /// Takes the next points of the series.
    pub fn push(&mut self, points: &Points) {
        for (step, value) in points.x.iter().zip(&points.y) {
            self.push_point(*step, *value);
        }
    }

    /// Counts points that are superseded by later ones, instead of pushing them.
    pub fn skip(&mut self, superseded: u64) {
        self.points += superseded;
    }

    fn push_point(&mut self, step: f64, value: f64) {
        self.points += 1;
        if self.needs_rebuild {
            // What is left to know is where the curve begins: a step before that makes the rebuild unnecessary.
            if self.columns.first().is_none_or(|first| step > first.x_first) {
                return;
            }
            *self = Self { points: self.points, ..Self::default() };
        } else if self.newest.points > 0 && step > self.newest.step {
            self.end_step();
        } else if self.newest.points > 0 && step < self.newest.step {
            self.step_back(step);
            if self.needs_rebuild {
                return;
            }
        }
        if self.newest.points == 0 {
            self.newest_range = (f64::NAN, f64::NAN);
        }
        self.newest.add(step, value);
        if value.is_finite() {
            let (min, max) = self.newest_range;
            self.newest_range = (min.min(value), max.max(value));
        }
    }

    fn step_back(&mut self, step: f64) {
        self.newest = NewestStep::default();
        if self.columns.first().is_none_or(|first| step <= first.x_first) {
            self.columns.clear();
            self.width = 0.0;
        } else if self.width == 0.0 {
            self.columns.truncate(self.columns.partition_point(|column| column.x_first < step));
        } else if self.columns.last().is_some_and(|last| step <= last.x_last) {
            self.columns.truncate(1);
            self.needs_rebuild = true;
        }
    }

    fn end_step(&mut self) {
        let column = OutlineColumn::of_step(&std::mem::take(&mut self.newest), self.newest_range);
        match self.columns.last_mut() {
            Some(last) if self.width > 0.0 && number(last, self.width) == number(&column, self.width) => last.merge(&column),
            _ => self.columns.push(column),
        }
        while self.columns.len() > OUTLINE_COLUMNS {
            self.width = if self.width == 0.0 { self.least_width() } else { self.width * 2.0 };
            self.merge_columns();
        }
    }

    /// A power of two at which every step still has a column of its own.
    fn least_width(&self) -> f64 {
        let steps = self.columns.windows(2).map(|pair| pair[1].x_first - pair[0].x_first);
        let least = steps.fold(f64::MAX, f64::min);
        let furthest = self.columns.iter().map(|column| column.x_first.abs()).fold(0.0, f64::max);
        // The numbers of columns stay finite.
        power_of_two(least.max(furthest * 2_f64.powi(-900)))
    }

    fn merge_columns(&mut self) {
        let width = self.width;
        self.columns.dedup_by(|next, column| {
            let is_same = number(column, width) == number(next, width);
            if is_same {
                column.merge(next);
            }
            is_same
        });
    }

    /// The outline of the curve with these figures; `None` if it has to be made again.
    pub fn finish(mut self, figures: CurveFigures) -> Option<CurveOutline> {
        if self.needs_rebuild {
            return None;
        }
        self.end();
        Some(CurveOutline { figures, width: self.width, columns: self.columns })
    }

    /// Takes the newest step for the last one.
    pub(crate) fn end(&mut self) {
        if self.newest.points > 0 {
            self.end_step();
        }
        self.forget_inner_values();
    }

    /// Forgets the first and last values of columns that are not beside an empty one. Points that arrive later make no column empty, but
    /// for the one after the last.
    fn forget_inner_values(&mut self) {
        if self.width == 0.0 {
            return;
        }
        let mut before: Option<(f64, &mut OutlineColumn)> = None;
        for column in &mut self.columns {
            let number = number(column, self.width);
            let is_after_empty = before.as_ref().is_some_and(|(before, _)| number > before + 1.0);
            if !is_after_empty {
                column.first = f64::NAN;
                if let Some((_, before)) = before {
                    before.last = f64::NAN;
                }
            }
            before = Some((number, column));
        }
        if let Some((_, last)) = before {
            last.last = f64::NAN;
        }
    }
}

/// The number of the column of this width that has all steps of `column`.
fn number(column: &OutlineColumn, width: f64) -> f64 {
    column_number(column.x_first, width)
}

/// The number of the column of this width that a step is in.
pub(crate) fn column_number(step: f64, width: f64) -> f64 {
    floor(step / width)
}

/// [`f64::floor`], which is a call into a library where the processor's instruction for it is not taken for granted.
fn floor(number: f64) -> f64 {
    let whole = number as i64 as f64;
    match number.abs() < 4_503_599_627_370_496.0 {
        true if whole > number => whole - 1.0,
        true => whole,
        // From 2^52 on all doubles are whole; infinite ones and NaN stay.
        false => number,
    }
}

/// The largest power of two that is not above a positive number; at least the smallest normal one.
fn power_of_two(number: f64) -> f64 {
    f64::from_bits(number.to_bits() & 0x7FF0_0000_0000_0000).max(f64::MIN_POSITIVE)
}
