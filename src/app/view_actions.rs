//! What the menu of views does: it saves how the reader looks at the board, and renames and deletes what was saved.

use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::json;

use super::charts;
use super::deferred::RestRequest;
use super::state::{Dashboard, ToastKind, VIEW_KEY};
use crate::browser::dom;
use crate::protocol::{BlockPatch, LayoutPatch, View};
use crate::routes;

/// Keys of the address that are no part of a view: which one is open, and which cell is in full screen.
const NOT_OF_A_VIEW: [&str; 2] = [VIEW_KEY, "full="];

impl Dashboard {
    /// How the reader looks at the board now, under a name. Browser only.
    fn current_view(self, id: String, name: String) -> View {
        let search = dom::query_of_page();
        let parts = search.split('&').filter(|part| !part.is_empty() && !NOT_OF_A_VIEW.iter().any(|key| part.starts_with(key)));
        let mut layout = self.view.layout();
        // What is only tried on the board is seen, too.
        if let Some(trial) = self.arrangement.trial.get_untracked() {
            let block = BlockPatch { id: None, ..BlockPatch::of(&trial) };
            layout.extend(LayoutPatch { blocks: vec![block], ..LayoutPatch::default() });
        }
        View {
            id,
            name,
            query: parts.collect::<Vec<_>>().join("&"),
            layout: Some(layout).filter(|layout| !layout.is_empty()),
            folded: self.arrangement.folded.get_untracked(),
        }
    }

    /// Whether the view that is open would be another one if it was saved over.
    pub fn is_view_changed(self, view: &View) -> bool {
        let now = self.current_view(view.id.clone(), view.name.clone());
        let layout = |view: &View| view.layout.clone().unwrap_or_default();
        now.query != view.query || now.folded != view.folded || layout(&now) != layout(view)
    }

    /// Saves a new view, and opens it.
    pub fn save_view(self, name: String) {
        let view = self.current_view(String::new(), name);
        let mut body = json!(view);
        if let Some(keys) = body.as_object_mut() {
            keys.remove("_id");
        }
        let board = self.page().board.clone();
        let request = RestRequest::post(routes::views(&board), &body);
        let saved = self.deferred.call(|server| (server.request)(request));
        spawn_local(async move {
            match saved.await {
                Err(error) => self.notify(ToastKind::Error(error.message)),
                Ok(saved) => {
                    let id = saved["_id"].as_str().unwrap_or_default().to_owned();
                    let undo = RestRequest::delete(routes::view(&board, &id));
                    self.enter_view(Some(id));
                    self.notify(ToastKind::Changed { message: ["Saved the view ‘", &view.name, "’."].concat(), undo });
                }
            }
        });
    }

    /// Saves how the reader looks at the board now in place of the view.
    pub fn save_over_view(self, view: &View) {
        let now = self.current_view(view.id.clone(), view.name.clone());
        self.replace_view(&now, view, ["Saved the view ‘", &view.name, "’."].concat());
    }

    pub fn rename_view(self, view: &View, name: String) {
        let message = ["Renamed the view ‘", &view.name, "’."].concat();
        self.replace_view(&View { name, ..view.clone() }, view, message);
    }

    fn replace_view(self, view: &View, before: &View, message: String) {
        let address = routes::view(&self.page().board, &view.id);
        let undo = RestRequest::put(address.clone(), &json!(before));
        self.request(RestRequest::put(address, &json!(view)), Some(ToastKind::Changed { message, undo }));
    }

    /// Deletes a view. Its arrangement stays until the page is loaded again.
    pub fn delete_view(self, view: &View) {
        let board = self.page().board.clone();
        let undo = RestRequest::post(routes::views(&board), &json!(view));
        let message = ["Deleted the view ‘", &view.name, "’."].concat();
        if self.view.id.with_untracked(|open| open.as_ref() == Some(&view.id)) {
            self.enter_view(None);
        }
        self.request(RestRequest::delete(routes::view(&board, &view.id)), Some(ToastKind::Changed { message, undo }));
    }

    /// Writes the view into the address.
    fn enter_view(self, id: Option<String>) {
        charts::set_query_key(VIEW_KEY, id.as_deref().unwrap_or_default());
        self.view.id.set(id);
    }
}
