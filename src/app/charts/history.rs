//! Writes the viewports into the URL and restores them when the reader goes back or forth in the browser's history.

use std::time::Duration;

use js_sys::Date;
use leptos::prelude::*;
use wasm_bindgen::JsValue;
use web_sys::Event;

use super::registry::{ChartRegistry, Charts};
use super::url_state::{KEY, UrlViewport, format_viewports, parse_viewports, query};
use super::viewport::Viewport;
use crate::browser::dom;

/// Browsers refuse more than about a hundred changes of the URL in 30 s.
const SAVE_DELAY: Duration = Duration::from_millis(400);
/// Changes with shorter pauses are one gesture, and one entry of the history.
const GESTURE_MS: f64 = 1000.0;

/// The viewports of the current URL.
fn current_viewports() -> Vec<UrlViewport> {
    let search = window().location().search().unwrap_or_default();
    // Chats and mail programs escape some characters.
    let decoded = js_sys::decode_uri_component(&search).map(String::from);
    parse_viewports(&decoded.unwrap_or(search), dom::number_of)
}

/// Sets one key of the query (`full=`) without an entry in the history; an empty value removes it.
pub fn set_query_key(key: &str, value: &str) {
    write(key, value, false);
}

/// False when the query has this value already.
fn write(key: &str, value: &str, is_new_entry: bool) -> bool {
    let location = window().location();
    let (path, search) = (location.pathname().unwrap_or_default(), location.search().unwrap_or_default());
    let after = query(&search, key, value);
    let is_changed = after != search;
    if let Ok(history) = window().history() {
        let url = [path, after, location.hash().unwrap_or_default()].concat();
        let _ = if is_new_entry && is_changed {
            history.push_state_with_url(&JsValue::NULL, "", Some(&url))
        } else {
            history.replace_state_with_url(&JsValue::NULL, "", Some(&url))
        };
    }
    is_changed
}

impl ChartRegistry {
    pub fn listen_to_history(self) {
        self.with(|charts| charts.url.viewports = current_viewports());
        dom::add_listener(&window(), "popstate", move |_: Event| self.update(Charts::restore_viewports));
    }
}

impl Charts {
    fn restore_viewports(&mut self) {
        self.url.is_new_entry = false;
        self.url.viewports = current_viewports();
        for at in 0..self.list.len() {
            let viewport = self.take_url_viewport(at);
            self.list[at].set_viewport(viewport);
            self.list[at].follow();
        }
        self.request_frame();
    }

    /// The viewport of the URL for the chart at this place, once; `None` if it is one of the other axis.
    pub fn take_url_viewport(&mut self, at: usize) -> Option<Viewport> {
        let chart = &self.list[at];
        let known = self.url.viewports.iter().position(|known| known.cell == chart.id.as_str())?;
        let chart_axis = chart.axis();
        let UrlViewport { viewport, axis, .. } = self.url.viewports.swap_remove(known);
        if axis.is_some_and(|axis| axis != chart_axis) {
            // A reload must not find it again.
            self.save_url_soon();
            return None;
        }
        Some(viewport)
    }

    /// Writes the viewports into the URL after a moment without changes.
    pub fn save_url_soon(&mut self) {
        let now = Date::now();
        if now - std::mem::replace(&mut self.url.changed_at, now) > GESTURE_MS {
            self.url.is_new_entry = true;
        }
        if !std::mem::replace(&mut self.url.is_save_due, true) {
            let registry = self.registry;
            set_timeout(move || registry.update(Self::save_url), SAVE_DELAY);
        }
    }

    fn save_url(&mut self) {
        self.url.is_save_due = false;
        let zoomed = self.list.iter().filter_map(|chart| Some((chart.id.as_str(), chart.viewport?, chart.axis())));
        let viewports = format_viewports(zoomed, dom::number_text);
        if !write(KEY, &viewports, std::mem::take(&mut self.url.is_new_entry)) {
            // A change without effect begins no gesture.
            self.url.changed_at = 0.0;
        }
    }
}
