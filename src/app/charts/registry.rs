//! All charts of the page. Columns, viewports and the one animation frame stay outside of the reactive graph; components get the registry
//! from the context and are updated by the signals in [`super::display`].

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use leptos::prelude::*;
use web_sys::{Element, HtmlElement, IntersectionObserver, ResizeObserver};

use super::canvas::{self, CanvasTheme};
use super::chart_input::ChartInput;
use super::chart_runs::ChartRuns;
use super::chart_state::{ChartElement, ChartSource, ChartState, Plot};
use super::column_cache::Merge;
use super::panel_state::{PanelState, PanelTarget};
use super::pointer_state::PointerState;
use super::readout::ReadoutTarget;
use super::tooltip::TooltipHandle;
use super::url_state::UrlState;
use super::value_chart::CanvasChart;
use super::zoom_link::ZoomLink;
use crate::app::deferred::Deferred;
use crate::line_overrides::LineOverrides;
use crate::protocol::{CellId, ChartAxis, GroupId, LineSettings, RunId, XAxis, points};

/// A handle to the charts of the page, which components get by [`use_charts`]. On the server it holds no charts.
#[derive(Clone, Copy)]
pub struct ChartRegistry {
    charts: Option<StoredValue<Rc<RefCell<Charts>>, LocalStorage>>,
    pub tooltip: TooltipHandle,
    pub panel: PanelState,
    /// The run that is pointed at in a legend or in the list of runs.
    pub highlighted_run: RwSignal<Option<RunId>>,
    /// The group that is pointed at in a legend, in a chart or in the list of runs.
    pub highlighted_group: RwSignal<Option<GroupId>>,
    pub deferred: Deferred,
    pub zoom_link: RwSignal<ZoomLink>,
    pub is_printing: RwSignal<bool>,
}

pub struct Charts {
    pub registry: ChartRegistry,
    pub list: Vec<ChartState>,
    /// The place of each chart in the list.
    pub index: HashMap<CellId, usize>,
    pub runs: ChartRuns,
    /// Charts that are drawn from one value.
    pub canvas_charts: Vec<CanvasChart>,
    /// Place of the crosshair on the axis of all charts.
    pub crosshair: Option<(ChartAxis, f64)>,
    pub readout: Option<ReadoutTarget>,
    /// The readout has moved since the last frame.
    pub is_readout_due: bool,
    pub pointer: PointerState,
    /// What pointers and keys do; `None` until it is loaded.
    pub input: Option<&'static ChartInput<Charts>>,
    pub url: UrlState,
    /// What this reader draws otherwise than the settings say.
    pub overrides: LineOverrides,
    /// Some of them may be stored for everyone by now.
    pub is_override_check_due: bool,
    /// The settings panel is behind the charts, and will be updated.
    pub is_panel_due: bool,
    /// The button that has opened the settings panel.
    pub panel_anchor: Option<HtmlElement>,
    /// Kept from frame to frame; `None` after a change.
    pub theme: Option<CanvasTheme>,
    /// The chart that the next frame begins with.
    pub next_chart: usize,
    pub is_frame_requested: bool,
    /// When requests that have to wait are due, in milliseconds since 1970.
    pub next_requests_at: f64,
    pub observers: Option<(IntersectionObserver, ResizeObserver)>,
    /// Counts when charts become visible or invisible.
    pub visibility_clock: u64,
    /// Lazy images that are loaded for printing.
    pub printed_images: Vec<Element>,
}

/// The charts of the page. Panics outside of [`crate::app::App`].
pub fn use_charts() -> ChartRegistry {
    expect_context()
}

impl ChartRegistry {
    pub fn new(deferred: Deferred) -> Self {
        let (highlighted_run, highlighted_group) = (RwSignal::new(None), RwSignal::new(None));
        let (tooltip, panel) = (TooltipHandle::new(), PanelState::new());
        let (zoom_link, is_printing) = (RwSignal::new(ZoomLink::default()), RwSignal::new(false));
        let registry = Self { charts: None, tooltip, panel, highlighted_run, highlighted_group, zoom_link, is_printing, deferred };
        if !is_browser() {
            return registry;
        }
        let charts = Rc::new(RefCell::new(Charts::new(registry)));
        let registry = Self { charts: Some(StoredValue::new_local(charts.clone())), ..registry };
        charts.borrow_mut().registry = registry;
        registry
    }

    /// Runs `update` with the charts; `None` on the server. Event handlers come one after the other, and setting a signal runs no effect
    /// at once: no call is inside of another one.
    pub fn with<R>(self, update: impl FnOnce(&mut Charts) -> R) -> Option<R> {
        let charts = self.charts?.try_get_value()?;
        let mut charts = charts.borrow_mut();
        Some(update(&mut charts))
    }

    /// The same without a result.
    pub fn update(self, update: impl FnOnce(&mut Charts)) {
        self.with(update);
    }

    /// Adds a chart when it is in the document, or applies its new settings.
    pub fn insert(self, id: &CellId, source: ChartSource, element: impl FnOnce() -> ChartElement) {
        self.update(|charts| {
            if charts.index.contains_key(id) {
                return charts.take_stored_settings(id);
            }
            let element = element();
            if let Some((visibility, _)) = &charts.observers {
                visibility.observe(&element.container);
            }
            let at = charts.list.len();
            let mut chart = ChartState::new(id, source, element);
            chart.settings = charts.drawn_settings(&chart);
            charts.list.push(chart);
            charts.index.insert(id.clone(), at);
            charts.take_url_view(at);
            charts.update_panel();
        });
    }

    /// Gives the chart its canvas.
    pub fn attach(self, id: &CellId, plot: Plot) {
        self.update(|charts| {
            let observers = charts.observers.clone();
            let Some(chart) = charts.chart(id) else { return };
            // It holds no memory before it is drawn, and has the size of no drawing.
            plot.canvas.set_width(0);
            chart.plot = Some(plot);
            chart.measure();
            if let Some((_, sizes)) = observers {
                sizes.observe(&chart.container);
            }
            charts.request_frame();
        });
    }

    pub fn remove(self, id: &CellId) {
        self.update(|charts| {
            let Some(at) = charts.index.remove(id) else { return };
            charts.clear_readout_of(id);
            let removed = charts.list.swap_remove(at);
            charts.unobserve(&removed.container);
            if let Some(moved) = charts.list.get(at) {
                charts.index.insert(moved.id.clone(), at);
            }
            charts.update_panel();
        });
    }

    /// Appends new points. Charts that are not visible request theirs when they are.
    pub fn append(self, frame: points::PointsFrame) {
        self.update(|charts| {
            let is_hidden = document().hidden();
            let is_grouped = charts.runs.grouping.is_some();
            charts.expect_joined(&frame.parts);
            for part in frame.parts {
                if is_grouped
                    && part.run.is_some()
                    && let Some(chart) = charts.chart(&part.cell)
                {
                    chart.groups.is_stale = true;
                }
                // The server sends points of a run that was hidden until it knows.
                if !charts.runs.draws(part.run.as_ref()) {
                    continue;
                }
                let Some(chart) = charts.chart(&part.cell) else { continue };
                if is_hidden || !chart.is_visible || chart.axis() == XAxis::Metric {
                    chart.is_stale = true;
                    continue;
                }
                match chart.cache.append(part) {
                    // Outside of the viewport no line changes, but the number of points does.
                    Merge::Unchanged => chart.is_dirty |= chart.viewport.is_some(),
                    Merge::Updated => chart.is_dirty = true,
                    Merge::Missing => chart.is_stale = true,
                }
                chart.follow();
            }
            charts.request_frame();
        });
    }

    /// Points may have been missed: requests the columns of all visible charts again.
    pub fn refresh(self) {
        self.update(|charts| {
            charts.list.iter_mut().for_each(|chart| (chart.is_stale, chart.groups.is_stale) = (true, true));
            charts.request_frame();
        });
    }

    pub fn repaint(self) {
        self.update(Charts::repaint);
    }

    /// The stored settings again, after a change that could not be stored.
    pub fn revert_settings(self) {
        self.panel.target.set(None);
        self.update(|charts| {
            charts.apply_overrides();
        });
    }

    /// Opens the settings panel beside the chart, or below the button.
    pub fn open_panel(self, target: PanelTarget, button: HtmlElement) {
        self.update(|charts| {
            charts.panel_anchor = Some(button);
            self.panel.target.set(Some(target));
            charts.update_panel();
        });
    }

    /// The settings that the chart is drawn with; `None` when the cell is no line chart.
    pub fn settings(self, id: &CellId) -> Option<LineSettings> {
        self.with(|charts| charts.chart(id).map(|chart| chart.settings.clone())).flatten()
    }

    pub fn is_dark(self) -> bool {
        self.with(|charts| charts.is_dark()).unwrap_or_default()
    }
}

impl Charts {
    fn new(registry: ChartRegistry) -> Self {
        Self {
            registry,
            list: Vec::new(),
            index: HashMap::new(),
            runs: ChartRuns::default(),
            canvas_charts: Vec::new(),
            crosshair: None,
            readout: None,
            is_readout_due: false,
            pointer: PointerState::default(),
            input: None,
            url: UrlState::default(),
            overrides: LineOverrides::default(),
            is_override_check_due: false,
            is_panel_due: false,
            panel_anchor: None,
            theme: None,
            next_chart: 0,
            is_frame_requested: false,
            next_requests_at: f64::INFINITY,
            observers: None,
            visibility_clock: 0,
            printed_images: Vec::new(),
        }
    }

    pub fn chart(&mut self, id: &CellId) -> Option<&mut ChartState> {
        self.list.get_mut(*self.index.get(id)?)
    }

    pub fn chart_and_runs(&self, id: &CellId) -> Option<(&ChartState, &ChartRuns)> {
        Some((self.list.get(*self.index.get(id)?)?, &self.runs))
    }

    pub fn is_dark(&self) -> bool {
        self.theme.as_ref().map_or_else(canvas::is_dark, |theme| theme.is_dark)
    }

    /// Charts along a metric request their columns again: each of these points may be one of the metric in its run.
    fn expect_joined(&mut self, parts: &[points::SeriesPart]) {
        for chart in self.list.iter_mut().filter(|chart| chart.axis() == XAxis::Metric) {
            let has_run = |part: &points::SeriesPart| chart.cache.series.iter().any(|series| series.run == part.run);
            chart.is_stale |= parts.iter().any(|part| part.run.is_some() && has_run(part));
        }
    }

    /// Applies settings that were stored. A viewport of the other axis is removed from the URL, and what this reader has as everyone.
    fn take_stored_settings(&mut self, id: &CellId) {
        let Some((chart, _)) = self.chart_and_runs(id) else { return };
        let settings = self.drawn_settings(chart);
        if self.chart(id).is_some_and(|chart| chart.apply_settings(settings)) {
            self.correct_url_soon();
        }
        self.check_overrides_soon();
        self.update_panel();
        self.request_frame();
    }

    /// Draws all charts again: theme, clock or settings have changed.
    pub fn repaint(&mut self) {
        self.theme = None;
        self.list.iter_mut().for_each(|chart| chart.is_dirty = true);
        self.canvas_charts.iter_mut().for_each(|chart| chart.is_dirty = true);
        self.request_frame();
    }
}
