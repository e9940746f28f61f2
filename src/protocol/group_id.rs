//! The identity of a group of runs, and its letter.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Names a group by the keys that its runs agree in and by their values: the letter `g` and 12 hexadecimal digits. The same group has
/// the same id whatever else was searched for, so that addresses may name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GroupId(u64);

impl GroupId {
    /// Digits behind the letter.
    const DIGITS: usize = 12;

    /// The last 48 bits count.
    pub fn from_bits(bits: u64) -> Self {
        Self(bits & ((1 << (4 * Self::DIGITS)) - 1))
    }

    /// The 48 bits.
    pub fn to_bits(self) -> u64 {
        self.0
    }

    /// `None` if `text` is not an id.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('g').filter(|digits| digits.len() == Self::DIGITS)?;
        let is_lower_hex = digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        u64::from_str_radix(digits, 16).ok().filter(|_| is_lower_hex).map(Self)
    }
}

/// The letter of the group with this index, from 0: a to z, then aa, ab, …
pub fn group_letter(index: u32) -> String {
    let (mut letters, mut rest) = (Vec::new(), u64::from(index) + 1);
    while rest > 0 {
        letters.push(b'a' + ((rest - 1) % 26) as u8);
        rest = (rest - 1) / 26;
    }
    letters.into_iter().rev().map(char::from).collect()
}

impl fmt::Display for GroupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "g{:0width$x}", self.0, width = Self::DIGITS)
    }
}

impl Serialize for GroupId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for GroupId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| de::Error::custom("an id of a group is 'g' and 12 hexadecimal digits"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_those_of_columns_in_a_spreadsheet() {
        let letters = [0, 1, 25, 26, 27, 51, 52, 701, 702].map(group_letter);
        assert_eq!(letters, ["a", "b", "z", "aa", "ab", "az", "ba", "zz", "aaa"]);
        let mut all: Vec<_> = (0..2000).map(group_letter).collect();
        all.dedup();
        assert_eq!((all.len(), group_letter(u32::MAX).len()), (2000, 7));
    }

    #[test]
    fn an_id_is_read_as_it_is_written() {
        for bits in [0, 1, 0xabc, u64::MAX] {
            let id = GroupId::from_bits(bits);
            assert_eq!(GroupId::parse(&id.to_string()), Some(id));
            assert_eq!(serde_json::from_str::<GroupId>(&serde_json::to_string(&id).unwrap()).unwrap(), id);
        }
        assert_eq!(GroupId::from_bits(0xabc).to_string(), "g000000000abc");
        for text in ["", "g", "000000000abc", "g00000000abc", "g0000000000abc", "g00000000ABC", "g+0000000abc", "h000000000abc"] {
            assert_eq!(GroupId::parse(text), None, "{text}");
        }
        assert!(serde_json::from_str::<GroupId>("\"first\"").is_err());
    }
}
