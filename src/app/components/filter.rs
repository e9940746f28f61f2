//! The field in the header that leaves only those cells in sight whose names a regular expression finds.

use std::sync::Arc;

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::*;
use web_sys::{Event, HtmlInputElement};

use super::toasts::ToastKind;
use crate::app::state::{CellState, Dashboard, SetIfChanged};
use crate::browser::dom;
use crate::protocol::CellId;

const ID: &str = "filter";

#[wasm_bindgen]
extern "C" {
    type RegExp;
    /// Throws where the text is no regular expression.
    #[wasm_bindgen(constructor, catch)]
    fn new(text: &str, flags: &str) -> Result<RegExp, JsValue>;
    #[wasm_bindgen(method)]
    fn test(this: &RegExp, text: &str) -> bool;
}

/// Makes the field, in room that is kept for it, and listens. Once, when the page wakes.
pub fn listen(dashboard: Dashboard) {
    let place = document().query_selector(".top .gap").ok().flatten();
    let Some(field) = place.and_then(|place| dom::append(&place, "input", "", "")) else { return };
    field.set_id(ID);
    for (name, value) in [
        ("type", "search"),
        ("autocomplete", "off"),
        ("placeholder", "Filter"),
        ("aria-label", "Filter cells by name"),
        ("title", "A part of the name, or a regular expression (/)"),
    ] {
        dom::mark(&field, name, value);
    }
    dom::listen(&field, "input", move |event: Event| dashboard.filter.set(event_target::<HtmlInputElement>(&event).value()));
    let Some(count) = field.parent_element().and_then(|place| dom::append(&place, "button", "quiet hidden-count", "")) else { return };
    dom::mark(&count, "type", "button");
    dom::mark(&count, "title", "Show all cells");
    dom::listen(&count, "click", move |_: Event| clear(dashboard));
    let field: HtmlInputElement = field.unchecked_into();
    dom::effect(move || {
        let expression = dashboard.filter.get();
        if field.value() != expression {
            field.set_value(&expression);
        }
        let is_out = |cell: &&Arc<CellState>| !finds(&expression, &cell.name.get());
        let hidden = if expression.is_empty() { 0 } else { dashboard.cells.get().iter().filter(is_out).count() };
        let _ = count.toggle_attribute_with_force("hidden", hidden == 0);
        count.set_text_content(Some(&[&hidden.to_string(), " hidden"].concat()));
    });
    // The sender of a new cell looks for it: the page says that the filter hides it.
    let mut known: Option<Vec<CellId>> = None;
    dom::effect(move || {
        let cells = dashboard.cells.get();
        if let Some(known) = &known {
            let is_new = |cell: &&Arc<CellState>| {
                dashboard.filter.with_untracked(|filter| !finds(filter, &cell.name.get_untracked())) && !known.contains(&cell.id)
            };
            match cells.iter().filter(is_new).count() {
                0 => {}
                count => dashboard.notify(ToastKind::Filtered(count as u32)),
            }
        }
        known = Some(cells.iter().map(|cell| cell.id.clone()).collect());
    });
}

/// Shows all cells.
pub fn clear(dashboard: Dashboard) {
    dashboard.filter.set_if_changed(String::new());
}

/// Shows all cells if the filter leaves out one of this name.
pub fn let_in(dashboard: Dashboard, name: &str) {
    if dashboard.filter.with_untracked(|filter| !finds(filter, name)) {
        clear(dashboard);
    }
}

pub fn focus() {
    if let Some(field) = dom::by_id(ID) {
        let _ = field.focus();
    }
}

/// Capital letters do not matter. An expression that is not yet one finds everything. Asks the browser, unless it is empty.
pub fn finds(expression: &str, name: &str) -> bool {
    expression.is_empty() || RegExp::new(expression, "i").map_or(true, |expression| expression.test(name))
}
