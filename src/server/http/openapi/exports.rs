//! The value of a cell in another form. `GET /values/{id}` serves them, because a path's parameter
//! takes the whole segment; the document has them as operations of their own.
#![expect(dead_code, reason = "they are read by the derive macros only")]

use utoipa::IntoParams;
use utoipa::openapi::schema::{ObjectBuilder, Type};

use super::parameters::{CellPath, ChosenRuns};
use super::responses::{NotFound, QueryErrors};
use super::schemas::CellValue;
use super::shape::{shape, words};

/// Of an SVG drawing.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
struct DrawingQuery {
    /// In CSS pixels; missing: as wide as its place.
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
    /// Of a line cell: the left end of the window; only together with `to`.
    #[param(required = false)]
    from: f64,
    /// Of a line cell: the right end.
    #[param(required = false)]
    to: f64,
    /// Of a line cell: a series that is drawn, whatever `chart.hidden` says; as often as there are such.
    #[param(required = false)]
    series: Vec<String>,
    /// Of a line cell: runs that are drawn, by their ids with commas between them, 100 at most; without them and without `q`, `sort` and
    /// `top` the newest 20 that are neither archived nor hidden.
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
    params(CellPath, ChosenRuns, DrawingQuery, FileQuery),
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
    path = "/values/{id}.csv",
    operation_id = "sheet",
    summary = "The cell's numbers as CSV",
    params(CellPath, FileQuery),
    responses(
        (
            status = 200,
            description = "Lines end with CRLF, the first one names the columns. For every type that is drawn, and for table.",
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
