//! What pointers, the wheel and keys do to a chart, as functions of the second part of the page's code.

use web_sys::{MouseEvent, PointerEvent, WheelEvent};

use crate::protocol::CellId;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChartCommand {
    ZoomIn,
    ZoomOut,
    PanLeft,
    PanRight,
    ZoomInY,
    ZoomOutY,
    PanUp,
    PanDown,
    ShowAll,
    /// Follows the newest point, or stops to.
    ToggleFollow,
    ReadNext,
    ReadPrevious,
}

/// `C`: the charts of the page.
pub struct ChartInput<C> {
    pub pointer_down: fn(&mut C, &CellId, &PointerEvent),
    pub drag: fn(&mut C, &CellId, &PointerEvent),
    /// The flag: the pointer was lifted, and not taken by the browser.
    pub release_pointer: fn(&mut C, &PointerEvent, bool),
    pub wheel: fn(&mut C, &CellId, &WheelEvent),
    pub double_click: fn(&mut C, &CellId, &MouseEvent),
    /// Writes what is visible into the URL.
    pub save_url: fn(&mut C),
    /// False when the cell is no line chart.
    pub run: fn(&mut C, &CellId, ChartCommand) -> bool,
}
