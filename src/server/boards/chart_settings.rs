//! Settings of line charts: parsing and checks of the key `chart` of a document.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::protocol::{ApiError, ErrorKind, LineSettingsPatch};
use crate::server::limits::{
    MAX_AXIS_TITLE_CHARS, MAX_GOAL_LABEL_CHARS, MAX_GOAL_LINES, MAX_HIDDEN_SERIES, MAX_SERIES_NAME_CHARS, MAX_SMOOTH, MAX_UNIT_CHARS,
};

// The values of other charts have the same bound.
const _: () = assert!(MAX_AXIS_TITLE_CHARS == crate::charts::axis_titles::MAX_TITLE_CHARS);

/// The rule of each key of `chart`.
const KEYS: [(&str, &str); 13] = [
    ("x", "must be 'step', 'relative', 'wall' or 'metric'"),
    ("x_metric", "must be a string"),
    ("x_scale", "must be 'linear' or 'log'"),
    ("y", "must be 'linear' or 'log'"),
    ("goal_lines", "must be an array of objects with a number 'y' and perhaps a text 'label'"),
    ("y_range", "must be two numbers, the lower one first, or null for an end that follows the values"),
    ("ignore_outliers", "must be true or false"),
    ("hide_superseded", "must be true or false"),
    ("smooth", "must be a number"),
    ("unit", "must be a string"),
    ("x_label", "must be a string"),
    ("y_label", "must be a string"),
    ("hidden", "must be an array of names"),
];

/// Parses the key `chart` of a document. `null` means the defaults.
pub fn read(chart: &Value) -> Result<LineSettingsPatch, ApiError> {
    if chart.is_null() {
        return Ok(LineSettingsPatch::default());
    }
    LineSettingsPatch::deserialize(chart).map_err(|why| {
        let is_wrong = |key: &str| chart.get(key).is_some_and(|value| LineSettingsPatch::deserialize(json!({ key: value })).is_err());
        match KEYS.iter().find(|(key, _)| is_wrong(key)) {
            Some((key, rule)) => ErrorKind::BadRequest.with(format!("'chart.{key}' {rule}.")).at("chart", format!("{key} {rule}")),
            None => ErrorKind::BadRequest.with(format!("'chart' is not what a chart can be set to: {why}.")).at("chart", why.to_string()),
        }
    })
}

/// Checks the values of settings. `key`: the name of the settings in error messages.
pub fn check(change: &LineSettingsPatch, key: &str) -> Result<(), ApiError> {
    let wrong = |field: &str, rule: String| Err(ErrorKind::BadRequest.with(format!("'{key}.{field}' {rule}.")).at(field, rule));
    if change.smooth.is_some_and(|smooth| !(0.0..=MAX_SMOOTH).contains(&smooth)) {
        return wrong("smooth", format!("must be a number from 0 to {MAX_SMOOTH}"));
    }
    if let Some(name) = &change.x_metric
        && (name.chars().count() > MAX_SERIES_NAME_CHARS || name.contains(char::is_control))
    {
        return wrong("x_metric", format!("must be the name of a metric, which has 1 to {MAX_SERIES_NAME_CHARS} characters"));
    }
    if let Some([lo, hi]) = change.y_range {
        let is_place = |end: Option<f64>| end.is_none_or(f64::is_finite);
        if !is_place(lo) || !is_place(hi) || lo.zip(hi).is_some_and(|(lo, hi)| lo >= hi) {
            return wrong("y_range", "must have its lower end first".to_owned());
        }
    }
    if let Some(lines) = &change.goal_lines {
        let is_label = |label: &str| label.chars().count() <= MAX_GOAL_LABEL_CHARS && !label.contains(char::is_control);
        if lines.len() > MAX_GOAL_LINES || lines.iter().any(|line| !line.y.is_finite() || !is_label(&line.label)) {
            let rule = format!("may have {MAX_GOAL_LINES} lines at finite values, with labels of {MAX_GOAL_LABEL_CHARS} characters");
            return wrong("goal_lines", rule);
        }
    }
    if change.unit.as_ref().is_some_and(|unit| unit.chars().count() > MAX_UNIT_CHARS || unit.contains(char::is_control)) {
        return wrong("unit", format!("may have {MAX_UNIT_CHARS} characters"));
    }
    for (field, title) in [("x_label", &change.x_label), ("y_label", &change.y_label)] {
        if title.as_ref().is_some_and(|title| title.chars().count() > MAX_AXIS_TITLE_CHARS || title.contains(char::is_control)) {
            return wrong(field, format!("may have {MAX_AXIS_TITLE_CHARS} characters"));
        }
    }
    if change
        .hidden
        .as_ref()
        .is_some_and(|hidden| hidden.len() > MAX_HIDDEN_SERIES || hidden.iter().any(|name| name.chars().count() > MAX_SERIES_NAME_CHARS))
    {
        return wrong("hidden", format!("may name {MAX_HIDDEN_SERIES} series of {MAX_SERIES_NAME_CHARS} characters each"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{GoalLine, LineSettings};

    #[test]
    fn the_page_offers_what_is_taken() {
        assert_eq!(LineSettings::MAX_SMOOTH, MAX_SMOOTH);
    }

    #[test]
    fn a_wrong_setting_is_named() {
        let message = |chart: Value| read(&chart).err().map(|error| error.message);
        assert_eq!(message(json!(null)), None);
        assert_eq!(message(json!({"x": null, "y": "log", "further": 5})), None);
        assert_eq!(message(json!({"smooth": 0.5, "y": "cubic"})).as_deref(), Some("'chart.y' must be 'linear' or 'log'."));
        assert_eq!(message(json!({"x": 5})).as_deref(), Some("'chart.x' must be 'step', 'relative', 'wall' or 'metric'."));
        let range = "'chart.y_range' must be two numbers, the lower one first, or null for an end that follows the values.";
        for wrong in [json!([1]), json!(["a", 2]), json!({"lo": 1}), json!([1, 2, 3])] {
            assert_eq!(message(json!({ "y_range": wrong })).as_deref(), Some(range));
        }
        assert_eq!(message(json!({"x_scale": "cubic"})).as_deref(), Some("'chart.x_scale' must be 'linear' or 'log'."));
        let lines = "'chart.goal_lines' must be an array of objects with a number 'y' and perhaps a text 'label'.";
        assert_eq!(message(json!({"goal_lines": [{"y": "a"}]})).as_deref(), Some(lines));
        assert_eq!(message(json!({"goal_lines": [{"y": 0.5}]})), None);
        assert_eq!(message(json!({"x_label": 1})).as_deref(), Some("'chart.x_label' must be a string."));
        assert_eq!(message(json!({"hidden": "a"})).as_deref(), Some("'chart.hidden' must be an array of names."));
    }

    #[test]
    fn settings_are_bounded_and_errors_name_them() {
        let message = |change: LineSettingsPatch| check(&change, "settings").err().map(|error| error.message);
        assert_eq!(message(LineSettingsPatch { smooth: Some(0.999), unit: Some("MB/s".into()), ..LineSettingsPatch::default() }), None);
        let smooth = |smooth| message(LineSettingsPatch { smooth: Some(smooth), ..LineSettingsPatch::default() });
        assert_eq!(smooth(1.0).as_deref(), Some("'settings.smooth' must be a number from 0 to 0.999."));
        assert!(smooth(f64::NAN).is_some() && smooth(-0.1).is_some());
        let along = |name: &str| message(LineSettingsPatch { x_metric: Some(name.into()), ..LineSettingsPatch::default() });
        assert_eq!((along("train/loss"), along("")), (None, None));
        let rule = "'settings.x_metric' must be the name of a metric, which has 1 to 200 characters.";
        assert_eq!((along("a\nb").as_deref(), along(&"x".repeat(201)).as_deref()), (Some(rule), Some(rule)));
        let range = |lo, hi| message(LineSettingsPatch { y_range: Some([lo, hi]), ..LineSettingsPatch::default() });
        assert_eq!((range(None, None), range(Some(0.0), Some(1.0)), range(None, Some(-1.0))), (None, None, None));
        assert_eq!(range(Some(1.0), Some(1.0)).as_deref(), Some("'settings.y_range' must have its lower end first."));
        assert!(range(Some(f64::INFINITY), None).is_some());
        assert!(message(LineSettingsPatch { unit: Some("x".repeat(17)), ..LineSettingsPatch::default() }).is_some());
        let titled = |title: &str| LineSettingsPatch { y_label: Some(title.into()), ..LineSettingsPatch::default() };
        assert_eq!(message(titled("accuracy in %")), None);
        assert_eq!(message(titled(&"x".repeat(201))).as_deref(), Some("'settings.y_label' may have 200 characters."));
        assert!(message(titled("a\nb")).is_some());
        let goals = |lines: &[(f64, &str)]| {
            let lines = lines.iter().map(|(y, label)| GoalLine { y: *y, label: (*label).into() }).collect();
            message(LineSettingsPatch { goal_lines: Some(lines), ..LineSettingsPatch::default() })
        };
        assert_eq!((goals(&[]), goals(&[(0.9, "target"), (-1.0, "")])), (None, None));
        let rule = "'settings.goal_lines' may have 8 lines at finite values, with labels of 60 characters.";
        for wrong in [&[(0.0, ""); 9][..], &[(f64::NAN, "")], &[(0.0, "a\nb")], &[(0.0, "x".repeat(61).as_str())]] {
            assert_eq!(goals(wrong).as_deref(), Some(rule));
        }
        assert!(message(LineSettingsPatch { hidden: Some(vec!["x".repeat(201)]), ..LineSettingsPatch::default() }).is_some());
    }

    #[test]
    fn only_named_settings_are_written() {
        let change = LineSettingsPatch { smooth: Some(0.5), hidden: Some(vec![]), ..LineSettingsPatch::default() };
        assert_eq!(json!(change), json!({"smooth": 0.5, "hidden": []}));
    }
}
