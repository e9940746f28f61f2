//! Quantiles of a sample.

/// The quantile by linear interpolation between order statistics: definition 7 of Hyndman and Fan (Sample Quantiles in Statistical
/// Packages, The American Statistician 50, 1996), the default of numpy. `sorted` is ascending, `probability` within 0 to 1. NaN without
/// numbers.
pub fn sorted_quantile(sorted: &[f64], probability: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let place = last as f64 * probability;
    let below = (place as usize).min(last);
    let (low, high) = (sorted[below], sorted[(below + 1).min(last)]);
    let part = place - below as f64;
    // Halves first, so that the difference of large numbers does not overflow.
    if low == high { low } else { 2.0 * (low / 2.0 * (1.0 - part) + high / 2.0 * part) }
}
