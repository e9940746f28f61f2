//! What keys and buttons do to a chart.

use super::registry::with;
use super::viewport::View;
use super::{settings_panel, tooltip};
use crate::protocol::CellId;

/// One step of a key.
const STEP: f64 = 0.25;

/// What a key or a button does to a chart.
#[derive(Clone, Copy, PartialEq)]
pub enum Press {
    In,
    Out,
    Left,
    Right,
    Reset,
    Follow,
    Log,
    /// Reads the next value, or the one before.
    Next,
    Before,
}

/// False when the cell is no chart.
pub fn press(id: &CellId, what: Press) -> bool {
    with(|charts| {
        let Some(chart) = charts.chart(id) else { return false };
        let Some(seen) = chart.seen() else { return true };
        let extent = chart.curves.extent;
        let middle = (seen.from + seen.to) / 2.0;
        let least = chart.curves.least(middle);
        let view = match what {
            Press::In => seen.zoom(middle, 1.0 / (1.0 + STEP), least, extent),
            Press::Out => seen.zoom(middle, 1.0 + STEP, least, extent),
            Press::Left => chart.view.map(|view| view.pan(-STEP, extent)),
            Press::Right => chart.view.map(|view| view.pan(STEP, extent)),
            Press::Reset => None,
            Press::Follow => chart.view.map(|view| if view.follows { View { follows: false, ..view } } else { view.at_tail(extent.1) }),
            Press::Next | Press::Before => {
                tooltip::step(charts, id, what == Press::Next);
                return true;
            }
            Press::Log => {
                settings_panel::switch_scale(charts, id);
                return true;
            }
        };
        charts.see(id, view);
        true
    })
}
