//! Fields of the settings panel for the axes of a chart: ends of the y axis, goal lines and titles.

use leptos::prelude::*;

use super::panel_fields::{Check, TextField};
use super::registry::use_charts;
use crate::browser::dom;
use crate::charts::text_metrics::NARROW_SPACE;
use crate::protocol::{CellId, GoalLine, LineSettingsPatch};

/// Between goal lines in the field; twice, it is one within a label.
const SEPARATOR: char = ';';

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
            // An empty field is an end that follows the values.
            draft.update(|range| range[end] = typed_number(&text, dom::number_of));
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
            <TextField id="chart-y-low" label="y from" placeholder="auto" check=check_end as Check value=low.0 on_store=low.1 />
            <TextField id="chart-y-high" label="to" placeholder="auto" check=check_end as Check value=high.0 on_store=high.1 />
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
    let on_store =
        move |text: String| store.run(LineSettingsPatch { goal_lines: parse_goal_lines(&text, dom::number_of), ..Default::default() });
    view! {
        <TextField
            id="chart-goals"
            label="Goal lines"
            placeholder="0.9 target; 0.5"
            max_length=600
            check=check_goal_lines as Check
            value
            on_store=Callback::new(on_store)
        />
    }
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
    let text = |GoalLine { y, label }: &GoalLine| [&number(*y), " ", &label.replace(SEPARATOR, ";;")].concat().trim_end().to_owned();
    lines.iter().map(text).collect::<Vec<_>>().join("; ")
}

fn check_end(text: &str) -> Option<&'static str> {
    let is_end = text.trim().is_empty() || typed_number(text, dom::number_of).is_some();
    (!is_end).then_some("Type a number such as 0.5, or nothing for an end that follows the values.")
}

fn check_goal_lines(text: &str) -> Option<&'static str> {
    let is_missing = parse_goal_lines(text, dom::number_of).is_none();
    is_missing.then_some("Each goal line begins with a number such as 0.5; a semicolon stands before the next one.")
}

/// A number as people type it, or paste it from the page, which writes groups of digits, and the minus of tables. The whole text: `0,9` is
/// not 0, and `5-shot` is not 5.
fn typed_number(text: &str, number: fn(&str) -> f64) -> Option<f64> {
    let text = text.trim().replace(NARROW_SPACE, "").replace('−', "-");
    let is_number = text.chars().all(|c| c.is_ascii_digit() || "+-.eE".contains(c));
    Some(number(&text)).filter(|number| is_number && number.is_finite())
}

/// The parts between separators.
fn parts(text: &str) -> Vec<String> {
    let (mut parts, mut chars) = (vec![String::new()], text.chars().peekable());
    while let Some(c) = chars.next() {
        if c == SEPARATOR && chars.next_if_eq(&SEPARATOR).is_none() {
            parts.push(String::new());
        } else if let Some(part) = parts.last_mut() {
            part.push(c);
        }
    }
    parts
}

/// `None` where a part begins with no number. Empty parts are none.
fn parse_goal_lines(text: &str, number: fn(&str) -> f64) -> Option<Vec<GoalLine>> {
    let line = |part: &str| {
        let (value, label) = part.split_once(' ').unwrap_or((part, ""));
        typed_number(value, number).map(|y| GoalLine { y, label: label.trim().to_owned() })
    };
    parts(text).iter().map(|part| part.trim()).filter(|part| !part.is_empty()).map(line).collect()
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
        assert_eq!(parse_goal_lines(&text, number), Some(lines));
        assert_eq!(parse_goal_lines(" ; 2  b ;", number), Some(vec![GoalLine { y: 2.0, label: "b".into() }]));
        assert_eq!(parse_goal_lines("", number), Some(Vec::new()));
        assert_eq!(parse_goal_lines("0.5; target", number), None, "a label is not lost without a word");
    }

    #[test]
    fn labels_keep_every_character() {
        for label in ["best; so far", ";", "a;", ";;b", "x; 5 y", "a;;; 7", "1;2;3", "ä · ∞"] {
            let lines = vec![(0.5, label), (2.0, ""), (1.0, label)].into_iter().map(|(y, label)| GoalLine { y, label: label.into() });
            let lines: Vec<_> = lines.collect();
            let text = format_goal_lines(&lines, |number| number.to_string());
            assert_eq!(parse_goal_lines(&text, |text| text.parse().unwrap_or(f64::NAN)), Some(lines), "{text}");
        }
    }

    #[test]
    fn only_whole_numbers_are_read() {
        // As browsers read the beginning of a text.
        fn number(text: &str) -> f64 {
            let end = text.find(|c: char| !c.is_ascii_digit() && !"+-.eE".contains(c)).unwrap_or(text.len());
            text[..end].parse().unwrap_or(f64::NAN)
        }
        for text in ["0,5", "5-shot", "", "1 000", "0x10", "NaN", "Infinity", "--", "1\u{a0}2"] {
            assert_eq!(typed_number(text, number), None, "{text}");
        }
        for (text, read) in [(" 0.5 ", 0.5), ("-1e3", -1000.0), ("60\u{202f}000", 60_000.0), ("−0.5", -0.5), (".5", 0.5), ("+2", 2.0)] {
            assert_eq!(typed_number(text, number), Some(read), "{text}");
        }
    }
}
