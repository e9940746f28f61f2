//! Which end of a metric is the better one.

use serde::{Deserialize, Serialize};

/// The better end of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Low values are better.
    Min,
    /// High values are better.
    Max,
}

impl Direction {
    /// By its name in JSON.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Min, Self::Max].into_iter().find(|direction| direction.name() == name)
    }

    /// Its name in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Min => "min",
            Self::Max => "max",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_json() {
        for direction in [Direction::Min, Direction::Max] {
            assert_eq!(serde_json::to_value(direction).unwrap(), direction.name());
            assert_eq!(Direction::from_name(direction.name()), Some(direction));
        }
        assert_eq!(Direction::from_name("up"), None);
    }
}
