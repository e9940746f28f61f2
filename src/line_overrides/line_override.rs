//! How one reader draws a line chart otherwise than its settings say: axes and smoothing.

use crate::protocol::{AxisScale, LineSettings, LineSettingsPatch, XAxis};
use crate::routes::encoded;

/// How numbers are read, NaN for what is none, and written. Browsers have this code; in the page's own it would be as large as all the rest
/// of this file.
#[derive(Clone, Copy)]
pub struct Numbers {
    pub read: fn(&str) -> f64,
    pub write: fn(f64) -> String,
}

/// What runs along an x axis.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AxisChoice {
    pub x: XAxis,
    /// Of [`XAxis::Metric`]; else empty.
    pub metric: String,
}

impl AxisChoice {
    fn of(settings: &LineSettings) -> Self {
        Self { x: settings.x, metric: settings.along_metric().unwrap_or_default().to_owned() }
    }

    pub(super) fn is_valid(&self) -> bool {
        (self.x == XAxis::Metric) != self.metric.is_empty()
    }
}

/// What a reader draws otherwise; `None`: as the settings say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LineOverride {
    pub x: Option<AxisChoice>,
    pub x_scale: Option<AxisScale>,
    pub y: Option<AxisScale>,
    /// 0 to [`LineSettings::MAX_SMOOTH`].
    pub smooth: Option<f64>,
}

impl LineOverride {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// With what `wider` says of what this one leaves open.
    pub fn or(self, wider: Self) -> Self {
        Self { x: self.x.or(wider.x), x_scale: self.x_scale.or(wider.x_scale), y: self.y.or(wider.y), smooth: self.smooth.or(wider.smooth) }
    }

    /// Without what is given in `other`.
    pub(super) fn without(&self, other: &Self) -> Self {
        Self {
            x: self.x.clone().filter(|_| other.x.is_none()),
            x_scale: self.x_scale.filter(|_| other.x_scale.is_none()),
            y: self.y.filter(|_| other.y.is_none()),
            smooth: self.smooth.filter(|_| other.smooth.is_none()),
        }
    }

    /// What differs from the settings, as the settings have it.
    pub(super) fn reverted(&self, settings: &LineSettings) -> Self {
        let Self { x, x_scale, y, smooth } = self.besides(settings);
        Self {
            x: x.map(|_| AxisChoice::of(settings)),
            x_scale: x_scale.map(|_| settings.x_scale),
            y: y.map(|_| settings.y),
            smooth: smooth.map(|_| settings.smooth),
        }
    }

    /// What differs from the settings.
    pub fn besides(&self, settings: &LineSettings) -> Self {
        Self {
            x: self.x.clone().filter(|choice| *choice != AxisChoice::of(settings)),
            x_scale: self.x_scale.filter(|scale| *scale != settings.x_scale),
            y: self.y.filter(|scale| *scale != settings.y),
            smooth: self.smooth.filter(|weight| *weight != settings.smooth),
        }
    }

    pub fn apply(&self, settings: LineSettings) -> LineSettings {
        let choice = self.x.clone();
        LineSettings {
            x: choice.as_ref().map_or(settings.x, |choice| choice.x),
            x_metric: choice.map(|choice| choice.metric).filter(|metric| !metric.is_empty()).unwrap_or(settings.x_metric),
            x_scale: self.x_scale.unwrap_or(settings.x_scale),
            y: self.y.unwrap_or(settings.y),
            smooth: self.smooth.unwrap_or(settings.smooth),
            ..settings
        }
    }

    /// The change that gives everyone what this reader sees.
    pub fn patch(&self) -> LineSettingsPatch {
        LineSettingsPatch {
            x: self.x.as_ref().map(|choice| choice.x),
            x_metric: self.x.as_ref().map(|choice| choice.metric.clone()).filter(|metric| !metric.is_empty()),
            x_scale: self.x_scale,
            y: self.y,
            smooth: self.smooth,
            ..LineSettingsPatch::default()
        }
    }

    /// Takes a key and its value as an address has them; [`Self::is_valid`] says whether they fit together. False: the key is another one,
    /// or the value is none of its values.
    pub fn set(&mut self, key: &str, value: &str, numbers: Numbers) -> bool {
        let weight = || Some((numbers.read)(value)).filter(|weight| (0.0..=LineSettings::MAX_SMOOTH).contains(weight));
        match key {
            "x" => XAxis::from_name(value).map(|x| self.x.get_or_insert_default().x = x),
            "x_metric" => {
                value.clone_into(&mut self.x.get_or_insert_default().metric);
                Some(())
            }
            "x_scale" => AxisScale::from_name(value).map(|scale| self.x_scale = Some(scale)),
            "y" => AxisScale::from_name(value).map(|scale| self.y = Some(scale)),
            "smooth" => weight().map(|weight| self.smooth = Some(weight)),
            _ => None,
        }
        .is_some()
    }

    /// Whether there is a metric where, and only where, one is the axis.
    pub fn is_valid(&self) -> bool {
        self.x.as_ref().is_none_or(AxisChoice::is_valid)
    }

    /// The same as the query of a drawing: empty, or `&key=value` pairs.
    pub fn query(&self, numbers: Numbers) -> String {
        self.words(numbers).map(|(key, value)| ["&", key, "=", &encoded(&value)].concat()).collect()
    }

    /// The keys and values of an address.
    pub(super) fn words(&self, numbers: Numbers) -> impl Iterator<Item = (&'static str, String)> {
        let scale = |scale: AxisScale| scale.name().to_owned();
        let words = [
            ("x", self.x.as_ref().map(|choice| choice.x.name().to_owned())),
            ("x_metric", self.x.as_ref().map(|choice| choice.metric.clone()).filter(|metric| !metric.is_empty())),
            ("x_scale", self.x_scale.map(scale)),
            ("y", self.y.map(scale)),
            ("smooth", self.smooth.map(numbers.write)),
        ];
        words.into_iter().filter_map(|(key, value)| Some((key, value?)))
    }
}

impl From<&LineSettings> for LineOverride {
    fn from(settings: &LineSettings) -> Self {
        let LineSettings { x_scale, y, smooth, .. } = *settings;
        Self { x: Some(AxisChoice::of(settings)), x_scale: Some(x_scale), y: Some(y), smooth: Some(smooth) }
    }
}
