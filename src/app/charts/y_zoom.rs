//! The visible part of the y axis: a reader's own, chosen by a drag along the axis, by a box, by the wheel over the axis or by keys.

use super::axis_space::AxisSpace;
use super::chart_input::ChartCommand;
use super::chart_runs::ChartRuns;
use super::chart_state::ChartState;
use super::registry::Charts;
use super::viewport::Viewport;
use crate::charts::{YBounds, y_range};
use crate::protocol::{AxisScale, CellId};

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

    /// The y axis as it would be without the reader's window, of what is seen along x now: zooming out and moving end with it.
    fn y_extent(&self, range: &Viewport, runs: &ChartRuns) -> (f64, f64) {
        let settings = &self.settings;
        let whole = self.layout.as_ref().and_then(|layout| {
            let is_log = settings.y == AxisScale::Log;
            y_range(&self.curves(runs), &layout.x, is_log, settings.into(), &settings.goal_lines)
        });
        whole.map_or((range.from, range.to), |whole| (whole.scale.lo, whole.scale.hi))
    }

    /// The part of the y axis between two places of the canvas; `None` where that is too small for doubles.
    pub fn y_between(&self, one: f64, other: f64) -> Option<Viewport> {
        let layout = self.layout.as_ref().filter(|layout| !layout.y_ticks.is_empty())?;
        let y_at = |place: f64| layout.y_at(place.max(layout.top).min(layout.bottom()));
        Viewport::new(y_at(one.max(other)), y_at(one.min(other)))
    }

    /// The y axis moved with a pointer from where it was at `range`; `None` where it is not zoomed.
    pub fn y_dragged(&self, range: Option<Viewport>, by: f64, runs: &ChartRuns) -> Option<Viewport> {
        let (range, layout) = (range.filter(|_| self.y_viewport.is_some())?, self.layout.as_ref()?);
        Some(self.y_space().pan(&range, by / layout.height, self.y_extent(&range, runs)))
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
        let Some((chart, runs)) = self.chart_and_runs(id) else { return };
        let (Some(range), Some(layout)) = (chart.y_range(), &chart.layout) else { return };
        let viewport = chart.y_space().zoom(&range, layout.y_at(at), factor, 0.0, chart.y_extent(&range, runs));
        self.set_y_viewport(id, viewport);
    }

    /// Runs a command of the y axis. False if it is another one.
    pub fn run_on_y(&mut self, id: &CellId, command: ChartCommand) -> bool {
        let Some((chart, runs)) = self.chart_and_runs(id) else { return false };
        let (Some(range), space) = (chart.y_range(), chart.y_space()) else { return false };
        let zoom = |factor| space.zoom(&range, space.middle(&range), factor, 0.0, chart.y_extent(&range, runs));
        let pan = |share| chart.y_viewport.map(|viewport| space.pan(&viewport, share, chart.y_extent(&range, runs)));
        let viewport = match command {
            ChartCommand::ZoomInY => zoom(1.0 / (1.0 + STEP)),
            ChartCommand::ZoomOutY => zoom(1.0 + STEP),
            ChartCommand::PanUp => pan(STEP),
            ChartCommand::PanDown => pan(-STEP),
            _ => return false,
        };
        self.set_y_viewport(id, viewport);
        true
    }
}
