//! What the page knows. Each piece of each cell is watched by itself, so that a patch touches what it changes and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use leptos::prelude::*;

use super::components::theme::Theme;
use super::components::toasts::Toast;
use super::watched::{Dynamic, Handler, Watched, dynamic, handler};
use crate::browser::connection::Live;
use crate::protocol::{Board, BoardChange, Cell, CellContent, CellId, Event, Layout, LineSettings, PageData};

/// What of a cell is being edited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    Name,
    Note,
}

/// The part of a view that shows a stage. It stays while only the value changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Empty,
    Figure,
    Lines,
    Picture,
    /// A chart that is drawn from one value. Apart from pictures: what one has set of its size must not stay with the other.
    Chart,
    Text,
}

impl Part {
    const fn of(stage: &CellContent) -> Self {
        match stage {
            CellContent::Empty => Self::Empty,
            CellContent::Html { .. } => Self::Figure,
            CellContent::LineChart(_) => Self::Lines,
            CellContent::Image { .. } => Self::Picture,
            CellContent::Chart { .. } => Self::Chart,
            CellContent::Text { .. } => Self::Text,
        }
    }
}

/// Where a dragged cell would land: before or after this one.
#[derive(Clone, Debug, PartialEq)]
pub struct Landing {
    pub beside: CellId,
    pub after: bool,
}

/// The pieces of a cell.
pub struct Tile {
    pub id: CellId,
    pub name: Watched<String>,
    /// `type` on the wire.
    pub kind: Watched<String>,
    pub note: Watched<String>,
    /// The grid columns of a subplot as a CSS style, `--at:5/span 4`; empty for all other cells.
    pub across: Watched<String>,
    pub stage: Watched<CellContent>,
    pub part: Watched<Part>,
    /// How high a drawing is in full screen, in CSS pixels; 0 in its tile.
    pub room: Watched<u32>,
    /// True while the name, or the note, is edited.
    pub naming: Watched<bool>,
    pub noting: Watched<bool>,
}

/// Stands for U+0000, which no HTML can hold: the parser would drop it, and the page would not be what the server drew.
const REPLACED: &str = "\u{fffd}";

impl Tile {
    fn new(cell: &Cell, edited: Option<Field>) -> Arc<Self> {
        let [name, kind, note] = std::array::from_fn(|_| Watched::new(String::new()));
        let [naming, noting] = std::array::from_fn(|_| Watched::new(false));
        let tile = Self {
            id: cell.id.clone(),
            name,
            kind,
            note,
            across: Watched::new(String::new()),
            stage: Watched::new(CellContent::Empty),
            part: Watched::new(Part::Empty),
            room: Watched::new(0),
            naming,
            noting,
        };
        tile.show(cell);
        tile.edit(edited);
        Arc::new(tile)
    }

    fn show(&self, cell: &Cell) {
        let stage = match &cell.content {
            CellContent::Text { text, bytes } => CellContent::Text { text: text.replace('\0', REPLACED), bytes: *bytes },
            CellContent::Image { src, rev } => CellContent::Image { src: src.replace('\0', REPLACED), rev: *rev },
            other => other.clone(),
        };
        self.name.set(cell.name.replace('\0', REPLACED));
        self.kind.set(cell.cell_type.replace('\0', REPLACED));
        self.note.set(cell.description.replace('\0', REPLACED));
        self.across.set(cell.layout.map(|Layout { column, span }| format!("--at:{column}/span {span}")).unwrap_or_default());
        let part = Part::of(&stage);
        self.stage.set(stage);
        self.part.set(part);
    }

    fn edit(&self, field: Option<Field>) {
        self.naming.set(field == Some(Field::Name));
        self.noting.set(field == Some(Field::Note));
    }

    /// A part of a view that is made from this cell.
    pub fn dynamic<T>(self: &Arc<Self>, part: impl Fn(&Self) -> T + Send + Sync + 'static) -> Dynamic<T> {
        let tile = self.clone();
        dynamic(move || part(&tile))
    }

    /// What is called with an event that concerns this cell.
    pub fn handler<E>(self: &Arc<Self>, mut called: impl FnMut(&Self, E) + 'static) -> Handler<E> {
        let tile = self.clone();
        handler(move |event| called(&tile, event))
    }

    /// How it is drawn, where it is a line chart.
    pub fn settings(&self) -> LineSettings {
        self.stage.with(|stage| match stage {
            CellContent::LineChart(settings) => settings.clone(),
            _ => LineSettings::default(),
        })
    }

    /// What the cell is called: no cell is without a word.
    pub fn title(&self) -> String {
        self.name.with(|name| if name.is_empty() { "untitled".to_owned() } else { name.clone() })
    }
}

/// A tile stays the same while what it shows changes.
impl PartialEq for Tile {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

pub struct State {
    // What never changes while the page is open.
    pub name: String,
    pub boards: Vec<String>,
    pub origin: String,
    pub durable: bool,
    pub build: String,
    pub may_write: bool,
    // The board, and the same in pieces. The lists are short, and searched from the start.
    board: Mutex<Board>,
    /// As the cells stand on the page.
    pub order: Watched<Vec<CellId>>,
    /// The cells as they stand in the list that draws them: see [`settled`].
    pub tiles: Watched<Vec<Arc<Tile>>>,
    pub live: Watched<Live>,
    pub theme: Watched<Theme>,
    /// At most one field of the page at a time.
    pub editing: Watched<Option<(CellId, Field)>>,
    /// What was typed and could not be saved: the field opens with it again.
    pub unsaved: Watched<Option<(CellId, Field, String)>>,
    /// The cell whose menu is open.
    pub menu: Watched<Option<CellId>>,
    /// The cell on whose menu button the pointer was pressed while that menu was open.
    pub closing: Watched<Option<CellId>>,
    pub dragged: Watched<Option<CellId>>,
    pub landing: Watched<Option<Landing>>,
    pub toasts: Watched<Vec<Toast>>,
    /// Only cells whose name this regular expression finds are shown; empty: all.
    pub filter: Watched<String>,
    /// The cell that was just added here, until it has a name or is given up.
    pub fresh: Watched<Option<CellId>>,
    /// The cell that is shown in full screen.
    pub full: Watched<Option<CellId>>,
}

/// A handle to all of it, which costs nothing to copy.
#[derive(Clone, Copy)]
pub struct Dashboard(StoredValue<Arc<State>>);

impl Dashboard {
    pub fn new(page: PageData) -> Self {
        let PageData { board, boards, origin, durable, build, may_write } = page;
        let order = ids(&board);
        let tiles = board.cells.iter().map(|cell| Tile::new(cell, None)).collect();
        let state = State {
            name: board.name.clone(),
            boards,
            origin,
            durable,
            build,
            may_write,
            board: Mutex::new(board),
            order: Watched::new(order),
            tiles: Watched::new(tiles),
            live: Watched::new(Live::Connecting),
            theme: Watched::new(Theme::System),
            editing: Watched::new(None),
            menu: Watched::new(None),
            closing: Watched::new(None),
            dragged: Watched::new(None),
            landing: Watched::new(None),
            unsaved: Watched::new(None),
            toasts: Watched::new(Vec::new()),
            filter: Watched::new(String::new()),
            fresh: Watched::new(None),
            full: Watched::new(None),
        };
        Self(StoredValue::new(Arc::new(state)))
    }

    pub fn here() -> Self {
        expect_context()
    }

    pub fn state(self) -> Arc<State> {
        self.0.get_value()
    }
}

impl State {
    pub fn tile(&self, id: &CellId) -> Option<Arc<Tile>> {
        self.tiles.peek(|tiles| tiles.iter().find(|tile| tile.id == *id).cloned())
    }

    /// Where the next connection continues: the epoch and the last event.
    pub fn position(&self) -> (String, u64) {
        let board = self.board();
        (board.epoch.clone(), board.seq)
    }

    /// Numbers of no epoch cannot be continued, so the server will send everything.
    pub fn forget_position(&self) {
        self.board().epoch.clear();
    }

    /// Begins to edit a field, or ends editing.
    pub fn edit(&self, edit: Option<(CellId, Field)>) {
        let before = self.editing.now().map(|(id, _)| id);
        for id in before.iter().chain(edit.as_ref().map(|(id, _)| id)) {
            if let Some(tile) = self.tile(id) {
                tile.edit(edit.as_ref().filter(|(edited, _)| edited == id).map(|(_, field)| *field));
            }
        }
        self.editing.set(edit);
    }

    pub fn apply(&self, event: Event<Cell>) {
        let change = self.board().apply(event);
        match change {
            BoardChange::None => {}
            BoardChange::Content(id) => self.renew(|tile| tile.id == id),
            BoardChange::Arrangement(id) => {
                self.renew(|tile| tile.id == id);
                self.rearrange();
            }
            BoardChange::All => {
                self.renew(|_| true);
                self.rearrange();
            }
        }
    }

    fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Brings some of the tiles up to date. Nobody reads the board but events, so it may stay locked meanwhile.
    fn renew(&self, which: impl Fn(&Tile) -> bool) {
        let board = self.board();
        for tile in self.tiles.now().into_iter().filter(|tile| which(tile)) {
            if let Some(cell) = board.cell(&tile.id) {
                tile.show(cell);
            }
        }
    }

    /// Brings the order up to date, makes tiles for new cells, and lets go of those that went.
    fn rearrange(&self) {
        let board = self.board();
        let (order, known, edited) = (ids(&board), self.tiles.now(), self.editing.now());
        let rows: Vec<CellId> = known.iter().map(|tile| tile.id.clone()).collect();
        let there: BTreeMap<&CellId, &Arc<Tile>> = known.iter().map(|tile| (&tile.id, tile)).collect();
        let tile = |id: &CellId| {
            if let Some(tile) = there.get(id) {
                return Some((*tile).clone());
            }
            // The answer to "Add cell" may have come before the cell.
            let field = edited.as_ref().filter(|(edited, _)| edited == id).map(|(_, field)| *field);
            Some(Tile::new(board.cell(id)?, field))
        };
        let tiles = settled(&rows, &order).iter().filter_map(tile).collect();
        drop(board);
        self.tiles.set(tiles);
        // Those below a cell that is gone are reached again.
        if self.full.peek(|full| full.as_ref().is_some_and(|full| !order.contains(full))) {
            self.full.set(None);
        }
        self.order.set(order);
    }
}

fn ids(board: &Board) -> Vec<CellId> {
    board.cells.iter().map(|cell| cell.id.clone()).collect()
}

/// The ids of `order` with those that were there in their old places: new ones take the places of those that went, then the end.
/// The list that draws the cells thus never moves one, which would load its figure again; the grid moves them in a way of its own.
fn settled(rows: &[CellId], order: &[CellId]) -> Vec<CellId> {
    let (there, wanted): (BTreeSet<&CellId>, BTreeSet<&CellId>) = (rows.iter().collect(), order.iter().collect());
    let mut new = order.iter().filter(|id| !there.contains(id));
    let kept = rows.iter().filter_map(|id| if wanted.contains(id) { Some(id) } else { new.next() });
    let mut settled: Vec<CellId> = kept.cloned().collect();
    settled.extend(new.cloned());
    settled
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(names: &str) -> Vec<CellId> {
        names.chars().filter_map(|name| CellId::parse(&name.to_string())).collect()
    }

    #[test]
    fn rows_that_stay_keep_their_places() {
        assert_eq!(settled(&[], &ids("bca")), ids("bca"));
        assert_eq!(settled(&ids("abc"), &ids("cab")), ids("abc"));
        assert_eq!(settled(&ids("abcd"), &ids("bxd")), ids("xbd"));
        assert_eq!(settled(&ids("ab"), &ids("xbya")), ids("abxy"));
        assert_eq!(settled(&ids("abc"), &ids("xyc")), ids("xyc"));
    }
}
