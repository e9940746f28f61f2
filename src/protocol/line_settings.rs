//! How a `line` cell is drawn: the document's key `chart`, set by clients and by people alike.

use serde::{Deserialize, Serialize};

/// What runs along the horizontal axis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum XAxis {
    #[default]
    Step,
    /// Wall time since the first point of the chart.
    Relative,
    Wall,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scale {
    #[default]
    Linear,
    Log,
}

/// Each key may be missing; unknown ones are kept in the document and have no effect.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LineSettings {
    pub x: XAxis,
    pub y: Scale,
    /// Weight of the debiased exponential moving average, 0 (off) to 0.999.
    pub smooth: f64,
    /// What the values are measured in: `s`, `B`, `%`; empty when they are plain numbers.
    pub unit: String,
    /// The names of series that are not drawn.
    pub hidden: Vec<String>,
}

/// What a person changes of the settings: keys that are missing, or `null`, stay as they are. The key `chart` of a document has this
/// form too; there they mean the default.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Change {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub x: Option<XAxis>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub y: Option<Scale>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smooth: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hidden: Option<Vec<String>>,
}

impl From<Change> for LineSettings {
    fn from(Change { x, y, smooth, unit, hidden }: Change) -> Self {
        Self {
            x: x.unwrap_or_default(),
            y: y.unwrap_or_default(),
            smooth: smooth.unwrap_or_default(),
            unit: unit.unwrap_or_default(),
            hidden: hidden.unwrap_or_default(),
        }
    }
}
