//! Fields of the settings panel for the axes of a chart: ends of the y axis, goal lines and titles.

use leptos::prelude::*;

use super::panel_fields::TextField;
use super::registry::use_charts;
use crate::browser::dom;
use crate::protocol::{CellId, GoalLine, LineSettingsPatch};

/// Between goal lines in the field.
const SEPARATOR: &str = ";";

/// The ends of the y axis: as numbers, from what this reader has zoomed to, or those of the whole section.
#[component]
pub fn YRangeFields(
    id: CellId,
    store: Callback<LineSettingsPatch>,
    store_in_section: Callback<(String, LineSettingsPatch)>,
) -> impl IntoView {
    let charts = use_charts();
    let values = charts.panel.values;
    let id = StoredValue::new(id);
    let patch = |range: [Option<f64>; 2]| LineSettingsPatch { y_range: Some(range), ..Default::default() };
    // Ahead of what is stored: the other end may be set before the first has come back.
    let draft = RwSignal::new([None; 2]);
    let stored = Memo::new(move |_| values.with(|values| values.y_range));
    Effect::new(move |_| draft.set(stored.get()));
    let [low, high] = [0, 1].map(|end| {
        let text = move || values.with(|values| values.y_range[end].map(dom::number_text).unwrap_or_default());
        let store_end = move |text: String| {
            // What is no number is an end that follows the values.
            let number = Some(dom::number_of(&text)).filter(|end| !text.trim().is_empty() && end.is_finite());
            draft.update(|range| range[end] = number);
            store.run(patch(draft.get_untracked()));
        };
        (Memo::new(move |_| text()), Callback::new(store_end))
    });
    let ignores_outliers = move || values.with(|values| values.ignores_outliers);
    let store_outliers =
        move |event| store.run(LineSettingsPatch { ignore_outliers: Some(event_target_checked(&event)), ..Default::default() });
    let window = move || values.with(|values| values.y_window);
    let keep_window = move |_| {
        if let Some([low, high]) = values.with_untracked(|values| values.y_window) {
            store.run(patch([Some(low), Some(high)]));
            id.with_value(|id| charts.with(|charts| charts.set_y_viewport(id, None)));
        }
    };
    // Without ends there is nothing that other charts could take.
    let section = move || values.with(|values| values.section.clone().filter(|_| values.y_range != [None; 2]));
    let share = move |_| {
        if let (Some(section), range) = values.with_untracked(|values| (values.section.clone(), values.y_range)) {
            store_in_section.run((section, patch(range)));
        }
    };
    view! {
        <div class="y-range" role="group" aria-label="y range">
            <TextField id="chart-y-low" label="y from" placeholder="auto" value=low.0 on_store=low.1 />
            <TextField id="chart-y-high" label="to" placeholder="auto" value=high.0 on_store=high.1 />
            <label>
                <input id="chart-outliers" type="checkbox" prop:checked=ignores_outliers on:change=store_outliers />
                "Ignore outliers"
            </label>
            {move || {
                window()
                    .map(|_| {
                        view! {
                            <button type="button" on:click=keep_window>
                                "Set to what is shown"
                            </button>
                        }
                    })
            }}
            {move || {
                section()
                    .map(|section| {
                        view! {
                            <button type="button" on:click=share>
                                "Same range in all of "
                                {section}
                            </button>
                        }
                    })
            }}
        </div>
    }
}

/// Horizontal lines as one text: values, each with a label behind it.
#[component]
pub fn GoalLinesField(store: Callback<LineSettingsPatch>) -> impl IntoView {
    let values = use_charts().panel.values;
    let value = Memo::new(move |_| values.with(|values| format_goal_lines(&values.goal_lines, dom::number_text)));
    let on_store = move |text: String| {
        store.run(LineSettingsPatch { goal_lines: Some(parse_goal_lines(&text, dom::number_of)), ..Default::default() })
    };
    view! { <TextField id="chart-goals" label="Goal lines" placeholder="0.9 target; 0.5" max_length=600 value on_store=Callback::new(on_store) /> }
}

/// The titles of both axes.
#[component]
pub fn AxisTitleFields(store: Callback<LineSettingsPatch>) -> impl IntoView {
    let values = use_charts().panel.values;
    let [x, y] = [0, 1].map(|axis| Memo::new(move |_| values.with(|values| values.titles[axis].clone())));
    let store_x = move |title: String| store.run(LineSettingsPatch { x_label: Some(title), ..Default::default() });
    let store_y = move |title: String| store.run(LineSettingsPatch { y_label: Some(title), ..Default::default() });
    view! {
        <TextField id="chart-x-title" label="x title" max_length=200 value=x on_store=Callback::new(store_x) />
        <TextField id="chart-y-title" label="y title" max_length=200 value=y on_store=Callback::new(store_y) />
    }
}

fn format_goal_lines(lines: &[GoalLine], number: fn(f64) -> String) -> String {
    let texts: Vec<String> = lines.iter().map(|GoalLine { y, label }| [&number(*y), " ", label].concat().trim_end().to_owned()).collect();
    texts.join("; ")
}

/// A part that begins with no number is left out.
fn parse_goal_lines(text: &str, number: fn(&str) -> f64) -> Vec<GoalLine> {
    let line = |part: &str| {
        let (value, label) = part.trim().split_once(' ').unwrap_or((part.trim(), ""));
        // The whole word: `0,9` is not 0, and `5-shot` is not 5.
        let y = if value.contains(|c: char| c == ',' || c.is_alphabetic() && !matches!(c, 'e' | 'E')) { f64::NAN } else { number(value) };
        y.is_finite().then(|| GoalLine { y, label: label.trim().to_owned() })
    };
    text.split(SEPARATOR).filter_map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goal_lines_are_one_text() {
        let number = |text: &str| text.parse().unwrap_or(f64::NAN);
        let lines = vec![GoalLine { y: 0.9, label: "human level".into() }, GoalLine { y: -1.0, label: String::new() }];
        let text = format_goal_lines(&lines, |number| number.to_string());
        assert_eq!(text, "0.9 human level; -1");
        assert_eq!(parse_goal_lines(&text, number), lines);
        assert_eq!(parse_goal_lines(" ; x 1;2  b ;", number), [GoalLine { y: 2.0, label: "b".into() }]);
    }
}
