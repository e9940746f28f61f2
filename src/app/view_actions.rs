//! What the menu of views does: it saves how the reader looks at the board, and renames and deletes what was saved.

use leptos::ev;
use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::json;

use super::charts;
use super::deferred::RestRequest;
use super::state::{Dashboard, ToastKind, VIEW_KEY};
use crate::browser::dom;
use crate::protocol::{BlockPatch, LayoutPatch, View};
use crate::routes::{self, decoded};
use crate::sorting;

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
        !is_same_query(&now.query, &view.query) || now.folded != view.folded || layout(&now) != layout(view)
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
                    // The menu and the address name it as soon as the event has brought it.
                    self.view.id.set(Some(id));
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

    /// Deletes a view. What it has arranged stays the reader's own until the page is loaded again.
    pub fn delete_view(self, view: &View) {
        let board = self.page().board.clone();
        let undo = RestRequest::post(routes::views(&board), &json!(view));
        let message = ["Deleted the view ‘", &view.name, "’."].concat();
        self.request(RestRequest::delete(routes::view(&board, &view.id)), Some(ToastKind::Changed { message, undo }));
    }

    /// Names in the address the view that is open as long as there is one, while the current owner lives: it may be saved and deleted, here
    /// and elsewhere, and entries of the history may be older.
    pub fn write_view_into_url(self) {
        let open = Memo::new(move |_| self.open_view().map(|view| view.id));
        let write = move |id: Option<String>| charts::set_query_key(VIEW_KEY, &id.unwrap_or_default());
        let history = window_event_listener(ev::popstate, move |_| write(open.get_untracked()));
        on_cleanup(move || history.remove());
        Effect::new(move |before: Option<Option<String>>| {
            let now = open.get();
            // A view may be named by its name at first.
            if before.is_some_and(|before| before != now) {
                write(now.clone());
            }
            now
        });
    }
}

/// Whether two queries have the same keys and values, in any order and however they are escaped.
fn is_same_query(one: &str, other: &str) -> bool {
    let parts = |query: &str| {
        let mut parts: Vec<String> = query.split('&').map(decoded).collect();
        sorting::sort(&mut parts);
        parts
    };
    parts(one) == parts(other)
}

#[cfg(test)]
mod tests {
    use super::is_same_query;

    #[test]
    fn the_order_and_the_escapes_of_an_address_are_no_change() {
        assert!(is_same_query("q=name:a&filter=x%7Cy", "filter=x|y&q=name%3Aa"));
        assert!(is_same_query("", "") && !is_same_query("q=a", "") && !is_same_query("q=a&q=a", "q=a"));
    }
}
