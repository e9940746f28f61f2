//! Tags and notes of a run, to be edited.

use leptos::ev::SubmitEvent;
use leptos::html;
use leptos::prelude::*;
use serde_json::Value;

use crate::app::state::use_dashboard;
use crate::protocol::RunId;

/// The server's limit for notes, in bytes; characters have at least one.
const MAX_NOTES: &str = "65536";

/// `document`: that of the run.
#[component]
pub fn Description(id: RunId, document: Value) -> impl IntoView {
    let dashboard = use_dashboard();
    let (tags, notes) = (NodeRef::<html::Input>::new(), NodeRef::<html::Textarea>::new());
    let known_tags = document["tags"].as_array().into_iter().flatten().filter_map(Value::as_str).collect::<Vec<_>>().join(", ");
    let known_notes = document["notes"].as_str().unwrap_or_default().to_owned();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let (Some(tags), Some(notes)) = (tags.get_untracked(), notes.get_untracked()) else { return };
        let tags = tags.value().split(',').map(|tag| tag.trim().to_owned()).filter(|tag| !tag.is_empty()).collect();
        dashboard.describe_run(id.clone(), tags, notes.value());
    };
    view! {
        <details class="run-description">
            <summary>"Tags and notes"</summary>
            <form on:submit=submit>
                <label>"Tags, with commas between them" <input node_ref=tags value=known_tags autocomplete="off" /></label>
                <label>"Notes" <textarea node_ref=notes rows="4" maxlength=MAX_NOTES>{known_notes}</textarea></label>
                <button type="submit">"Save"</button>
            </form>
        </details>
    }
}
