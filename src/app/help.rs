//! The list of keys.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlDialogElement;

use super::keys::HELP;
use crate::client::browser;

const ID: &str = "help";

fn dialog() -> Option<HtmlDialogElement> {
    browser::by_id(ID)?.dyn_into().ok()
}

pub fn is_open() -> bool {
    dialog().is_some_and(|dialog| dialog.open())
}

pub fn open() {
    if let Some(dialog) = dialog() {
        let _ = dialog.show_modal();
    }
}

#[component]
pub fn Help() -> impl IntoView {
    let rows = HELP.map(|(keys, meaning)| {
        view! {
            <dt>
                <kbd>{keys}</kbd>
            </dt>
            <dd>{meaning}</dd>
        }
    });
    view! {
        <dialog id=ID aria-labelledby="help-title" closedby="any">
            <h2 id="help-title">"Keys"</h2>
            <dl>{rows.into_iter().collect_view()}</dl>
            <p>"Drag a cell by its title to move it. Keys do nothing while you type."</p>
            <form method="dialog">
                <button type="submit">"Close"</button>
            </form>
        </dialog>
    }
}
