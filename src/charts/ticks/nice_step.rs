//! Round steps for ticks.

use crate::charts::text_metrics::{decimal_exponent, power_of_ten};

/// The smallest step of the form 1, 2 or 5 times a power of ten that cuts `span` into at most `most` pieces, as its digit and exponent.
pub fn nice_step(span: f64, most: usize) -> (i64, i32) {
    // Below this, doubles cannot represent different powers of ten; above it there is no larger one.
    let rough = (span / most as f64).clamp(1e-321, f64::MAX);
    let exponent = decimal_exponent(rough);
    // In two steps where the power itself has lost digits.
    let lead = if exponent < -300 { rough * power_of_ten(300) / power_of_ten(exponent + 300) } else { rough / power_of_ten(exponent) };
    match lead {
        // A hair of room, so that a span of 0.3 makes three steps of 0.1.
        ..=1.0000001 => (1, exponent),
        _ if exponent == 308 => (1, exponent),
        ..=2.0000001 => (2, exponent),
        ..=5.0000001 => (5, exponent),
        _ if exponent == 307 => (1, 308),
        _ => (1, exponent + 1),
    }
}
