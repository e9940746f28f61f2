//! The runs panel beside the grid: search, groups, and a table of the runs; on a phone a sheet at the lower edge. Boards without runs
//! have none, and do not load its code.
//!
//! - [`RunsPanel`] is its place in the page: first what the server has drawn, then [`runs_panel`], which `take_over` puts in its place.
//! - `loader` requests the rows in sight by the addresses of `requests`; `crate::app::state::RunRows` holds them.
//! - `table` with `columns`, `row` and `row_content`: `window` says which rows are in the document.
//! - `search` and `rules` choose what is compared; `selection`, `keys` and `bulk` act on rows.
//! - `details` shows the run that the board is narrowed to; `diff` compares configurations.

mod addresses;
mod bulk;
mod cell_text;
mod colour_choice;
mod column_heads;
mod column_menu;
mod columns;
mod conditions;
mod config_table;
mod console;
mod description;
mod details;
mod diff;
mod diff_metrics;
mod diff_rows;
mod document;
mod equal_keys;
mod footer;
mod key_names;
mod key_text;
mod keys;
mod loaded_part;
mod loader;
mod panel_size;
mod previous_run;
mod printed_view;
mod requests;
mod row;
mod row_content;
mod rules;
mod run_state;
mod search;
mod search_error;
mod select;
mod selection;
mod short_names;
mod suggestions;
mod table;
mod take_over;
mod window;

use std::time::Duration;

use js_sys::Date;
use leptos::html::Aside;
use leptos::prelude::*;
use leptos::task::{spawn_local, tick};

use super::state::{Dashboard, RowKey, ToastKind, use_dashboard};
use crate::app::code_part::CodePart;
use crate::app::erased::Erase;
use crate::app::server_drawn::ServerDrawn;
use crate::protocol::RunId;
pub use bulk::bulk_actions;
pub use column_menu::column_editor;
use conditions::Conditions;
pub use details::run_details;
pub use diff::config_diff;
use diff::{Compared, ConfigDiff};
use document::Row;
use equal_keys::EqualKeys;
use footer::Footer;
pub use key_names::KeyNames;
use loader::RowLoader;
use panel_size::{Grip, PanelSize};
pub use panel_size::{focus_panel, fold};
use printed_view::PrintedView;
pub use requests::{first_drawing_query, first_groups_query, first_table_query};
use rules::Rules;
use run_state::RunState;
use search::SearchField;
use table::RunTable;
use take_over::take_over;

/// What the views of the panel have in common.
#[derive(Clone, Copy)]
struct PanelContext {
    compared: Compared,
    stepped: Stepped,
}

/// Whether the button for the next or the previous run led to the details, which then focus it.
type Stepped = StoredValue<Option<bool>>;

/// How often the clock of the page advances, by which a run is silent.
const CLOCK_STEP: Duration = Duration::from_secs(5);

/// The code of the panel, which is a part of its own: most of the page's code that neither the charts nor a board without runs need.
pub struct RunsCode {
    /// The panel, in place of what the server has drawn of it.
    pub panel: fn(NodeRef<Aside>) -> AnyView,
}

/// Where a reader sees the panel.
const NOT_LOADED: &str = "The panel of runs could not be loaded. The page tries again.";

#[component]
pub fn RunsPanel() -> impl IntoView {
    let runs = use_dashboard().runs;
    let has_panel = Memo::new(move |_| runs.has_panel());
    view! {
        <Show when=move || has_panel.get()>
            <LaterPanel />
        </Show>
    }
}

/// What the server has drawn; the panel itself when its code is there.
#[component]
fn LaterPanel() -> impl IntoView {
    let dashboard = use_dashboard();
    let part = expect_context::<CodePart<RunsCode>>();
    let drawn = NodeRef::<Aside>::new();
    Effect::new(move |_| {
        part.on_failure(move || dashboard.notify(ToastKind::Error(NOT_LOADED.to_owned())));
        part.require();
    });
    let view = part.on_server().map(|code| (code.panel)(drawn));
    view! {
        {ServerDrawn { view, element: drawn }}
        {move || part.loaded().map(|code| (code.panel)(drawn))}
    }
}

/// The panel. The server draws its element for those who have not loaded the code yet.
pub fn runs_panel(drawn: NodeRef<Aside>) -> AnyView {
    let dashboard = use_dashboard();
    let runs = dashboard.runs;
    let size = PanelSize::new();
    let element = NodeRef::<Aside>::new();
    Effect::new(move |_| {
        size.restore();
        advance_clock(dashboard);
    });
    let loader = RowLoader::start(dashboard);
    let key_names = KeyNames::new(dashboard);
    // The details of a run are made in the browser only: they have times in the reader's zone.
    let opened = Memo::new(move |_| runs.opened.get().filter(|_| is_browser()));
    let compared: Compared = RwSignal::new(None);
    provide_context(PanelContext { compared, stepped: StoredValue::new(None) });
    provide_context(key_names);
    let has_selected = Memo::new(move |_| runs.selected.with(|selected| !selected.is_empty()));
    let panel = view! {
        <aside
            class="runs-panel"
            aria-label="Runs"
            data-hydrated=is_browser().then_some("")
            inert=move || dashboard.fullscreen.with(Option::is_some)
            node_ref=element
            on:keydown=move |event| panel_size::on_key(dashboard, size, &event)
        >
            <h2>
                <button
                    type="button"
                    class="runs-toggle"
                    node_ref=dashboard.refs.runs_toggle
                    aria-expanded=move || if size.is_open.get() { "true" } else { "false" }
                    aria-controls="runs"
                    title="Show or hide the runs ([)"
                    on:click=move |_| size.toggle()
                >
                    "Runs "
                    <span>{move || counts(dashboard)}</span>
                </button>
            </h2>
            <Grip size />
            <div id="runs" class="runs-body">
                <div class="runs-list" hidden=move || opened.with(Option::is_some)>
                    <SearchField loader key_names />
                    <Conditions />
                    <Rules key_names />
                    <EqualKeys />
                    {move || has_selected.get().then(|| dashboard.deferred.get()).flatten().map(|code| (code.bulk_actions)())}
                    <PrintedView />
                    <RunTable loader />
                    <Footer compared />
                </div>
                {move || opened.get().map(|id| dashboard.deferred.view(dashboard.deferred.get(), |code| (code.run_details)(id)))}
            </div>
        </aside>
    }
    .erase_built();
    if !is_browser() {
        return panel;
    }
    // After the effects of the views above, of which one empties the field of the search.
    element.on_load(move |panel| {
        if let Some(drawn) = drawn.get_untracked() {
            take_over(&drawn, &panel);
        }
    });
    view! {
        {panel}
        <ConfigDiff compared />
    }
    .erase_built()
}

/// `28 of 31 · 2 running · 6 groups · 1 hidden`.
fn counts(dashboard: Dashboard) -> String {
    let runs = dashboard.runs;
    let now_ms = runs.now_ms.get();
    let (total, all, running, groups) = runs.rows.with(|rows| {
        let table = &rows.table;
        (table.total, table.all, table.running, rows.groups.as_ref().map(|groups| groups.total))
    });
    let (is_whole, listed, listed_running, hidden) = runs.list.with(|list| {
        let listed: Vec<_> = list.runs.iter().filter(|run| !run.archived).collect();
        let running = listed.iter().filter(|run| RunState::of(run, now_ms) == RunState::Running).count() as u32;
        (list.runs.len() < crate::protocol::RunList::MAX_RUNS, listed.len() as u32, running, listed.iter().filter(|run| run.hidden).count())
    });
    if runs.comparison.with(|comparison| comparison.is_archived) {
        return [&total.to_string(), " archived"].concat();
    }
    // The events of a small board are newer than its table.
    let is_all = total == all && is_whole;
    let (total, all, running) = if is_all { (listed, listed, listed_running) } else { (total, all, running) };
    let mut text = total.to_string();
    if total < all {
        text.extend([" of ", &all.to_string()]);
    }
    // Groups have their hidden runs, too.
    let hidden = if groups.is_some() { 0 } else { hidden as u32 };
    let parts = [(running, "running"), (groups.unwrap_or(0), "groups"), (hidden, "hidden")];
    for (count, word) in parts.into_iter().filter(|(count, _)| *count > 0) {
        text.extend([" · ", &count.to_string(), " ", word]);
    }
    text
}

/// Advances the clock while the panel is in the document. The server's clock is the one that counts.
fn advance_clock(dashboard: Dashboard) {
    let now_ms = dashboard.runs.now_ms;
    let ahead_ms = now_ms.get_untracked() - Date::now();
    let Ok(interval) = set_interval_with_handle(move || now_ms.set(Date::now() + ahead_ms), CLOCK_STEP) else { return };
    on_cleanup(move || interval.clear());
}

/// Narrows the board to a run, or with `None` shows all runs again; the focus follows.
fn open(dashboard: Dashboard, id: Option<RunId>) {
    let runs = dashboard.runs;
    let before = runs.opened.get_untracked().filter(|_| id.is_none());
    runs.update_comparison(|comparison| comparison.run = id);
    if let Some(before) = before {
        runs.current.set(Some(RowKey::Run(before.clone())));
        // The table is hidden until the effects of this turn have run.
        spawn_local(async move {
            tick().await;
            runs.focus_due.set(Some(RowKey::Run(before)));
        });
    }
}

/// Narrows the board to the next run, or to the previous one, in the order of the table.
fn step(dashboard: Dashboard, later: bool) {
    let opened = dashboard.runs.opened.get_untracked();
    if let Some(next) = opened.and_then(|id| untrack(|| neighbour(dashboard, &id, later))) {
        dashboard.runs.update_comparison(|comparison| comparison.run = Some(next));
    }
}

/// The run after or before this one in the table, else in the order of creation, the newest first.
fn neighbour(dashboard: Dashboard, id: &RunId, later: bool) -> Option<RunId> {
    let runs = dashboard.runs;
    let beside = |at: usize| if later { at.checked_add(1) } else { at.checked_sub(1) };
    let of_rows = runs.rows.with(|rows| {
        let mut index = rows.index(rows.find(&RowKey::Run(id.clone()))?);
        // Rows of groups are passed over.
        loop {
            index = beside(index)?;
            match rows.key(index)? {
                RowKey::Run(id) => return Some(id),
                RowKey::Missing(_) => return None,
                RowKey::Group(_) | RowKey::Gap(_) => {}
            }
        }
    });
    of_rows.or_else(|| runs.list.with(|list| Some(list.runs.get(beside(list.runs.iter().position(|run| run.id == *id)?)?)?.id.clone())))
}

/// Keys and their values.
fn rows_table(caption: &'static str, rows: Vec<Row>) -> impl IntoView {
    let row = |(key, value): Row| {
        view! {
            <tr>
                <th scope="row">{key}</th>
                <td>{value}</td>
            </tr>
        }
    };
    view! {
        <table class="run-rows">
            <caption>{caption}</caption>
            <tbody>{rows.into_iter().map(row).collect_view()}</tbody>
        </table>
    }
}
