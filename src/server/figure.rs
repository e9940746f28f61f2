//! `html` cells: strangers' HTML in a frame of its own, isolated by its headers, not sanitised. What is stored stays as it is.
//! Tables and texts are shown in the same way, as documents made here.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::Response;
use futures::stream;

use super::App;
use super::answers::counted;
use super::board::Query;
use super::drawings::{Key, Made, Needs, common};
use super::error::Problem;
use super::guard::Caller;
use super::ids;
use super::kinds::{Content, HTML_BYTES, place};
use super::media::{cache_control, revision};
use super::site::{D3, MPLD3};
use super::store::Record;
use crate::protocol::{ApiError, CellId, ErrorKind};

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
    let found = CellId::parse(&id).and_then(|id| app.boards.store.index().cell(&id).cloned());
    let record = found.ok_or_else(|| ErrorKind::NotFound.with(format!("No record found for id '{id}'")))?;
    // A policy cannot name an IPv6 address.
    let host = caller.host.replacen("[::1]", "localhost", 1) + &caller.base;
    let key = Key { id: record.id.clone(), asked: format!("frame {host}") };
    let (made, html) = common(&app, &caller.token, (key, (record.version, 0)), needs(&record), {
        let (app, host) = (app.clone(), host.clone());
        async move { made(&app, &id, &host).await }
    })
    .await?;
    // In a text no script is meant to be, and its links open pages of their own: only the script from here has this word.
    let word = (made.kind == TEXT).then(ids::random);
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
        (header::CACHE_CONTROL, cache_control(rev == made.version).to_owned()),
    ];
    let parts = framed(html, word.as_deref());
    let length = [(header::CONTENT_LENGTH, parts.iter().map(Bytes::len).sum::<usize>().to_string())];
    let body = Body::from_stream(stream::iter(parts.map(Ok::<_, Infallible>)));
    Ok(counted((StatusCode::OK, headers, length, body)))
}

/// What a document is made of, where not of HTML that somebody sent.
const TEXT: &str = "text";

/// What a document of this value takes, and while it is made. Tables and texts become larger than they are sent, up to a bound.
fn needs(record: &Record) -> Needs {
    let value = record.value.bytes();
    match place(record.text("type")) {
        Some(_) => Needs { making: 24 * value + (1 << 20), made: (8 * value).clamp(1 << 16, HTML_BYTES) },
        None => Needs { making: 5 * value, made: value },
    }
}

/// The document of a frame but for what is put around it for each reader.
async fn made(app: &App, id: &str, host: &str) -> Result<Made, Problem> {
    let document = app.boards.get(id, &Query::default()).await?;
    // Checked when it came; only a value that an earlier release took as text can be refused here.
    let refused = |error: ApiError| ErrorKind::Unprocessable.with(error.message);
    let content = Content::read(document.record.text("type"), document.value.as_deref()).map_err(refused)?;
    let made = content.as_ref().and_then(Content::html);
    let html = made.or_else(|| document.value.as_deref().and_then(|json| serde_json::from_str(json).ok())).unwrap_or_default();
    let kind = if matches!(content, Some(Content::Text(_))) { TEXT } else { "" };
    Ok(Made::new(with_local_scripts(&html, host), kind, document.record.version))
}

/// `word`: the nonce of the script that measures, where no other may run.
fn framed(html: Bytes, word: Option<&str>) -> [Bytes; 3] {
    let measure = word.map_or_else(|| MEASURE.to_owned(), |word| MEASURE.replacen("<script>", &format!("<script nonce=\"{word}\">"), 1));
    let text = html.trim_ascii_start();
    let starts = |tag: &str| text.get(..tag.len()).is_some_and(|start| start.eq_ignore_ascii_case(tag.as_bytes()));
    if starts("<!doctype") || starts("<html") {
        return [Bytes::new(), html, measure.into()];
    }
    let head = format!("<!DOCTYPE html><html><head><meta charset=\"utf-8\"><style>{PAPER}</style></head><body>");
    [head.into(), html, (measure + "</body></html>").into()]
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
        let framed = |html: &'static str, word| String::from_utf8(framed(html.into(), word).concat()).unwrap();
        assert!(framed("<p>é</p>", None).starts_with("<!DOCTYPE html><html>"));
        let whole = framed("  <!doctype HTML><title>x</title>", Some("w"));
        assert!(whole.starts_with("  <!doctype HTML>") && whole.ends_with("</script>") && whole.contains("<script nonce=\"w\">(()"));
        assert!(framed("ééééé", None).contains("<body>ééééé<script>"));
        assert!(framed("<html>aéé", None).starts_with("<html>aéé<script>"));
    }
}
