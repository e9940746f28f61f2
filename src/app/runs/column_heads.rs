//! The heads of the columns, which sort the rows, and by which columns are moved and removed.

use leptos::html;
use leptos::prelude::*;
use leptos::task::{spawn_local, tick};
use wasm_bindgen::JsCast;
use web_sys::{DragEvent, HtmlElement, KeyboardEvent};

use super::column_menu::change_columns;
use super::columns::{ColumnRole, ShownColumn};
use super::key_text::short_key;
use super::selection::{is_all_selected, select_all};
use crate::app::erased::Erase;
use crate::app::state::{ColumnList, RunsState, use_dashboard};

/// The order after a press on a head: the better end first, then the other one, then the order of the server.
fn next_sort(sort: &str, key: &str, begins_descending: bool) -> String {
    let descending = ["-", key].concat();
    let (first, second) = if begins_descending { (descending.as_str(), key) } else { (key, descending.as_str()) };
    match sort {
        sort if sort == first => second.to_owned(),
        sort if sort == second => String::new(),
        _ => first.to_owned(),
    }
}

/// The word of `aria-sort`.
fn sort_word(sort: &str, key: &str) -> Option<&'static str> {
    match sort.strip_prefix('-') {
        Some(descending) => (descending == key).then_some("descending"),
        None => (sort == key).then_some("ascending"),
    }
}

/// What a key does with the column of a head: Alt and an arrow move it, Delete removes it. The place of the column is that among the chosen
/// ones: the table may show an earlier choice.
fn on_key(runs: RunsState, key: &str, event: &KeyboardEvent) {
    let is_alone = !event.ctrl_key() && !event.meta_key();
    let change: fn(&mut ColumnList, usize) = match event.key().as_str() {
        "ArrowLeft" if event.alt_key() => |columns, at| columns.shift(at, at.saturating_sub(1)),
        "ArrowRight" if event.alt_key() => |columns, at| columns.shift(at, at + 1),
        "Delete" if is_alone => |columns, at| columns.remove(at),
        _ => return,
    };
    event.prevent_default();
    event.stop_propagation();
    change_columns(runs, |columns| {
        if let Some(at) = columns.place(key) {
            change(columns, at);
        }
    });
}

#[component]
pub fn ColumnHeads(columns: Memo<Vec<ShownColumn>>) -> impl IntoView {
    let runs = use_dashboard().runs;
    // The column that is dragged, and the one whose head has the focus, which goes with it.
    let (dragged, focused) = (StoredValue::new(None::<String>), StoredValue::new(None::<String>));
    let row = NodeRef::<html::Tr>::new();
    Effect::new(move |_| {
        let place =
            columns.with(|columns| focused.with_value(|focused| columns.iter().position(|column| Some(&column.key) == focused.as_ref())));
        let Some(place) = place else { return };
        // The heads are drawn by another effect of the same turn; a task comes after it.
        spawn_local(async move {
            tick().await;
            let head = row.try_get_untracked().flatten().and_then(|row| row.children().item(place as u32 + 1));
            if let Some(button) = head.and_then(|head| head.first_element_child()?.dyn_into::<HtmlElement>().ok()) {
                let _ = button.focus();
            }
        });
    });
    let head = move |column: ShownColumn, class: &'static str| {
        let begins_descending = column.begins_descending();
        let (style, is_sorted_by) = (fixed_style(column.left), !column.key.is_empty());
        // Beside groups the order is that of the table of groups.
        let at = column.at.filter(|_| runs.comparison.with(|comparison| comparison.by.is_empty()));
        let (span, ShownColumn { key, name, note, .. }) = (column.span().to_string(), column);
        let own = StoredValue::new(key.clone());
        let sorted = {
            let key = key.clone();
            move || runs.comparison.with(|comparison| sort_word(&comparison.sort, &key).filter(|_| is_sorted_by))
        };
        let press = move |_| {
            if is_sorted_by {
                runs.update_comparison(|comparison| comparison.sort = next_sort(&comparison.sort, &key, begins_descending));
            }
        };
        let sort_title = ["Sort by ", &name, " ", &note].concat();
        let choose_all = (class == "name" && runs.comparison.with(|comparison| comparison.by.is_empty())).then(|| view! { <ChooseAll /> });
        let title = match (is_sorted_by, at.is_some()) {
            (true, true) => sort_title + "\nDrag, or Alt and an arrow: move. Delete: remove.",
            (true, false) => sort_title,
            (false, _) => [&name, " ", &note].concat(),
        };
        let drop = move |event: DragEvent| {
            if let (Some(from), Some(_)) = (dragged.try_update_value(Option::take).flatten(), at) {
                event.prevent_default();
                change_columns(runs, |columns| {
                    if let (Some(from), Some(to)) = (columns.place(&from), own.with_value(|own| columns.place(own))) {
                        columns.shift(from, to);
                    }
                });
            }
        };
        let drag_over = move |event: DragEvent| {
            if at.is_some() && dragged.with_value(Option::is_some) {
                event.prevent_default();
            }
        };
        view! {
            <th
                scope="col"
                class=class
                style=style
                colspan=span
                aria-sort=sorted
                draggable=at.map(|_| "true")
                on:dragstart=move |_| dragged.set_value(at.map(|_| own.get_value()))
                on:dragover=drag_over
                on:drop=drop
                on:dragend=move |_| dragged.set_value(None)
            >
                {choose_all}
                <button
                    type="button"
                    title=title
                    on:click=press
                    on:focusin=move |_| focused.set_value(at.map(|_| own.get_value()))
                    on:focusout=move |_| focused.set_value(None)
                    on:keydown=move |event| {
                        if at.is_some() {
                            own.with_value(|own| on_key(runs, own, &event));
                        }
                    }
                >
                    <b>{name}</b>
                    {(!note.is_empty()).then(|| view! { <small>{note}</small> })}
                </button>
            </th>
        }
        .erase_built()
    };
    // What names consist of: of groups the keys in which they differ.
    let first = Memo::new(move |_| {
        let by = runs.comparison.with(|comparison| comparison.by.clone());
        let named_by = runs.rows.with(|rows| rows.groups.as_ref().map(|groups| groups.named_by.clone()).unwrap_or_default());
        let keys = if named_by.is_empty() || by.is_empty() { by } else { named_by };
        let name = keys.iter().map(|key| short_key(key)).collect::<Vec<_>>().join(" · ");
        if keys.is_empty() { ("run.name", "Name".to_owned()) } else { ("label", name) }
    });
    move || {
        let columns = columns.get().into_iter().map(|column| {
            let class = match column.role {
                ColumnRole::Metric | ColumnRole::Difference => "metric",
                ColumnRole::Number | ColumnRole::Count => "number",
                ColumnRole::Text | ColumnRole::Verdict => "plain",
            };
            head(column, class)
        });
        let (key, name) = first.get();
        let name = ShownColumn { key: key.to_owned(), name, ..ShownColumn::default() };
        view! { <tr node_ref=row>{head(name, "name")} {columns.collect_view()}</tr> }
    }
}

/// Chooses all runs that were found, or none.
#[component]
fn ChooseAll() -> impl IntoView {
    let runs = use_dashboard().runs;
    let total = move || runs.rows.with(|rows| rows.table.total as usize);
    let chosen = move || if is_all_selected(runs) { total() } else { runs.selected.with(Vec::len) };
    let label = move || ["Choose all ", &total().to_string()].concat();
    let is_all = move || chosen() == total() && total() != 0;
    let is_part = move || (1..total()).contains(&chosen());
    view! {
        <input
            type="checkbox"
            aria-label=label
            title=label
            prop:checked=is_all
            prop:indeterminate=is_part
            on:change:target=move |event| select_all(runs, event.target().checked())
        />
    }
}

/// Where a column stands that stays in sight.
pub fn fixed_style(left: Option<usize>) -> Option<String> {
    left.map(|left| ["--left:", &left.to_string(), "px"].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_sorts_by_the_better_end_first() {
        assert_eq!(next_sort("", "metrics.acc.max", true), "-metrics.acc.max");
        assert_eq!(next_sort("-metrics.acc.max", "metrics.acc.max", true), "metrics.acc.max");
        assert_eq!(next_sort("metrics.acc.max", "metrics.acc.max", true), "");
        assert_eq!(next_sort("-x", "config.lr", false), "config.lr");
        assert_eq!((sort_word("-a", "a"), sort_word("a", "a"), sort_word("b", "a")), (Some("descending"), Some("ascending"), None));
    }
}
