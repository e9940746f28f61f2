//! The key `stepMetrics` of a run's document: `{"val/*": "epoch"}` says that the steps of the metrics `val/*` are values of `epoch`.
//! Their charts are apart from those over other steps, because a chart has one horizontal axis.

use serde_json::{Map, Value};

use super::glob::matches_glob;
use crate::server::limits::{MAX_SERIES_NAME_CHARS, MAX_STEP_METRICS};

/// The key of the document.
pub const STEP_METRICS: &str = "stepMetrics";

/// The metrics of a run whose values are the steps of others.
#[derive(Clone, Debug, Default)]
pub struct StepMetrics {
    /// A name or a pattern of metrics, and the metric that is their step.
    entries: Vec<(String, String)>,
}

impl StepMetrics {
    /// Those of a run's document.
    pub fn of_run(keys: &Map<String, Value>) -> Self {
        let entries = keys.get(STEP_METRICS).and_then(Value::as_object).into_iter().flatten();
        let texts = entries.filter_map(|(pattern, step)| Some((pattern.clone(), step.as_str()?.to_owned())));
        Self { entries: texts.collect() }
    }

    /// The metric that is the step of this one, by the last entry for it; `None` for the step of the call. No metric is its own step.
    pub fn of(&self, metric: &str) -> Option<&str> {
        let found = self.entries.iter().rev().find(|(pattern, step)| step != metric && matches_glob(pattern, metric));
        found.map(|(_, step)| step.as_str())
    }
}

/// The rule that the value of the key breaks.
pub fn check_step_metrics(value: &Value) -> Result<(), String> {
    let Value::Object(entries) = value else { return Err("must be an object".to_owned()) };
    if entries.len() > MAX_STEP_METRICS {
        return Err(format!("may name {MAX_STEP_METRICS} metrics"));
    }
    let is_name = |name: &str| (1..=MAX_SERIES_NAME_CHARS).contains(&name.chars().count()) && !name.contains(char::is_control);
    if entries.iter().all(|(pattern, step)| is_name(pattern) && step.as_str().is_some_and(is_name)) {
        Ok(())
    } else {
        Err(format!("must have names of metrics, with 1 to {MAX_SERIES_NAME_CHARS} characters, as keys and values"))
    }
}

/// The name of a chart over the values of a metric instead of the steps of the script.
pub fn chart_by(chart: &str, step_metric: &str) -> String {
    format!("{chart} by {step_metric}").chars().take(MAX_SERIES_NAME_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_last_entry_for_a_name_counts() {
        let document = json!({STEP_METRICS: {"*": "step", "val/*": "epoch", "val/loss": "samples"}});
        let steps = StepMetrics::of_run(document.as_object().unwrap());
        let of = |metric| steps.of(metric);
        assert_eq!([of("loss"), of("val/acc"), of("val/loss")], [Some("step"), Some("epoch"), Some("samples")]);
        assert_eq!([of("epoch"), of("step")], [Some("step"), None]);
        assert_eq!(StepMetrics::of_run(&Map::new()).of("loss"), None);
    }

    #[test]
    fn names_have_a_length() {
        let many: Map<String, Value> = (0..=MAX_STEP_METRICS).map(|at| (format!("m{at}"), "epoch".into())).collect();
        for wrong in [json!([]), json!({"": "a"}), json!({"a": ""}), json!({"a": 1}), json!({"a\n": "b"}), json!(many)] {
            assert!(check_step_metrics(&wrong).is_err(), "{wrong}");
        }
        assert_eq!(check_step_metrics(&json!({"*": "epoch"})), Ok(()));
        assert_eq!(chart_by("loss", "epoch"), "loss by epoch");
        assert_eq!(chart_by(&"ü".repeat(200), "epoch").chars().count(), MAX_SERIES_NAME_CHARS);
    }
}
