//! The key `metrics` of a board's document: settings for single metrics and for patterns of their names.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::glob::{is_glob, matches_glob};
use crate::protocol::{ApiError, CellLayout, Direction, ErrorKind};
use crate::server::limits::{MAX_METRIC_PATTERNS, MAX_METRIC_SETTINGS, MAX_SERIES_NAME_CHARS, MAX_UNIT_CHARS};

/// The keys of a setting.
const KEYS: [&str; 6] = ["chart", "line", "section", "unit", "x", "direction"];
/// Characters of an unknown key that an error repeats.
const MAX_SHOWN_KEY_CHARS: usize = 50;

/// What a board says of a metric; `None` where it says nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MetricSetting {
    /// The chart that shows it, instead of that of its name.
    pub chart: Option<String>,
    /// The line in the chart; may be empty.
    pub line: Option<String>,
    pub section: Option<String>,
    pub unit: Option<String>,
    /// The metric, or `step`, `relative` or `wall`, that is its horizontal axis.
    pub x: Option<String>,
    pub direction: Option<Direction>,
}

/// The settings of a board: `{"<name or pattern>": {"chart": …, "line": …, "section": …, "unit": …, "x": …, "direction": …}}`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MetricSettings {
    named: HashMap<String, MetricSetting>,
    /// In the order of the document.
    patterns: Vec<(String, MetricSetting)>,
}

impl MetricSettings {
    /// Reads the key `metrics`. `null` means no settings. 400: a name, a key or a value is wrong. 413: there are too many.
    pub fn parse(metrics: &Value) -> Result<Self, ApiError> {
        let entries = match metrics {
            Value::Null => return Ok(Self::default()),
            Value::Object(entries) => entries,
            _ => return Err(wrong("metrics", "must be an object with a key for each metric")),
        };
        if entries.len() > MAX_METRIC_SETTINGS {
            return Err(too_many(&format!("may name {MAX_METRIC_SETTINGS} metrics")));
        }
        let mut settings = Self::default();
        for (name, value) in entries {
            check_text(name, 1, MAX_SERIES_NAME_CHARS).map_err(|rule| wrong("metrics", &format!("has a name that {rule}")))?;
            let setting = parse_setting(name, value)?;
            if is_glob(name) {
                settings.patterns.push((name.clone(), setting.clone()));
            }
            settings.named.insert(name.clone(), setting);
        }
        if settings.patterns.len() > MAX_METRIC_PATTERNS {
            return Err(too_many(&format!("may have {MAX_METRIC_PATTERNS} names with '*' or '?'")));
        }
        Ok(settings)
    }

    /// The setting of a metric. Each key comes from the entry with its very name, else from the first pattern that has the key.
    pub fn of(&self, name: &str) -> MetricSetting {
        let named = self.named.get(name);
        let patterns = self.patterns.iter().filter(|(pattern, _)| matches_glob(pattern, name)).map(|(_, setting)| setting);
        let mut all = MetricSetting::default();
        for setting in named.into_iter().chain(patterns) {
            let MetricSetting { chart, line, section, unit, x, direction } = setting;
            for (key, value) in
                [(&mut all.chart, chart), (&mut all.line, line), (&mut all.section, section), (&mut all.unit, unit), (&mut all.x, x)]
            {
                if key.is_none() {
                    key.clone_from(value);
                }
            }
            all.direction = all.direction.or(*direction);
        }
        all
    }
}

fn parse_setting(name: &str, value: &Value) -> Result<MetricSetting, ApiError> {
    let wrong_here = |rule: String| wrong(&format!("metrics.{name}"), &rule);
    let Value::Object(keys) = value else { return Err(wrong_here("must be an object".into())) };
    if let Some(key) = keys.keys().find(|key| !KEYS.contains(&key.as_str())) {
        let key: String = key.chars().take(MAX_SHOWN_KEY_CHARS).collect();
        return Err(wrong_here(format!("has an unknown key '{key}'; known are {}", KEYS.join(", "))));
    }
    let text = |key: &str, least: usize, most: usize| {
        parse_text(keys, key, least, most).map_err(|rule| wrong(&format!("metrics.{name}.{key}"), &rule))
    };
    let direction = match keys.get("direction") {
        None | Some(Value::Null) => None,
        Some(value) => {
            let direction = value.as_str().and_then(Direction::from_name);
            Some(direction.ok_or_else(|| wrong(&format!("metrics.{name}.direction"), "must be 'min' or 'max'"))?)
        }
    };
    Ok(MetricSetting {
        chart: text("chart", 1, MAX_SERIES_NAME_CHARS)?,
        line: text("line", 0, MAX_SERIES_NAME_CHARS)?,
        section: text("section", 1, CellLayout::MAX_SECTION_CHARS)?,
        unit: text("unit", 0, MAX_UNIT_CHARS)?,
        x: text("x", 1, MAX_SERIES_NAME_CHARS)?,
        direction,
    })
}

/// The text under `key`; `None` if it is missing or `null`. Errors: the rule that it breaks.
fn parse_text(keys: &Map<String, Value>, key: &str, least: usize, most: usize) -> Result<Option<String>, String> {
    match keys.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => check_text(text, least, most).map(|()| Some(text.clone())),
        Some(_) => Err("must be a string".into()),
    }
}

fn check_text(text: &str, least: usize, most: usize) -> Result<(), String> {
    match text.chars().count() {
        count if !(least..=most).contains(&count) => Err(format!("must have {least} to {most} characters")),
        _ if text.contains(char::is_control) => Err("must have no control characters".into()),
        _ => Ok(()),
    }
}

fn wrong(field: &str, rule: &str) -> ApiError {
    ErrorKind::BadRequest.with(format!("'{field}' {rule}.")).at("metrics", rule)
}

fn too_many(rule: &str) -> ApiError {
    ErrorKind::PayloadTooLarge.with(format!("'metrics' {rule}.")).at("metrics", rule)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn setting(metrics: Value, name: &str) -> MetricSetting {
        MetricSettings::parse(&metrics).unwrap().of(name)
    }

    #[test]
    fn a_name_comes_before_patterns_and_patterns_in_their_order() {
        let metrics = json!({
            "*loss": {"direction": "min", "section": "Losses", "unit": "nat"},
            "val*": {"section": "Validation", "line": "", "x": "epoch"},
            "val_loss": {"unit": "bit", "chart": null},
            "a*b": {"chart": "its own"},
        });
        let expected = MetricSetting {
            unit: Some("bit".into()),
            direction: Some(Direction::Min),
            section: Some("Losses".into()),
            line: Some(String::new()),
            x: Some("epoch".into()),
            chart: None,
        };
        assert_eq!(setting(metrics.clone(), "val_loss"), expected);
        assert_eq!(setting(metrics.clone(), "loss").unit.as_deref(), Some("nat"));
        assert_eq!(setting(metrics.clone(), "acc"), MetricSetting::default());
        assert_eq!(setting(metrics, "a*b").chart.as_deref(), Some("its own"), "a name with '*' stands for itself, too");
        assert_eq!(MetricSettings::parse(&Value::Null).unwrap(), MetricSettings::default());
    }

    #[test]
    fn a_wrong_setting_is_named() {
        let message = |metrics: Value| MetricSettings::parse(&metrics).unwrap_err().message;
        assert_eq!(message(json!([])), "'metrics' must be an object with a key for each metric.");
        assert_eq!(message(json!({"loss": 5})), "'metrics.loss' must be an object.");
        assert_eq!(message(json!({"loss": {"chart": 5}})), "'metrics.loss.chart' must be a string.");
        assert_eq!(message(json!({"loss": {"chart": ""}})), "'metrics.loss.chart' must have 1 to 200 characters.");
        assert_eq!(message(json!({"loss": {"line": "a\nb"}})), "'metrics.loss.line' must have no control characters.");
        assert_eq!(message(json!({"loss": {"unit": "x".repeat(17)}})), "'metrics.loss.unit' must have 0 to 16 characters.");
        assert_eq!(message(json!({"loss": {"direction": "up"}})), "'metrics.loss.direction' must be 'min' or 'max'.");
        assert_eq!(
            message(json!({"loss": {"colour": "red"}})),
            "'metrics.loss' has an unknown key 'colour'; known are chart, line, section, unit, x, direction."
        );
        assert_eq!(message(json!({"": {}})), "'metrics' has a name that must have 1 to 200 characters.");
        assert_eq!(message(json!({"a\u{1}": {}})), "'metrics' has a name that must have no control characters.");
        let error = MetricSettings::parse(&json!({"loss": {"direction": 1}})).unwrap_err();
        assert_eq!((error.code, error.errors.0["metrics"].as_str()), (400, "must be 'min' or 'max'"));
    }

    #[test]
    fn settings_are_bounded() {
        let many = |count: usize, suffix: &str| -> Value {
            (0..count).map(|at| (format!("m{at}{suffix}"), json!({"unit": "s"}))).collect::<Map<_, _>>().into()
        };
        assert_eq!(setting(many(MAX_METRIC_SETTINGS, ""), "m7").unit.as_deref(), Some("s"));
        assert_eq!(setting(many(MAX_METRIC_PATTERNS, "*"), "m7 x").unit.as_deref(), Some("s"));
        let code = |metrics: Value| MetricSettings::parse(&metrics).unwrap_err().code;
        assert_eq!(code(many(MAX_METRIC_SETTINGS + 1, "")), 413);
        assert_eq!(code(many(MAX_METRIC_PATTERNS + 1, "?")), 413);
    }
}
