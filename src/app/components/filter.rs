//! The field in the header that shows only the cells whose name matches a regular expression.

use std::sync::Arc;

use leptos::prelude::*;
use wasm_bindgen::prelude::*;

use super::toasts::ToastKind;
use crate::app::signals::SetIfChanged;
use crate::app::state::{CellState, Dashboard, use_dashboard};
use crate::protocol::CellId;

#[wasm_bindgen]
extern "C" {
    type RegExp;
    /// Throws if the text is no regular expression.
    #[wasm_bindgen(constructor, catch)]
    fn new(text: &str, flags: &str) -> Result<RegExp, JsValue>;
    #[wasm_bindgen(method)]
    fn test(this: &RegExp, text: &str) -> bool;
}

#[component]
pub fn FilterField() -> impl IntoView {
    let dashboard = use_dashboard();
    let hidden = Memo::new(move |_| {
        let expression = dashboard.filter.read();
        let is_out = |cell: &&Arc<CellState>| !finds(&expression, &cell.name.read());
        if expression.is_empty() { 0 } else { dashboard.cells.read().iter().filter(is_out).count() }
    });
    report_hidden_arrivals(dashboard);
    view! {
        <input
            id="filter"
            type="search"
            autocomplete="off"
            placeholder="Filter"
            aria-label="Filter cells by name"
            title="A part of the name, or a regular expression (/)"
            node_ref=dashboard.refs.filter
            prop:value=move || dashboard.filter.get()
            on:input:target=move |event| dashboard.filter.set(event.target().value())
        />
        <button
            type="button"
            class="quiet hidden-count"
            title="Show all cells"
            hidden=move || hidden.get() == 0
            on:click=move |_| clear(dashboard)
        >
            {move || format!("{} hidden", hidden.get())}
        </button>
    }
}

/// The sender of a new cell looks for it: the page says that the filter hides it.
fn report_hidden_arrivals(dashboard: Dashboard) {
    Effect::new(move |known: Option<Vec<CellId>>| {
        let cells = dashboard.cells.read();
        if let Some(known) = known {
            let filter = dashboard.filter.get_untracked();
            let is_new = |cell: &&Arc<CellState>| !finds(&filter, &cell.name.read_untracked()) && !known.contains(&cell.id);
            let count = cells.iter().filter(is_new).count();
            if count > 0 {
                dashboard.notify(ToastKind::Filtered(count as u32));
            }
        }
        cells.iter().map(|cell| cell.id.clone()).collect()
    });
}

/// Shows all cells.
pub fn clear(dashboard: Dashboard) {
    dashboard.filter.set_if_changed(String::new());
}

/// Shows all cells if the filter hides one of this name.
pub fn let_in(dashboard: Dashboard, name: &str) {
    if dashboard.filter.with_untracked(|filter| !finds(filter, name)) {
        clear(dashboard);
    }
}

pub fn focus(dashboard: Dashboard) {
    if let Some(field) = dashboard.refs.filter.get_untracked() {
        let _ = field.focus();
    }
}

/// Ignores case. An expression that is not complete yet matches everything. Asks the browser, unless the expression is empty.
pub fn finds(expression: &str, name: &str) -> bool {
    expression.is_empty() || RegExp::new(expression, "i").map_or(true, |expression| expression.test(name))
}
