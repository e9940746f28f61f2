//! Static files of the built page, embedded in the binary and compressed at build time: scripts, styles,
//! icons, and d3 and mpld3 for figures.

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
struct StaticFile {
    bytes: Bytes,
    tag: String,
}

/// All files by name, read and hashed once. A debug build reads them from disk at its start.
static FILES: LazyLock<HashMap<String, StaticFile>> = LazyLock::new(|| {
    let file = |name: &str| {
        let found = Embedded::get(name)?;
        let tag = format!("\"{:016x}\"", u64::from_be_bytes(std::array::from_fn(|at| found.metadata.sha256_hash()[at])));
        let bytes = match found.data {
            Cow::Borrowed(bytes) => Bytes::from_static(bytes),
            Cow::Owned(bytes) => bytes.into(),
        };
        Some((name.to_owned(), StaticFile { bytes, tag }))
    };
    Embedded::iter().filter_map(|name| file(&name)).collect()
});

/// The names of the hashed files, from the manifest of the site build.
#[derive(Clone, Debug, Deserialize)]
pub struct StaticAssets {
    js: String,
    wasm: String,
    css: String,
    /// Code that comes after the page, by the name of the part: the files that it needs, which others may need, too.
    parts: HashMap<String, Vec<String>>,
    build: String,
}

impl StaticAssets {
    /// In a clone without a site build the server runs, and these files are missing.
    pub fn load() -> Self {
        let manifest = FILES.get("manifest.json").and_then(|file| serde_json::from_slice(&file.bytes).ok());
        let plain = |name: &str| format!("pkg/agnez.{name}");
        manifest.unwrap_or_else(|| Self {
            js: plain("js"),
            wasm: plain("wasm"),
            css: plain("css"),
            parts: HashMap::new(),
            build: "development".into(),
        })
    }

    /// Whether the name of this file changes with its content.
    fn is_hashed(&self, name: &str) -> bool {
        let mut known = [&self.js, &self.wasm, &self.css].into_iter().chain(self.parts.values().flatten());
        self.build != "development" && known.any(|known| known == name)
    }

    pub fn build(&self) -> &str {
        &self.build
    }

    pub fn assets(&self) -> Assets {
        // Beside the key of a page, so that one copy in the browser's cache is enough for all of them.
        let beside = |name: &str| format!("../{name}");
        let runs = self.parts.get("runs").into_iter().flatten().map(|name| beside(name)).collect();
        Assets { js: beside(&self.js), wasm: beside(&self.wasm), css: beside(&self.css), runs }
    }
}

/// A file by its name, such as `vendor/mpld3.min.js`; `None` without a site.
pub fn bytes_of(name: &str) -> Option<Bytes> {
    FILES.get(name).map(|file| file.bytes.clone())
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
    let hashed = app.site.is_hashed(name);
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
    let mut reply = ([(header::CONTENT_TYPE, content_type(name))], file.bytes.clone()).into_response();
    reply.headers_mut().extend(parts.headers);
    if let Some(coding) = coding {
        reply.headers_mut().insert(header::CONTENT_ENCODING, header::HeaderValue::from_static(coding));
    }
    // Part of the binary: no memory of its own.
    Ok(counted(reply))
}

fn content_type(name: &str) -> String {
    let kind = mime_guess::from_path(name).first_or_octet_stream();
    if kind.type_() == mime_guess::mime::TEXT { format!("{kind}; charset=utf-8") } else { kind.to_string() }
}

#[cfg(test)]
mod tests {
    use super::content_type;

    #[test]
    fn scripts_styles_and_fonts_have_the_types_that_browsers_require() {
        for (name, kind) in [
            ("pkg/agnez.js", "text/javascript; charset=utf-8"),
            ("pkg/agnez.wasm", "application/wasm"),
            ("pkg/agnez.css", "text/css; charset=utf-8"),
            ("favicon.svg", "image/svg+xml"),
            ("icon.png", "image/png"),
            ("favicon.ico", "image/x-icon"),
            ("a.json", "application/json"),
            ("site.webmanifest", "application/manifest+json"),
            ("robots.txt", "text/plain; charset=utf-8"),
            ("a.woff2", "font/woff2"),
            ("LICENSE", "application/octet-stream"),
        ] {
            assert_eq!(content_type(name), kind, "{name}");
        }
    }
}
