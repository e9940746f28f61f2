//! Errors as a page, for a browser navigation: a heading for the reader, the same sentence, and a link to the main board.

use axum::extract::Request;
use axum::http::{HeaderValue, Method, header};
use axum::response::Response;

use crate::charts::render::svg::escaped;
use crate::protocol::ApiError;

const PAGE: &str = include_str!("error.html");
const POLICY: HeaderValue =
    HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'");

/// Whether a browser navigates to this. Programs accept anything, and the login page sends `text/html`
/// alone: both get JSON.
pub fn is_wanted(request: &Request) -> bool {
    let accepts = |accept: &HeaderValue| accept.to_str().is_ok_and(|accept| accept.starts_with("text/html,"));
    request.method() == Method::GET && request.headers().get(header::ACCEPT).is_some_and(accepts)
}

/// What the status means for the person who reads the page.
fn heading(code: u16) -> &'static str {
    match code {
        401 => "You need a token to open this page",
        403 => "You may not open this page",
        404 => "This page does not exist",
        503 => "Agnez is busy: reload this page in a moment",
        500.. => "Agnez could not make this page",
        _ => "This page cannot be shown",
    }
}

/// Replaces the body of an error response by a page. `base`: the base path.
pub fn render(mut reply: Response, base: &str) -> Response {
    let Some(error) = reply.extensions_mut().remove::<ApiError>() else { return reply };
    let message = escaped(&error.message);
    let page = PAGE.replace("{heading}", heading(error.code)).replace("{base}", base).replace("{message}", &message);
    let headers = reply.headers_mut();
    headers.remove(header::CONTENT_LENGTH);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CONTENT_SECURITY_POLICY, POLICY);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    *reply.body_mut() = page.into();
    reply
}
