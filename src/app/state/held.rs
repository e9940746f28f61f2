//! What the reader holds while arranging: the edge of a cell, or a cell. Nothing else moves before it is released.

use leptos::leptos_dom::helpers::{IntervalHandle, TimeoutHandle, WindowListenerHandle};
use web_sys::Element;

use super::cell_size::{shown_width, snapped_height, snapped_width};
use super::sections::Landing;
use crate::protocol::CellId;

/// A rectangle of the window, in CSS pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rect {
    pub left: f64,
    pub top: f64,
    pub width: f64,
    pub height: f64,
}

impl Rect {
    /// How far a place is from it; 0 inside. Another row is further away than anything in the same one.
    pub fn distance(&self, (x, y): (f64, f64)) -> f64 {
        const ROW: f64 = 1e5;
        let beyond = |at: f64, from: f64, length: f64| (from - at).max(at - from - length).max(0.0);
        ROW * beyond(y, self.top, self.height) + beyond(x, self.left, self.width)
    }

    pub fn is_empty(&self) -> bool {
        self.height <= 0.0
    }

    /// For the attribute `style` of an element with a fixed position.
    pub fn style(&self) -> String {
        let Self { left, top, width, height } = self;
        format!("left:{left:.0}px;top:{top:.0}px;width:{width:.0}px;height:{height:.0}px")
    }
}

/// Where an element is. Browser only.
pub fn rect_of(element: &Element) -> Rect {
    let rect = element.get_bounding_client_rect();
    Rect { left: rect.left(), top: rect.top(), width: rect.width(), height: rect.height() }
}

/// The edge that is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    Right,
    Bottom,
    Corner,
}

impl Edge {
    pub const ALL: [Self; 3] = [Self::Right, Self::Bottom, Self::Corner];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::Bottom => "bottom",
            Self::Corner => "corner",
        }
    }
}

/// A cell in the window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MeasuredCell {
    pub cell: Rect,
    /// The height of what it shows, in CSS pixels.
    pub stage_height: f64,
    /// The grid of its section.
    pub flow: Rect,
    /// Fewer cells stand in a row than on a desk: see [`medium_width`](super::medium_width).
    pub is_medium: bool,
}

impl MeasuredCell {
    /// The size that a drag would give it where it is, and `by` CSS pixels wider and higher.
    pub fn size(&self, (x, y): (f64, f64)) -> (u8, u16) {
        let columns = (self.cell.width + x + GAP) * COLUMNS / (self.flow.width + GAP);
        (snapped_width(columns, self.is_medium), snapped_height(self.stage_height + y))
    }
}

/// A cell whose size is being changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Resizing {
    pub id: CellId,
    pub edge: Edge,
    pub pointer: i32,
    /// Where the pointer went down.
    pub from: (f64, f64),
    /// The cell then.
    pub measured: MeasuredCell,
    /// The size that it would have.
    pub width: u8,
    pub height: u16,
}

/// Between the columns of the grid, in CSS pixels; the style sheet has the same.
const GAP: f64 = 15.0;
const COLUMNS: f64 = 12.0;

impl Resizing {
    /// The columns that the cell would cover in this window.
    pub fn shown_width(&self) -> u8 {
        shown_width(self.width, self.measured.is_medium)
    }

    /// What the cell would cover; left of its place where it would leave the grid.
    pub fn ghost(&self) -> Rect {
        let MeasuredCell { cell, stage_height, flow, .. } = self.measured;
        let width = f64::from(self.shown_width()) * (flow.width + GAP) / COLUMNS - GAP;
        let left = cell.left.min(flow.left + flow.width - width);
        let height = cell.height - stage_height + 8.0 * f64::from(self.height);
        Rect { left, top: cell.top, width, height }
    }
}

/// A pointer that is down on the title bar of a cell.
pub struct Press {
    pub id: CellId,
    pub title: String,
    pub bar: Element,
    pub pointer: i32,
    pub from: (f64, f64),
    pub at: (f64, f64),
    pub is_touch: bool,
    pub listeners: Vec<WindowListenerHandle>,
    pub timer: Option<TimeoutHandle>,
    pub scroll: Option<IntervalHandle>,
}

/// A cell that is being carried.
#[derive(Clone, Debug, PartialEq)]
pub struct Carry {
    pub id: CellId,
    pub title: String,
    /// Where the card is that follows the pointer.
    pub card: Rect,
    /// The place that the cell has left.
    pub origin: Rect,
    pub target: Option<CarryTarget>,
}

/// Where a carried cell would land.
#[derive(Clone, Debug, PartialEq)]
pub struct CarryTarget {
    pub landing: Landing,
    /// The mark between the cells.
    pub mark: Rect,
    /// The place from 1, and how many cells there will be.
    pub place: (usize, usize),
}

/// A cell of a section and where it is in the window.
pub struct CellPlace {
    pub id: CellId,
    pub rect: Rect,
}

/// The width of a mark.
const MARK: f64 = 5.0;
/// In a single column marks lie between cells, not beside them.
const SINGLE_COLUMN: f64 = 0.7;

/// Where a cell lands that is dropped at `at`, among the cells of a section that are in sight: before one of them (`None`: at the end), and
/// the mark that says so.
pub fn landing_among(cells: &[CellPlace], moved: &CellId, flow: &Rect, at: (f64, f64)) -> Option<(Option<CellId>, Rect)> {
    let nearest = |best: usize, place: usize| if cells[place].rect.distance(at) < cells[best].rect.distance(at) { place } else { best };
    let beside = (0..cells.len()).reduce(nearest)?;
    let CellPlace { id, rect } = &cells[beside];
    let is_single = rect.width > SINGLE_COLUMN * flow.width;
    let middle = (rect.left + rect.width / 2.0, rect.top + rect.height / 2.0);
    let is_after = if is_single { at.1 > middle.1 } else { at.0 > middle.0 };
    let others = cells.iter().map(|cell| &cell.id).skip(beside + usize::from(is_after)).find(|id| *id != moved);
    let before = if is_after || id == moved { others.cloned() } else { Some(id.clone()) };
    let between = (GAP - MARK) / 2.0;
    let mark = match (is_single, is_after) {
        (true, false) => Rect { top: rect.top - between - MARK, height: MARK, ..*rect },
        (true, true) => Rect { top: rect.top + rect.height + between, height: MARK, ..*rect },
        (false, false) => Rect { left: rect.left - between - MARK, width: MARK, ..*rect },
        (false, true) => Rect { left: rect.left + rect.width + between, width: MARK, ..*rect },
    };
    Some((before, mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(name: &str) -> CellId {
        CellId::parse(name).unwrap()
    }

    fn rect(left: f64, top: f64, width: f64, height: f64) -> Rect {
        Rect { left, top, width, height }
    }

    #[test]
    fn a_ghost_has_the_snapped_size() {
        let cell = rect(615.0, 100.0, 285.0, 260.0);
        let measured = MeasuredCell { cell, stage_height: 200.0, flow: rect(15.0, 50.0, 1185.0, 600.0), is_medium: false };
        assert_eq!((measured.size((0.0, 0.0)), measured.size((100.0, 40.0))), ((3, 25), (4, 30)));
        let resizing = Resizing { id: id("a"), edge: Edge::Corner, pointer: 1, from: (0.0, 0.0), measured, width: 4, height: 30 };
        assert_eq!(resizing.ghost(), rect(615.0, 100.0, 385.0, 300.0));
        assert_eq!(Resizing { width: 12, ..resizing.clone() }.ghost(), rect(15.0, 100.0, 1185.0, 300.0));
        let measured = MeasuredCell { is_medium: true, ..measured };
        let medium = Resizing { measured, ..resizing };
        assert_eq!((medium.shown_width(), medium.ghost()), (6, rect(615.0, 100.0, 585.0, 300.0)));
        assert_eq!((measured.size((0.0, 0.0)).0, measured.size((300.0, 0.0)).0), (2, 4), "of 3 and 6 columns");
    }

    #[test]
    fn a_cell_lands_where_it_is_dropped() {
        let row = |name: &str, left: f64, top: f64| CellPlace { id: id(name), rect: rect(left, top, 300.0, 200.0) };
        let cells = [row("a", 0.0, 0.0), row("b", 315.0, 0.0), row("c", 0.0, 215.0)];
        let flow = rect(0.0, 0.0, 615.0, 415.0);
        let before = |x, y, moved| landing_among(&cells, &id(moved), &flow, (x, y)).unwrap();
        assert_eq!(before(10.0, 10.0, "c"), (Some(id("a")), rect(-10.0, 0.0, 5.0, 200.0)));
        assert_eq!(before(290.0, 10.0, "c"), (Some(id("b")), rect(305.0, 0.0, 5.0, 200.0)));
        assert_eq!(before(290.0, 10.0, "b").0, Some(id("c")), "where it is");
        assert_eq!(before(600.0, 100.0, "a").0, Some(id("c")));
        assert_eq!(before(600.0, 400.0, "a").0, None, "b is nearer, but in another row");
        assert_eq!(before(290.0, 400.0, "a").0, None);
        assert_eq!(before(10.0, 10.0, "a").0, Some(id("b")), "where it is");
        assert_eq!(landing_among(&[], &id("a"), &flow, (0.0, 0.0)), None);
    }

    #[test]
    fn in_a_single_column_cells_land_above_and_below() {
        let cells = [
            CellPlace { id: id("a"), rect: rect(10.0, 0.0, 370.0, 200.0) },
            CellPlace { id: id("b"), rect: rect(10.0, 215.0, 370.0, 200.0) },
        ];
        let flow = rect(10.0, 0.0, 370.0, 415.0);
        let before = |y| landing_among(&cells, &id("x"), &flow, (350.0, y)).unwrap();
        assert_eq!(before(20.0), (Some(id("a")), rect(10.0, -10.0, 370.0, 5.0)));
        assert_eq!(before(150.0), (Some(id("b")), rect(10.0, 205.0, 370.0, 5.0)));
        assert_eq!(before(400.0).0, None);
    }
}
