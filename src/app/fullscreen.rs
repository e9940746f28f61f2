//! Shows one cell over the whole window: by the key `f`, the panel of a chart, or a URL with `?full=ID`.

use leptos::ev;
use leptos::prelude::*;
use leptos::task::{spawn_local, tick};

use super::charts;
use super::signals::SetIfChanged;
use super::state::Dashboard;
use crate::browser::dom;
use crate::protocol::CellId;
use crate::routes;

const KEY: &str = "full=";
/// The attribute of the root element while a cell is in full screen, for the style sheet.
const FULLSCREEN: &str = "data-fullscreen";
/// The padding of the body of a cell, above and below together, in CSS pixels.
const PADDING: i32 = 24;

/// Shows this cell in full screen, or leaves full screen if it is shown.
pub fn toggle(dashboard: Dashboard, id: &CellId) {
    dashboard.charts.clear_readout();
    let before = dashboard.fullscreen.get_untracked();
    leave(dashboard);
    if before.as_ref() != Some(id) {
        dashboard.fullscreen.set(Some(id.clone()));
        dashboard.focus_cell(id);
    }
}

/// Leaves full screen. False if no cell was shown.
pub fn leave(dashboard: Dashboard) -> bool {
    let Some(id) = dashboard.fullscreen.get_untracked() else { return false };
    dashboard.fullscreen.set(None);
    // The exit button is removed, and may have had the focus.
    dashboard.focus_cell(&id);
    true
}

/// Keeps the URL and the height of the shown cell up to date, while the current owner lives. Starts with the cell of the URL.
pub fn use_fullscreen(dashboard: Dashboard) {
    let resize = window_event_listener(ev::resize, move |_| fit(dashboard));
    on_cleanup(move || resize.remove());
    // The entry of the history may be older than the cell in full screen.
    let history = window_event_listener(ev::popstate, move |_| write_url(dashboard.fullscreen.get_untracked().as_ref()));
    on_cleanup(move || history.remove());
    let requested = routes::query_value(&dom::query_of_page(), KEY).and_then(CellId::parse);
    if let Some(id) = requested.filter(|id| dashboard.cell(id).is_some()) {
        dashboard.fullscreen.set(Some(id.clone()));
        // Its elements are known once it is hydrated.
        spawn_local(async move {
            tick().await;
            dashboard.focus_cell(&id);
        });
    }
    Effect::new(move |before: Option<Option<CellId>>| {
        let shown = dashboard.fullscreen.get();
        dom::set_root_attribute(FULLSCREEN, shown.as_ref().map(|_| ""));
        if let Some(cell) = before.clone().flatten().filter(|id| shown.as_ref() != Some(id)).and_then(|id| dashboard.cell(&id)) {
            cell.fullscreen_height.set_if_changed(0);
        }
        if before.flatten() != shown {
            write_url(shown.as_ref());
        }
        // The class is set by another effect of the same turn.
        spawn_local(async move {
            tick().await;
            fit(dashboard);
        });
        shown
    });
}

/// Sets the height of the shown cell.
fn fit(dashboard: Dashboard) {
    let Some(id) = dashboard.fullscreen.get_untracked() else { return };
    if let (Some(elements), Some(cell)) = (dashboard.elements_of(&id), dashboard.cell(&id)) {
        cell.fullscreen_height.set_if_changed((elements.body.client_height() - PADDING).max(0) as u32);
    }
}

fn write_url(id: Option<&CellId>) {
    charts::set_query_key(KEY, id.map_or("", CellId::as_str));
}
