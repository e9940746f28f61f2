//! Pictures that a reader drops on the board, pastes or chooses: each becomes a cell, or fills an empty one.

use leptos::ev;
use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::json;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{ClipboardEvent, DataTransfer, DragEvent, File, FileList, FileReader, Node};

use super::deferred::RestRequest;
use super::state::{ContentKind, Dashboard, ToastKind};
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
            let cell = target.and_then(|target| dashboard.cell_around(&target));
            take(dashboard, data.files(), cell);
        }
    });
    let pasted = window_event_listener(ev::paste, move |event: ClipboardEvent| {
        let data = event.clipboard_data().filter(|data| !dom::is_typing(&event) && has_files(data));
        if let Some(data) = data {
            event.prevent_default();
            take(dashboard, data.files(), dashboard.focused_cell());
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

/// Adds a cell for each of the files; the first fills `cell` if that has no value.
pub fn take(dashboard: Dashboard, files: Option<FileList>, cell: Option<CellId>) {
    let files = files.map(|files| (0..files.length()).filter_map(|at| files.item(at)).collect::<Vec<_>>()).unwrap_or_default();
    let is_empty = |id: &CellId| dashboard.cell(id).is_some_and(|cell| cell.content_kind.get_untracked() == ContentKind::Empty);
    let mut cell = cell.filter(is_empty);
    for file in files {
        add(dashboard, file, cell.take());
    }
}

fn add(dashboard: Dashboard, file: File, cell: Option<CellId>) {
    let name = file.name();
    let name = name.rsplit_once('.').map_or(name.as_str(), |(name, _)| name).to_owned();
    spawn_local(async move {
        let added: Result<(), ApiError> = async {
            let picture = data_uri(&file).await?;
            let (request, undo_of) = match &cell {
                Some(id) => (RestRequest::patch(routes::value(id), &json!({ "type": "img", "value": picture })), cell.clone()),
                None => {
                    let keys = json!({ "board": dashboard.page().board, "name": name, "type": "img", "value": picture });
                    (RestRequest::post(routes::VALUES.to_owned(), &keys), None)
                }
            };
            let stored = dashboard.deferred.call(|server| (server.request)(request)).await?;
            let undo = match undo_of {
                Some(id) => RestRequest::patch(routes::value(&id), &json!({ "value": [] })),
                None => RestRequest::delete([routes::VALUES, "/", stored["_id"].as_str().unwrap_or_default()].concat()),
            };
            dashboard.notify(ToastKind::Changed { message: ["Added the picture ‘", &name, "’."].concat(), undo });
            Ok(())
        }
        .await;
        if let Err(error) = added {
            dashboard.notify(ToastKind::Error(error.message));
        }
    });
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
