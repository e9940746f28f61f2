//! Loads images before they are shown, and finds out whether a file of the server's folder has
//! changed.

use gloo_net::http::Method;
use wasm_bindgen_futures::JsFuture;
use web_sys::{HtmlImageElement, RequestCache};

use super::fetch;

/// Loads an image off the screen and returns it when it is decoded; `None` if it could not be
/// loaded. An `<img>` with the same URL then shows it at once.
pub async fn load(address: &str) -> Option<HtmlImageElement> {
    let image = HtmlImageElement::new().ok()?;
    image.set_src(address);
    is_loaded(&image).await.then_some(image)
}

/// Waits until the image is loaded. Browsers refuse to decode very large images that they can
/// paint, so that its size counts, too.
pub async fn is_loaded(image: &HtmlImageElement) -> bool {
    JsFuture::from(image.decode()).await.is_ok() || image.natural_width() > 0
}

/// The `ETag` of the current file.
pub async fn newest_version(address: &str) -> Option<String> {
    fetch::etag(Method::HEAD, address, RequestCache::NoStore).await
}

/// The `ETag` of the file that the page has loaded, from the browser's cache: the file may have
/// changed since.
pub async fn shown_version(address: &str) -> Option<String> {
    fetch::etag(Method::GET, address, RequestCache::ForceCache).await
}
