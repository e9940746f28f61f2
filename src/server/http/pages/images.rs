//! Images: files of the server's folder, and values that are `data:` URIs. Their type follows from their
//! first bytes, not from their names.

use std::fs::File;
use std::io::{Read, Seek};
use std::path::{Path as FsPath, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use percent_encoding::percent_decode_str;
use tokio::io::AsyncReadExt;
use tokio_util::io::ReaderStream;

use super::data_uri::decode;
use crate::protocol::{ApiError, ErrorKind};
use crate::server::App;
use crate::server::auth::policy::Caller;
use crate::server::boards::Query;
use crate::server::error::ServerError;
use crate::server::http::conditional::{self, cache_control};
use crate::server::http::openapi::parameters::CellPath;
use crate::server::http::openapi::responses::{NotFound, QueryErrors, Unprocessable};
use crate::server::http::openapi::schemas::Picture;
use crate::server::limits::MAX_IMAGE_FILE_BYTES;
use crate::server::net::response_budget::{Principal, counted};
use crate::server::render::cache::{Key, MemoryNeeds, Rendering, render_shared};

/// The part of an address that names the version of the value.
pub fn revision(text: &str) -> Result<u64, ApiError> {
    text.parse().map_err(|_| ErrorKind::BadRequest.with(format!("The version in the address must be a number, not '{text}'.")))
}

/// Bytes of a file that are in memory for a reader.
const CHUNK_BYTES: usize = 64 << 10;
/// The signature of every type is within these first bytes.
const SNIFFED_BYTES: usize = 1024;

/// `GET /media/{id}/{rev}`: the picture of a cell whose value is a `data:` URI, decoded once for all its readers.
#[utoipa::path(
    get,
    path = "/media/{id}/{rev}",
    operation_id = "media",
    summary = "The picture of a cell whose value is a data: URI",
    params(CellPath, ("rev" = u64, Path, description = "The version of the value, as the page has it: with it the reply may be kept for ever. Another number gives the newest.")),
    responses(
        (status = 200, description = "The picture.", body = Picture, content_type = "image/*"),
        (status = 404, response = NotFound),
        (status = 422, response = Unprocessable),
        QueryErrors
    )
)]
pub async fn media(
    State(app): State<App>,
    Extension(caller): Extension<Arc<Caller>>,
    Path((id, rev)): Path<(String, String)>,
) -> Result<Response, ServerError> {
    let rev = revision(&rev)?;
    let (made, bytes) = decoded_once(&app, &caller.token, &id).await?;
    let cache = [(header::CACHE_CONTROL, cache_control(rev == made.version))];
    Ok(counted((cache, picture(made.kind, bytes.into()))))
}

/// `GET /images/{path}`: a file of the folder that `--images` names, read while it is sent.
#[utoipa::path(
    get,
    path = "/images/{*path}",
    operation_id = "image",
    summary = "A picture of the server's folder",
    params(("path" = String, Path)),
    responses(
        (status = 200, description = "The picture.", body = Picture, content_type = "image/*"),
        (status = 304, description = "Not changed since the ETag that was sent."),
        (status = 404, response = NotFound),
        (status = 422, response = Unprocessable)
    )
)]
pub async fn image(State(app): State<App>, Path(path): Path<String>, headers: HeaderMap) -> Result<Response, ServerError> {
    let folder = app.images.clone();
    let shown = path.clone();
    let opened = tokio::task::spawn_blocking(move || open_file(&folder, &path)).await;
    let missing = || ErrorKind::NotFound.with(format!("There is no picture '{shown}' in the folder that --images names."));
    let found = opened.map_err(|_| ServerError::Panicked)?.ok_or_else(missing)?;
    // Always revalidated: the clients of 2015 overwrite a file and send the same address again.
    let validators = [(header::CACHE_CONTROL, "no-cache".to_owned()), (header::ETAG, found.tag.clone())];
    if conditional::is_known(&headers, &found.tag) {
        return Ok((StatusCode::NOT_MODIFIED, validators).into_response());
    }
    let Some(kind) = found.kind else { return Err(no_picture(&format!("The file '{shown}'")).into()) };
    // A file that was truncated meanwhile cuts the response: its length has been announced.
    let pieces = ReaderStream::with_capacity(tokio::fs::File::from_std(found.file).take(found.bytes), CHUNK_BYTES);
    let length = [(header::CONTENT_LENGTH, found.bytes.to_string())];
    Ok(counted((validators, length, picture(kind, Body::from_stream(pieces)))))
}

/// The path below `/images/` that a cell's address names, as a browser asks for it: decoded, without a query.
pub(super) fn stored_path(src: &str) -> Option<String> {
    let named = src.strip_prefix("images/")?.split(['?', '#']).next()?;
    Some(percent_decode_str(named).decode_utf8().ok()?.into_owned())
}

/// The picture of a cell whose value is a `data:` URI, decoded once for all its readers. It takes its share of the answers' memory first.
pub(super) async fn decoded_once(app: &App, principal: &Principal, id: &str) -> Result<(Arc<Rendering>, Bytes), ServerError> {
    let record = app.boards.record(id).ok_or_else(|| ErrorKind::NotFound.with(format!("No record found for id '{id}'")))?;
    let key = Key { id: record.id.clone(), variant: "media".to_owned() };
    let bytes = record.value.bytes();
    // The value as it is stored, as a text, and decoded.
    let needs = MemoryNeeds { working: 4 * bytes, output: bytes };
    let (app_of_make, id) = (app.clone(), record.id.clone());
    let make = async move {
        let (kind, bytes, version) = decoded(&app_of_make, id.as_str()).await?;
        Ok(Rendering::new(bytes, kind, version))
    };
    render_shared(app, principal, (key, (record.version, 0)), needs, make).await
}

/// The picture of such a cell: its media type, its bytes and their version.
async fn decoded(app: &App, id: &str) -> Result<(&'static str, Vec<u8>, u64), ServerError> {
    let document = app.boards.get(id, &Query::default()).await?;
    let uri: String = document.value.as_deref().and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default();
    let bytes = decode(uri.trim())?;
    match sniff(&bytes) {
        Some(kind) => Ok((kind, bytes, document.record.version)),
        None => Err(no_picture(&format!("The value of '{id}'")).into()),
    }
}

/// A picture of the folder, of which nothing but the beginning is read. `None` if there is none.
pub(super) async fn stored(app: &App, path: &str) -> Option<OpenFile> {
    let (folder, path) = (app.images.clone(), path.to_owned());
    tokio::task::spawn_blocking(move || open_file(&folder, &path)).await.ok().flatten().filter(|found| found.kind.is_some())
}

fn no_picture(what: &str) -> ApiError {
    ErrorKind::Unprocessable.with(format!("{what} is not a PNG, JPEG, GIF, WebP, AVIF, BMP or SVG picture."))
}

/// A file that is about to be sent. Its type, its tag and its bytes are read from one descriptor, because
/// clients replace files while they are served.
pub(super) struct OpenFile {
    file: File,
    pub(super) bytes: u64,
    tag: String,
    /// `None`: it is no picture.
    kind: Option<&'static str>,
}

impl OpenFile {
    /// Its media type and its bytes: all of a file that may be large. `None` if it is no picture, or cannot be read.
    pub(super) fn read(self) -> Option<(&'static str, Vec<u8>)> {
        let mut bytes = Vec::with_capacity(usize::try_from(self.bytes).ok()?);
        self.file.take(self.bytes).read_to_end(&mut bytes).ok()?;
        Some((self.kind?, bytes))
    }
}

/// Opens a plain file below the folder; links are followed only within it. `None` for everything else.
fn open_file(folder: &FsPath, path: &str) -> Option<OpenFile> {
    let plain = path.split('/').all(|part| !part.is_empty() && part != ".." && part != "." && !part.contains(['\\', '\0']));
    if !plain {
        return None;
    }
    let folder: PathBuf = folder.canonicalize().ok()?;
    let name = folder.join(path).canonicalize().ok().filter(|file| file.starts_with(&folder))?;
    // Before it is opened: opening a pipe waits for its writer.
    name.metadata().ok().filter(|about| about.is_file())?;
    let mut file = File::open(&name).ok()?;
    let about = file.metadata().ok().filter(|about| about.is_file() && about.len() <= MAX_IMAGE_FILE_BYTES)?;
    let changed = about.modified().ok()?.duration_since(UNIX_EPOCH).ok()?.as_nanos();
    let mut start = Vec::with_capacity(SNIFFED_BYTES);
    std::io::Read::by_ref(&mut file).take(SNIFFED_BYTES as u64).read_to_end(&mut start).ok()?;
    file.rewind().ok()?;
    Some(OpenFile { file, bytes: about.len(), tag: format!("\"{changed:x}-{:x}\"", about.len()), kind: sniff(&start) })
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
            let start = String::from_utf8_lossy(&bytes[..bytes.len().min(SNIFFED_BYTES)]).to_ascii_lowercase();
            let start = start.trim_start_matches('\u{feff}').trim_start();
            let drawing = start.starts_with("<svg") || ((start.starts_with("<?xml") || start.starts_with("<!")) && start.contains("<svg"));
            drawing.then_some("image/svg+xml")
        }
    }
}

/// An SVG opened by itself is a document: the sandbox disables its scripts.
fn picture(kind: &'static str, body: Body) -> Response {
    let policy = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'";
    ([(header::CONTENT_TYPE, kind), (header::CONTENT_SECURITY_POLICY, policy)], body).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_follows_from_the_first_bytes() {
        assert_eq!(sniff(b"GIF89a..."), Some("image/gif"));
        assert_eq!(sniff(b"<?xml version='1.0'?>\n<!-- x --><svg xmlns="), Some("image/svg+xml"));
        assert_eq!(sniff(b"<html><svg>"), None);
        assert_eq!(sniff(b"<!doctype html>"), None);
        assert_eq!(sniff(b""), None);
    }

    #[test]
    fn the_address_of_a_cell_names_a_path() {
        assert_eq!(stored_path("images/sub/a%20b.png?v=2#x").as_deref(), Some("sub/a b.png"));
        assert_eq!([stored_path("images/%ff.png"), stored_path("https://a.example/images/a.png")], [None, None]);
    }

    #[test]
    fn files_outside_the_folder_do_not_exist() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("images");
        std::fs::create_dir_all(folder.join("sub")).unwrap();
        std::fs::write(root.path().join("secret.png"), b"s").unwrap();
        std::fs::write(folder.join("sub/a b.gif"), b"GIF89a").unwrap();
        std::os::unix::fs::symlink(root.path().join("secret.png"), folder.join("link.png")).unwrap();
        assert!(open_file(&folder, "sub/a b.gif").is_some());
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
            assert!(open_file(&folder, path).is_none(), "{path}");
        }
    }
}
