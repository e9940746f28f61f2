//! Pictures: those from the server's folder, and those that were sent as `data:` URIs. Told by their first bytes, not by their names.

use std::path::{Path as FsPath, PathBuf};
use std::time::UNIX_EPOCH;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::App;
use super::board::Query;
use super::data_uri::decode;
use super::error::Problem;
use crate::protocol::{ApiError, ErrorKind};

/// The part of an address that names the version of the value.
pub fn revision(text: &str) -> Result<u64, ApiError> {
    text.parse().map_err(|_| ErrorKind::BadRequest.with(format!("The version in the address must be a number, not '{text}'.")))
}

const FILE_BYTES: u64 = 64 << 20;

/// An address with a revision in it never changes its content.
pub fn cache_control(immutable: bool) -> &'static str {
    if immutable { "private, max-age=31536000, immutable" } else { "no-store" }
}

/// `GET /media/{id}/{rev}`: the picture of a cell whose value is a `data:` URI.
pub async fn media(State(app): State<App>, Path((id, rev)): Path<(String, String)>) -> Result<Response, Problem> {
    let rev = revision(&rev)?;
    let document = app.boards.get(&id, &Query::default()).await?;
    let uri: String = document.value.as_deref().and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default();
    let bytes = decode(uri.trim())?;
    let Some(kind) = sniff(&bytes) else { return Err(no_picture(&format!("The value of '{id}'")).into()) };
    let cache = [(header::CACHE_CONTROL, cache_control(rev == document.record.version))];
    Ok((cache, picture(kind, bytes)).into_response())
}

/// `GET /images/{path}`: a file of the folder that `--images` names.
pub async fn image(State(app): State<App>, Path(path): Path<String>, headers: HeaderMap) -> Result<Response, Problem> {
    let folder = app.images.clone();
    let shown = path.clone();
    let read = tokio::task::spawn_blocking(move || read_file(&folder, &path)).await;
    let missing = || ErrorKind::NotFound.with(format!("There is no picture '{shown}' in the folder that --images names."));
    let (bytes, tag) = read.ok().flatten().ok_or_else(missing)?;
    // Always asked again: old clients write the same file anew and send the same address.
    let fresh = [(header::CACHE_CONTROL, "no-cache".to_owned()), (header::ETAG, tag.clone())];
    if headers.get(header::IF_NONE_MATCH).is_some_and(|known| known == tag.as_str()) {
        return Ok((StatusCode::NOT_MODIFIED, fresh).into_response());
    }
    let Some(kind) = sniff(&bytes) else { return Err(no_picture(&format!("The file '{shown}'")).into()) };
    Ok((fresh, picture(kind, bytes)).into_response())
}

fn no_picture(what: &str) -> ApiError {
    ErrorKind::Unprocessable.with(format!("{what} is not a PNG, JPEG, GIF, WebP, AVIF, BMP or SVG picture."))
}

/// A plain file below the folder, links followed only within it; `None` for everything else.
fn read_file(folder: &FsPath, path: &str) -> Option<(Vec<u8>, String)> {
    let plain = path.split('/').all(|part| !part.is_empty() && part != ".." && part != "." && !part.contains(['\\', '\0']));
    if !plain {
        return None;
    }
    let folder: PathBuf = folder.canonicalize().ok()?;
    let file = folder.join(path).canonicalize().ok().filter(|file| file.starts_with(&folder))?;
    let about = file.metadata().ok().filter(|about| about.is_file() && about.len() <= FILE_BYTES)?;
    let changed = about.modified().ok()?.duration_since(UNIX_EPOCH).ok()?.as_nanos();
    let bytes = std::fs::read(&file).ok()?;
    Some((bytes, format!("\"{changed:x}-{:x}\"", about.len())))
}

pub fn percent_decode(text: &str) -> Vec<u8> {
    let (bytes, mut out, mut at) = (text.as_bytes(), Vec::with_capacity(text.len()), 0);
    while let Some(byte) = bytes.get(at) {
        let hex = text.get(at + 1..at + 3).filter(|_| *byte == b'%').and_then(|hex| u8::from_str_radix(hex, 16).ok());
        out.push(hex.unwrap_or(*byte));
        at += if hex.is_some() { 3 } else { 1 };
    }
    out
}

fn sniff(bytes: &[u8]) -> Option<&'static str> {
    let has = |at: usize, magic: &[u8]| bytes.get(at..at + magic.len()) == Some(magic);
    match () {
        () if has(0, b"\x89PNG\r\n\x1a\n") => Some("image/png"),
        () if has(0, b"\xff\xd8\xff") => Some("image/jpeg"),
        () if has(0, b"GIF87a") || has(0, b"GIF89a") => Some("image/gif"),
        () if has(0, b"RIFF") && has(8, b"WEBP") => Some("image/webp"),
        () if has(4, b"ftypavif") || has(4, b"ftypavis") => Some("image/avif"),
        () if has(0, b"BM") => Some("image/bmp"),
        () => {
            let start = String::from_utf8_lossy(&bytes[..bytes.len().min(1024)]).to_ascii_lowercase();
            let start = start.trim_start_matches('\u{feff}').trim_start();
            let drawing = start.starts_with("<svg") || ((start.starts_with("<?xml") || start.starts_with("<!")) && start.contains("<svg"));
            drawing.then_some("image/svg+xml")
        }
    }
}

/// An SVG opened by itself is a document with scripts: the sandbox takes them away.
fn picture(kind: &'static str, bytes: Vec<u8>) -> Response {
    let policy = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'";
    ([(header::CONTENT_TYPE, kind), (header::CONTENT_SECURITY_POLICY, policy)], bytes).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_told_by_their_first_bytes() {
        assert_eq!(sniff(b"GIF89a..."), Some("image/gif"));
        assert_eq!(sniff(b"<?xml version='1.0'?>\n<!-- x --><svg xmlns="), Some("image/svg+xml"));
        assert_eq!(sniff(b"<html><svg>"), None);
        assert_eq!(sniff(b"<!doctype html>"), None);
        assert_eq!(sniff(b""), None);
    }

    #[test]
    fn files_outside_the_folder_do_not_exist() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("images");
        std::fs::create_dir_all(folder.join("sub")).unwrap();
        std::fs::write(root.path().join("secret.png"), b"s").unwrap();
        std::fs::write(folder.join("sub/a b.gif"), b"GIF89a").unwrap();
        std::os::unix::fs::symlink(root.path().join("secret.png"), folder.join("link.png")).unwrap();
        assert!(read_file(&folder, "sub/a b.gif").is_some());
        for path in [
            "../secret.png",
            "sub/../../secret.png",
            "link.png",
            "/etc/passwd",
            "sub",
            "",
            ".",
            "sub//a b.gif",
            "..\\secret.png",
            "a\0b",
            "sub/./a b.gif",
        ] {
            assert!(read_file(&folder, path).is_none(), "{path}");
        }
    }
}
