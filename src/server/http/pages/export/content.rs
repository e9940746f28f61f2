//! The content of a cell in the file of a board.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::room::Room;
use crate::charts::Theme;
use crate::charts::render::svg::escaped;
use crate::protocol::{Cell, CellContent, CellLayout, ErrorKind};
use crate::server::boards::Query;
use crate::server::error::ServerError;
use crate::server::http::api::request::RequestContext;
use crate::server::http::pages::{figure, images};
use crate::server::limits::MAX_BOARD_EXPORT_BYTES;
use crate::server::render::export::{ExportFormat, ExportOptions, export};
use crate::server::render::line_chart::LineView;

/// CSS pixels.
const CHART_HEIGHT: f64 = 240.0;
/// A larger file of the folder is not in the file of a board.
const MAX_PICTURE_BYTES: usize = MAX_BOARD_EXPORT_BYTES / 2;

/// A text between tags, with its lines and tabs.
pub fn plain_text(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A document in an attribute, as it is: scripts need their line ends.
fn source_text(document: &str) -> String {
    plain_text(document).replace('"', "&quot;")
}

/// HTML. A cell that was deleted meanwhile is empty; of one that cannot be shown it is the reason. `None`: the file has no room for it.
pub async fn of_cell(request: &RequestContext, cell: &Cell, mut room: Room<'_>) -> Result<Option<String>, ServerError> {
    room.take(0, 0)?;
    let content = match &cell.content {
        CellContent::Empty => Ok(Some(String::new())),
        CellContent::LineChart(_) => drawing(request, cell, "<div class=\"chart\" data-zooms>").await.map(Some),
        CellContent::Chart { .. } => drawing(request, cell, "<div class=\"chart\">").await.map(Some),
        CellContent::Html { .. } => frame(request, cell).await.map(Some),
        CellContent::Image { src, .. } => picture(request, cell, src, room).await,
        CellContent::Text { .. } => text(request, cell, room).await,
    };
    content.or_else(|why| match why.to_api_error() {
        error if error.code == ErrorKind::Unavailable.code() => Err(why),
        error => Ok(Some(format!("<p class=\"note\">{}</p>", escaped(&error.message)))),
    })
}

async fn drawing(request: &RequestContext, cell: &Cell, begin: &str) -> Result<String, ServerError> {
    let (app, id) = (&request.app, cell.id.as_str());
    let Some(record) = app.boards.record(id) else { return Ok(String::new()) };
    let height = cell.layout.height.map_or(CHART_HEIGHT, |rows| f64::from(rows * CellLayout::ROW_PX));
    // The heading has its name.
    let options = ExportOptions {
        width: None,
        height,
        theme: Theme::Auto,
        version: Some(record.version),
        legend: true,
        view: LineView::default(),
        figure: None,
    };
    // Boxed: the state of a drawing is large.
    let (_, svg) = Box::pin(export(app, request.principal(), &record, ExportFormat::Svg, &options, None)).await?;
    Ok(format!("{begin}{}</div>", String::from_utf8_lossy(&svg)))
}

/// A figure, a table or a text in a frame of its own: its scripts reach neither this file nor the network.
async fn frame(request: &RequestContext, cell: &Cell) -> Result<String, ServerError> {
    let (document, sandbox) = Box::pin(figure::standalone(&request.app, request.principal(), cell.id.as_str())).await?;
    let (title, document) = (escaped(&cell.name), source_text(&document));
    Ok(format!("<iframe sandbox=\"{sandbox}\" title=\"{title}\" srcdoc=\"{document}\"></iframe>"))
}

async fn picture(request: &RequestContext, cell: &Cell, src: &str, mut room: Room<'_>) -> Result<Option<String>, ServerError> {
    let (app, name) = (&request.app, escaped(&cell.name));
    if src.starts_with("media/") {
        let Some(record) = app.boards.record(cell.id.as_str()) else { return Ok(Some(String::new())) };
        // The value is the picture in base64 already.
        if !room.take(record.value.bytes(), record.value.bytes())? {
            return Ok(None);
        }
        let (made, bytes) = Box::pin(images::decoded_once(app, request.principal(), cell.id.as_str())).await?;
        return Ok(Some(image(&name, made.kind, &bytes)));
    }
    let file = match images::stored_path(src) {
        Some(path) => images::stored(app, &path).await,
        None => None,
    };
    let Some((file, size)) =
        file.and_then(|file| usize::try_from(file.bytes).ok().map(|size| (file, size))).filter(|(_, size)| *size <= MAX_PICTURE_BYTES)
    else {
        return Ok(Some(not_in_this_file(src)));
    };
    let html = size.div_ceil(3) * 4;
    if !room.take(html, size)? {
        return Ok(None);
    }
    let read = async move { Ok(file.read().map(|(kind, bytes)| image(&name, kind, &bytes))) };
    let read = app.renderer.run(request.principal(), size + html, read).await?;
    Ok(Some(read.unwrap_or_else(|| not_in_this_file(src))))
}

/// Written in place: a picture may be large.
fn image(name: &str, kind: &str, bytes: &[u8]) -> String {
    let begin = format!("<img alt=\"{name}\" src=\"data:{kind};base64,");
    let mut html = String::with_capacity(begin.len() + bytes.len().div_ceil(3) * 4 + 2);
    html.push_str(&begin);
    STANDARD.encode_string(bytes, &mut html);
    html.push_str("\">");
    html
}

fn not_in_this_file(src: &str) -> String {
    format!("<p class=\"note\">The picture is not in this file: {}</p>", escaped(src))
}

async fn text(request: &RequestContext, cell: &Cell, mut room: Room<'_>) -> Result<Option<String>, ServerError> {
    let Some(record) = request.app.boards.record(cell.id.as_str()) else { return Ok(Some(String::new())) };
    let bytes = record.value.bytes();
    // As it is stored, and while it is escaped.
    if !room.take(bytes, 3 * bytes)? {
        return Ok(None);
    }
    let app = request.app.clone();
    let write = async move {
        let document = app.boards.get(record.id.as_str(), &Query::default()).await?;
        // A line end behind `<pre>` is no part of its text.
        Ok(format!("<pre>\n{}</pre>", plain_text(document.value.as_deref().unwrap_or_default())))
    };
    Ok(Some(request.app.renderer.run(request.principal(), 4 * bytes, write).await?))
}
