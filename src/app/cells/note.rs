//! The description below the body of a cell: plain text, edited in place.

use std::sync::Arc;

use leptos::either::Either;
use leptos::html;
use leptos::prelude::*;
use web_sys::{FocusEvent, HtmlTextAreaElement, KeyboardEvent, MouseEvent};

use crate::app::erased::Erase;
use crate::app::state::{CellState, Field, use_dashboard};
use crate::browser::dom;
use crate::protocol::CellId;

#[component]
pub fn Note(cell: Arc<CellState>) -> impl IntoView {
    let dashboard = use_dashboard();
    let state = StoredValue::new(cell);
    let is_editing = move || state.read_value().is_editing(Field::Note);
    let edit = move |_: MouseEvent| {
        if !dom::has_selection() {
            dashboard.edit(state.read_value().id.clone(), Field::Note);
        }
    };
    let is_hidden = move || !is_editing() && state.read_value().description.with(String::is_empty);
    let content = move || {
        if is_editing() {
            Either::Left(dashboard.deferred.get().map(|code| (code.note_field)(state.read_value().id.clone())))
        } else {
            Either::Right(view! { <p on:click=edit>{move || state.read_value().description.get()}</p> })
        }
    };
    view! {
        <div class="chart-notes" hidden=is_hidden>
            {content}
        </div>
    }
}

/// The field for the note of a cell, which belongs to the second part of the page's code.
pub fn note_field(id: CellId) -> AnyView {
    use_dashboard().cell(&id).map(|cell| view! { <NoteField cell /> }).erase()
}

/// The text as a `<textarea>` returns it: every line break is a line feed. By characters, because
/// searching for strings is 3 KB of code that nothing else in the page uses.
fn as_typed(note: &str) -> String {
    let mut typed = String::new();
    let mut before = '\0';
    for c in note.chars() {
        if (before, c) != ('\r', '\n') {
            typed.push(if c == '\r' { '\n' } else { c });
        }
        before = c;
    }
    typed
}

/// The field takes the description once: an event that arrives meanwhile does not overwrite the
/// typed text.
#[component]
fn NoteField(cell: Arc<CellState>) -> impl IntoView {
    let dashboard = use_dashboard();
    let (id, note) = (cell.id.clone(), cell.description.get_untracked());
    let begin = dashboard.begin_with(&id, Field::Note, &note);
    let field = NodeRef::<html::Textarea>::new();
    Effect::new(move |_| {
        if let Some(field) = field.get() {
            let _ = field.focus();
        }
    });
    let save = {
        // The field's own line breaks are no change by the user.
        let (id, before) = (id.clone(), as_typed(&note));
        move |field: HtmlTextAreaElement| {
            let text = field.value();
            // Removing the field blurs it, which saves again: `end_edit` is true only once.
            if dashboard.end_edit(&id, Field::Note) && text != before {
                dashboard.save(id.clone(), Field::Note, text);
            }
        }
    };
    let blur = {
        let save = save.clone();
        move |event: FocusEvent| save(event_target(&event))
    };
    let keys = move |event: KeyboardEvent| {
        match event.key().as_str() {
            "Enter" if event.ctrl_key() || event.meta_key() => save(event_target(&event)),
            "Escape" => {
                dashboard.end_edit(&id, Field::Note);
            }
            _ => return,
        }
        event.prevent_default();
        dashboard.focus_cell(&id);
    };
    view! {
        <textarea
            node_ref=field
            rows="3"
            aria-label=move || ["Note of ", &cell.title()].concat()
            title="Ctrl+Enter saves, Esc cancels"
            prop:value=begin
            on:blur=blur
            on:keydown=keys
        ></textarea>
    }
}

#[cfg(test)]
mod tests {
    use super::as_typed;

    #[test]
    fn line_breaks_become_those_of_a_field() {
        assert_eq!(as_typed("a\r\nb\rc\n\r\n\n\r"), "a\nb\nc\n\n\n\n");
        assert_eq!(as_typed(""), "");
    }
}
