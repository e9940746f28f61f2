//! Numbers as text, without the machinery of float formatting (the page has no room for it), and how wide text is.

/// The size of all text in a chart, in CSS pixels.
pub const FONT_SIZE: f64 = 11.0;

/// Between groups of three digits, and between a number and its unit: a line never breaks there.
pub const NARROW_SPACE: char = '\u{202f}';
/// Shorter whole parts are read at a glance, and years among them must stay whole.
const MIN_GROUPED_DIGITS: usize = 5;

/// A number with its whole part in groups of three digits, from five digits on.
pub fn group_digits(number: &str) -> String {
    let start = number.len() - number.trim_start_matches(['-', '+', '−']).len();
    let digits = number[start..].bytes().take_while(u8::is_ascii_digit).count();
    let mut text = number.to_owned();
    if digits >= MIN_GROUPED_DIGITS {
        let end = start + digits;
        (1..=(digits - 1) / 3).for_each(|group| text.insert(end - 3 * group, NARROW_SPACE));
    }
    text
}

/// At least as wide as the text is drawn at [`FONT_SIZE`] by the fonts of `style/main.css`, in CSS pixels: by a table for the
/// widest of them (DejaVu Sans), since the server has no fonts and must leave the same room as the browser.
pub fn text_width(text: &str) -> f64 {
    let hundredths: u32 = text
        .chars()
        .map(|c| match c {
            'i' | 'j' | 'l' | '.' | ',' | ':' | ' ' | '\'' | '|' => 34,
            NARROW_SPACE => 20,
            'f' | 't' | 'r' | '-' | '(' | ')' | '/' | 'I' => 41,
            'm' | 'M' | 'w' | 'W' | '%' => 97,
            'A'..='Z' => 72,
            c if c.is_ascii() => 64,
            '\u{2e80}'.. => 100,
            _ => 74,
        })
        .sum();
    f64::from(hundredths) * FONT_SIZE / 100.0
}

/// `digits` times 10^`exponent`, in full and without trailing zeros after the point. Exponents from -30 to 30 make sense.
pub fn format_decimal(digits: i64, exponent: i32) -> String {
    let mut text = digits.unsigned_abs().to_string();
    if digits == 0 {
        return text;
    }
    if exponent >= 0 {
        (0..exponent).for_each(|_| text.push('0'));
    } else {
        let places = exponent.unsigned_abs() as usize;
        while text.len() <= places {
            text.insert(0, '0');
        }
        text.insert(text.len() - places, '.');
        text.truncate(text.trim_end_matches('0').trim_end_matches('.').len());
    }
    if digits < 0 {
        text.insert(0, '-');
    }
    text
}

/// `digits` times 10^`exponent` as `1.25e-7`.
pub fn format_scientific(digits: i64, exponent: i32) -> String {
    let places = digits.unsigned_abs().to_string().len() as i32 - 1;
    let mut text = format_decimal(digits, -places);
    text.push('e');
    text.push_str(&(exponent + places).to_string());
    text
}

/// 10^`exponent`, to within rounding over the whole range of doubles; exact from 0 to 22.
pub fn power_of_ten(exponent: i32) -> f64 {
    const EXACT: [f64; 23] =
        [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22];
    match exponent {
        0..=22 => EXACT[exponent as usize],
        23..=308 => EXACT[22] * power_of_ten(exponent - 22),
        309.. => f64::INFINITY,
        -22..=-1 => 1.0 / EXACT[-exponent as usize],
        -330..-22 => power_of_ten(exponent + 22) / EXACT[22],
        _ => 0.0,
    }
}

/// The whole exponent of a positive finite number: 10^e <= value < 10^(e+1).
pub fn decimal_exponent(value: f64) -> i32 {
    // The cast brings what is infinite or no number into the range.
    let mut exponent = ((value.ln() * std::f64::consts::LOG10_E).floor() as i32).clamp(-330, 308);
    // The logarithm of a number just beside a power of ten may round across it.
    if power_of_ten(exponent + 1) <= value {
        exponent += 1;
    } else if power_of_ten(exponent) > value {
        exponent -= 1;
    }
    exponent
}

/// The nearest double to `digits` times 10^`exponent`, as long as the digits have at most 15 places and the exponent is within 22.
pub fn from_decimal(digits: i64, exponent: i32) -> f64 {
    match exponent {
        0.. => digits as f64 * power_of_ten(exponent),
        -300..0 => digits as f64 / power_of_ten(-exponent),
        _ => digits as f64 / power_of_ten(300) / power_of_ten(-exponent - 300),
    }
}

/// A value as text of tooltips and legends: six significant digits, whole numbers in full up to 15 places, in groups of three; `NaN`, `∞`,
/// `-∞`.
pub fn format_number(value: f64) -> String {
    format_significant(value, 6)
}

/// The same with so many significant digits, at most 15.
pub fn format_significant(value: f64, significant: i32) -> String {
    group_digits(&format_ungrouped(value, significant))
}

/// The same without groups: for numbers that are names, such as seeds.
pub fn format_ungrouped(value: f64, significant: i32) -> String {
    if value.is_nan() {
        return "NaN".into();
    }
    if value.is_infinite() {
        return if value > 0.0 { "∞".into() } else { "-∞".into() };
    }
    let size = value.abs();
    if size == 0.0 {
        return "0".into();
    }
    if size < 1e15 && (size >= power_of_ten(significant - 1) || size.trunc() == size) {
        return format_decimal(value.round() as i64, 0);
    }
    let mut exponent = decimal_exponent(size) - (significant - 1);
    // In two steps where one power would overflow: the smallest doubles.
    let mut digits = (if exponent < -300 {
        size * power_of_ten(300) * power_of_ten(-exponent - 300)
    } else if exponent < 0 {
        size * power_of_ten(-exponent)
    } else {
        size / power_of_ten(exponent)
    })
    .round() as i64;
    while digits % 10 == 0 && digits != 0 {
        digits /= 10;
        exponent += 1;
    }
    let signed = if value < 0.0 { -digits } else { digits };
    if (1e-4..1e15).contains(&size) { format_decimal(signed, exponent) } else { format_scientific(signed, exponent) }
}

/// A position on an axis as text. `pixel` is the width of a pixel in units of the axis: it decides the decimals. Whole numbers are
/// written in full.
pub fn format_position(value: f64, pixel: f64) -> String {
    if value.trunc() == value || !(value.abs() < 1e9 && pixel > 0.0) {
        return format_number(value);
    }
    let exponent = decimal_exponent(pixel).clamp(-9, 0);
    group_digits(&format_decimal((value * power_of_ten(-exponent)).round() as i64, exponent))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_in_six_digits() {
        for (value, text) in [
            (0.0, "0"),
            (-0.0, "0"),
            (1.0, "1"),
            (-2.5, "-2.5"),
            (0.1 + 0.2, "0.3"),
            (6.02214076, "6.02214"),
            (0.00012345678, "0.000123457"),
            (0.000012345678, "1.23457e-5"),
            (1e-7, "1e-7"),
            (99999.96, "100\u{202f}000"),
            (9999.996, "10\u{202f}000"),
            (123456.7, "123\u{202f}457"),
            (20000000.0, "20\u{202f}000\u{202f}000"),
            (1.5e18, "1.5e18"),
            (f64::MAX, "1.79769e308"),
            (5e-324, "4.94066e-324"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "∞"),
            (f64::NEG_INFINITY, "-∞"),
        ] {
            assert_eq!(format_number(value), text);
        }
    }

    #[test]
    fn six_digits_are_the_right_six() {
        let mut seed = 7_u64;
        for _ in 0..20_000 {
            seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            let value = f64::from_bits(seed);
            if value.is_finite() {
                let back: f64 = format_number(value).replace(NARROW_SPACE, "").parse().unwrap();
                assert!((back - value).abs() <= value.abs() * 5.01e-6 + 1e-323, "{value:e} {}", format_number(value));
            }
        }
    }

    #[test]
    fn digits_stand_in_groups_of_three() {
        let grouped = |text| group_digits(text).replace(NARROW_SPACE, "_");
        for (text, expected) in [("1234", "1234"), ("12345", "12_345"), ("-1234567.25", "-1_234_567.25"), ("−123456", "−123_456")] {
            assert_eq!(grouped(text), expected);
        }
        for same in ["", "NaN", "∞", "1.79769e308", "0.123456789", "999"] {
            assert_eq!(grouped(same), same);
        }
    }

    #[test]
    fn places_have_the_digits_that_pixels_have() {
        assert_eq!(format_position(12_345_654.0, 30.0), "12\u{202f}345\u{202f}654");
        assert_eq!((format_position(1456.3348, 12.0), format_position(1456.3348, 0.04)), ("1456".into(), "1456.33".into()));
        assert_eq!(
            (format_position(0.30000001, 1e-3), format_position(-0.25, 1e-4), format_position(f64::NAN, 1.0)),
            ("0.3".into(), "-0.25".into(), "NaN".into())
        );
        assert_eq!((format_position(1.0000001, 1e-8), format_position(2.5e30, 1e29)), ("1.0000001".into(), "2.5e30".into()));
    }

    #[test]
    fn decimals_and_powers() {
        assert_eq!(format_decimal(25, -1), "2.5");
        assert_eq!(format_decimal(-5, -3), "-0.005");
        assert_eq!(format_decimal(20, -1), "2");
        assert_eq!(format_scientific(25, -8), "2.5e-7");
        assert_eq!((from_decimal(3, -1), from_decimal(1, -3), from_decimal(12, 2)), (0.3, 0.001, 1200.0));
        for exponent in -300..300 {
            assert_eq!(decimal_exponent(power_of_ten(exponent) * 1.000001), exponent);
            assert_eq!(decimal_exponent(power_of_ten(exponent) * 9.99999), exponent);
        }
    }

    #[test]
    fn wider_text_is_wider() {
        assert!(text_width("-100.25k") > text_width("1") && text_width("0") > 6.9 && text_width("") == 0.0);
    }
}
