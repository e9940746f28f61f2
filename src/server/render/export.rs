//! The value of a cell in another format, made once for all its readers.

use std::sync::Arc;

use axum::body::Bytes;
use tokio_util::sync::CancellationToken;

use super::cache::{Key, MemoryNeeds, Rendering, Version, render_shared};
use super::drawn_groups::PlannedGroups;
use super::line_chart;
use crate::charts::display_list::DisplayList;
use crate::charts::kinds::listed;
use crate::charts::layout::NOMINAL_WIDTH;
use crate::charts::render::pdf::pdf;
use crate::charts::render::svg::{Figure, svg};
use crate::charts::text_metrics::FONT_SIZE;
use crate::charts::{CanvasSize, ChartCanvas, Theme};
use crate::protocol::{ApiError, ErrorKind};
use crate::server::App;
use crate::server::boards::{Document, Query};
use crate::server::cells::CellValue;
use crate::server::error::ServerError;
use crate::server::net::response_budget::Principal;
use crate::server::store::Record;

/// What a value takes while it is read and drawn, as a multiple of its text.
const VALUE_COPIES: usize = 24;
/// The largest drawing, rounded up; and what one of a line takes while it is made.
const MAX_DRAWING_BYTES: usize = 1 << 20;
/// The largest drawing of a PDF before it is compressed, rounded up.
const MAX_PDF_CONTENT_BYTES: usize = 4 << 20;
const LINE_RENDER_BYTES: usize = 32 << 20;
/// In CSS.
const POINTS_PER_PIXEL: f64 = 0.75;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    Svg,
    /// For papers, which take no SVG.
    Pdf,
    Csv,
    /// The value itself, which the page draws from.
    Json,
}

impl ExportFormat {
    pub fn is_drawing(self) -> bool {
        matches!(self, Self::Svg | Self::Pdf)
    }
}

/// How an export is drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct ExportOptions {
    /// CSS pixels; `None`: as wide as its place.
    pub width: Option<f64>,
    /// CSS pixels.
    pub height: f64,
    pub theme: Theme,
    /// The version of the value that the address is of.
    pub version: Option<u64>,
    /// Of a line chart: whether the names of its series are part of it.
    pub legend: bool,
    /// Of a line chart: the part of it that is shown.
    pub view: line_chart::LineView,
    /// The size in print; `None`: the drawing is for a screen.
    pub figure: Option<Figure>,
}

impl ExportOptions {
    fn canvas(&self, format: ExportFormat, title: &str) -> ChartCanvas {
        let height = self.height;
        // A page has a width.
        let width = self.width.or((format == ExportFormat::Pdf).then_some(NOMINAL_WIDTH));
        let size = width.map_or(CanvasSize::Fluid { height }, |width| CanvasSize::Fixed { width, height });
        ChartCanvas { size, theme: self.theme, title: title.to_owned() }
    }

    /// Points of paper for each pixel.
    fn points(&self) -> f64 {
        self.figure.as_ref().map_or(POINTS_PER_PIXEL, |figure| figure.font_size / FONT_SIZE)
    }

    /// A drawing as the file that is asked for.
    fn write(&self, format: ExportFormat, list: &DisplayList, canvas: &ChartCanvas) -> Bytes {
        match (format, &self.figure) {
            (ExportFormat::Pdf, _) => pdf(list, canvas, self.points()).into(),
            (_, Some(figure)) => figure.print(&svg(list, canvas)).into(),
            _ => svg(list, canvas).into(),
        }
    }

    /// Whether the address has this value for ever. The points of a line change without its value.
    pub fn is_of(&self, record: &Record) -> bool {
        self.version == Some(record.version) && !record.is_line()
    }
}

/// The export of a cell, from the cache or made now, and its bytes for one more reader. `groups`: those of the view.
pub async fn export(
    app: &App,
    principal: &Principal,
    record: &Arc<Record>,
    format: ExportFormat,
    options: &ExportOptions,
    groups: Option<Arc<PlannedGroups>>,
) -> Result<(Arc<Rendering>, Bytes), ServerError> {
    // Set when the reader goes; another one then makes it himself.
    let cancelled = CancellationToken::new();
    let _guard = cancelled.clone().drop_guard();
    let (key, mut needs) = (key(app, record, format, options, groups.as_deref()), needs(record, format, groups.as_deref()));
    if let Some(metric) = options.view.settings(record).along_metric().filter(|_| format.is_drawing()) {
        let runs = line_chart::drawn_ids(&app.boards, &record.board, &options.view);
        needs.working += app.boards.joined_bytes(&record.id, metric, &runs);
    }
    let make = {
        let (app, record, options) = (app.clone(), record.clone(), options.clone());
        async move { make(&app, record, format, &options, groups.as_deref().map(|groups| (groups, &cancelled))).await }
    };
    render_shared(app, principal, key, needs, make).await
}

/// A drawing that is cached for ever has no name in it: the name may change while the value does not.
fn title<'a>(options: &ExportOptions, record: &'a Record) -> &'a str {
    if options.is_of(record) { "" } else { record.text("name") }
}

fn key(app: &App, record: &Record, format: ExportFormat, options: &ExportOptions, groups: Option<&PlannedGroups>) -> (Key, Version) {
    let ExportOptions { width, height, theme, legend, view, figure, version: _ } = options;
    let title = title(options, record);
    let (of_line, changes) = match record.is_line() {
        true => {
            let index = app.boards.index();
            let points = index.cell_series(&record.id).map_or(0, |known| known.seq);
            let points = points + line_chart::along_seq(&index, record, view);
            // These numbers only grow, so their sum is another one after each change of the points, of those of the x axis, the cell or a run.
            let run_seq = index.board(&record.board).map_or(0, |board| board.run_seq);
            let groups = groups.map(PlannedGroups::version).unwrap_or_default();
            (format!(" {legend} {view:?} {groups}"), points.max(record.seq) + run_seq)
        }
        false => (String::new(), 0),
    };
    let variant = format!("{format:?} {width:?} {height} {theme:?}{of_line} {figure:?} {title}");
    (Key { id: record.id.clone(), variant }, (record.version, changes))
}

fn needs(record: &Record, format: ExportFormat, groups: Option<&PlannedGroups>) -> MemoryNeeds {
    let value = record.value.bytes();
    match format {
        ExportFormat::Csv => MemoryNeeds { working: VALUE_COPIES * value, output: (2 * value).max(MAX_DRAWING_BYTES) },
        ExportFormat::Json => MemoryNeeds { working: 2 * value, output: value.max(4) },
        _ if record.is_line() => {
            // One curve is calculated after the other.
            let of_groups = groups.and_then(|groups| (0..groups.curves()).map(|curve| groups.working_bytes(curve)).max());
            MemoryNeeds { working: LINE_RENDER_BYTES + of_groups.unwrap_or(0), output: MAX_DRAWING_BYTES }
        }
        ExportFormat::Pdf => {
            MemoryNeeds { working: VALUE_COPIES * value + MAX_PDF_CONTENT_BYTES + MAX_DRAWING_BYTES, output: MAX_DRAWING_BYTES }
        }
        ExportFormat::Svg => MemoryNeeds { working: VALUE_COPIES * value + MAX_DRAWING_BYTES, output: MAX_DRAWING_BYTES },
    }
}

async fn make(
    app: &App,
    record: Arc<Record>,
    format: ExportFormat,
    options: &ExportOptions,
    groups: Option<(&PlannedGroups, &CancellationToken)>,
) -> Result<Rendering, ServerError> {
    let title = title(options, &record).to_owned();
    let canvas = options.canvas(format, &title);
    if record.is_line() && format.is_drawing() {
        let (list, canvas) = line_chart::draw(&app.boards, &record, &options.view, groups, &canvas, options.legend).await?;
        return Ok(Rendering::new(options.write(format, &list, &canvas), "", record.version));
    }
    let document = app.boards.get(record.id.as_str(), &Query::default()).await?;
    let made = make_value(&document, format, options, &canvas)?;
    Ok(Rendering::new(made, "", document.record.version))
}

/// The value in one of the formats. 404: the cell has none of it; 422: the value does not fit its type.
fn make_value(document: &Document, format: ExportFormat, options: &ExportOptions, canvas: &ChartCanvas) -> Result<Bytes, ApiError> {
    let kind = document.record.text("type");
    if format == ExportFormat::Json {
        return Ok(document.value.as_deref().unwrap_or("null").to_owned().into());
    }
    let refused = |error: ApiError| ErrorKind::Unprocessable.with(error.message);
    let value = CellValue::parse(kind, document.value.as_deref()).map_err(refused)?;
    let made = match format {
        _ if format.is_drawing() => {
            value.as_ref().and_then(CellValue::chart).map(|chart| options.write(format, &chart.draw(canvas), canvas))
        }
        _ => value.as_ref().and_then(CellValue::csv).map(Bytes::from),
    };
    made.ok_or_else(|| {
        let (what, kinds) = match format {
            _ if format.is_drawing() => ("drawing", listed(&["line"], &[])),
            _ => ("CSV", listed(&["line"], &["table"])),
        };
        let message = format!(
            "The cell '{}' of type '{}' has no {what}; cells of type {kinds} have one once they have a value.",
            document.record.id,
            kind.chars().take(80).collect::<String>()
        );
        ErrorKind::NotFound.with(message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As docs/cells.md says.
    #[test]
    fn the_largest_drawings_fit_their_share_of_memory() {
        let mut rng = crate::split_mix::SplitMix64(5);
        let mut numbers = || (0..100_000).map(|_| rng.below(1 << 30).to_string()).collect::<Vec<_>>().join(",");
        let value = format!("{{\"x\":[{}],\"y\":[{}]}}", numbers(), numbers());
        let scatter = CellValue::parse("scatter", Some(&value)).unwrap().unwrap();
        let canvas = ChartCanvas { size: CanvasSize::Fixed { width: 4000.0, height: 4000.0 }, theme: Theme::Light, title: String::new() };
        let list = scatter.chart().unwrap().draw(&canvas);
        let (svg, pdf) = (svg(&list, &canvas).len(), pdf(&list, &canvas, POINTS_PER_PIXEL).len());
        assert!((500 << 10..900_000).contains(&svg) && svg < MAX_DRAWING_BYTES, "{svg} bytes of SVG");
        assert!((300 << 10..900_000).contains(&pdf) && pdf < MAX_DRAWING_BYTES, "{pdf} bytes of PDF");
    }
}
