//! The view in the address: what is zoomed, so that a link shows what its sender saw. `?view=ID:from:to:step,ID:from:to:time:follow`

use std::cell::Cell;
use std::time::Duration;

use js_sys::Date;
use leptos::prelude::*;
use wasm_bindgen::JsValue;
use web_sys::Event;

use super::registry::with;
use super::viewport::{self, View};
use crate::app::fullscreen;
use crate::browser::dom;
use crate::series::Axis;

/// Browsers refuse an address that changes more than about a hundred times in 30 s.
const SOON: Duration = Duration::from_millis(400);
/// Changes of the view that are nearer to one another are one gesture, and one step back in the browser's history.
const GESTURE_MS: f64 = 1000.0;
const KEY: &str = "view=";

thread_local! {
    static IS_DUE: Cell<bool> = const { Cell::new(false) };
    /// A gesture has begun that the history does not have yet.
    static IS_NEW: Cell<bool> = const { Cell::new(false) };
    /// When the view was changed last, in milliseconds since 1970.
    static CHANGED_AT: Cell<f64> = const { Cell::new(0.0) };
}

/// Going back and forth in the browser's history brings back what was seen.
pub fn listen() {
    dom::listen(&window(), "popstate", |_: Event| {
        IS_NEW.set(false);
        with(|charts| {
            charts.recalled = recall();
            for at in 0..charts.list.len() {
                let view = charts.recalled(at);
                charts.list[at].see(view);
                charts.list[at].follow();
            }
            charts.stir();
        });
        // The entry may be older than what is in full screen.
        fullscreen::keep_shown(with(|charts| charts.dashboard));
    });
}

/// A cell's id, and the view that the address has of it, along an axis if it says so.
pub type Recalled = (String, View, Option<Axis>);

/// The views that the page was opened with.
pub fn recall() -> Vec<Recalled> {
    let search = window().location().search().unwrap_or_default();
    // Chats and mail programs write some characters in another way.
    let plain = js_sys::decode_uri_component(&search).map(String::from);
    views(&plain.unwrap_or(search), dom::number_of)
}

fn views(search: &str, number: fn(&str) -> f64) -> Vec<Recalled> {
    let kept = search.trim_start_matches('?').split('&').find_map(|part| part.strip_prefix(KEY)).unwrap_or_default();
    kept.split(',').filter_map(|text| viewport::read(text, number)).map(|(id, view, along)| (id.to_owned(), view, along)).collect()
}

/// The query with this value of a key (`view=`), or without it, and everything else that it held.
fn query(search: &str, key: &str, value: &str) -> String {
    let others = search.trim_start_matches('?').split('&').filter(|part| !part.is_empty() && !part.starts_with(key));
    let mut query = String::new();
    for part in others {
        query.push(if query.is_empty() { '?' } else { '&' });
        query.push_str(part);
    }
    if !value.is_empty() {
        query.push(if query.is_empty() { '?' } else { '&' });
        query.push_str(key);
        query.push_str(value);
    }
    query
}

/// Writes the views into the address when no more changes have come for a moment.
pub fn keep_soon() {
    let now = Date::now();
    if now - CHANGED_AT.replace(now) > GESTURE_MS {
        IS_NEW.set(true);
    }
    if IS_DUE.replace(true) {
        return;
    }
    set_timeout(
        || {
            IS_DUE.set(false);
            keep();
        },
        SOON,
    );
}

fn keep() {
    let mut views = String::new();
    with(|charts| {
        for chart in &charts.list {
            let Some(view) = &chart.view else { continue };
            if !views.is_empty() {
                views.push(',');
            }
            views.push_str(&viewport::write(chart.id.as_str(), view, chart.axis(), dom::number_text));
        }
    });
    write(KEY, &views, IS_NEW.take());
}

/// Writes one key of the query, without a new entry in the browser's history.
pub fn set(key: &str, value: &str) {
    write(key, value, false);
}

fn write(key: &str, value: &str, is_new: bool) {
    let location = window().location();
    let (path, search) = (location.pathname().unwrap_or_default(), location.search().unwrap_or_default());
    let after = query(&search, key, value);
    if let Ok(history) = window().history() {
        // What changes nothing is no step to go back.
        let is_new = is_new && after != search;
        if after == search {
            // Nor does what comes next belong to it.
            CHANGED_AT.set(0.0);
        }
        let address = [path, after, location.hash().unwrap_or_default()].concat();
        let _ = if is_new {
            history.push_state_with_url(&JsValue::NULL, "", Some(&address))
        } else {
            history.replace_state_with_url(&JsValue::NULL, "", Some(&address))
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn views_are_read_from_an_address() {
        let number = |text: &str| text.parse().unwrap_or(f64::NAN);
        let read = views("?a=1&view=x:1:2,y:3:4:follow,broken:5&b", number);
        let names: Vec<_> = read.iter().map(|(id, view, _)| (id.as_str(), view.from, view.follows)).collect();
        assert_eq!(names, [("x", 1.0, false), ("y", 3.0, true)]);
        assert!(views("", number).is_empty());
    }

    #[test]
    fn the_rest_of_the_address_stays() {
        assert_eq!(query("?a=1&view=x:1:2&b", KEY, "y:1:2"), "?a=1&b&view=y:1:2");
        assert_eq!(query("?view=x:1:2", KEY, ""), "");
        assert_eq!(query("", KEY, "y:1:2"), "?view=y:1:2");
    }
}
