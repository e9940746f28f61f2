//! A run in the list: eye, colour, name, status and last values.

use leptos::ev::KeyboardEvent;
use leptos::prelude::*;

use super::open;
use super::run_state::RunState;
use crate::app::charts::use_charts;
use crate::app::state::{Dashboard, use_dashboard};
use crate::charts::format_significant;
use crate::protocol::{Run, RunId};

/// More do not fit into a column.
const SIGNIFICANT_DIGITS: i32 = 5;

/// What a row shows. One signal for all of it: a row changes rarely, and each reactive attribute would be code of its own.
#[derive(Clone, Default, PartialEq)]
struct RowContent {
    name: String,
    color: String,
    state: &'static str,
    is_drawn: bool,
    is_highlighted: bool,
    tab_index: &'static str,
    values: Vec<String>,
}

#[component]
pub fn RunRow(id: RunId, columns: Memo<Vec<String>>, current: Memo<Option<RunId>>) -> impl IntoView {
    let dashboard = use_dashboard();
    let (charts, runs) = (use_charts(), dashboard.runs);
    let id = StoredValue::new(id);
    let own_id = move || id.get_value();
    let content = Memo::new(move |_| {
        let id = id.get_value();
        let Some(run) = runs.list.with(|list| list.get(&id).cloned()) else { return RowContent::default() };
        RowContent {
            color: swatch_color(&run),
            state: RunState::of(&run, runs.now_ms.get()).word(),
            is_drawn: runs.is_drawn(&id),
            is_highlighted: charts.highlighted_run.with(|highlighted| highlighted.as_ref() == Some(&id)),
            tab_index: if current.with(|current| current.as_ref() == Some(&id)) { "0" } else { "-1" },
            values: columns.with(|columns| columns.iter().map(|metric| last_value(&run, metric)).collect()),
            name: run.name,
        }
    });
    let focus_in = move |_| {
        runs.current.set(Some(own_id()));
        charts.highlight_run(Some(own_id()));
    };
    move || {
        let RowContent { name, color, state, is_drawn, is_highlighted, tab_index, values } = content.get();
        let class = match (is_highlighted, is_drawn) {
            (true, true) => "lit",
            (true, false) => "lit not-drawn",
            (false, true) => "",
            (false, false) => "not-drawn",
        };
        let (title, label) = (name.clone(), ["Show ", &name, " in all charts"].concat());
        view! {
            <tr
                data-run=own_id().to_string()
                class=class
                on:mouseenter=move |_| charts.highlight_run(Some(own_id()))
                on:mouseleave=move |_| charts.highlight_run(None)
                on:focusin=focus_in
                on:focusout=move |_| charts.highlight_run(None)
            >
                <td>
                    <button
                        type="button"
                        class="eye"
                        tabindex=tab_index
                        aria-pressed=if is_drawn { "true" } else { "false" }
                        aria-label=label
                        title=if is_drawn { "Hide this run in all charts" } else { "Show this run in all charts" }
                        on:click=move |_| dashboard.toggle_run(own_id())
                    ></button>
                </td>
                <th scope="row">
                    <button
                        type="button"
                        class="run-name"
                        tabindex=tab_index
                        style=color
                        title=title
                        on:click=move |_| open(dashboard, Some(own_id()))
                        on:keydown=move |event| on_key(dashboard, own_id(), &event)
                    >
                        <bdi>{name}</bdi>
                    </button>
                </th>
                <td>{status(state)}</td>
                {values.into_iter().map(|value| view! { <td class="number">{value}</td> }).collect_view()}
            </tr>
        }
    }
}

/// The shape of a state, and its word.
pub fn status(word: &'static str) -> impl IntoView {
    view! {
        <span class="run-state" data-state=word>
            {word}
        </span>
    }
}

pub fn swatch_color(run: &Run) -> String {
    ["--series:var(--s", &(run.colour % 8).to_string(), ")"].concat()
}

/// Empty where the run has no such metric.
fn last_value(run: &Run, metric: &str) -> String {
    run.last.iter().find(|last| last.metric == metric).map(|last| format_significant(last.value, SIGNIFICANT_DIGITS)).unwrap_or_default()
}

/// The name is edited in the details. Keys that are held down do nothing.
fn on_key(dashboard: Dashboard, id: RunId, event: &KeyboardEvent) {
    if !dashboard.may_write() || event.repeat() {
        return;
    }
    match event.key().as_str() {
        "F2" => {
            open(dashboard, Some(id));
            dashboard.runs.renaming.set(true);
        }
        "Delete" => dashboard.remove_run(id),
        _ => return,
    }
    event.prevent_default();
}
