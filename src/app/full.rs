//! One cell over the whole window: with `f`, from a chart's panel, or by an address that ends with `?full=ID`.

use leptos::prelude::*;

use super::{focus, plot};
use crate::protocol::CellId;

const CLASS: &str = "full";
const KEY: &str = "full=";

fn shown() -> Option<CellId> {
    focus::owner(&document().query_selector(".chart-wrapper.full").ok()??)
}

pub fn toggle(id: &CellId) {
    let before = shown();
    leave();
    if before.as_ref() != Some(id) {
        show(id);
    }
}

fn show(id: &CellId) {
    if let Some(cell) = focus::element(id) {
        let _ = cell.class_list().add_1(CLASS);
        let _ = cell.focus();
        keep(Some(id));
    }
}

/// False when no cell was over the others.
pub fn leave() -> bool {
    let Some(id) = shown() else { return false };
    if let Some(cell) = focus::element(&id) {
        let _ = cell.class_list().remove_1(CLASS);
    }
    keep(None);
    true
}

/// As the page was opened.
pub fn recall() {
    let search = window().location().search().unwrap_or_default();
    if let Some(id) = search.trim_start_matches('?').split('&').find_map(|part| part.strip_prefix(KEY)).and_then(CellId::parse) {
        show(&id);
    }
}

/// Writes what is shown into the address, which may be that of another moment.
pub fn keep_shown() {
    keep(shown().as_ref());
}

fn keep(id: Option<&CellId>) {
    plot::keep_in_address(KEY, id.map_or("", CellId::as_str));
}
