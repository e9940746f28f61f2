//! The notes under the stage: plain text, edited in place.

use leptos::either::Either;
use leptos::html;
use leptos::prelude::*;
use web_sys::{HtmlTextAreaElement, KeyboardEvent};

use super::is_edited;
use crate::app::focus;
use crate::app::state::{Dashboard, Field};
use crate::client::browser;
use crate::protocol::CellId;

#[component]
pub fn Note(id: CellId, name: Memo<String>, note: Memo<String>) -> impl IntoView {
    let dashboard = Dashboard::here();
    let editing = is_edited(dashboard, &id, Field::Note);
    let content = move || {
        let id = id.clone();
        if editing.get() {
            return Either::Left(view! { <NoteField id name note=note.get_untracked() /> });
        }
        let edit = move |_| {
            if !browser::has_selection() {
                dashboard.edit(id.clone(), Field::Note);
            }
        };
        Either::Right(view! { <p on:click=edit>{note}</p> })
    };
    view! {
        <div class="chart-notes" hidden=move || !editing.get() && note.with(String::is_empty)>
            {content}
        </div>
    }
}

/// The field takes the note once; what comes meanwhile does not overwrite what is typed.
#[component]
fn NoteField(id: CellId, name: Memo<String>, note: String) -> impl IntoView {
    let dashboard = Dashboard::here();
    let field = NodeRef::<html::Textarea>::new();
    Effect::new(move || {
        if let Some(field) = field.get() {
            let _ = field.focus();
        }
    });
    let save = {
        // Fields know only one kind of line break, which is no change by the person.
        let (id, before) = (id.clone(), note.replace("\r\n", "\n").replace('\r', "\n"));
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
        move |event: web_sys::FocusEvent| save(event_target(&event))
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
        focus::cell(&id);
    };
    view! {
        <textarea
            node_ref=field
            rows="3"
            aria-label=move || name.with(|name| ["Note of ", if name.is_empty() { "untitled" } else { name }].concat())
            title="Ctrl+Enter saves, Esc cancels"
            prop:value=note
            on:blur=blur
            on:keydown=keys
        ></textarea>
    }
}
