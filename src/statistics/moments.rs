//! Mean and standard deviation of a sample.

use super::student_t::critical_value;
use crate::compensated_sum::CompensatedSum;

/// What is known of a sample of finite numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moments {
    /// How many numbers there are.
    pub n: u64,
    /// NaN without numbers.
    pub mean: f64,
    /// The mean less `mean`, which is rounded: it counts in differences of large means.
    pub(super) rest: f64,
    /// The standard deviation with the divisor n − 1; NaN of fewer than two numbers.
    pub std: f64,
}

impl Moments {
    /// The corrected two-pass algorithm (Chan, Golub, LeVeque: Algorithms for Computing the Sample Variance, The American Statistician
    /// 37, 1983, equation 1.7) with compensated sums, in units of the largest deviation, so that no square overflows.
    pub fn of(numbers: &[f64]) -> Self {
        let mut sorted = numbers.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        Self::of_ordered(&sorted)
    }

    /// As [`Self::of`], for numbers whose order depends on nothing else, so that they need not be sorted to give the same bits.
    pub fn of_ordered(numbers: &[f64]) -> Self {
        let n = numbers.len() as u64;
        let mean = sum(numbers.iter().copied()).mean();
        if n < 2 {
            return Self { n, mean, rest: 0.0, std: f64::NAN };
        }
        let largest = numbers.iter().map(|number| (number - mean).abs()).fold(0.0, f64::max);
        if largest == 0.0 || !largest.is_finite() {
            return Self { n, mean, rest: 0.0, std: largest };
        }
        let (mut squares, mut rest) = (CompensatedSum::default(), CompensatedSum::default());
        for number in numbers {
            let deviation = (number - mean) / largest;
            squares.add(deviation * deviation);
            rest.add(deviation);
        }
        let count = n as f64;
        let variance = (squares.mean() - rest.mean() * rest.mean()) * (count / (count - 1.0));
        Self { n, mean, rest: largest * rest.mean(), std: largest * variance.max(0.0).sqrt() }
    }

    /// The difference of two means.
    pub fn mean_difference(&self, other: &Self) -> f64 {
        (self.mean - other.mean) + (self.rest - other.rest)
    }

    /// The standard error of the mean.
    pub fn standard_error(&self) -> f64 {
        self.std / (self.n as f64).sqrt()
    }

    /// Half the width of the t interval of the mean (Student, The Probable Error of a Mean, Biometrika 6, 1908); `None` of fewer than
    /// two numbers.
    pub fn half_width(&self, confidence: f64) -> Option<f64> {
        (self.n >= 2).then(|| critical_value(confidence, (self.n - 1) as f64) * self.standard_error())
    }
}

fn sum(numbers: impl Iterator<Item = f64>) -> CompensatedSum {
    let mut sum = CompensatedSum::default();
    numbers.for_each(|number| sum.add(number));
    sum
}
