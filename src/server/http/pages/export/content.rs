//! The content of a cell in the file of a board.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

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

/// A text between tags, with its lines and tabs.
pub fn plain_text(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A document in an attribute, as it is: scripts need their line ends.
fn source_text(document: &str) -> String {
    plain_text(document).replace('"', "&quot;")
}

/// HTML. A cell that was deleted meanwhile is empty; of one that cannot be shown it is the reason.
pub async fn of_cell(request: &RequestContext, cell: &Cell) -> Result<String, ServerError> {
    let content = match &cell.content {
        CellContent::Empty => Ok(String::new()),
        CellContent::LineChart(_) => drawing(request, cell, "<div class=\"chart\" data-zooms>").await,
        CellContent::Chart { .. } => drawing(request, cell, "<div class=\"chart\">").await,
        CellContent::Html { .. } => frame(request, cell).await,
        CellContent::Image { src, .. } => picture(request, cell, src).await,
        CellContent::Text { .. } => text(request, cell).await,
    };
    content.or_else(|why| match why.to_api_error() {
        error if error.code == ErrorKind::Unavailable.code() => Err(why),
        error => Ok(format!("<p class=\"note\">{}</p>", escaped(&error.message))),
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

async fn picture(request: &RequestContext, cell: &Cell, src: &str) -> Result<String, ServerError> {
    let found = if src.starts_with("media/") {
        Box::pin(images::decoded(&request.app, cell.id.as_str())).await.map(|(kind, bytes, _)| Some((kind, bytes)))?
    } else if let Some(path) = images::stored_path(src) {
        images::stored(&request.app, &path, MAX_BOARD_EXPORT_BYTES as u64 / 2).await
    } else {
        None
    };
    Ok(match found {
        Some((kind, bytes)) => {
            format!("<img alt=\"{}\" src=\"data:{kind};base64,{}\">", escaped(&cell.name), STANDARD.encode(bytes))
        }
        None => format!("<p class=\"note\">The picture is not in this file: {}</p>", escaped(src)),
    })
}

async fn text(request: &RequestContext, cell: &Cell) -> Result<String, ServerError> {
    let document = request.app.boards.get(cell.id.as_str(), &Query::default()).await?;
    // A line end behind `<pre>` is no part of its text.
    Ok(format!("<pre>\n{}</pre>", plain_text(document.value.as_deref().unwrap_or_default())))
}
