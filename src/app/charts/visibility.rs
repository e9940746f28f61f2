//! Which charts are near the screen, and how large they are, by the observers of the browser. Charts far away release their canvas.

use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::{Element, IntersectionObserver, IntersectionObserverEntry, IntersectionObserverInit, ResizeObserver};

use super::chart_state::ChartState;
use super::registry::{ChartRegistry, Charts};
use crate::app::signals::SetIfChanged;
use crate::protocol::CellId;
use crate::sorting;

/// The attribute of a chart's container by which an observed element is found again.
pub const CELL: &str = "data-cell";
/// Canvases of charts that are not visible: the least recently visible ones are released first.
const MAX_HIDDEN_CANVASES: usize = 48;
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
            // The canvas is made once, and measured when it is in the document.
            chart.display.is_live.set_if_changed(true);
            chart.is_dirty = true;
            chart.measure();
        } else {
            self.clear_readout_of(&id);
        }
    }

    fn release_hidden(&mut self) {
        let mut hidden: Vec<&mut ChartState> = self.list.iter_mut().filter(|chart| !chart.is_visible && chart.has_canvas()).collect();
        let surplus = hidden.len().saturating_sub(MAX_HIDDEN_CANVASES);
        sorting::sort_by(&mut hidden, |one, other| one.visible_at.cmp(&other.visible_at));
        hidden.into_iter().take(surplus).for_each(ChartState::release);
    }
}
