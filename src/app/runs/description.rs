//! Tags and notes of a run, below its name: everyone sees them, and who may write edits them there.

use gloo_net::http::Method;
use leptos::either::Either;
use leptos::ev::SubmitEvent;
use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::Value;

use crate::app::erased::Erase;
use crate::app::state::use_dashboard;
use crate::browser::{dom, fetch, math};
use crate::protocol::RunId;
use crate::routes;

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

    /// What stands in the fields: tags in one line, and the notes behind it.
    fn read(tags: &str, notes: &str) -> Self {
        let tags = tags.split(',').map(|tag| tag.trim().to_owned()).filter(|tag| !tag.is_empty()).collect();
        Self { tags, notes: notes.to_owned() }
    }
}

/// What is typed and not stored yet: in the tab's storage until it is, so that neither another run nor a new page takes it away.
#[derive(Clone)]
struct Draft {
    key: String,
}

impl Draft {
    fn of(board: &str, id: &RunId) -> Self {
        Self { key: ["agnez-run-draft:", board, "/", id.as_str()].concat() }
    }

    /// The texts of both fields, if they are not what is stored by now.
    fn take(&self, stored: &Described) -> Option<(String, String)> {
        let storage = dom::session_storage()?;
        let kept = storage.get_item(&self.key).ok()??;
        let (tags, notes) = kept.split_once('\n')?;
        if Described::read(tags, notes) == *stored {
            let _ = storage.remove_item(&self.key);
            return None;
        }
        Some((tags.to_owned(), notes.to_owned()))
    }

    fn keep(&self, tags: &str, notes: &str, stored: &Described) {
        if let Some(storage) = dom::session_storage() {
            let _ = match Described::read(tags, notes) == *stored {
                true => storage.remove_item(&self.key),
                false => storage.set_item(&self.key, &[tags, "\n", notes].concat()),
            };
        }
    }
}

#[component]
pub fn Description(id: RunId, described: Described) -> impl IntoView {
    let dashboard = use_dashboard();
    let draft = Draft::of(&dashboard.page().board, &id);
    let typed = draft.take(&described);
    let is_open = typed.is_some();
    let (typed_tags, typed_notes) = typed.unwrap_or_else(|| (described.tags.join(", "), described.notes.clone()));
    let stored = described.clone();
    let Described { tags, notes } = described;
    let is_empty = tags.is_empty() && notes.is_empty();
    let tags = (!tags.is_empty()).then(|| {
        let tags = tags.into_iter().map(|tag| view! { <li>{tag}</li> }).collect_view();
        view! { <ul class="run-tags" aria-label="Tags">{tags}</ul> }
    });
    let shown_notes = (!notes.is_empty()).then(|| view! { <Notes id=id.clone() text=notes.clone() /> });
    let (tags_field, notes_field) = (NodeRef::<html::Input>::new(), NodeRef::<html::Textarea>::new());
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let (Some(tags), Some(notes)) = (tags_field.get_untracked(), notes_field.get_untracked()) else { return };
        let Described { tags, notes } = Described::read(&tags.value(), &notes.value());
        dashboard.describe_run(id.clone(), tags, notes);
    };
    let keep = move |_| {
        if let (Some(tags), Some(notes)) = (tags_field.get_untracked(), notes_field.get_untracked()) {
            draft.keep(&tags.value(), &notes.value(), &stored);
        }
    };
    let editor = dashboard.may_write().then(|| {
        view! {
            <details open=is_open>
                <summary>{if is_empty { "Add tags and notes" } else { "Edit tags and notes" }}</summary>
                <form on:submit=submit on:input=keep>
                    <label>"Tags, with commas between them" <input node_ref=tags_field value=typed_tags autocomplete="off" /></label>
                    <label>"Notes, in Markdown" <textarea node_ref=notes_field rows="4" maxlength=MAX_NOTES>{typed_notes}</textarea></label>
                    <button type="submit">"Save"</button>
                </form>
            </details>
        }
    });
    view! { <div class="run-description">{tags} {shown_notes} {editor}</div> }.erase_built()
}

/// The notes as the server renders them; until then, and where it does not, as they were written.
#[component]
#[expect(clippy::disallowed_methods, reason = "HTML that the server makes of Markdown, in which HTML of clients is text")]
fn Notes(id: RunId, text: String) -> impl IntoView {
    let address = routes::run_notes(&use_dashboard().page().board, &id);
    let html = RwSignal::new(None::<String>);
    spawn_local(async move {
        let rendered = fetch::api::<Value>(Method::GET, &address, None).await.ok();
        html.try_set(rendered.and_then(|rendered| Some(rendered.as_str()?.to_owned())));
    });
    let pane = NodeRef::<html::Div>::new();
    pane.on_load(|pane| math::typeset(pane.into()));
    move || match html.get() {
        Some(html) => Either::Left(view! { <div class="run-notes markdown" node_ref=pane inner_html=html></div> }),
        None => Either::Right(view! { <div class="run-notes written">{text.clone()}</div> }),
    }
}
