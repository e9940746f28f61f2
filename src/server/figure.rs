//! `html` cells: strangers' HTML in a frame of its own, isolated by its headers, not sanitised. What is stored stays as it is.
//! Tables and texts are shown in the same way, as documents made here.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::App;
use super::board::Query;
use super::error::Problem;
use super::guard::Caller;
use super::ids;
use super::kinds::Content;
use super::media::{cache_control, revision};
use super::site::{D3, MPLD3};
use crate::protocol::{ApiError, ErrorKind};

/// Makes a figure that is wider than its frame as small as it must be, and tells the page how high it is: when it has changed, and when asked.
const MEASURE: &str = r#"<script>(() => {
  const root = document.documentElement;
  let told = 0, drawn = false;
  const fit = () => {
    const body = document.body;
    if (!body || Math.max(root.scrollWidth, body.scrollWidth) <= innerWidth) return;
    body.style.zoom = 1;
    body.style.zoom = Math.max(0.25, innerWidth / Math.max(root.scrollWidth, body.scrollWidth));
  };
  const tell = () => {
    // Not before everything has run: the page shows a figure when it tells its height.
    if (!drawn) return;
    fit();
    const body = document.body;
    const bar = innerHeight - root.clientHeight;
    const height = Math.ceil(Math.max(root.offsetHeight, body ? body.getBoundingClientRect().height : 0)) + (bar > 0 && bar < 40 ? bar : 0);
    if (height && height !== told) parent.postMessage({ agnez: "height", height: told = height }, "*");
  };
  new ResizeObserver(tell).observe(document.body || root);
  addEventListener("load", () => setTimeout(() => { drawn = true; tell(); }));
  addEventListener("resize", () => { if (document.body) document.body.style.zoom = 1; tell(); });
  addEventListener("message", event => {
    if (event.source === parent && event.data && event.data.agnez === "measure") { told = 0; tell(); }
  });
})()</script>"#;

/// White, as figures are drawn for; margins and letters that suit plain text. A figure's own style goes before it.
const PAPER: &str = "html{background:#fff;color:#1b1f24;font:14px/1.5 system-ui,sans-serif}body{margin:12px;display:flow-root}";

const PERMISSIONS: &str = "accelerometer=(), autoplay=(), camera=(), clipboard-read=(), clipboard-write=(), display-capture=(), fullscreen=(), geolocation=(), \
    gyroscope=(), hid=(), idle-detection=(), local-fonts=(), magnetometer=(), microphone=(), midi=(), payment=(), publickey-credentials-get=(), \
    screen-wake-lock=(), serial=(), usb=(), xr-spatial-tracking=()";

pub async fn figure(
    State(app): State<App>,
    Extension(caller): Extension<Arc<Caller>>,
    Path((id, rev)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let rev = revision(&rev)?;
    let document = app.boards.get(&id, &Query::default()).await?;
    // Checked when it came; only a value that an earlier release took as text can be refused here.
    let refused = |error: ApiError| ErrorKind::Unprocessable.with(error.message);
    let content = Content::read(document.record.text("type"), document.value.as_deref()).map_err(refused)?;
    let made = content.as_ref().and_then(Content::html);
    let html = made.or_else(|| document.value.as_deref().and_then(|json| serde_json::from_str(json).ok())).unwrap_or_default();
    // In a text no script is meant to be, and its links open pages of their own: only the script from here has this word.
    let word = matches!(content, Some(Content::Text(_))).then(ids::random);
    // A policy cannot name an IPv6 address.
    let host = caller.host.replacen("[::1]", "localhost", 1) + &caller.base;
    let (sandbox, scripts) = match &word {
        Some(word) => ("allow-scripts allow-popups allow-popups-to-escape-sandbox", format!("'nonce-{word}'")),
        None => ("allow-scripts", format!("'unsafe-inline' http://{host}/vendor/ https://{host}/vendor/")),
    };
    let policy = format!(
        "sandbox {sandbox}; default-src 'none'; script-src {scripts}; style-src 'unsafe-inline'; \
         img-src data: blob:; font-src data:; connect-src 'none'; frame-src 'none'; worker-src 'none'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'self'"
    );
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::HeaderName::from_static("permissions-policy"), PERMISSIONS.to_owned()),
        (header::REFERRER_POLICY, "no-referrer".to_owned()),
        (header::CACHE_CONTROL, cache_control(rev == document.record.version).to_owned()),
    ];
    Ok((StatusCode::OK, headers, framed(&html, &host, word.as_deref())).into_response())
}

/// `word`: the nonce of the script that measures, where no other may run.
fn framed(html: &str, host: &str, word: Option<&str>) -> String {
    let html = with_local_scripts(html, host);
    let measure = word.map_or_else(|| MEASURE.to_owned(), |word| MEASURE.replacen("<script>", &format!("<script nonce=\"{word}\">"), 1));
    let text = html.trim_start().as_bytes();
    let starts = |tag: &str| text.get(..tag.len()).is_some_and(|start| start.eq_ignore_ascii_case(tag.as_bytes()));
    if starts("<!doctype") || starts("<html") {
        return html + &measure;
    }
    format!("<!DOCTYPE html><html><head><meta charset=\"utf-8\"><style>{PAPER}</style></head><body>{html}{measure}</body></html>")
}

/// mpld3 loads d3 and itself from two addresses on the internet: here both come with the server.
fn with_local_scripts(html: &str, host: &str) -> String {
    let (d3, mpld3) = (format!("//{host}{D3}"), format!("//{host}{MPLD3}"));
    let html = html.replace("https://d3js.org/d3.v5.min.js", &d3).replace("https://d3js.org/d3.v5.js", &d3);
    let mut out = String::with_capacity(html.len());
    let mut rest = html.as_str();
    while let Some(at) = rest.find(MPLD3_AT) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let address = from[MPLD3_AT.len()..].find(".js").map(|end| MPLD3_AT.len() + end + ".js".len());
        match address.filter(|end| from[..*end].bytes().all(|byte| byte.is_ascii_alphanumeric() || b":/.-".contains(&byte))) {
            Some(end) => {
                out.push_str(&mpld3);
                rest = &from[end..];
            }
            None => {
                out.push_str(MPLD3_AT);
                rest = &from[MPLD3_AT.len()..];
            }
        }
    }
    out + rest
}

const MPLD3_AT: &str = "https://mpld3.github.io/js/mpld3.v0.5";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mpld3_addresses_become_local_and_others_stay() {
        let html = r#"load("https://d3js.org/d3.v5.js", f); load("https://mpld3.github.io/js/mpld3.v0.5.10.js", g); "https://d3js.org/d3.v7.js" "https://mpld3.github.io/js/mpld3.v0.5 <b>.js""#;
        let expected = format!(
            r#"load("//localhost:3000{D3}", f); load("//localhost:3000{MPLD3}", g); "https://d3js.org/d3.v7.js" "https://mpld3.github.io/js/mpld3.v0.5 <b>.js""#
        );
        assert_eq!(with_local_scripts(html, "localhost:3000"), expected);
    }

    #[test]
    fn a_fragment_is_wrapped_and_a_document_is_not() {
        assert!(framed("<p>é</p>", "h", None).starts_with("<!DOCTYPE html><html>"));
        let whole = framed("  <!doctype HTML><title>x</title>", "h", Some("w"));
        assert!(whole.starts_with("  <!doctype HTML>") && whole.ends_with("</script>") && whole.contains("<script nonce=\"w\">(()"));
        assert!(framed("ééééé", "h", None).contains("<body>ééééé<script>"));
        assert!(framed("<html>aéé", "h", None).starts_with("<html>aéé<script>"));
    }
}
