//! The identity and the status of a run: one training, whose series stand side by side with those of other runs.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The `_id` of a run on its board: 1 to 64 ASCII letters, digits, `.`, `_` or `-`, the first a letter or a digit. A copy shares the text.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RunId(Arc<str>);

impl RunId {
    pub const MAX_LEN: usize = 64;

    /// `None` if `text` is not an id. Ids are used in URLs and in HTML without escaping.
    pub fn parse(text: &str) -> Option<Self> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        let begins_well = text.bytes().next().is_some_and(|first| first.is_ascii_alphanumeric());
        (begins_well && text.len() <= Self::MAX_LEN && text.bytes().all(is_plain)).then(|| Self(text.into()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Borrow<str> for RunId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl Serialize for RunId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for RunId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| de::Error::custom("an id of a run has 1 to 64 letters, digits, '.', '_' or '-'"))
    }
}

/// What the run itself has written of its end. Whether a running one is silent or lost is derived when it is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RunStatus {
    #[default]
    Running,
    Finished,
    Failed,
    /// Ended by its user or by the system: KeyboardInterrupt, SIGTERM.
    Killed,
}

impl RunStatus {
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Running, Self::Finished, Self::Failed, Self::Killed].into_iter().find(|status| status.as_str() == text)
    }

    /// Whether the run ended before its time.
    pub fn has_failed(self) -> bool {
        matches!(self, Self::Failed | Self::Killed)
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Finished => "finished",
            Self::Failed => "failed",
            Self::Killed => "killed",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_few_characters_and_begin_with_a_letter_or_a_digit() {
        for id in ["a", "7", "2026-11-28-brave-otter", "v1.2_b", &"x".repeat(64)] {
            assert_eq!(RunId::parse(id).as_ref().map(RunId::as_str), Some(id));
        }
        for text in ["", ".", "-a", "_a", "a b", "a/b", "ä", &"x".repeat(65)] {
            assert_eq!(RunId::parse(text), None, "{text}");
        }
        assert_eq!(serde_json::from_str::<RunId>("\"a.b\"").unwrap(), RunId::parse("a.b").unwrap());
        assert!(serde_json::from_str::<RunId>("\"..\"").is_err());
    }

    #[test]
    fn a_status_is_read_as_it_is_written() {
        for status in [RunStatus::Running, RunStatus::Finished, RunStatus::Failed, RunStatus::Killed] {
            assert_eq!(RunStatus::parse(status.as_str()), Some(status));
            assert_eq!(serde_json::to_value(status).unwrap(), status.as_str());
        }
        assert_eq!(RunStatus::parse("lost"), None);
    }
}
