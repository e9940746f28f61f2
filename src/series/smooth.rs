//! The exponential moving average of a series: a property of its points, whatever is seen of them.

/// The debiased exponential moving average (the bias correction is that of Adam: Kingma and Ba, 2015) of the points so far.
///
/// Of n finite values of a segment it is their sum, each with the weight (1 - w) wᵏ for the k values after it, over the sum of these
/// weights, 1 - wⁿ. It begins with each segment: where a step is lower than the one before it, on whatever axis it is drawn. What is
/// not finite is passed over. It is computed as a step from the last average to the new value, so that it never leaves the range of
/// the values, and a constant stays that constant to the last bit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Average {
    /// From 0, the values themselves, to before 1.
    pub weight: f64,
    /// After the last finite value of the segment; 0 before the first.
    pub value: f64,
    /// wⁿ of the n finite values so far: 1 before the first.
    pub kept: f64,
    /// The last step; -∞ before the first.
    pub step: f64,
}

impl Average {
    pub fn new(weight: f64) -> Self {
        Self { weight, value: 0.0, kept: 1.0, step: f64::NEG_INFINITY }
    }

    /// Takes the next point. The average after it, where its value is finite.
    pub fn push(&mut self, step: f64, y: f64) -> Option<f64> {
        if self.is_begun_by(step) {
            (self.kept, self.value) = (1.0, 0.0);
        }
        self.step = step;
        if !y.is_finite() {
            return None;
        }
        if self.kept == 1.0 {
            (self.kept, self.value) = (self.weight, y);
            return Some(y);
        }
        // Below it nothing is missing from the sum of the weights; and the smallest doubles are slow.
        const NOTHING: f64 = 1e-17;
        let part = if self.kept < NOTHING {
            1.0 - self.weight
        } else {
            self.kept *= self.weight;
            (1.0 - self.weight) / (1.0 - self.kept)
        };
        let way = y - self.value;
        let next = if way.is_finite() {
            self.value + part * way
        } else {
            // Two steps of half the way, where all of it is no double.
            let half = part * (y / 2.0 - self.value / 2.0);
            self.value + half + half
        };
        // Rounding might lead beyond the value.
        self.value = if way >= 0.0 { next.min(y) } else { next.max(y) };
        Some(self.value)
    }

    /// Whether a segment begins with this step.
    pub fn is_begun_by(&self, step: f64) -> bool {
        step < self.step
    }
}

/// A place of a smoothed line: where the last finite value of a column stands, and the average there.
pub type Place = (f64, f64);

/// No place: of a column without a finite value, and where there are more columns than averages.
pub const NO_PLACE: Place = (f64::NAN, f64::NAN);

/// The line of these points, for tests of what is drawn from it.
#[cfg(test)]
pub fn smoothed(points: &[(f64, f64)], weight: f64) -> Vec<Place> {
    let mut average = Average::new(weight);
    points.iter().map(|(x, y)| average.push(*x, *y).map_or(NO_PLACE, |y| (*x, y))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The average of points, as everybody writes it.
    fn usual(values: &[f64], weight: f64) -> Vec<f64> {
        let (mut last, mut count) = (0.0, 0);
        let one = |y: &f64| {
            last = last * weight + (1.0 - weight) * y;
            count += 1;
            last / (1.0 - weight.powi(count))
        };
        values.iter().map(one).collect()
    }

    fn of(values: &[f64], weight: f64) -> Vec<f64> {
        let points: Vec<_> = values.iter().enumerate().map(|(x, y)| (x as f64, *y)).collect();
        smoothed(&points, weight).iter().map(|place| place.1).collect()
    }

    #[test]
    fn it_is_the_usual_average() {
        let values: Vec<f64> = (0..5000).map(|at| f64::from(at * 7919 % 101) - 40.0).collect();
        for weight in [0.0, 0.5, 0.9, 0.999] {
            for (at, (expected, y)) in usual(&values, weight).iter().zip(of(&values, weight)).enumerate() {
                assert!((expected - y).abs() <= 1e-12 * 60.0, "{weight}: {y} at {at}, not {expected}");
            }
        }
    }

    #[test]
    fn a_constant_stays_itself_and_no_value_is_left_behind() {
        for weight in [0.0, 0.1, 0.6, 0.9, 0.99, 0.999] {
            for y in [0.1, 0.3, -1e-320, 5e-324, 1e308, f64::MAX, f64::MIN, 1.0 / 3.0] {
                assert!(of(&vec![y; 3000], weight).iter().all(|average| *average == y), "{y} {weight}");
            }
            let near = [0.3, 0.1 + 0.2, 0.3, 0.1 + 0.2];
            assert!(of(&near, weight).iter().all(|average| (0.3..=0.1 + 0.2).contains(average)));
            let huge = of(&[f64::MAX, f64::MIN, f64::MAX, 1.0, f64::MIN, f64::MIN], weight);
            assert!(huge.iter().all(|average| average.is_finite()), "{huge:?}");
        }
    }

    #[test]
    fn what_is_no_number_is_passed_over_and_a_lower_step_begins_a_segment() {
        let points = [(0.0, 1.0), (1.0, f64::NAN), (2.0, f64::INFINITY), (3.0, 2.0), (3.0, 5.0), (1.0, f64::NAN), (1.0, 8.0), (2.0, 8.0)];
        let line = smoothed(&points, 0.9);
        let expected = usual(&[1.0, 2.0, 5.0], 0.9);
        assert_eq!((line[0], line[6], line[7]), ((0.0, 1.0), (1.0, 8.0), (2.0, 8.0)));
        assert!([1, 2, 5].iter().all(|at| line[*at].0.is_nan()));
        assert!((line[3].1 - expected[1]).abs() < 1e-12 && (line[4].1 - expected[2]).abs() < 1e-12, "equal steps are one segment");
    }
}
