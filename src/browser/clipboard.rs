//! Copying text, also on pages without TLS, where browsers have no clipboard object.

use js_sys::Reflect;
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{HtmlDocument, HtmlTextAreaElement};

/// Copies a text. True if that succeeded. Call it from an event handler: browsers require a user
/// activation.
pub async fn copy(text: &str) -> bool {
    let navigator = window().navigator();
    let has_clipboard = Reflect::get(&navigator, &JsValue::from_str("clipboard")).is_ok_and(|found| found.is_object());
    if has_clipboard && JsFuture::from(navigator.clipboard().write_text(text)).await.is_ok() {
        return true;
    }
    copy_by_selection(text).unwrap_or(false)
}

fn copy_by_selection(text: &str) -> Option<bool> {
    let document = document();
    let field: HtmlTextAreaElement = document.create_element("textarea").ok()?.dyn_into().ok()?;
    let focused = document.active_element().and_then(|element| element.dyn_into::<web_sys::HtmlElement>().ok());
    field.set_value(text);
    let _ = field.set_attribute("style", "position:fixed;opacity:0");
    document.body()?.append_child(&field).ok()?;
    field.select();
    let copied = document.dyn_ref::<HtmlDocument>().and_then(|page| page.exec_command("copy").ok());
    field.remove();
    if let Some(focused) = focused {
        let _ = focused.focus();
    }
    copied
}
