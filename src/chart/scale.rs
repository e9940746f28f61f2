//! From values to a share of an axis, and back: linear, or logarithmic to base ten.

/// One axis. 0 is its lower end, 1 its upper end; values beyond the ends fall outside 0..1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    /// The ends as values: finite, `lo < hi`; both positive on a logarithmic scale.
    pub lo: f64,
    pub hi: f64,
    pub log: bool,
    // The ends as they are measured: themselves, or their logarithms.
    start: f64,
    end: f64,
    /// Half the way between them: halved, so that not even the whole range of doubles overflows.
    span: f64,
}

impl Scale {
    /// Ends that are equal, not finite or in the wrong order give way to ends that can be drawn.
    pub fn linear(lo: f64, hi: f64) -> Self {
        let (lo, hi) = apart(lo, hi);
        Self::measured(lo, hi, false, lo, hi)
    }

    /// Ends that are not positive normal numbers give way: the upper one to 10, the lower one to a hundredth of the upper.
    pub fn log(lo: f64, hi: f64) -> Self {
        let hi = if hi >= f64::MIN_POSITIVE && hi.is_finite() { hi } else { 10.0 };
        let lo = if lo >= f64::MIN_POSITIVE && lo <= hi { lo } else { (hi / 100.0).max(f64::MIN_POSITIVE) };
        let (lo, hi) = if lo.ln() < hi.ln() { (lo, hi) } else { ((lo / 2.0).max(f64::MIN_POSITIVE), (hi * 2.0).min(f64::MAX)) };
        Self::measured(lo, hi, true, lo.ln(), hi.ln())
    }

    fn measured(lo: f64, hi: f64, log: bool, start: f64, end: f64) -> Self {
        Self { lo, hi, log, start, end, span: end / 2.0 - start / 2.0 }
    }

    /// Whether a value has a place on such an axis: finite, and above 0 on a logarithmic one.
    pub fn holds(&self, value: f64) -> bool {
        value.is_finite() && (!self.log || value > 0.0)
    }

    /// The share of the axis at which a value stands; NaN when it has no place ([`Self::holds`]).
    pub fn at(&self, value: f64) -> f64 {
        if !self.holds(value) {
            return f64::NAN;
        }
        let measured = if self.log { ln(value) } else { value };
        (measured / 2.0 - self.start / 2.0) / self.span
    }

    /// The value that stands at a share of the axis.
    pub fn back(&self, share: f64) -> f64 {
        let measured = self.start * (1.0 - share) + self.end * share;
        if self.log { measured.exp() } else { measured }
    }
}

/// Of its own, or the compiler computes it for linear axes too, and chooses afterwards: half a millisecond a frame.
#[inline(never)]
fn ln(value: f64) -> f64 {
    value.ln()
}

/// Room around the lowest and the highest value: 4 % of the range on both sides (of the decades, on a logarithmic scale).
pub fn padded(lo: f64, hi: f64, log: bool) -> Scale {
    if log {
        let tight = Scale::log(lo, hi);
        return Scale::log(tight.back(-0.04).max(f64::MIN_POSITIVE), tight.back(1.04).min(f64::MAX));
    }
    let room = if lo < hi { (hi / 2.0 - lo / 2.0) * 0.08 } else { lo.abs() * 0.05 };
    Scale::linear((lo - room).max(f64::MIN), (hi + room).min(f64::MAX))
}

fn apart(lo: f64, hi: f64) -> (f64, f64) {
    if hi / 2.0 - lo / 2.0 >= f64::MIN_POSITIVE && lo.is_finite() && hi.is_finite() {
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
                let share = scale.at(value);
                assert!((0.0..=1.0).contains(&share) && (scale.back(share) - value).abs() < 1e-12, "{scale:?} {value}");
            }
        }
        assert_eq!((Scale::linear(2.0, 4.0).at(3.0), Scale::log(1.0, 100.0).at(10.0)), (0.5, 0.5));
    }

    #[test]
    fn what_is_not_on_a_log_scale_has_no_place() {
        let scale = Scale::log(0.1, 10.0);
        assert!([0.0, -1.0, f64::NAN, f64::INFINITY].iter().all(|value| !scale.holds(*value) && scale.at(*value).is_nan()));
        assert!(Scale::linear(0.0, 1.0).holds(-1.0));
    }

    #[test]
    fn every_range_can_be_drawn() {
        let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN, 0.0, -0.0, 5e-324, f64::MIN_POSITIVE, 1.0, -1e16, 1e300];
        for lo in odd {
            for hi in odd {
                for scale in [Scale::linear(lo, hi), Scale::log(lo, hi), padded(lo, hi, false), padded(lo, hi, true)] {
                    assert!(scale.lo < scale.hi && scale.lo.is_finite() && scale.hi.is_finite(), "{lo:e} {hi:e} {scale:?}");
                    assert!(scale.at(scale.lo).abs() < 1e-9 && (scale.at(scale.hi) - 1.0).abs() < 1e-9, "{lo:e} {hi:e} {scale:?}");
                    assert!(!scale.log || scale.lo > 0.0);
                }
            }
        }
    }
}
