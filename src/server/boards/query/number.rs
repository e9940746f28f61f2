//! Exact comparison of numbers: 64-bit integers and f64.

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};

use serde_json::Number;

/// Each number has one form: an f64 without a fraction is `Whole`, if it is below 2^126.
#[derive(Clone, Copy, Debug)]
pub enum ExactNumber {
    Whole(i128),
    /// With a fraction, or at least 2^126 in size; never NaN.
    Real(f64),
}

/// f64 below this are exact as `i128`.
const MAX_WHOLE: f64 = (1_u128 << 126) as f64;

impl ExactNumber {
    /// A number in decimal or scientific notation. NaN and infinity are not numbers here.
    pub fn parse(text: &str) -> Option<Self> {
        let is_plain = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'));
        if !is_plain {
            return None;
        }
        let whole = text.parse::<i128>().ok().filter(|whole| (i128::from(i64::MIN)..=i128::from(u64::MAX)).contains(whole));
        whole.map(Self::Whole).or_else(|| text.parse().ok().map(Self::of_double))
    }

    pub fn of(number: &Number) -> Self {
        let whole = number.as_u64().map(i128::from).or_else(|| number.as_i64().map(i128::from));
        whole.map_or_else(|| Self::of_double(number.as_f64().unwrap_or(0.0)), Self::Whole)
    }

    /// `number` is not NaN.
    pub fn of_double(number: f64) -> Self {
        if number.fract() == 0.0 && number.abs() < MAX_WHOLE { Self::Whole(number as i128) } else { Self::Real(number) }
    }
}

impl Ord for ExactNumber {
    fn cmp(&self, other: &Self) -> Ordering {
        let beside = |whole: i128, real: f64| match real {
            // Larger than any `Whole`.
            _ if real.abs() >= MAX_WHOLE => 0.0_f64.total_cmp(&real),
            // `real` has a fraction, so it is above its floor.
            _ if whole <= real.floor() as i128 => Ordering::Less,
            _ => Ordering::Greater,
        };
        match (self, other) {
            (Self::Whole(one), Self::Whole(other)) => one.cmp(other),
            (Self::Real(one), Self::Real(other)) => one.total_cmp(other),
            (Self::Whole(whole), Self::Real(real)) => beside(*whole, *real),
            (Self::Real(real), Self::Whole(whole)) => beside(*whole, *real).reverse(),
        }
    }
}

impl PartialOrd for ExactNumber {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for ExactNumber {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for ExactNumber {}

impl Hash for ExactNumber {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            Self::Whole(whole) => whole.hash(state),
            Self::Real(real) => real.to_bits().hash(state),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_compared_exactly() {
        // Ascending; each as documents and queries write it.
        let ascending = [
            "-1e999",
            "-1e300",
            "-9223372036854775808",
            "-9007199254740993",
            "-9007199254740992",
            "-1.5",
            "-1",
            "0",
            "5e-324",
            "0.1",
            "1",
            "1.5",
            "2",
            "9007199254740991",
            "9007199254740992",
            "9007199254740993",
            "18446744073709551615",
            "1e300",
            "1e999",
        ];
        let read: Vec<ExactNumber> = ascending.iter().map(|text| ExactNumber::parse(text).unwrap()).collect();
        for (at, one) in read.iter().enumerate() {
            for (beside, other) in read.iter().enumerate() {
                assert_eq!(one.cmp(other), at.cmp(&beside), "{} {}", ascending[at], ascending[beside]);
            }
            if let Ok(number) = serde_json::from_str::<Number>(ascending[at]) {
                assert_eq!(ExactNumber::of(&number), *one);
            }
        }
        for (one, other) in [
            ("2", "2.0"),
            ("1e3", "1000"),
            ("-0", "0"),
            ("+5", "5"),
            ("9007199254740992", "9007199254740992.0"),
            ("1e20", "100000000000000000000"),
        ] {
            assert_eq!(ExactNumber::parse(one), ExactNumber::parse(other), "{one} {other}");
        }
        for text in ["", "NaN", "inf", "Infinity", "-inf", "0x10", "1_000", "e", ".", "-", "1 "] {
            assert_eq!(ExactNumber::parse(text), None, "{text}");
        }
    }
}
