//! Requests to the server that the page came from.

use std::pin::Pin;

use gloo_net::http::{Request, Response};
use js_sys::{Object, Reflect};
use wasm_bindgen::JsValue;
use web_sys::{RequestCache, RequestInit};

use super::dom;

/// Where the gate (src/server/gate.html) keeps the token that this tab was let in with.
const TOKEN: &str = "agnez-token";

/// `None` when the server cannot be reached. Boxed, so that what follows it is compiled once.
pub type Reply = Pin<Box<dyn Future<Output = Option<Response>>>>;

/// The request is made here and handed over whole: gloo's builder would put a `&` behind every query, which makes another address of it
/// than the one that a picture has in the browser's cache.
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
        // What only reads has a key in its address. This changes something, and is for the page's own server only.
        if let Some(token) = dom::passing().and_then(|kept| kept.get_item(TOKEN).ok()?) {
            header("Authorization", &["Bearer ", &token].concat());
        }
    }
    init.set_headers(&headers);
    let request = web_sys::Request::new_with_str_and_init(address, &init).map(Request::from);
    Box::pin(async move { request.ok()?.send().await.ok() })
}
