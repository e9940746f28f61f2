//! The title bar: the name, edited in place; the handle for dragging; the button of the menu.

use std::sync::Arc;

use leptos::attr::custom::custom_attribute;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, MouseEvent, PointerEvent};

use crate::app::charts::{NewestNumber, hex_color};
use crate::app::components::name_field::{NameEdit, NameField};
use crate::app::components::{carry, menu};
use crate::app::erased::Erase;
use crate::app::fullscreen;
use crate::app::in_browser::InBrowser;
use crate::app::state::{CellState, Field, use_dashboard};
use crate::browser::dom;
use crate::protocol::CellId;

/// The id of the heading, which is the accessible name of the cell.
pub fn element_id(id: &CellId) -> String {
    ["title-", id.as_str()].concat()
}

#[component]
pub fn Title(cell: Arc<CellState>, #[prop(into)] is_near: Signal<bool>) -> impl IntoView {
    let dashboard = use_dashboard();
    let may_write = dashboard.may_write();
    let state = StoredValue::new(cell.clone());
    let id = move || state.read_value().id.clone();
    let title = move || state.read_value().title();
    // Below the head of its section a name does not repeat it. Where the filter has taken the heads away it says the section.
    let heading = move || {
        let title = title();
        let section = state.read_value().layout.with(|layout| layout.section.clone());
        let Some(section) = section.filter(|_| dashboard.arrangement.has_heads.get()) else { return title };
        let rest = title.strip_prefix(section.as_str()).and_then(|rest| rest.strip_prefix('/')).filter(|rest| !rest.is_empty());
        match (rest, dashboard.is_one_flow()) {
            (Some(rest), false) => rest.to_owned(),
            (None, true) => [&title, " · ", &section].concat(),
            _ => title,
        }
    };
    // The head of a section has the second level.
    let level = move || {
        let has_head = dashboard.arrangement.has_heads.get() && state.read_value().layout.with(|layout| layout.section.is_some());
        (has_head && !dashboard.is_one_flow()).then_some("3")
    };
    let is_editing = move || state.read_value().is_editing(Field::Name);
    let edit = move |_: MouseEvent| {
        if !dom::has_selection() {
            dashboard.edit(id(), Field::Name);
        }
    };
    let press = move |event: PointerEvent| {
        if may_write && !is_editing() {
            carry::press(dashboard, id(), title(), &event);
        }
    };
    view! {
        <header class="chart-title" class:editable=may_write draggable="false" on:pointerdown=press on:touchmove=move |event| {
            if carry::is_carrying(dashboard) {
                event.prevent_default();
            }
        }>
            <h2
                id=element_id(&cell.id)
                {..custom_attribute("aria-level", level)}
                class:untitled=move || state.read_value().name.with(String::is_empty)
                hidden=move || is_editing() && dashboard.deferred.loaded().is_some()
                on:click=edit
            >
                {heading}
            </h2>
            {move || is_editing().then(|| dashboard.deferred.get()).flatten().map(|code| (code.name_field)(id()))}
            {move || is_near.get().then(|| InBrowser(view! { <Controls state /> }))}
        </header>
    }
}

/// What stands in the title of a cell that has come near the window: its letter in a mosaic, its newest numbers, and its buttons.
#[component]
fn Controls(state: StoredValue<Arc<CellState>>) -> impl IntoView {
    let dashboard = use_dashboard();
    let may_write = dashboard.may_write();
    let id = move || state.read_value().id.clone();
    let title = move || state.read_value().title();
    let letter = Memo::new(move |_| dashboard.arrangement.letters.with(|letters| letters.get(&state.read_value().id).copied()));
    let has_numbers = Memo::new(move |_| state.read_value().newest.with(|newest| !newest.is_empty()));
    let is_full = move || dashboard.fullscreen.with(|full| *full == Some(id()));
    let is_open = move || dashboard.menu_cell.with(|open| *open == Some(id()));
    let open = move |event: MouseEvent| {
        if let Some(button) = event.current_target().and_then(|target| target.dyn_into::<HtmlElement>().ok()) {
            menu::open(dashboard, id(), &button);
        }
    };
    view! {
        {move || letter.get().map(|letter| view! { <kbd class="letter" aria-hidden="true">{letter.to_string()}</kbd> })}
        {move || has_numbers.get().then(|| InBrowser(view! { <NewestNumbers cell=state.get_value() /> }))}
        {may_write
            .then(|| {
                view! {
        <button
            type="button"
            class="quiet add-note"
            hidden=move || state.read_value().description.with(|note| !note.is_empty())
            aria-label=move || ["Add a note to ", &title()].concat()
            on:click=move |_| dashboard.edit(id(), Field::Note)
        >
            "Add a note"
        </button>
                }
            })}
        <button
            type="button"
            class="menu-button"
            aria-label=move || ["Menu of ", &title()].concat()
            aria-haspopup="menu"
            aria-expanded=move || if is_open() { "true" } else { "false" }
            on:pointerdown=move |_| menu::press_button(dashboard, &id())
            on:click=open
        >
            "⋯"
        </button>
        {move || {
            is_full()
                .then(|| {
                    view! {
                        <button
                            type="button"
                            class="exit-fullscreen"
                            aria-label="Exit full screen"
                            on:click=move |_| fullscreen::toggle(dashboard, &id())
                        >
                            "✕"
                        </button>
                    }
                })
        }}
    }
}

/// The newest numbers of a chart, each beside a stroke in the colour of its curve.
#[component]
fn NewestNumbers(cell: Arc<CellState>) -> impl IntoView {
    let number = |NewestNumber { text, color }: NewestNumber| {
        view! {
            <span>
                <i style=["--series:", &hex_color(color)].concat()></i>
                {text}
            </span>
        }
    };
    view! { <b class="now">{move || cell.newest.get().into_iter().map(number).collect_view()}</b> }
}

/// The field for the name of a cell, which belongs to the second part of the page's code.
pub fn name_field(id: CellId) -> AnyView {
    let dashboard = use_dashboard();
    let Some(before) = dashboard.cell(&id).map(|cell| cell.name.get_untracked()) else { return ().erase() };
    let name = dashboard.begin_with(&id, Field::Name, &before);
    let on_end = move |edit: NameEdit| match edit {
        NameEdit::Cancelled => dashboard.cancel_edit(&id, Field::Name),
        NameEdit::Saved { name, has_focus } => {
            if dashboard.end_edit(&id, Field::Name) && name != before {
                dashboard.save(id.clone(), Field::Name, name);
            }
            if has_focus {
                dashboard.focus_cell(&id);
            }
        }
    };
    view! { <NameField label="Name" name on_end=Callback::new(on_end) /> }.erase()
}
