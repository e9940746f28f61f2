//! Tags and notes of a run, below its name: everyone sees them, and who may write edits them there.

use leptos::either::Either;
use leptos::ev::SubmitEvent;
use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::Value;

use crate::app::erased::Erase;
use crate::app::state::use_dashboard;
use crate::browser::math;
use crate::protocol::RunId;

/// The server's limit for notes, in bytes; characters have at least one.
const MAX_NOTES: &str = "65536";

/// What is said of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Described {
    tags: Vec<String>,
    notes: String,
}

impl Described {
    /// That of the document of a run.
    pub fn of(document: &Value) -> Self {
        let tags = document["tags"].as_array().into_iter().flatten().filter_map(Value::as_str);
        Self { tags: tags.map(str::to_owned).collect(), notes: document["notes"].as_str().unwrap_or_default().to_owned() }
    }
}

#[component]
pub fn Description(id: RunId, described: Described) -> impl IntoView {
    let dashboard = use_dashboard();
    let Described { tags, notes } = described;
    let is_empty = tags.is_empty() && notes.is_empty();
    let known_tags = tags.join(", ");
    let tags = (!tags.is_empty()).then(|| {
        let tags = tags.into_iter().map(|tag| view! { <li>{tag}</li> }).collect_view();
        view! { <ul class="run-tags" aria-label="Tags">{tags}</ul> }
    });
    let shown_notes = (!notes.is_empty()).then(|| view! { <Notes text=notes.clone() /> });
    let (tags_field, notes_field) = (NodeRef::<html::Input>::new(), NodeRef::<html::Textarea>::new());
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let (Some(tags), Some(notes)) = (tags_field.get_untracked(), notes_field.get_untracked()) else { return };
        let tags = tags.value().split(',').map(|tag| tag.trim().to_owned()).filter(|tag| !tag.is_empty()).collect();
        dashboard.describe_run(id.clone(), tags, notes.value());
    };
    let editor = dashboard.may_write().then(|| {
        view! {
            <details>
                <summary>{if is_empty { "Add tags and notes" } else { "Edit tags and notes" }}</summary>
                <form on:submit=submit>
                    <label>"Tags, with commas between them" <input node_ref=tags_field value=known_tags autocomplete="off" /></label>
                    <label>"Notes, in Markdown" <textarea node_ref=notes_field rows="4" maxlength=MAX_NOTES>{notes}</textarea></label>
                    <button type="submit">"Save"</button>
                </form>
            </details>
        }
    });
    view! { <div class="run-description">{tags} {shown_notes} {editor}</div> }.erase()
}

/// The notes as the server renders them; until then, and where it does not, as they were written.
#[component]
#[expect(clippy::disallowed_methods, reason = "HTML that the server makes of Markdown, in which HTML of clients is text")]
fn Notes(text: String) -> impl IntoView {
    let dashboard = use_dashboard();
    let html = RwSignal::new(None::<String>);
    if dashboard.may_write() {
        let written = text.clone();
        let rendered = dashboard.deferred.call(move |server| (server.preview_text)(written));
        spawn_local(async move {
            if let Ok(rendered) = rendered.await {
                html.try_set(Some(rendered));
            }
        });
    }
    let pane = NodeRef::<html::Div>::new();
    pane.on_load(|pane| math::typeset(pane.into()));
    move || match html.get() {
        Some(html) => Either::Left(view! { <div class="run-notes markdown" node_ref=pane inner_html=html></div> }),
        None => Either::Right(view! { <div class="run-notes written">{text.clone()}</div> }),
    }
}
