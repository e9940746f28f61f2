//! The title bar: the name, edited in place; the handle for dragging; the button of the menu.

use std::sync::Arc;

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{FocusEvent, HtmlElement, HtmlInputElement, KeyboardEvent, MouseEvent};

use crate::app::components::menu;
use crate::app::focus;
use crate::app::state::{Dashboard, Field, Tile};
use crate::app::watched::handler;
use crate::browser::dom;
use crate::protocol::CellId;

/// Names the heading in the document, by which the cell is called.
pub fn element_id(id: &CellId) -> String {
    ["title-", id.as_str()].concat()
}

#[component]
pub fn Title(tile: Arc<Tile>) -> impl IntoView {
    let dashboard = Dashboard::here();
    let may_write = dashboard.state().may_write;
    let edit = move |tile: &Tile, _: MouseEvent| {
        if !dom::has_selection() {
            dashboard.edit(tile.id.clone(), Field::Name);
        }
    };
    let add_note = move |tile: &Tile, _: MouseEvent| dashboard.edit(tile.id.clone(), Field::Note);
    let is_open = move |tile: &Tile| dashboard.state().menu.with(|open| open.as_ref() == Some(&tile.id));
    let open = move |tile: &Tile, event: MouseEvent| {
        if let Some(button) = event.current_target().and_then(|target| target.dyn_into::<HtmlElement>().ok()) {
            menu::open(dashboard, tile.id.clone(), &button);
        }
    };
    let field = {
        let tile = tile.clone();
        move || tile.naming.get().then(|| view! { <NameField tile=tile.clone() /> })
    };
    view! {
        <header class="chart-title" draggable=tile.dynamic(move |tile| Some(if tile.naming.get() || !may_write { "false" } else { "true" }))>
            <h2
                id=element_id(&tile.id)
                class:untitled=tile.dynamic(|tile| tile.name.with(String::is_empty))
                hidden=tile.dynamic(|tile| tile.naming.get())
                on:click=tile.handler(edit)
            >
                {tile.dynamic(Tile::title)}
            </h2>
            {field}
            <button
                type="button"
                class="quiet add-note"
                hidden=tile.dynamic(|tile| tile.note.with(|note| !note.is_empty()))
                aria-label=tile.dynamic(|tile| ["Add a note to ", &tile.title()].concat())
                on:click=tile.handler(add_note)
            >
                "Add a note"
            </button>
            <button
                type="button"
                class="menu-button"
                aria-label=tile.dynamic(|tile| ["Menu of ", &tile.title()].concat())
                aria-haspopup="menu"
                aria-expanded=tile.dynamic(move |tile| Some(if is_open(tile) { "true" } else { "false" }))
                on:click=tile.handler(open)
            >
                "⋯"
            </button>
        </header>
    }
}

/// The field takes the name once; what comes meanwhile does not overwrite what is typed.
#[component]
fn NameField(tile: Arc<Tile>) -> impl IntoView {
    let dashboard = Dashboard::here();
    let (id, name) = (tile.id.clone(), tile.name.now());
    let field = ["name-", id.as_str()].concat();
    let begin = dashboard.begin_with(&id, Field::Name, &name);
    dom::select_when_drawn(field.clone(), begin.clone());
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
        move |event: FocusEvent| save(event_target(&event))
    };
    let keys = move |event: KeyboardEvent| {
        match event.key().as_str() {
            "Enter" if !event.is_composing() => save(event_target(&event)),
            "Escape" => {
                event.prevent_default();
                return dashboard.cancel_edit(&id, Field::Name);
            }
            _ => return,
        }
        event.prevent_default();
        focus::cell(&id);
    };
    view! {
        <input
            type="text"
            id=field
            class="name-field"
            aria-label="Name"
            autocomplete="off"
            spellcheck="false"
            prop:value=begin
            on:blur=handler(blur)
            on:keydown=handler(keys)
        />
    }
}
