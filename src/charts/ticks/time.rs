//! Ticks of time: round times of day and dates, and round durations.

use super::Tick;
use super::nice_step::nice_step;
use crate::charts::text_metrics::{decimal_exponent, format_decimal, from_decimal, power_of_ten};
use crate::charts::time_zone::{TimeZone, format_offset};

const MINUTE: i64 = 60;
const HOUR: i64 = 3600;
const DAY: i64 = 86_400;

/// Steps that divide the next larger unit, in seconds.
const STEPS: [i64; 15] =
    [1, 2, 5, 10, 15, 30, MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 3 * HOUR];

/// Whether these seconds since 1970 can be written as times: up to 1e12 s whole seconds and their parts are exact, and no
/// year is longer than a label.
pub fn is_representable(places: [f64; 3]) -> bool {
    places.iter().all(|place| place.abs() <= 1e12)
}

/// A step in time: below a second 1, 2 or 5 times a power of ten (given as digit and exponent), else whole seconds.
#[derive(Clone, Copy)]
enum TimeStep {
    Part(i64, i32),
    Whole(i64),
}

fn choose_step(span: f64, most: usize) -> TimeStep {
    let rough = span / most as f64;
    if rough <= 0.5 {
        let (digit, exponent) = nice_step(span, most);
        // A double of seconds since 1970 resolves a microsecond.
        return if exponent < -6 { TimeStep::Part(1, -6) } else { TimeStep::Part(digit, exponent) };
    }
    let fits = |step: &i64| *step as f64 >= rough;
    if let Some(step) = STEPS.into_iter().chain([6 * HOUR, 12 * HOUR, DAY]).find(fits) {
        return TimeStep::Whole(step);
    }
    let (digit, exponent) = nice_step(span / DAY as f64, most);
    TimeStep::Whole((from_decimal(digit, exponent) as i64).max(1) * DAY)
}

/// The ticks from `lo` to `hi`, as multiples of a step from `zero` on: `format_label` gets whole seconds, and digits and exponent of the rest.
fn make_multiples(lo: f64, hi: f64, zero: f64, step: TimeStep, format_label: &dyn Fn(i64, i64, i32) -> String) -> Vec<Tick> {
    let (unit, digit, exponent) = match step {
        TimeStep::Part(digit, exponent) => (from_decimal(digit, exponent), digit, exponent),
        TimeStep::Whole(seconds) => (seconds as f64, seconds, 0),
    };
    let (from, to) = (((lo - zero) / unit - 1e-9).ceil() as i64, ((hi - zero) / unit + 1e-9).floor() as i64);
    // No axis needs more; this bounds the loop where doubles resolve only a few parts of the span.
    let to = to.min(from.saturating_add(100));
    let mut ticks: Vec<Tick> = Vec::new();
    for i in from..=to {
        let (units, per_second) = (i.saturating_mul(digit), 10_i64.pow(exponent.unsigned_abs()));
        let (whole, rest) = (units.div_euclid(per_second), units.rem_euclid(per_second));
        let at = zero + whole as f64 + from_decimal(rest, exponent);
        if ticks.last().is_none_or(|last| last.at < at) {
            ticks.push(Tick { at, label: format_label(whole, rest, exponent) });
        }
    }
    ticks
}

fn pad_two(value: i64) -> String {
    let mut text = value.to_string();
    if text.len() < 2 {
        text.insert(0, '0');
    }
    text
}

/// `.25` of a second, empty when there is no rest.
fn format_fraction(rest: i64, exponent: i32) -> String {
    if rest == 0 { String::new() } else { format_decimal(rest, exponent).split_off(1) }
}

/// Times of day on this clock: ticks stand at round local times, also on days of 23 or 25 hours. `lo` and `hi` are seconds since 1970
/// that it [`is_representable`].
pub fn time_of_day_ticks(lo: f64, hi: f64, zone: &TimeZone, target: usize) -> Vec<Tick> {
    let step = choose_step(hi - lo, target);
    let seconds = match step {
        TimeStep::Part(..) => 0,
        TimeStep::Whole(seconds) => seconds,
    };
    let long = hi - lo > DAY as f64;
    // Within a year no day and month come twice.
    let years = hi - lo > 365.0 * DAY as f64;
    let format_label = |local: i64, rest: i64, exponent: i32| {
        let (year, month, day) = civil_date(local);
        let of_day = local.rem_euclid(DAY);
        if of_day == 0 && rest == 0 {
            let month = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"][month as usize - 1];
            let mut label = format!("{day} {month}");
            if years {
                label.push(' ');
                label.push_str(&year.to_string());
            }
            return label;
        }
        let mut label = pad_two(of_day / HOUR) + ":" + &pad_two(of_day / MINUTE % 60);
        if seconds < MINUTE {
            label = label + ":" + &pad_two(of_day % 60) + &format_fraction(rest, exponent);
        } else if long {
            // 1970 began with a Thursday.
            label =
                ["Thu ", "Fri ", "Sat ", "Sun ", "Mon ", "Tue ", "Wed "][local.div_euclid(DAY).rem_euclid(7) as usize].to_owned() + &label;
        }
        label
    };
    let mut axis = TickList { ticks: Vec::new(), apart: if seconds > HOUR { 0.75 * seconds as f64 } else { 0.0 } };
    if seconds >= DAY {
        add_days(lo, hi, zone, step, &format_label, &mut axis)
    } else {
        add_hours(lo, hi, zone, step, &format_label, &mut axis)
    }
    axis.ticks
}

/// Ticks in ascending order. Where the clock changes two could stand side by side: the second of them is left out.
struct TickList {
    ticks: Vec<Tick>,
    apart: f64,
}

impl TickList {
    /// `offset` becomes part of the label where a clock that was put back shows the same time again.
    fn add(&mut self, at: f64, label: String, offset: i32) {
        if self.ticks.last().is_some_and(|last| at <= last.at || at - last.at < self.apart) {
            return;
        }
        let comes_again = self.ticks.iter().any(|tick| tick.label == label);
        self.ticks.push(Tick { at, label: if comes_again { label + " " + &format_offset(offset) } else { label } });
    }
}

/// Steps below a day: each part of the axis on which the offset stays the same has ticks of its own.
fn add_hours(lo: f64, hi: f64, zone: &TimeZone, step: TimeStep, format_label: &dyn Fn(i64, i64, i32) -> String, axis: &mut TickList) {
    let (mut from, mut offset) = (lo, zone.offset(lo.floor() as i64));
    for change in zone.changes(lo, hi).into_iter().map(Some).chain([None]) {
        let to = change.map_or(hi, |change| change as f64);
        for tick in make_multiples(from, to, f64::from(-offset), step, format_label) {
            // The moment of a change belongs to what comes after it.
            if change.is_none() || tick.at < to {
                axis.add(tick.at, tick.label, offset);
            }
        }
        let Some(change) = change else { break };
        let after = zone.offset(change);
        let (ended, begins) = (change + i64::from(offset), change + i64::from(after));
        let day = begins.div_euclid(DAY);
        // A day whose midnight is passed over begins here.
        if begins > ended && day > (ended - 1).div_euclid(DAY) && to > lo && to < hi {
            axis.add(to, format_label(day * DAY, 0, 0), after);
        }
        (from, offset) = (to, after);
    }
}

/// Steps of whole days: at local midnights, or where the clock begins a day that has none.
fn add_days(lo: f64, hi: f64, zone: &TimeZone, step: TimeStep, format_label: &dyn Fn(i64, i64, i32) -> String, axis: &mut TickList) {
    let [first, last] = [lo, hi].map(|end| f64::from(zone.offset(end.floor() as i64)));
    let (local_lo, local_hi) = (lo + first.min(last), hi + first.max(last));
    let hair = (hi - lo) * 1e-9;
    for midnight in make_multiples(local_lo, local_hi, 0.0, step, format_label) {
        let at = zone.to_utc(midnight.at as i64);
        let shown = at + i64::from(zone.offset(at));
        let label = if shown == midnight.at as i64 { midnight.label } else { format_label(shown.div_euclid(DAY) * DAY, 0, 0) };
        if at as f64 >= lo - hair && at as f64 <= hi + hair {
            axis.add(at as f64, label, 0);
        }
    }
}

/// Durations. Both ends are seconds that it [`is_representable`].
pub fn duration_ticks(lo: f64, hi: f64, target: usize) -> Vec<Tick> {
    let step = choose_step(hi - lo, target);
    let seconds = match step {
        TimeStep::Part(..) => 0,
        TimeStep::Whole(seconds) => seconds,
    };
    let hours = hi.max(-lo) >= HOUR as f64;
    make_multiples(lo, hi, 0.0, step, &|whole, rest, exponent| {
        let (whole, rest, sign) = match (whole < 0, rest) {
            (true, 0) => (-whole, 0, "-"),
            (true, rest) => (-whole - 1, 10_i64.pow(exponent.unsigned_abs()) - rest, "-"),
            (false, rest) => (whole, rest, ""),
        };
        let label = if whole == 0 && rest == 0 {
            "0".to_owned()
        } else if seconds >= DAY {
            (whole / DAY).to_string() + " d"
        } else if seconds >= HOUR {
            (whole / HOUR).to_string() + " h"
        } else if seconds >= MINUTE && !hours {
            (whole / MINUTE).to_string() + " min"
        } else if seconds >= MINUTE {
            (whole / HOUR).to_string() + ":" + &pad_two(whole / MINUTE % 60) + " h"
        } else if hours {
            (whole / HOUR).to_string() + ":" + &pad_two(whole / MINUTE % 60) + ":" + &pad_two(whole % 60) + &format_fraction(rest, exponent)
        } else if hi < 10.0 {
            whole.to_string() + &format_fraction(rest, exponent) + " s"
        } else {
            (whole / MINUTE).to_string() + ":" + &pad_two(whole % 60) + &format_fraction(rest, exponent)
        };
        sign.to_owned() + &label
    })
}

/// Seconds since 1970 as a date and a time of day on this clock. `pixel`, the width of a pixel in seconds, decides the decimals: `2026-11-22 18:00:00.25`.
pub fn format_timestamp(seconds: f64, pixel: f64, zone: &TimeZone) -> String {
    let exponent = decimal_exponent(pixel).clamp(-6, 0);
    let per_second = 10_i64.pow(exponent.unsigned_abs());
    let parts = (seconds * power_of_ten(-exponent)).round() as i64;
    let whole = parts.div_euclid(per_second);
    let local = whole.saturating_add(i64::from(zone.offset(whole)));
    let ((year, month, day), of_day) = (civil_date(local), local.rem_euclid(DAY));
    let mut text = year.to_string();
    for (before, part) in [("-", month), ("-", day), (" ", of_day / HOUR), (":", of_day / MINUTE % 60), (":", of_day % 60)] {
        text = text + before + &pad_two(part);
    }
    text + &format_fraction(parts.rem_euclid(per_second), exponent)
}

/// Year, month (1 to 12) and day of a moment in seconds since 1970, in the Gregorian calendar (Howard Hinnant,
/// "chrono-Compatible Low-Level Date Algorithms", 2013: `civil_from_days`).
pub fn civil_date(seconds: i64) -> (i64, i64, i64) {
    let days = seconds.div_euclid(DAY) + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(ticks: Vec<Tick>) -> Vec<String> {
        ticks.into_iter().map(|tick| tick.label).collect()
    }

    /// Sunday, 22 November 2026, 18:00 UTC.
    const EVENING: f64 = 1_795_370_400.0;

    #[test]
    fn dates() {
        assert_eq!(civil_date(0), (1970, 1, 1));
        assert_eq!(civil_date(EVENING as i64), (2026, 11, 22));
        assert_eq!(civil_date(951_782_400), (2000, 2, 29));
        assert_eq!(civil_date(-1), (1969, 12, 31));
    }

    #[test]
    fn timestamps_have_the_precision_of_a_pixel() {
        assert_eq!(format_timestamp(EVENING + 0.25, 0.003, &TimeZone::fixed(0)), "2026-11-22 18:00:00.25");
        assert_eq!(format_timestamp(EVENING + 59.96, 0.2, &TimeZone::fixed(60)), "2026-11-22 19:01:00");
        assert_eq!(format_timestamp(EVENING + 7.3, 40.0, &TimeZone::fixed(330)), "2026-11-22 23:30:07");
        assert_eq!(format_timestamp(-0.5, 0.1, &TimeZone::fixed(-60)), "1969-12-31 22:59:59.5");
    }

    #[test]
    fn times_of_day() {
        assert_eq!(
            labels(time_of_day_ticks(EVENING, EVENING + 60.0, &TimeZone::fixed(0), 5)),
            ["18:00:00", "18:00:15", "18:00:30", "18:00:45", "18:01:00"]
        );
        assert_eq!(
            labels(time_of_day_ticks(EVENING, EVENING + 7200.0, &TimeZone::fixed(0), 5)),
            ["18:00", "18:30", "19:00", "19:30", "20:00"]
        );
        assert_eq!(
            labels(time_of_day_ticks(EVENING, EVENING + 7200.0, &TimeZone::fixed(330), 5)),
            ["23:30", "23 Nov", "00:30", "01:00", "01:30"]
        );
        assert_eq!(
            labels(time_of_day_ticks(EVENING, EVENING + 1e5, &TimeZone::fixed(0), 5)),
            ["Sun 18:00", "23 Nov", "Mon 06:00", "Mon 12:00", "Mon 18:00"]
        );
        assert_eq!(
            labels(time_of_day_ticks(EVENING, EVENING + 4e5, &TimeZone::fixed(0), 5)),
            ["23 Nov", "24 Nov", "25 Nov", "26 Nov", "27 Nov"]
        );
        assert_eq!(labels(time_of_day_ticks(EVENING, EVENING + 5e6, &TimeZone::fixed(0), 3)), ["23 Nov", "13 Dec", "2 Jan"]);
        assert_eq!(
            labels(time_of_day_ticks(EVENING, EVENING + 0.9, &TimeZone::fixed(0), 5)),
            ["18:00:00", "18:00:00.2", "18:00:00.4", "18:00:00.6", "18:00:00.8"]
        );
    }

    /// The ticks of an axis on a named clock.
    fn on(name: &str, from: f64, hours: f64, target: usize) -> Vec<String> {
        labels(time_of_day_ticks(from, from + hours * 3600.0, &crate::server::time_zones::named(name).unwrap(), target))
    }

    #[test]
    fn days_of_23_and_25_hours() {
        // Berlin: 28 March 2026, 18:00 local, and the clock goes from 02:00 to 03:00 on the 29th.
        let spring = 1_774_717_200.0;
        assert_eq!(on("Europe/Berlin", spring, 17.0, 4), ["18:00", "29 Mar", "06:00", "12:00"]);
        assert_eq!(on("Europe/Berlin", spring + 6.0 * 3600.0, 4.0, 5), ["29 Mar", "01:00", "03:00", "04:00", "05:00"]);
        let days = time_of_day_ticks(spring, spring + 3.0 * 86_400.0, &crate::server::time_zones::named("Europe/Berlin").unwrap(), 3);
        assert_eq!(days.windows(2).map(|pair| (pair[1].at - pair[0].at) / 3600.0).collect::<Vec<_>>(), [23.0, 24.0]);
        // And from 03:00 back to 02:00 on 25 October.
        let autumn = 1_792_879_200.0;
        assert_eq!(on("Europe/Berlin", autumn, 5.0, 5), ["25 Oct", "01:00", "02:00", "02:00 +01:00", "03:00", "04:00"]);
        assert_eq!(on("Europe/Berlin", autumn, 25.0, 5), ["25 Oct", "Sun 06:00", "Sun 12:00", "Sun 18:00", "26 Oct"]);
        assert_eq!(
            format_timestamp(autumn + 2.5 * 3600.0, 1.0, &crate::server::time_zones::named("Europe/Berlin").unwrap()),
            "2026-10-25 02:30:00"
        );
        // New York: 8 March 2026, 00:00 local.
        assert_eq!(on("America/New_York", 1_772_946_000.0, 23.0, 4), ["8 Mar", "06:00", "12:00", "18:00", "9 Mar"]);
    }

    #[test]
    fn clocks_beside_the_hour_and_days_without_a_midnight() {
        assert_eq!(on("Asia/Kolkata", EVENING, 3.0, 3), ["23 Nov", "01:00", "02:00"]);
        assert_eq!(on("Asia/Kathmandu", EVENING, 3.0, 3), ["23 Nov", "01:00", "02:00"]);
        // Beirut: 29 March 2026 begins at 01:00.
        assert_eq!(on("Asia/Beirut", 1_774_648_800.0, 72.0, 3), ["28 Mar", "29 Mar", "30 Mar", "31 Mar"]);
        assert_eq!(on("Asia/Beirut", 1_774_728_000.0, 4.0, 4), ["22:00", "23:00", "29 Mar", "02:00", "03:00"]);
        // Samoa: no 30 December 2011.
        assert_eq!(on("Pacific/Apia", 1_325_152_800.0, 48.0, 2), ["29 Dec", "31 Dec", "1 Jan"]);
        // Lord Howe: half an hour back on 5 April 2026.
        assert_eq!(on("Australia/Lord_Howe", 1_775_307_600.0, 4.0, 4), ["5 Apr", "01:00", "02:00", "03:00"]);
        // Summer to winter over a year: each midnight is one.
        let berlin = crate::server::time_zones::named("Europe/Berlin").unwrap();
        for tick in time_of_day_ticks(EVENING, EVENING + 3e7, &berlin, 8) {
            assert!(format_timestamp(tick.at, 1.0, &berlin).ends_with("00:00:00"), "{tick:?}");
        }
    }

    #[test]
    fn durations_from_the_start() {
        let since = |lo: f64, hi: f64| labels(duration_ticks(lo, hi, 5));
        assert_eq!(since(0.0, 1.0), ["0", "0.2 s", "0.4 s", "0.6 s", "0.8 s", "1 s"]);
        assert_eq!(since(0.0, 150.0), ["0", "0:30", "1:00", "1:30", "2:00", "2:30"]);
        assert_eq!(since(0.0, 1500.0), ["0", "5 min", "10 min", "15 min", "20 min", "25 min"]);
        assert_eq!(since(0.0, 8000.0), ["0", "0:30 h", "1:00 h", "1:30 h", "2:00 h"]);
        assert_eq!(since(7200.0, 7260.0), ["2:00:00", "2:00:15", "2:00:30", "2:00:45", "2:01:00"]);
        assert_eq!(since(0.0, 36_000.0), ["0", "2 h", "4 h", "6 h", "8 h", "10 h"]);
        assert_eq!(since(0.0, 4e5), ["0", "1 d", "2 d", "3 d", "4 d"]);
        assert_eq!(since(-60.0, 60.0), ["-1:00", "-0:30", "0", "0:30", "1:00"]);
    }
}
