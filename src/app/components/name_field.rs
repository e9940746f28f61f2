//! The field in which a name is edited in place: of the board, of a section or of a cell. It belongs to the second part of the page's code.

use leptos::html;
use leptos::prelude::*;
use web_sys::{FocusEvent, HtmlInputElement, KeyboardEvent};

/// How the editing of a name ends.
pub enum NameEdit {
    /// By Enter, or because the focus has left the field.
    Saved {
        name: String,
        has_focus: bool,
    },
    Cancelled,
}

/// The field takes the name once: an event that arrives meanwhile does not overwrite the typed text. `on_end` is called once.
#[component]
pub fn NameField(
    label: &'static str,
    name: String,
    /// In characters; 0: the server decides.
    #[prop(optional)]
    max_length: u32,
    on_end: Callback<NameEdit>,
) -> impl IntoView {
    let field = NodeRef::<html::Input>::new();
    let text = name.clone();
    Effect::new(move |_| {
        if let Some(field) = field.get() {
            let _ = field.focus();
            // The view sets the value after this effect. Another value would clear the selection; the same one does not.
            field.set_value(&text);
            // The caret is at the end.
            let _ = field.set_selection_range_with_direction(0, text.encode_utf16().count() as u32, "forward");
        }
    });
    // Removing the field blurs it, after its signals are disposed.
    let is_over = StoredValue::new(false);
    let end = move |edit: NameEdit| {
        if is_over.try_update_value(|is_over| std::mem::replace(is_over, true)) == Some(false) {
            on_end.run(edit);
        }
    };
    let saved = |field: HtmlInputElement, has_focus| NameEdit::Saved { name: field.value(), has_focus };
    let blur = move |event: FocusEvent| end(saved(event_target(&event), false));
    let keys = move |event: KeyboardEvent| {
        let edit = match event.key().as_str() {
            "Enter" if !event.is_composing() => saved(event_target(&event), true),
            "Escape" => NameEdit::Cancelled,
            _ => return,
        };
        event.prevent_default();
        end(edit);
    };
    view! {
        <input
            type="text"
            node_ref=field
            class="name-field"
            aria-label=label
            maxlength=(max_length > 0).then(|| max_length.to_string())
            autocomplete="off"
            spellcheck="false"
            prop:value=name
            on:blur=blur
            on:keydown=keys
        />
    }
}
