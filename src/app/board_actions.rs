//! The actions of the reader on the board as a whole. As with cells, the page changes when the event arrives.

use gloo_net::http::Method;
use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::{Value, json};

use super::state::{BoardUndo, Dashboard, ToastKind};
use crate::browser::fetch;
use crate::protocol::ApiError;
use crate::routes;

impl Dashboard {
    /// Gives the board another title; an empty one is that of its name.
    pub fn rename_board(self, title: &str) {
        let title = title.trim();
        self.send(self.patch_board(json!({ "title": (!title.is_empty()).then_some(title) })), None);
    }

    /// Moves the board to the archived ones, or back.
    pub fn archive_board(self, is_archived: bool) {
        let message = if is_archived { "Archived the board." } else { "The board is back in the list." };
        let undo = BoardUndo::Patch(archived(!is_archived));
        self.send(self.patch_board(archived(is_archived)), Some(ToastKind::Board { message, undo }));
    }

    /// Puts the board into the trash. The page stays and is empty; the toast has an undo button.
    pub fn remove_board(self) {
        let address = routes::board_document(&self.page().board);
        let remove = async move { fetch::api::<Value>(Method::DELETE, &address, None).await.map(drop) };
        self.send(remove, Some(ToastKind::Board { message: "Deleted the board.", undo: BoardUndo::Restore }));
    }

    pub fn undo_on_board(self, toast: u32, undo: BoardUndo) {
        self.dismiss(toast);
        match undo {
            BoardUndo::Patch(keys) => self.send(self.patch_board(keys), None),
            BoardUndo::Restore => {
                let address = [&routes::board_document(&self.page().board), "/restore"].concat();
                self.send(async move { fetch::api::<Value>(Method::POST, &address, None).await.map(drop) }, None);
            }
        }
    }

    /// Opens the field of the description, with the Markdown as it is stored.
    pub fn edit_description(self) {
        let address = routes::board_document(&self.page().board);
        spawn_local(async move {
            match fetch::api::<Value>(Method::GET, &address, None).await {
                Ok(document) => self.describing.set(Some(document["description"].as_str().unwrap_or_default().to_owned())),
                // A board without cells and keys.
                Err(error) if error.code == 404 => self.describing.set(Some(String::new())),
                Err(error) => self.notify(ToastKind::Error(error.message)),
            }
        });
    }

    /// Stores the description, and closes its field once it is stored.
    pub fn describe_board(self, text: String) {
        let patch = self.patch_board(json!({ "description": (!text.trim().is_empty()).then_some(text) }));
        let store = async move {
            patch.await?;
            self.describing.set(None);
            Ok(())
        };
        self.send(store, None);
    }

    fn patch_board(self, keys: Value) -> impl Future<Output = Result<(), ApiError>> + 'static {
        let address = routes::board_document(&self.page().board);
        async move { fetch::api::<Value>(Method::PATCH, &address, Some(&keys)).await.map(drop) }
    }
}

/// `null` removes the key.
fn archived(is_archived: bool) -> Value {
    json!({ "archived": is_archived.then_some(true) })
}
