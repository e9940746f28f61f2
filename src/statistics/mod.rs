//! Means, intervals and differences of samples. The unit is the run: one number of each.
//!
//! All functions are pure. The numbers of a sample in any order give the same bits, because they are sorted before they are summed.

pub mod difference;
mod moments;
pub mod planning;
mod quantiles;
mod student_t;
#[cfg(test)]
mod tests;

pub use moments::{LANES, Moments};
pub use quantiles::sorted_quantile;
pub use student_t::{CriticalValues, critical_value, t_quantile};

/// The confidence of an interval where nothing else is said.
pub const CONFIDENCE: f64 = 0.95;

/// The confidence of each of `comparisons` intervals such that all of them hold together with at least [`CONFIDENCE`]: Bonferroni's
/// correction (Dunn, Multiple Comparisons Among Means, Journal of the American Statistical Association 56, 1961).
pub fn corrected_confidence(comparisons: u32) -> f64 {
    1.0 - (1.0 - CONFIDENCE) / f64::from(comparisons.max(1))
}
