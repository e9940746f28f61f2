//! The editor of a text cell: Markdown, and beside it what the server makes of it. What is typed is a draft in this browser until it is
//! saved.

use std::sync::Arc;
use std::time::Duration;

use leptos::ev::{Event, KeyboardEvent};
use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::{Value, json};
use web_sys::HtmlTextAreaElement;

use crate::app::deferred::{Answer, RestRequest};
use crate::app::state::{CellState, Dashboard, Field, ResponseOrder, ToastKind, use_dashboard};
use crate::browser::{dom, math};
use crate::protocol::{ApiError, CellContent, CellId};
use crate::routes;

/// The key of the storage for the draft of a cell.
const DRAFT_KEY: &str = "agnez-draft:";
/// The preview follows the text after a pause of this length.
const PREVIEW_DELAY: Duration = Duration::from_millis(150);
/// Storages hold some megabytes for all drafts.
const MAX_DRAFT_BYTES: usize = 1 << 20;

/// The editor of the cell whose text is edited. It belongs to the second part of the page's code.
#[component]
pub fn TextEditor() -> impl IntoView {
    let dashboard = use_dashboard();
    let edited = Memo::new(move |_| dashboard.editing.with(|editing| editing.clone().filter(|(_, field)| *field == Field::Text)));
    move || {
        let (id, _) = edited.get()?;
        dashboard.cell(&id).map(|cell| view! { <OpenEditor cell /> })
    }
}

/// The value of a cell as it is stored.
#[derive(Clone)]
struct Stored {
    /// Empty for a cell without a value.
    text: String,
    /// The revision that the field was begun with: that of the draft, if there is one.
    rev: Option<u64>,
}

/// A draft as the browser keeps it: the revision of the text that it was begun with, a colon, and the draft.
fn parse_draft(kept: &str) -> (Option<u64>, &str) {
    kept.split_once(':').map_or((None, kept), |(rev, draft)| (rev.parse().ok(), draft))
}

fn format_draft(rev: Option<u64>, draft: &str) -> String {
    [&rev.map(|rev| rev.to_string()).unwrap_or_default(), ":", draft].concat()
}

fn kept_draft(key: &str) -> Option<String> {
    dom::local_storage()?.get_item(key).ok()?
}

/// Forgets a draft, unless it is another one by now: the editor may have been closed and opened again.
fn forget_draft(key: &str, draft: Option<&str>) {
    if let Some(storage) = dom::local_storage()
        && kept_draft(key).as_deref() == draft
    {
        let _ = storage.remove_item(key);
    }
}

#[derive(Clone, Copy)]
struct Editor {
    dashboard: Dashboard,
    cell: StoredValue<Arc<CellState>>,
    /// `None` until it has come.
    stored: RwSignal<Option<Stored>>,
    text: RwSignal<String>,
    /// For the text, or until it is saved.
    is_waiting: RwSignal<bool>,
    error: RwSignal<String>,
    field: NodeRef<html::Textarea>,
}

impl Editor {
    fn id(self) -> CellId {
        self.cell.with_value(|cell| cell.id.clone())
    }

    /// The revision of the value that the page has.
    fn rev(self) -> Option<u64> {
        self.cell.get_value().content.with(|content| match content {
            CellContent::Html { rev, .. } => Some(*rev),
            _ => None,
        })
    }

    fn draft_key(self) -> String {
        [DRAFT_KEY, self.id().as_str()].concat()
    }

    fn request(self, request: RestRequest) -> Answer<Value> {
        self.dashboard.deferred.call(|server| (server.request)(request))
    }

    /// Shows the text as it is stored by now, or the draft of it that this browser has. The editor may be closed before it has come.
    fn load(self, takes_draft: bool) {
        let (key, rev) = (self.draft_key(), untrack(|| self.rev()));
        let discarded = kept_draft(&key);
        let document = self.request(RestRequest::get(routes::value(&self.id())));
        self.is_waiting.set(true);
        self.error.set(String::new());
        spawn_local(async move {
            let document = document.await;
            self.is_waiting.try_set(false);
            match document {
                Ok(document) => {
                    if !takes_draft {
                        forget_draft(&key, discarded.as_deref());
                    }
                    let text = document["value"].as_str().unwrap_or_default().to_owned();
                    let kept = kept_draft(&key);
                    let (rev, shown) = kept.as_deref().map_or((rev, text.as_str()), parse_draft);
                    self.show(shown);
                    self.stored.try_set(Some(Stored { text, rev }));
                }
                Err(error) => drop(self.error.try_set(error.message)),
            }
        });
    }

    /// Writes a text into the field.
    fn show(self, text: &str) {
        self.text.try_set(text.to_owned());
        if let Some(field) = self.field.try_get_untracked().flatten() {
            field.set_value(text);
        }
    }

    /// What is typed now would be lost.
    fn is_busy(self) -> bool {
        self.is_waiting.get() || self.stored.with(Option::is_none)
    }

    fn is_changed(self) -> bool {
        self.stored.with(|stored| stored.as_ref().is_some_and(|stored| self.text.with(|text| *text != stored.text)))
    }

    /// Whether somebody has written another text since this one was begun.
    fn is_outdated(self) -> bool {
        self.stored.with(|stored| stored.as_ref().is_some_and(|stored| stored.rev != self.rev()))
    }

    fn typed(self, field: &HtmlTextAreaElement) {
        self.text.set(field.value());
        let Some(storage) = dom::local_storage() else { return };
        let draft = self.text.get_untracked();
        let rev = self.stored.with_untracked(|stored| stored.as_ref().and_then(|stored| stored.rev));
        let _ = if untrack(|| self.is_changed()) && draft.len() <= MAX_DRAFT_BYTES {
            storage.set_item(&self.draft_key(), &format_draft(rev, &draft))
        } else {
            storage.remove_item(&self.draft_key())
        };
    }

    fn close(self) {
        let id = self.id();
        self.dashboard.end_edit(&id, Field::Text);
        self.dashboard.focus_cell(&id);
    }

    fn save(self) {
        if untrack(|| self.is_busy()) {
            return;
        }
        let key = self.draft_key();
        let draft = kept_draft(&key);
        if !untrack(|| self.is_changed()) {
            forget_draft(&key, draft.as_deref());
            return self.close();
        }
        self.is_waiting.set(true);
        self.error.set(String::new());
        let (address, text) = (routes::value(&self.id()), self.text.get_untracked());
        let saved = async move {
            // What is replaced now, which somebody else may have written after this editor was opened.
            let before = self.request(RestRequest::get(address.clone())).await?;
            self.request(RestRequest::patch(address.clone(), &json!({ "type": "text", "value": text }))).await?;
            Ok::<_, ApiError>(RestRequest::patch(address, &json!({ "type": before["type"], "value": before["value"] })))
        };
        spawn_local(async move {
            let saved = saved.await;
            self.is_waiting.try_set(false);
            match saved {
                Err(error) => {
                    // An editor that was closed meanwhile shows nothing.
                    if let Some(message) = self.error.try_set(error.message) {
                        let message = ["The text was not saved, its editor has it: ", &message].concat();
                        self.dashboard.notify(ToastKind::Error(message));
                    }
                }
                Ok(undo) => {
                    self.dashboard.notify(ToastKind::Changed { message: "Saved the text.".to_owned(), undo });
                    forget_draft(&key, draft.as_deref());
                    // It may be closed by now.
                    if self.text.try_get_untracked().is_some() {
                        self.close();
                    }
                }
            }
        });
    }
}

#[component]
fn OpenEditor(cell: Arc<CellState>) -> impl IntoView {
    let dashboard = use_dashboard();
    let title = {
        let cell = cell.clone();
        move || cell.title()
    };
    let editor = Editor {
        dashboard,
        cell: StoredValue::new(cell),
        stored: RwSignal::new(None),
        text: RwSignal::new(String::new()),
        is_waiting: RwSignal::new(false),
        error: RwSignal::new(String::new()),
        field: NodeRef::new(),
    };
    let dialog = NodeRef::<html::Dialog>::new();
    Effect::new(move |_| {
        if let Some(dialog) = dialog.get() {
            let _ = dialog.show_modal();
            editor.load(true);
        }
    });
    let keys = move |event: KeyboardEvent| {
        if event.key() == "Enter" && (event.ctrl_key() || event.meta_key()) {
            event.prevent_default();
            editor.save();
        }
    };
    let is_busy = move || editor.is_busy();
    // The text could not be read.
    let has_failed = move || editor.stored.with(Option::is_none) && !editor.error.with(String::is_empty);
    let save_label = move || if editor.is_outdated() && editor.is_changed() { "Save over it" } else { "Save" };
    view! {
        <dialog class="text-editor" aria-labelledby="text-editor-title" node_ref=dialog on:keydown=keys on:close=move |_: Event| editor.close()>
            <h2 id="text-editor-title">{title}</h2>
            <div class="text-panes">
                <textarea
                    node_ref=editor.field
                    aria-label="Markdown"
                    placeholder="Markdown: **bold**, # heading, - list, | table |, $\\sqrt{x}$"
                    readonly=is_busy
                    on:input:target=move |event| editor.typed(&event.target())
                ></textarea>
                <Preview text=editor.text />
            </div>
            <p role="alert" class="bad" hidden=move || editor.error.with(String::is_empty)>
                {editor.error}
            </p>
            <p role="status" class="explanation">
                {move || {
                    if editor.is_outdated() {
                        "Somebody has changed the text meanwhile."
                    } else if editor.is_changed() {
                        "Not saved yet. Esc closes, and this browser keeps the draft."
                    } else {
                        ""
                    }
                }}
            </p>
            <div class="dialog-buttons">
                <button type="button" class="quiet" hidden=move || !editor.is_changed() on:click=move |_| editor.load(false)>
                    "Discard the draft"
                </button>
                <button type="button" hidden=move || !has_failed() on:click=move |_| editor.load(true)>
                    "Try again"
                </button>
                <button type="button" on:click=move |_| editor.close()>
                    "Close"
                </button>
                <button type="button" class="primary" title="Ctrl+Enter" disabled=is_busy on:click=move |_| editor.save()>
                    {save_label}
                </button>
            </div>
        </dialog>
    }
}

/// What the server makes of the text.
#[component]
#[expect(clippy::disallowed_methods, reason = "HTML that the server makes of Markdown, in which HTML of clients is text")]
fn Preview(text: RwSignal<String>) -> impl IntoView {
    let dashboard = use_dashboard();
    let (html, order) = (RwSignal::new(String::new()), StoredValue::new(ResponseOrder::default()));
    let timer = StoredValue::new(None::<TimeoutHandle>);
    let pane = NodeRef::<html::Div>::new();
    let request = move || {
        let (Some(text), Some(number)) = (text.try_get_untracked(), order.try_update_value(ResponseOrder::begin)) else { return };
        let drawn = dashboard.deferred.call(|server| (server.preview_text)(text));
        spawn_local(async move {
            if let Ok(drawn) = drawn.await
                && order.try_update_value(|order| order.apply(number)) == Some(true)
            {
                html.try_set(drawn);
            }
        });
    };
    Effect::new(move |_| {
        text.track();
        let next = set_timeout_with_handle(request, PREVIEW_DELAY).ok();
        if let Some(earlier) = timer.try_update_value(|timer| std::mem::replace(timer, next)).flatten() {
            earlier.clear();
        }
    });
    // After the view has set the HTML.
    Effect::new(move |_| {
        html.track();
        if let Some(pane) = pane.get() {
            math::typeset(pane.into());
        }
    });
    view! { <div class="markdown" role="region" aria-label="Preview" tabindex="0" node_ref=pane inner_html=html></div> }
}
