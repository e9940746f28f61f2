//! The view that the address opens (`view=ID`). What it folds and how it arranges the board is the reader's own until it is saved.

use leptos::prelude::*;

use super::{ArrangementUndo, Dashboard, SetIfChanged, ToastKind};
use crate::protocol::{Board, BoardChange, BoardSettings, LayoutPatch, View};
use crate::routes::{decoded, query_value};

/// The key of the address.
pub const KEY: &str = "view=";

#[derive(Clone, Copy)]
pub struct OpenView {
    /// The id of the view; `None`: the board as everyone has it. What a view that is deleted meanwhile
    /// has arranged stays the reader's own.
    pub id: RwSignal<Option<String>>,
    /// What differs from the arrangement of the board, with what the reader has changed since. The board and the settings of the page have
    /// it already.
    layout: RwSignal<LayoutPatch>,
    /// Changes that are due. The second part of the page's code makes them.
    pub changes: RwSignal<Vec<ViewChange>>,
}

/// A change of how the view arranges the board.
#[derive(Clone)]
pub enum ViewChange {
    /// With a message, a toast offers to undo it.
    Arrange { patch: LayoutPatch, message: Option<String> },
    /// Takes such a change back: the patch, and what differed from the board before.
    Restore { undo: LayoutPatch, before: LayoutPatch },
}

impl OpenView {
    /// Opens the view that a query names by its id or its name, and arranges the board by it.
    pub(super) fn open(query: &str, board: &mut Board, settings: &mut BoardSettings) -> Self {
        let view = named_view(query, settings).cloned();
        let layout = view.as_ref().and_then(|view| view.layout.clone()).unwrap_or_default();
        layout.apply_to_layout(&mut settings.layout, &board.cells);
        layout.apply_to_cells(&mut board.cells);
        Self { id: RwSignal::new(view.map(|view| view.id)), layout: RwSignal::new(layout), changes: RwSignal::new(Vec::new()) }
    }

    /// Arranges what an event has brought.
    pub(super) fn arrange(self, board: &mut Board, change: &BoardChange) {
        if *change != BoardChange::None {
            self.layout.with_untracked(|layout| layout.apply_to_cells(&mut board.cells));
        }
    }

    /// What differs from the arrangement of the board.
    pub fn layout(self) -> LayoutPatch {
        self.layout.get_untracked()
    }
}

/// The view that the query of an address names.
pub fn named_view<'a>(query: &str, settings: &'a BoardSettings) -> Option<&'a View> {
    let named = decoded(query_value(query, KEY)?);
    let views = &settings.views;
    views.iter().find(|view| view.id == named).or_else(|| views.iter().find(|view| view.name == named))
}

impl Dashboard {
    /// The view that is open, if it is still there. Tracks it.
    pub fn open_view(self) -> Option<View> {
        let id = self.view.id.get()?;
        self.settings.with(|settings| settings.views.iter().find(|view| view.id == id).cloned())
    }

    /// What the header calls how the reader looks at the board: by the name of the view that is open; of one that is gone, what it has
    /// arranged stays. Tracks it.
    pub fn view_name(self) -> Option<String> {
        let open = self.open_view().map(|view| view.name);
        let has_own = || self.view.id.with(Option::is_some) && !self.view.layout.with(LayoutPatch::is_empty);
        open.or_else(|| has_own().then(|| "Own arrangement".to_owned()))
    }

    /// Whether the reader looks at the board by a view: what he arranges is his own then. A view that is gone and arranges nothing has ended.
    pub fn is_in_view(self) -> bool {
        untrack(|| self.view_name().is_some())
    }

    pub(super) fn arrange_settings_by_view(self, settings: &mut BoardSettings) {
        self.view.layout.with_untracked(|layout| self.board.with_value(|board| layout.apply_to_layout(&mut settings.layout, &board.cells)));
    }

    /// Makes the changes of [`OpenView::changes`] while the current owner lives.
    pub fn arrange_open_view(self) {
        Effect::new(move |_| {
            if self.view.changes.with(Vec::is_empty) {
                return;
            }
            for change in self.view.changes.try_update(std::mem::take).unwrap_or_default() {
                match change {
                    ViewChange::Arrange { patch, message } => self.arrange_view(patch, message),
                    ViewChange::Restore { undo, before } => {
                        self.view.layout.set(before);
                        self.show_arrangement(&undo);
                    }
                }
            }
        });
    }

    fn arrange_view(self, patch: LayoutPatch, message: Option<String>) {
        let before = self.view.layout();
        let undo = self.settings.with_untracked(|settings| self.board.with_value(|board| patch.undo(&settings.layout, &board.cells)));
        self.view.layout.update(|layout| layout.extend(patch.clone()));
        self.show_arrangement(&patch);
        if let Some(message) = message {
            let message = [&message, " The menu of views saves it."].concat();
            self.notify(ToastKind::Arranged { message, undo: ArrangementUndo::View { undo, before } });
        }
    }

    fn show_arrangement(self, patch: &LayoutPatch) {
        let mut settings = self.settings.get_untracked();
        self.board.update_value(|board| {
            patch.apply_to_layout(&mut settings.layout, &board.cells);
            patch.apply_to_cells(&mut board.cells);
        });
        self.settings.set_if_changed(settings);
        self.update_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_is_named_by_its_id_or_its_name() {
        let view = |id: &str, name: &str| View { id: id.into(), name: name.into(), query: String::new(), layout: None, folded: Vec::new() };
        let settings = BoardSettings { views: vec![view("a", "Größe"), view("b", "a")], ..BoardSettings::default() };
        let named = |query: &str| named_view(query, &settings).map(|view| view.id.as_str());
        assert_eq!(
            (named("?q=x&view=a"), named("view=Gr%C3%B6%C3%9Fe"), named("?view=c"), named("?q=view")),
            (Some("a"), Some("a"), None, None)
        );
    }
}
