//! Keeps the comparison in the address, and restores it when the reader goes back or forth in the browser's history.

use leptos::ev;
use leptos::prelude::*;
use wasm_bindgen::JsValue;

use super::comparison::Comparison;
use super::{Dashboard, SetIfChanged};

impl Dashboard {
    /// Follows the comparison and the history while the current owner lives. Browser only. A run that the board is narrowed to has an
    /// entry of its own in the history: going back leads to all runs, also after steps to other runs.
    pub fn use_comparison_url(self) {
        let comparison = self.runs.comparison;
        let restored = window_event_listener(ev::popstate, move |_| {
            comparison.set_if_changed(Comparison::from_query(&window().location().search().unwrap_or_default()));
        });
        on_cleanup(move || restored.remove());
        Effect::new(move |before: Option<Comparison>| {
            let now = comparison.get();
            if let Some(before) = before {
                write(&now, before.run.is_some() != now.run.is_some());
            }
            now
        });
    }
}

fn write(comparison: &Comparison, is_new_entry: bool) {
    let location = window().location();
    let (path, search) = (location.pathname().unwrap_or_default(), location.search().unwrap_or_default());
    let query = comparison.write_query(&search);
    let Some(history) = window().history().ok().filter(|_| query != search) else { return };
    let url = [path, query, location.hash().unwrap_or_default()].concat();
    let _ = if is_new_entry {
        history.push_state_with_url(&JsValue::NULL, "", Some(&url))
    } else {
        history.replace_state_with_url(&JsValue::NULL, "", Some(&url))
    };
}
