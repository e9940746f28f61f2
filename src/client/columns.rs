//! Asks the server for columns.

use js_sys::Uint8Array;
use web_sys::RequestCache;

use super::http;

/// The bytes of an answer; `None` when the server cannot be reached or refuses.
pub async fn fetch(address: String) -> Option<Vec<u8>> {
    let reply = http::request("GET", &address, "application/octet-stream", None, RequestCache::Default).await?;
    if !reply.ok() {
        return None;
    }
    let bytes = http::body(reply.array_buffer()).await?;
    Some(Uint8Array::new(&bytes).to_vec())
}
