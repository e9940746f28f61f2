//! The list of keys.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlDialogElement;

use super::keys::HELP;
use crate::client::browser;

const ID: &str = "help";

pub fn open() {
    if let Some(dialog) = browser::by_id(ID).and_then(|dialog| dialog.dyn_into::<HtmlDialogElement>().ok()) {
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
            <p class="writes">"Drag a cell by its title to move it. Keys do nothing while you type."</p>
            <form method="dialog">
                <button type="submit">"Close"</button>
            </form>
        </dialog>
    }
}
