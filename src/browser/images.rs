//! Loading a picture before it is shown, and telling whether a file of the server's folder has changed.

use gloo_net::http::Method;
use wasm_bindgen_futures::JsFuture;
use web_sys::{HtmlImageElement, RequestCache};

use super::fetch;

/// Loads a picture off the screen, and answers it when it can be drawn. Shown under the same address it then appears without a gap.
pub async fn load(address: &str) -> Option<HtmlImageElement> {
    let picture = HtmlImageElement::new().ok()?;
    picture.set_src(address);
    can_be_drawn(&picture).await.then_some(picture)
}

/// Waits until the picture is there. Browsers also refuse to decode ones that they can draw (very large ones), hence the second look.
pub async fn can_be_drawn(picture: &HtmlImageElement) -> bool {
    JsFuture::from(picture.decode()).await.is_ok() || picture.natural_width() > 0
}

/// The `ETag` of the file as it is now.
pub async fn newest_version(address: &str) -> Option<String> {
    fetch::etag(Method::HEAD, address, RequestCache::NoStore).await
}

/// The `ETag` of the file as it was loaded for the page: from the browser's cache, because the file may have changed since.
pub async fn shown_version(address: &str) -> Option<String> {
    fetch::etag(Method::GET, address, RequestCache::ForceCache).await
}
