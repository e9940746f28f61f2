//! The login page: it has no data, takes a token, and fetches the real page with it.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::server::App;
use crate::server::auth::policy::Caller;
use crate::server::ids;

const PAGE: &str = include_str!("login.html");

/// Where the forms of a page lead.
#[derive(Clone, Copy, Debug)]
pub enum FormAction {
    Nowhere,
    /// To this server: a search that works without scripts.
    Own,
}

/// Content Security Policy of the pages. The login page has that of a board or more, because it replaces itself by the page.
pub fn policy(app: &App, nonce: &str, host: &str, forms: FormAction) -> String {
    let (images, ancestors) = (image_sources(app.external_images), frame_ancestors("'none'", &app.access_policy.embedders));
    let forms = match forms {
        FormAction::Nowhere => "'none'",
        FormAction::Own => "'self'",
    };
    // CSP cannot name an IPv6 address; there, browsers accept `'self'` for the live connection.
    let is_named = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:".contains(&byte));
    let live = if is_named { format!(" ws://{host} wss://{host}") } else { String::new() };
    format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval' 'nonce-{nonce}'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:{images}; \
         font-src 'self' data:; connect-src 'self'{live}; frame-src 'self'; object-src 'none'; base-uri 'self'; form-action {forms}; \
         frame-ancestors {ancestors}"
    )
}

/// Which pages may show a document in a frame: `own`, and those of the origins that were allowed to.
pub fn frame_ancestors(own: &str, embedders: &[String]) -> String {
    match own {
        "'none'" if !embedders.is_empty() => embedders.join(" "),
        own => [&[own.to_owned()], embedders].concat().join(" "),
    }
}

/// Sources of images on other machines, unless they are forbidden.
fn image_sources(external: bool) -> &'static str {
    if external { " https: http:" } else { "" }
}

/// 401, with the page that takes a token.
pub fn login(app: &App, caller: &Caller) -> Response {
    let nonce = ids::random();
    let page = PAGE.replace("{nonce}", &nonce).replace("{base}", &format!("{}/", caller.base));
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
        (header::CONTENT_SECURITY_POLICY, policy(app, &nonce, &caller.host, FormAction::Own)),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (header::WWW_AUTHENTICATE, "Bearer realm=\"Agnez\"".to_owned()),
    ];
    (StatusCode::UNAUTHORIZED, headers, page).into_response()
}
