//! The state of one line chart: settings, columns, viewport, and its last drawing.

use leptos::prelude::*;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, HtmlElement};

use super::axis_space::AxisSpace;
use super::chart_runs::ChartRuns;
use super::column_cache::{ColumnCache, ColumnQuery};
use super::display::{ChartDisplay, PlotDisplay};
use super::groups::GroupCache;
use super::series_looks::SeriesLooks;
use super::viewport::Viewport;
use super::{hidden_series, superseded_choice};
use crate::app::signals::SetIfChanged;
use crate::charts::{AxisTitles, LineMarker, PlotLayout, Size};
use crate::protocol::{AxisScale, CellId, ChartAxis, LineSettings, XAxis};

pub struct ChartState {
    pub id: CellId,
    /// The settings of the cell, from this page or another one.
    pub stored: Signal<LineSettings>,
    pub section: Signal<Option<String>>,
    /// The settings that are drawn: they are ahead of the stored ones while a slider is dragged.
    pub settings: LineSettings,
    /// Names of the series that this tab hides, if they differ from the settings.
    pub own_hidden: Option<Vec<String>>,
    /// Whether this tab hides what restarts superseded, if that differs from the settings.
    pub own_hides_superseded: Option<bool>,
    pub cache: ColumnCache,
    /// The curves of groups; empty while runs are drawn.
    pub groups: GroupCache,
    /// The visible part of the x axis; `None`: all of it.
    pub viewport: Option<Viewport>,
    /// The visible part of the y axis, which follows no point; `None`: that of the settings.
    pub y_viewport: Option<Viewport>,
    /// CSS pixels of the canvas. Asking the document while drawing would force a layout each time.
    pub size: Size,
    /// On the screen or within the margin of the observer.
    pub is_visible: bool,
    pub is_dirty: bool,
    /// Points are missing that the cache does not know of.
    pub is_stale: bool,
    pub is_loading: bool,
    /// Time of the next request, in milliseconds since 1970.
    pub not_before: f64,
    /// The same of one that only asks for new points along a metric.
    pub refresh_not_before: f64,
    /// Slot of the series that is highlighted by the legend.
    pub highlighted: Option<usize>,
    /// Layout and markers of the last drawing.
    pub layout: Option<PlotLayout>,
    pub markers: Vec<LineMarker>,
    pub container: HtmlElement,
    pub display: ChartDisplay,
    pub is_fullscreen: Signal<bool>,
    /// The server's picture is in the document, until the canvas is drawn.
    pub has_picture: bool,
    /// The live parts; `None` while the chart is far from the screen.
    pub plot: Option<Plot>,
    pub looks: SeriesLooks,
    /// When it was visible last, in steps of the registry's counter.
    pub visible_at: u64,
}

/// What the cell of a chart says.
#[derive(Clone, Copy)]
pub struct ChartSource {
    pub settings: Signal<LineSettings>,
    /// The section that it is in, if it names one.
    pub section: Signal<Option<String>>,
}

/// A chart in the document.
pub struct ChartElement {
    pub container: HtmlElement,
    pub has_picture: bool,
    pub display: ChartDisplay,
    pub is_fullscreen: Signal<bool>,
}

/// The canvas in the document, and the signals of the parts around it.
#[derive(Clone)]
pub struct Plot {
    pub canvas: HtmlCanvasElement,
    pub context: CanvasRenderingContext2d,
    pub display: PlotDisplay,
}

impl ChartState {
    pub fn new(id: &CellId, source: ChartSource, element: ChartElement) -> Self {
        let ChartSource { settings: stored, section } = source;
        let ChartElement { container, has_picture, display, is_fullscreen } = element;
        Self {
            id: id.clone(),
            settings: stored.get_untracked(),
            stored,
            section,
            own_hidden: hidden_series::load(id),
            own_hides_superseded: superseded_choice::load(id),
            cache: ColumnCache::new(),
            groups: GroupCache::default(),
            viewport: None,
            y_viewport: None,
            size: Size { width: 0.0, height: 0.0 },
            is_visible: false,
            is_dirty: false,
            is_stale: false,
            is_loading: false,
            not_before: 0.0,
            refresh_not_before: 0.0,
            highlighted: None,
            layout: None,
            markers: Vec::new(),
            container,
            display,
            is_fullscreen,
            has_picture,
            plot: None,
            looks: SeriesLooks::default(),
            visible_at: 0,
        }
    }

    /// Whether the canvas holds memory.
    pub fn has_canvas(&self) -> bool {
        self.plot.as_ref().is_some_and(|plot| plot.canvas.width() > 0)
    }

    pub fn measure(&mut self) {
        let Some(Plot { canvas, display, .. }) = &self.plot else { return };
        self.size = Size { width: f64::from(canvas.client_width()), height: f64::from(canvas.client_height()) };
        display.width.set_if_changed(self.size.width);
        self.is_dirty = true;
    }

    pub fn axis(&self) -> ChartAxis {
        self.settings.axis()
    }

    /// The scale of the x axis. Times of groups begin at 0, so that they have logarithms where wall times have none that say anything.
    pub fn x_scale(&self) -> AxisScale {
        if self.groups.groups.is_empty() { self.settings.x_scale() } else { self.settings.x_scale }
    }

    /// Where the x axis is zoomed and moved.
    pub fn x_space(&self) -> AxisSpace {
        AxisSpace(self.x_scale())
    }

    /// Draws with other settings. True when a part of an axis was dropped, because it has no place on the axis as it is now.
    pub fn apply_settings(&mut self, settings: LineSettings) -> bool {
        let before = self.axis();
        self.settings = settings;
        self.forget_stored_choices();
        let seen = (self.viewport, self.y_viewport);
        self.viewport = self.viewport.filter(|_| self.axis() == before);
        self.y_viewport = self.y_viewport.filter(|viewport| self.has_y(viewport));
        self.is_dirty = true;
        seen != (self.viewport, self.y_viewport)
    }

    /// Whether a part of the y axis has a place on it: one from below 0 has none on a logarithmic one.
    pub fn has_y(&self, viewport: &Viewport) -> bool {
        self.settings.y == AxisScale::Linear || viewport.from > 0.0
    }

    pub fn set_viewport(&mut self, viewport: Option<Viewport>) {
        self.viewport = viewport;
        self.is_dirty = true;
    }

    /// The visible range as a viewport; `None` before the first drawing.
    pub fn visible_range(&self) -> Option<Viewport> {
        self.viewport.or_else(|| self.layout.as_ref().and_then(|layout| Viewport::new(layout.x.lo, layout.x.hi)))
    }

    /// Moves a viewport that follows to the newest point.
    pub fn follow(&mut self) {
        let end = if self.hides_superseded() && self.groups.groups.is_empty() { self.cache.newest_end() } else { self.extent().1 };
        if let Some(viewport) = self.viewport.filter(|viewport| viewport.follow && !end.is_nan()) {
            self.viewport = Some(self.x_space().pinned_to_end(&viewport, end));
        }
    }

    /// First and last x of the chart; NaN before the first point.
    pub fn extent(&self) -> (f64, f64) {
        let (from, to) = self.whole_extent();
        let is_log = self.x_scale() == AxisScale::Log;
        (if is_log && from <= 0.0 { self.cache.lowest_positive().min(self.groups.lowest_positive()) } else { from }, to)
    }

    fn whole_extent(&self) -> (f64, f64) {
        if self.groups.groups.is_empty() {
            return self.cache.extent;
        }
        // Series along wall time are not drawn beside groups.
        let series = if self.axis() == XAxis::Wall { (f64::NAN, f64::NAN) } else { self.cache.extent };
        (self.groups.extent.0.min(series.0), self.groups.extent.1.max(series.1))
    }

    /// Minimum width of a viewport around `x`.
    pub fn min_window(&self, x: f64) -> f64 {
        const GAPS: f64 = 3.0;
        let least = self.groups.least_gap(x);
        if least.is_finite() { GAPS * least } else { self.cache.min_window(x) }
    }

    /// Drops the series of runs that are not drawn.
    pub fn retain_drawn(&mut self, runs: &ChartRuns) {
        let count = self.cache.series.len();
        self.cache.series.retain(|series| runs.draws(series.run.as_ref()));
        if self.cache.series.len() < count {
            // The highlighted series may have another place now.
            self.highlighted = None;
        }
    }

    pub fn has_runs(&self) -> bool {
        self.cache.series.iter().any(|series| series.run.is_some())
    }

    /// The columns to request, and when; `None` when the cache has them.
    pub fn missing_query(&self) -> Option<(ColumnQuery, f64)> {
        let width = self.pixel_columns();
        if width == 0 {
            return None;
        }
        let smooth = self.settings.smooth;
        let axis = (self.axis(), self.settings.x_scale());
        let missing = self.cache.missing_query(self.viewport, axis, width, smooth);
        match missing {
            Some(query) => Some((query, self.not_before)),
            None if self.is_stale => {
                Some((self.cache.query(self.viewport, axis, width, smooth), self.not_before.max(self.refresh_not_before)))
            }
            None => None,
        }
    }

    /// The curves of groups to request.
    pub fn missing_groups(&self, keys: &str) -> Option<ColumnQuery> {
        let width = self.pixel_columns();
        if width == 0 { None } else { self.groups.missing_query(self.viewport, group_axis(self.axis()), width, self.settings.smooth, keys) }
    }

    /// Pixels of the screen in the plot's width.
    fn pixel_columns(&self) -> u32 {
        let width = self.size.width * window().device_pixel_ratio();
        let plot = self.layout.as_ref().map_or(0.9, |layout| layout.width / layout.size.width);
        (width * plot) as u32
    }

    /// Points of series and places of groups.
    pub fn total(&self) -> u64 {
        self.cache.total() + self.groups.total() as u64
    }

    /// Groups have no wall times: their runs are aligned at their beginnings.
    pub fn x_axis(&self, runs: &ChartRuns) -> ChartAxis {
        if runs.grouping.is_some() { group_axis(self.axis()) } else { self.axis() }
    }

    pub fn titles(&self) -> AxisTitles<&str> {
        AxisTitles { x: self.settings.x_title(), y: &self.settings.y_label }
    }
}

/// The axis of groups in a chart along this one.
fn group_axis(axis: ChartAxis) -> ChartAxis {
    if axis == XAxis::Wall { ChartAxis::RELATIVE } else { axis }
}
