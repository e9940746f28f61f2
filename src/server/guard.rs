//! Who gets in: checked for every request before routing, upgrades and static files included.
//!
//! A page of another site that is open in the researcher's browser must not read or change a board, nor reach it by a
//! name of its own (DNS rebinding). Access tokens will be checked here too; until then only loopback is served.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, Request};
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::Response;

use super::error::Problem;
use super::patience::Peer;
use crate::protocol::{ApiError, ErrorKind};

const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

pub async fn guard(request: Request, next: Next) -> Result<Response, Problem> {
    let peer = request.extensions().get::<ConnectInfo<Peer>>().map(|info| info.0.0);
    let shape = Shape::of(&request);
    check(&shape, request.headers(), peer)?;
    Ok(next.run(request).await)
}

struct Shape<'a> {
    method: &'a Method,
    path: &'a str,
    /// The host of an absolute address in the request line.
    authority: Option<&'a str>,
}

impl<'a> Shape<'a> {
    fn of(request: &'a Request) -> Self {
        let uri = request.uri();
        Self { method: request.method(), path: uri.path(), authority: uri.authority().map(|authority| authority.as_str()) }
    }

    fn only_reads(&self) -> bool {
        matches!(*self.method, Method::GET | Method::HEAD)
    }
}

fn check(shape: &Shape, headers: &HeaderMap, peer: Option<SocketAddr>) -> Result<(), ApiError> {
    let forbidden = |message: &str| Err(ErrorKind::Forbidden.with(message));
    let Some(host) = one(headers, header::HOST.as_str())? else {
        return Err(ErrorKind::BadRequest.with("The request has no Host header."));
    };
    if !is_ours(host) || shape.authority.is_some_and(|authority| !authority.eq_ignore_ascii_case(host)) {
        return forbidden(
            "This server answers at localhost, 127.0.0.1 and [::1] only. From another machine, use 'ssh -L 3000:localhost:3000 <this machine>'.",
        );
    }
    if !peer.is_some_and(|peer| peer.ip().to_canonical().is_loopback()) {
        return forbidden("This server is for programs and browsers of its own machine.");
    }
    for name in ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via"] {
        if headers.contains_key(name) {
            return forbidden("This server does not stand behind a proxy yet: it cannot tell who is asking.");
        }
    }
    let origin = one(headers, header::ORIGIN.as_str())?;
    // A figure has an opaque origin ("null"), and loads the scripts that were made for it from here, and nothing else.
    if shape.path.starts_with("/vendor/") && shape.only_reads() {
        return Ok(());
    }
    if origin.is_some_and(|origin| !same_origin(origin, host)) {
        return forbidden("Pages of other sites may not use this server.");
    }
    match one(headers, "sec-fetch-site")? {
        None | Some("same-origin") => Ok(()),
        Some("none") if shape.only_reads() => Ok(()),
        // A link to a board in a chat or a notebook opens it: reading a page changes nothing, and no site can frame it.
        Some(_) if shape.only_reads() && is_page(shape.path) && is_navigation(headers) => Ok(()),
        Some(_) => forbidden("Pages of other sites may not use this server."),
    }
}

/// Exactly one of our names, with any port: behind a tunnel the browser's port is another.
fn is_ours(host: &str) -> bool {
    NAMES.iter().any(|name| {
        host.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name))
            && match host[name.len()..].strip_prefix(':') {
                Some(port) => !port.is_empty() && port.len() <= 5 && port.bytes().all(|byte| byte.is_ascii_digit()),
                None => host.len() == name.len(),
            }
    })
}

fn same_origin(origin: &str, host: &str) -> bool {
    let rest = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    rest.is_some_and(|rest| rest.eq_ignore_ascii_case(host))
}

fn is_page(path: &str) -> bool {
    path == "/" || path.strip_prefix("/b/").is_some_and(|name| !name.contains('/'))
}

fn is_navigation(headers: &HeaderMap) -> bool {
    let is = |name, value: &str| headers.get(name).is_some_and(|found| found == value);
    is("sec-fetch-mode", "navigate") && is("sec-fetch-dest", "document")
}

/// A header that may stand once: two could be read differently by two readers.
fn one<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, ApiError> {
    let mut all = headers.get_all(name).iter();
    let first = all.next();
    let unreadable = || ErrorKind::BadRequest.with(format!("The header '{name}' must be there once, in plain text."));
    if all.next().is_some() {
        return Err(unreadable());
    }
    first.map(|value| value.to_str().map_err(|_| unreadable())).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCAL: &str = "127.0.0.1:50000";

    fn ask(method: &str, path: &str, headers: &[(&str, &str)], peer: &str) -> u16 {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(axum::http::HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
        }
        let shape = Shape { method: &method, path, authority: None };
        check(&shape, &map, Some(peer.parse().unwrap())).map_or_else(|error| error.code, |()| 200)
    }

    #[test]
    fn only_our_own_names_are_answered() {
        for host in ["localhost:3000", "localhost", "LocalHost:80", "127.0.0.1:3000", "[::1]:3000", "[::1]"] {
            assert_eq!(ask("GET", "/", &[("host", host)], LOCAL), 200, "{host}");
        }
        let foreign = [
            "evil.example",
            "localhost.evil.example",
            "localhost:3000.evil.example",
            "evil.example:3000",
            "127.0.0.1.nip.io",
            "127.0.0.2",
            "0.0.0.0:3000",
            "localhost:",
            "localhost:3000:1",
            "localhost:-1",
            "localhost@evil.example",
            "xlocalhost",
            "[::1",
            "::1",
            "[::1]x",
            "localhost.",
            "2130706433",
            "",
        ];
        for host in foreign {
            assert_eq!(ask("GET", "/", &[("host", host)], LOCAL), 403, "{host}");
        }
        assert_eq!(ask("GET", "/", &[], LOCAL), 400);
        assert_eq!(ask("GET", "/", &[("host", "localhost"), ("host", "evil.example")], LOCAL), 400);
    }

    #[test]
    fn pages_of_other_origins_are_kept_out() {
        let host = ("host", "localhost:3000");
        assert_eq!(ask("POST", "/values", &[host, ("origin", "http://localhost:3000")], LOCAL), 200);
        for origin in
            ["null", "http://evil.example", "http://localhost:8888", "http://localhost", "http://localhost:3000.evil.example", "file://"]
        {
            for (method, path) in
                [("POST", "/values"), ("GET", "/values"), ("GET", "/live"), ("OPTIONS", "/values"), ("DELETE", "/values/a")]
            {
                assert_eq!(ask(method, path, &[host, ("origin", origin)], LOCAL), 403, "{origin} {method} {path}");
            }
        }
    }

    #[test]
    fn what_the_browser_says_of_the_sender_counts() {
        let host = ("host", "localhost:3000");
        let site = |method, path, site| ask(method, path, &[host, ("sec-fetch-site", site)], LOCAL);
        assert_eq!(site("POST", "/values", "same-origin"), 200);
        assert_eq!(site("GET", "/values", "none"), 200);
        assert_eq!(site("POST", "/values", "none"), 403);
        assert_eq!(site("GET", "/values", "same-site"), 403);
        assert_eq!(site("GET", "/images/a.png", "cross-site"), 403);
        let navigation = [host, ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
        assert_eq!(ask("GET", "/", &navigation, LOCAL), 200);
        assert_eq!(ask("GET", "/b/mnist", &navigation, LOCAL), 200);
        assert_eq!(ask("GET", "/values", &navigation, LOCAL), 403);
        assert_eq!(ask("POST", "/", &navigation, LOCAL), 403);
        let framed = [host, ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "iframe")];
        assert_eq!(ask("GET", "/", &framed, LOCAL), 403);
    }

    #[test]
    fn figures_get_their_scripts_and_nothing_else() {
        let figure = [("host", "localhost:3000"), ("origin", "null"), ("sec-fetch-site", "cross-site")];
        assert_eq!(ask("GET", "/vendor/mpld3.min.js", &figure, LOCAL), 200);
        assert_eq!(ask("POST", "/vendor/mpld3.min.js", &figure, LOCAL), 403);
        assert_eq!(ask("GET", "/values", &figure, LOCAL), 403);
    }

    #[test]
    fn scripts_get_in_from_this_machine_and_not_through_a_proxy() {
        let host = ("host", "localhost:3000");
        assert_eq!(ask("POST", "/values", &[host], "[::1]:9"), 200);
        assert_eq!(ask("POST", "/values", &[host], "[::ffff:127.0.0.1]:9"), 200);
        assert_eq!(ask("POST", "/values", &[host], "192.0.2.7:9"), 403);
        assert_eq!(ask("POST", "/values", &[host, ("x-forwarded-for", "192.0.2.7")], LOCAL), 403);
    }
}
