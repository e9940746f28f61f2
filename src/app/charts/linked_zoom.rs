//! Charts that are zoomed together along x: a reader's own choice, which the browser remembers.

use leptos::prelude::*;

use super::registry::{ChartRegistry, Charts};
use super::viewport::Viewport;
use super::zoom_link::ZoomLink;
use crate::browser::dom;
use crate::protocol::CellId;

/// Key of the browser's storage for another choice than the default.
const KEY: &str = "agnez-zoom-link";

impl ChartRegistry {
    /// Takes the choice that the browser remembers.
    pub fn restore_zoom_link(self) {
        let stored = dom::local_storage().and_then(|storage| storage.get_item(KEY).ok().flatten());
        self.zoom_link.set(stored.and_then(|name| ZoomLink::from_name(&name)).unwrap_or_default());
    }

    pub fn link_zoom(self, link: ZoomLink) {
        self.zoom_link.set(link);
        if let Some(storage) = dom::local_storage() {
            let _ = if link == ZoomLink::default() { storage.remove_item(KEY) } else { storage.set_item(KEY, link.name()) };
        }
    }
}

impl Charts {
    /// Sets the viewport of a chart, and of those that are linked with it, and stores them in the URL.
    pub fn set_viewport(&mut self, id: &CellId, viewport: Option<Viewport>) {
        let link = self.registry.zoom_link.get_untracked();
        let Some(chart) = self.chart(id) else { return };
        chart.set_viewport(viewport);
        let (axis, section) = (chart.axis(), chart.section.get_untracked());
        for chart in self.list.iter_mut().filter(|chart| chart.axis() == axis) {
            let is_linked = match link {
                ZoomLink::Alone => false,
                ZoomLink::Section => section.is_some() && chart.section.get_untracked() == section,
                ZoomLink::Board => true,
            };
            if is_linked {
                chart.set_viewport(viewport);
                // Each has an end of its own.
                chart.follow();
            }
        }
        self.request_frame();
        self.save_url_soon();
    }
}
