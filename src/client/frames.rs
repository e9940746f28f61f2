//! Messages from figures: strangers, of whom a height is believed and nothing else.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::Reflect;
use leptos::ev;
use leptos::prelude::*;
use wasm_bindgen::JsValue;
use web_sys::{HtmlIFrameElement, MessageEvent};

type OnHeight = Rc<dyn Fn(u32)>;

/// Heights in CSS pixels that a figure may ask for.
const LEAST: f64 = 40.0;
const MOST: f64 = 4000.0;

thread_local! {
    /// Bound: one entry for each frame in the document; its cell takes it out when the frame goes.
    static WATCHED: RefCell<Vec<(HtmlIFrameElement, OnHeight)>> = const { RefCell::new(Vec::new()) };
}

/// Hands the heights that figures post to those who watch them. Called once, when the page wakes.
pub fn listen() {
    let _ = window_event_listener(ev::message, |event| {
        let Some(height) = height(&event) else { return };
        let Some(sender) = event.source() else { return };
        let sender: &JsValue = sender.as_ref();
        let found = WATCHED.with_borrow(|watched| {
            let of_sender =
                |(frame, _): &&(HtmlIFrameElement, OnHeight)| frame.content_window().is_some_and(|window| window.loose_eq(sender));
            watched.iter().find(of_sender).map(|(_, on_height)| Rc::clone(on_height))
        });
        if let Some(on_height) = found {
            on_height(height);
        }
    });
}

/// Calls `on_height` with each height of this frame, and asks for the first: a figure that was drawn before the page woke has posted in vain.
pub fn watch(frame: &HtmlIFrameElement, on_height: impl Fn(u32) + 'static) {
    WATCHED.with_borrow_mut(|watched| watched.push((frame.clone(), Rc::new(on_height))));
    if let (Some(window), Ok(question)) = (frame.content_window(), js_sys::JSON::parse(r#"{"agnez":"measure"}"#)) {
        let _ = window.post_message(&question, "*");
    }
}

pub fn forget(frame: &HtmlIFrameElement) {
    WATCHED.with_borrow_mut(|watched| watched.retain(|(known, _)| known != frame));
}

fn height(event: &MessageEvent) -> Option<u32> {
    let message = event.data();
    if !message.is_object() {
        return None;
    }
    let field = |name: &str| Reflect::get(&message, &JsValue::from_str(name)).ok();
    if field("agnez")?.as_string()? != "height" {
        return None;
    }
    let height = field("height")?.as_f64()?;
    // The clamp makes the conversion exact enough: what is left is between 40 and 4000.
    height.is_finite().then(|| height.clamp(LEAST, MOST).ceil() as u32)
}
