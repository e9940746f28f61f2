//! The keys of the table. They act on the row that has the focus; the help dialog lists them.

use leptos::ev::KeyboardEvent;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::Element;

use super::row::{set_or_clear, toggle_eye, toggle_group, toggle_pin, toggle_solo, update_id};
use super::{open, selection};
use crate::app::state::{Dashboard, RowKey, RowPlace};
use crate::protocol::RunId;

/// Rows that a key for a page moves by.
const PAGE: usize = 20;

pub fn on_key(dashboard: Dashboard, event: &KeyboardEvent) {
    let runs = dashboard.runs;
    let is_modified = event.ctrl_key() || event.meta_key() || event.alt_key();
    let Some(key) = runs.current.get_untracked().filter(|_| !is_modified) else { return };
    let name = event.key();
    if move_focus(dashboard, &key, &name) || (!event.repeat() && act(dashboard, &key, &name, event)) {
        event.prevent_default();
    }
}

/// Keys that may be held down.
fn move_focus(dashboard: Dashboard, key: &RowKey, name: &str) -> bool {
    let runs = dashboard.runs;
    let target = runs.rows.with_untracked(|rows| {
        let place = rows.find(key)?;
        let (index, last) = (rows.index(place), rows.count().saturating_sub(1));
        Some(match name {
            "ArrowDown" | "j" => (index + 1).min(last),
            "ArrowUp" | "k" => index.saturating_sub(1),
            "PageDown" => (index + PAGE).min(last),
            "PageUp" => index.saturating_sub(PAGE),
            "Home" => 0,
            "End" => last,
            // From a run to its group, and into an open one.
            "ArrowLeft" if place.row.is_some() && rows.groups.is_some() => rows.index(RowPlace { row: None, ..place }),
            "ArrowRight" if place.row.is_none() && rows.sections[place.section].is_open => index + 1,
            _ => return None,
        })
    });
    if let Some(index) = target {
        go_to(dashboard, index);
    }
    target.is_some()
}

/// Moves the focus to a row. One that is not loaded takes it when it is.
pub fn go_to(dashboard: Dashboard, index: usize) {
    let runs = dashboard.runs;
    let Some(key) = runs.rows.with_untracked(|rows| rows.key(index)) else { return };
    if !matches!(key, RowKey::Missing(_)) {
        runs.current.set(Some(key.clone()));
    }
    runs.focus_due.set(Some(key));
}

fn act(dashboard: Dashboard, key: &RowKey, name: &str, event: &KeyboardEvent) -> bool {
    let runs = dashboard.runs;
    let is_open = || runs.rows.with_untracked(|rows| rows.find(key).is_some_and(|place| rows.sections[place.section].is_open));
    match (name, key) {
        ("ArrowRight", RowKey::Group(_)) if !is_open() => toggle_group(dashboard, key),
        ("ArrowLeft", RowKey::Group(_)) if is_open() => toggle_group(dashboard, key),
        // The eye's own button and the box are pressed by the browser.
        (" ", _) if !is_pressed_by_space(event) => toggle_eye(dashboard, key),
        ("p", _) => toggle_pin(dashboard, key),
        ("b", _) => update_id(dashboard, key, |comparison, id| set_or_clear(&mut comparison.baseline, id)),
        ("o", _) => toggle_solo(dashboard, key),
        ("x", RowKey::Run(id)) => selection::toggle(dashboard, id),
        ("X", RowKey::Run(id)) => selection::extend_to(dashboard, id),
        ("x" | "X", RowKey::Group(_)) => runs.hint.set(Some("Runs are chosen, not groups: open the group (→) and choose its runs.")),
        ("F2", RowKey::Run(id)) if dashboard.may_write() => {
            runs.renaming.set(true);
            open(dashboard, Some(id.clone()));
        }
        ("Delete", RowKey::Run(id)) if dashboard.may_write() => remove(dashboard, id),
        ("Escape", _) if runs.selected.with_untracked(|selected| !selected.is_empty()) => runs.selected.set(Vec::new()),
        _ => return false,
    }
    true
}

fn is_pressed_by_space(event: &KeyboardEvent) -> bool {
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    target.is_some_and(|element| element.matches(".eye, input").unwrap_or(false))
}

/// Removes a run; the focus goes to the next row, or to the one before.
fn remove(dashboard: Dashboard, id: &RunId) {
    let runs = dashboard.runs;
    let neighbour = runs.rows.with_untracked(|rows| {
        let index = rows.index(rows.find(&RowKey::Run(id.clone()))?);
        Some(if index + 1 < rows.count() { index + 1 } else { index.checked_sub(1)? })
    });
    dashboard.remove_run(id.clone());
    if let Some(index) = neighbour {
        go_to(dashboard, index);
    }
}
