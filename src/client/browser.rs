//! Small questions to the browser, answered without panicking when it refuses: private windows have no storage, for example.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, HtmlElement, Storage};

/// Kept for this browser, until the person clears it.
pub fn lasting() -> Option<Storage> {
    window().local_storage().ok().flatten()
}

/// Kept for this tab.
pub fn passing() -> Option<Storage> {
    window().session_storage().ok().flatten()
}

/// Sets an attribute of `<html>`, or takes it away.
pub fn mark_root(name: &str, value: Option<&str>) {
    if let Some(root) = document().document_element() {
        let _ = match value {
            Some(value) => root.set_attribute(name, value),
            None => root.remove_attribute(name),
        };
    }
}

pub fn by_id(id: &str) -> Option<HtmlElement> {
    document().get_element_by_id(id)?.dyn_into().ok()
}

/// The nearest element around the target of an event, itself included, that matches.
pub fn around(event: &Event, selector: &str) -> Option<Element> {
    event.target()?.dyn_into::<Element>().ok()?.closest(selector).ok()?
}

/// True while characters that are typed belong into a field.
pub fn is_typing(event: &Event) -> bool {
    around(event, "input, textarea, select, [contenteditable]").is_some()
}

/// True when the person has marked text, so that a click was the end of marking and means nothing else.
pub fn has_selection() -> bool {
    window().get_selection().ok().flatten().is_some_and(|marked| !marked.is_collapsed())
}
