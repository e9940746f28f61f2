//! Requests to the server that the page came from.

use std::pin::Pin;

use js_sys::{Object, Reflect};
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{RequestCache, RequestInit, Response};

/// `None` when the server cannot be reached. Boxed, so that what follows it is compiled once.
pub type Reply = Pin<Box<dyn Future<Output = Option<Response>>>>;

pub fn request(method: &str, address: &str, accept: &str, json: Option<String>, cache: RequestCache) -> Reply {
    let init = RequestInit::new();
    init.set_method(method);
    init.set_cache(cache);
    let headers = Object::new();
    let header = |name: &str, value: &str| Reflect::set(&headers, &JsValue::from_str(name), &JsValue::from_str(value)).is_ok();
    header("Accept", accept);
    if let Some(json) = json {
        header("Content-Type", "application/json");
        init.set_body(&JsValue::from_str(&json));
    }
    init.set_headers(&headers);
    let sent = window().fetch_with_str_and_init(address, &init);
    Box::pin(async move { JsFuture::from(sent).await.ok()?.dyn_into().ok() })
}

/// The body of a reply: `array_buffer` or `text` of a [`Response`].
pub async fn body(reading: Result<js_sys::Promise, JsValue>) -> Option<JsValue> {
    JsFuture::from(reading.ok()?).await.ok()
}
