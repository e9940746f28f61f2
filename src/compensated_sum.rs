//! A sum of doubles that is exact to about one rounding, and does not overflow while its mean is representable.

/// Values from here on are summed in units of [`UNIT`].
const LARGE: f64 = f64::from_bits(0x7E70_0000_0000_0000);
/// 2^128: the sum of 2^64 values in this unit does not overflow.
const UNIT: f64 = f64::from_bits(0x47F0_0000_0000_0000);

/// Neumaier's improved Kahan summation (Rundungsfehleranalyse einiger Verfahren zur Summation endlicher Summen, 1974). The same
/// values in the same order give the same bits, however they are divided into calls.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CompensatedSum {
    pub count: u64,
    pub sum: f64,
    pub compensation: f64,
    /// Whether both are in units of [`UNIT`].
    pub is_scaled: bool,
}

impl CompensatedSum {
    /// Adds a finite value.
    pub fn add(&mut self, value: f64) {
        if !self.is_scaled && (value.abs() >= LARGE || self.sum.abs() >= LARGE) {
            (self.sum, self.compensation, self.is_scaled) = (self.sum / UNIT, self.compensation / UNIT, true);
        }
        let value = if self.is_scaled { value / UNIT } else { value };
        let sum = self.sum + value;
        // The rounding error of this addition without a branch (Knuth's TwoSum): of random numbers the processor would guess wrong.
        let added = sum - self.sum;
        self.compensation += (self.sum - (sum - added)) + (value - added);
        self.sum = sum;
        self.count += 1;
    }

    /// Whether a sum of so many values, none of which is larger than this, is made without [`UNIT`].
    pub fn is_never_scaled(largest: f64, count: usize) -> bool {
        // Twice: the sum is rounded.
        2.0 * largest * (count as f64 + 1.0) < LARGE
    }

    /// The mean of the values; NaN if there are none.
    pub fn mean(&self) -> f64 {
        let mean = (self.sum + self.compensation) / self.count as f64;
        // A mean is no larger than the largest value; rounding may say otherwise.
        if self.is_scaled { (mean * UNIT).clamp(f64::MIN, f64::MAX) } else { mean }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::split_mix::SplitMix64;

    fn mean(values: &[f64]) -> f64 {
        let mut sum = CompensatedSum::default();
        values.iter().for_each(|value| sum.add(*value));
        sum.mean()
    }

    #[test]
    fn means_are_exact_to_the_last_bits() {
        assert_eq!(mean(&[1.0, 1e100, 1.0, -1e100]), 0.5);
        let tenths = vec![0.1; 1_000_000];
        assert_eq!(mean(&tenths), 0.1);
        let mut rng = SplitMix64(5);
        for _ in 0..200 {
            // Whole numbers, so that the exact sum is known.
            let values: Vec<i64> = (0..1 + rng.below(500)).map(|_| rng.next_u64() as i64 >> rng.pick(&[11, 20, 40])).collect();
            let exact = values.iter().map(|value| i128::from(*value)).sum::<i128>() as f64 / values.len() as f64;
            let doubles: Vec<f64> = values.iter().map(|value| *value as f64).collect();
            assert!((mean(&doubles) - exact).abs() <= 2.0 * f64::EPSILON * exact.abs(), "{values:?}");
        }
        assert!(mean(&[]).is_nan());
    }

    #[test]
    fn large_values_do_not_overflow() {
        let is_near = |value: f64, exact: f64| value.is_finite() && (value / exact - 1.0).abs() <= 2.0 * f64::EPSILON;
        assert!((2..1000).all(|count| is_near(mean(&vec![f64::MAX; count]), f64::MAX) && is_near(mean(&vec![f64::MIN; count]), f64::MIN)));
        assert_eq!(mean(&[f64::MAX, f64::MIN]), 0.0);
        assert_eq!(mean(&[1e308, 1.5e308]), 1.25e308);
        assert_eq!(mean(&[5e-324]), 5e-324);
        assert!((mean(&[1e305, 1.0, 3.0]) - 1e305 / 3.0).abs() < 1e290);
    }
}
