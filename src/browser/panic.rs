//! A panic of the page's own code: the page says that it has stopped, and where.

use std::panic::{self, PanicHookInfo};

use leptos::prelude::document;

use super::dom;

/// Shows every panic from now on. The page does nothing more after one: its code is compiled to abort.
pub fn report_panics() {
    panic::set_hook(Box::new(report));
}

fn report(info: &PanicHookInfo) {
    let place = info.location().map(|at| format!("{}:{}", at.file(), at.line())).unwrap_or_default();
    let text = format!("This page hit an internal error ({place}). Reload to continue.");
    dom::set_root_attribute("data-notice", Some(&text));
    show(&text);
    wasm_bindgen::throw_str(&text)
}

/// The framework is not to be trusted after a panic: this writes into the document itself.
fn show(text: &str) {
    let Some(root) = document().document_element() else { return };
    if let Some(message) = dom::append_element(&root, "p", "notice", text) {
        dom::set_attribute(&message, "role", "alert");
    }
}
