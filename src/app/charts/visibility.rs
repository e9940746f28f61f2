//! Which charts are near the screen, and how large they are, by the observers of the browser. Charts far away release
//! their canvas, and later their columns.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::{Element, IntersectionObserver, IntersectionObserverEntry, IntersectionObserverInit, ResizeObserver};

use super::chart_state::{ChartState, Plot};
use super::column_cache::ColumnCache;
use super::groups::GroupCache;
use super::panel_state::PanelTarget;
use super::registry::{ChartRegistry, Charts};
use crate::app::signals::SetIfChanged;
use crate::protocol::CellId;
use crate::sorting;

/// The attribute of a chart's container by which an observed element is found again.
pub const CELL: &str = "data-cell";
/// Charts that are not visible keep their canvas and what stands around it up to this number, and their columns up to the next one. The
/// least recently visible ones release them first.
const MAX_HIDDEN_PLOTS: usize = 8;
const MAX_HIDDEN_CACHES: usize = 48;
/// Charts within this distance of the screen are visible.
const MARGIN: &str = "200px";

impl ChartRegistry {
    /// One observer of each kind for all charts. Without them, as in very old browsers, the server's pictures stay.
    pub fn observe(self) {
        let visibility = Closure::<dyn FnMut(Vec<IntersectionObserverEntry>)>::new(move |entries: Vec<IntersectionObserverEntry>| {
            self.update(|charts| {
                for entry in entries {
                    charts.set_visible(&entry.target(), entry.is_intersecting());
                }
                charts.release_hidden();
                charts.request_frame();
            });
        });
        let sizes = Closure::<dyn FnMut()>::new(move || {
            self.update(|charts| {
                charts.list.iter_mut().for_each(ChartState::measure);
                charts.canvas_charts.iter_mut().for_each(|chart| chart.is_dirty = true);
                charts.request_frame();
            });
        });
        let options = IntersectionObserverInit::new();
        options.set_root_margin(MARGIN);
        let visibility_observer = IntersectionObserver::new_with_options(visibility.as_ref().unchecked_ref(), &options);
        let size_observer = ResizeObserver::new(sizes.as_ref().unchecked_ref());
        visibility.forget();
        sizes.forget();
        self.with(|charts| charts.observers = visibility_observer.ok().zip(size_observer.ok()));
    }
}

impl Charts {
    pub fn observe(&self, element: &Element) {
        if let Some((visibility, sizes)) = &self.observers {
            visibility.observe(element);
            sizes.observe(element);
        }
    }

    pub fn unobserve(&self, element: &Element) {
        if let Some((visibility, sizes)) = &self.observers {
            visibility.unobserve(element);
            sizes.unobserve(element);
        }
    }

    fn set_visible(&mut self, container: &Element, is_visible: bool) {
        let Some(id) = container.get_attribute(CELL).and_then(|id| CellId::parse(&id)) else { return };
        self.visibility_clock += 1;
        let now = self.visibility_clock;
        let Some(chart) = self.chart(&id) else { return };
        (chart.is_visible, chart.visible_at) = (is_visible, now);
        if is_visible {
            // The canvas is measured when it is in the document.
            chart.display.is_live.set_if_changed(true);
            chart.is_dirty = true;
            chart.measure();
        } else {
            self.clear_readout_of(&id);
        }
    }

    fn release_hidden(&mut self) {
        let panel = self.registry.panel.target.get_untracked();
        let is_in_use = |chart: &ChartState| panel.as_ref().and_then(PanelTarget::chart) == Some(&chart.id) || chart.has_focus();
        let sizes = self.observers.as_ref().map(|(_, sizes)| sizes);
        for chart in surplus(&mut self.list, MAX_HIDDEN_PLOTS, |chart| chart.plot.is_some() && !is_in_use(chart)) {
            chart.release_plot();
            if let Some(sizes) = sizes {
                sizes.unobserve(&chart.container);
            }
        }
        surplus(&mut self.list, MAX_HIDDEN_CACHES, |chart| chart.plot.is_none() && chart.has_columns())
            .for_each(ChartState::release_columns);
    }
}

/// Of the charts that are not visible and have something to release, those that were visible longest ago, beyond `kept`.
fn surplus(list: &mut [ChartState], kept: usize, is_meant: impl Fn(&ChartState) -> bool) -> impl Iterator<Item = &mut ChartState> {
    let mut hidden: Vec<&mut ChartState> = list.iter_mut().filter(|chart| !chart.is_visible && is_meant(chart)).collect();
    let surplus = hidden.len().saturating_sub(kept);
    sorting::sort_by(&mut hidden, |one, other| one.visible_at.cmp(&other.visible_at));
    hidden.into_iter().take(surplus)
}

impl ChartState {
    pub fn has_columns(&self) -> bool {
        self.cache.axis().is_some() || self.groups.axis().is_some()
    }

    /// Whether the focus is in the chart, such as on a button of its legend.
    pub fn has_focus(&self) -> bool {
        let active = document().active_element();
        active.is_some_and(|active| self.container.contains(Some(&active)))
    }

    /// Removes the canvas and the parts around it of a chart that is far from the screen. They are made again when it comes back.
    pub fn release_plot(&mut self) {
        if let Some(Plot { canvas, .. }) = self.plot.take() {
            // The element itself may wait for the collector.
            canvas.set_width(0);
            canvas.set_height(0);
        }
        self.highlighted = None;
        self.display.is_live.set(false);
        self.display.is_drawn.set(false);
    }

    /// Forgets the columns, which are requested again when the chart comes back.
    pub fn release_columns(&mut self) {
        self.cache = ColumnCache::new();
        self.groups = GroupCache::default();
        self.is_stale = true;
    }
}
