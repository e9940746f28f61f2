//! Mean and standard deviation of a sample.

use super::student_t::critical_value;
use crate::compensated_sum::CompensatedSum;

/// Samples of [`Moments::of_lanes`]: as many numbers as are in one line of the processor's cache.
pub const LANES: usize = 8;

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
        let largest = numbers.iter().map(|number| (number - mean).abs()).fold(0.0, f64::max);
        let (mut squares, mut rest) = (CompensatedSum::default(), CompensatedSum::default());
        if largest > 0.0 && largest.is_finite() {
            for number in numbers {
                let deviation = (number - mean) / largest;
                squares.add(deviation * deviation);
                rest.add(deviation);
            }
        }
        Self::of_deviation(n, mean, Deviation { largest, squares: squares.mean(), rest: rest.mean() })
    }

    /// As [`Self::of_ordered`] of [`LANES`] samples at once, with the same bits. A row has a number of each sample; NaN where the sample has
    /// none. `None`: the numbers are so large that they have to be summed one sample after the other.
    pub fn of_lanes(rows: &[[f64; LANES]]) -> Option<[Self; LANES]> {
        let mut counts = [0_u64; LANES];
        let mut largest = [0.0_f64; LANES];
        let mut sums = LaneSums::default();
        for row in rows {
            // Adding nothing changes no bit.
            let present = row.map(|number| if number.is_nan() { 0.0 } else { number });
            for (count, number) in counts.iter_mut().zip(row) {
                *count += u64::from(!number.is_nan());
            }
            for (largest, number) in largest.iter_mut().zip(present) {
                *largest = largest.max(number.abs());
            }
            sums.add(present);
        }
        let is_plain = |largest: &f64| CompensatedSum::is_never_scaled(*largest, rows.len());
        if !largest.iter().all(is_plain) {
            return None;
        }
        let means = sums.means(&counts);
        let mut deviations = [0.0_f64; LANES];
        for row in rows {
            for lane in 0..LANES {
                // `max` passes over NaN.
                deviations[lane] = deviations[lane].max((row[lane] - means[lane]).abs());
            }
        }
        let (mut squares, mut rests) = (LaneSums::default(), LaneSums::default());
        for row in rows {
            let mut scaled = [0.0; LANES];
            for lane in 0..LANES {
                let deviation = (row[lane] - means[lane]) / deviations[lane];
                scaled[lane] = if deviation.is_nan() { 0.0 } else { deviation };
            }
            squares.add(scaled.map(|deviation| deviation * deviation));
            rests.add(scaled);
        }
        let (squares, rests) = (squares.means(&counts), rests.means(&counts));
        Some(std::array::from_fn(|lane| {
            let deviation = Deviation { largest: deviations[lane], squares: squares[lane], rest: rests[lane] };
            Self::of_deviation(counts[lane], means[lane], deviation)
        }))
    }

    fn of_deviation(n: u64, mean: f64, Deviation { largest, squares, rest }: Deviation) -> Self {
        if n < 2 {
            return Self { n, mean, rest: 0.0, std: f64::NAN };
        }
        if largest == 0.0 || !largest.is_finite() {
            return Self { n, mean, rest: 0.0, std: largest };
        }
        let count = n as f64;
        let variance = (squares - rest * rest) * (count / (count - 1.0));
        Self { n, mean, rest: largest * rest, std: largest * variance.max(0.0).sqrt() }
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

/// The deviations from a mean: the largest, and the means of their squares and of themselves in units of it.
struct Deviation {
    largest: f64,
    squares: f64,
    rest: f64,
}

/// [`LANES`] sums as [`CompensatedSum`] makes them, side by side, so that the processor adds several numbers in one instruction.
#[derive(Default)]
struct LaneSums {
    sums: [f64; LANES],
    compensations: [f64; LANES],
}

impl LaneSums {
    fn add(&mut self, values: [f64; LANES]) {
        for ((sum, compensation), value) in self.sums.iter_mut().zip(&mut self.compensations).zip(values) {
            let before = *sum;
            *sum += value;
            let added = *sum - before;
            *compensation += (before - (*sum - added)) + (value - added);
        }
    }

    fn means(&self, counts: &[u64; LANES]) -> [f64; LANES] {
        std::array::from_fn(|lane| (self.sums[lane] + self.compensations[lane]) / counts[lane] as f64)
    }
}

fn sum(numbers: impl Iterator<Item = f64>) -> CompensatedSum {
    let mut sum = CompensatedSum::default();
    numbers.for_each(|number| sum.add(number));
    sum
}
