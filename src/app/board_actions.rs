//! The actions of the reader on the board as a whole. As with cells, the page changes when the event arrives.

use gloo_net::http::Method;
use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::{Value, json};

use super::deferred::RestRequest;
use super::state::{Dashboard, ToastKind};
use crate::routes;

impl Dashboard {
    /// Gives the board another title; an empty one is that of its name.
    pub fn rename_board(self, title: &str) {
        let title = title.trim();
        self.request(self.patch_of_board(json!({ "title": (!title.is_empty()).then_some(title) })), None);
    }

    /// Moves the board to the archived ones, or back.
    pub fn archive_board(self, is_archived: bool) {
        let message = if is_archived { "Archived the board." } else { "The board is back in the list." }.to_owned();
        let undo = self.patch_of_board(archived(!is_archived));
        self.request(self.patch_of_board(archived(is_archived)), Some(ToastKind::Changed { message, undo }));
    }

    /// Puts the board into the trash. The page stays and is empty; the toast has an undo button.
    pub fn remove_board(self) {
        let address = routes::board_document(&self.page().board);
        let undo = RestRequest { method: Method::POST, ..RestRequest::get([&address, "/restore"].concat()) };
        self.request(RestRequest::delete(address), Some(ToastKind::Changed { message: "Deleted the board.".to_owned(), undo }));
    }

    /// Opens the field of the description, with the Markdown as it is stored.
    pub fn edit_description(self) {
        // There is nothing to read, and an empty board may not be there.
        if self.settings.with_untracked(|settings| settings.description.is_empty()) {
            return self.describing.set(Some(String::new()));
        }
        let document = RestRequest::get(routes::board_document(&self.page().board));
        let document = self.deferred.call(|server| (server.request)(document));
        spawn_local(async move {
            match document.await {
                Ok(document) => self.describing.set(Some(document["description"].as_str().unwrap_or_default().to_owned())),
                Err(error) => self.notify(ToastKind::Error(error.message)),
            }
        });
    }

    /// Stores the description, and closes its field once it is stored.
    pub fn describe_board(self, text: &str) {
        let patch = self.patch_of_board(json!({ "description": (!text.trim().is_empty()).then_some(text) }));
        let stored = self.deferred.call(|server| (server.send)(patch));
        let store = async move {
            stored.await?;
            self.describing.set(None);
            Ok(())
        };
        self.send(store, None);
    }

    /// Sends a request to REST; a toast shows its error, or else `done`.
    pub fn request(self, request: RestRequest, done: Option<ToastKind>) {
        self.send(self.deferred.call(|server| (server.send)(request)), done);
    }

    fn patch_of_board(self, keys: Value) -> RestRequest {
        RestRequest::patch(routes::board_document(&self.page().board), &keys)
    }
}

/// `null` removes the key.
fn archived(is_archived: bool) -> Value {
    json!({ "archived": is_archived.then_some(true) })
}
