//! Where an axis is labelled and with what: round numbers (1, 2, 5), decades, clock times, durations. No two labels of an axis are equal.

use super::scale::Scale;
use super::text_metrics::{decimal, magnitude, power, scientific, value, width};
use super::time_ticks;
use super::zone::Zone;

/// A place on an axis. Minor ticks of a logarithmic axis have no label. The unit stands at the last label only, unless each has a
/// prefix of its own. Labels that would differ after the sixth digit only are told from the first one on: `1234567`, `+0.2`, `+0.4`.
#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    pub at: f64,
    pub label: String,
}

/// What the numbers of an axis are, which decides the round ones among them and how they are told. Times that are too far away for
/// a clock are told as plain seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Measure<'a> {
    /// Plain numbers in a unit; the unit may be empty.
    Number(&'a str),
    /// Seconds since 1970, told as the time of day on this clock.
    Clock(&'a Zone),
    /// Seconds since a start that stands at `origin` on the axis.
    Since { origin: f64 },
}

/// Ticks within the axis, ascending: about `target` of them with a label, at most 1.5 times as many.
pub fn ticks(scale: &Scale, measure: Measure, target: usize) -> Vec<Tick> {
    let target = target.max(1);
    match measure {
        Measure::Number(unit) if scale.log => logarithmic(scale, unit, target),
        Measure::Number(unit) => linear(scale.lo, scale.hi, unit, target),
        Measure::Clock(_) if !time_ticks::tells([scale.lo, scale.hi, 0.0]) => linear(scale.lo, scale.hi, "s", target),
        Measure::Since { origin } if !time_ticks::tells([scale.lo, scale.hi, origin]) => linear(scale.lo, scale.hi, "s", target),
        Measure::Clock(zone) => time_ticks::times(scale.lo, scale.hi, zone, target),
        Measure::Since { origin } => time_ticks::durations(scale.lo, scale.hi, origin, target),
    }
}

/// The room that labels need, in CSS pixels.
pub fn widest(ticks: &[Tick]) -> f64 {
    ticks.iter().map(|tick| width(&tick.label)).fold(0.0, f64::max)
}

/// The smallest step of the form 1, 2 or 5 times a power of ten that cuts `span` into at most `most` pieces, as its digit and exponent.
pub fn round_step(span: f64, most: usize) -> (i64, i32) {
    // Below it powers of ten are no longer told apart; above there is no next one.
    let rough = (span / most as f64).clamp(1e-321, f64::MAX);
    let exponent = magnitude(rough);
    // In two steps where the power itself has lost digits.
    let lead = if exponent < -300 { rough * power(300) / power(exponent + 300) } else { rough / power(exponent) };
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

/// How many steps of `digit` times 10^`exponent` there are in `value`.
fn steps(number: f64, digit: i64, exponent: i32) -> f64 {
    if exponent < -280 { number * power(40) / value(digit, exponent + 40) } else { number / value(digit, exponent) }
}

fn linear(lo: f64, hi: f64, unit: &str, target: usize) -> Vec<Tick> {
    // Beyond 2^53 steps from zero neighbours are no longer told apart. A span that is no double is cut in halves first.
    let half = hi / 2.0 - lo / 2.0;
    let size = lo.abs().max(hi.abs());
    let (digit, exponent) =
        if half < f64::MAX / 4.0 { round_step((hi - lo).max(size * 1e-14), target) } else { round_step(half / target as f64 * 2.0, 1) };
    let step = value(digit, exponent);
    let (from, to) = ((steps(lo, digit, exponent) - 1e-9).ceil() as i64, (steps(hi, digit, exponent) + 1e-9).floor() as i64);
    let largest = from.unsigned_abs().max(to.unsigned_abs()) as f64 * step;
    let mut prefix = Prefix::of(largest, unit);
    let is_deep = from < to && magnitude(largest) - exponent > 5;
    if is_deep && matches!(prefix, Prefix::Power(_)) {
        prefix = Prefix::Power(0);
    }
    let tick = |i: i64| {
        let label = if is_deep && i > from {
            let above = Prefix::of((to - from) as f64 * step, "");
            ["+", &above.tell((i - from) * digit, exponent, "")].concat()
        } else {
            prefix.tell(i * digit, exponent, unit)
        };
        Tick { at: value(i * digit, exponent), label }
    };
    let mut ticks: Vec<Tick> = (from..=to).map(tick).collect();
    if let Some(last) = ticks.last_mut() {
        prefix.name(&mut last.label, unit);
    }
    ticks
}

fn logarithmic(scale: &Scale, unit: &str, target: usize) -> Vec<Tick> {
    let (from, to) = (magnitude(scale.lo), magnitude(scale.hi));
    let powers = (to - from + i32::from(power(from) >= scale.lo)).max(0) as usize;
    // Every power, or every second, third, ...: multiples of the stride, so that they stay when the range grows.
    let stride = powers.div_ceil(target).max(1) as i32;
    let mut ticks = Vec::new();
    for exponent in from..=to {
        for digit in 1..10 {
            let at = value(digit, exponent);
            // The smallest doubles are fewer than their digits.
            let is_known = ticks.last().is_some_and(|last: &Tick| last.at >= at);
            if at < scale.lo || at > scale.hi || !at.is_finite() || is_known {
                continue;
            }
            let told = match digit {
                1 => exponent.rem_euclid(stride) == 0,
                2 | 5 => powers * 3 <= target,
                _ => false,
            };
            if told || (digit == 1 && powers <= 40) || (stride == 1 && powers <= 8) {
                let mut label = String::new();
                if told {
                    let prefix = Prefix::of(at, unit);
                    label = prefix.tell(digit, exponent, unit);
                    if takes_prefix(unit) {
                        prefix.name(&mut label, unit);
                    }
                }
                ticks.push(Tick { at, label });
            }
        }
    }
    // Within a part of a decade there may be no such number, or one: there the axis is told like a linear one.
    if ticks.iter().filter(|tick| !tick.label.is_empty()).count() < 2 {
        ticks = linear(scale.lo, scale.hi, unit, target).into_iter().filter(|tick| tick.at > 0.0).collect();
    } else if !takes_prefix(unit)
        && let Some(last) = ticks.iter_mut().rev().find(|tick| !tick.label.is_empty())
    {
        Prefix::Power(0).name(&mut last.label, unit);
    }
    ticks
}

/// What a label leaves out of its digits: a power of ten told by an SI prefix, or by an exponent of its own.
#[derive(Clone, Copy)]
enum Prefix {
    Power(i32),
    Scientific,
}

impl Prefix {
    /// For numbers up to `largest`: k from 10,000, M, G, T; below 1 m, µ and n where the unit takes them (250 ms).
    fn of(largest: f64, unit: &str) -> Self {
        if largest == 0.0 {
            return Self::Power(0);
        }
        match magnitude(largest) {
            exponent @ -9..0 if takes_prefix(unit) => Self::Power(exponent.div_euclid(3) * 3),
            -4..4 => Self::Power(0),
            exponent @ 4..15 => Self::Power(exponent / 3 * 3),
            _ => Self::Scientific,
        }
    }

    /// The number, with the prefix where that does not belong to the unit.
    fn tell(self, digits: i64, exponent: i32, unit: &str) -> String {
        if digits == 0 {
            return "0".into();
        }
        match self {
            Self::Scientific => {
                let (mut digits, mut exponent) = (digits, exponent);
                while digits % 10 == 0 {
                    (digits, exponent) = (digits / 10, exponent + 1);
                }
                scientific(digits, exponent)
            }
            Self::Power(power) => decimal(digits, exponent - power) + if self.is_of(unit) { "" } else { self.sign() },
        }
    }

    /// Puts the unit behind a number.
    fn name(self, label: &mut String, unit: &str) {
        if unit.is_empty() {
            return;
        }
        if unit != "%" {
            // A narrow no-break space.
            label.push('\u{202f}');
        }
        if self.is_of(unit) {
            label.push_str(self.sign());
        }
        label.push_str(unit);
    }

    /// Whether the prefix belongs to the unit: 250 ms, but 20k s and 5k img/s.
    fn is_of(self, unit: &str) -> bool {
        takes_prefix(unit) && !(unit == "s" && matches!(self, Self::Power(1..)))
    }

    fn sign(self) -> &'static str {
        match self {
            Self::Power(-9) => "n",
            Self::Power(-6) => "µ",
            Self::Power(-3) => "m",
            Self::Power(3) => "k",
            Self::Power(6) => "M",
            Self::Power(9) => "G",
            Self::Power(12) => "T",
            _ => "",
        }
    }
}

/// Units that are written with SI prefixes; before others the prefix stands at the number (12.5k img/s).
fn takes_prefix(unit: &str) -> bool {
    let base = unit.split('/').next().unwrap_or_default();
    ["s", "B", "b", "bit", "W", "J", "V", "A", "m", "g", "Hz", "FLOP", "FLOPS", "Pa", "eV", "Wh"].contains(&base)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charts::scale::padded;

    fn labels(ticks: &[Tick]) -> Vec<&str> {
        ticks.iter().map(|tick| tick.label.as_str()).filter(|label| !label.is_empty()).collect()
    }

    fn number(lo: f64, hi: f64, unit: &str) -> Vec<Tick> {
        ticks(&Scale::linear(lo, hi), Measure::Number(unit), 5)
    }

    #[test]
    fn round_numbers_with_prefixes_and_units() {
        assert_eq!(labels(&number(0.0, 1.0, "")), ["0", "0.2", "0.4", "0.6", "0.8", "1"]);
        assert_eq!(labels(&number(0.0, 50000.0, "")), ["0", "10k", "20k", "30k", "40k", "50k"]);
        assert_eq!(labels(&number(0.0, 2.4e6, "")), ["0", "0.5M", "1M", "1.5M", "2M"]);
        assert_eq!(labels(&number(11_000.0, 14_000.0, "")), ["11k", "12k", "13k", "14k"]);
        assert_eq!(labels(&number(0.1, 0.3, "s")), ["100", "150", "200", "250", "300\u{202f}ms"]);
        assert_eq!(labels(&number(0.0, 0.004, "")), ["0", "0.001", "0.002", "0.003", "0.004"]);
        assert_eq!(labels(&number(0.0, 4e-7, "")), ["0", "1e-7", "2e-7", "3e-7", "4e-7"]);
        assert_eq!(labels(&number(0.0, 100.0, "%")), ["0", "20", "40", "60", "80", "100%"]);
        assert_eq!(labels(&number(0.0, 4e10, "B")), ["0", "10", "20", "30", "40\u{202f}GB"]);
        assert_eq!(labels(&number(0.0, 20_000.0, "img/s")), ["0", "5k", "10k", "15k", "20k\u{202f}img/s"]);
        assert_eq!(labels(&number(-40.0, 0.0, "dB")), ["-40", "-30", "-20", "-10", "0\u{202f}dB"]);
        assert_eq!(labels(&number(0.0, 20_000.0, "s"))[4], "20k\u{202f}s");
        assert_eq!(number(0.0, 1.0, "")[3].at, 0.6);
    }

    #[test]
    fn labels_of_a_narrow_window_are_told_from_the_first_one_on() {
        assert_eq!(labels(&number(12_345_650.0, 12_345_658.0, "")), ["12345650", "+2", "+4", "+6", "+8"]);
        assert_eq!(labels(&number(1e6 + 0.1, 1e6 + 0.5, "ms")), ["1000000.1", "+0.1", "+0.2", "+0.3", "+0.4\u{202f}ms"]);
        assert_eq!(labels(&number(-7_000_004.0, -7_000_000.0, "")), ["-7000004", "+1", "+2", "+3", "+4"]);
        assert_eq!(labels(&number(1.5e18, 1.5e18 + 4e11, "")), ["1.5e18", "+100G", "+200G", "+300G", "+400G"]);
        assert_eq!(labels(&number(100_000.0, 100_400.0, "")), ["100k", "100.1k", "100.2k", "100.3k", "100.4k"]);
    }

    #[test]
    fn decades_have_minor_ticks_until_there_are_too_many() {
        let axis = ticks(&Scale::log(0.05, 20_000.0), Measure::Number(""), 6);
        assert_eq!(labels(&axis), ["0.1", "1", "10", "100", "1000", "10k"]);
        assert!(axis.iter().any(|tick| tick.at == 0.3 && tick.label.is_empty()));
        let wide = ticks(&Scale::log(1e-30, 1e30), Measure::Number(""), 5);
        assert!((3..=6).contains(&labels(&wide).len()) && wide.len() == labels(&wide).len(), "{wide:?}");
        assert_eq!(
            labels(&ticks(&Scale::log(0.9, 60.0), Measure::Number("s"), 7)),
            ["1\u{202f}s", "2\u{202f}s", "5\u{202f}s", "10\u{202f}s", "20\u{202f}s", "50\u{202f}s"]
        );
        assert_eq!(labels(&ticks(&Scale::log(0.9, 200.0), Measure::Number("img/s"), 7)), ["1", "10", "100\u{202f}img/s"]);
        assert_eq!(labels(&ticks(&Scale::log(3.1, 3.9), Measure::Number(""), 4)), ["3.2", "3.4", "3.6", "3.8"]);
    }

    #[test]
    fn labels_differ_ascend_and_stay_within_the_axis() {
        let mut seed = 5_u64;
        let mut random = || {
            seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (seed >> 11) as f64 / (1_u64 << 53) as f64
        };
        for round in 0..40_000 {
            let size = 10_f64.powf(random() * 40.0 - 20.0);
            let (lo, span) = ((random() - 0.5) * size, size * 10_f64.powf(-random() * 17.0));
            let scale =
                if round % 2 == 0 { Scale::linear(lo, lo + span) } else { Scale::log(lo.abs(), lo.abs() * 10_f64.powf(random() * 30.0)) };
            let target = 2 + round % 9;
            let measure = [Measure::Number(""), Measure::Number("s"), Measure::Number("widgets")][round % 3];
            check(&scale, measure, target);
            let (now, long) = (1.7e9 + random() * 1e8, 10_f64.powf(random() * 12.0 - 3.0));
            check(&Scale::linear(now, now + long), Measure::Clock(&Zone::fixed(330)), target);
            check(&Scale::linear(now + long * random() * 3.0, now + long * 4.0), Measure::Since { origin: now }, target);
        }
    }

    #[test]
    fn ranges_at_the_ends_of_doubles_are_told() {
        let whole = number(-1.7e308, 1.7e308, "");
        assert_eq!(labels(&whole), ["-1e308", "0", "1e308"]);
        let ends = [5e-324, 1e-320, 3e-310, 1e-308, f64::MIN_POSITIVE, 1e-300, 1.0, 1e300, 1e308, 1.7e308, f64::MAX];
        for lo in ends.iter().flat_map(|end| [-end, 0.0, *end]) {
            for hi in ends {
                for target in 1..=10 {
                    for scale in [padded(lo, hi, false), padded(lo, hi, true), Scale::linear(lo, hi), Scale::log(lo, hi)] {
                        check(&scale, Measure::Number(""), target);
                        let told = labels(&ticks(&scale, Measure::Number(""), target)).len();
                        // Of the smallest doubles there are fewer than round numbers.
                        assert!(target < 5 || told >= 2 || hi < 1e-318, "{lo:e} {hi:e} {target} {scale:?}");
                    }
                }
            }
        }
        // Wall times that no clock tells.
        check(&Scale::linear(-1.7e308, 1.7e308), Measure::Clock(&Zone::fixed(0)), 5);
        check(&Scale::linear(-1.7e308, 1.7e308), Measure::Since { origin: -1.7e308 }, 5);
    }

    #[test]
    fn labels_of_a_few_ulps_differ() {
        for size in [0.3_f64, 7.0, 1e9, 1e300, 1e-300] {
            for ulps in [1.0, 5.0, 17.0, 100.0, 1e4] {
                let scale = padded(size, size + ulps * crate::charts::scale::ulp(size), false);
                check(&scale, Measure::Number(""), 5);
                assert!(labels(&ticks(&scale, Measure::Number(""), 5)).len() >= 2, "{size:e} {ulps}");
            }
        }
    }

    fn check(scale: &Scale, measure: Measure, target: usize) {
        let axis = ticks(scale, measure, target);
        let mut told = labels(&axis);
        assert!(axis.windows(2).all(|pair| pair[0].at < pair[1].at), "{scale:?} {axis:?}");
        let slack = (scale.hi / 2.0 - scale.lo / 2.0) * 1e-6 + scale.hi.abs() * 1e-12;
        assert!(axis.iter().all(|tick| tick.at >= scale.lo - slack && tick.at <= scale.hi + slack), "{scale:?} {axis:?}");
        assert!(told.len() <= target + target.div_ceil(2) + 1, "{} for {target}: {scale:?} {told:?}", told.len());
        told.sort_unstable();
        assert!(told.windows(2).all(|pair| pair[0] != pair[1]), "{scale:?} {measure:?} {told:?}");
    }
}
