//! The second part of the page's code: what neither the first paint nor hydration needs. The page loads it when it has nothing else to do,
//! or as soon as a reader opens something of it.
//!
//! What belongs to it is named in `deferred_code.rs`; the rest of the page calls it through [`DeferredCode`].

use std::pin::Pin;

use gloo_net::http::Method;
use leptos::html::Div;
use leptos::prelude::*;
use serde_json::Value;

use super::code_part::CodePart;
use crate::charts::kinds::Kind;
use crate::protocol::{ApiError, CellId, ChartsPatch, ErrorKind, LayoutPatch, RunId};

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

/// A handle to the second part.
pub type Deferred = CodePart<DeferredCode>;

impl Deferred {
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
}
