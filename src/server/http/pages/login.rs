//! What a browser sees that has shown no token: a page without data that takes one, and fetches the real page with it.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::server::auth::policy::Caller;
use crate::server::ids;

const GATE: &str = include_str!("login.html");

/// The policy of the page itself. The gate has the same, because it puts the page in its own place.
pub fn policy(nonce: &str, host: &str, pictures: &str) -> String {
    // A policy has no words for an IPv6 address; there, browsers take `'self'` for the live connection, too.
    let is_named = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:".contains(&byte));
    let live = if is_named { format!(" ws://{host} wss://{host}") } else { String::new() };
    format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval' 'nonce-{nonce}'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:{pictures}; \
         font-src 'self'; connect-src 'self'{live}; frame-src 'self'; object-src 'none'; base-uri 'self'; form-action 'none'; \
         frame-ancestors 'none'"
    )
}

/// Pictures of other machines, unless they are forbidden.
pub fn pictures(external: bool) -> &'static str {
    if external { " https: http:" } else { "" }
}

/// 401, with the page in which a person can show a token.
pub fn gate(caller: &Caller, external_images: bool) -> Response {
    let nonce = ids::random();
    let page = GATE.replace("{nonce}", &nonce).replace("{base}", &format!("{}/", caller.base));
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
        (header::CONTENT_SECURITY_POLICY, policy(&nonce, &caller.host, pictures(external_images))),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (header::WWW_AUTHENTICATE, "Bearer realm=\"Agnez\"".to_owned()),
    ];
    (StatusCode::UNAUTHORIZED, headers, page).into_response()
}
