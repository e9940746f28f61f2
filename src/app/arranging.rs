//! What a reader does to the arrangement of the board: moves and sizes of cells, and the order, the names and the sizes of sections. The
//! page changes when the event arrives; a toast offers to undo what was not done by a key, which has its own way back.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::deferred::{Answer, ServerCalls};
use super::state::{
    ArrangementUndo, CellSize, Dashboard, Edge, Landing, NewCell, ToastKind, ViewChange, step, stepped_height, stepped_width,
};
use crate::protocol::{BlockPatch, CellId, CellLayoutPatch, LayoutBlock, LayoutPatch};

impl Dashboard {
    /// Stores a change, whose answer undoes it. With a message, a toast offers that.
    fn arrange(self, call: impl FnOnce(&'static ServerCalls) -> Answer<LayoutPatch> + 'static, message: Option<String>) {
        if self.may_write() {
            self.offer_undo(self.deferred.call(call), message);
        }
    }

    fn offer_undo(self, change: Answer<LayoutPatch>, message: Option<String>) {
        spawn_local(async move {
            let change = change.await;
            if !change.as_ref().is_ok_and(|undo| !undo.is_empty()) {
                self.arrangement.announced.set(None);
            }
            match (change, message) {
                (Err(error), _) => self.notify(ToastKind::Error(error.message)),
                (Ok(undo), Some(message)) => self.notify(ToastKind::Arranged { message, undo: ArrangementUndo::Board(undo) }),
                (Ok(_), None) => {}
            }
        });
    }

    /// Changes sizes, blocks or the density. In a view the change is the reader's own until he saves it.
    fn change_layout(self, patch: LayoutPatch, message: Option<String>) {
        if !self.is_in_view() {
            return self.store_layout(patch, message);
        }
        if self.may_write() {
            self.change_view(ViewChange::Arrange { patch, message });
        }
    }

    fn change_view(self, change: ViewChange) {
        self.deferred.request();
        self.view.changes.update(|changes| changes.push(change));
    }

    fn store_layout(self, patch: LayoutPatch, message: Option<String>) {
        let board = self.page().board.clone();
        self.arrange(|server| (server.change_layout)(board, patch), message);
    }

    pub fn undo_arrangement(self, undo: ArrangementUndo) {
        match undo {
            ArrangementUndo::Board(undo) => self.store_layout(undo, None),
            ArrangementUndo::View { undo, before } => self.change_view(ViewChange::Restore { undo, before }),
        }
    }

    /// Moves a cell one place among those in sight; from the end of a section it goes on in the next one, unless the filter hides the heads.
    /// Nothing happens at the ends of the board.
    pub fn step(self, id: CellId, is_later: bool) {
        let is_found = |id: &CellId| self.cell(id).is_some_and(|cell| self.is_shown(&cell.name.read()));
        let is_shown = |section: &str, id: &CellId| !self.is_folded(section) && !self.is_collapsed(id) && is_found(id);
        let landing =
            || self.with_layout(|layout| self.arrangement.sections.with(|sections| step(layout, sections, &id, is_later, is_shown)));
        let Some(landing) = untrack(landing) else { return };
        // Where the heads are hidden nobody would see in which section the cell is now.
        if untrack(|| self.is_one_flow() && !self.cells_of(&landing.section).contains(&id)) {
            return self.notify(ToastKind::Error("Clear the filter to move cells into another section.".to_owned()));
        }
        self.land(id, landing, false);
    }

    /// Moves a cell to its landing.
    pub fn land(self, id: CellId, Landing { section, before }: Landing, has_toast: bool) {
        let message = has_toast.then(|| sentence("Moved", &self.title_of(&id)));
        self.arrangement.announced.set(Some(id.clone()));
        let before = before.map(|before| self.first_of_block(&before, &id));
        let section = (!section.is_empty()).then_some(section);
        self.arrange(|server| (server.move_cell)(id, section, before), message);
    }

    /// Gives a cell a width, a height, or both; of `Some(None)` the default.
    pub fn resize(self, id: CellId, width: Option<Option<u8>>, height: Option<Option<u16>>, has_toast: bool) {
        let message = has_toast.then(|| sentence("Resized", &self.title_of(&id)));
        self.arrangement.announced.set(Some(id.clone()));
        let patch = CellLayoutPatch { width, height, ..CellLayoutPatch::default() };
        self.change_layout(LayoutPatch { cells: [(id.to_string(), patch)].into(), ..LayoutPatch::default() }, message);
    }

    /// One notch wider, narrower, higher or lower, from the size that it has in the window. A block decides the width of its cells.
    pub fn resize_by(self, id: CellId, edge: Edge, is_larger: bool) {
        let Some(measured) = self.measure_cell(&id) else { return };
        let (width, height) = measured.size((0.0, 0.0));
        if edge == Edge::Bottom {
            self.resize(id, None, Some(Some(stepped_height(height, is_larger))), false);
        } else if untrack(|| self.is_in_block(&id)) {
            self.arrangement.announcement.set(["The block decides the width of ", &self.title_of(&id), "."].concat());
        } else {
            let own = untrack(|| self.cell(&id).and_then(|cell| self.size_of(&cell).width));
            let width = stepped_width(own.unwrap_or(width), is_larger, measured.is_medium);
            self.resize(id, Some(Some(width)), None, false);
        }
    }

    fn title_of(self, id: &CellId) -> String {
        untrack(|| self.cell(id).map(|cell| cell.title()).unwrap_or_default())
    }

    /// The size that all cells of a section have.
    pub fn section_size(self, section: &str) -> Option<CellSize> {
        let ids = self.cells_of(section);
        let mut sizes = ids.iter().filter_map(|id| self.cell(id)).map(|cell| self.size_of(&cell));
        let first = sizes.next()?;
        sizes.all(|size| size == first).then_some(first)
    }

    /// Gives all cells of a section the same size.
    pub fn set_section_size(self, section: &str, CellSize { width, height }: CellSize) {
        if self.is_in_view() {
            let patch = CellLayoutPatch { width: Some(width), height: Some(height), ..CellLayoutPatch::default() };
            let cells = untrack(|| self.cells_of(section)).into_iter().map(|id| (id.to_string(), patch.clone())).collect();
            return self.change_layout(LayoutPatch { cells, ..LayoutPatch::default() }, Some(sentence("Resized the cells of", section)));
        }
        let (board, name) = (self.page().board.clone(), Some(section.to_owned()));
        self.arrange(move |server| (server.resize_section)(board, name, width, height), Some(sentence("Resized the cells of", section)));
    }

    /// Adds a section with an empty cell, and asks for its name.
    pub fn add_section(self) {
        if !self.may_write() {
            return;
        }
        // The filter hides the heads of sections.
        self.clear_filter();
        let name = self.arrangement.sections.with_untracked(|sections| {
            let is_free = |name: &String| !sections.iter().any(|section| section.name == *name);
            let numbered = (2..).map(|number: u32| ["New section ", &number.to_string()].concat());
            std::iter::once("New section".to_owned()).chain(numbered).find(is_free).unwrap_or_default()
        });
        spawn_local(async move {
            let (board, section) = (self.page().board.clone(), name.clone());
            match self.deferred.call(|server| (server.create_cell)(board, String::new(), Some(section))).await {
                // The head has the field as soon as it is there.
                Ok(id) => {
                    self.new_cell.set(Some(NewCell::new(id)));
                    self.arrangement.renaming.set(Some(name));
                }
                Err(error) => self.notify(ToastKind::Error(error.message)),
            }
        });
    }

    pub fn begin_renaming_section(self, section: &str) {
        if self.may_write() {
            self.arrangement.renaming.set(Some(section.to_owned()));
        }
    }

    /// Ends the editing of a section's name. Does nothing if it has ended before. A section that was just added goes again if it gets no name.
    /// `has_focus`: the name then has the focus, as its field had.
    pub fn rename_section(self, section: &str, name: &str, has_focus: bool) {
        let arrangement = self.arrangement;
        if arrangement.renaming.with_untracked(|renamed| renamed.as_deref() != Some(section)) {
            return;
        }
        arrangement.renaming.set(None);
        let is_of_section = |added: &NewCell| untrack(|| self.cells_of(section)) == [added.id.clone()];
        if let Some(added) = self.new_cell.get_untracked().filter(is_of_section) {
            self.new_cell.set(None);
            if name.is_empty() && self.remove_bare(&added) {
                return;
            }
        }
        let focus = move |name: String| arrangement.focused.set(has_focus.then_some(name));
        if name.is_empty() || name == section {
            return focus(section.to_owned());
        }
        let (from, to) = (section.to_owned(), name.to_owned());
        let board = self.page().board.clone();
        let rename = move |server: &ServerCalls| -> Answer<LayoutPatch> {
            let renamed = (server.rename_section)(board, from.clone(), to.clone());
            Box::pin(async move {
                let renamed = renamed.await;
                if renamed.is_ok() {
                    self.rename_folded(&from, &to);
                }
                focus(if renamed.is_ok() { to } else { from });
                renamed
            })
        };
        self.arrange(rename, Some(sentence("Renamed", section)));
    }

    /// Puts the cells of a section into the part of the board without a name.
    pub fn dissolve_section(self, section: &str) {
        let patch = CellLayoutPatch { section: Some(None), ..CellLayoutPatch::default() };
        let cells = untrack(|| self.cells_of(section)).into_iter().map(|id| (id.to_string(), patch.clone())).collect();
        self.store_layout(LayoutPatch { cells, ..LayoutPatch::default() }, Some(sentence("Dissolved", section)));
    }

    /// Moves a section one place up or down among those that have a name and are pinned, or not, as it is.
    pub fn move_section(self, section: &str, is_down: bool) {
        let is_pinned = |section: &str| untrack(|| self.is_pinned(section));
        let names: Vec<String> = self.arrangement.sections.with_untracked(|sections| {
            let names = sections.iter().map(|section| section.name.clone());
            names.filter(|name| !name.is_empty() && is_pinned(name) == is_pinned(section)).collect()
        });
        let Some(at) = names.iter().position(|name| name == section) else { return };
        let before =
            if is_down { (at + 1 < names.len()).then(|| names.get(at + 2)) } else { at.checked_sub(1).map(|above| names.get(above)) };
        if let Some(before) = before {
            let (board, name, before) = (self.page().board.clone(), section.to_owned(), before.cloned());
            self.arrange(|server| (server.move_section)(board, name, before), Some(sentence("Moved", section)));
        }
    }

    pub fn is_pinned(self, section: &str) -> bool {
        self.with_layout(|layout| layout.section(section).is_some_and(|section| section.pinned))
    }

    /// Puts a section above all others, or back among them.
    pub fn toggle_pinned(self, section: &str) {
        let is_pinned = untrack(|| self.is_pinned(section));
        let (board, name) = (self.page().board.clone(), section.to_owned());
        self.arrange(move |server| (server.pin_section)(board, name, !is_pinned), Some(sentence("Moved", section)));
    }

    /// How many cells without a width stand in a row; `None`: the default.
    pub fn set_density(self, density: Option<u8>) {
        let patch = LayoutPatch { density: Some(density), ..LayoutPatch::default() };
        self.change_layout(patch, Some("Changed how many cells stand in a row.".to_owned()));
    }

    /// Makes a block of these cells, in place of those in which they are.
    pub fn apply_block(self, LayoutBlock { mosaic, cells, .. }: LayoutBlock) {
        let cells = cells.into_iter().map(|(letter, id)| (letter, id.to_string())).collect();
        let block = BlockPatch { mosaic: Some(mosaic), cells, ..BlockPatch::default() };
        self.change_layout(LayoutPatch { blocks: vec![block], ..LayoutPatch::default() }, Some("Changed the layout.".to_owned()));
    }
}

/// "Moved ‘loss’."
fn sentence(verb: &str, object: &str) -> String {
    [verb, " ‘", object, "’."].concat()
}
