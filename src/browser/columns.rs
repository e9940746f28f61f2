//! Asks the server for columns.

use web_sys::RequestCache;

use super::http;

/// The bytes of an answer; `None` when the server cannot be reached or refuses.
pub async fn fetch(address: String) -> Option<Vec<u8>> {
    let reply = http::request("GET", &address, "application/octet-stream", None, RequestCache::Default).await?;
    if reply.ok() { reply.binary().await.ok() } else { None }
}
