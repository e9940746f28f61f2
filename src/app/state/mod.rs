//! The state of the open page: the cells, each in signals of its own, and what the reader is doing.

mod arrangement;
mod block_places;
mod boards;
mod cell;
mod cell_size;
mod column_list;
mod compared_column;
mod comparison;
mod comparison_url;
mod elements;
mod filter;
mod grouping;
mod held;
mod menu_page;
mod open_view;
mod response_order;
mod run_colours;
mod run_rows;
mod runs;
mod runs_drawn;
mod sections;
mod theme;
mod toasts;

use std::collections::HashMap;
use std::sync::Arc;

use leptos::prelude::*;
use web_sys::HtmlElement;

use self::arrangement::Arrangement;
use self::sections::{section_rows, sections};
use super::charts::ChartRegistry;
use super::deferred::Deferred;
use crate::browser::connection::{Connection, Live};
use crate::protocol::{Board, BoardChange, BoardLayout, BoardSettings, Cell, CellId, Event, PageData};

pub use super::signals::SetIfChanged;
pub use arrangement::{BlockPlaces, SectionElements};
pub use block_places::GridPlaces;
pub use cell::{CellState, ContentKind, Field};
pub use cell_size::{CellSize, NAMED_SIZES, medium_width, stepped_height, stepped_width};
pub use column_list::ColumnList;
pub use compared_column::nearest_statistic;
pub use comparison::{Comparison, ShowRule};
pub use elements::{CellElements, PageRefs};
pub use held::{Carry, CarryTarget, CellPlace, Edge, Press, Rect, Resizing, landing_among, rect_of};
pub use menu_page::MenuPage;
pub use open_view::{KEY as VIEW_KEY, OpenView, ViewChange};
pub use response_order::ResponseOrder;
pub use run_colours::RunColours;
pub use run_rows::{LoadedPage, RowHeights, RowKey, RowPlace, RowSection, RunRows, second_line};
pub use runs::{Deletion, RunsState};
pub use sections::{Landing, line_charts, step};
pub use theme::Theme;
pub use toasts::{ArrangementUndo, Toast, ToastKind};

/// What stays the same while the page is open.
pub struct PageInfo {
    /// The name of the board.
    pub board: String,
    /// The server's address, such as `http://localhost:3000`.
    pub origin: String,
    /// The reader came with a token: commands need one, too.
    pub needs_token: bool,
    pub durable: bool,
    pub build: String,
    pub may_write: bool,
}

impl PageInfo {
    /// The address for curl, which sends what stands before the `@` as credentials: the server takes the password as the token. `TOKEN`
    /// stands for the reader's own.
    pub fn curl_origin(&self) -> String {
        if self.needs_token { self.origin.replacen("://", "://any:TOKEN@", 1) } else { self.origin.clone() }
    }
}

/// A handle to the state of the page, which every component gets by [`use_dashboard`].
/// A cell that was just added here.
#[derive(Clone, Debug, PartialEq)]
pub struct NewCell {
    pub id: CellId,
    /// Where the page was: the field of the new cell scrolls it.
    pub scroll_y: f64,
}

impl NewCell {
    /// Browser only.
    pub fn new(id: CellId) -> Self {
        Self { id, scroll_y: window().scroll_y().unwrap_or_default() }
    }
}

#[derive(Clone, Copy)]
pub struct Dashboard {
    page: StoredValue<Arc<PageInfo>>,
    /// The board as the events have made it; the signals below are made from it.
    board: StoredValue<Board>,
    pub runs: RunsState,
    pub refs: PageRefs,
    cell_elements: elements::CellElementMap,
    /// The cells in the order in which the reader sees them.
    pub order: RwSignal<Vec<CellId>>,
    pub arrangement: Arrangement,
    pub charts: ChartRegistry,
    pub deferred: Deferred,
    /// The cells in the order of the list that draws them: see [`rows_in_place`].
    pub cells: RwSignal<Vec<Arc<CellState>>>,
    pub live: RwSignal<Live>,
    /// What the document of the board says of the page.
    pub settings: RwSignal<BoardSettings>,
    /// The view by which the reader looks at the board.
    pub view: OpenView,
    /// The dialog with the links to the board is open.
    pub is_sharing: RwSignal<bool>,
    /// The title of the board is being edited.
    pub is_renaming: RwSignal<bool>,
    /// The Markdown of the board's description while it is edited.
    pub describing: RwSignal<Option<String>>,
    /// The server's warning about itself.
    pub notice: RwSignal<Option<String>>,
    /// Set once, when the page is hydrated.
    pub connection: StoredValue<Option<Connection>>,
    pub theme: RwSignal<Theme>,
    /// The names of this board and of all boards with cells; empty for a reader who may see this one only.
    pub boards: RwSignal<Vec<String>>,
    boards_order: StoredValue<ResponseOrder>,
    /// At most one field of the page at a time.
    pub editing: RwSignal<Option<(CellId, Field)>>,
    /// A text that could not be saved: the field opens with it again.
    pub unsaved: RwSignal<Option<(CellId, Field, String)>>,
    /// The cell whose menu is open.
    pub menu_cell: RwSignal<Option<CellId>>,
    pub menu_page: RwSignal<MenuPage>,
    /// The button that has opened the menu.
    pub menu_button: StoredValue<Option<HtmlElement>, LocalStorage>,
    /// The cell on whose menu button the pointer was pressed while that menu was open.
    pub menu_closing: RwSignal<Option<CellId>>,
    pub toasts: RwSignal<Vec<Toast>>,
    /// The number of the next toast. Never used again: the timer of an earlier one would end it.
    next_toast: StoredValue<u32>,
    /// Only cells whose name this regular expression matches are shown; empty: all.
    pub filter: RwSignal<String>,
    /// The cell that was just added here, until it has a name or is given up.
    pub new_cell: RwSignal<Option<NewCell>>,
    /// The cell that is shown in full screen.
    pub fullscreen: RwSignal<Option<CellId>>,
}

/// The state of the page. Panics outside of [`super::App`].
pub fn use_dashboard() -> Dashboard {
    expect_context()
}

impl Dashboard {
    /// Call it from the component that lives as long as the page: the signals belong to it.
    pub fn new(page: PageData, deferred: Deferred) -> Self {
        let PageData {
            mut board,
            mut settings,
            runs,
            comparison,
            run_table,
            run_groups,
            server_ms,
            boards,
            origin,
            needs_token,
            durable,
            build,
            may_write,
            notice,
        } = page;
        let rows = RunRows::new(run_table, run_groups);
        let folded = open_view::named_view(&comparison, &settings).map(|view| view.folded.clone()).unwrap_or_default();
        let view = OpenView::open(&comparison, &mut board, &mut settings);
        // In reading order: the rows of the list are where a reader without a script, or before it, finds them.
        let order = ids(&settings.layout, &board);
        let by_id: HashMap<&CellId, &Cell> = board.cells.iter().map(|cell| (&cell.id, cell)).collect();
        let cells = order.iter().filter_map(|id| Some(CellState::new(by_id.get(id)?, None))).collect();
        let info = PageInfo { board: board.name.clone(), origin, needs_token, durable, build, may_write };
        Self {
            page: StoredValue::new(Arc::new(info)),
            refs: PageRefs::new(),
            cell_elements: StoredValue::new_local(HashMap::new()),
            charts: ChartRegistry::new(deferred),
            deferred,
            order: RwSignal::new(order),
            arrangement: Arrangement::new(&board, &settings, folded),
            board: StoredValue::new(board),
            runs: RunsState::new(runs, rows, Comparison::from_query(&comparison), server_ms as f64, may_write),
            cells: RwSignal::new(cells),
            live: RwSignal::new(Live::Connecting),
            settings: RwSignal::new(settings),
            describing: RwSignal::new(None),
            view,
            is_sharing: RwSignal::new(false),
            is_renaming: RwSignal::new(false),
            notice: RwSignal::new(notice),
            connection: StoredValue::new(None),
            theme: RwSignal::new(Theme::System),
            boards: RwSignal::new(boards),
            boards_order: StoredValue::default(),
            editing: RwSignal::new(None),
            unsaved: RwSignal::new(None),
            menu_cell: RwSignal::new(None),
            menu_page: RwSignal::new(MenuPage::Items),
            menu_button: StoredValue::new_local(None),
            menu_closing: RwSignal::new(None),
            toasts: RwSignal::new(Vec::new()),
            next_toast: StoredValue::new(0),
            filter: RwSignal::new(String::new()),
            new_cell: RwSignal::new(None),
            fullscreen: RwSignal::new(None),
        }
    }

    pub fn page(self) -> Arc<PageInfo> {
        self.page.get_value()
    }

    pub fn may_write(self) -> bool {
        self.page.with_value(|page| page.may_write)
    }

    pub fn cell(self, id: &CellId) -> Option<Arc<CellState>> {
        self.cells.with_untracked(|cells| cells.iter().find(|cell| cell.id == *id).cloned())
    }

    /// Where the next connection continues: the epoch, the last event, and the last event of runs.
    pub fn position(self) -> (String, u64, u64) {
        let run_seq = self.runs.list.with_untracked(|list| list.run_seq);
        self.board.with_value(|board| (board.epoch.clone(), board.seq, run_seq))
    }

    /// Numbers of no epoch cannot be continued, so the server will send everything.
    pub fn forget_position(self) {
        self.board.update_value(|board| board.epoch.clear());
    }

    /// Whether a text of a cell, or the name of a section or of the board is being edited.
    pub fn is_editing_name_or_text(self) -> bool {
        let is_named = self.arrangement.renaming.with_untracked(Option::is_some) || self.is_renaming.get_untracked();
        is_named || self.editing.with_untracked(Option::is_some)
    }

    /// Begins to edit a field, or ends editing.
    pub fn set_editing(self, edit: Option<(CellId, Field)>) {
        let before = self.editing.get_untracked().map(|(id, _)| id);
        for id in before.iter().chain(edit.as_ref().map(|(id, _)| id)) {
            if let Some(cell) = self.cell(id) {
                let field = edit.as_ref().filter(|(edited, _)| edited == id).map(|(_, field)| *field);
                cell.editing.set_if_changed(field);
            }
        }
        self.editing.set_if_changed(edit);
    }

    pub fn apply(self, event: Event<Cell>) {
        let apply = |board: &mut Board| {
            let change = board.apply(event);
            self.view.arrange(board, &change);
            change
        };
        let change = self.board.try_update_value(apply).unwrap_or(BoardChange::None);
        match change {
            BoardChange::None => {}
            BoardChange::Content(id) => self.update_cells(|cell| cell.id == id),
            BoardChange::Arrangement(id) => {
                self.update_cells(|cell| cell.id == id);
                self.rearrange();
            }
            BoardChange::All => self.update_all(),
        }
    }

    /// Brings all cells and their order up to date.
    fn update_all(self) {
        self.update_cells(|_| true);
        self.rearrange();
    }

    /// The name of a cell if it is of this one only; else its id. Tracks the names.
    pub fn unique_name(self, id: &CellId) -> String {
        self.cells.with(|cells| cells.iter().for_each(|cell| cell.name.track()));
        self.board.with_value(|board| board.unique_name(id).to_owned())
    }

    /// Brings some of the cells up to date.
    fn update_cells(self, is_changed: impl Fn(&CellState) -> bool) {
        self.board.with_value(|board| {
            for state in self.cells.get_untracked().into_iter().filter(|cell| is_changed(cell)) {
                if let Some(cell) = board.cell(&state.id) {
                    state.update(cell);
                }
            }
        });
    }

    /// Brings the order up to date, makes the state of new cells, and drops that of removed ones.
    pub(super) fn rearrange(self) {
        let (known, editing) = (self.cells.get_untracked(), self.editing.get_untracked());
        let rows: Vec<CellId> = known.iter().map(|cell| cell.id.clone()).collect();
        let places = CellId::places(&rows);
        let (placed, cells) = self.board.with_value(|board| {
            let placed = self.settings.with_untracked(|settings| sections(&settings.layout, shown(board)));
            let order: Vec<CellId> = placed.iter().flat_map(|section| section.cells.iter().cloned()).collect();
            let state = |id: &CellId| {
                if let Some(cell) = places.get(id).and_then(|at| known.get(*at)) {
                    return Some(cell.clone());
                }
                // The answer to "Add cell" may have come before the cell.
                let field = editing.as_ref().filter(|(edited, _)| edited == id).map(|(_, field)| *field);
                Some(CellState::new(board.cell(id)?, field))
            };
            let cells: Vec<Arc<CellState>> = rows_in_place(&rows, &order).iter().filter_map(state).collect();
            (placed, cells)
        });
        let order: Vec<CellId> = placed.iter().flat_map(|section| section.cells.iter().cloned()).collect();
        let homes = section_rows(&self.arrangement.rows.get_untracked(), &placed, |name| cells.iter().any(|cell| *cell.home == *name));
        if !cells.iter().map(|cell| &cell.id).eq(&rows) {
            self.cells.set(cells);
        }
        // The cells below a removed one can be reached again.
        if self.fullscreen.with_untracked(|full| full.as_ref().is_some_and(|full| !order.contains(full))) {
            self.fullscreen.set(None);
        }
        self.arrangement.release_removed(&order);
        self.arrangement.rows.set_if_changed(homes);
        self.arrangement.sections.set_if_changed(placed);
        self.order.set_if_changed(order);
    }
}

fn shown(board: &Board) -> impl Iterator<Item = &Cell> + Clone {
    board.cells.iter().filter(|cell| !cell.hidden)
}

fn ids(layout: &BoardLayout, board: &Board) -> Vec<CellId> {
    sections(layout, shown(board)).into_iter().flat_map(|section| section.cells).collect()
}

/// The ids of `order`, with the known ones in the places that they have in `rows`: new cells take the places of removed ones, then the end.
/// The list that draws the cells then never moves an element, which would load its figure again; the grid has its own way to move them.
fn rows_in_place(rows: &[CellId], order: &[CellId]) -> Vec<CellId> {
    let (known, wanted) = (CellId::places(rows), CellId::places(order));
    let mut new = order.iter().filter(|id| !known.contains_key(id));
    let filled = rows.iter().filter_map(|id| if wanted.contains_key(id) { Some(id) } else { new.next() });
    let mut places: Vec<CellId> = filled.cloned().collect();
    places.extend(new.cloned());
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(names: &str) -> Vec<CellId> {
        names.chars().filter_map(|name| CellId::parse(&name.to_string())).collect()
    }

    #[test]
    fn rows_that_stay_keep_their_places() {
        assert_eq!(rows_in_place(&[], &ids("bca")), ids("bca"));
        assert_eq!(rows_in_place(&ids("abc"), &ids("cab")), ids("abc"));
        assert_eq!(rows_in_place(&ids("abcd"), &ids("bxd")), ids("xbd"));
        assert_eq!(rows_in_place(&ids("ab"), &ids("xbya")), ids("abxy"));
        assert_eq!(rows_in_place(&ids("abc"), &ids("xyc")), ids("xyc"));
    }
}
