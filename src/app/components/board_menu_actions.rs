//! What the menu of the board does, and the field of its title: both belong to the second part of the page's code.

use leptos::prelude::*;

use super::name_field::{NameEdit, NameField};
use crate::app::erased::Erase;
use crate::app::state::use_dashboard;

/// The server's limit for titles.
const MAX_TITLE: u32 = 200;

/// The items below the list of boards. Each closes the menu.
pub fn board_actions() -> AnyView {
    let dashboard = use_dashboard();
    let is_archived = move || dashboard.settings.with(|settings| settings.archived);
    view! {
        <button type="button" popovertarget="boards" popovertargetaction="hide" on:click=move |_| dashboard.is_renaming.set(true)>
            "Rename"
        </button>
        <button type="button" popovertarget="boards" popovertargetaction="hide" on:click=move |_| dashboard.edit_description()>
            "Edit description"
        </button>
        <button
            type="button"
            popovertarget="boards"
            popovertargetaction="hide"
            hidden=move || dashboard.order.with(Vec::is_empty)
            on:click=move |_| dashboard.add_section()
        >
            "New section"
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

/// The field of the title.
pub fn title_field() -> AnyView {
    let dashboard = use_dashboard();
    let before = dashboard.settings.with_untracked(|settings| settings.title.clone());
    let name = before.clone();
    let on_end = move |edit: NameEdit| {
        dashboard.is_renaming.set(false);
        if !matches!(edit, NameEdit::Saved { has_focus: false, .. }) {
            dashboard.focus_board();
        }
        match edit {
            NameEdit::Saved { name, .. } if name != before => dashboard.rename_board(&name),
            _ => {}
        }
    };
    view! { <NameField label="Title of the board" name max_length=MAX_TITLE on_end=Callback::new(on_end) /> }.erase()
}
