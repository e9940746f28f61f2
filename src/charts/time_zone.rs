//! The clock that wall times are shown on: each moment has the offset of its own date, not that of today.

use std::fmt;
use std::sync::Arc;

use crate::sorting::sort;

const DAY: i64 = 86_400;

/// The offset of a clock from UTC at each moment.
#[derive(Clone)]
pub struct TimeZone {
    /// Its identity: closures cannot be compared.
    key: String,
    offset: Arc<dyn Fn(i64) -> i32 + Send + Sync>,
}

impl Default for TimeZone {
    fn default() -> Self {
        Self::fixed(0)
    }
}

impl PartialEq for TimeZone {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl fmt::Debug for TimeZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.key)
    }
}

impl TimeZone {
    /// `offset` gives the seconds by which the clock is ahead of UTC at a time in seconds since 1970; it accepts any time.
    pub fn new(key: &str, offset: impl Fn(i64) -> i32 + Send + Sync + 'static) -> Self {
        Self { key: key.to_owned(), offset: Arc::new(offset) }
    }

    /// A clock that never changes its offset.
    pub fn fixed(minutes: i32) -> Self {
        Self::new(&minutes.to_string(), move |_| minutes * 60)
    }

    pub fn offset(&self, seconds: i64) -> i32 {
        (self.offset)(seconds)
    }

    /// The moments at which the clock is put forward or back, ascending. Clocks are not changed twice within three weeks;
    /// of spans of many years some changes are passed over.
    pub fn changes(&self, lo: f64, hi: f64) -> Vec<i64> {
        const APART: i64 = 21 * DAY;
        const MOST: i64 = 64;
        let (lo, hi) = (lo.floor() as i64, hi.ceil() as i64);
        let parts = ((hi - lo) / APART + 1).clamp(1, MOST);
        let edge = |part: i64| lo + (hi - lo) / parts * part;
        let ends = (1..=parts).map(|part| (edge(part - 1), if part == parts { hi } else { edge(part) }));
        ends.filter_map(|(from, to)| self.change(from, to)).collect()
    }

    /// The first second with another offset than `from` has, where `to` has one.
    fn change(&self, mut from: i64, mut to: i64) -> Option<i64> {
        let before = self.offset(from);
        if self.offset(to) == before {
            return None;
        }
        while to - from > 1 {
            let middle = from + (to - from) / 2;
            if self.offset(middle) == before { from = middle } else { to = middle }
        }
        Some(to)
    }

    /// The first moment at which the clock shows `local` (seconds since its own 1970); where it passes over that, the moment at which it does.
    pub fn to_utc(&self, local: i64) -> i64 {
        // No clock is further from UTC than a day.
        let (from, to) = (local - 2 * DAY, local + 2 * DAY);
        for offset in [self.offset(from), self.offset(to)] {
            let at = local - i64::from(offset);
            if self.offset(at) == offset {
                return at;
            }
        }
        self.change(from, to).unwrap_or(local)
    }

    /// The offsets of a span: `UTC`, `UTC+01:00`, `UTC+01:00/+02:00`.
    pub fn utc_offset_label(&self, lo: f64, hi: f64) -> String {
        /// More are no help.
        const MAX_OFFSETS: usize = 3;
        let mut offsets: Vec<i32> = vec![self.offset(lo.floor() as i64)];
        for change in self.changes(lo, hi) {
            let offset = self.offset(change);
            if !offsets.contains(&offset) && offsets.len() < MAX_OFFSETS {
                offsets.push(offset);
            }
        }
        sort(&mut offsets);
        let mut text = String::from("UTC");
        for (at, offset) in offsets.iter().enumerate() {
            if at > 0 {
                text.push('/');
            }
            if offsets.len() > 1 || *offset != 0 {
                text.push_str(&format_offset(*offset));
            }
        }
        text
    }

    /// `UTC`, `UTC+05:30`: that of one moment.
    pub fn utc_offset_at(&self, seconds: f64) -> String {
        self.utc_offset_label(seconds, seconds)
    }
}

/// `+05:30`, `-03:00`; with seconds where a clock of long ago had some.
pub fn format_offset(offset: i32) -> String {
    let size = offset.unsigned_abs();
    let mut text = format!("{}{:02}:{:02}", if offset < 0 { '-' } else { '+' }, size / 3600, size / 60 % 60);
    if !size.is_multiple_of(60) {
        text.push_str(&format!(":{:02}", size % 60));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::time_zones::named;

    #[test]
    fn a_moment_has_the_offset_of_its_own_date() {
        let berlin = named("Europe/Berlin").unwrap();
        // 1 July and 1 December 2026, noon UTC.
        assert_eq!(
            (berlin.utc_offset_at(1_782_907_200.0), berlin.utc_offset_at(1_796_126_400.0)),
            ("UTC+02:00".into(), "UTC+01:00".into())
        );
        assert_eq!(berlin.utc_offset_label(1_782_907_200.0, 1_796_126_400.0), "UTC+01:00/+02:00");
        assert_eq!(berlin.changes(1_782_907_200.0, 1_796_126_400.0), [1_792_890_000], "25 October 2026, 01:00 UTC");
        for (name, offset) in [("Asia/Kolkata", "UTC+05:30"), ("Asia/Kathmandu", "UTC+05:45"), ("America/St_Johns", "UTC-03:30")] {
            assert_eq!(named(name).unwrap().utc_offset_at(1_796_126_400.0), offset);
        }
        assert_eq!(named("Europe/London").unwrap().utc_offset_label(1_782_907_200.0, 1_796_126_400.0), "UTC+00:00/+01:00");
        assert_eq!([TimeZone::fixed(0), TimeZone::fixed(-210)].map(|zone| zone.utc_offset_at(0.0)), ["UTC", "UTC-03:30"]);
    }

    #[test]
    fn local_times_that_come_twice_or_never_have_one_moment() {
        let berlin = named("Europe/Berlin").unwrap();
        // 25 October 2026, 02:30 comes twice: first in summer time, 00:30 UTC.
        assert_eq!(berlin.to_utc(1_792_895_400), 1_792_888_200);
        // 29 March 2026, 02:30 is passed over at 01:00 UTC.
        assert_eq!(berlin.to_utc(1_774_751_400), 1_774_746_000);
        // Samoa passed over 30 December 2011.
        let apia = named("Pacific/Apia").unwrap();
        assert_eq!(apia.to_utc(1_325_203_200), 1_325_239_200);
        assert_eq!(apia.to_utc(1_325_289_600), 1_325_239_200);
    }
}
