//! Times in the reader's time zone and language.

use js_sys::{Date, Object, Reflect};
use leptos::prelude::window;
use wasm_bindgen::JsValue;

/// A Unix time in milliseconds as date and time.
pub fn format(unix_ms: f64) -> String {
    format_date(&Date::new(&JsValue::from_f64(unix_ms)))
}

/// A timestamp of the REST API as date and time.
pub fn format_timestamp(timestamp: &str) -> String {
    format_date(&Date::new(&JsValue::from_str(timestamp)))
}

fn format_date(date: &Date) -> String {
    let options = Object::new();
    for (name, value) in [("dateStyle", "medium"), ("timeStyle", "short")] {
        let _ = Reflect::set(&options, &JsValue::from_str(name), &JsValue::from_str(value));
    }
    let language = window().navigator().language().unwrap_or_else(|| "en".to_owned());
    date.to_locale_string(&language, &options).into()
}
