//! Where in the server a request wants to go: below the base path, and below the key of a page.

use axum::http::Uri;
use axum::http::uri::PathAndQuery;

use crate::protocol::{ApiError, ErrorKind};

/// What stands before the key in a path; no address begins with it.
const PAGE_KEY_PREFIX: &str = "/~";

/// The path as the router knows it, and the key that stood before it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LogicalPath<'a> {
    pub path: &'a str,
    pub key: Option<&'a str>,
}

/// `base` is empty or begins with a slash and ends without one.
pub fn logical_path<'a>(path: &'a str, base: &str) -> Result<LogicalPath<'a>, ApiError> {
    // Service managers ask the program itself, not the proxy before it.
    let is_health = path == "/healthz";
    let inside = path.strip_prefix(base).filter(|rest| rest.is_empty() || rest.starts_with('/'));
    let path = match inside {
        Some("") => "/",
        Some(path) => path,
        None if is_health => path,
        None => return Err(ErrorKind::NotFound.with(format!("There is nothing at this address; this server is at '{base}/'."))),
    };
    let Some(rest) = path.strip_prefix(PAGE_KEY_PREFIX) else { return Ok(LogicalPath { path, key: None }) };
    let (key, end) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    Ok(LogicalPath { path: if end.is_empty() { "/" } else { end }, key: Some(key) })
}

/// The same query at another path.
pub fn with_path(uri: &Uri, path: &str) -> Option<Uri> {
    let path: PathAndQuery = match uri.query() {
        Some(query) => format!("{path}?{query}").parse().ok()?,
        None => path.parse().ok()?,
    };
    Some(path.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(path: &'static str, base: &str) -> Option<(&'static str, Option<&'static str>)> {
        logical_path(path, base).ok().map(|logical_path| (logical_path.path, logical_path.key))
    }

    #[test]
    fn base_and_key_are_taken_off() {
        assert_eq!(at("/values", ""), Some(("/values", None)));
        assert_eq!(at("/~k.b.m/live", ""), Some(("/live", Some("k.b.m"))));
        assert_eq!(at("/~", ""), Some(("/", Some(""))));
        assert_eq!(at("/agnez", "/agnez"), Some(("/", None)));
        assert_eq!(at("/agnez/", "/agnez"), Some(("/", None)));
        assert_eq!(at("/agnez/~k/b/x", "/agnez"), Some(("/b/x", Some("k"))));
        for path in ["/", "/values", "/agnezx/values", "/Agnez/values", "/~k/agnez/values", "//agnez/values"] {
            assert_eq!(at(path, "/agnez"), None, "{path}");
        }
        assert_eq!(at("/healthz", "/agnez"), Some(("/healthz", None)));
    }

    #[test]
    fn the_query_stays() {
        let uri: Uri = "http://h/agnez/live?board=a&b=%2F".parse().unwrap();
        assert_eq!(with_path(&uri, "/live").unwrap().to_string(), "/live?board=a&b=%2F");
        assert_eq!(with_path(&"/a".parse().unwrap(), "//b").unwrap().path(), "//b");
    }
}
