//! What a person can do, whether by key, menu, button or mouse. The page changes when the event comes back; what goes wrong is said in a toast.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::focus;
use super::state::{Dashboard, Field};
use super::toasts::What;
use crate::client::clipboard;
use crate::protocol::{ApiError, CellId};
use crate::rpc;

impl Dashboard {
    /// Adds an empty cell and asks for its name.
    pub fn add(self) {
        let board = self.facts.with_value(|facts| facts.board.clone());
        spawn_local(async move {
            match rpc::create_cell(board, String::new()).await {
                // The cell may come before this answer or after it: it asks for its name as soon as it is there.
                Ok(id) => self.editing.set(Some((id, Field::Name))),
                Err(error) => self.complain(error),
            }
        });
    }

    pub fn edit(self, id: CellId, field: Field) {
        self.editing.set(Some((id, field)));
    }

    /// Ends the editing of a field, if it is still that one that is edited. False when it had ended before.
    pub fn end_edit(self, id: &CellId, field: Field) -> bool {
        let mine = self.editing.with_untracked(|edit| edit.as_ref().is_some_and(|(of, what)| of == id && *what == field));
        if mine {
            self.editing.set(None);
        }
        mine
    }

    /// Sends what was typed.
    pub fn save(self, id: CellId, field: Field, text: String) {
        if !self.contains(&id) {
            return;
        }
        let (name, note) = match field {
            Field::Name => (Some(text), None),
            Field::Note => (None, Some(text)),
        };
        self.run(async move { rpc::edit_cell(id, name, note).await });
    }

    /// Moves a cell one place; nothing happens at the ends.
    pub fn step(self, id: CellId, later: bool) {
        let before = self.order.with_untracked(|order| {
            let at = order.iter().position(|known| *known == id)?;
            if later {
                order.get(at + 1)?;
                Some(order.get(at + 2).cloned())
            } else {
                Some(Some(order.get(at.checked_sub(1)?)?.clone()))
            }
        });
        if let Some(before) = before {
            self.put_before(id, before);
        }
    }

    pub fn put_before(self, id: CellId, before: Option<CellId>) {
        self.run(async move { rpc::move_cell(id, before).await });
    }

    /// Removes at once; the toast brings it back.
    pub fn remove(self, id: CellId) {
        let name = self.name(&id);
        let neighbour = self.order.with_untracked(|order| {
            let at = order.iter().position(|known| *known == id)?;
            order.get(at + 1).or_else(|| order.get(at.checked_sub(1)?)).cloned()
        });
        spawn_local(async move {
            match rpc::remove_cell(id.clone()).await {
                Ok(()) => self.tell(What::Deleted { id, name }),
                Err(error) => self.complain(error),
            }
        });
        match neighbour {
            Some(id) => focus::cell(&id),
            None => focus::board(),
        }
    }

    /// Takes back the newest deletion that is still told of. False when there is none.
    pub fn undo(self) -> bool {
        let newest = self.toasts.with_untracked(|toasts| {
            toasts.iter().rev().find_map(|toast| match &toast.what {
                What::Deleted { id, .. } => Some((toast.number, id.clone())),
                _ => None,
            })
        });
        let Some((number, id)) = newest else { return false };
        self.restore(number, id);
        true
    }

    pub fn restore(self, toast: u32, id: CellId) {
        self.dismiss(toast);
        self.run(async move { rpc::restore_cell(id).await });
    }

    /// `what` completes the sentence "Copied ...".
    pub fn copy(self, text: String, what: &'static str) {
        spawn_local(async move {
            if clipboard::copy(&text).await {
                self.tell(What::Copied(what));
            } else {
                self.tell(What::Error("The browser did not let the page copy.".to_owned()));
            }
        });
    }

    pub fn complain(self, error: ApiError) {
        self.tell(What::Error(error.message));
    }

    fn run(self, task: impl Future<Output = Result<(), ApiError>> + 'static) {
        spawn_local(async move {
            if let Err(error) = task.await {
                self.complain(error);
            }
        });
    }
}
