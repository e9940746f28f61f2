//! Pictures that a reader drops on the board, pastes or chooses: each becomes a cell, or fills an empty one.

use std::sync::Arc;

use leptos::ev;
use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::json;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{ClipboardEvent, DataTransfer, DragEvent, File, FileList, FileReader, Node};

use super::deferred::RestRequest;
use super::fullscreen;
use super::state::{CellState, ContentKind, Dashboard, ToastKind};
use crate::browser::dom;
use crate::protocol::{ApiError, CellId, ErrorKind};
use crate::routes;

/// The attribute of the root element while files are over the page.
const DROPPING: &str = "data-dropping";

/// Takes files that are dropped on the page, or pasted, while the current owner lives. Browser only.
pub fn use_pictures(dashboard: Dashboard) {
    let over = window_event_listener(ev::dragover, |event: DragEvent| {
        if event.data_transfer().is_some_and(|data| has_files(&data)) {
            // Without this the browser would open the file.
            event.prevent_default();
            dom::set_root_attribute(DROPPING, Some(""));
        }
    });
    let leave = window_event_listener(ev::dragleave, |event: DragEvent| {
        // Of the window, not of an element in it.
        if event.related_target().is_none() {
            dom::set_root_attribute(DROPPING, None);
        }
    });
    let dropped = window_event_listener(ev::drop, move |event: DragEvent| {
        dom::set_root_attribute(DROPPING, None);
        if let Some(data) = event.data_transfer().filter(has_files) {
            event.prevent_default();
            let target = event.target().and_then(|target| target.dyn_into::<Node>().ok());
            let cell = target.as_ref().and_then(|target| dashboard.cell_around(target));
            let section = target.and_then(|target| dashboard.arrangement.section_around(&target));
            take(dashboard, data.files(), cell, section);
        }
    });
    let pasted = window_event_listener(ev::paste, move |event: ClipboardEvent| {
        let data = event.clipboard_data().filter(|data| !dom::is_typing(&event) && has_files(data));
        if let Some(data) = data {
            event.prevent_default();
            take(dashboard, data.files(), dashboard.focused_cell(), None);
        }
    });
    on_cleanup(move || {
        over.remove();
        leave.remove();
        dropped.remove();
        pasted.remove();
    });
}

fn has_files(data: &DataTransfer) -> bool {
    data.types().iter().any(|kind| kind == "Files")
}

/// Adds a cell for each of the files, at the end of a section or of the part without a name; the first fills `cell` if that has no value.
pub fn take(dashboard: Dashboard, files: Option<FileList>, cell: Option<CellId>, section: Option<String>) {
    let files = files.map(|files| (0..files.length()).filter_map(|at| files.item(at)).collect::<Vec<_>>()).unwrap_or_default();
    let mut empty = cell.and_then(|id| dashboard.cell(&id)).filter(|cell| cell.content_kind.get_untracked() == ContentKind::Empty);
    if files.len() > usize::from(empty.is_some()) {
        // New cells are not seen behind the one in full screen.
        fullscreen::leave(dashboard);
    }
    spawn_local(async move {
        // One after the other, so that their order is that of the files.
        for file in files {
            if let Err(error) = add(dashboard, &file, empty.take(), section.as_deref()).await {
                dashboard.notify(ToastKind::Error(error.message));
            }
        }
    });
}

async fn add(dashboard: Dashboard, file: &File, empty: Option<Arc<CellState>>, section: Option<&str>) -> Result<(), ApiError> {
    let name = file.name();
    let name = name.rsplit_once('.').map_or(name.as_str(), |(name, _)| name);
    let picture = data_uri(file).await?;
    let request = match &empty {
        Some(cell) => RestRequest::patch(routes::value(&cell.id), &json!({ "type": "img", "value": picture })),
        None => {
            let layout = section.map_or_else(|| json!({}), |section| json!({ "section": section }));
            let keys = json!({ "board": dashboard.page().board, "name": name, "type": "img", "value": picture, "layout": layout });
            RestRequest::post(routes::VALUES.to_owned(), &keys)
        }
    };
    let kind = empty.as_ref().map(|cell| cell.cell_type.get_untracked());
    let stored = dashboard.deferred.call(|server| (server.request)(request)).await?;
    let undo = match &empty {
        Some(cell) => RestRequest::patch(routes::value(&cell.id), &json!({ "type": kind, "value": [] })),
        None => RestRequest::delete([routes::VALUES, "/", stored["_id"].as_str().unwrap_or_default()].concat()),
    };
    dashboard.notify(ToastKind::Changed { message: ["Added the picture ‘", name, "’."].concat(), undo });
    Ok(())
}

/// The file as a `data:` URI. 400: it is no picture, or could not be read.
async fn data_uri(file: &File) -> Result<String, ApiError> {
    let wrong = |why: &str| ErrorKind::BadRequest.with(["‘", &file.name(), "’ ", why].concat());
    if !file.type_().starts_with("image/") {
        return Err(wrong("is no picture; nothing was added."));
    }
    let reader = FileReader::new().map_err(|_| wrong("could not be read."))?;
    let loaded = js_sys::Promise::new(&mut |resolve, reject| {
        reader.set_onload(Some(&resolve));
        reader.set_onerror(Some(&reject));
    });
    reader.read_as_data_url(file).map_err(|_| wrong("could not be read."))?;
    JsFuture::from(loaded).await.map_err(|_| wrong("could not be read."))?;
    reader.result().ok().and_then(|result| result.as_string()).ok_or_else(|| wrong("could not be read."))
}
