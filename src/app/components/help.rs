//! The list of keys.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlDialogElement;

use crate::app::shortcuts::HELP;
use crate::browser::dom;

const ID: &str = "help";

pub fn open() {
    if let Some(dialog) = dom::by_id(ID).and_then(|dialog| dialog.dyn_into::<HtmlDialogElement>().ok()) {
        let _ = dialog.show_modal();
    }
}

/// Only the server writes what stands in it: the page's code need not hold words that never change.
#[component]
#[expect(clippy::disallowed_methods, reason = "these words are ours, not a client's")]
pub fn Help() -> impl IntoView {
    let content = if cfg!(feature = "ssr") { content() } else { String::new() };
    view! { <dialog id=ID aria-labelledby="help-title" closedby="any" inner_html=content></dialog> }
}

fn content() -> String {
    let rows = HELP.map(|(keys, meaning)| format!("<dt><kbd>{keys}</kbd></dt><dd>{meaning}</dd>"));
    [
        "<h2 id=\"help-title\">Keys</h2><dl>",
        &rows.concat(),
        "</dl><p class=\"writes\">Drag a cell by its title to move it. Keys do nothing while you type.</p>\
        <form method=\"dialog\"><button type=\"submit\">Close</button></form>",
    ]
    .concat()
}
