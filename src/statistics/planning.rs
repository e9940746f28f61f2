//! How precise a comparison would be with more runs: a statement about the interval, not about whether it leaves nought.

use super::Moments;
use super::difference::combined_error;
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
