//! The actions of the reader, by key, menu, button or mouse. The page changes when the event arrives over the live connection; a toast
//! shows an error.

use std::sync::Arc;

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::state::{CellState, ContentKind, Dashboard, Field, NewCell, Toast, ToastKind};
use crate::browser::clipboard;
use crate::protocol::{ApiError, CellId};

impl Dashboard {
    /// Adds an empty cell, at the end of a section or of the part without a name, and asks for its name.
    pub fn add(self, section: Option<String>) {
        if !self.may_write() {
            return;
        }
        // The cell has no name yet, and most filters hide that.
        self.clear_filter_for("");
        spawn_local(async move {
            let board = self.page().board.clone();
            match self.deferred.call(|server| (server.create_cell)(board, String::new(), section)).await {
                // The event of the cell may arrive before or after this reply. The name is edited as soon as the cell exists.
                Ok(id) => {
                    self.new_cell.set(Some(NewCell::new(id.clone())));
                    self.edit(id, Field::Name);
                }
                Err(error) => self.notify(ToastKind::Error(error.message)),
            }
        });
    }

    pub fn edit(self, id: CellId, field: Field) {
        if self.may_write() {
            // The fields belong to the second part of the page's code.
            self.deferred.request();
            self.set_editing(Some((id, field)));
        }
    }

    /// Ends the editing of a field without a change. Removes a cell that was just added and is still empty.
    pub fn cancel_edit(self, id: &CellId, field: Field) {
        let added = self.new_cell.get_untracked().filter(|added| added.id == *id);
        let is_ended = self.end_edit(id, field);
        if !(is_ended && added.is_some_and(|added| self.remove_bare(&added))) {
            self.focus_cell(id);
        }
    }

    /// Removes a cell that is still empty, and leads the page back. False if it is not.
    pub fn remove_bare(self, NewCell { id, scroll_y }: &NewCell) -> bool {
        let is_empty =
            |cell: Arc<CellState>| cell.content_kind.get_untracked() == ContentKind::Empty && cell.name.get_untracked().is_empty();
        let is_bare = self.cell(id).is_some_and(is_empty);
        if is_bare {
            let id = id.clone();
            self.send(self.deferred.call(|server| (server.remove_cell)(id)), None);
            self.focus_board();
            window().scroll_to_with_x_and_y(0.0, *scroll_y);
        }
        is_bare
    }

    /// Ends the editing of this field. False if it had ended before.
    pub fn end_edit(self, id: &CellId, field: Field) -> bool {
        let is_edited = self.editing.with_untracked(|edit| edit.as_ref().is_some_and(|(cell, edited)| cell == id && *edited == field));
        if is_edited {
            self.set_editing(None);
            self.new_cell.set(None);
        }
        is_edited
    }

    /// Stores the text of a field.
    pub fn save(self, id: CellId, field: Field, text: String) {
        // Another reader may have deleted the cell.
        if self.cell(&id).is_none() {
            return;
        }
        let (name, note) = match field {
            Field::Name => (Some(text.clone()), None),
            Field::Note => (None, Some(text.clone())),
            // Its editor saves it.
            Field::Text => return,
        };
        spawn_local(async move {
            let edited = id.clone();
            let answer = self.deferred.call(|server| (server.edit_cell)(edited, name, note)).await;
            if field == Field::Name && answer.is_ok() && !self.is_shown_untracked(&text) {
                self.notify(ToastKind::Filtered(1));
            }
            if let Err(error) = answer {
                self.notify(ToastKind::Error(error.message));
                self.unsaved.set(Some((id.clone(), field, text)));
                if self.editing.with_untracked(Option::is_none) {
                    self.edit(id, field);
                }
            }
        });
    }

    /// The initial text of a field: the one that could not be saved before, or the current one.
    pub fn begin_with(self, id: &CellId, field: Field, current: &str) -> String {
        let unsaved = &self.unsaved;
        let text = unsaved.with_untracked(|unsaved| {
            unsaved.as_ref().filter(|(cell, edited, _)| cell == id && *edited == field).map(|(_, _, text)| text.clone())
        });
        if text.is_some() {
            unsaved.set(None);
        }
        text.unwrap_or_else(|| current.to_owned())
    }

    /// Removes a cell without a question; the toast has an undo button.
    pub fn remove(self, id: CellId) {
        if !self.may_write() {
            return;
        }
        let name = self.cell(&id).map(|cell| cell.name.get_untracked()).unwrap_or_default();
        let neighbour = self.order.with_untracked(|order| {
            let at = order.iter().position(|known| *known == id)?;
            order.get(at + 1).or_else(|| order.get(at.checked_sub(1)?)).cloned()
        });
        let removed = id.clone();
        self.send(self.deferred.call(|server| (server.remove_cell)(removed)), Some(ToastKind::Deleted { id, name }));
        match neighbour {
            Some(id) => self.focus_cell(&id),
            None => self.focus_board(),
        }
    }

    /// Undoes the newest change whose toast offers that. False if there is none.
    pub fn undo(self) -> bool {
        let newest = self.toasts.with_untracked(|toasts| toasts.iter().rev().find(|toast| toast.kind.offers_undo()).cloned());
        newest.map(|toast| self.press_toast(toast)).is_some()
    }

    /// Does what the button of a toast offers.
    pub fn press_toast(self, Toast { number, kind }: Toast) {
        match kind {
            ToastKind::Deleted { id, name } => self.restore(number, id, &name),
            ToastKind::DeletedRun { id, .. } => self.restore_run(number, id),
            ToastKind::HiddenRun { id, .. } => self.show_run(number, id),
            ToastKind::Tagged { tag, runs } => self.untag_runs(number, runs, tag),
            ToastKind::Arranged { undo, .. } => {
                self.dismiss(number);
                self.undo_arrangement(undo);
            }
            ToastKind::Changed { undo, .. } => {
                self.dismiss(number);
                self.request(undo, None);
            }
            ToastKind::SetCharts { message, undo } => {
                self.dismiss(number);
                self.undo_charts(message, undo);
            }
            ToastKind::Overridden { target, .. } => self.store_overrides(&target),
            ToastKind::Filtered(_) => {
                self.dismiss(number);
                self.clear_filter();
            }
            ToastKind::Error(_) | ToastKind::Copied(_) => self.dismiss(number),
        }
    }

    /// Brings a deleted cell back. `name` is its name: a filter that would hide it is cleared.
    pub fn restore(self, toast: u32, id: CellId, name: &str) {
        self.dismiss(toast);
        self.clear_filter_for(name);
        self.send(self.deferred.call(|server| (server.restore_cell)(id)), None);
    }

    /// `object` completes the sentence "Copied ...".
    pub fn copy(self, text: String, object: &'static str) {
        spawn_local(async move {
            if clipboard::copy(&text).await {
                self.notify(ToastKind::Copied(object));
            } else {
                self.notify(ToastKind::Error("The browser did not let the page copy.".to_owned()));
            }
        });
    }

    /// Calls a server function; a toast shows its error, or else `done`. Does nothing with read-only access.
    pub fn send(self, call: impl Future<Output = Result<(), ApiError>> + 'static, done: Option<ToastKind>) {
        if !self.may_write() {
            return;
        }
        spawn_local(async move {
            match (call.await, done) {
                (Err(error), _) => self.notify(ToastKind::Error(error.message)),
                (Ok(()), Some(done)) => self.notify(done),
                (Ok(()), None) => {}
            }
        });
    }
}
