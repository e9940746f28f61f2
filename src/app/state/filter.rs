//! The filter of the board: a regular expression that the names of the shown cells match.

use leptos::prelude::*;
use wasm_bindgen::prelude::*;

use super::{Dashboard, SetIfChanged};

#[wasm_bindgen]
extern "C" {
    type RegExp;
    /// Throws if the text is not a regular expression.
    #[wasm_bindgen(constructor, catch)]
    fn new(text: &str, flags: &str) -> Result<RegExp, JsValue>;
    #[wasm_bindgen(method)]
    fn test(this: &RegExp, text: &str) -> bool;
}

/// Ignores case. An incomplete expression matches every name. Calls the browser, unless the expression is empty.
fn matches(expression: &str, name: &str) -> bool {
    expression.is_empty() || RegExp::new(expression, "i").map_or(true, |expression| expression.test(name))
}

impl Dashboard {
    /// Whether the filter shows a cell of this name. Tracks the filter.
    pub fn is_shown(self, name: &str) -> bool {
        self.filter.with(|filter| matches(filter, name))
    }

    pub fn is_shown_untracked(self, name: &str) -> bool {
        self.filter.with_untracked(|filter| matches(filter, name))
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
}
