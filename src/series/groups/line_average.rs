//! The moving average of a group's line. A zoom changes no number of it, although a window has its own places: the weight of a value falls
//! with its distance on the axis, not with the number of places between, and what lies before the window is taken in first.
//!
//! With a weight w and a unit u, a value at the distance d before a place has there the weight w^(d/u). A step counts as one value, a column of
//! the width c as the c/u equal values that it stands for: together they have 1 − w^(c/u) of what one step has by 1 − w. The sum is divided by
//! that of the weights, as in [`crate::series::Average`]: of places that are a unit apart this is the same average.

use super::{GroupColumn, GroupGrid};

/// The weight of what lies before a look-back, relative to the average.
const NEGLIGIBLE: f64 = 1e-15;

/// The average of the places so far, which ascend.
#[derive(Clone, Copy, Debug)]
pub struct LineAverage {
    weight: f64,
    unit: f64,
    /// NaN before the first value.
    value: f64,
    /// Sum of the weights.
    weights: f64,
    /// Where the last place ends.
    end: f64,
}

impl LineAverage {
    /// `weight`: above 0 and below 1. `unit`: the distance of two neighbouring steps of a curve, above 0; it must be the same in all windows.
    pub fn new(weight: f64, unit: f64) -> Self {
        Self { weight, unit, value: f64::NAN, weights: 0.0, end: f64::NAN }
    }

    /// The distance before a window from which on nothing counts.
    pub fn reach(&self) -> f64 {
        self.unit * (NEGLIGIBLE.ln() / self.weight.ln()).max(1.0)
    }

    /// Replaces the lines of the next places by their averages. A place without a line is passed over: it takes nothing and ages nothing.
    pub fn smooth(&mut self, columns: &mut [GroupColumn], grid: GroupGrid) {
        let (after, span) = match grid {
            GroupGrid::Steps => (0.0, self.unit),
            GroupGrid::Columns { from, to, count } => {
                let width = (to - from) / f64::from(count);
                // Its last step is within a unit before its right bound.
                (((width - self.unit) / 2.0).max(0.0), width)
            }
        };
        let share = 1.0 - self.weight.powf(span / self.unit);
        for column in columns {
            let end = column.x + after;
            let distance = end - self.end;
            self.end = end;
            if column.line.is_finite() {
                column.line = self.push(distance, share, column.line);
            } else {
                column.line = f64::NAN;
            }
        }
    }

    fn push(&mut self, distance: f64, share: f64, line: f64) -> f64 {
        if self.value.is_nan() {
            (self.value, self.weights) = (line, share);
            return line;
        }
        self.weights = self.weights * self.weight.powf(distance / self.unit) + share;
        let (part, way) = (share / self.weights, line - self.value);
        let next = if way.is_finite() { self.value + part * way } else { self.value * (1.0 - part) + line * part };
        // Rounding might lead beyond the line.
        self.value = if way >= 0.0 { next.min(line) } else { next.max(line) };
        self.value
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::series::Average;
    use crate::split_mix::SplitMix64;

    fn places(list: impl IntoIterator<Item = (f64, f64)>) -> Vec<GroupColumn> {
        list.into_iter().map(|(x, line)| GroupColumn { x, line, low: line, high: line, n: 1, nan: 0, ended: 0, interpolated: 0 }).collect()
    }

    fn lines(columns: &[GroupColumn]) -> Vec<f64> {
        columns.iter().map(|column| column.line).collect()
    }

    #[track_caller]
    fn assert_near(found: &[f64], expected: &[f64], tolerance: f64) {
        assert_eq!(found.len(), expected.len());
        for (at, (found, expected)) in found.iter().zip(expected).enumerate() {
            let is_near = (found - expected).abs() <= tolerance || found.is_nan() && expected.is_nan();
            assert!(is_near, "{at}: {found}, not {expected}");
        }
    }

    fn noise(count: usize) -> Vec<(f64, f64)> {
        let mut rng = SplitMix64(41);
        (0..count).map(|at| (at as f64 * 0.5, (at as f64 / 300.0).sin() + rng.unit())).collect()
    }

    #[test]
    fn of_places_a_unit_apart_it_is_the_average_of_a_series() {
        for weight in [0.1, 0.6, 0.9, 0.999] {
            let mut list = noise(3000);
            list[7].1 = f64::NAN;
            let mut columns = places(list.iter().copied());
            LineAverage::new(weight, 0.5).smooth(&mut columns, GroupGrid::Steps);
            let mut average = Average::new(weight);
            let expected: Vec<f64> = list.iter().map(|(x, y)| average.push(*x, *y).unwrap_or(f64::NAN)).collect();
            assert_near(&lines(&columns), &expected, 1e-12);
        }
    }

    #[test]
    fn a_window_with_its_reach_has_the_averages_of_the_whole() {
        let list = noise(4000);
        for weight in [0.3, 0.9, 0.97] {
            let mut whole = places(list.iter().copied());
            LineAverage::new(weight, 0.5).smooth(&mut whole, GroupGrid::Steps);
            let mut average = LineAverage::new(weight, 0.5);
            let reach = (average.reach() / 0.5).ceil() as usize;
            let mut before = places(list[3000 - reach..3000].iter().copied());
            average.smooth(&mut before, GroupGrid::Steps);
            let mut window = places(list[3000..].iter().copied());
            average.smooth(&mut window, GroupGrid::Steps);
            assert_near(&lines(&window), &lines(&whole[3000..]), 1e-12);
        }
    }

    /// A column stands for its steps: the averages at the ends of columns are those at these steps where the steps of a column are equal.
    #[test]
    fn columns_have_the_averages_of_their_steps() {
        let steps = places((0..512).map(|at| (f64::from(at), f64::from(at / 8 * 7919 % 101))));
        let mut columns = places((0..64).map(|at| (f64::from(at) * 8.0 + 4.0, f64::from(at * 7919 % 101))));
        for weight in [0.3, 0.9, 0.99] {
            let mut each = steps.clone();
            LineAverage::new(weight, 1.0).smooth(&mut each, GroupGrid::Steps);
            let mut joined = columns.clone();
            LineAverage::new(weight, 1.0).smooth(&mut joined, GroupGrid::Columns { from: 0.0, to: 512.0, count: 64 });
            let expected: Vec<f64> = each.iter().skip(7).step_by(8).map(|column| column.line).collect();
            assert_near(&lines(&joined), &expected, 1e-9);
        }
        columns.iter_mut().for_each(|column| column.line = 0.3);
        LineAverage::new(0.9, 3.0).smooth(&mut columns, GroupGrid::Columns { from: 0.0, to: 512.0, count: 64 });
        assert!(columns.iter().all(|column| column.line == 0.3), "a constant stays itself");
    }
}
