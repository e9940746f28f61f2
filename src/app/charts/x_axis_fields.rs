//! The fields of the settings panel for the quantity on the x axis.

use leptos::prelude::*;

use super::panel_fields::{Check, Choice, TextField};
use super::registry::use_charts;
use crate::line_overrides::{AxisChoice, LineOverride};
use crate::protocol::{XAxis, is_counter};

const METRIC: &str = XAxis::Metric.name();
const X_AXES: &[(&str, &str)] =
    &[("", "mixed"), ("step", "step"), ("relative", "relative time"), ("wall", "wall time"), (METRIC, "metric …")];
const SUGGESTIONS: &str = "chart-metrics";

/// The axis, and where it is a metric its name. `metric_names`: those of the board, once they are loaded.
#[component]
pub fn XAxisFields(choose: Callback<LineOverride>, metric_names: Callback<(), Signal<Vec<String>>>) -> impl IntoView {
    let values = use_charts().panel.values;
    // Chosen, and not drawn before it has a name.
    let awaits_name = RwSignal::new(false);
    let x = Memo::new(move |_| if awaits_name.get() { METRIC } else { values.with(|values| values.x.map_or("", XAxis::name)) });
    let metric = Memo::new(move |_| values.with(|values| values.x_metric.clone()));
    let run = move |x: XAxis, metric: String| {
        let metric = if x == XAxis::Metric { metric } else { String::new() };
        choose.run(LineOverride { x: Some(AxisChoice { x, metric }), ..Default::default() });
    };
    let choose_axis = move |name: String| {
        let x = XAxis::from_name(&name);
        awaits_name.set(x == Some(XAxis::Metric) && metric.with_untracked(String::is_empty));
        if !awaits_name.get_untracked() {
            run(x.unwrap_or_default(), metric.get_untracked());
        }
    };
    let name = move |name: String| {
        awaits_name.set(false);
        run(XAxis::Metric, name.trim().to_owned());
    };
    let has_metric = Memo::new(move |_| x.get() == METRIC);
    let field = move || {
        has_metric.get().then(|| {
            let names = metric_names.run(());
            view! {
                <TextField
                    id="chart-x-metric"
                    label="Metric"
                    placeholder="epoch"
                    max_length=200
                    check=check_metric as Check
                    list=SUGGESTIONS
                    value=metric
                    on_store=Callback::new(name)
                />
                <datalist id=SUGGESTIONS>
                    {move || names.with(|names| counters_first(names)).into_iter().map(|name| view! { <option value=name></option> }).collect_view()}
                </datalist>
            }
        })
    };
    view! {
        <Choice id="chart-x" label="x axis" options=X_AXES value=x on_choose=Callback::new(choose_axis) />
        {field}
    }
}

fn check_metric(text: &str) -> Option<&'static str> {
    text.trim().is_empty().then_some("Type the name of a metric, such as epoch.")
}

fn counters_first(names: &[String]) -> Vec<String> {
    let (mut counters, others): (Vec<_>, Vec<_>) = names.iter().cloned().partition(|name| is_counter(name));
    counters.extend(others);
    counters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_suggested_first() {
        let names = ["acc", "train/epoch", "loss", "epoch"].map(str::to_owned);
        assert_eq!(counters_first(&names), ["train/epoch", "epoch", "acc", "loss"]);
        assert!(check_metric(" ").is_some() && check_metric("epoch").is_none());
    }
}
