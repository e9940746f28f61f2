//! The list of keys.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlDialogElement;

use crate::app::shortcuts::{HELP, Shortcut};
use crate::app::state::use_dashboard;
use crate::browser::dom;

const ID: &str = "help";

pub fn open() {
    if let Some(dialog) = dom::by_id(ID).and_then(|dialog| dialog.dyn_into::<HtmlDialogElement>().ok()) {
        let _ = dialog.show_modal();
    }
}

#[component]
pub fn Help() -> impl IntoView {
    let may_write = use_dashboard().may_write();
    let rows = HELP
        .into_iter()
        .filter(|shortcut| may_write || !shortcut.writes)
        .map(|Shortcut { keys, meaning, .. }| {
            view! {
                <dt>
                    <kbd>{keys}</kbd>
                </dt>
                <dd>{meaning}</dd>
            }
        })
        .collect_view();
    view! {
        <dialog id=ID aria-labelledby="help-title" closedby="any">
            <h2 id="help-title">"Keys"</h2>
            <dl>{rows}</dl>
            {may_write.then(|| view! { <p>"Drag a cell by its title to move it. Keys do nothing while you type."</p> })}
            <form method="dialog">
                <button type="submit">"Close"</button>
            </form>
        </dialog>
    }
}
