//! How the cells are arranged: sections, sizes, and what the reader has folded or holds.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use leptos::leptos_dom::helpers::WindowListenerHandle;
use leptos::prelude::*;
use web_sys::{HtmlElement, Node};

use super::block_places::{GridPlaces, PlacedCell, block_places};
use super::cell_size::{CellSize, shown_width};
use super::held::{Carry, Press, Resizing};
use super::sections::{Section, sections};
use super::{CellState, ContentKind, Dashboard, SetIfChanged};
use crate::browser::dom;
use crate::protocol::{Board, BoardLayout, BoardSettings, Cell, CellId, CellLayout, LayoutBlock, Mosaic, parse_json};

/// The key of the storage for the folded sections of a board, which the script of the shell reads, too.
const FOLDED_KEY: &str = "agnez-folded:";

/// The elements of a section in the document.
#[derive(Clone)]
pub struct SectionElements {
    pub section: HtmlElement,
    /// The grid of its cells.
    pub flow: HtmlElement,
}

/// The places of the cells in sections that have blocks. The board provides it to its cells.
#[derive(Clone, Copy)]
pub struct BlockPlaces(pub Memo<HashMap<CellId, GridPlaces>>);

/// The signals of the arrangement.
#[derive(Clone, Copy)]
pub struct Arrangement {
    /// In the order of the reader.
    pub sections: RwSignal<Vec<Section>>,
    /// Their names in the order of the list that draws them; it never moves an element, which would load the figures in it again.
    pub rows: RwSignal<Vec<String>>,
    /// Sections have heads if there are two of them.
    pub has_heads: Memo<bool>,
    /// What this reader has folded.
    pub folded: RwSignal<Vec<String>>,
    /// The charts that have points of runs, but of none that is drawn. They are not shown.
    pub empty_charts: RwSignal<HashSet<CellId>>,
    /// This reader wants to see them.
    pub shows_empty_charts: RwSignal<bool>,
    /// The section whose name is being edited.
    pub renaming: RwSignal<Option<String>>,
    /// The section whose name gets the focus as soon as the page shows it.
    pub focused: RwSignal<Option<String>>,
    /// The section whose menu is open.
    pub menu: RwSignal<Option<String>>,
    /// The button that has opened it.
    pub menu_button: StoredValue<Option<HtmlElement>, LocalStorage>,
    /// The section on whose menu button the pointer was pressed while that menu was open.
    pub menu_closing: RwSignal<Option<String>>,
    /// The cell whose size is being changed by an edge.
    pub resizing: RwSignal<Option<Resizing>>,
    /// The cell that is being carried.
    pub carry: RwSignal<Option<Carry>>,
    /// The pointer that is down on the title bar of a cell.
    pub press: StoredValue<Option<Press>, LocalStorage>,
    /// The layout panel stands beside the board.
    pub is_panel_open: RwSignal<bool>,
    /// A block that this reader tries.
    pub trial: RwSignal<Option<LayoutBlock>>,
    /// The letters of the cells of the block that is tried.
    pub letters: Memo<HashMap<CellId, char>>,
    /// The cell that was moved or resized here: announced as soon as the page shows it.
    pub announced: RwSignal<Option<CellId>>,
    /// What was arranged last, for screen readers.
    pub announcement: RwSignal<String>,
    pub(super) elements: StoredValue<HashMap<String, SectionElements>, LocalStorage>,
}

impl Arrangement {
    pub(super) fn new(board: &Board, settings: &BoardSettings, folded: Vec<String>) -> Self {
        let placed = sections(&settings.layout, super::shown(board));
        let rows = RwSignal::new(placed.iter().map(|section| section.name.clone()).collect());
        let (sections, trial) = (RwSignal::new(placed), RwSignal::new(None));
        Self {
            sections,
            rows,
            has_heads: Memo::new(move |_| sections.with(|sections| sections.len() > 1)),
            folded: RwSignal::new(folded),
            empty_charts: RwSignal::new(HashSet::new()),
            shows_empty_charts: RwSignal::new(false),
            renaming: RwSignal::new(None),
            focused: RwSignal::new(None),
            menu: RwSignal::new(None),
            menu_button: StoredValue::new_local(None),
            menu_closing: RwSignal::new(None),
            resizing: RwSignal::new(None),
            carry: RwSignal::new(None),
            press: StoredValue::new_local(None),
            is_panel_open: RwSignal::new(false),
            trial,
            letters: Memo::new(move |_| {
                let letters = |trial: &LayoutBlock| trial.cells.iter().map(|(letter, id)| (id.clone(), *letter)).collect();
                trial.with(|trial| trial.as_ref().map(letters).unwrap_or_default())
            }),
            announced: RwSignal::new(None),
            announcement: RwSignal::new(String::new()),
            elements: StoredValue::new_local(HashMap::new()),
        }
    }

    /// Lets go of the cell that is carried, or of the title bar that is pressed, without moving it.
    pub fn put_down(self) {
        let press = self.press.try_update_value(Option::take).flatten();
        if let Some(Press { listeners, timer, scroll, .. }) = press {
            listeners.into_iter().for_each(WindowListenerHandle::remove);
            if let Some(timer) = timer {
                timer.clear();
            }
            if let Some(scroll) = scroll {
                scroll.clear();
            }
        }
        self.carry.set_if_changed(None);
    }

    /// Lets go of a cell that has been removed.
    pub(super) fn release_removed(self, cells: &[CellId]) {
        let is_removed = |id: &CellId| !cells.contains(id);
        if self.press.with_value(|press| press.as_ref().is_some_and(|press| is_removed(&press.id))) {
            self.put_down();
        }
        if self.resizing.with_untracked(|resizing| resizing.as_ref().is_some_and(|resizing| is_removed(&resizing.id))) {
            self.resizing.set(None);
        }
    }

    /// Makes the elements of a section known while the current owner lives.
    pub fn register(self, name: String, elements: SectionElements) {
        self.elements.update_value(|map| {
            map.insert(name.clone(), elements);
        });
        on_cleanup(move || {
            self.elements.try_update_value(|map| map.remove(&name));
        });
    }

    /// The section that a node is in; `None`: in none, or in the part without a name.
    pub fn section_around(self, node: &Node) -> Option<String> {
        let is_around = |elements: &SectionElements| elements.section.contains(Some(node));
        let name = self.elements.with_value(|map| map.iter().find(|(_, elements)| is_around(elements)).map(|(name, _)| name.clone()));
        name.filter(|name| !name.is_empty())
    }

    pub fn elements_of(self, section: &str) -> Option<SectionElements> {
        self.elements.with_value(|map| map.get(section).cloned())
    }
}

impl Dashboard {
    /// The layout of the board's document.
    pub fn with_layout<R>(self, read: impl FnOnce(&BoardLayout) -> R) -> R {
        self.settings.with(|settings| read(&settings.layout))
    }

    /// Takes over what the document of the board says.
    pub fn apply_settings(self, mut settings: BoardSettings) {
        self.arrange_settings_by_view(&mut settings);
        // What is stored by now is no trial.
        let is_stored =
            |trial: &LayoutBlock| settings.layout.blocks.iter().any(|block| block.cells == trial.cells && block.mosaic == trial.mosaic);
        self.arrangement.trial.maybe_update(|trial| trial.take_if(|trial| is_stored(trial)).is_some());
        self.settings.set_if_changed(settings);
        self.rearrange();
    }

    /// The size of a cell in its section. Tracks what it depends on.
    pub fn size_of(self, cell: &CellState) -> CellSize {
        let has_heads = self.arrangement.has_heads.get();
        let is_chart = cell.content_kind.get() == ContentKind::LineChart;
        cell.layout.with(|own| {
            self.with_layout(|layout| {
                let size = CellSize::of(own, own.section.as_deref().and_then(|name| layout.section(name)));
                if is_chart { size.of_chart(layout, has_heads) } else { size }
            })
        })
    }

    /// The places of the cells in sections that have blocks. What the filter finds has none in one flow.
    pub fn block_places(self) -> HashMap<CellId, GridPlaces> {
        let layout = self.tried_layout();
        if layout.blocks.is_empty() || self.is_one_flow() {
            return HashMap::new();
        }
        let by_density = CellLayout::COLUMNS / layout.density.unwrap_or(BoardLayout::DEFAULT_DENSITY).max(1);
        let all = self.cells.read();
        let all: HashMap<&CellId, &Arc<CellState>> = all.iter().map(|cell| (&cell.id, cell)).collect();
        let sections = self.arrangement.sections.read();
        let of_section = |section: &Section| {
            let shown = section
                .cells
                .iter()
                .filter_map(|id| all.get(id).copied())
                .filter(|cell| self.is_shown(&cell.name.read()) && !self.is_collapsed(&cell.id));
            let cells: Vec<PlacedCell> =
                shown.map(|cell| PlacedCell { id: &cell.id, width: self.size_of(cell).width.unwrap_or(by_density) }).collect();
            block_places(&cells, &layout)
        };
        sections.iter().filter_map(of_section).flatten().collect()
    }

    /// The layout of the board with the block that is tried.
    fn tried_layout(self) -> BoardLayout {
        let mut layout = self.with_layout(BoardLayout::clone);
        if let Some(trial) = self.arrangement.trial.get() {
            for block in &mut layout.blocks {
                block.cells.retain(|_, id| !trial.cells.values().any(|known| known == id));
            }
            layout.blocks.push(trial);
        }
        layout
    }

    /// The cell of the board's order before which one stands that is moved before `before`: of a block the first.
    pub fn first_of_block(self, before: &CellId, moved: &CellId) -> CellId {
        let first = |board: &Board, block: &LayoutBlock| {
            let section = &board.cell(before)?.layout.section;
            let is_of_block =
                |cell: &&Cell| cell.id != *moved && cell.layout.section == *section && block.cells.values().any(|id| *id == cell.id);
            Some(board.cells.iter().find(is_of_block)?.id.clone())
        };
        let first = untrack(|| self.with_layout(|layout| self.board.with_value(|board| first(board, layout.block_of(before)?.0))));
        first.unwrap_or_else(|| before.clone())
    }

    /// Whether a mosaic decides the width of a cell. Tracks it.
    pub fn is_in_block(self, id: &CellId) -> bool {
        self.arrangement.letters.with(|letters| letters.contains_key(id)) || self.with_layout(|layout| layout.block_of(id).is_some())
    }

    /// The filter shows what it finds side by side, without the heads of the sections. Tracks it.
    pub fn is_one_flow(self) -> bool {
        self.arrangement.has_heads.get() && !self.filter.with(String::is_empty)
    }

    /// Whether the cells of a section are hidden below its head. The filter opens what it finds. Tracks it.
    pub fn is_folded(self, section: &str) -> bool {
        let is_folded = || self.arrangement.folded.with(|folded| folded.iter().any(|name| name == section));
        self.arrangement.has_heads.get() && self.filter.with(String::is_empty) && is_folded()
    }

    /// Whether a chart is not shown because no run that is drawn has points of it. The filter opens what it finds. Tracks it.
    pub fn is_collapsed(self, id: &CellId) -> bool {
        let arrangement = self.arrangement;
        arrangement.empty_charts.with(|empty| empty.contains(id))
            && !arrangement.shows_empty_charts.get()
            && self.filter.with(String::is_empty)
    }

    /// The cells of a section. Tracks them.
    pub fn cells_of(self, section: &str) -> Vec<CellId> {
        let cells = |sections: &Vec<Section>| sections.iter().find(|known| known.name == section).map(|section| section.cells.clone());
        self.arrangement.sections.with(cells).unwrap_or_default()
    }

    /// Tries a mosaic on the first cells of a section, in the order of the reader.
    pub fn try_mosaic(self, mosaic: &str, section: &str) {
        let Ok(parsed) = Mosaic::parse(mosaic) else { return };
        let ids = untrack(|| self.cells_of(section));
        let cells = parsed.areas.iter().map(|area| area.letter).zip(ids).collect();
        self.arrangement.trial.set(Some(LayoutBlock { id: String::new(), mosaic: mosaic.to_owned(), cells }));
    }

    /// Folds a section, or unfolds it: for this reader.
    pub fn toggle_fold(self, section: &str) {
        self.set_folded(|folded| {
            // Sections that are no longer there are forgotten.
            self.arrangement.sections.with_untracked(|sections| folded.retain(|name| sections.iter().any(|known| known.name == *name)));
            match folded.iter().position(|name| name == section) {
                Some(at) => drop(folded.remove(at)),
                None => folded.push(section.to_owned()),
            }
        });
    }

    /// Folds all sections but this one; if they are folded, unfolds them.
    pub fn fold_others(self, section: &str) {
        let others: Vec<String> = self.arrangement.sections.with_untracked(|sections| {
            let others = sections.iter().map(|known| &known.name).filter(|name| !name.is_empty() && *name != section);
            others.cloned().collect()
        });
        let is_done = self.arrangement.folded.with_untracked(|folded| others.iter().all(|name| folded.contains(name)));
        self.set_folded(|folded| *folded = if is_done { Vec::new() } else { others });
    }

    /// A section that has another name stays folded.
    pub fn rename_folded(self, from: &str, to: &str) {
        self.set_folded(|folded| folded.iter_mut().filter(|name| *name == from).for_each(|name| to.clone_into(name)));
    }

    fn set_folded(self, change: impl FnOnce(&mut Vec<String>)) {
        let mut folded = self.arrangement.folded.get_untracked();
        change(&mut folded);
        if let Some(storage) = dom::local_storage().filter(|_| !self.is_in_view()) {
            let key = [FOLDED_KEY, &self.page().board].concat();
            let text = serde_json::to_string(&folded).unwrap_or_default();
            let _ = if folded.is_empty() { storage.remove_item(&key) } else { storage.set_item(&key, &text) };
        }
        self.arrangement.folded.set_if_changed(folded);
    }

    /// As the reader has left it. The shell has hidden the folded sections before the first paint. Browser only.
    pub fn restore_folded(self) {
        // A view says what is folded in it.
        if self.is_in_view() {
            return;
        }
        let stored = dom::local_storage().and_then(|storage| storage.get_item(&[FOLDED_KEY, &self.page().board].concat()).ok().flatten());
        let folded: Vec<String> = stored.and_then(|text| parse_json(&text).ok()).unwrap_or_default();
        self.arrangement.folded.set_if_changed(folded);
    }

    /// Where a cell is, and how large: "Loss, 6 of 12 columns, 31 rows, place 4 of 18 in train". Tracks all of it.
    pub fn describe_cell(self, id: &CellId) -> Option<String> {
        let cell = self.cell(id)?;
        let size = self.size_of(&cell);
        let place = self.arrangement.sections.with(|sections| {
            let section = sections.iter().find(|section| section.cells.contains(id))?;
            let at = section.cells.iter().position(|known| known == id)? + 1;
            let inside = if section.name.is_empty() { String::new() } else { [" in ", &section.name].concat() };
            Some([", place ", &at.to_string(), " of ", &section.cells.len().to_string(), &inside].concat())
        })?;
        let is_medium = self.measure_cell(id).is_some_and(|measured| measured.is_medium);
        let columns = |width: u8| [", ", &shown_width(width, is_medium).to_string(), " of 12 columns"].concat();
        let width = if self.is_in_block(id) { ", in a block".to_owned() } else { size.width.map(columns).unwrap_or_default() };
        let height = size.height.map(|height| [", ", &height.to_string(), " rows"].concat()).unwrap_or_default();
        Some([cell.title().as_str(), &width, &height, &place].concat())
    }

    /// Announces what a move or a new size has made of a cell, as soon as the page shows it.
    pub fn announce(self) {
        let arrangement = self.arrangement;
        Effect::new(move |before: Option<Option<(CellId, String)>>| {
            let id = arrangement.announced.get()?;
            let text = self.describe_cell(&id)?;
            if before.flatten().is_some_and(|(known, before)| known == id && before != text) {
                arrangement.announcement.set(text.clone());
                // What others do with it is not announced.
                arrangement.announced.set(None);
            }
            Some((id, text))
        });
    }
}
