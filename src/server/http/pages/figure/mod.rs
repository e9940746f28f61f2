//! `html` cells: strangers' HTML in a frame of its own, isolated by its headers, not sanitised. What is stored stays as it is.
//! Tables and texts are shown in the same way, as documents made here.

mod document;
mod libraries;

use std::convert::Infallible;
use std::sync::Arc;

use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::Response;
use futures::stream;

use super::images::revision;
use super::login::frame_ancestors;
use crate::protocol::{ApiError, ErrorKind};
use crate::server::App;
use crate::server::auth::policy::Caller;
use crate::server::boards::Query;
use crate::server::cells::{CellValue, has_formulas, presentation, with_mathml};
use crate::server::error::ServerError;
use crate::server::http::conditional::cache_control;
use crate::server::http::openapi::parameters::CellPath;
use crate::server::http::openapi::responses::{NotFound, QueryErrors};
use crate::server::ids;
use crate::server::limits::MAX_HTML_BYTES;
use crate::server::low_priority::spawn_calculation;
use crate::server::net::response_budget::{Principal, counted};
use crate::server::render::cache::{Key, MemoryNeeds, Rendering, render_shared};

const PERMISSIONS: &str = "accelerometer=(), autoplay=(), camera=(), clipboard-read=(), clipboard-write=(), display-capture=(), fullscreen=(), geolocation=(), \
    gyroscope=(), hid=(), idle-detection=(), local-fonts=(), magnetometer=(), microphone=(), midi=(), payment=(), publickey-credentials-get=(), \
    screen-wake-lock=(), serial=(), usb=(), xr-spatial-tracking=()";

#[utoipa::path(
    get,
    path = "/figure/{id}/{rev}",
    operation_id = "figure",
    summary = "The HTML of an html cell, for a sandboxed frame",
    params(CellPath, ("rev" = u64, Path, description = "The version of the value, as the page has it: with it the reply may be kept for ever. Another number gives the newest."), ("sig" = Option<String>, Query, description = "Opens this figure without a token: the page has it in what it shows of the cell.")),
    responses(
        (status = 200, description = "A page.", body = String, content_type = "text/html"),
        (status = 404, response = NotFound),
        QueryErrors
    )
)]
pub async fn figure(
    State(app): State<App>,
    Extension(caller): Extension<Arc<Caller>>,
    Path((id, rev)): Path<(String, String)>,
) -> Result<Response, ServerError> {
    let rev = revision(&rev)?;
    let (made, html) = shared(&app, &caller.token, &id).await?;
    // In a text no script is meant to be, and its links open pages of their own: only the script from here has this word.
    let word = (made.kind == TEXT).then(ids::random);
    let policy = policy(word.as_deref(), (&caller.host, &caller.base), &app.access_policy.embedders);
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::HeaderName::from_static("permissions-policy"), PERMISSIONS.to_owned()),
        (header::REFERRER_POLICY, "no-referrer".to_owned()),
        (header::CACHE_CONTROL, cache_control(rev == made.version).to_owned()),
    ];
    let has_formulas = word.is_some() && std::str::from_utf8(&html).is_ok_and(has_formulas);
    let parts = document::framed(html, word.as_deref(), has_formulas);
    let length = [(header::CONTENT_LENGTH, parts.iter().map(Bytes::len).sum::<usize>().to_string())];
    let body = Body::from_stream(stream::iter(parts.map(Ok::<_, Infallible>)));
    Ok(counted((StatusCode::OK, headers, length, body)))
}

/// The document of a frame but for what is put around it, and its bytes for one more reader.
async fn shared(app: &App, principal: &Principal, id: &str) -> Result<(Arc<Rendering>, Bytes), ServerError> {
    let found = app.boards.record(id);
    let record = found.ok_or_else(|| ErrorKind::NotFound.with(format!("No record found for id '{id}'")))?;
    let key = Key { id: record.id.clone(), variant: "frame".to_owned() };
    let needs = needs(record.text("type"), record.value.bytes());
    let make = {
        let (app, id) = (app.clone(), id.to_owned());
        async move { made(&app, &id).await }
    };
    render_shared(app, principal, (key, (record.version, 0)), needs, make).await
}

/// What a document is made of, where not of HTML that somebody sent.
const TEXT: &str = "text";

/// What a document of this value takes, and while it is made. Tables and texts become larger than they are sent, up to a bound.
fn needs(kind: &str, value: usize) -> MemoryNeeds {
    match presentation(kind) {
        Some(_) => MemoryNeeds { working: 24 * value + (1 << 20), output: (8 * value).clamp(1 << 16, MAX_HTML_BYTES) },
        None => MemoryNeeds { working: 5 * value, output: value },
    }
}

/// The document of a frame but for what is put around it for each reader.
async fn made(app: &App, id: &str) -> Result<Rendering, ServerError> {
    let document = app.boards.get(id, &Query::default()).await?;
    // Checked when it came; only a value that an earlier release took as text can be refused here.
    let refused = |error: ApiError| ErrorKind::Unprocessable.with(error.message);
    let content = CellValue::parse(document.record.text("type"), document.value.as_deref()).map_err(refused)?;
    let made = content.as_ref().and_then(CellValue::html);
    let html = made.or_else(|| document.value.as_deref().and_then(|json| serde_json::from_str(json).ok())).unwrap_or_default();
    let kind = if matches!(content, Some(CellValue::Text(_))) { TEXT } else { "" };
    Ok(Rendering::new(libraries::with_local_scripts(&html), kind, document.record.version))
}

/// The document of a frame that needs no server: with its libraries in it; and what its sandbox allows.
pub async fn standalone(app: &App, principal: &Principal, id: &str) -> Result<(String, &'static str), ServerError> {
    let (made, html) = shared(app, principal, id).await?;
    let mut html = libraries::with_inline_scripts(&String::from_utf8_lossy(&html))?;
    let is_text = made.kind == TEXT;
    if is_text {
        // Their script would be larger than most boards.
        html = spawn_calculation(move || with_mathml(&html)).await.map_err(|_| ServerError::Panicked)?;
    }
    let word = is_text.then(ids::random);
    let [begin, script, rest] = document::framed(html.into(), word.as_deref(), false);
    // In a text no other script may run, as on the page.
    let policy = word.map(|word| format!("<meta http-equiv=\"Content-Security-Policy\" content=\"script-src 'nonce-{word}'\">"));
    let sandbox = sandbox(policy.is_some());
    let parts = [begin, policy.unwrap_or_default().into(), script, rest].concat();
    Ok((String::from_utf8_lossy(&parts).into_owned(), sandbox))
}

/// The links of a text open pages of their own.
fn sandbox(is_text: bool) -> &'static str {
    if is_text { "allow-scripts allow-popups allow-popups-to-escape-sandbox" } else { "allow-scripts" }
}

/// What a figure may. `'self'` opens the libraries at every address of the server; where it can be written, their place is named as well,
/// for browsers to which a document without an origin has no self. Evaluated text may do no more than the scripts of a figure.
fn policy(word: Option<&str>, (host, base): (&str, &str), embedders: &[String]) -> String {
    // Each frame around it counts.
    let ancestors = frame_ancestors("'self'", embedders);
    let sandbox = sandbox(word.is_some());
    let scripts = match word {
        Some(word) => format!("'nonce-{word}'"),
        None => {
            let is_named = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:".contains(&byte));
            let named = if is_named { format!(" http://{host}{base}/vendor/ https://{host}{base}/vendor/") } else { String::new() };
            format!("'unsafe-inline' 'unsafe-eval' 'self'{named}")
        }
    };
    format!(
        "sandbox {sandbox}; default-src 'none'; script-src {scripts}; style-src 'unsafe-inline'; \
         img-src data: blob:; media-src data: blob:; font-src data:; connect-src 'none'; frame-src 'none'; worker-src 'none'; \
         base-uri 'none'; form-action 'none'; frame-ancestors {ancestors}"
    )
}

#[cfg(test)]
mod tests {
    use super::policy;

    #[test]
    fn the_libraries_are_let_in_at_every_address() {
        let of = |host: &str, base: &str| policy(None, (host, base), &[]);
        assert!(
            of("gpu-7.lan:3000", "/agnez").contains("'self' http://gpu-7.lan:3000/agnez/vendor/ https://gpu-7.lan:3000/agnez/vendor/;")
        );
        assert!(of("example.org", "").contains(" https://example.org/vendor/;"));
        // A policy has no words for these.
        for host in ["[::1]:3000", "[fe80::1]", "my_machine:3000"] {
            assert!(of(host, "").contains("'unsafe-eval' 'self'; style-src"), "{host}");
        }
        assert!(policy(Some("w"), ("h", ""), &[]).contains("script-src 'nonce-w'; "));
        assert!(policy(None, ("h", ""), &["http://lab:1".to_owned()]).ends_with("; frame-ancestors 'self' http://lab:1"));
    }
}
