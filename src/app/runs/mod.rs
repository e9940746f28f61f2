//! The list of runs beside the grid: a panel, on a phone a sheet at the lower edge. Boards without
//! runs have none.

mod details;
mod document;
mod list;
mod metric_columns;
mod row;
mod run_state;

use std::time::Duration;

use js_sys::Date;
use leptos::prelude::*;
use leptos::task::{spawn_local, tick};
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use super::state::{Dashboard, use_dashboard};
use crate::browser::dom;
use crate::protocol::RunId;
use details::RunDetails;
use list::RunTable;
use run_state::RunState;

/// How often the clock of the page advances, by which a run is silent.
const CLOCK_STEP: Duration = Duration::from_secs(5);

/// The attribute of the root element and the key of the storage that say whether the panel is open. Without it, it is open on a wide
/// window and closed on a phone: the style sheet decides. The script in the shell sets it before the first paint.
const OPEN: &str = "data-runs";
const STORAGE_KEY: &str = "agnez-runs";

/// Windows up to this width have the sheet; the style sheet has the same.
const PHONE: &str = "(width <= 640px)";

#[component]
pub fn RunsPanel() -> impl IntoView {
    let runs = use_dashboard().runs;
    let has_runs = Memo::new(move |_| !runs.listed().is_empty());
    view! {
        <Show when=move || has_runs.get()>
            <Panel />
        </Show>
    }
}

#[component]
fn Panel() -> impl IntoView {
    let dashboard = use_dashboard();
    let runs = dashboard.runs;
    let is_open = RwSignal::new(true);
    Effect::new(move |_| {
        is_open.set(is_panel_open());
        advance_clock(dashboard);
    });
    let counts = move || {
        let (all, running) = runs.list.with(|list| {
            let listed = || list.runs.iter().filter(|run| !run.archived);
            let now_ms = runs.now_ms.get();
            (listed().count(), listed().filter(|run| RunState::of(run, now_ms) == RunState::Running).count())
        });
        let mut text = all.to_string();
        if running > 0 {
            text.extend([", ", &running.to_string(), " running"]);
        }
        text
    };
    // Another browser may have removed the run.
    let opened = Memo::new(move |_| runs.opened.get().filter(|id| runs.list.with(|list| list.get(id).is_some())));
    let toggle = move |_| {
        is_open.update(|is_open| *is_open = !*is_open);
        store_panel_open(is_open.get_untracked());
    };
    view! {
        <aside class="runs-panel" aria-label="Runs" inert=move || dashboard.fullscreen.with(Option::is_some)>
            <h2>
                <button
                    type="button"
                    class="runs-toggle"
                    aria-expanded=move || if is_open.get() { "true" } else { "false" }
                    aria-controls="runs"
                    title="Show or hide the list of runs"
                    on:click=toggle
                >
                    "Runs "
                    <span>{counts}</span>
                </button>
            </h2>
            <div id="runs" class="runs-body">
                <div hidden=move || opened.with(Option::is_some)>
                    <RunTable />
                </div>
                {move || opened.get().map(|id| view! { <RunDetails id /> })}
            </div>
        </aside>
    }
}

fn is_panel_open() -> bool {
    let root = document().document_element();
    match root.and_then(|root| root.get_attribute(OPEN)).as_deref() {
        Some(open) => open == "open",
        None => !window().match_media(PHONE).ok().flatten().is_some_and(|query| query.matches()),
    }
}

/// A sheet that is open on a phone would cover the charts of the next page.
fn store_panel_open(is_open: bool) {
    let value = if is_open { "open" } else { "closed" };
    dom::set_root_attribute(OPEN, Some(value));
    if let Some(storage) = dom::local_storage() {
        let _ = if is_open { storage.remove_item(STORAGE_KEY) } else { storage.set_item(STORAGE_KEY, value) };
    }
}

/// Advances the clock while the panel is in the document. The server's clock is the one that counts.
fn advance_clock(dashboard: Dashboard) {
    let now_ms = dashboard.runs.now_ms;
    let ahead_ms = now_ms.get_untracked() - Date::now();
    let Ok(interval) = set_interval_with_handle(move || now_ms.set(Date::now() + ahead_ms), CLOCK_STEP) else { return };
    on_cleanup(move || interval.clear());
}

/// Opens the details of a run, or with `None` the list; the focus follows.
fn open(dashboard: Dashboard, id: Option<RunId>) {
    let before = dashboard.runs.opened.get_untracked();
    dashboard.runs.opened.set(id.clone());
    let target = match (&id, before) {
        (Some(_), _) => ".run-details button".to_owned(),
        (None, Some(before)) => name_selector(&before),
        (None, None) => return,
    };
    spawn_local(async move {
        tick().await;
        // The field for the name takes the focus itself.
        if !dashboard.runs.renaming.get_untracked() {
            focus(&target);
        }
    });
}

/// The button with the name of a run in the list. Ids have no quotes.
fn name_selector(id: &RunId) -> String {
    ["[data-run=\"", id.as_str(), "\"] .run-name"].concat()
}

fn focus(selector: &str) {
    if let Some(element) = document().query_selector(selector).ok().flatten().and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        let _ = element.focus();
    }
}
