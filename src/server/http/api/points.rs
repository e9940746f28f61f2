//! Points of line cells: `POST /points` and `POST /values/{id}/points` append them,
//! `GET /values/{id}/points` reads them.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use serde_json::Value;

use super::format::points_page::{HEAD, Page, PointsQuery};
use super::line_stream::stream_lines;
use super::request::{CellInPath, RequestContext};
use super::{NO_STORE, json_response, parse_body};
use crate::charts::csv::quote_field;
use crate::charts::palette;
use crate::protocol::{ApiError, CellId, ErrorKind, RunId, SeriesId};
use crate::server::App;
use crate::server::boards::{CellPoints, ResponseShape, SeriesPoints, parse_lines, parse_many_points, parse_points};
use crate::server::error::ServerError;
use crate::server::http::body::read::read_to_end;
use crate::server::http::openapi::parameters::{CellPath, IdempotencyHeaders};
use crate::server::http::openapi::responses::{BodyErrors, ChangeErrors, Gone, NotFound, NotTaken, QueryErrors};
use crate::server::http::openapi::schemas::{
    AppendBody, AppendManyBody, Appended, BinaryPoints, EntryLines, Error, PointsCsv, PointsLines, PointsPage,
};
use crate::server::limits::{MAX_POINTS_BODY_BYTES, MAX_POINTS_PER_PAGE};
use crate::server::net::response_budget::{Principal, counted};

/// Most that a written point takes, and while it is read.
const POINT_BYTES: usize = 160;
/// Says which points a page is of.
const GENERATION: HeaderName = HeaderName::from_static("agnez-generation");
/// Series that an error names.
const MAX_NAMED_SERIES: usize = 20;

#[utoipa::path(
    post,
    path = "/values/{id}/points",
    operation_id = "appendPoints",
    summary = "Append points to a cell",
    description = "A cell without type and value becomes a `line`. All is taken or nothing.",
    params(CellPath, IdempotencyHeaders),
    request_body(
        description = "Parsed as JSON unless the Content-Type is one of the others; at most 64 MiB, 1000 series and 1,048,576 points.",
        content((AppendBody = "application/json"), (EntryLines = "application/x-ndjson"), (BinaryPoints = "application/octet-stream"))
    ),
    responses(
        (status = 201, description = "They are on disk.", body = Appended),
        (status = 404, response = NotFound),
        (status = 409, response = NotTaken),
        (status = 410, response = Gone),
        ChangeErrors,
        BodyErrors
    )
)]
pub async fn append(request: RequestContext, CellInPath(id): CellInPath, body: Body) -> Result<Response, ServerError> {
    let body = read_to_end(body, MAX_POINTS_BODY_BYTES).await?;
    let (cell, kind) = (id.clone(), request.content_type().map(str::to_owned));
    let series = parse_body(&body, move |body| parse_points(&cell, body, kind.as_deref())).await?;
    let idempotent = request.idempotent(id.as_str(), &body, &ResponseShape::Points)?;
    Ok(json_response(request.app.boards.append(vec![CellPoints { cell: id, series }], idempotent).await?))
}

#[utoipa::path(
    post,
    path = "/points",
    operation_id = "appendManyPoints",
    summary = "Append points to many cells",
    description = "A cell without type and value becomes a `line`. All is taken or nothing, but for lines (`application/x-ndjson`) without an `Idempotency-Key`: those are taken piece by piece, about 1 MiB each, while they come; an error then says how many points of the pieces before it are kept.",
    params(IdempotencyHeaders),
    request_body(
        description = "Parsed as JSON unless the Content-Type is one of the others; at most 64 MiB, 1000 series and 1,048,576 points; the last two for each piece of a stream of lines.",
        content((AppendManyBody = "application/json"), (EntryLines = "application/x-ndjson"), (BinaryPoints = "application/octet-stream"))
    ),
    responses(
        (status = 201, description = "They are on disk.", body = Appended),
        (status = 404, response = NotFound),
        (status = 409, response = NotTaken),
        (status = 410, response = Gone),
        ChangeErrors,
        BodyErrors
    )
)]
pub async fn append_many(request: RequestContext, body: Body) -> Result<Response, ServerError> {
    let kind = request.content_type().unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_stream = matches!(kind.as_str(), "application/x-ndjson" | "application/ndjson" | "application/jsonl");
    if is_stream && !request.has_idempotency_key() {
        let boards = request.app.boards.clone();
        let points = stream_lines(body, "/values/:id", |piece, first_line| {
            let boards = boards.clone();
            async move {
                let sent = parse_lines(&piece, first_line)?;
                let new: usize = sent.iter().flat_map(|sent| &sent.series).map(|series: &SeriesPoints| series.y.len()).sum();
                if new > 0 {
                    boards.append(sent, None).await?;
                }
                Ok(new)
            }
        });
        return Ok(created(format!("{{\"appended\":{}}}", points.await?)));
    }
    let body = read_to_end(body, MAX_POINTS_BODY_BYTES).await?;
    let sent = parse_body(&body, move |body| parse_many_points(body, Some(&kind))).await?;
    let idempotent = request.idempotent("", &body, &ResponseShape::Points)?;
    Ok(json_response(request.app.boards.append(sent, idempotent).await?))
}

fn created(json: String) -> Response {
    (StatusCode::CREATED, [(header::CONTENT_TYPE, "application/json"), NO_STORE], json).into_response()
}

/// 404: the cell has no points, or only those of runs, which are read by run and metric.
fn no_points(app: &App, id: &CellId) -> ApiError {
    let index = app.boards.index();
    let board = index.cell(id).filter(|_| index.cell_series(id).is_some_and(|known| known.run_series() > 0)).map(|cell| &cell.board);
    ErrorKind::NotFound.with(match board {
        Some(board) => {
            format!("The cell '{id}' has points of runs only. GET /boards/{board}/runs/<run>/history?metric=<name> reads those of a run.")
        }
        None => format!("The cell '{id}' has no points yet."),
    })
}

#[utoipa::path(
    get,
    path = "/values/{id}/points",
    operation_id = "readPoints",
    summary = "Read points of a series",
    params(CellPath, PointsQuery),
    responses(
        (status = 200, description = "A page of points, in the order of arrival.", content(
                (PointsPage = "application/json"),
                (PointsCsv = "text/csv"),
                (PointsLines = "application/x-ndjson")
            ), headers(("Agnez-Generation", description = "Names these points: others under the same name have another one."))),
        (status = 409, description = "The points of this `generation` were replaced.", body = Error),
        (status = 404, response = NotFound),
        QueryErrors
    )
)]
pub async fn read(request: RequestContext, CellInPath(id): CellInPath) -> Result<Response, ServerError> {
    let query = PointsQuery::parse(&request.query, request.accept())?;
    let app = &request.app;
    let names = app.boards.series_names(&id)?;
    let name = match (query.series, names.as_slice()) {
        (Some(name), _) => name,
        (None, [only]) => only.to_string(),
        (None, []) => return Err(no_points(app, &id).into()),
        (None, several) => {
            let more =
                if several.len() > MAX_NAMED_SERIES { format!(" and {} more", several.len() - MAX_NAMED_SERIES) } else { String::new() };
            let names = several[..several.len().min(MAX_NAMED_SERIES)].join(", ");
            let message = format!("Name one of the series with ?series=: {names}{more}.");
            return Err(ErrorKind::BadRequest.with(message).at("series", "must be named").into());
        }
    };
    let bytes = POINT_BYTES * query.limit as usize;
    let share = app.answers.share(request.principal(), bytes).await?;
    let made = app.renderer.run(request.principal(), bytes, {
        let boards = app.boards.clone();
        async move {
            let page = boards.points(&id, &SeriesId::plain(&*name), query.from, query.limit as usize).await?;
            let page = page.ok_or_else(|| ErrorKind::NotFound.with(format!("The cell '{id}' has no series '{name}'.")))?;
            let generation = boards.generation(page.key);
            if query.generation.is_some_and(|known| known != generation) {
                let message = format!(
                    "The points of the series '{name}' were replaced: read it again, from its first point and without 'generation'."
                );
                return Err(ErrorKind::Conflict.with(message).at("generation", "is over").into());
            }
            let page = Page {
                series: &name,
                run_column: "",
                colour_column: "",
                places: None,
                generation: &generation,
                from: query.from,
                points: &page.points,
                total: page.total,
            };
            Ok((page.write(query.format), generation))
        }
    });
    let (body, generation) = made.await?;
    let share = Arc::new(share.fit(body.len())?);
    let head = [(header::CONTENT_TYPE, query.format.content_type()), NO_STORE];
    Ok(counted((head, [(GENERATION, generation)], share.lend(body.into()))))
}

/// All points of all series as CSV, written while they are read. An error on the way cuts the reply, and so does a series that is replaced or
/// removed meanwhile: what was sent and what would follow do not belong together.
///
/// `metric`: the one that the chart stands along; its column is the last one.
pub async fn csv(app: &App, principal: &Principal, id: &CellId, metric: Option<&str>) -> Result<Body, ServerError> {
    let wanted: Vec<_> = {
        let index = app.boards.index();
        let board = index.cell(id).and_then(|record| index.board(&record.board));
        let runs = board.into_iter().flat_map(|board| board.runs.iter().rev());
        let of_runs = runs.flat_map(|run| {
            // As in charts of the light theme.
            let slot = run.keys.get("colour").and_then(Value::as_u64).unwrap_or_default();
            let colour = format!(",#{:06x}", palette::colour(slot as usize, false));
            index.series_of_run(id, &run.id).iter().map(move |series| (series, colour.clone()))
        });
        let all = index.series(id).iter().map(|series| (series, ",".to_owned())).chain(of_runs);
        all.map(|(series, colour)| (series.id.clone(), series.key, series.count(), colour)).collect()
    };
    let has_runs = wanted.iter().any(|(id, ..)| id.run.is_some());
    let metric: Option<Arc<str>> = metric.map(Arc::from);
    if let Some(metric) = &metric {
        let runs: BTreeSet<RunId> = wanted.iter().filter_map(|(id, ..)| id.run.clone()).collect();
        app.boards.joined_points(id, metric, &runs.into_iter().collect::<Vec<_>>())?;
    }
    let metric_head = metric.as_ref().map(|metric| [",", &quote_field(metric)].concat()).unwrap_or_default();
    let (run_head, colour_head) = if has_runs { ("run,", ",colour") } else { ("", "") };
    let head = [run_head, HEAD.trim_end(), colour_head, &metric_head, "\r\n"].concat();
    let longest = wanted.iter().map(|(_, _, count, _)| *count as usize).max().filter(|_| metric.is_some());
    let bytes = POINT_BYTES * MAX_POINTS_PER_PAGE as usize + size_of::<f64>() * longest.unwrap_or(0);
    let share = Arc::new(app.answers.share(principal, if wanted.is_empty() { 0 } else { bytes }).await?);
    let (app, principal, id) = (app.clone(), principal.clone(), id.clone());
    let pages = futures::stream::try_unfold((0, 0, None), move |(place, from, known): (usize, u64, Option<Arc<[f64]>>)| {
        let (renderer, boards, id, series) = (app.renderer.clone(), app.boards.clone(), id.clone(), wanted.get(place).cloned());
        let (principal, share, metric) = (principal.clone(), share.clone(), metric.clone());
        async move {
            let Some((series, key, least, colour)) = series else { return Ok(None) };
            let make = async move {
                // Once for a series.
                let places = match (known, metric) {
                    (None, Some(metric)) => Some(boards.joined_places(&id, &series, &metric).await?.into()),
                    (known, _) => known,
                };
                let page = boards.points(&id, &series, from, MAX_POINTS_PER_PAGE as usize).await?;
                let Some(page) = page.filter(|page| page.key == key && page.total >= least) else {
                    let message = format!("The series {series} was replaced or removed while it was read; read it again.");
                    return Err(ErrorKind::Conflict.with(message).into());
                };
                let run_column = if has_runs { [series.run.as_ref().map_or("", RunId::as_str), ","].concat() } else { String::new() };
                let (points, total) = (&page.points, page.total);
                let colour_column = if has_runs { colour.as_str() } else { "" };
                let of_page = places.as_ref().map(|places| places.get(from as usize..).unwrap_or_default());
                let name = &series.name;
                let page =
                    Page { series: name, run_column: &run_column, colour_column, places: of_page, generation: "", from, points, total };
                let rows = page.rows();
                Ok((rows, page.next().map_or((place + 1, 0, None), |next| (place, next, places.clone()))))
            };
            let (rows, next) = renderer.go_on(&principal, bytes, make).await.inspect_err(ServerError::log)?;
            Ok::<_, ServerError>(Some((share.lend(rows.into()), next)))
        }
    });
    Ok(Body::from_stream(futures::stream::iter([Ok(Bytes::from(head))]).chain(pages)))
}
