//! Numbers, sizes and times of the front page as text, and the small drawing of a curve.

use crate::charts::format_significant;

/// Digits of the number of a goal.
const DIGITS: i32 = 4;

/// The drawing of a curve: its width and height, and the room for the stroke and the dot at its end, in CSS pixels.
const SHAPE: (f64, f64, f64) = (104.0, 30.0, 4.0);

/// A time to the minute, so that a list of the same minute is the same text: `2026-11-29T16:43Z`. `ms`: Unix time.
pub fn minute(ms: u64) -> String {
    let time = i64::try_from(ms).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    time.map(|time| time.strftime("%Y-%m-%dT%H:%MZ").to_string()).unwrap_or_default()
}

/// The same for readers without scripts.
pub fn minute_text(ms: u64) -> String {
    minute(ms).replace('T', " ").replace('Z', " UTC")
}

/// The number of a goal, with as many decimals as the next one of its size: `0.9720`.
pub fn value_text(value: f64) -> String {
    let size = value.abs();
    let decimals = if size < 1.0 { 4 } else { 3 - usize::from(size >= 10.0) - usize::from(size >= 100.0) };
    let text = if (0.1..1000.0).contains(&size) { format!("{value:.decimals$}") } else { format_significant(value, DIGITS) };
    text.replace('-', "−")
}

/// A number with commas between thousands.
pub fn count_text(count: usize) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A size with three digits: `48.2 MB`.
pub fn bytes_text(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let (mut size, mut unit) = (bytes as f64 / 1000.0, 0);
    // 999.5 has four digits once it is rounded.
    while size >= 999.5 && unit + 1 < UNITS.len() {
        (size, unit) = (size / 1000.0, unit + 1);
    }
    let decimals = if size >= 99.95 { 0 } else { usize::from(size < 9.995) + 1 };
    format!("{size:.decimals$} {}", UNITS[unit])
}

/// The line of a curve and the dot at its end, as paths of SVG; `None` without two points.
pub fn shape_path(shape: &[(f64, f64)]) -> Option<(String, String)> {
    let (first, last) = (shape.first()?, shape.last()?);
    let (low, high) = shape.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), (_, y)| (low.min(*y), high.max(*y)));
    let (width, height, margin) = SHAPE;
    // Halves: a difference of large numbers could overflow.
    let share = |at: f64, from: f64, to: f64| {
        let share = (at / 2.0 - from / 2.0) / (to / 2.0 - from / 2.0);
        if share.is_finite() { share } else { 0.5 }
    };
    let place = |(x, y): &(f64, f64)| {
        let across = margin + share(*x, first.0, last.0) * (width - 2.0 * margin);
        let down = height - margin - share(*y, low, high) * (height - 2.0 * margin);
        format!("{across:.1} {down:.1}")
    };
    if first.0 >= last.0 {
        return None;
    }
    let line = shape.iter().map(place).collect::<Vec<_>>().join("L");
    Some((format!("M{line}"), format!("M{}h0", place(last))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_three_digits() {
        let sizes = [0, 999, 1000, 9_994, 9_995, 48_249, 99_949, 999_499, 999_500, 6_310_000_000, u64::MAX];
        let texts = ["0 B", "999 B", "1.00 kB", "9.99 kB", "10.0 kB", "48.2 kB", "99.9 kB", "999 kB", "1.00 MB", "6.31 GB", "18447 PB"];
        assert_eq!(sizes.map(bytes_text), texts);
        assert_eq!([0, 999, 1000, 1_234_567].map(count_text), ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn numbers_of_goals_have_the_decimals_of_their_size() {
        let values = [0.972, 0.9614, 3.0, 12.34567, 481.2, 4812.0, -0.5, 1e-5, 1e20];
        assert_eq!(values.map(value_text), ["0.9720", "0.9614", "3.000", "12.35", "481.2", "4812", "−0.5000", "1e−5", "1e20"]);
    }

    #[test]
    fn times_are_written_to_the_minute() {
        assert_eq!((minute(1_796_000_000_000), minute_text(0)), ("2026-11-30T00:53Z".to_owned(), "1970-01-01 00:00 UTC".to_owned()));
        assert_eq!(minute(u64::MAX), "");
    }

    #[test]
    fn a_curve_fills_its_drawing() {
        let (line, end) = shape_path(&[(0.0, 1.0), (5.0, 3.0), (10.0, 2.0)]).unwrap();
        assert_eq!((line.as_str(), end.as_str()), ("M4.0 26.0L52.0 4.0L100.0 15.0", "M100.0 15.0h0"));
        assert_eq!(shape_path(&[(0.0, 7.0), (1.0, 7.0)]).unwrap().0, "M4.0 15.0L100.0 15.0");
        assert_eq!(shape_path(&[(0.0, f64::MIN), (1.0, f64::MAX)]).unwrap().0, "M4.0 26.0L100.0 4.0");
        assert_eq!((shape_path(&[]), shape_path(&[(1.0, 1.0)])), (None, None));
    }
}
