//! Asks the server for columns.

use gloo_net::http::RequestBuilder;

/// The bytes of an answer; `None` when the server cannot be reached or refuses.
pub async fn fetch(address: String) -> Option<Vec<u8>> {
    let request = RequestBuilder::new(&address).header("Accept", "application/octet-stream");
    let reply = request.build().ok()?.send().await.ok()?;
    if reply.ok() { reply.binary().await.ok() } else { None }
}
