//! The field in the header that shows only the cells whose name matches a regular expression.

use std::sync::Arc;

use leptos::prelude::*;

use crate::app::state::{CellState, Dashboard, ToastKind, use_dashboard};
use crate::protocol::CellId;

#[component]
pub fn FilterField() -> impl IntoView {
    let dashboard = use_dashboard();
    let hidden = Memo::new(move |_| {
        let is_hidden = |cell: &&Arc<CellState>| !dashboard.is_shown(&cell.name.read());
        if dashboard.filter.read().is_empty() { 0 } else { dashboard.cells.read().iter().filter(is_hidden).count() }
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
            on:click=move |_| dashboard.clear_filter()
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
            let is_new = |cell: &&Arc<CellState>| !dashboard.is_shown_untracked(&cell.name.read_untracked()) && !known.contains(&cell.id);
            let count = cells.iter().filter(is_new).count();
            if count > 0 {
                dashboard.notify(ToastKind::Filtered(count as u32));
            }
        }
        cells.iter().map(|cell| cell.id.clone()).collect()
    });
}

pub fn focus(dashboard: Dashboard) {
    if let Some(field) = dashboard.refs.filter.get_untracked() {
        let _ = field.focus();
    }
}
