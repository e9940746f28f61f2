//! The table of runs: the newest first.

use leptos::ev::KeyboardEvent;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

use super::metric_columns::choose_columns;
use super::row::RunRow;
use crate::app::state::use_dashboard;
use crate::protocol::RunList;

#[component]
pub fn RunTable() -> impl IntoView {
    let runs = use_dashboard().runs;
    let listed = Memo::new(move |_| runs.listed());
    let columns = Memo::new(move |_| runs.list.with(|list| choose_columns(list.runs.iter().filter(|run| !run.archived))));
    // The first row, unless the reader was in another one.
    let current = Memo::new(move |_| {
        listed.with(|listed| runs.current.get().filter(|current| listed.contains(current)).or_else(|| listed.first().cloned()))
    });
    let heads =
        move || columns.get().into_iter().map(|metric| view! { <th scope="col" title=metric.clone()>{metric.clone()}</th> }).collect_view();
    let is_full = move || listed.with(|listed| listed.len() >= RunList::MAX_RUNS);
    view! {
        <table class="runs-table">
            <thead>
                <tr>
                    <th scope="col" aria-label="Shown"></th>
                    <th scope="col">"Name"</th>
                    <th scope="col">"Status"</th>
                    {heads}
                </tr>
            </thead>
            <tbody on:keydown=move_between_rows>
                <For each=move || listed.get() key=|id| id.to_string() let(id)>
                    <RunRow id columns current />
                </For>
            </tbody>
        </table>
        <p class="runs-note" hidden=move || !is_full()>
            "These are the newest runs. The others are on the server: see /boards/NAME/runs in the documentation."
        </p>
    }
}

/// The arrow keys move the focus between rows, Home and End to the first and the last one.
fn move_between_rows(event: KeyboardEvent) {
    let Some(button) = event.target().and_then(|target| target.dyn_into::<Element>().ok()) else { return };
    let Some(row) = button.closest("tr").ok().flatten() else { return };
    let rows = || row.parent_element();
    let to = match event.key().as_str() {
        "ArrowDown" => row.next_element_sibling(),
        "ArrowUp" => row.previous_element_sibling(),
        "Home" => rows().and_then(|rows| rows.first_element_child()),
        "End" => rows().and_then(|rows| rows.last_element_child()),
        _ => return,
    };
    event.prevent_default();
    // The button in the same column.
    let class = if button.class_list().contains("eye") { ".eye" } else { ".run-name" };
    let target = to.and_then(|row| row.query_selector(class).ok().flatten());
    if let Some(target) = target.and_then(|target| target.dyn_into::<HtmlElement>().ok()) {
        let _ = target.focus();
    }
}
