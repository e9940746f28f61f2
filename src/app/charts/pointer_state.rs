//! Which pointers are on which chart: what gestures remember from one event to the next.

use super::viewport::Viewport;
use crate::protocol::CellId;

/// The wheel goes on with the chart or the page that it began with until it has rested for this time.
pub const WHEEL_IDLE_MS: f64 = 300.0;

/// A pointer that is pressed on a canvas.
pub struct ActivePointer {
    pub id: i32,
    /// CSS pixels of the canvas.
    pub x: f64,
}

/// What a drag does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DragKind {
    /// Selects a part of the x axis.
    #[default]
    SelectX,
    /// Selects a part of the y axis.
    SelectY,
    /// Selects a part of both.
    SelectBox,
    Pan,
}

#[derive(Default)]
pub struct PointerState {
    /// The chart with pressed pointers.
    pub chart: Option<CellId>,
    pub active: Vec<ActivePointer>,
    /// Where dragging began, in CSS pixels of the canvas, and the visible parts of both axes then.
    pub start: (f64, f64),
    pub start_range: Option<Viewport>,
    pub start_y_range: Option<Viewport>,
    pub drag: DragKind,
    /// One finger is pressed, and there was no other.
    pub is_tap: bool,
    /// When the page was scrolled or the wheel was turned last, in milliseconds since 1970.
    pub wheel_at: f64,
    /// The chart that the wheel zooms until it rests; `None`: it scrolls the page.
    pub wheel_chart: Option<CellId>,
    /// Time stamp of the last event that a canvas has handled: it bubbles to the document.
    handled_at: f64,
}

impl PointerState {
    pub fn set_handled(&mut self, event: &web_sys::Event) {
        self.handled_at = event.time_stamp();
    }

    /// Whether a canvas has handled this event.
    pub fn is_handled(&self, event: &web_sys::Event) -> bool {
        self.handled_at == event.time_stamp()
    }

    /// Middle and distance of two pointers; `None` with fewer.
    pub fn spread(&self) -> Option<(f64, f64)> {
        /// Two fingers beside each other would zoom without end.
        const MIN_DISTANCE: f64 = 20.0;
        match self.active.as_slice() {
            [one, other, ..] => Some(((one.x + other.x) / 2.0, (one.x - other.x).abs().max(MIN_DISTANCE))),
            _ => None,
        }
    }
}
