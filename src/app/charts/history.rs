//! Writes the viewports and the overrides of settings into the URL, and restores them when the reader goes back or forth in the browser's history.

use std::time::Duration;

use js_sys::Date;
use leptos::prelude::*;
use wasm_bindgen::JsValue;
use web_sys::Event;

use super::chart_state::ChartState;
use super::overrides::NUMBERS;
use super::registry::{ChartRegistry, Charts};
use super::url_state::{KEY, SeenChart, UrlView, VisiblePart, format_views, parse_views, query};
use crate::browser::dom;
use crate::line_overrides::{self, LineOverrides};
use crate::routes;

/// Browsers refuse more than about a hundred changes of the URL in 30 s.
const SAVE_DELAY: Duration = Duration::from_millis(400);
/// Changes with shorter pauses are one gesture, and one entry of the history.
const GESTURE_MS: f64 = 1000.0;

/// The visible parts of the current URL.
fn current_views() -> Vec<UrlView> {
    let search = dom::query_of_page();
    let value = routes::query_value(&search, KEY).unwrap_or_default();
    // Chats and mail programs escape some characters.
    let unescaped = js_sys::decode_uri_component(value).map(String::from);
    parse_views(&unescaped.unwrap_or_default(), dom::number_of)
}

/// What the current URL draws otherwise.
fn current_overrides() -> LineOverrides {
    let query = dom::query_of_page();
    LineOverrides::parse(&routes::decoded(routes::query_value(&query, line_overrides::KEY).unwrap_or_default()), NUMBERS)
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
    // What is written again is no change of the history.
    let is_changed = after != search;
    if let Ok(history) = window().history()
        && is_changed
    {
        let url = [path, after, location.hash().unwrap_or_default()].concat();
        let _ = if is_new_entry {
            history.push_state_with_url(&JsValue::NULL, "", Some(&url))
        } else {
            history.replace_state_with_url(&JsValue::NULL, "", Some(&url))
        };
    }
    is_changed
}

impl ChartRegistry {
    pub fn listen_to_history(self) {
        self.update(|charts| (charts.url.views, charts.overrides) = (current_views(), current_overrides()));
        dom::add_listener(&window(), "popstate", move |_: Event| self.update(Charts::restore_viewports));
    }
}

impl Charts {
    fn restore_viewports(&mut self) {
        self.url.is_new_entry = false;
        self.url.views = current_views();
        self.overrides = current_overrides();
        self.apply_overrides();
        for at in 0..self.list.len() {
            self.take_url_view(at);
            self.list[at].follow();
        }
        self.request_frame();
    }

    /// Shows the part that the URL has for the chart at this place, once; all of an axis that it has no part of. What has no place on
    /// its axis is left out.
    pub fn take_url_view(&mut self, at: usize) {
        let chart = &mut self.list[at];
        let (axis, section) = (chart.axis(), chart.section.get_untracked());
        let named = self.url.take(chart.id.as_str(), section.as_deref(), axis).unwrap_or_default();
        let x = named.x.filter(|_| named.axis.is_none_or(|named| named == axis));
        chart.y_viewport = named.y.filter(|y| chart.has_y(y));
        chart.set_viewport(x);
        if (x, chart.y_viewport) != (named.x, named.y) {
            // A reload must not find it again.
            self.correct_url_soon();
        }
    }

    /// Writes the viewports into the URL, a moment after a gesture of the reader has changed them.
    pub fn save_url_soon(&mut self) {
        let now = Date::now();
        if now - std::mem::replace(&mut self.url.changed_at, now) > GESTURE_MS {
            self.url.is_new_entry = true;
        }
        self.correct_url_soon();
    }

    /// Writes the viewports into the URL after a moment. An entry of the history that only takes out what does not fit would stand in the way
    /// back: each way back would make it again.
    pub fn correct_url_soon(&mut self) {
        if !std::mem::replace(&mut self.url.is_save_due, true) {
            let registry = self.registry;
            let save = |charts: &mut Self| {
                if let Some(input) = charts.input {
                    (input.save_url)(charts);
                }
            };
            set_timeout(move || registry.update(save), SAVE_DELAY);
        }
    }

    /// Belongs to the second part of the page's code, which saves what was due before it came.
    pub(super) fn save_url(&mut self) {
        if !std::mem::take(&mut self.url.is_save_due) {
            return;
        }
        let value = format_views(&self.list.iter().map(seen).collect::<Vec<_>>(), dom::number_text);
        // A section of the address is no longer what charts begin with that come later.
        self.url.views.clear();
        if !write(KEY, &value, std::mem::take(&mut self.url.is_new_entry)) {
            // A change without effect begins no gesture.
            self.url.changed_at = 0.0;
        }
        set_query_key(line_overrides::KEY, &self.overrides.format(NUMBERS));
    }
}

fn seen(chart: &ChartState) -> SeenChart<'_> {
    SeenChart {
        id: chart.id.as_str(),
        section: chart.section.get_untracked(),
        part: VisiblePart { x: chart.viewport, y: chart.y_viewport, axis: Some(chart.axis()) },
        width: chart.viewport.map_or(0.0, |viewport| chart.x_space().width(&viewport)),
    }
}
