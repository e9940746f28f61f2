//! Requests to the server that the page came from. Their URLs are relative to the page's `<base>`, which carries what grants read access.

use gloo_net::http::{Headers, Method, Request, Response};
use serde::de::DeserializeOwned;
use web_sys::{AbortSignal, RequestCache, RequestInit};

use super::dom;
use crate::protocol::{ApiError, ErrorKind, parse_json};

/// The key of the session storage in which the login page (`src/server/http/pages/login.html`) keeps the token of this tab.
const TOKEN: &str = "agnez-token";

/// A reply that is not whole by then counts as none: a page that waits for a dead connection would ask for nothing again. Longer than the
/// server takes for any of them.
const READ_TIMEOUT_MS: u32 = 60_000;

/// The value of the `Authorization` header, if this tab has a token. The page's URL grants read access only.
pub fn authorization() -> Option<String> {
    let token = dom::session_storage()?.get_item(TOKEN).ok()??;
    Some(["Bearer ", &token].concat())
}

/// `None` if the server cannot be reached.
///
/// gloo's request builder appends an `&` to every query: the browser's cache would take that for another address.
async fn request(method: Method, address: &str, accept: &str, cache: RequestCache) -> Option<Response> {
    read_request(method, address, accept, cache)?.send().await.ok()
}

fn read_request(method: Method, address: &str, accept: &str, cache: RequestCache) -> Option<Request> {
    let init = RequestInit::new();
    init.set_method(method.as_ref());
    init.set_cache(cache);
    init.set_signal(Some(&AbortSignal::timeout_with_u32(READ_TIMEOUT_MS)));
    let request = Request::from(web_sys::Request::new_with_str_and_init(address, &init).ok()?);
    request.headers().set("Accept", accept);
    Some(request)
}

/// The body of a binary reply; `None` if the server cannot be reached or refuses.
pub async fn bytes(address: &str) -> Option<Vec<u8>> {
    let reply = request(Method::GET, address, "application/octet-stream", RequestCache::Default).await?;
    if reply.ok() { reply.binary().await.ok() } else { None }
}

/// Whether a request is wrong, so that it is useless to repeat it.
fn is_lasting_refusal(status: u16) -> bool {
    (400..500).contains(&status) && !matches!(status, 401 | 403 | 408 | 429)
}

/// A reply to a request that named the `ETag` of the last one.
pub enum Tagged {
    /// Nothing has changed since.
    Same,
    New(Vec<u8>, Option<String>),
    /// The same request would be refused again: the sentence of the server.
    Refused(String),
}

/// The body of a binary reply and its `ETag`, or that it is still the one with the tag `known`; `None` if the server cannot be reached, or
/// may answer later. The browser's cache has no part in it: it would hide that nothing has changed.
pub async fn tagged_bytes(address: &str, known: Option<&str>) -> Option<Tagged> {
    let request = read_request(Method::GET, address, "application/octet-stream", RequestCache::NoStore)?;
    if let Some(tag) = known {
        request.headers().set("If-None-Match", tag);
    }
    let reply = request.send().await.ok()?;
    if reply.status() == 304 {
        return Some(Tagged::Same);
    }
    let tag = reply.headers().get("etag");
    if reply.ok() {
        return Some(Tagged::New(reply.binary().await.ok()?, tag));
    }
    if !is_lasting_refusal(reply.status()) {
        return None;
    }
    let text = reply.text().await.ok()?;
    Some(Tagged::Refused(parse_json::<ApiError>(&text).map_or(text, |error| error.message)))
}

/// The body of a reply, or that it is not read.
pub enum TextReply {
    Text(String),
    TooLarge,
}

/// The JSON of a reply with at most `max_bytes`; `None` if the server cannot be reached or refuses.
pub async fn text(address: &str, max_bytes: u64) -> Option<TextReply> {
    let reply = request(Method::GET, address, "application/json", RequestCache::Default).await.filter(Response::ok)?;
    let length = reply.headers().get("content-length").and_then(|bytes| bytes.parse::<u64>().ok());
    if length.is_some_and(|bytes| bytes > max_bytes) {
        // What is not read must not be sent either.
        if let Some(body) = reply.body() {
            let _ = body.cancel();
        }
        return Some(TextReply::TooLarge);
    }
    reply.text().await.ok().map(TextReply::Text)
}

/// A reply to a request that names the version which the page has.
pub enum VersionedReply {
    /// The page has the newest version.
    Unchanged,
    Changed {
        text: String,
        etag: Option<String>,
    },
    /// The same request would be refused again: the body, which is an [`ApiError`] in most cases.
    Refused(String),
    /// The server cannot be reached, or may answer later: the body, if there is one.
    Later(Option<String>),
}

/// The JSON of an address, unless it has this `ETag` still.
pub async fn newer_than(address: &str, etag: Option<&str>) -> VersionedReply {
    let Some(request) = read_request(Method::GET, address, "application/json", RequestCache::NoStore) else {
        return VersionedReply::Later(None);
    };
    if let Some(etag) = etag {
        request.headers().set("If-None-Match", etag);
    }
    let Ok(reply) = request.send().await else { return VersionedReply::Later(None) };
    if reply.status() == 304 {
        return VersionedReply::Unchanged;
    }
    let (is_ok, status, etag) = (reply.ok(), reply.status(), reply.headers().get("etag"));
    match reply.text().await {
        Ok(text) if is_ok => VersionedReply::Changed { text, etag },
        Ok(text) if is_lasting_refusal(status) => VersionedReply::Refused(text),
        Ok(text) => VersionedReply::Later(Some(text)),
        Err(_) => VersionedReply::Later(None),
    }
}

/// The `ETag` of a file; `None` if the server cannot be reached or refuses.
pub async fn etag(method: Method, address: &str, cache: RequestCache) -> Option<String> {
    let reply = request(method, address, "*/*", cache).await?;
    if reply.ok() { reply.headers().get("etag") } else { None }
}

/// A reply of the REST API that is no refusal.
pub struct ApiReply {
    pub headers: Headers,
    status: u16,
    text: String,
}

impl ApiReply {
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        parse_json(&self.text).map_err(|_| unreadable(self.status))
    }
}

fn unreadable(status: u16) -> ApiError {
    ErrorKind::GeneralError.with(format!("The server's answer ({status}) could not be read."))
}

/// A request of the REST API in the name of this tab's token. `body`: JSON, or empty.
pub async fn api<T: DeserializeOwned>(method: Method, address: &str, body: Option<&serde_json::Value>) -> Result<T, ApiError> {
    api_reply(method, address, body).await?.json()
}

/// As [`api`], with the headers.
pub async fn api_reply(method: Method, address: &str, body: Option<&serde_json::Value>) -> Result<ApiReply, ApiError> {
    let unreachable = || ErrorKind::Unavailable.with("The server could not be reached; check whether the change is there.");
    let builder =
        gloo_net::http::RequestBuilder::new(address).method(method).cache(RequestCache::NoStore).header("Accept", "application/json");
    let builder = match authorization() {
        Some(value) => builder.header("Authorization", &value),
        None => builder,
    };
    let request = match body {
        Some(body) => builder.json(body),
        None => builder.build(),
    };
    let reply = request.map_err(|_| unreachable())?.send().await.map_err(|_| unreachable())?;
    let (is_ok, status, headers) = (reply.ok(), reply.status(), reply.headers());
    let text = reply.text().await.map_err(|_| unreachable())?;
    if is_ok { Ok(ApiReply { headers, status, text }) } else { Err(parse_json(&text).unwrap_or_else(|_| unreadable(status))) }
}
