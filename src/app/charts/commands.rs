//! The commands of keys and buttons on a chart.

use super::chart_input::ChartCommand;
use super::registry::Charts;
use super::viewport::Viewport;
use crate::protocol::CellId;

/// Zoom and pan of one key press, as a share of the window.
const STEP: f64 = 0.25;

impl Charts {
    pub(super) fn run(&mut self, id: &CellId, command: ChartCommand) -> bool {
        if self.run_on_y(id, command) {
            return true;
        }
        let Some(chart) = self.chart(id) else { return false };
        let Some(range) = chart.visible_range() else { return true };
        let (extent, space) = (chart.extent(), chart.x_space());
        let middle = space.middle(&range);
        let min_width = chart.min_window(middle);
        let viewport = match command {
            ChartCommand::ZoomIn => space.zoom(&range, middle, 1.0 / (1.0 + STEP), min_width, extent),
            ChartCommand::ZoomOut => space.zoom(&range, middle, 1.0 + STEP, min_width, extent),
            ChartCommand::PanLeft => chart.viewport.map(|viewport| space.pan(&viewport, -STEP, extent)),
            ChartCommand::PanRight => chart.viewport.map(|viewport| space.pan(&viewport, STEP, extent)),
            ChartCommand::ShowAll => {
                chart.y_viewport = None;
                None
            }
            ChartCommand::ToggleFollow => chart.viewport.map(|viewport| {
                if viewport.follow { Viewport { follow: false, ..viewport } } else { space.pinned_to_end(&viewport, extent.1) }
            }),
            ChartCommand::ZoomInY | ChartCommand::ZoomOutY | ChartCommand::PanUp | ChartCommand::PanDown => return true,
            ChartCommand::ReadNext | ChartCommand::ReadPrevious => {
                self.step_readout(id, command == ChartCommand::ReadNext);
                return true;
            }
        };
        self.set_viewport(id, viewport);
        true
    }
}
