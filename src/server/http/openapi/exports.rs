//! The value of a cell in another form. `GET /values/{id}` serves them, because a path's parameter
//! takes the whole segment; the document has them as operations of their own.
#![expect(dead_code, reason = "they are read by the derive macros only")]

use utoipa::IntoParams;
use utoipa::openapi::schema::{ObjectBuilder, Type};

use super::parameters::{CellPath, ChosenRuns};
use super::responses::{NotFound, QueryErrors};
use super::schemas::{CellValue, PdfFile};
use super::shape::{shape, words, words_with_default};

/// Of a drawing.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
struct DrawingQuery {
    /// In CSS pixels; missing: as wide as its place, in a PDF 640.
    #[param(required = false, minimum = 80, maximum = 4000)]
    width: f64,
    /// In CSS pixels.
    #[param(required = false, minimum = 40, maximum = 4000, default = 240)]
    height: f64,
    /// auto follows the reader. Without it a download is light, and everything else auto.
    #[param(required = false, inline)]
    theme: ThemeName,
    /// Of a line cell: 0 leaves the names of its series out.
    #[param(required = false, default = "1")]
    legend: String,
    /// Of a line cell: a series that is drawn, whatever `chart.hidden` says; as often as there are such.
    #[param(required = false)]
    series: Vec<String>,
    /// Of a line cell: what runs along its x axis; missing: as `chart.x` says.
    #[param(required = false, inline)]
    x: DrawnAxis,
    /// Of a line cell: the metric that runs along its x axis where `x` is metric.
    #[param(required = false)]
    x_metric: String,
    /// Of a line cell: the scale of its x axis; missing: as `chart.x_scale` says.
    #[param(required = false, inline)]
    x_scale: DrawnScale,
    /// Of a line cell: the scale of its y axis; missing: as `chart.y` says.
    #[param(required = false, inline)]
    y: DrawnScale,
    /// Of a line cell: the weight of its smoothed lines; missing: as `chart.smooth` says.
    #[param(required = false, minimum = 0, maximum = 0.999)]
    smooth: f64,
    /// Of a line cell along steps: 1 leaves out points from before a restart, 0 fades them; missing: as `chart.hide_superseded` says.
    #[param(required = false)]
    hide_superseded: String,
    /// Of a line cell: runs that are drawn, by their ids with commas between them, 100 at most; without them and without `q`, `sort` and
    /// `top` the newest 20 that are neither archived nor hidden. Beside `by` they are drawn in bold over the groups.
    #[param(required = false)]
    runs: String,
    /// Of a line cell along wall time: the time zone of its clock, by its name in the IANA database. UTC
    /// without it.
    #[param(required = false, inline)]
    tz: TimeZone,
    /// Of a line cell along wall time: how many minutes its clock is ahead of UTC, where `tz` is not given
    /// or not known.
    #[param(required = false, minimum = -840, maximum = 840, default = 0)]
    offset: f64,
    /// Of a line cell: the lower end of the y axis; only together with `y_to`.
    #[param(required = false)]
    y_from: f64,
    /// Of a line cell: the upper end.
    #[param(required = false)]
    y_to: f64,
}

/// The size of a drawing in print, in place of `width` and `height`.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
struct PrintedSize {
    /// In millimetres.
    #[param(required = false, minimum = 20, maximum = 400)]
    width_mm: f64,
    /// In millimetres, only together with `width_mm`; missing: 0.62 of it, and the names of a line cell below.
    #[param(required = false, minimum = 20, maximum = 400)]
    height_mm: f64,
    /// Of all labels, in points; only together with `width_mm`.
    #[param(required = false, minimum = 4, maximum = 24, default = 8)]
    font_size: f64,
}

/// Of an SVG in print.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
struct PrintedFont {
    /// The name of a font's family; only together with `width_mm`.
    #[param(required = false, max_length = 60)]
    font: String,
}

/// Of a line cell: which part of the axis.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
struct WindowQuery {
    /// Of a line cell: the left end of the window; only together with `to`. A CSV has a window with `by` only.
    #[param(required = false)]
    from: f64,
    /// Of a line cell: the right end.
    #[param(required = false)]
    to: f64,
}

/// Of a line cell: groups of runs in place of runs.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
struct ExportedGroups {
    /// Of a line cell: keys that the runs of a group agree in, at most 8, separated by commas: the 50 largest groups in place of runs, as in
    /// `GET /groups`. Empty: all runs are one group. With it `q` is the search for their runs, and `sort` and `top` are ignored.
    #[param(required = false)]
    by: String,
    /// With `by`: what stands for the members of a group at each place.
    #[param(required = false, inline)]
    line: ExportedLine,
    /// With `by`: what stands around the line, one that belongs to it. Without it `t95` for `mean` and `geomean`, `iqr` for `median`, else
    /// `none`.
    #[param(required = false, inline)]
    band: ExportedBand,
}

/// Of a table of groups.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
struct SearchOfGroups {
    /// With `by`: a search for the runs of the groups, as for `/boards/{board}/runs`.
    #[param(required = false, max_length = 2000)]
    q: String,
}

shape! {
    /// The line of a group.
    ExportedLine: words_with_default(["mean", "median", "geomean", "min", "max"]);
}

shape! {
    /// The band of a group.
    ExportedBand: words(["t95", "std", "stderr", "minmax", "iqr", "none"]);
}

/// Of every form.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
struct FileQuery {
    /// 1: as a file, named after the cell.
    #[param(required = false)]
    download: String,
    /// The version of the value, as the page has it: with the right one the reply may be kept for ever.
    #[param(required = false)]
    v: u64,
}

shape! {
    /// What runs along an x axis.
    DrawnAxis: words(["step", "relative", "wall", "metric"]);
}

shape! {
    /// The scale of an axis.
    DrawnScale: words(["linear", "log"]);
}

shape! {
    /// The colours.
    ThemeName: words(["light", "dark", "auto"]);
}

shape! {
    /// A name in the IANA database.
    TimeZone: ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(64)).examples(["Europe/Berlin"]);
}

#[utoipa::path(
    get,
    path = "/values/{id}.svg",
    operation_id = "drawing",
    summary = "The cell's chart as SVG",
    params(CellPath, ChosenRuns, ExportedGroups, WindowQuery, DrawingQuery, PrintedSize, PrintedFont, FileQuery),
    responses(
        (
            status = 200,
            description = "A whole SVG document, of every type that is drawn.",
            body = String,
            content_type = "image/svg+xml"
        ),
        (status = 304, description = "Not changed since the ETag that was sent."),
        (status = 404, response = NotFound),
        QueryErrors
    )
)]
pub fn svg() {}

#[utoipa::path(
    get,
    path = "/values/{id}.pdf",
    operation_id = "drawingAsPdf",
    summary = "The cell's chart as PDF",
    params(CellPath, ChosenRuns, ExportedGroups, WindowQuery, DrawingQuery, PrintedSize, FileQuery),
    responses(
        (
            status = 200,
            description = "A PDF of one page, of every type that is drawn. Its font, DejaVu Sans, is part of it.",
            body = PdfFile,
            content_type = "application/pdf"
        ),
        (status = 304, description = "Not changed since the ETag that was sent."),
        (status = 404, response = NotFound),
        QueryErrors
    )
)]
pub fn pdf() {}

#[utoipa::path(
    get,
    path = "/values/{id}.csv",
    operation_id = "sheet",
    summary = "The cell's numbers as CSV",
    params(CellPath, ExportedGroups, SearchOfGroups, WindowQuery, FileQuery),
    responses(
        (
            status = 200,
            description = "Lines end with CRLF, the first one names the columns. For every type that is drawn, and for table. Without `by` a line has all points of all runs, whose ids and colours are in the columns `run` and `colour`; with it values of keys are cut to 200 characters.",
            body = String,
            content_type = "text/csv"
        ),
        (status = 304, description = "Not changed since the ETag that was sent."),
        (status = 404, response = NotFound),
        QueryErrors
    )
)]
pub fn csv() {}

#[utoipa::path(
    get,
    path = "/values/{id}.json",
    operation_id = "value",
    summary = "The cell's value by itself",
    params(CellPath, FileQuery),
    responses(
        (
            status = 200,
            description = "The value as it was sent; null where there is none.",
            body = CellValue,
            content_type = "application/json"
        ),
        (status = 304, description = "Not changed since the ETag that was sent."),
        (status = 404, response = NotFound),
        QueryErrors
    )
)]
pub fn json() {}
