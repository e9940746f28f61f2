//! Small questions to the browser, answered without panicking when it refuses: private windows have no storage, for example.

use js_sys::{Function, Number, Promise};
use leptos::prelude::*;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Element, Event, EventTarget, HtmlAnchorElement, HtmlButtonElement, HtmlElement, HtmlInputElement, HtmlSelectElement,
    HtmlTextAreaElement, Storage,
};

/// Kept for this browser, until the person clears it.
pub fn local_storage() -> Option<Storage> {
    window().local_storage().ok().flatten()
}

/// The name of the reader's time zone, such as `Europe/Berlin`; empty where the browser does not tell.
pub fn time_zone() -> String {
    let format = js_sys::Intl::DateTimeFormat::new(&js_sys::Array::new(), &js_sys::Object::new());
    let zone = js_sys::Reflect::get(&format.resolved_options(), &JsValue::from_str("timeZone"));
    zone.ok().and_then(|zone| zone.as_string()).unwrap_or_default()
}

/// Kept for this tab.
pub fn session_storage() -> Option<Storage> {
    window().session_storage().ok().flatten()
}

/// The server's address as others may be told it, without the key of this page. It ends with a slash.
pub fn root() -> String {
    let base = document().base_uri().ok().flatten().unwrap_or_default();
    let end = base.rfind('~').unwrap_or(base.len());
    base[..end].to_owned()
}

/// Calls `handler` with each event of this name, for as long as the page is open.
///
/// For events that concern the whole page. A handler in a view does the same, but each kind of event is compiled anew there, at 2 KB.
pub fn listen<E: JsCast>(target: &EventTarget, name: &str, mut handler: impl FnMut(E) + 'static) {
    let called = function(move |event: JsValue| handler(event.unchecked_into()));
    let _ = target.add_event_listener_with_callback(name, &called);
}

/// A function of the browser, for as long as the page is open.
pub fn function(called: impl FnMut(JsValue) + 'static) -> Function {
    Closure::<dyn FnMut(JsValue)>::new(called).into_js_value().unchecked_into()
}

/// Waits for the next frame that is drawn; in a window that nobody sees there is none.
pub async fn frame() {
    let coming = Promise::new(&mut |drawn, _| {
        let _ = window().request_animation_frame(&drawn);
    });
    let _ = JsFuture::from(coming).await;
}

/// Sets an attribute of `<html>`, or takes it away.
pub fn mark_root(name: &str, value: Option<&str>) {
    if let Some(root) = document().document_element() {
        let _ = match value {
            Some(value) => root.set_attribute(name, value),
            None => root.remove_attribute(name),
        };
    }
}

pub fn by_id(id: &str) -> Option<HtmlElement> {
    document().get_element_by_id(id)?.dyn_into().ok()
}

/// A number as text that reads back the same; the language's own way to write one would make the page larger.
pub fn number_text(number: f64) -> String {
    Number::from(number).to_string_with_radix(10).ok().map(String::from).unwrap_or_default()
}

/// What [`number_text`] wrote; NaN when it is no number.
pub fn number_of(text: &str) -> f64 {
    js_sys::parse_float(text)
}

/// A new element at the end of another one.
pub fn append(parent: &Element, tag: &str, class: &str, text: &str) -> Option<Element> {
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

/// Sets an attribute; an element that the browser knows takes any.
pub fn mark(element: &Element, name: &str, value: &str) {
    let _ = element.set_attribute(name, value);
}

/// Runs this when the views of this turn are in the document, and again when what it has read changes.
///
/// The framework's own effects do the same, but each is compiled anew, at 1 KB of the page.
pub fn effect(run: impl FnMut() + 'static) {
    begin(Box::new(run));
}

fn begin(run: Box<dyn FnMut()>) {
    Effect::new(run);
}

/// The nearest element around the target of an event, itself included, that matches.
pub fn around(event: &Event, selector: &str) -> Option<Element> {
    event.target()?.dyn_into::<Element>().ok()?.closest(selector).ok()?
}

/// True while a dialog or a popover lies over the page.
pub fn has_top_layer() -> bool {
    document().query_selector(":popover-open, dialog[open]").is_ok_and(|over| over.is_some())
}

/// True while typed characters belong to a field.
pub fn is_typing(event: &Event) -> bool {
    let Some(target) = event.target() else { return false };
    target.has_type::<HtmlInputElement>()
        || target.has_type::<HtmlTextAreaElement>()
        || target.has_type::<HtmlSelectElement>()
        || target.dyn_ref::<HtmlElement>().is_some_and(HtmlElement::is_content_editable)
}

/// True if Enter means the button or link that has the focus.
pub fn is_activated_by_enter(event: &Event) -> bool {
    event.target().is_some_and(|target| target.has_type::<HtmlButtonElement>() || target.has_type::<HtmlAnchorElement>())
}

/// True when the person has marked text, so that a click was the end of marking and means nothing else.
pub fn has_selection() -> bool {
    window().get_selection().ok().flatten().is_some_and(|marked| !marked.is_collapsed())
}
