//! Which pages may ask: those that came from here, and those of origins that were allowed on the command line: to ask, or to show what is
//! here in frames and as images.

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::request::{RequestLine, is_drawing, is_page, single_header};
use crate::protocol::{ApiError, ErrorKind};

/// What a page elsewhere may send, and what of an answer it may read.
const METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE";
const SENT: &str = "authorization, content-type, accept, idempotency-key, idempotency-window, last-event-id";
const EXPOSED_HEADERS: &str = "etag, retry-after, idempotent-replayed, agnez-api, agnez-generation, agnez-removal";

const CORP: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Which page is asking, as far as the browser says so.
#[derive(Clone, Debug, PartialEq)]
pub enum RequestOrigin {
    /// One from here, or a program.
    Ours,
    /// One of an allowed origin: it needs a token, and the response lets it read the answer.
    Allowed(String),
    /// One that may show drawings of cells as images; its scripts cannot read them.
    Embedded,
}

/// `embedders`: the origins whose pages may show boards in frames, and drawings as images.
pub fn asking(
    shape: &RequestLine,
    headers: &HeaderMap,
    host: &str,
    (allowed, embedders): (&[String], &[String]),
) -> Result<RequestOrigin, ApiError> {
    let forbidden =
        || ErrorKind::Forbidden.with("Pages of other sites may not use this server; '--allowed-origin' lets one in that has a token.");
    let origin = single_header(headers, header::ORIGIN.as_str())?;
    let site = single_header(headers, "sec-fetch-site")?;
    // A figure has an opaque origin ("null"), and loads the scripts that were made for it from here, and nothing else.
    if shape.path.starts_with("/vendor/") && shape.only_reads() {
        return Ok(RequestOrigin::Ours);
    }
    match origin {
        Some(origin) if is_same(origin, host) => {}
        Some(origin) if allowed.iter().any(|known| known == origin) => return Ok(RequestOrigin::Allowed(origin.to_owned())),
        Some(_) => return Err(forbidden()),
        None => {}
    }
    match site {
        None | Some("same-origin") => Ok(RequestOrigin::Ours),
        Some("none") if shape.only_reads() => Ok(RequestOrigin::Ours),
        // A link to a board in a chat or a notebook opens it: reading a page changes nothing, and no site can frame it.
        Some(_) if shape.only_reads() && is_page(shape.path) && is_navigation(headers) => Ok(RequestOrigin::Ours),
        // The policy of the page tells the browser which pages may frame it.
        Some(_) if shape.only_reads() && is_page(shape.path) && is_framed(headers) && !embedders.is_empty() => Ok(RequestOrigin::Ours),
        Some(_) if shape.only_reads() && is_drawing(shape.path) && is_image_of(headers, embedders) => Ok(RequestOrigin::Embedded),
        Some(_) => Err(forbidden()),
    }
}

fn is_same(origin: &str, host: &str) -> bool {
    let rest = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    rest.is_some_and(|rest| rest.eq_ignore_ascii_case(host))
}

/// Whether a browser says that its page has another address than this server is asked at: it came through a proxy, whatever that makes of the
/// host. By `https` too, which this server does not speak. Or it followed a link from another site: the gate leads on who may come in.
pub fn is_of_another_address(headers: &HeaderMap, host: &str) -> bool {
    let is_ours = |value: &HeaderValue| {
        let text = value.to_str().ok()?.trim();
        let rest = text.strip_prefix("http://").unwrap_or_default();
        Some(text.is_empty() || rest.split(['/', '?', '#']).next()?.eq_ignore_ascii_case(host))
    };
    // Any other foreign origin has been sent away, or is a figure's.
    let by_tls = |origin: &HeaderValue| origin.as_bytes().starts_with(b"https://");
    headers.get_all(header::REFERER).iter().any(|referer| is_ours(referer) != Some(true))
        || headers.get_all(header::ORIGIN).iter().any(by_tls)
}

fn is_navigation(headers: &HeaderMap) -> bool {
    is(headers, "sec-fetch-mode", "navigate") && is(headers, "sec-fetch-dest", "document")
}

fn is_framed(headers: &HeaderMap) -> bool {
    is(headers, "sec-fetch-mode", "navigate") && is(headers, "sec-fetch-dest", "iframe")
}

/// Whether a page of one of these origins loads an image, as its browser says.
fn is_image_of(headers: &HeaderMap, origins: &[String]) -> bool {
    let referer = single_header(headers, header::REFERER.as_str()).ok().flatten().unwrap_or_default();
    let is_referer = |origin: &String| referer.strip_prefix(origin.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    is(headers, "sec-fetch-mode", "no-cors") && is(headers, "sec-fetch-dest", "image") && origins.iter().any(is_referer)
}

fn is(headers: &HeaderMap, name: &str, value: &str) -> bool {
    headers.get(name).is_some_and(|found| found == value)
}

/// Lets pages of other origins show the answer, which their scripts cannot read.
pub fn embeddable(mut reply: Response) -> Response {
    reply.headers_mut().insert(CORP, HeaderValue::from_static("cross-origin"));
    reply
}

/// The question that a browser asks before it sends what a form could not; it carries no token.
pub fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
    method == Method::OPTIONS && headers.contains_key("access-control-request-method")
}

pub fn preflight(origin: &str) -> Response {
    let headers = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, METHODS),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, SENT),
        (header::ACCESS_CONTROL_MAX_AGE, "600"),
    ];
    readable((StatusCode::NO_CONTENT, headers).into_response(), origin)
}

/// Lets the page read the answer. Cookies and the like are never allowed: there are none.
pub fn readable(mut reply: Response, origin: &str) -> Response {
    if let Ok(origin) = HeaderValue::from_str(origin) {
        let headers = reply.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED_HEADERS));
        headers.append(header::VARY, HeaderValue::from_static("origin"));
        headers.insert(CORP, HeaderValue::from_static("cross-origin"));
    }
    reply
}
