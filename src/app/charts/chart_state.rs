//! The state of one line chart: settings, columns, viewport, and its last drawing.

use leptos::prelude::*;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, HtmlElement};

use super::axis_space::AxisSpace;
use super::canvas::{self, CanvasTheme};
use super::chart_runs::ChartRuns;
use super::column_cache::{ColumnCache, ColumnQuery};
use super::display::{ChartDisplay, Crosshair, LegendEntry, NewestNumber, PlotDisplay, Zoom};
use super::groups::GroupCache;
use super::hidden_series;
use super::series_looks::{NamedItem, SeriesLooks};
use super::viewport::Viewport;
use crate::app::signals::SetIfChanged;
use crate::charts::{AllHidden, AxisTitles, ChartOptions, Emphasis, LineMarker, PlotLayout, Size, format_significant, palette};
use crate::protocol::{AxisScale, CellId, LineSettings, XAxis};

/// How many curves tell their newest number in the title of the cell.
const MAX_NEWEST: usize = 3;
const NEWEST_DIGITS: i32 = 4;

pub struct ChartState {
    pub id: CellId,
    /// The settings of the cell, from this page or another one.
    pub stored: Signal<LineSettings>,
    pub section: Signal<Option<String>>,
    /// The settings that are drawn: they are ahead of the stored ones while a slider is dragged.
    pub settings: LineSettings,
    /// Names of the series that this tab hides, if they differ from the settings.
    pub own_hidden: Option<Vec<String>>,
    pub cache: ColumnCache,
    /// The curves of groups; empty while runs are drawn.
    pub groups: GroupCache,
    /// The visible part of the x axis; `None`: all of it.
    pub viewport: Option<Viewport>,
    /// The visible part of the y axis, which follows no point; `None`: that of the settings.
    pub y_viewport: Option<Viewport>,
    /// The y axis of the last drawing that was not zoomed: zooming out ends with it.
    pub y_extent: (f64, f64),
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
    /// Slot of the series that is highlighted by the legend.
    pub highlighted: Option<usize>,
    /// Layout and markers of the last drawing.
    pub layout: Option<PlotLayout>,
    pub markers: Vec<LineMarker>,
    pub container: HtmlElement,
    pub display: ChartDisplay,
    /// The server's picture is in the document, until the canvas is drawn.
    pub has_picture: bool,
    /// The live parts; `None` before the chart has been near the screen.
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
        let ChartElement { container, has_picture, display } = element;
        Self {
            id: id.clone(),
            settings: stored.get_untracked(),
            stored,
            section,
            own_hidden: hidden_series::load(id),
            cache: ColumnCache::new(),
            groups: GroupCache::default(),
            viewport: None,
            y_viewport: None,
            y_extent: (f64::NAN, f64::NAN),
            size: Size { width: 0.0, height: 0.0 },
            is_visible: false,
            is_dirty: false,
            is_stale: false,
            is_loading: false,
            not_before: 0.0,
            highlighted: None,
            layout: None,
            markers: Vec::new(),
            container,
            display,
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

    /// Releases canvas and columns of a chart that is far from the screen. They are requested and drawn again when it comes back.
    pub fn release(&mut self) {
        if let Some(Plot { canvas, .. }) = &self.plot {
            canvas.set_width(0);
            canvas.set_height(0);
        }
        self.cache = ColumnCache::new();
        self.groups = GroupCache::default();
        (self.is_dirty, self.is_stale) = (true, true);
    }

    pub fn measure(&mut self) {
        let Some(Plot { canvas, display, .. }) = &self.plot else { return };
        self.size = Size { width: f64::from(canvas.client_width()), height: f64::from(canvas.client_height()) };
        display.width.set_if_changed(self.size.width);
        self.is_dirty = true;
    }

    pub fn axis(&self) -> XAxis {
        self.settings.x
    }

    /// The scale of the x axis. Times of groups begin at 0, so that they have logarithms where wall times have none that say anything.
    fn x_scale(&self) -> AxisScale {
        if self.groups.groups.is_empty() { self.settings.x_scale() } else { self.settings.x_scale }
    }

    /// Where the x axis is zoomed and moved.
    pub fn x_space(&self) -> AxisSpace {
        AxisSpace(self.x_scale())
    }

    /// Draws with other settings. True when the viewport was reset, because it was one of the other axis.
    pub fn apply_settings(&mut self, settings: LineSettings) -> bool {
        let before = self.axis();
        self.settings = settings;
        if self.own_hidden.as_ref() == Some(&self.settings.hidden) {
            self.own_hidden = None;
        }
        let is_reset = self.axis() != before && self.viewport.is_some();
        if is_reset {
            self.viewport = None;
        }
        // A window from below 0 has no place on a logarithmic axis.
        self.y_viewport = self.y_viewport.filter(|viewport| self.settings.y == AxisScale::Linear || viewport.from > 0.0);
        self.is_dirty = true;
        is_reset
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
        let end = self.extent().1;
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

    /// The columns to request; `None` when the cache has them.
    pub fn missing_query(&self) -> Option<ColumnQuery> {
        let width = self.pixel_columns();
        if width == 0 {
            return None;
        }
        let smooth = self.settings.smooth;
        let axis = (self.axis(), self.settings.x_scale());
        let missing = self.cache.missing_query(self.viewport, axis, width, smooth);
        if missing.is_none() && self.is_stale { Some(self.cache.query(self.viewport, axis, width, smooth)) } else { missing }
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

    pub fn draw(&mut self, theme: &mut CanvasTheme, crosshair: Option<(XAxis, f64)>, runs: &ChartRuns) {
        self.is_dirty = false;
        // Columns along the other axis cannot be drawn on this one: the last drawing stays until the new columns come.
        let axis = if runs.grouping.is_some() { self.groups.axis() } else { self.cache.axis() };
        if axis != Some(self.x_axis(runs)) {
            return;
        }
        let Some(plot) = self.plot.clone() else { return };
        self.looks.update(&self.cache.series, &self.groups, runs);
        // A series that is no longer there must not leave the others faint.
        self.highlighted = self.highlighted.filter(|slot| *slot < self.cache.series.len());
        let is_empty = self.total() == 0;
        let curves = self.curves(runs);
        let marks = self.event_marks(runs);
        let options = ChartOptions {
            marks: &marks,
            x_axis: self.x_axis(runs),
            x_scale: self.x_scale(),
            goal_lines: &self.settings.goal_lines,
            y_scale: self.settings.y,
            y_bounds: self.y_bounds(),
            unit: &self.settings.unit,
            titles: self.titles(),
            window: self.viewport.map(|viewport| (viewport.from, viewport.to)),
            zone: theme.zone(),
            all_hidden: match curves.is_empty() {
                true if runs.is_none_found => AllHidden::NoMatch,
                true if !self.cache.series.is_empty() || !self.groups.groups.is_empty() => AllHidden::Series,
                true if runs.hides_any() => AllHidden::Runs,
                _ => AllHidden::No,
            },
        };
        let target = canvas::Target { canvas: &plot.canvas, context: &plot.context, size: self.size, is_new: self.layout.is_none() };
        let Some((layout, markers)) = canvas::paint(&target, &options, &curves, theme) else { return };
        if self.y_viewport.is_none() {
            self.y_extent = (layout.y.lo, layout.y.hi);
        }
        (self.layout, self.markers) = (Some(layout), markers);
        self.show_crosshair(crosshair, runs);
        plot.display.marks.set_if_changed(self.mark_texts(&marks, runs, theme.is_dark));
        let refusal = &self.groups.refusal;
        if plot.display.refusal.with_untracked(|before| before != refusal) {
            plot.display.refusal.set(refusal.clone());
        }
        plot.display.is_empty.set_if_changed(is_empty && !runs.hides_any());
        self.update_legend(&plot.display, theme.is_dark);
        self.update_newest(theme.is_dark);
        self.has_picture = false;
        self.display.is_drawn.set_if_changed(true);
        let zoom = match self.viewport {
            None if self.y_viewport.is_none() => Zoom::All,
            Some(viewport) if viewport.follow => Zoom::Follows,
            _ => Zoom::Zoomed,
        };
        plot.display.zoom.set_if_changed(Some(zoom));
        if let Some(summary) = self.summary() {
            plot.display.summary.set_if_changed(summary);
        }
    }

    /// Every frame comes here, and hardly any changes the legend: it is compared before it is copied.
    fn update_legend(&self, display: &PlotDisplay, is_dark: bool) {
        let entries = || {
            self.looks.legend.iter().map(|NamedItem { item, short }| {
                let is_shown = item.slots.iter().any(|slot| !self.is_slot_hidden(*slot));
                let color = if item.is_split { palette::inks(is_dark).muted } else { palette::colour(item.style.colour, is_dark) };
                (&item.name, short, is_shown, color, item.style.dash)
            })
        };
        let is_same = display.legend.with_untracked(|legend| {
            let same = |(entry, (name, short, is_shown, color, dash)): (&LegendEntry, (&String, &String, bool, u32, usize))| {
                entry.name == *name && entry.short == *short && entry.is_shown == is_shown && entry.color == color && entry.dash == dash
            };
            legend.len() == self.looks.legend.len() && legend.iter().zip(entries()).all(same)
        });
        if !is_same {
            let copied = entries().map(|(name, short, is_shown, color, dash)| LegendEntry {
                name: name.clone(),
                short: short.clone(),
                is_shown,
                color,
                dash,
                is_group: !self.groups.groups.is_empty(),
            });
            display.legend.set(copied.collect());
        }
    }

    /// The newest numbers of the first curves that are drawn. A window that does not follow has none.
    fn update_newest(&self, is_dark: bool) {
        if self.viewport.is_some_and(|viewport| !viewport.follow) {
            return;
        }
        let shown = (0..self.looks.styles.len()).filter(|slot| !self.is_slot_hidden(*slot) && !self.is_thin(*slot));
        let number = |slot: usize| {
            let text = [format_significant(self.last_value(slot)?, NEWEST_DIGITS).as_str(), &self.settings.unit].concat();
            Some(NewestNumber { text, color: palette::colour(self.looks.styles[slot].colour, is_dark) })
        };
        let numbers: Vec<NewestNumber> = shown.filter_map(number).take(MAX_NEWEST).collect();
        self.display.newest.set_if_changed(numbers);
    }

    fn is_thin(&self, slot: usize) -> bool {
        self.looks.emphases.get(slot) == Some(&Emphasis::Thin)
    }

    /// The value of a curve at its end.
    pub fn last_value(&self, slot: usize) -> Option<f64> {
        match self.cache.series.get(slot) {
            Some(series) => Some(series.columns.list.last()?.last),
            None => Some(self.groups.groups.get(slot - self.cache.series.len())?.curve.columns.last()?.line),
        }
    }

    /// Shows the crosshair if it is on this axis and in the visible range. It is an element over the canvas: nothing is drawn.
    pub fn show_crosshair(&self, crosshair: Option<(XAxis, f64)>, runs: &ChartRuns) {
        let Some(Plot { display, .. }) = &self.plot else { return };
        let place = crosshair.filter(|(axis, _)| *axis == self.x_axis(runs)).and_then(|(_, x)| {
            let layout = self.layout.as_ref()?;
            let left = layout.px(x);
            let is_inside = left >= layout.left && left <= layout.left + layout.width;
            is_inside.then(|| Crosshair { left: left as i32, bottom: layout.bottom_margin() })
        });
        display.crosshair.set_if_changed(place);
    }

    /// Points of series and places of groups.
    pub fn total(&self) -> u64 {
        self.cache.total() + self.groups.total() as u64
    }

    /// Groups have no wall times: their runs are aligned at their beginnings.
    pub fn x_axis(&self, runs: &ChartRuns) -> XAxis {
        if runs.grouping.is_some() { group_axis(self.axis()) } else { self.axis() }
    }

    pub fn titles(&self) -> AxisTitles<&str> {
        AxisTitles { x: &self.settings.x_label, y: &self.settings.y_label }
    }
}

/// The axis of groups in a chart along this one.
fn group_axis(axis: XAxis) -> XAxis {
    if axis == XAxis::Step { XAxis::Step } else { XAxis::Relative }
}
