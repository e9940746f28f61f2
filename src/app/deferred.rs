//! The second part of the page's code: what neither the first paint nor hydration needs. The page loads it when it has nothing else to do,
//! or as soon as a reader opens something of it.
//!
//! What belongs to it is named in `deferred_code.rs`; the rest of the page calls it through [`DeferredCode`].

use std::pin::Pin;

use gloo_net::http::Method;
use gloo_timers::future::TimeoutFuture;
use leptos::html::Div;
use leptos::leptos_dom::helpers::request_idle_callback_with_handle;
use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::Value;

use crate::app::erased::Erase;
use crate::charts::kinds::Kind;
use crate::protocol::{ApiError, CellId, ChartsPatch, ErrorKind, LayoutPatch, RunId};

const FIRST_RETRY_MS: u32 = 500;
const MAX_RETRY_MS: u32 = 30_000;

/// The answer of a server function.
pub type Answer<T> = Pin<Box<dyn Future<Output = Result<T, ApiError>>>>;

/// Of a board, a section, the width and the height of its cells.
pub type ResizeSection = fn(String, Option<String>, Option<u8>, Option<u16>) -> Answer<LayoutPatch>;

/// A request to REST, as a value: the undo of a change is one.
#[derive(Clone, Debug, PartialEq)]
pub struct RestRequest {
    pub method: Method,
    pub address: String,
    /// JSON.
    pub body: Option<String>,
}

impl RestRequest {
    pub const fn get(address: String) -> Self {
        Self { method: Method::GET, address, body: None }
    }

    pub fn post(address: String, body: &Value) -> Self {
        Self { method: Method::POST, address, body: Some(body.to_string()) }
    }

    pub fn put(address: String, body: &Value) -> Self {
        Self { method: Method::PUT, address, body: Some(body.to_string()) }
    }

    pub fn patch(address: String, body: &Value) -> Self {
        Self { method: Method::PATCH, address, body: Some(body.to_string()) }
    }

    pub const fn delete(address: String) -> Self {
        Self { method: Method::DELETE, address, body: None }
    }
}

/// The functions of `crate::server_functions`. Those that arrange the board or set charts answer what undoes the change.
pub struct ServerCalls {
    /// Of a board, a name and a section.
    pub create_cell: fn(String, String, Option<String>) -> Answer<CellId>,
    /// Of a cell, its name and its note.
    pub edit_cell: fn(CellId, Option<String>, Option<String>) -> Answer<()>,
    pub remove_cell: fn(CellId) -> Answer<()>,
    pub restore_cell: fn(CellId) -> Answer<()>,
    pub change_charts: fn(Vec<ChartsPatch>) -> Answer<Vec<ChartsPatch>>,
    /// Of a cell, its section, and the cell before which it comes.
    pub move_cell: fn(CellId, Option<String>, Option<CellId>) -> Answer<LayoutPatch>,
    /// Of a board.
    pub change_layout: fn(String, LayoutPatch) -> Answer<LayoutPatch>,
    /// Of a board, a section and its new name.
    pub rename_section: fn(String, String, String) -> Answer<LayoutPatch>,
    /// Of a board, a section, and the section before which it comes.
    pub move_section: fn(String, String, Option<String>) -> Answer<LayoutPatch>,
    /// Of a board and a section.
    pub pin_section: fn(String, String, bool) -> Answer<LayoutPatch>,
    /// Of a board, a section, the width and the height of its cells.
    pub resize_section: ResizeSection,
    /// Of a Markdown text; resolves to HTML.
    pub preview_text: fn(String) -> Answer<String>,
    /// Resolves to the JSON of the reply.
    pub request: fn(RestRequest) -> Answer<Value>,
    /// The same, without the reply.
    pub send: fn(RestRequest) -> Answer<()>,
}

/// The functions of the second part. Views take from contexts what their arguments do not say.
pub struct DeferredCode {
    /// What stands on the page from the time on that the part is loaded: menus and dialogs that are closed, and what follows the page.
    pub background: fn() -> AnyView,
    /// The sentence about so many charts without points.
    pub empty_charts_note: fn(Signal<usize>) -> AnyView,
    /// What a reader can put into an empty cell.
    pub first_value: fn(CellId) -> AnyView,
    /// The items of the menu of the board.
    pub board_actions: fn() -> AnyView,
    /// The field in which the title of the board is edited.
    pub title_field: fn() -> AnyView,
    /// The field of the description of the board.
    pub description_field: fn() -> AnyView,
    /// The content of the dialog that lists the keys.
    pub help: fn() -> AnyView,
    /// The dialog with the links to the board. It clears the signal when it closes.
    pub share_dialog: fn(RwSignal<bool>) -> AnyView,
    /// The content of the settings panel of charts.
    pub chart_panel: fn(NodeRef<Div>) -> AnyView,
    /// The panel of sizes and layouts.
    pub layout_panel: fn() -> AnyView,
    /// The content of the menu of views.
    pub views_menu: fn(NodeRef<Div>) -> AnyView,
    /// The field in which the name of a cell is edited.
    pub name_field: fn(CellId) -> AnyView,
    /// The field in which the name of a section is edited.
    pub section_field: fn(String) -> AnyView,
    /// The field in which the note of a cell is edited.
    pub note_field: fn(CellId) -> AnyView,
    /// The menu of the columns of the table of runs.
    pub column_editor: fn() -> AnyView,
    /// The actions on the chosen runs.
    pub bulk_actions: fn() -> AnyView,
    /// The details of a run, to which the board is narrowed.
    pub run_details: fn(RunId) -> AnyView,
    /// The dialog that compares configurations.
    pub config_diff: fn() -> AnyView,
    /// Lets pointers and keys zoom line charts.
    pub install_chart_input: fn(),
    /// The kinds of charts that are drawn from one value.
    pub chart_kinds: &'static [Kind],
    /// The server functions: who changes something waits for the server anyway.
    pub server: ServerCalls,
}

/// Resolves to `None` where the file could not be loaded; the next call tries again.
pub type Loading = Pin<Box<dyn Future<Output = Option<&'static DeferredCode>>>>;

/// A handle to the second part.
#[derive(Clone, Copy)]
pub struct Deferred {
    /// `None` until it is loaded. The server never sets it: the browser hydrates what a page without it shows.
    code: RwSignal<Option<&'static DeferredCode>>,
    /// Set each time that a reader opens something which cannot be loaded.
    failed: RwSignal<bool>,
    load: fn() -> Loading,
}

impl Deferred {
    pub fn new(load: fn() -> Loading) -> Self {
        Self { code: RwSignal::new(None), failed: RwSignal::new(false), load }
    }

    /// The second part if it is loaded. A view that reads this is updated when it is.
    pub fn loaded(self) -> Option<&'static DeferredCode> {
        self.code.get()
    }

    pub fn is_loaded(self) -> bool {
        self.code.with_untracked(Option::is_some)
    }

    /// Loads the second part now: a reader waits for it.
    pub fn request(self) {
        spawn_local(async move {
            if self.load().await.is_none() {
                self.failed.try_set(true);
            }
        });
    }

    /// The second part, for a view that a reader has opened. Where it is not loaded yet, this requests it, and updates the view then.
    pub fn get(self) -> Option<&'static DeferredCode> {
        let code = self.loaded();
        if code.is_none() && is_browser() {
            self.request();
        }
        code
    }

    /// What the second part shows in a place that a reader has opened; until it is loaded, a sentence.
    pub fn view(self, code: Option<&'static DeferredCode>, show: impl FnOnce(&'static DeferredCode) -> AnyView) -> AnyView {
        if let Some(code) = code {
            return show(code);
        }
        let failed = self.failed;
        let sentence = move || if failed.get() { "This could not be loaded. The page tries again." } else { "Loading…" };
        view! {
            <p class="hint" role="status">
                {sentence}
            </p>
        }
        .erase()
    }

    /// Waits for the second part. `None` where it cannot be loaded now.
    pub async fn load(self) -> Option<&'static DeferredCode> {
        if let Some(code) = self.code.try_get_untracked().flatten() {
            return Some(code);
        }
        let code = (self.load)().await;
        // Two may have waited for it.
        if code.is_some() && self.code.try_with_untracked(Option::is_none) == Some(true) {
            self.code.try_set(code);
        }
        code
    }

    /// Calls a server function, whose code is in the second part.
    pub fn call<T: 'static>(self, call: impl FnOnce(&'static ServerCalls) -> Answer<T> + 'static) -> Answer<T> {
        let call: Box<dyn FnOnce(&'static ServerCalls) -> Answer<T>> = Box::new(call);
        Box::pin(async move {
            match self.load().await {
                Some(code) => call(&code.server).await,
                None => Err(ErrorKind::Unavailable.with("The server could not be reached; nothing was changed.")),
            }
        })
    }

    /// Loads it when the browser is idle, and tries again until it is there. Calls `on_failure` when a reader has waited for it in vain.
    pub fn preload(self, on_failure: impl Fn() + 'static) {
        Effect::new(move |_| {
            if self.failed.get() {
                on_failure();
            }
        });
        let begin = move || {
            spawn_local(async move {
                let mut delay = FIRST_RETRY_MS;
                while self.load().await.is_none() {
                    TimeoutFuture::new(delay).await;
                    delay = (2 * delay).min(MAX_RETRY_MS);
                }
            });
        };
        // Not every browser says when it is idle.
        if request_idle_callback_with_handle(begin).is_err() {
            begin();
        }
    }
}
