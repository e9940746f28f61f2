//! A run as the page lists it.

use serde::{Deserialize, Serialize};

use super::{RunId, RunStatus};

/// One run of the list. The whole document, with `config`, `notes` and unknown keys, stays on the server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    pub id: RunId,
    /// The key `name`; the id if the document has none.
    pub name: String,
    /// One of the eight colours of series, 0 to 7.
    pub colour: u8,
    pub status: RunStatus,
    /// The key `hidden`: no page draws it.
    pub hidden: bool,
    pub archived: bool,
    /// The key `warning`: two processes write to it.
    pub has_warning: bool,
    /// Empty without a group.
    pub group: String,
    pub tags: Vec<String>,
    /// Ascends with the order of creation; the list has the newest first.
    pub created_order: u64,
    /// Counts the changes of the document, from 1.
    pub rev: u64,
    /// Unix time, ms.
    pub started_ms: u64,
    /// Unix time, ms; `None` while it runs.
    pub ended_ms: Option<u64>,
    /// Unix time of the last sign of life, in ms: a heartbeat or points.
    pub last_sign_ms: u64,
    /// The announced time between two signs, in seconds; `None` if the run announced none.
    pub interval: Option<f64>,
    /// The last value of each metric, in the order of their names; at most [`Self::MAX_METRICS`].
    pub last: Vec<LastValue>,
    /// `None` if the curves of all metrics end with a value.
    pub non_finite: Option<NonFiniteEnd>,
}

impl Run {
    pub const MAX_METRICS: usize = 32;
}

/// The last value of one metric.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LastValue {
    /// The name that was sent, such as `val/loss`.
    pub metric: String,
    /// Any f64; one that is not finite as text, because JSON has none.
    #[serde(with = "number_or_text")]
    pub value: f64,
}

/// Where the values of a run stop being finite. Metrics of the machine (`system/…`) do not count.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NonFiniteEnd {
    /// Of the metrics without a finite value at their end the one that has none from the earliest step on.
    pub metric: String,
    /// This step. `None` until it is known: after a step far back the summary is made again.
    pub step: Option<f64>,
    /// The last value.
    #[serde(with = "number_or_text")]
    pub value: f64,
    /// Number of such metrics, this one among them.
    pub metrics: u32,
}

/// A sign of life of a run, and its last values. Signs are not numbered: the newest counts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunSign {
    pub run: RunId,
    /// Unix time, ms.
    pub last_sign_ms: u64,
    /// As in [`Run`].
    pub last: Vec<LastValue>,
    pub non_finite: Option<NonFiniteEnd>,
}

/// A finite double as a number, the others as the texts `NaN`, `inf` and `-inf`. The page reads no numbers from texts: the tables for
/// that do not compress.
mod number_or_text {
    use std::fmt;

    use serde::{Deserializer, Serializer, de};

    pub fn serialize<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        match *value {
            value if value.is_finite() => serializer.serialize_f64(value),
            value if value.is_nan() => serializer.serialize_str("NaN"),
            value => serializer.serialize_str(if value > 0.0 { "inf" } else { "-inf" }),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        deserializer.deserialize_any(NumberVisitor)
    }

    struct NumberVisitor;

    impl de::Visitor<'_> for NumberVisitor {
        type Value = f64;

        fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
            formatter.write_str("a number, 'NaN', 'inf' or '-inf'")
        }

        fn visit_f64<E: de::Error>(self, value: f64) -> Result<f64, E> {
            Ok(value)
        }

        fn visit_u64<E: de::Error>(self, value: u64) -> Result<f64, E> {
            Ok(value as f64)
        }

        fn visit_i64<E: de::Error>(self, value: i64) -> Result<f64, E> {
            Ok(value as f64)
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<f64, E> {
            match text {
                "NaN" => Ok(f64::NAN),
                "inf" => Ok(f64::INFINITY),
                "-inf" => Ok(f64::NEG_INFINITY),
                _ => Err(E::custom("a number is not valid")),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_values_are_exact_in_json() {
        for value in [0.1, -0.0, f64::INFINITY, f64::NEG_INFINITY, f64::from_bits(1), f64::MAX, 1e21, 3.0] {
            let text = serde_json::to_string(&LastValue { metric: "loss".into(), value }).unwrap();
            assert_eq!(serde_json::from_str::<LastValue>(&text).unwrap().value.to_bits(), value.to_bits(), "{text}");
        }
        let text = serde_json::to_string(&LastValue { metric: "loss".into(), value: f64::NAN }).unwrap();
        assert_eq!(text, r#"{"metric":"loss","value":"NaN"}"#);
        assert!(serde_json::from_str::<LastValue>(&text).unwrap().value.is_nan());
    }
}
