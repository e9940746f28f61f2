//! How a `line` cell is drawn: the key `chart` of its document, set by clients and on the page.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::series::Axis;

/// Before the hash of a metric in the name of an axis.
const METRIC_PREFIX: &str = "metric-";

/// The quantity on the horizontal axis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum XAxis {
    #[default]
    Step,
    /// Wall time since the start of each run; of series without a run, since the first point of these.
    Relative,
    Wall,
    /// The values of the metric [`LineSettings::x_metric`] of the same run.
    Metric,
}

impl XAxis {
    /// By its name in JSON.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Step, Self::Relative, Self::Wall, Self::Metric].into_iter().find(|axis| axis.name() == name)
    }

    /// What its places are made of.
    pub fn axis(self) -> Axis {
        if matches!(self, Self::Step | Self::Metric) { Axis::Step } else { Axis::Time }
    }

    /// Its name in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Step => "step",
            Self::Relative => "relative",
            Self::Wall => "wall",
            Self::Metric => "metric",
        }
    }
}

/// The quantity on the horizontal axis with its metric, which stands here as a hash of its name: two charts can be compared by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChartAxis {
    pub x: XAxis,
    /// 0 where no metric is the axis.
    metric: u32,
}

impl ChartAxis {
    pub const STEP: Self = Self::of(XAxis::Step);
    pub const RELATIVE: Self = Self::of(XAxis::Relative);
    pub const WALL: Self = Self::of(XAxis::Wall);

    pub const fn of(x: XAxis) -> Self {
        Self { x, metric: 0 }
    }

    pub fn of_metric(name: &str) -> Self {
        // FNV-1a.
        let metric = name.bytes().fold(0x811c_9dc5, |hash: u32, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
        Self { x: XAxis::Metric, metric }
    }

    /// The reverse of [`Self::name`].
    pub fn from_name(name: &str) -> Option<Self> {
        match name.strip_prefix(METRIC_PREFIX) {
            Some(hash) => Some(Self { x: XAxis::Metric, metric: u32::from_str_radix(hash, 16).ok()? }),
            None => XAxis::from_name(name).filter(|x| *x != XAxis::Metric).map(Self::of),
        }
    }

    /// Its name in addresses of the page.
    pub fn name(self) -> Cow<'static, str> {
        if self.x == XAxis::Metric { format!("{METRIC_PREFIX}{:x}", self.metric).into() } else { self.x.name().into() }
    }
}

impl PartialEq<XAxis> for ChartAxis {
    fn eq(&self, x: &XAxis) -> bool {
        self.x == *x
    }
}

/// The scale of an axis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AxisScale {
    #[default]
    Linear,
    Log,
}

impl AxisScale {
    /// By its name in JSON.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Linear, Self::Log].into_iter().find(|scale| scale.name() == name)
    }

    pub fn other(self) -> Self {
        if self == Self::Log { Self::Linear } else { Self::Log }
    }

    /// Its name in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Linear => "linear",
            Self::Log => "log",
        }
    }
}

/// Complete settings. In JSON each key may be missing; unknown keys stay in the document and have
/// no effect.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LineSettings {
    pub x: XAxis,
    /// The metric that runs along the axis [`XAxis::Metric`].
    pub x_metric: String,
    /// The scale of the horizontal axis. Wall time is always linear ([`LineSettings::x_scale`]).
    pub x_scale: AxisScale,
    pub y: AxisScale,
    /// Horizontal lines at values that the curves are compared with.
    pub goal_lines: Vec<GoalLine>,
    /// The ends of the vertical axis, the lower one first; `null` for an end that follows the values.
    pub y_range: [Option<f64>; 2],
    /// The vertical axis shows the bulk of the values: outliers do not set its ends.
    pub ignore_outliers: bool,
    /// Along steps: points of a run that a restart superseded are not drawn; otherwise they are faded.
    pub hide_superseded: bool,
    /// Weight of the debiased exponential moving average, 0 (off) to 0.999.
    pub smooth: f64,
    /// Unit of the values, such as `s`, `B` or `%`; empty for plain numbers.
    pub unit: String,
    /// Titles of the axes; empty for none.
    pub x_label: String,
    pub y_label: String,
    /// Names of the series that are not drawn.
    pub hidden: Vec<String>,
}

impl LineSettings {
    /// The heaviest weight of an average: the longest one that is useful.
    pub const MAX_SMOOTH: f64 = 0.999;

    /// The scale of the horizontal axis: the logarithm of the seconds since 1970 says nothing.
    pub fn x_scale(&self) -> AxisScale {
        if self.x == XAxis::Wall { AxisScale::Linear } else { self.x_scale }
    }

    pub fn axis(&self) -> ChartAxis {
        if self.x == XAxis::Metric { ChartAxis::of_metric(&self.x_metric) } else { ChartAxis::of(self.x) }
    }

    /// The metric along the axis.
    pub fn along_metric(&self) -> Option<&str> {
        (self.x == XAxis::Metric).then_some(self.x_metric.as_str())
    }

    /// The title of the x axis: the name of its metric, unless it has another one.
    pub fn x_title(&self) -> &str {
        if self.x_label.is_empty() { self.along_metric().unwrap_or_default() } else { &self.x_label }
    }
}

/// A horizontal line at a value.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct GoalLine {
    pub y: f64,
    /// Written on the line; empty for the value alone.
    #[serde(default)]
    pub label: String,
}

/// A partial update of [`LineSettings`]: missing keys and `null` leave the setting as it is. The key
/// `chart` of a document has the same shape; there a missing key means the default.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LineSettingsPatch {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub x: Option<XAxis>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub x_metric: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub x_scale: Option<AxisScale>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub y: Option<AxisScale>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub goal_lines: Option<Vec<GoalLine>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub y_range: Option<[Option<f64>; 2]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ignore_outliers: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hide_superseded: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smooth: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub x_label: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub y_label: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hidden: Option<Vec<String>>,
}

impl LineSettingsPatch {
    /// The same keys as they are in `before`: what undoes this patch.
    pub fn undo(&self, before: &LineSettings) -> Self {
        let before = before.clone();
        Self {
            x: self.x.map(|_| before.x),
            x_metric: self.x_metric.as_ref().map(|_| before.x_metric),
            x_scale: self.x_scale.map(|_| before.x_scale),
            y: self.y.map(|_| before.y),
            goal_lines: self.goal_lines.as_ref().map(|_| before.goal_lines),
            y_range: self.y_range.map(|_| before.y_range),
            ignore_outliers: self.ignore_outliers.map(|_| before.ignore_outliers),
            hide_superseded: self.hide_superseded.map(|_| before.hide_superseded),
            smooth: self.smooth.map(|_| before.smooth),
            unit: self.unit.as_ref().map(|_| before.unit),
            x_label: self.x_label.as_ref().map(|_| before.x_label),
            y_label: self.y_label.as_ref().map(|_| before.y_label),
            hidden: self.hidden.as_ref().map(|_| before.hidden),
        }
    }

    /// This patch with the keys of another one over it.
    pub fn overlaid(self, over: &Self) -> Self {
        Self {
            x: over.x.or(self.x),
            x_metric: over.x_metric.clone().or(self.x_metric),
            x_scale: over.x_scale.or(self.x_scale),
            y: over.y.or(self.y),
            goal_lines: over.goal_lines.clone().or(self.goal_lines),
            y_range: over.y_range.or(self.y_range),
            ignore_outliers: over.ignore_outliers.or(self.ignore_outliers),
            hide_superseded: over.hide_superseded.or(self.hide_superseded),
            smooth: over.smooth.or(self.smooth),
            unit: over.unit.clone().or(self.unit),
            x_label: over.x_label.clone().or(self.x_label),
            y_label: over.y_label.clone().or(self.y_label),
            hidden: over.hidden.clone().or(self.hidden),
        }
    }
}

impl From<LineSettingsPatch> for LineSettings {
    fn from(patch: LineSettingsPatch) -> Self {
        let LineSettingsPatch { x, x_metric, x_scale, y, goal_lines, y_range, ignore_outliers, hide_superseded, smooth, unit, .. } = patch;
        let LineSettingsPatch { x_label, y_label, hidden, .. } = patch;
        Self {
            x: x.unwrap_or_default(),
            x_metric: x_metric.unwrap_or_default(),
            x_scale: x_scale.unwrap_or_default(),
            y: y.unwrap_or_default(),
            goal_lines: goal_lines.unwrap_or_default(),
            y_range: y_range.unwrap_or_default(),
            ignore_outliers: ignore_outliers.unwrap_or_default(),
            hide_superseded: hide_superseded.unwrap_or_default(),
            smooth: smooth.unwrap_or_default(),
            unit: unit.unwrap_or_default(),
            x_label: x_label.unwrap_or_default(),
            y_label: y_label.unwrap_or_default(),
            hidden: hidden.unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_undo_has_the_keys_of_its_patch() {
        let before = LineSettings { smooth: 0.5, unit: "nats".to_owned(), ..LineSettings::default() };
        let patch = LineSettingsPatch { y: Some(AxisScale::Log), smooth: Some(0.9), ..LineSettingsPatch::default() };
        let undo = LineSettingsPatch { y: Some(AxisScale::Linear), smooth: Some(0.5), ..LineSettingsPatch::default() };
        assert_eq!(patch.undo(&before), undo);
        assert_eq!(LineSettingsPatch::default().undo(&before), LineSettingsPatch::default());
    }

    #[test]
    fn names_are_those_of_json() {
        for axis in [XAxis::Step, XAxis::Relative, XAxis::Wall, XAxis::Metric] {
            assert_eq!(serde_json::to_value(axis).unwrap(), axis.name());
            assert_eq!(XAxis::from_name(axis.name()), Some(axis));
        }
        for axis in [ChartAxis::STEP, ChartAxis::WALL, ChartAxis::of_metric("train/loss"), ChartAxis::of_metric("")] {
            assert_eq!(ChartAxis::from_name(&axis.name()), Some(axis));
        }
        assert_ne!(ChartAxis::of_metric("epoch"), ChartAxis::of_metric("tokens"));
        assert_eq!((ChartAxis::from_name("metric"), ChartAxis::from_name("metric-z")), (None, None));
        for scale in [AxisScale::Linear, AxisScale::Log] {
            assert_eq!(serde_json::to_value(scale).unwrap(), scale.name());
            assert_eq!(AxisScale::from_name(scale.name()), Some(scale));
        }
        assert_eq!((XAxis::from_name(""), AxisScale::from_name("logarithmic")), (None, None));
    }
}
