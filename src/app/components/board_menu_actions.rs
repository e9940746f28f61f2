//! What the menu of the board does, and the field of its title: both belong to the second part of the page's code.

use leptos::ev::{FocusEvent, KeyboardEvent};
use leptos::html;
use leptos::prelude::*;
use web_sys::HtmlInputElement;

use crate::app::erased::Erase;
use crate::app::state::use_dashboard;

/// The server's limit for titles.
const MAX_TITLE: &str = "200";

/// The items below the list of boards. Each closes the menu. `is_renaming` opens the field of the title.
pub fn board_actions(is_renaming: RwSignal<bool>) -> AnyView {
    let dashboard = use_dashboard();
    let is_archived = move || dashboard.settings.with(|settings| settings.archived);
    view! {
        <button type="button" popovertarget="boards" popovertargetaction="hide" on:click=move |_| is_renaming.set(true)>
            "Rename"
        </button>
        <button type="button" popovertarget="boards" popovertargetaction="hide" on:click=move |_| dashboard.edit_description()>
            "Edit description"
        </button>
        <button
            type="button"
            popovertarget="boards"
            popovertargetaction="hide"
            on:click=move |_| dashboard.archive_board(!untrack(is_archived))
        >
            {move || if is_archived() { "Bring back from the archive" } else { "Archive" }}
        </button>
        <button type="button" popovertarget="boards" popovertargetaction="hide" on:click=move |_| dashboard.remove_board()>
            "Delete the board"
        </button>
    }
    .erase()
}

/// The title as it is edited: Enter and leaving it save, Esc cancels.
pub fn title_field(is_renaming: RwSignal<bool>) -> AnyView {
    let dashboard = use_dashboard();
    let before = dashboard.settings.with_untracked(|settings| settings.title.clone());
    let field = NodeRef::<html::Input>::new();
    let text = before.clone();
    Effect::new(move |_| {
        if let Some(field) = field.get() {
            let _ = field.focus();
            field.set_value(&text);
            field.select();
        }
    });
    let save = move |field: HtmlInputElement| {
        let text = field.value();
        // Removing the field blurs it, which saves again.
        if is_renaming.get_untracked() {
            is_renaming.set(false);
            if text != before {
                dashboard.rename_board(&text);
            }
        }
    };
    let blur = {
        let save = save.clone();
        move |event: FocusEvent| save(event_target(&event))
    };
    let keys = move |event: KeyboardEvent| {
        match event.key().as_str() {
            "Enter" if !event.is_composing() => save(event_target(&event)),
            "Escape" => is_renaming.set(false),
            _ => return,
        }
        event.prevent_default();
        dashboard.focus_board();
    };
    view! {
        <input
            type="text"
            class="name-field"
            maxlength=MAX_TITLE
            aria-label="Title of the board"
            autocomplete="off"
            node_ref=field
            on:blur=blur
            on:keydown=keys
        />
    }
    .erase()
}
