//! What the page knows, as signals: one for each cell and one for the order, so that a patch touches one tile and nothing else.

use std::collections::BTreeMap;

use futures::channel::mpsc::UnboundedSender;
use leptos::prelude::*;

use super::theme::Theme;
use super::toasts::Toast;
use crate::client::live::Live;
use crate::protocol::{Board, Cell, CellId, Effect as Change, Event, Page, Stage};

/// What of a cell is being edited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    Name,
    Note,
}

/// Where a dragged cell would land: before or after this one.
#[derive(Clone, Debug, PartialEq)]
pub struct Landing {
    pub beside: CellId,
    pub after: bool,
}

/// What never changes while the page is open.
pub struct Facts {
    pub board: String,
    pub boards: Vec<String>,
    pub origin: String,
    pub durable: bool,
    pub build: String,
}

/// Handles to all of it; a copy costs nothing.
#[derive(Clone, Copy)]
pub struct Dashboard {
    pub facts: StoredValue<Facts>,
    board: StoredValue<Board>,
    cells: StoredValue<BTreeMap<CellId, ArcRwSignal<Cell>>>,
    /// As the cells stand on the page.
    pub order: RwSignal<Vec<CellId>>,
    pub live: RwSignal<Live>,
    /// Ends a pause between two tries to connect.
    pub wake: StoredValue<Option<UnboundedSender<()>>>,
    pub theme: RwSignal<Theme>,
    /// At most one field of the page at a time.
    pub editing: RwSignal<Option<(CellId, Field)>>,
    /// The cell whose menu is open.
    pub menu: RwSignal<Option<CellId>>,
    pub dragged: RwSignal<Option<CellId>>,
    pub landing: RwSignal<Option<Landing>>,
    pub toasts: RwSignal<Vec<Toast>>,
}

impl Dashboard {
    pub fn new(page: Page) -> Self {
        let Page { board, boards, origin, durable, build } = page;
        let cells = board.cells.iter().map(|cell| (cell.id.clone(), ArcRwSignal::new(cell.clone()))).collect();
        let order = ids(&board);
        Self {
            facts: StoredValue::new(Facts { board: board.name.clone(), boards, origin, durable, build }),
            board: StoredValue::new(board),
            cells: StoredValue::new(cells),
            order: RwSignal::new(order),
            live: RwSignal::new(Live::Connecting),
            wake: StoredValue::new(None),
            theme: RwSignal::new(Theme::System),
            editing: RwSignal::new(None),
            menu: RwSignal::new(None),
            dragged: RwSignal::new(None),
            landing: RwSignal::new(None),
            toasts: RwSignal::new(Vec::new()),
        }
    }

    pub fn here() -> Self {
        expect_context()
    }

    /// The signal of a cell. Rows are made from [`order`](Self::order), which never names an unknown cell; one would be an empty tile.
    pub fn cell(self, id: &CellId) -> ArcRwSignal<Cell> {
        self.cells.with_value(|cells| cells.get(id).cloned()).unwrap_or_else(|| ArcRwSignal::new(blank(id.clone())))
    }

    pub fn name(self, id: &CellId) -> String {
        self.board.with_value(|board| board.cell(id).map(|cell| cell.name.clone())).unwrap_or_default()
    }

    pub fn contains(self, id: &CellId) -> bool {
        self.cells.with_value(|cells| cells.contains_key(id))
    }

    /// Where the next connection continues: the name of the board, the epoch, the last event.
    pub fn position(self) -> (String, String, u64) {
        self.board.with_value(|board| (board.name.clone(), board.epoch.clone(), board.seq))
    }

    /// Numbers of no epoch cannot be continued, so the server will send everything.
    pub fn forget_position(self) {
        self.board.update_value(|board| board.epoch.clear());
    }

    pub fn apply(self, event: Event<Cell>) {
        match self.board.try_update_value(|board| board.apply(event)) {
            None | Some(Change::Nothing) => {}
            Some(Change::Content(id)) => self.renew(&id),
            Some(Change::Arrangement(id)) => {
                self.renew(&id);
                self.rearrange();
            }
            Some(Change::All) => {
                for id in self.board.with_value(ids) {
                    self.renew(&id);
                }
                self.rearrange();
            }
        }
    }

    /// Brings the signal of one cell up to date, if the board still has that cell.
    fn renew(self, id: &CellId) {
        let Some(cell) = self.board.with_value(|board| board.cell(id).cloned()) else { return };
        match self.cells.with_value(|cells| cells.get(id).cloned()) {
            Some(known) if known.with_untracked(|old| *old == cell) => {}
            Some(known) => known.set(cell),
            None => self.cells.update_value(|cells| {
                cells.insert(id.clone(), ArcRwSignal::new(cell));
            }),
        }
    }

    /// Brings the order up to date, and lets go of the cells that went.
    fn rearrange(self) {
        let order = self.board.with_value(ids);
        self.cells.update_value(|cells| cells.retain(|id, _| order.contains(id)));
        if self.order.with_untracked(|known| *known != order) {
            self.order.set(order);
        }
    }
}

fn ids(board: &Board) -> Vec<CellId> {
    board.cells.iter().map(|cell| cell.id.clone()).collect()
}

fn blank(id: CellId) -> Cell {
    Cell { id, name: String::new(), kind: String::new(), note: String::new(), order: None, born: 0, rev: 0, stage: Stage::Empty }
}
