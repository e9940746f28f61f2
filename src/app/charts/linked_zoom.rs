//! Charts of one section that are zoomed together: a reader's own choice, which the browser remembers.

use leptos::prelude::*;

use super::registry::{ChartRegistry, Charts};
use super::viewport::Viewport;
use crate::browser::dom;
use crate::protocol::CellId;

/// Key of the browser's storage: set when each chart is zoomed alone.
const ALONE_KEY: &str = "agnez-zoom-alone";

impl ChartRegistry {
    /// Takes the choice that the browser remembers.
    pub fn restore_zoom_link(self) {
        let alone = dom::local_storage().and_then(|storage| storage.get_item(ALONE_KEY).ok().flatten());
        self.is_zoom_linked.set(alone.is_none());
    }

    pub fn link_zoom(self, is_linked: bool) {
        self.is_zoom_linked.set(is_linked);
        if let Some(storage) = dom::local_storage() {
            let _ = if is_linked { storage.remove_item(ALONE_KEY) } else { storage.set_item(ALONE_KEY, "1") };
        }
    }
}

impl Charts {
    /// Sets the viewport of a chart, and of the others of its section that are drawn along the same axis, and stores them in the URL. Charts
    /// without a section stay alone.
    pub fn set_viewport(&mut self, id: &CellId, viewport: Option<Viewport>) {
        let is_linked = self.registry.is_zoom_linked.get_untracked();
        let Some(chart) = self.chart(id) else { return };
        chart.set_viewport(viewport);
        let (axis, section) = (chart.axis(), chart.section.get_untracked());
        if is_linked && section.is_some() {
            for chart in self.list.iter_mut().filter(|chart| chart.axis() == axis && chart.section.get_untracked() == section) {
                chart.set_viewport(viewport);
                // Each has an end of its own.
                chart.follow();
            }
        }
        self.request_frame();
        self.save_url_soon();
    }
}
