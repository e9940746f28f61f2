//! A mark on the charts of a board: an event of a training, such as a new learning rate.

use serde::{Deserialize, Serialize};

use super::RunId;

/// It stands at a step, or at a time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mark {
    #[serde(rename = "_id")]
    pub id: String,
    /// The run that it belongs to; `None`: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<f64>,
    /// Seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<f64>,
    pub text: String,
    /// One of the eight colours of series, 0 to 7.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub colour: Option<u8>,
}
