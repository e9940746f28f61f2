//! Comma-separated values as RFC 4180 has them.

use std::borrow::Cow;
use std::fmt::Write;

#[derive(Default)]
pub struct Csv {
    out: String,
    /// True after the first field of a line.
    is_within: bool,
    /// Where the line begins.
    line: usize,
}

impl Csv {
    /// A text as [`quote_field`] has it.
    pub fn text(&mut self, text: &str) {
        self.separate();
        self.out.push_str(&quote_field(text));
    }

    pub fn number(&mut self, number: f64) {
        self.number_text(&format_csv_number(number));
    }

    /// A number that is formatted already.
    pub fn number_text(&mut self, number: &str) {
        self.separate();
        self.out.push_str(number);
    }

    /// A line of nothing but one empty field is in quotes: readers pass over empty lines.
    pub fn end(&mut self) {
        if self.is_within && self.out.len() == self.line {
            self.out.push_str("\"\"");
        }
        self.out.push_str("\r\n");
        self.is_within = false;
        self.line = self.out.len();
    }

    pub fn into_text(self) -> String {
        self.out
    }

    fn separate(&mut self) {
        if self.is_within {
            self.out.push(',');
        }
        self.is_within = true;
    }
}

/// A text as it is, in quotes where a comma, a quote, a line end or a space at its ends makes it necessary. One that a spreadsheet would
/// take for a formula, in quotes, too, has an apostrophe before it (OWASP, "CSV Injection"): names come from clients.
pub fn quote_field(text: &str) -> Cow<'_, str> {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']) && !is_number(text);
    let is_special = text.contains([',', '"', '\n', '\r', '\t']) || text.starts_with(' ') || text.ends_with(' ');
    match is_formula || is_special {
        true => Cow::Owned(format!("\"{}{}\"", if is_formula { "'" } else { "" }, text.replace('"', "\"\""))),
        false => Cow::Borrowed(text),
    }
}

/// Whether the text is a decimal number, with its sign.
fn is_number(text: &str) -> bool {
    let is_decimal = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let without_sign = |text: &str| text.strip_prefix(['+', '-']).unwrap_or(text).to_owned();
    let number = without_sign(text);
    match number.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => is_decimal(mantissa) && is_decimal(&without_sign(exponent)),
        None => is_decimal(&number),
    }
}

/// The shortest text that reads back as the same double; what is no number as in JSON bodies.
pub fn format_csv_number(number: f64) -> String {
    let size = number.abs();
    let mut out = String::new();
    // Writing into a string cannot fail.
    let _ = match number {
        _ if number.is_nan() => write!(out, "NaN"),
        _ if number.is_infinite() => write!(out, "{}Infinity", if number < 0.0 { "-" } else { "" }),
        _ if size != 0.0 && !(1e-5..1e17).contains(&size) => write!(out, "{number:e}"),
        _ => write!(out, "{number}"),
    };
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_quoted_where_needed() {
        let mut csv = Csv::default();
        ["plain", "a,b", "say \"hi\"", "two\nlines", "=1+1", "+a", "-b", "@c", "\td", ""].into_iter().for_each(|text| csv.text(text));
        csv.end();
        assert_eq!(csv.into_text(), "plain,\"a,b\",\"say \"\"hi\"\"\",\"two\nlines\",\"'=1+1\",\"'+a\",\"'-b\",\"'@c\",\"'\td\",\r\n");
    }

    #[test]
    fn labels_that_are_numbers_stay_numbers() {
        for number in ["-1", "+2.5", "-1e-7", "-1E+7", "-.5"] {
            assert_eq!(quote_field(number), number);
        }
        for formula in ["-1+1", "-", "+", "-e", "-1e", "-A1", "=1", "--1"] {
            assert_eq!(quote_field(formula), format!("\"'{formula}\""));
        }
    }

    #[test]
    fn a_line_whose_only_field_is_empty_is_a_line() {
        let mut csv = Csv::default();
        for text in ["a", "", "b", ""] {
            csv.text(text);
            csv.end();
        }
        ["", ""].into_iter().for_each(|text| csv.text(text));
        csv.end();
        assert_eq!(csv.into_text(), "a\r\n\"\"\r\nb\r\n\"\"\r\n,\r\n");
    }

    #[test]
    fn numbers_read_back_as_they_were() {
        for number in [0.1, -0.0, 5e-324, 1e308, 123456789.125, 1e-7, 3.0] {
            assert_eq!(format_csv_number(number).parse::<f64>().unwrap().to_bits(), f64::to_bits(number));
        }
        assert_eq!(
            (format_csv_number(3.0), format_csv_number(f64::NEG_INFINITY), format_csv_number(1e300)),
            ("3".into(), "-Infinity".into(), "1e300".into())
        );
    }
}
