//! The notes under the stage: plain text, edited in place.

use std::sync::Arc;

use leptos::either::Either;
use leptos::html;
use leptos::prelude::*;
use web_sys::{FocusEvent, HtmlTextAreaElement, KeyboardEvent, MouseEvent};

use crate::app::state::{CellState, Field, use_dashboard};
use crate::browser::dom;

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
            Either::Left(view! { <NoteField cell=state.get_value() /> })
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

/// As a field gives it back, with line feeds alone. By characters: the search for texts is 3 KB of code that nothing else needs.
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

/// The field takes the note once; what comes meanwhile does not overwrite what is typed.
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
        // Fields know only one kind of line break, which is no change by the person.
        let (id, before) = (id.clone(), as_typed(&note));
        move |field: HtmlTextAreaElement| {
            let text = field.value();
            // Taking the field away blurs it, which asks to save again: `end_edit` tells the two apart.
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
