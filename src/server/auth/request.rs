//! The parts of a request that access control looks at.

use axum::http::{HeaderMap, Method};

use crate::protocol::{ApiError, ErrorKind};

/// The method and the path below the base path.
pub struct RequestLine<'a> {
    pub method: &'a Method,
    pub path: &'a str,
}

impl RequestLine<'_> {
    pub fn only_reads(&self) -> bool {
        matches!(*self.method, Method::GET | Method::HEAD)
    }
}

/// Whether a path is the list of boards, or the page of one.
pub fn is_page(path: &str) -> bool {
    matches!(path, "/" | "/b") || path.strip_prefix("/b/").is_some_and(|name| !name.contains('/'))
}

/// Whether a path is the drawing of a cell.
pub fn is_drawing(path: &str) -> bool {
    let id = path.strip_prefix("/values/").and_then(|rest| rest.strip_suffix(".svg"));
    id.is_some_and(|id| !id.contains('/'))
}

/// A header that may be sent once: two values could be read differently by two programs.
pub fn single_header<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, ApiError> {
    let mut all = headers.get_all(name).iter();
    let first = all.next();
    let unreadable = || ErrorKind::BadRequest.with(format!("The header '{name}' must be there once, in plain text."));
    if all.next().is_some() {
        return Err(unreadable());
    }
    first.map(|value| value.to_str().map_err(|_| unreadable())).transpose()
}
