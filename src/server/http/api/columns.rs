//! `GET /columns` and `GET /values/{id}/columns`: what charts of line cells show.

use std::collections::BTreeSet;

use axum::http::header;
use axum::response::Response;
use utoipa::IntoParams;

use super::format::columns_stream::{ColumnsWriter, Smoothing};
use super::request::{CellInPath, RequestContext};
use super::{NO_STORE, invalid_parameter};
use crate::protocol::{ApiError, AxisScale, CellId, ErrorKind, RunId, XAxis};
use crate::server::boards::lines::Lines;
use crate::server::boards::runs::RunChoice;
use crate::server::boards::{LineWindow, check_joined_points};
use crate::server::error::ServerError;
use crate::server::http::openapi::parameters::{CellPath, ChosenRuns};
use crate::server::http::openapi::responses::{NotFound, QueryErrors};
use crate::server::http::openapi::schemas::{BinaryColumns, Columns};
use crate::server::http::openapi::shape::{shape, words_with_default};
use crate::server::limits::{MAX_COLUMNS_CELLS, MAX_COLUMNS_PIXELS, MAX_COLUMNS_RUNS, MAX_COLUMNS_WIDTH, MAX_SMOOTH};

const DEFAULT_WIDTH: u32 = 1000;

/// `?cells=a,b&runs=first,second&from=0&to=1e4&width=800&x=step&smooth=0.9`.
#[derive(Clone, Debug, PartialEq, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ColumnsQuery {
    // Empty when the address names the cell.
    #[param(ignore)]
    pub cells: Vec<CellId>,
    /// Ids of runs with commas between them, at most 100: of the series of runs the answer has those of these runs. Missing: those of
    /// the newest 20 runs that are neither archived nor hidden. Series without a run are always there.
    #[param(required = false, value_type = Option<String>, pattern = "^([A-Za-z0-9][A-Za-z0-9._-]{0,63}(,[A-Za-z0-9][A-Za-z0-9._-]{0,63})*)?$")]
    pub runs: Option<Vec<RunId>>,
    /// `q`, `sort` and `top` choose runs of the board of the cells: the first `top` (20 if missing) of those that the search `q` finds, in the
    /// order of `sort`, archived and hidden ones left out.
    #[param(ignore)]
    pub choice: RunChoice,
    // Both along `x`, finite, `from` not above `to`.
    /// The left end of the window; missing: the first point.
    pub from: Option<f64>,
    /// The right end; missing: the last point.
    pub to: Option<f64>,
    /// Pixels that the columns are for.
    #[param(required = false, minimum = 1, maximum = 16384, default = 1000)]
    pub width: u32,
    /// What runs along the axis: steps, wall time in seconds since 1970, or seconds since the start of each run (of series without a run, since
    /// the first point of these).
    #[param(required = false, value_type = ColumnsAxis, inline)]
    pub x: XAxis,
    /// The name of a metric, with `x=metric`: each point stands at the last finite value that its run had of this metric at the point's step or
    /// before it. Series without a run, and of runs that lack the metric, have no points then.
    #[param(required = false, value_type = Option<String>, max_length = 200)]
    pub x_metric: String,
    /// The scale of the axis that the columns are for. On a logarithmic one they are as wide as the pixels of such an axis; of the places that
    /// are not above 0 only the last one before the others is in the answer. Wall time is always linear.
    #[param(required = false, value_type = ColumnsScale, inline)]
    pub x_scale: AxisScale,
    /// The weight of the smoothed lines that the answer has besides the columns; 0: none. The average at a
    /// step does not depend on the window.
    #[param(required = false, minimum = 0, maximum = 0.999, default = 0)]
    pub smooth: f64,
    // The bytes of `protocol::columns` instead of JSON.
    #[param(ignore)]
    pub binary: bool,
}

shape! {
    /// What columns are ordered by.
    ColumnsAxis: words_with_default(["step", "time", "relative", "metric"]);
}

shape! {
    /// The scale of the axis.
    ColumnsScale: words_with_default(["linear", "log"]);
}

impl ColumnsQuery {
    pub fn parse(text: &str, accept: Option<&str>) -> Result<Self, ApiError> {
        let binary = accept.is_some_and(|accept| accept.contains("application/octet-stream"));
        let mut query = Self {
            cells: Vec::new(),
            runs: None,
            choice: RunChoice::default(),
            from: None,
            to: None,
            width: DEFAULT_WIDTH,
            x: XAxis::Step,
            x_metric: String::new(),
            x_scale: AxisScale::Linear,
            smooth: 0.0,
            binary,
        };
        for (key, value) in form_urlencoded::parse(text.as_bytes()) {
            match &*key {
                "cells" => query.cells = ids("cells", &value, MAX_COLUMNS_CELLS, CellId::parse)?,
                "runs" => query.runs = Some(ids("runs", &value, MAX_COLUMNS_RUNS, RunId::parse)?),
                "from" | "to" if value.is_empty() => {}
                "from" => query.from = Some(place("from", &value)?),
                "to" => query.to = Some(place("to", &value)?),
                "width" => {
                    let width = value.parse().ok().filter(|width| (1..=MAX_COLUMNS_WIDTH).contains(width));
                    query.width = width.ok_or_else(|| {
                        invalid_parameter("width", &format!("must be a whole number of pixels from 1 to {MAX_COLUMNS_WIDTH}"), &value)
                    })?;
                }
                "x" => {
                    query.x = match &*value {
                        "step" => XAxis::Step,
                        "time" => XAxis::Wall,
                        "relative" => XAxis::Relative,
                        "metric" => XAxis::Metric,
                        _ => return Err(invalid_parameter("x", "must be step, time, relative or metric", &value)),
                    }
                }
                "x_metric" => query.x_metric = value.into_owned(),
                "x_scale" => {
                    let scale = AxisScale::from_name(&value);
                    query.x_scale = scale.ok_or_else(|| invalid_parameter("x_scale", "must be linear or log", &value))?;
                }
                "smooth" => {
                    let rule = format!("must be a number from 0 to {MAX_SMOOTH}");
                    let weight = value.parse().ok().filter(|weight| (0.0..=MAX_SMOOTH).contains(weight));
                    query.smooth = weight.ok_or_else(|| invalid_parameter("smooth", &rule, &value))?;
                }
                key if query.choice.take(key, &value)? => {}
                key => {
                    return Err(invalid_parameter(
                        key,
                        "is no key of this query; known are cells, runs, q, sort, top, from, to, width, x, x_metric, x_scale and smooth",
                        &value,
                    ));
                }
            }
        }
        if (query.x == XAxis::Metric) == query.x_metric.is_empty() {
            let rule = "must name a metric with x=metric, and only then";
            return Err(invalid_parameter("x_metric", rule, &query.x_metric));
        }
        match (query.from, query.to) {
            (Some(from), Some(to)) if from > to => Err(invalid_parameter("to", "must not be below 'from'", &to.to_string())),
            _ => Ok(query),
        }
    }
}

/// The ids of the parameter `key`, with commas between them.
fn ids<T>(key: &str, list: &str, most: usize, parse: fn(&str) -> Option<T>) -> Result<Vec<T>, ApiError> {
    let ids = list.split(',').filter(|id| !id.is_empty()).take(most + 1);
    let ids = ids.map(|id| parse(id).ok_or_else(|| invalid_parameter(key, "must be ids with commas between them", id)));
    let ids: Vec<_> = ids.collect::<Result<_, _>>()?;
    if ids.len() > most { Err(invalid_parameter(key, &format!("may name {most} {key}"), "more")) } else { Ok(ids) }
}

fn place(key: &str, value: &str) -> Result<f64, ApiError> {
    value.parse().ok().filter(|place: &f64| place.is_finite()).ok_or_else(|| invalid_parameter(key, "must be a finite number", value))
}

#[utoipa::path(
    get,
    path = "/values/{id}/columns",
    operation_id = "readColumns",
    summary = "What a chart of a cell shows",
    params(CellPath, ChosenRuns, ColumnsQuery),
    responses(
        (status = 200, description = "For each series what a chart of this width shows. `Accept: application/octet-stream` asks for the binary form.", content((Columns = "application/json"), (BinaryColumns = "application/octet-stream"))),
        (status = 404, response = NotFound),
        QueryErrors
    )
)]
pub async fn of_cell(request: RequestContext, CellInPath(id): CellInPath) -> Result<Response, ServerError> {
    let query = ColumnsQuery::parse(&request.query, request.accept())?;
    request.app.boards.series_names(&id)?;
    respond(&request, vec![id], query, false).await
}

#[utoipa::path(
    get,
    path = "/columns",
    operation_id = "readManyColumns",
    summary = "What the charts of several cells show",
    params(
        (
            "cells" = String,
            Query,
            description = "Ids with commas between them, at most 1000. Those that do not exist are left out of the answer.",
            pattern = "^[A-Za-z0-9_-]{1,64}(,[A-Za-z0-9_-]{1,64})*$"
        ),
        ChosenRuns,
        ColumnsQuery
    ),
    responses(
        (status = 200, description = "For each series what a chart of this width shows. `Accept: application/octet-stream` asks for the binary form.", content((Columns = "application/json"), (BinaryColumns = "application/octet-stream"))),
        QueryErrors
    )
)]
pub async fn of_cells(request: RequestContext) -> Result<Response, ServerError> {
    let mut query = ColumnsQuery::parse(&request.query, request.accept())?;
    let mut cells = std::mem::take(&mut query.cells);
    if cells.is_empty() {
        let rule = "must be ids with commas between them";
        return Err(ErrorKind::BadRequest.with(format!("'cells' {rule}.")).at("cells", rule).into());
    }
    if let Some(board) = request.caller.only_board() {
        let index = request.app.boards.index();
        cells.retain(|id| index.cell(id).is_some_and(|record| *record.board == *board));
    }
    respond(&request, cells, query, true).await
}

/// The runs that `q`, `sort` and `top` choose on the board of the cells. 400: the cells are of several boards.
async fn choose_runs(
    request: &RequestContext,
    cells: &[CellId],
    choice: &RunChoice,
    among: Option<&[RunId]>,
) -> Result<Vec<RunId>, ServerError> {
    let boards: BTreeSet<_> = {
        let index = request.app.boards.index();
        cells.iter().filter_map(|id| index.cell(id)).map(|record| record.board.clone()).collect()
    };
    let mut boards = boards.into_iter();
    match (boards.next(), boards.next()) {
        (None, _) => Ok(Vec::new()),
        (Some(board), None) => request.app.boards.choose_runs(&board, choice, among, request.caller.is_public()).await,
        (Some(one), Some(other)) => {
            let rule = "must be cells of one board";
            let message = format!("'cells' {rule} where 'q', 'sort' or 'top' choose runs, not of '{one}' and '{other}'.");
            Err(ErrorKind::BadRequest.with(message).at("cells", rule).into())
        }
    }
}

/// `or_damage`: a cell whose points are damaged is reported, and the others are answered.
async fn respond(request: &RequestContext, ids: Vec<CellId>, query: ColumnsQuery, or_damage: bool) -> Result<Response, ServerError> {
    let ColumnsQuery { x, x_metric, from, to, smooth, .. } = query;
    let scale = if x == XAxis::Wall { AxisScale::Linear } else { query.x_scale };
    let runs = match query.choice.is_none() {
        true => query.runs,
        false => Some(choose_runs(request, &ids, &query.choice, query.runs.as_deref()).await?),
    };
    let Lines { seq, series, cells } = request.app.boards.lines(ids, runs);
    let width = query.width.min((MAX_COLUMNS_PIXELS / series.max(1)).max(1) as u32);
    if x == XAxis::Metric {
        let boards = &request.app.boards;
        // Of all cells together, before the first of them is sent.
        let points = cells.iter().map(|(cell, runs)| boards.joined_points(cell, &x_metric, runs)).sum::<Result<u64, _>>()?;
        check_joined_points(points, &x_metric)?;
    }
    let window =
        LineWindow { x, x_metric: x_metric.into(), from: from.unwrap_or(f64::NEG_INFINITY), to: to.unwrap_or(f64::INFINITY), width, scale };
    let kind = if query.binary { "application/octet-stream" } else { "application/json" };
    let head = [(header::CONTENT_TYPE, kind), NO_STORE, (header::VARY, "accept")];
    let smoothing = Smoothing { weight: smooth, together: series };
    ColumnsWriter::new(&request.app, cells, window, smoothing, (seq.unwrap_or(0), query.binary, or_damage))
        .respond(request.principal(), head)
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_checked() {
        let query =
            ColumnsQuery::parse("cells=a,b-1&from=-0.5&to=1e4&width=800&x=time&smooth=0.999", Some("application/octet-stream")).unwrap();
        assert_eq!(query.cells.iter().map(CellId::as_str).collect::<Vec<_>>(), ["a", "b-1"]);
        assert_eq!((query.from, query.to, query.width, query.x, query.binary), (Some(-0.5), Some(1e4), 800, XAxis::Wall, true));
        assert_eq!((query.smooth, query.runs), (0.999, None));
        let runs =
            |text: &str| ColumnsQuery::parse(text, None).unwrap().runs.map(|runs| runs.iter().map(RunId::to_string).collect::<Vec<_>>());
        assert_eq!(runs("runs=first,lr_0.1,"), Some(vec!["first".into(), "lr_0.1".into()]));
        assert_eq!(runs("runs="), Some(Vec::new()), "no series of runs");
        let query = ColumnsQuery::parse("from=&to=", None).unwrap();
        assert_eq!(
            (query.cells.len(), query.from, query.to, query.width, query.x, query.binary),
            (0, None, None, 1000, XAxis::Step, false)
        );
        assert_eq!(ColumnsQuery::parse("x=relative", None).unwrap().x, XAxis::Relative);
        let along = ColumnsQuery::parse("x=metric&x_metric=train%2Floss", None).unwrap();
        assert_eq!((along.x, along.x_metric.as_str()), (XAxis::Metric, "train/loss"));
        assert_eq!(ColumnsQuery::parse("x_scale=log", None).unwrap().x_scale, AxisScale::Log);
        for query in [
            "cells=a/b",
            "runs=a,-b",
            "from=NaN",
            "to=inf",
            "width=0",
            "width=16385",
            "width=1.5",
            "x=wall",
            "x=metric",
            "x_metric=epoch",
            "x=step&x_metric=epoch",
            "from=2&to=1",
            "w=3",
            "smooth=",
            "smooth=1",
            "smooth=-0.1",
            "smooth=NaN",
            "x_scale=cubic",
        ] {
            let error = ColumnsQuery::parse(query, None).unwrap_err();
            assert!(error.code == 400 && error.errors.0.len() == 1, "{query}");
        }
        let many = |key: &str, count: usize| ColumnsQuery::parse(&format!("{key}={}", "a,".repeat(count)), None);
        assert!(many("cells", MAX_COLUMNS_CELLS).is_ok() && many("runs", MAX_COLUMNS_RUNS).is_ok());
        assert!(many("cells", MAX_COLUMNS_CELLS + 1).is_err());
        assert_eq!(many("runs", MAX_COLUMNS_RUNS + 1).unwrap_err().message, "'runs' may name 100 runs, not 'more'.");
    }
}
