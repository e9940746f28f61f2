//! Where an axis is labelled and how: at round numbers, powers of ten, times of day and durations. No two labels of an
//! axis are equal.
//!
//! A step is 1, 2 or 5 times a power of ten (Paul Heckbert, "Nice Numbers for Graph Labels", Graphics Gems, 1990), or a
//! round part of a day.

mod nice_step;
mod numeric;
mod time;

use numeric::{linear_ticks, log_ticks};
use time::{duration_ticks, time_of_day_ticks};
pub use time::{format_timestamp, is_representable};

use super::scale::Scale;
use super::text_metrics::text_width;
use super::time_zone::TimeZone;

/// A labelled place on an axis. Minor ticks of a logarithmic axis have an empty label. Only the last label has the unit,
/// unless each label has an SI prefix of its own. Where labels would first differ after the sixth digit, all but the first
/// are differences to it: `1 234 567`, `+0.2`, `+0.4`.
#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    /// In units of the data.
    pub at: f64,
    pub label: String,
}

/// The meaning of the numbers of an axis: it decides which of them are round, and how labels are written. Times beyond
/// [`is_representable`] are written as plain seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum TickFormat<'a> {
    /// Plain numbers in a unit; the unit may be empty.
    Number(&'a str),
    /// Seconds since 1970, written as the time of day on this clock.
    TimeOfDay(&'a TimeZone),
    /// Seconds, written as a duration.
    Elapsed,
}

/// Ticks within the axis, ascending: about `target` of them with a label, at most 1.5 times as many.
pub fn make_ticks(scale: &Scale, format: TickFormat, target: usize) -> Vec<Tick> {
    let target = target.max(1);
    let Scale { lo, hi, log, .. } = *scale;
    match format {
        TickFormat::Number(unit) if log => log_ticks(scale, unit, target),
        TickFormat::Number(unit) => linear_ticks(lo, hi, unit, target),
        TickFormat::TimeOfDay(_) | TickFormat::Elapsed if log => log_ticks(scale, "s", target),
        TickFormat::TimeOfDay(zone) if is_representable([lo, hi, 0.0]) => time_of_day_ticks(lo, hi, zone, target),
        TickFormat::Elapsed if is_representable([lo, hi, 0.0]) => duration_ticks(lo, hi, target),
        TickFormat::TimeOfDay(_) | TickFormat::Elapsed => linear_ticks(lo, hi, "s", target),
    }
}

/// Ticks of a y axis that is so many CSS pixels high: at least three labels, unless they would touch.
pub fn make_y_ticks(scale: &Scale, format: TickFormat, height: f64) -> Vec<Tick> {
    /// From one label to the next, as it should be and at least.
    const PITCH: f64 = 45.0;
    const LEAST_PITCH: f64 = 15.0;
    const LEAST: usize = 3;
    /// So many steps make three labels for certain: the next step is 2.5 times as fine at most.
    const MOST: usize = 8;
    let target = (height / PITCH).round().max(2.0) as usize;
    let mut ticks = make_ticks(scale, format, target);
    // A step that is hardly too large leaves most of the axis without a label: the next finer one has more than asked for.
    for finer in target + 1..=MOST {
        if count_labels(&ticks) >= LEAST {
            break;
        }
        let more = make_ticks(scale, format, finer);
        if count_labels(&more) as f64 * LEAST_PITCH <= height {
            ticks = more;
        }
    }
    ticks
}

fn count_labels(ticks: &[Tick]) -> usize {
    ticks.iter().filter(|tick| !tick.label.is_empty()).count()
}

/// Width of the widest label, in CSS pixels.
pub fn max_label_width(ticks: &[Tick]) -> f64 {
    ticks.iter().map(|tick| text_width(&tick.label)).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charts::scale::pad_range;
    use crate::split_mix::SplitMix64;

    fn labels(ticks: &[Tick]) -> Vec<&str> {
        ticks.iter().map(|tick| tick.label.as_str()).filter(|label| !label.is_empty()).collect()
    }

    fn number(lo: f64, hi: f64, unit: &str) -> Vec<Tick> {
        make_ticks(&Scale::linear(lo, hi), TickFormat::Number(unit), 5)
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
    fn labels_of_a_narrow_window_are_differences_to_the_first() {
        assert_eq!(labels(&number(12_345_650.0, 12_345_658.0, "")), ["12\u{202f}345\u{202f}650", "+2", "+4", "+6", "+8"]);
        assert_eq!(labels(&number(1e6 + 0.1, 1e6 + 0.5, "ms")), ["1\u{202f}000\u{202f}000.1", "+0.1", "+0.2", "+0.3", "+0.4\u{202f}ms"]);
        assert_eq!(labels(&number(-7_000_004.0, -7_000_000.0, "")), ["-7\u{202f}000\u{202f}004", "+1", "+2", "+3", "+4"]);
        assert_eq!(labels(&number(1.5e18, 1.5e18 + 4e11, "")), ["1.5e18", "+100G", "+200G", "+300G", "+400G"]);
        assert_eq!(labels(&number(100_000.0, 100_400.0, "")), ["100k", "100.1k", "100.2k", "100.3k", "100.4k"]);
    }

    #[test]
    fn decades_have_minor_ticks_until_there_are_too_many() {
        let axis = make_ticks(&Scale::log(0.05, 20_000.0), TickFormat::Number(""), 6);
        assert_eq!(labels(&axis), ["0.1", "1", "10", "100", "1000", "10k"]);
        assert!(axis.iter().any(|tick| tick.at == 0.3 && tick.label.is_empty()));
        let wide = make_ticks(&Scale::log(1e-30, 1e30), TickFormat::Number(""), 5);
        assert!((3..=6).contains(&labels(&wide).len()) && wide.len() == labels(&wide).len(), "{wide:?}");
        assert_eq!(
            labels(&make_ticks(&Scale::log(0.9, 60.0), TickFormat::Number("s"), 7)),
            ["1\u{202f}s", "2\u{202f}s", "5\u{202f}s", "10\u{202f}s", "20\u{202f}s", "50\u{202f}s"]
        );
        assert_eq!(labels(&make_ticks(&Scale::log(0.9, 200.0), TickFormat::Number("img/s"), 7)), ["1", "10", "100\u{202f}img/s"]);
        assert_eq!(labels(&make_ticks(&Scale::log(3.1, 3.9), TickFormat::Number(""), 4)), ["3.2", "3.4", "3.6", "3.8"]);
    }

    #[test]
    fn a_y_axis_has_three_labels_that_do_not_touch() {
        let of = |scale: Scale, height: f64| {
            let ticks = make_y_ticks(&scale, TickFormat::Number(""), height);
            labels(&ticks).iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(labels(&make_ticks(&Scale::linear(35.0, 149.0), TickFormat::Number(""), 4)), ["50", "100"]);
        assert_eq!(of(Scale::linear(35.0, 149.0), 170.0), ["40", "60", "80", "100", "120", "140"]);
        // Less than two decades: 2 and 5 as well, and round numbers where that is too little.
        assert_eq!(of(Scale::log(0.7, 40.0), 170.0), ["1", "2", "5", "10", "20"]);
        assert_eq!(of(Scale::log(1.5, 5.5), 170.0), ["2", "3", "4", "5"]);
        assert_eq!(of(Scale::log(0.05, 2000.0), 170.0), ["0.1", "1", "10", "100", "1000"]);
        let mut random = SplitMix64(19);
        for round in 0..4000 {
            let (low, decades) = (10_f64.powf(random.unit() * 8.0 - 4.0), random.unit() * 6.0 + 0.05);
            let high = low * 10_f64.powf(decades);
            let scale = if round % 2 == 0 { Scale::linear(low, high) } else { Scale::log(low, high) };
            for height in [130.0, 170.0, 300.0] {
                let found = of(scale, height);
                assert!(found.len() >= 3 && found.len() as f64 * 15.0 <= height.max(135.0), "{scale:?} {height} {found:?}");
            }
        }
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
            let measure = [TickFormat::Number(""), TickFormat::Number("s"), TickFormat::Number("widgets")][round % 3];
            check(&scale, measure, target);
            let (now, long) = (1.7e9 + random() * 1e8, 10_f64.powf(random() * 12.0 - 3.0));
            check(&Scale::linear(now, now + long), TickFormat::TimeOfDay(&TimeZone::fixed(330)), target);
            check(&Scale::linear(long * random() * 3.0, long * 4.0), TickFormat::Elapsed, target);
        }
    }

    #[test]
    fn ranges_at_the_ends_of_doubles_have_labels() {
        let whole = number(-1.7e308, 1.7e308, "");
        assert_eq!(labels(&whole), ["-1e308", "0", "1e308"]);
        let ends = [5e-324, 1e-320, 3e-310, 1e-308, f64::MIN_POSITIVE, 1e-300, 1.0, 1e300, 1e308, 1.7e308, f64::MAX];
        for lo in ends.iter().flat_map(|end| [-end, 0.0, *end]) {
            for hi in ends {
                for target in 1..=10 {
                    for scale in [pad_range(lo, hi, false), pad_range(lo, hi, true), Scale::linear(lo, hi), Scale::log(lo, hi)] {
                        check(&scale, TickFormat::Number(""), target);
                        let labelled = labels(&make_ticks(&scale, TickFormat::Number(""), target)).len();
                        // Of the smallest doubles there are fewer than round numbers.
                        assert!(target < 5 || labelled >= 2 || hi < 1e-318, "{lo:e} {hi:e} {target} {scale:?}");
                    }
                }
            }
        }
        // Wall times beyond the range of clocks.
        check(&Scale::linear(-1.7e308, 1.7e308), TickFormat::TimeOfDay(&TimeZone::fixed(0)), 5);
        check(&Scale::linear(-1.7e308, 1.7e308), TickFormat::Elapsed, 5);
    }

    #[test]
    fn labels_of_a_few_ulps_differ() {
        for size in [0.3_f64, 7.0, 1e9, 1e300, 1e-300] {
            for ulps in [1.0, 5.0, 17.0, 100.0, 1e4] {
                let scale = pad_range(size, size + ulps * crate::charts::scale::ulp(size), false);
                check(&scale, TickFormat::Number(""), 5);
                assert!(labels(&make_ticks(&scale, TickFormat::Number(""), 5)).len() >= 2, "{size:e} {ulps}");
            }
        }
    }

    fn check(scale: &Scale, measure: TickFormat, target: usize) {
        let axis = make_ticks(scale, measure, target);
        let mut labelled = labels(&axis);
        assert!(axis.windows(2).all(|pair| pair[0].at < pair[1].at), "{scale:?} {axis:?}");
        let slack = (scale.hi / 2.0 - scale.lo / 2.0) * 1e-6 + scale.hi.abs() * 1e-12;
        assert!(axis.iter().all(|tick| tick.at >= scale.lo - slack && tick.at <= scale.hi + slack), "{scale:?} {axis:?}");
        assert!(labelled.len() <= target + target.div_ceil(2) + 1, "{} for {target}: {scale:?} {labelled:?}", labelled.len());
        labelled.sort_unstable();
        assert!(labelled.windows(2).all(|pair| pair[0] != pair[1]), "{scale:?} {measure:?} {labelled:?}");
    }
}
