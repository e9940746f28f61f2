//! The built page, inside the binary: scripts, styles, icons, and d3 and mpld3 for figures, compressed at build time.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;
use serde::Deserialize;

use crate::app::Assets;
use crate::protocol::ErrorKind;
use crate::server::App;
use crate::server::error::ServerError;
use crate::server::http::conditional;
use crate::server::net::response_budget::counted;

#[derive(RustEmbed)]
#[folder = "target/site"]
#[allow_missing = true]
struct Embedded;

/// A file, once for all its readers.
struct File {
    bytes: Bytes,
    tag: String,
}

/// All of them by name, read and hashed once. A debug build has them on disk: what is built there meanwhile is seen by the next start.
static FILES: LazyLock<HashMap<String, File>> = LazyLock::new(|| {
    let file = |name: &str| {
        let found = Embedded::get(name)?;
        let tag = format!("\"{:016x}\"", u64::from_be_bytes(std::array::from_fn(|at| found.metadata.sha256_hash()[at])));
        let bytes = match found.data {
            Cow::Borrowed(bytes) => Bytes::from_static(bytes),
            Cow::Owned(bytes) => bytes.into(),
        };
        Some((name.to_owned(), File { bytes, tag }))
    };
    Embedded::iter().filter_map(|name| file(&name)).collect()
});

/// What the site build writes beside the files.
#[derive(Clone, Debug, Deserialize)]
pub struct Site {
    js: String,
    wasm: String,
    css: String,
    build: String,
}

impl Site {
    /// Without a manifest the names are those that `cargo leptos` gives.
    pub fn load() -> Self {
        let manifest = FILES.get("manifest.json").and_then(|file| serde_json::from_slice(&file.bytes).ok());
        let plain = |name: &str| format!("pkg/agnez.{name}");
        manifest.unwrap_or_else(|| Self { js: plain("js"), wasm: plain("wasm"), css: plain("css"), build: "development".into() })
    }

    pub fn build(&self) -> &str {
        &self.build
    }

    pub fn assets(&self) -> Assets {
        // Beside the key of a page, so that one copy in the browser's cache is enough for all of them.
        let beside = |name: &str| format!("../{name}");
        Assets { js: beside(&self.js), wasm: beside(&self.wasm), css: beside(&self.css) }
    }
}

/// `GET /pkg/...` and `/vendor/...`, and the icons at the root.
pub async fn file(
    State(app): State<App>,
    Path(path): Path<String>,
    uri: axum::http::Uri,
    headers: HeaderMap,
) -> Result<Response, ServerError> {
    let name = uri.path().trim_start_matches('/');
    let has = |coding: &str| FILES.get(&format!("{name}{}", if coding == "br" { ".br" } else { ".gz" }));
    let ours: Vec<&str> = ["br", "gzip"].into_iter().filter(|coding| has(coding).is_some()).collect();
    let packed = conditional::coding(&headers, &ours).and_then(|coding| Some((Some(coding), has(coding)?)));
    let internal = name == "manifest.json" || name.ends_with(".br") || name.ends_with(".gz");
    let found = packed.or_else(|| FILES.get(name).map(|file| (None, file))).filter(|_| !internal);
    let Some((coding, file)) = found else {
        return Err(ErrorKind::NotFound
            .with(format!("There is nothing at '/{path}'; the values are at '/values', all addresses in '/openapi.json'."))
            .into());
    };
    let hashed = [&app.site.js, &app.site.wasm, &app.site.css].into_iter().any(|known| known == name) && app.site.build != "development";
    let tag = &file.tag;
    let cache = if hashed { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mut reply = [(header::ETAG, tag.clone()), (header::CACHE_CONTROL, cache.to_owned()), (header::VARY, "accept-encoding".to_owned())]
        .into_response();
    if name.starts_with("vendor/") {
        // Figures have an opaque origin.
        reply.headers_mut().insert("cross-origin-resource-policy", header::HeaderValue::from_static("cross-origin"));
        reply.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, header::HeaderValue::from_static("*"));
    }
    if conditional::is_known(&headers, tag) {
        *reply.status_mut() = StatusCode::NOT_MODIFIED;
        return Ok(reply);
    }
    let (parts, _) = reply.into_parts();
    let mut reply = ([(header::CONTENT_TYPE, kind(name))], file.bytes.clone()).into_response();
    reply.headers_mut().extend(parts.headers);
    if let Some(coding) = coding {
        reply.headers_mut().insert(header::CONTENT_ENCODING, header::HeaderValue::from_static(coding));
    }
    // It stands in the program, once for all readers.
    Ok(counted(reply))
}

fn kind(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("js") => "text/javascript; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("webmanifest" | "json") => "application/json",
        Some("txt") => "text/plain; charset=utf-8",
        Some("woff2") => "font/woff2",
        _ => "application/octet-stream",
    }
}
