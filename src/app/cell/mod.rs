//! One tile: title bar, stage, notes. One file for each kind of stage.

mod figure;
mod note;
mod picture;
mod stage;
mod text;
mod title;

use leptos::prelude::*;

use super::state::{Dashboard, Field};
use crate::protocol::CellId;
use note::Note;
use stage::StageView;
use title::Title;

/// A cell of the board. Each part looks at its own piece of the cell, so that a new note does not touch the picture.
#[component]
pub fn Tile(id: CellId) -> impl IntoView {
    let dashboard = Dashboard::here();
    let cell = dashboard.cell(&id);
    let name = Memo::new({
        let cell = cell.clone();
        move |_| cell.with(|cell| cell.name.replace('\0', REPLACED))
    });
    let note = Memo::new({
        let cell = cell.clone();
        move |_| cell.with(|cell| cell.note.replace('\0', REPLACED))
    });
    let landing = {
        let id = id.clone();
        move || {
            dashboard.landing.with(|landing| {
                landing.as_ref().filter(|landing| landing.beside == id).map(|landing| if landing.after { "after" } else { "before" })
            })
        }
    };
    let is_dragged = {
        let id = id.clone();
        move || dashboard.dragged.with(|dragged| dragged.as_ref() == Some(&id))
    };
    view! {
        <article
            class="chart-wrapper"
            class:dragged=is_dragged
            data-id=id.to_string()
            data-drop=landing
            tabindex="0"
            aria-labelledby=title::element_id(&id)
        >
            <Title id=id.clone() name has_note=Signal::derive(move || note.with(|note| !note.is_empty())) />
            <div class="chart-stage">
                <StageView id=id.clone() cell name />
            </div>
            <Note id=id.clone() name note />
        </article>
    }
}

/// Stands for U+0000, which no HTML can hold: the parser would drop it, and the page would not be what the server drew.
const REPLACED: &str = "\u{fffd}";

/// True while this field of this cell is edited.
fn is_edited(dashboard: Dashboard, id: &CellId, field: Field) -> Memo<bool> {
    let id = id.clone();
    Memo::new(move |_| dashboard.editing.with(|edit| edit.as_ref().is_some_and(|(of, what)| *of == id && *what == field)))
}
