//! What the board is about, above its sections: Markdown that the server has rendered, edited in place.

use leptos::ev::{KeyboardEvent, SubmitEvent};
use leptos::html;
use leptos::prelude::*;
use web_sys::MouseEvent;

use crate::app::erased::Erase;
use crate::app::state::use_dashboard;
use crate::browser::dom;

/// The server's limit, in bytes; characters have at least one.
const MAX_DESCRIPTION: &str = "65536";

#[component]
#[expect(clippy::disallowed_methods, reason = "HTML that the server makes of Markdown, in which HTML of clients is text")]
pub fn BoardDescription() -> impl IntoView {
    let dashboard = use_dashboard();
    let describing = dashboard.describing;
    let is_editing = Memo::new(move |_| describing.with(Option::is_some));
    let html = move || dashboard.settings.with(|settings| settings.description.clone());
    let is_hidden = move || is_editing.get() || dashboard.settings.with(|settings| settings.description.is_empty());
    let edit = move |event: MouseEvent| {
        // A link in it is followed, and a selection is no click.
        if dashboard.may_write() && !dom::is_in_link(&event) && !dom::has_selection() {
            dashboard.edit_description();
        }
    };
    view! {
        <div class="board-description markdown" class:editable=dashboard.may_write() hidden=is_hidden on:click=edit inner_html=html></div>
        {move || is_editing.get().then(|| dashboard.deferred.get()).flatten().map(|code| (code.description_field)())}
    }
}

/// The field of the description, which belongs to the second part of the page's code.
pub fn description_field() -> AnyView {
    let dashboard = use_dashboard();
    let describing = dashboard.describing;
    let field = NodeRef::<html::Textarea>::new();
    let begin = describing.get_untracked().unwrap_or_default();
    Effect::new(move |_| {
        if let Some(field) = field.get() {
            let _ = field.focus();
        }
    });
    let save = move || {
        if let Some(field) = field.get_untracked() {
            dashboard.describe_board(&field.value());
        }
    };
    let cancel = move || {
        describing.set(None);
        dashboard.focus_board();
    };
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        save();
    };
    let keys = move |event: KeyboardEvent| {
        match event.key().as_str() {
            "Enter" if event.ctrl_key() || event.meta_key() => save(),
            "Escape" => cancel(),
            _ => return,
        }
        event.prevent_default();
    };
    view! {
        <form class="description-field" on:submit=submit>
            <textarea
                node_ref=field
                rows="5"
                maxlength=MAX_DESCRIPTION
                aria-label="Description of the board"
                title="Markdown; Ctrl+Enter saves, Esc cancels"
                prop:value=begin
                on:keydown=keys
            ></textarea>
            <button type="submit">"Save"</button>
            <button type="button" on:click=move |_| cancel()>
                "Cancel"
            </button>
            <span>"Markdown"</span>
        </form>
    }
    .erase()
}
