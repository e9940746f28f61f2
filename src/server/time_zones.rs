//! Time zones of the IANA database, which is compiled in: the database of the host is not used.

use jiff::Timestamp;
use jiff::tz;

use super::limits::MAX_TIME_ZONE_NAME_BYTES;
use crate::charts::TimeZone;

/// The time zone of this name; `None` if there is none.
pub fn named(name: &str) -> Option<TimeZone> {
    let zone = (name.len() <= MAX_TIME_ZONE_NAME_BYTES).then(|| tz::TimeZone::get(name).ok()).flatten()?;
    let (first, last) = (Timestamp::MIN.as_second(), Timestamp::MAX.as_second());
    let offset = move |seconds: i64| {
        let moment = Timestamp::from_second(seconds.clamp(first, last)).unwrap_or(Timestamp::UNIX_EPOCH);
        zone.to_offset(moment).seconds()
    };
    Some(TimeZone::new(name, offset))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_database() {
        assert!(named("Europe/Berlin").is_some() && named("UTC").is_some());
        for wrong in ["", "Europe/Atlantis", "../etc/passwd", &"x".repeat(9000)] {
            assert!(named(wrong).is_none(), "{wrong}");
        }
        let berlin = named("Europe/Berlin").unwrap();
        assert_eq!((berlin.offset(i64::MIN), berlin.offset(i64::MAX)), (3208, 3600));
    }
}
