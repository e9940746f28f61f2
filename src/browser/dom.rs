//! Small functions around the browser's interfaces. None panics when the browser refuses: a private
//! window has no storage, for example.

use js_sys::{Function, Number, Promise};
use leptos::prelude::*;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Element, Event, EventTarget, HtmlAnchorElement, HtmlButtonElement, HtmlElement, HtmlInputElement, HtmlSelectElement,
    HtmlTextAreaElement, Storage,
};

/// Storage that lasts until the reader clears it. `None` where the browser has none.
pub fn local_storage() -> Option<Storage> {
    window().local_storage().ok().flatten()
}

/// Storage of this tab. `None` where the browser has none.
pub fn session_storage() -> Option<Storage> {
    window().session_storage().ok().flatten()
}

/// The name of the reader's time zone, such as `Europe/Berlin`; empty where the browser hides it.
pub fn time_zone() -> String {
    let format = js_sys::Intl::DateTimeFormat::new(&js_sys::Array::new(), &js_sys::Object::new());
    let zone = js_sys::Reflect::get(&format.resolved_options(), &JsValue::from_str("timeZone"));
    zone.ok().and_then(|zone| zone.as_string()).unwrap_or_default()
}

/// The server's URL without the key of this page, so that it can be given to others. It ends with a
/// slash.
pub fn root() -> String {
    let base = document().base_uri().ok().flatten().unwrap_or_default();
    let end = base.rfind('~').unwrap_or(base.len());
    base[..end].to_owned()
}

/// Saves what this address has as a file; without a name, that of the response. A link in the document would hold the page's key, and could
/// be copied.
pub fn download(address: &str, name: &str) {
    let link = document().create_element("a").ok().and_then(|link| link.dyn_into::<HtmlElement>().ok());
    if let Some(link) = link
        && link.set_attribute("href", address).is_ok()
        && link.set_attribute("download", name).is_ok()
    {
        link.click();
    }
}

/// Calls `handler` with each event of this name, for as long as the page is open.
///
/// For targets that have no view and no owner, such as media queries; otherwise use an `on:`
/// attribute or [`window_event_listener`].
pub fn add_listener<E: JsCast>(target: &EventTarget, name: &str, mut handler: impl FnMut(E) + 'static) {
    let handler = Closure::<dyn FnMut(JsValue)>::new(move |event: JsValue| handler(event.unchecked_into()));
    let _ = target.add_event_listener_with_callback(name, handler.into_js_value().unchecked_ref::<Function>());
}

/// Waits for the next animation frame. A window that is not visible has none.
pub async fn animation_frame() {
    let frame = Promise::new(&mut |resolve, _| {
        let _ = window().request_animation_frame(&resolve);
    });
    let _ = JsFuture::from(frame).await;
}

/// The text of an element that no view owns; empty where there is no such element.
pub fn text_of(id: &str) -> String {
    document().get_element_by_id(id).and_then(|element| element.text_content()).unwrap_or_default()
}

/// Sets an attribute of `<html>`, or removes it. The page's views begin at `<body>`.
pub fn set_root_attribute(name: &str, value: Option<&str>) {
    if let Some(root) = document().document_element() {
        let _ = match value {
            Some(value) => root.set_attribute(name, value),
            None => root.remove_attribute(name),
        };
    }
}

/// A number as text that reads back the same. JavaScript writes it: Rust's formatter of numbers
/// would make the page larger.
pub fn number_text(number: f64) -> String {
    Number::from(number).to_string_with_radix(10).ok().map(String::from).unwrap_or_default()
}

/// The number that [`number_text`] wrote; NaN when the text is no number.
pub fn number_of(text: &str) -> f64 {
    js_sys::parse_float(text)
}

/// Appends a new element to an element that no view owns.
pub fn append_element(parent: &Element, tag: &str, class: &str, text: &str) -> Option<Element> {
    let element = document().create_element(tag).ok()?;
    if !class.is_empty() {
        element.set_class_name(class);
    }
    if !text.is_empty() {
        element.set_text_content(Some(text));
    }
    parent.append_child(&element).ok()?;
    Some(element)
}

/// Sets an attribute of an element that no view owns. Only an invalid name is an error, which no
/// caller has.
pub fn set_attribute(element: &Element, name: &str, value: &str) {
    let _ = element.set_attribute(name, value);
}

/// True while a dialog or a popover lies over the page. The browser knows: Esc and a click
/// elsewhere close one before any handler of the page runs.
pub fn has_top_layer() -> bool {
    document().query_selector(":popover-open, dialog[open]").is_ok_and(|open| open.is_some())
}

/// Whether somebody writes: a text field has the focus, or a text area has what is not saved.
pub fn has_draft() -> bool {
    let is_field = |element: &Element| {
        element.has_type::<HtmlTextAreaElement>() || element.matches("input:is([type=text], [type=search], :not([type]))").unwrap_or(false)
    };
    let is_changed = |area: HtmlTextAreaElement| area.default_value().is_ok_and(|saved| saved != area.value());
    let areas = document().get_elements_by_tag_name("textarea");
    document().active_element().is_some_and(|element| is_field(&element))
        || (0..areas.length()).filter_map(|at| areas.item(at)?.dyn_into().ok()).any(is_changed)
}

/// The query of the page's address, without its `?`.
pub fn query_of_page() -> String {
    window().location().search().unwrap_or_default().trim_start_matches('?').to_owned()
}

/// True if the event is of a link, or of something in one.
pub fn is_in_link(event: &Event) -> bool {
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    target.is_some_and(|target| matches!(target.closest("a"), Ok(Some(_))))
}

/// True while typed characters belong to a field.
pub fn is_typing(event: &Event) -> bool {
    let Some(target) = event.target() else { return false };
    target.has_type::<HtmlInputElement>()
        || target.has_type::<HtmlTextAreaElement>()
        || target.has_type::<HtmlSelectElement>()
        || target.dyn_ref::<HtmlElement>().is_some_and(HtmlElement::is_content_editable)
}

/// True if Enter activates the button or link that has the focus.
pub fn is_activated_by_enter(event: &Event) -> bool {
    event.target().is_some_and(|target| target.has_type::<HtmlButtonElement>() || target.has_type::<HtmlAnchorElement>())
}

/// True when the reader has selected text: a click was then the end of selecting it.
pub fn has_selection() -> bool {
    window().get_selection().ok().flatten().is_some_and(|selection| !selection.is_collapsed())
}
