//! The menu of columns: adds and removes them, moves and fixes them, chooses the statistics of metrics.

use leptos::prelude::*;

use super::columns::MAX_COLUMNS;
use super::key_names::KeyNames;
use super::key_text::{STATISTICS, short_key};
use crate::app::erased::Erase;
use crate::app::state::{ColumnList, RunsState, use_dashboard};

/// Keys that are offered at a time; the field finds the others.
const MAX_OFFERED: usize = 30;

/// The columns that are shown: the chosen ones, or those of the server.
pub fn shown_columns(runs: RunsState) -> ColumnList {
    let chosen = runs.comparison.with_untracked(|comparison| comparison.columns.clone());
    if !chosen.is_default() {
        return chosen;
    }
    let keys = runs.rows.with_untracked(|rows| rows.table.columns.iter().take(MAX_COLUMNS).map(|column| column.key.clone()).collect());
    ColumnList { keys, fixed: 0 }
}

/// Changes the columns, beginning with those that are shown.
pub fn change_columns(runs: RunsState, change: impl FnOnce(&mut ColumnList)) {
    let mut columns = shown_columns(runs);
    change(&mut columns);
    runs.update_comparison(|comparison| comparison.columns = columns);
}

#[component]
pub fn ColumnMenu(key_names: KeyNames) -> impl IntoView {
    let dashboard = use_dashboard();
    let runs = dashboard.runs;
    let is_opened = RwSignal::new(false);
    let open = move |_| {
        is_opened.set(true);
        key_names.load();
    };
    let text = move || {
        runs.comparison.with(|comparison| match comparison.columns.keys.len() {
            0 => "by difference".to_owned(),
            count => count.to_string(),
        })
    };
    view! {
        <span class="rule">
            "Columns "
            <button type="button" popovertarget="column-menu" aria-haspopup="dialog" title="Columns of the table" on:click=open>
                {text}
            </button>
        </span>
        <div id="column-menu" class="menu" popover="auto" role="dialog" aria-label="Columns">
            {move || is_opened.get().then(|| dashboard.deferred.view(dashboard.deferred.get(), |code| (code.column_editor)()))}
        </div>
    }
}

/// The content of the menu, which belongs to the second part of the page's code.
pub fn column_editor() -> AnyView {
    view! { <ColumnEditor key_names=expect_context() /> }.erase_built()
}

#[component]
fn ColumnEditor(key_names: KeyNames) -> impl IntoView {
    let runs = use_dashboard().runs;
    let filter = RwSignal::new(String::new());
    let shown = Memo::new(move |_| {
        runs.comparison.track();
        runs.rows.track();
        shown_columns(runs)
    });
    let toggle = move |key: String| change_columns(runs, |columns| columns.toggle(&key));
    let is_match = move |key: &str| filter.with(|filter| key.to_lowercase().contains(&filter.trim().to_lowercase()));
    // Rows are keyed: a box that was pressed must not become that of another column.
    let chosen_row = move |key: String| {
        let name = column_name(&key);
        let key = StoredValue::new(key);
        let place =
            Memo::new(move |_| shown.with(|columns| key.with_value(|key| columns.keys.iter().position(|known| known == key)).unwrap_or(0)));
        let is_fixed = Memo::new(move |_| shown.with(|columns| place.get() < columns.fixed));
        let is_last = move || shown.with(|columns| place.get() + 1 >= columns.keys.len());
        let shift = move |by: isize| {
            let at = place.get_untracked();
            change_columns(runs, |columns| columns.shift(at, at.saturating_add_signed(by)));
        };
        let statistic = key.with_value(|key| Some(key.strip_prefix("metrics.")?.rsplit_once('.')?.1.to_owned()));
        let statistic = statistic.map(|chosen| {
            let option = move |statistic: &'static str| {
                let is_chosen = statistic == chosen;
                view! {
                    <option value=statistic selected=is_chosen>
                        {statistic}
                    </option>
                }
            };
            view! {
                <select
                    aria-label=["Statistic of ", &name].concat()
                    on:change:target=move |event| {
                        change_columns(runs, |columns| key.with_value(|key| columns.set_statistic(key, &event.target().value())));
                    }
                >
                    {STATISTICS.map(option).collect_view()}
                </select>
            }
        });
        view! {
            <li>
                <label>
                    <input type="checkbox" prop:checked=true on:change=move |_| toggle(key.get_value()) />
                    {name.clone()}
                </label>
                {statistic}
                <button
                    type="button"
                    aria-label=["Pin column ", &name].concat()
                    aria-pressed=move || if is_fixed.get() { "true" } else { "false" }
                    title="Stays in sight at the left"
                    on:click=move |_| change_columns(runs, |columns| key.with_value(|key| columns.toggle_fixed(key)))
                >
                    "Pin"
                </button>
                <button
                    type="button"
                    aria-label=["Move up ", &name].concat()
                    title="Further left"
                    disabled=move || place.get() == 0
                    on:click=move |_| shift(-1)
                >
                    "↑"
                </button>
                <button type="button" aria-label=["Move down ", &name].concat() title="Further right" disabled=is_last on:click=move |_| shift(1)>
                    "↓"
                </button>
            </li>
        }
    };
    let chosen = move || shown.get().keys.into_iter().filter(|key| is_match(key)).collect::<Vec<_>>();
    let others = Memo::new(move |_| {
        let shown = shown.get();
        // Of a metric each statistic may have a column; what is offered is its last value.
        let is_other = |key: &String| !shown.keys.contains(key) && is_match(key);
        key_names.columns().into_iter().filter(is_other).collect::<Vec<_>>()
    });
    let other_row = move |key: String| {
        let name = column_name(&key);
        view! {
            <li>
                <label>
                    <input type="checkbox" prop:checked=false on:change=move |_| toggle(key.clone()) />
                    {name}
                </label>
            </li>
        }
    };
    let rest = move || {
        let more = others.with(Vec::len).saturating_sub(MAX_OFFERED);
        (more > 0).then(|| view! { <p>{["and ", &more.to_string(), " more: search"].concat()}</p> })
    };
    view! {
        <input
            type="search"
            placeholder="Search keys and metrics"
            aria-label="Search columns"
            autocomplete="off"
            on:input:target=move |event| filter.set(event.target().value())
        />
        <ul aria-label="Columns that are shown">
            <For each=chosen key=|key| key.clone() children=chosen_row />
        </ul>
        <ul aria-label="Other columns">
            <For each=move || others.get().into_iter().take(MAX_OFFERED) key=|key| key.clone() children=other_row />
        </ul>
        {rest}
        <button
            type="button"
            disabled=move || runs.comparison.with(|comparison| comparison.columns.is_default())
            on:click=move |_| runs.update_comparison(|comparison| comparison.columns = ColumnList::default())
        >
            "Reset columns"
        </button>
    }
}

/// The name of a column in the menu: without its space, and of a metric without its statistic.
fn column_name(key: &str) -> String {
    match key.strip_prefix("metrics.").and_then(|rest| rest.rsplit_once('.')) {
        Some((metric, _)) => metric.to_owned(),
        None => short_key(key.strip_prefix("run.").unwrap_or(key)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_have_short_names() {
        let names = ["config.opt.lr", "metrics.val/acc.max", "run.took", "metrics.\"a b\".last"].map(column_name);
        assert_eq!(names, ["opt.lr", "val/acc", "took", "\"a b\""]);
    }
}
