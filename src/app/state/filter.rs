//! The filter of the board: a regular expression that the names of the shown cells match. It is a part of the address: `?filter=loss`.

use std::time::Duration;

use js_sys::JsString;
use leptos::ev;
use leptos::prelude::*;
use wasm_bindgen::prelude::*;

use super::{ContentKind, Dashboard, SetIfChanged};
use crate::app::charts::{self, PanelTarget};
use crate::browser::dom;
use crate::protocol::CellId;
use crate::routes::{decoded, encoded, query_value};

/// The key of the address.
const KEY: &str = "filter=";
/// Browsers refuse more than about a hundred changes of the URL in 30 s.
const SAVE_DELAY: Duration = Duration::from_millis(400);

#[wasm_bindgen]
extern "C" {
    type RegExp;
    /// Throws if the text is not a regular expression.
    #[wasm_bindgen(constructor, catch)]
    fn new(text: &str, flags: &str) -> Result<RegExp, JsValue>;
    #[wasm_bindgen(method)]
    fn test(this: &RegExp, text: &str) -> bool;
}

/// Ignores case, and how letters with accents are composed. An incomplete expression matches every name. Calls the browser, unless the
/// expression is empty.
fn matches(expression: &str, name: &str) -> bool {
    expression.is_empty() || RegExp::new(&composed(expression), "i").map_or(true, |expression| expression.test(&composed(name)))
}

/// The text in the normal form C of Unicode.
fn composed(text: &str) -> String {
    if text.is_ascii() { text.to_owned() } else { JsString::from(text).normalize("NFC").into() }
}

impl Dashboard {
    /// Whether the filter shows a cell of this name. Tracks the filter.
    pub fn is_shown(self, name: &str) -> bool {
        self.filter.with(|filter| matches(filter, name))
    }

    pub fn is_shown_untracked(self, name: &str) -> bool {
        self.filter.with_untracked(|filter| matches(filter, name))
    }

    /// What the panel of charts sets: those that the filter shows, or all. `None`: the filter shows no line chart.
    pub fn charts_in_sight(self) -> Option<PanelTarget> {
        if self.filter.with_untracked(String::is_empty) {
            return Some(PanelTarget::Board);
        }
        let mut ids = self.order.get_untracked();
        ids.retain(|id| self.cell(id).is_some_and(|cell| self.is_shown_untracked(&cell.name.read_untracked())));
        let charts = self.line_charts_among(ids);
        (!charts.is_empty()).then_some(PanelTarget::Filtered(charts))
    }

    pub fn line_charts_among(self, mut ids: Vec<CellId>) -> Vec<CellId> {
        ids.retain(|id| self.cell(id).is_some_and(|cell| cell.content_kind.get_untracked() == ContentKind::LineChart));
        ids
    }

    /// Shows all cells.
    pub fn clear_filter(self) {
        self.filter.set_if_changed(String::new());
    }

    /// Clears the filter if it hides cells of this name.
    pub fn clear_filter_for(self, name: &str) {
        if !self.is_shown_untracked(name) {
            self.clear_filter();
        }
    }

    /// Takes the filter of the address. Browser only: the server cannot match names.
    pub fn restore_filter(self) {
        let text = query_value(&dom::query_of_page(), KEY).map(decoded);
        self.filter.set_if_changed(text.unwrap_or_default());
    }

    /// Writes the filter into the address when it changes, and follows the browser's history, while the current owner lives.
    pub fn write_filter_into_url(self) {
        let restored = window_event_listener(ev::popstate, move |_| self.restore_filter());
        on_cleanup(move || restored.remove());
        let timer = StoredValue::new(None::<TimeoutHandle>);
        Effect::new(move |before: Option<String>| {
            let filter = self.filter.get();
            if before.is_none_or(|before| before != filter) {
                let write = {
                    let value = encoded(&filter);
                    move || charts::set_query_key(KEY, &value)
                };
                let next = set_timeout_with_handle(write, SAVE_DELAY).ok();
                if let Some(earlier) = timer.try_update_value(|timer| std::mem::replace(timer, next)).flatten() {
                    earlier.clear();
                }
            }
            filter
        });
    }
}
