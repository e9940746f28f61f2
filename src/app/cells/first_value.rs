//! What a reader can put into an empty cell himself.

use leptos::prelude::*;

use crate::app::erased::Erase;
use crate::app::pictures;
use crate::app::state::{Field, use_dashboard};
use crate::protocol::CellId;

/// It belongs to the second part of the page's code.
pub fn first_value(id: CellId) -> AnyView {
    let dashboard = use_dashboard();
    let picture_id = id.clone();
    view! {
        <button type="button" on:click=move |_| dashboard.edit(id.clone(), Field::Text)>
            "Write a text"
        </button>
        <label class="picture-choice">
            "Choose a picture "
            <input
                type="file"
                accept="image/*"
                on:change:target=move |event| {
                    let field = event.target();
                    pictures::take(dashboard, field.files(), Some(picture_id.clone()), None);
                    // The same file can be chosen again where it could not be sent.
                    field.set_value("");
                }
            />
        </label>
    }
    .erase()
}
