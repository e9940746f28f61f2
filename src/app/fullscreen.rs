//! One cell over the whole window: with `f`, from a chart's panel, or by an address that ends with `?full=ID`.

use leptos::prelude::*;
use web_sys::Event;

use super::state::{Dashboard, SetIfChanged};
use super::{charts, focus};
use crate::browser::dom;
use crate::protocol::CellId;

const CLASS: &str = "full";
/// The button that ends it, in the title bar.
const EXIT: &str = "exit";
const KEY: &str = "full=";
/// The room around what is on a stage, in CSS pixels above and below together.
const AROUND: i32 = 24;

/// Shows this cell, or ends it when it is shown.
pub fn toggle(dashboard: Dashboard, id: &CellId) {
    charts::unread();
    let before = dashboard.fullscreen.get_untracked();
    leave(dashboard);
    if before.as_ref() != Some(id) {
        show(dashboard, id);
    }
}

fn show(dashboard: Dashboard, id: &CellId) {
    if let Some(cell) = focus::element(id) {
        let _ = cell.class_list().add_1(CLASS);
        if let Some(button) = cell.first_element_child().and_then(|title| dom::append(&title, "button", EXIT, "✕")) {
            dom::mark(&button, "data-do", "full");
            dom::mark(&button, "aria-label", "Exit full screen");
        }
        // What it covers is out of reach from now on: see `keys::Layer`, and `inert` in the views of cells and of the header.
        dashboard.fullscreen.set(Some(id.clone()));
        let _ = cell.focus();
        keep(Some(id));
        fit(dashboard);
    }
}

/// Tells the shown cell how much room it has.
fn fit(dashboard: Dashboard) {
    let cell = dashboard.fullscreen.get_untracked().and_then(|id| dashboard.cell(&id));
    let stage = cell.as_ref().and_then(|cell| focus::element(&cell.id)).and_then(|cell| cell.children().item(1));
    if let (Some(stage), Some(cell)) = (stage, cell) {
        cell.fullscreen_height.set_if_changed((stage.client_height() - AROUND).max(0) as u32);
    }
}

/// False when no cell was over the others.
pub fn leave(dashboard: Dashboard) -> bool {
    let Some(id) = dashboard.fullscreen.get_untracked() else { return false };
    dashboard.fullscreen.set(None);
    if let Some(cell) = focus::element(&id) {
        let _ = cell.class_list().remove_1(CLASS);
        let _ = cell.query_selector(".exit").map(|button| button.map(|button| button.remove()));
        // The button had the focus.
        let _ = cell.focus();
    }
    if let Some(cell) = dashboard.cell(&id) {
        cell.fullscreen_height.set_if_changed(0);
    }
    keep(None);
    true
}

/// As the page was opened.
pub fn recall(dashboard: Dashboard) {
    dom::listen(&window(), "resize", move |_: Event| fit(dashboard));
    // The cell may be deleted while it is shown.
    let mut before = None;
    dom::effect(move || {
        let now = dashboard.fullscreen.get();
        if before.is_some() && now.is_none() {
            keep(None);
        }
        before = now;
    });
    let search = window().location().search().unwrap_or_default();
    if let Some(id) = search.trim_start_matches('?').split('&').find_map(|part| part.strip_prefix(KEY)).and_then(CellId::parse) {
        show(dashboard, &id);
    }
}

/// Writes what is shown into the address, which may be that of another moment.
pub fn keep_shown(dashboard: Option<Dashboard>) {
    keep(dashboard.and_then(|dashboard| dashboard.fullscreen.get_untracked()).as_ref());
}

fn keep(id: Option<&CellId>) {
    charts::keep_in_address(KEY, id.map_or("", CellId::as_str));
}
