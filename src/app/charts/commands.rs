//! The commands of keys and buttons on a chart.

use super::registry::{ChartRegistry, Charts};
use super::viewport::Viewport;
use crate::protocol::CellId;

/// Zoom and pan of one key press, as a share of the window.
const STEP: f64 = 0.25;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChartCommand {
    ZoomIn,
    ZoomOut,
    PanLeft,
    PanRight,
    ShowAll,
    /// Follows the newest point, or stops to.
    ToggleFollow,
    ReadNext,
    ReadPrevious,
}

impl ChartRegistry {
    /// Runs a command on a chart. False when the cell is no line chart.
    pub fn run(self, id: &CellId, command: ChartCommand) -> bool {
        self.with(|charts| charts.run(id, command)).unwrap_or_default()
    }
}

impl Charts {
    fn run(&mut self, id: &CellId, command: ChartCommand) -> bool {
        let Some(chart) = self.chart(id) else { return false };
        let Some(range) = chart.visible_range() else { return true };
        let extent = chart.extent();
        let middle = (range.from + range.to) / 2.0;
        let min_width = chart.min_window(middle);
        let viewport = match command {
            ChartCommand::ZoomIn => range.zoom(middle, 1.0 / (1.0 + STEP), min_width, extent),
            ChartCommand::ZoomOut => range.zoom(middle, 1.0 + STEP, min_width, extent),
            ChartCommand::PanLeft => chart.viewport.map(|viewport| viewport.pan(-STEP, extent)),
            ChartCommand::PanRight => chart.viewport.map(|viewport| viewport.pan(STEP, extent)),
            ChartCommand::ShowAll => None,
            ChartCommand::ToggleFollow => chart
                .viewport
                .map(|viewport| if viewport.follow { Viewport { follow: false, ..viewport } } else { viewport.pinned_to_end(extent.1) }),
            ChartCommand::ReadNext | ChartCommand::ReadPrevious => {
                self.step_readout(id, command == ChartCommand::ReadNext);
                return true;
            }
        };
        self.set_viewport(id, viewport);
        true
    }
}
