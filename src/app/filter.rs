//! The field in the header that leaves only those cells in sight whose names a regular expression finds.

use leptos::prelude::*;
use wasm_bindgen::prelude::*;
use web_sys::{Event, HtmlInputElement};

use super::state::Dashboard;
use crate::client::browser;

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
    let Some(field) = place.and_then(|place| browser::append(&place, "input", "", "")) else { return };
    field.set_id(ID);
    for (name, value) in [
        ("type", "search"),
        ("autocomplete", "off"),
        ("placeholder", "Filter"),
        ("aria-label", "Filter cells by name"),
        ("title", "A part of the name, or a regular expression (/)"),
    ] {
        browser::mark(&field, name, value);
    }
    browser::listen(&field, "input", move |event: Event| dashboard.state().filter.set(event_target::<HtmlInputElement>(&event).value()));
}

pub fn focus() {
    if let Some(field) = browser::by_id(ID) {
        let _ = field.focus();
    }
}

/// Capital letters do not matter. An expression that is not yet one finds everything. Asks the browser, unless it is empty.
pub fn finds(expression: &str, name: &str) -> bool {
    expression.is_empty() || RegExp::new(expression, "i").map_or(true, |expression| expression.test(name))
}
