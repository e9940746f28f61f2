//! From values to a share of an axis, and back: linear, or logarithmic to base ten.

/// One axis. 0 is its lower end, 1 its upper end; values beyond the ends fall outside 0..1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    /// The ends as values: finite, `lo < hi`; both positive on a logarithmic scale.
    pub lo: f64,
    pub hi: f64,
    pub log: bool,
    /// Whether places are measured by their logarithms. Within a millionth of a decade they are not: there a straight line is the
    /// same picture, and the logarithms of neighbours would be equal.
    by_ln: bool,
    // The ends as they are measured: themselves, or their logarithms.
    start: f64,
    end: f64,
    /// What measures are multiplied by: a half, so that not even the whole range of doubles overflows; much for the smallest ones,
    /// which have no half.
    unit: f64,
    /// The way between the ends in that unit.
    span: f64,
}

/// The smallest positive number.
const SMALLEST_POSITIVE: f64 = f64::from_bits(1);

/// Spreads up to so many steps between neighbouring doubles are rounding, not variation.
const NOISE_ULPS: f64 = 16.0;
/// The narrowest range of an axis, as a share of its numbers: labels of 15 digits still differ there.
const MIN_RELATIVE_SPAN: f64 = 2e-14;

/// The distance from a number to the next larger one.
pub fn ulp(value: f64) -> f64 {
    let size = value.abs();
    if size < f64::MAX { f64::from_bits(size.to_bits() + 1) - size } else { size - f64::from_bits(f64::MAX.to_bits() - 1) }
}

/// Whether the numbers from `lo` to `hi` are equal but for rounding: 0.3 and 0.1 + 0.2.
pub fn is_flat(lo: f64, hi: f64) -> bool {
    hi - lo <= NOISE_ULPS * ulp(lo.abs().max(hi.abs()))
}

impl Scale {
    /// Ends that are equal, not finite or in the wrong order give way to ends that can be drawn.
    pub fn linear(lo: f64, hi: f64) -> Self {
        let (lo, hi) = widen(lo, hi);
        Self::with_ends(lo, hi, false, false)
    }

    /// Ends that are not positive numbers give way: the upper one to 10, the lower one to a hundredth of the upper. Equal ends, too.
    pub fn log(lo: f64, hi: f64) -> Self {
        let hi = if hi > 0.0 && hi.is_finite() { hi } else { 10.0 };
        let lo = if lo > 0.0 && lo <= hi { lo } else { (hi / 100.0).max(SMALLEST_POSITIVE) };
        let (lo, hi) = if is_flat(lo, hi) { ((lo / 2.0).max(SMALLEST_POSITIVE), (hi * 2.0).min(f64::MAX)) } else { (lo, hi) };
        Self::with_ends(lo, hi, true, hi - lo > hi * 1e-6)
    }

    fn with_ends(lo: f64, hi: f64, log: bool, by_ln: bool) -> Self {
        let (start, end) = if by_ln { (lo.ln(), hi.ln()) } else { (lo, hi) };
        let unit = if start.abs().max(end.abs()) < 1e-200 { 2_f64.powi(600) } else { 0.5 };
        Self { lo, hi, log, by_ln, start, end, unit, span: end * unit - start * unit }
    }

    /// Whether a value has a place on such an axis: finite, and above 0 on a logarithmic one.
    pub fn contains_value(&self, value: f64) -> bool {
        value.is_finite() && (!self.log || value > 0.0)
    }

    /// The share of the axis at which a value stands; NaN when it has no place ([`Self::contains_value`]).
    pub fn normalize(&self, value: f64) -> f64 {
        if !self.contains_value(value) {
            return f64::NAN;
        }
        let measured = if self.by_ln { ln(value) } else { value };
        (measured * self.unit - self.start * self.unit) / self.span
    }

    /// The value that stands at a share of the axis.
    pub fn invert(&self, share: f64) -> f64 {
        let measured = self.start * (1.0 - share) + self.end * share;
        if self.by_ln { measured.exp() } else { measured }
    }
}

/// Of its own, or the compiler computes it for linear axes too, and chooses afterwards: half a millisecond a frame.
#[inline(never)]
fn ln(value: f64) -> f64 {
    value.ln()
}

/// Room around the lowest and the highest value: 4 % of the range on both sides (of the decades, on a logarithmic scale). Values
/// that are equal but for rounding get room by their size. Of nothing (`lo` above `hi`) it is a neutral axis.
pub fn pad_range(lo: f64, hi: f64, log: bool) -> Scale {
    let tight = Scale::log(lo, hi);
    if log && (tight.by_ln || (tight.lo, tight.hi) != (lo, hi)) {
        return Scale::log(tight.invert(-0.04).max(SMALLEST_POSITIVE), tight.invert(1.04).min(f64::MAX));
    }
    let is_some = lo <= hi;
    if !is_some {
        return Scale::linear(0.0, 1.0);
    }
    let size = lo.abs().max(hi.abs());
    let half = hi / 2.0 - lo / 2.0;
    let room = if is_flat(lo, hi) { size * 0.05 } else { (half * 0.08).max(size * (MIN_RELATIVE_SPAN / 2.0) - half) };
    let (lo, hi) = ((lo - room).max(f64::MIN), (hi + room).min(f64::MAX));
    if log { Scale::log(lo, hi) } else { Scale::linear(lo, hi) }
}

fn widen(lo: f64, hi: f64) -> (f64, f64) {
    let is_wide = hi / 2.0 - lo / 2.0 >= f64::MIN_POSITIVE || (hi.abs().max(lo.abs()) < 1e-200 && hi - lo > NOISE_ULPS * SMALLEST_POSITIVE);
    if is_wide && lo.is_finite() && hi.is_finite() {
        (lo, hi)
    } else if lo.is_finite() {
        let room = (lo.abs() * 1e-9).max(0.5);
        ((lo - room).max(f64::MIN), (lo + room).min(f64::MAX))
    } else {
        (0.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        for scale in [Scale::linear(-3.0, 9.0), Scale::log(0.01, 1000.0)] {
            for value in [0.02, 1.0, 8.5] {
                let share = scale.normalize(value);
                assert!((0.0..=1.0).contains(&share) && (scale.invert(share) - value).abs() < 1e-12, "{scale:?} {value}");
            }
        }
        assert_eq!((Scale::linear(2.0, 4.0).normalize(3.0), Scale::log(1.0, 100.0).normalize(10.0)), (0.5, 0.5));
    }

    #[test]
    fn what_is_not_on_a_log_scale_has_no_place() {
        let scale = Scale::log(0.1, 10.0);
        assert!([0.0, -1.0, f64::NAN, f64::INFINITY].iter().all(|value| !scale.contains_value(*value) && scale.normalize(*value).is_nan()));
        assert!(Scale::linear(0.0, 1.0).contains_value(-1.0));
    }

    #[test]
    fn every_range_can_be_drawn() {
        let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN, 0.0, -0.0, 5e-324, f64::MIN_POSITIVE, 1.0, -1e16, 1e300];
        for lo in odd {
            for hi in odd {
                for scale in [Scale::linear(lo, hi), Scale::log(lo, hi), pad_range(lo, hi, false), pad_range(lo, hi, true)] {
                    assert!(scale.lo < scale.hi && scale.lo.is_finite() && scale.hi.is_finite(), "{lo:e} {hi:e} {scale:?}");
                    assert!(
                        scale.normalize(scale.lo).abs() < 1e-9 && (scale.normalize(scale.hi) - 1.0).abs() < 1e-9,
                        "{lo:e} {hi:e} {scale:?}"
                    );
                    assert!(!scale.log || scale.lo > 0.0);
                }
            }
        }
    }

    #[test]
    fn rounding_is_no_variation_and_variation_is_no_rounding() {
        let third = 0.1 + 0.2;
        for scale in [pad_range(0.3, third, false), pad_range(-third, -0.3, false), pad_range(1e9, 1e9 + 1e-6, false)] {
            let size = scale.hi.abs().max(scale.lo.abs());
            assert!(scale.hi - scale.lo > size * 0.09, "{scale:?}");
        }
        let log = pad_range(0.3, third, true);
        assert!(log.lo < 0.2 && log.hi > 0.5, "{log:?}");
        for size in [0.3, 7.0, 1e9, 1e300, 1e-300, 1e-310] {
            for ulps in [17.0, 60.0, 1000.0, 1e6] {
                let (lo, hi) = (size, size + ulps * ulp(size));
                for log in [false, true] {
                    let scale = pad_range(lo, hi, log);
                    let seen = scale.normalize(hi) - scale.normalize(lo);
                    assert!((0.1..=0.95).contains(&seen), "{seen} of the height for {lo:e} and {ulps} ulp, log {log}: {scale:?}");
                }
            }
        }
    }

    #[test]
    fn the_smallest_doubles_have_a_place() {
        for (lo, hi) in [(1e-308, 1.0), (5e-324, 1e-320), (5e-324, f64::MAX), (1e-310, 1e-309)] {
            for log in [false, true] {
                let scale = pad_range(lo, hi, log);
                let (low, high) = (scale.normalize(lo), scale.normalize(hi));
                assert!(low >= 0.0 && high < 1.0 + 1e-9 && high - low > 0.8, "{lo:e} {hi:e} {log} {scale:?} {low} {high}");
            }
        }
        assert!(pad_range(f64::INFINITY, f64::NEG_INFINITY, false) == Scale::linear(0.0, 1.0));
    }
}
