//! Which charts can be seen, and how large they are: browsers say it, and what is far away gives its canvas back.

use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::{Element, IntersectionObserver, IntersectionObserverEntry, IntersectionObserverInit, ResizeObserver};

use super::line_chart::Chart;
use super::registry::{Charts, with};
use super::tooltip;
use crate::app::focus;

/// Canvases that are kept: those that were seen least recently give their memory back.
const CANVASES: usize = 48;

/// One for all charts of the page; `None` in a browser that has none.
pub fn observers() -> Option<(IntersectionObserver, ResizeObserver)> {
    let seen = Closure::<dyn FnMut(Vec<IntersectionObserverEntry>)>::new(|entries: Vec<IntersectionObserverEntry>| {
        with(|charts| {
            for entry in entries {
                charts.notice(&entry.target(), entry.is_intersecting());
            }
            charts.release();
            charts.stir();
        });
    });
    let resized = Closure::<dyn FnMut()>::new(|| {
        with(|charts| {
            charts.list.iter_mut().for_each(Chart::measure);
            charts.drawings.iter_mut().for_each(|drawing| drawing.is_dirty = true);
            charts.stir();
        });
    });
    let margin = IntersectionObserverInit::new();
    margin.set_root_margin("200px");
    let seeing = IntersectionObserver::new_with_options(seen.as_ref().unchecked_ref(), &margin);
    let resizing = ResizeObserver::new(resized.as_ref().unchecked_ref());
    seen.forget();
    resized.forget();
    seeing.ok().zip(resizing.ok())
}

impl Charts {
    pub fn watch(&self, element: &Element) {
        if let Some((seeing, resizing)) = &self.observers {
            seeing.observe(element);
            resizing.observe(element);
        }
    }

    pub fn unwatch(&self, element: &Element) {
        if let Some((seeing, resizing)) = &self.observers {
            seeing.unobserve(element);
            resizing.unobserve(element);
        }
    }

    /// The chart has come near the screen, or has left it.
    fn notice(&mut self, element: &Element, is_seen: bool) {
        let Some(at) = focus::owner(element).and_then(|id| self.places.get(&id).copied()) else { return };
        self.turn += 1;
        let chart = &mut self.list[at];
        (chart.is_seen, chart.seen_at) = (is_seen, self.turn);
        if is_seen {
            if chart.wake()
                && let Some((_, resizing)) = &self.observers
            {
                resizing.observe(&chart.lines);
            }
            chart.measure();
        } else {
            let id = chart.id.clone();
            tooltip::leave(self, &id);
        }
    }

    /// No more canvases than that.
    fn release(&mut self) {
        let mut far: Vec<&mut Chart> = self.list.iter_mut().filter(|chart| !chart.is_seen && chart.holds()).collect();
        let seen = far.len();
        far.sort_by_key(|chart| chart.seen_at);
        far.into_iter().take(seen.saturating_sub(CANVASES)).for_each(Chart::rest);
    }
}
