//! Differences between two samples, with intervals.

use super::Moments;
use super::student_t::critical_value;

/// A difference and its interval, `value` ± `half_width`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    pub value: f64,
    pub half_width: f64,
    /// Degrees of freedom, often broken.
    pub df: f64,
}

impl Difference {
    /// Whether nought is outside of the interval.
    pub fn leaves_nought(&self) -> bool {
        self.half_width.is_finite() && self.value.abs() > self.half_width
    }
}

/// The difference of two means whose variances may differ: Welch (The Generalization of Student's Problem when Several Different
/// Population Variances are Involved, Biometrika 34, 1947) with the degrees of freedom of Satterthwaite (An Approximate Distribution of
/// Estimates of Variance Components, Biometrics Bulletin 2, 1946). `None` if one of the samples has fewer than two numbers, or if there
/// is no spread in both.
pub fn welch(one: &Moments, other: &Moments, confidence: f64) -> Option<Difference> {
    if one.n < 2 || other.n < 2 {
        return None;
    }
    let (error, df) = combined_error(one, other)?;
    Some(Difference { value: one.mean_difference(other), half_width: critical_value(confidence, df) * error, df })
}

/// The standard error of the difference of two means, and Satterthwaite's degrees of freedom. `None` without spread.
pub(super) fn combined_error(one: &Moments, other: &Moments) -> Option<(f64, f64)> {
    let error = one.standard_error().hypot(other.standard_error());
    if error == 0.0 || !error.is_finite() {
        return None;
    }
    // Shares of the squared error, which add up to 1: nothing overflows.
    let share = |sample: &Moments| (sample.standard_error() / error).powi(2);
    let part = |sample: &Moments| share(sample).powi(2) / (sample.n - 1) as f64;
    Some((error, 1.0 / (part(one) + part(other))))
}

/// How far the mean of a sample is from one further number, with the interval in which a next number of the sample would be: mean ±
/// t·s·√(1 + 1/n) (Whitmore, Prediction Limits for a Univariate Normal Observation, The American Statistician 40, 1986). `None` if the
/// sample has fewer than two numbers, or no spread.
pub fn prediction(sample: &Moments, number: f64, confidence: f64) -> Option<Difference> {
    if sample.n < 2 || sample.std == 0.0 || !sample.std.is_finite() {
        return None;
    }
    let df = (sample.n - 1) as f64;
    let half_width = critical_value(confidence, df) * sample.std * (1.0 + 1.0 / sample.n as f64).sqrt();
    Some(Difference { value: (sample.mean - number) + sample.rest, half_width, df })
}

/// The mean difference of pairs, such as of runs with the same seed: the t interval of the differences (Student, The Probable Error of a
/// Mean, Biometrika 6, 1908). `None` of fewer than two pairs, or if all differ by the same but for
/// rounding: differences of decimals, such as 0.92 − 0.91 and 0.93 − 0.92, are not equal as doubles.
pub fn paired(pairs: &[(f64, f64)], confidence: f64) -> Option<Difference> {
    let list: Vec<f64> = pairs.iter().map(|(one, other)| one - other).collect();
    let differences = Moments::of(&list);
    let largest = pairs.iter().map(|(one, other)| one.abs().max(other.abs())).fold(0.0, f64::max);
    let deviation = list.iter().map(|difference| (difference - differences.mean).abs()).fold(0.0, f64::max);
    if deviation <= 4.0 * f64::EPSILON * largest {
        return None;
    }
    let half_width = differences.half_width(confidence).filter(|half_width| *half_width > 0.0)?;
    Some(Difference { value: differences.mean, half_width, df: (differences.n - 1) as f64 })
}
