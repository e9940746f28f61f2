//! The visible part of the y axis: a reader's own, chosen by a drag along the axis, by a box, by the wheel over the axis or by keys.

use super::axis_space::AxisSpace;
use super::chart_input::ChartCommand;
use super::chart_state::ChartState;
use super::registry::Charts;
use super::viewport::Viewport;
use crate::charts::YBounds;
use crate::protocol::CellId;

/// Zoom and pan of one key press, as a share of the window.
const STEP: f64 = 0.25;

impl ChartState {
    /// What holds the y axis: the reader's window, or the settings.
    pub fn y_bounds(&self) -> YBounds {
        match self.y_viewport {
            Some(Viewport { from, to, .. }) => YBounds { ends: [Some(from), Some(to)], ignores_outliers: false },
            None => (&self.settings).into(),
        }
    }

    fn y_space(&self) -> AxisSpace {
        AxisSpace(self.settings.y)
    }

    /// The visible part of the y axis; `None` before the first drawing.
    pub fn y_range(&self) -> Option<Viewport> {
        let layout = self.layout.as_ref().filter(|layout| !layout.y_ticks.is_empty())?;
        self.y_viewport.or_else(|| Viewport::new(layout.y.lo, layout.y.hi))
    }

    /// The part of the y axis between two places of the canvas; `None` where that is too small for doubles.
    pub fn y_between(&self, one: f64, other: f64) -> Option<Viewport> {
        let layout = self.layout.as_ref().filter(|layout| !layout.y_ticks.is_empty())?;
        let y_at = |place: f64| layout.y_at(place.max(layout.top).min(layout.bottom()));
        Viewport::new(y_at(one.max(other)), y_at(one.min(other)))
    }

    /// The y axis moved with a pointer from where it was at `range`; `None` where it is not zoomed.
    pub fn y_dragged(&self, range: Option<Viewport>, by: f64) -> Option<Viewport> {
        let (range, layout) = (range.filter(|_| self.y_viewport.is_some())?, self.layout.as_ref()?);
        Some(self.y_space().pan(&range, by / layout.height, self.y_extent))
    }
}

impl Charts {
    /// Sets the part of the y axis that is visible, and stores it in the URL. Charts of a section have metrics of their own: theirs stay.
    pub fn set_y_viewport(&mut self, id: &CellId, viewport: Option<Viewport>) {
        let Some(chart) = self.chart(id) else { return };
        chart.y_viewport = viewport;
        chart.is_dirty = true;
        self.request_frame();
        self.update_panel();
        self.save_url_soon();
    }

    /// Zooms the y axis around a place of the canvas.
    pub fn zoom_y(&mut self, id: &CellId, at: f64, factor: f64) {
        let Some(chart) = self.chart(id) else { return };
        let (Some(range), Some(layout)) = (chart.y_range(), &chart.layout) else { return };
        let viewport = chart.y_space().zoom(&range, layout.y_at(at), factor, 0.0, chart.y_extent);
        self.set_y_viewport(id, viewport);
    }

    /// Runs a command of the y axis. False if it is another one.
    pub fn run_on_y(&mut self, id: &CellId, command: ChartCommand) -> bool {
        let Some(chart) = self.chart(id) else { return false };
        let (Some(range), space, extent) = (chart.y_range(), chart.y_space(), chart.y_extent) else { return false };
        let middle = space.middle(&range);
        let viewport = match command {
            ChartCommand::ZoomInY => space.zoom(&range, middle, 1.0 / (1.0 + STEP), 0.0, extent),
            ChartCommand::ZoomOutY => space.zoom(&range, middle, 1.0 + STEP, 0.0, extent),
            ChartCommand::PanUp => chart.y_viewport.map(|viewport| space.pan(&viewport, STEP, extent)),
            ChartCommand::PanDown => chart.y_viewport.map(|viewport| space.pan(&viewport, -STEP, extent)),
            _ => return false,
        };
        self.set_y_viewport(id, viewport);
        true
    }
}
