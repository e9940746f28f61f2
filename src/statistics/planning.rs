//! How precise a comparison would be with more runs: a statement about the interval, not about whether it leaves nought.

use super::Moments;
use super::difference::{Difference, combined_error};
use super::student_t::critical_value;

/// Half the width of Welch's interval if both samples had `n` numbers with the same spread as now. `None` as in
/// [`super::difference::welch`].
pub fn half_width_with(one: &Moments, other: &Moments, n: u64, confidence: f64) -> Option<f64> {
    if one.n < 2 || other.n < 2 || n < 2 {
        return None;
    }
    let (error, df) = combined_error(&Moments { n, ..*one }, &Moments { n, ..*other })?;
    Some(critical_value(confidence, df) * error)
}

/// Half the width of the interval of [`super::difference::paired`] if there were `n` pairs, two or more, with the same spread as now.
pub fn paired_half_width_with(now: &Difference, n: u64, confidence: f64) -> f64 {
    let (before, after) = (now.df, (n - 1) as f64);
    let of_critical = critical_value(confidence, after) / critical_value(confidence, before);
    now.half_width * of_critical * ((before + 1.0) / n as f64).sqrt()
}
