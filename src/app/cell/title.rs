//! The title bar: the name, edited in place; the handle for dragging; the button of the menu.

use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, HtmlInputElement, KeyboardEvent};

use super::is_edited;
use crate::app::state::{Dashboard, Field};
use crate::app::{focus, menu};
use crate::client::browser;
use crate::protocol::CellId;

/// Names the heading in the document, by which the cell is called.
pub fn element_id(id: &CellId) -> String {
    ["title-", id.as_str()].concat()
}

#[component]
pub fn Title(id: CellId, name: Memo<String>, has_note: Signal<bool>) -> impl IntoView {
    let dashboard = Dashboard::here();
    let editing = is_edited(dashboard, &id, Field::Name);
    let shown = move || name.with(|name| if name.is_empty() { "untitled".to_owned() } else { name.clone() });
    let edit = {
        let id = id.clone();
        move |_| {
            if !browser::has_selection() {
                dashboard.edit(id.clone(), Field::Name);
            }
        }
    };
    let add_note = {
        let id = id.clone();
        move |_| dashboard.edit(id.clone(), Field::Note)
    };
    let is_open = Memo::new({
        let id = id.clone();
        move |_| dashboard.menu.with(|open| open.as_ref() == Some(&id))
    });
    // A press on the button of an open menu has already closed it when the click comes, and must not open it again.
    let was_open = StoredValue::new(false);
    let press = move |_| was_open.set_value(is_open.get_untracked());
    let open = {
        let id = id.clone();
        move |event: web_sys::MouseEvent| {
            let button = event.current_target().and_then(|target| target.dyn_into::<HtmlElement>().ok());
            if let Some(button) = button
                && !was_open.get_value()
            {
                menu::open(dashboard, id.clone(), &button);
            }
            was_open.set_value(false);
        }
    };
    let heading = element_id(&id);
    view! {
        <header class="chart-title" draggable=move || if editing.get() { "false" } else { "true" }>
            <h2 id=heading class:untitled=move || name.with(String::is_empty) hidden=move || editing.get() on:click=edit>
                {shown}
            </h2>
            {move || editing.get().then(|| view! { <NameField id=id.clone() name=name.get_untracked() /> })}
            <button
                type="button"
                class="quiet add-note"
                hidden=move || has_note.get()
                aria-label=move || ["Add a note to ", &shown()].concat()
                on:click=add_note
            >
                "Add a note"
            </button>
            <button
                type="button"
                class="menu-button"
                aria-label=move || ["Menu of ", &shown()].concat()
                aria-haspopup="menu"
                aria-expanded=move || if is_open.get() { "true" } else { "false" }
                on:pointerdown=press
                on:click=open
            >
                "⋯"
            </button>
        </header>
    }
}

/// The field takes the name once; what comes meanwhile does not overwrite what is typed.
#[component]
fn NameField(id: CellId, name: String) -> impl IntoView {
    let dashboard = Dashboard::here();
    let field = NodeRef::<html::Input>::new();
    Effect::new(move || {
        if let Some(field) = field.get() {
            let _ = field.focus();
            field.select();
        }
    });
    let save = {
        let (id, before) = (id.clone(), name.clone());
        move |field: HtmlInputElement| {
            let text = field.value();
            // Taking the field away blurs it, which asks to save again: `end_edit` tells the two apart.
            if dashboard.end_edit(&id, Field::Name) && text != before {
                dashboard.save(id.clone(), Field::Name, text);
            }
        }
    };
    let blur = {
        let save = save.clone();
        move |event: web_sys::FocusEvent| save(event_target(&event))
    };
    let keys = move |event: KeyboardEvent| {
        match event.key().as_str() {
            "Enter" if !event.is_composing() => save(event_target(&event)),
            "Escape" => {
                dashboard.end_edit(&id, Field::Name);
            }
            _ => return,
        }
        event.prevent_default();
        focus::cell(&id);
    };
    view! {
        <input
            type="text"
            node_ref=field
            class="name-field"
            aria-label="Name"
            autocomplete="off"
            spellcheck="false"
            prop:value=name
            on:blur=blur
            on:keydown=keys
        />
    }
}
