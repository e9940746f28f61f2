//! Points of line cells: `POST /points` and `POST /values/{id}/points` append them,
//! `GET /values/{id}/points` reads them.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use tokio::time::{Instant, timeout_at};

use super::format::points_page::{HEAD, Page, PointsQuery};
use super::request::{CellInPath, RequestContext};
use super::{NO_STORE, json_response, parse_body};
use crate::protocol::{ApiError, CellId, ErrorKind, SeriesId};
use crate::server::App;
use crate::server::boards::{CellPoints, ResponseShape, SeriesPoints, parse_lines, parse_many_points, parse_points};
use crate::server::error::ServerError;
use crate::server::http::body::memory_budget;
use crate::server::http::body::read::{broken, next_chunk, read_to_end};
use crate::server::http::openapi::parameters::{CellPath, IdempotencyHeaders};
use crate::server::http::openapi::responses::{BodyErrors, ChangeErrors, NotFound, NotTaken, QueryErrors};
use crate::server::http::openapi::schemas::{
    AppendBody, AppendManyBody, Appended, BinaryPoints, EntryLines, Error, PointsCsv, PointsLines, PointsPage,
};
use crate::server::limits::{MAX_POINTS_BODY_BYTES, MAX_POINTS_PER_PAGE, MAX_UNCOUNTED_BODY_BYTES};
use crate::server::net::response_budget::{Who, counted};

/// Lines of a stream are accepted in pieces of this size, or after a moment: a stream may be what a program
/// logs just now.
const PIECE_BYTES: usize = 1 << 20;
const PIECE_WITHIN: Duration = Duration::from_millis(20);
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
        ChangeErrors,
        BodyErrors
    )
)]
pub async fn append_many(request: RequestContext, body: Body) -> Result<Response, ServerError> {
    let kind = request.content_type().unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_stream = matches!(kind.as_str(), "application/x-ndjson" | "application/ndjson" | "application/jsonl");
    if is_stream && !request.has_idempotency_key() {
        return stream(&request.app, body).await;
    }
    let body = read_to_end(body, MAX_POINTS_BODY_BYTES).await?;
    let sent = parse_body(&body, move |body| parse_many_points(body, Some(&kind))).await?;
    let idempotent = request.idempotent("", &body, &ResponseShape::Points)?;
    Ok(json_response(request.app.boards.append(sent, idempotent).await?))
}

/// Accepts lines while they come. An error says which lines before it are kept.
async fn stream(app: &App, body: Body) -> Result<Response, ServerError> {
    let (mut body, mut waiting, mut permit) = (body.into_data_stream(), Vec::<u8>::new(), None);
    let (mut lines, mut points, mut bytes) = (0, 0, 0);
    // When what waits is accepted: none while there is no whole line.
    let mut due: Option<Instant> = None;
    loop {
        let next = match due {
            Some(due) => timeout_at(due, body.next()).await.ok(),
            None => Some(next_chunk(&mut body).await.map_err(|silent| cut(lines, points, silent))?),
        };
        let is_end = matches!(next, Some(None));
        match next.flatten() {
            Some(Ok(part)) => {
                bytes += part.len();
                if due.is_none() && part.contains(&b'\n') {
                    due = Some(Instant::now() + PIECE_WITHIN);
                }
                waiting.extend_from_slice(&part);
            }
            Some(Err(why)) => return Err(cut(lines, points, broken(why)).into()),
            None => {}
        }
        if bytes > MAX_POINTS_BODY_BYTES {
            let most = format!("A stream may have {} MiB.", MAX_POINTS_BODY_BYTES >> 20);
            return Err(cut(lines, points, ErrorKind::PayloadTooLarge.with(most)).into());
        }
        permit = match permit {
            _ if waiting.len() < MAX_UNCOUNTED_BODY_BYTES => None,
            None => memory_budget::reserve(PIECE_BYTES).await.map_err(|full| cut(lines, points, full))?,
            held => held,
        };
        let is_due = due.is_some_and(|due| Instant::now() >= due);
        if !is_end && !is_due && waiting.len() < PIECE_BYTES {
            continue;
        }
        due = None;
        let end = if is_end { waiting.len() } else { waiting.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1) };
        if end == 0 && waiting.len() > PIECE_BYTES {
            let long = format!("Line {} is longer than {} MiB.", lines + 1, PIECE_BYTES >> 20);
            return Err(cut(lines, points, ErrorKind::PayloadTooLarge.with(long)).into());
        }
        let piece: Vec<u8> = waiting.drain(..end).collect();
        let sent = parse_lines(&piece, lines + 1).map_err(|error| cut(lines, points, error))?;
        let new: usize = sent.iter().flat_map(|sent| &sent.series).map(|series: &SeriesPoints| series.y.len()).sum();
        if new > 0 {
            app.boards.append(sent, None).await.inspect_err(ServerError::log).map_err(|why| cut(lines, points, why.to_api_error()))?;
        }
        points += new;
        lines += piece.iter().filter(|byte| **byte == b'\n').count();
        if is_end {
            return Ok(created(format!("{{\"appended\":{points}}}")));
        }
    }
}

/// An error of a stream with what was accepted before it.
fn cut(lines: usize, points: usize, error: ApiError) -> ApiError {
    let kept = match lines {
        _ if error.code == StatusCode::INTERNAL_SERVER_ERROR.as_u16() => {
            let after = if lines == 0 {
                "Some lines".to_owned()
            } else {
                format!("Lines 1 to {lines} ({points} points) are kept, and some after them")
            };
            format!("{after} may be on disk: ask for the totals (GET /values/:id) before sending again.")
        }
        0 => "Nothing was appended; send all of it again.".to_owned(),
        _ => format!("Lines 1 to {lines} ({points} points) are kept; send the rest again."),
    };
    ApiError { message: format!("{} {kept}", error.message), ..error }
}

fn created(json: String) -> Response {
    (StatusCode::CREATED, [(header::CONTENT_TYPE, "application/json"), NO_STORE], json).into_response()
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
        (None, []) => return Err(ErrorKind::NotFound.with(format!("The cell '{id}' has no points yet.")).into()),
        (None, several) => {
            let more =
                if several.len() > MAX_NAMED_SERIES { format!(" and {} more", several.len() - MAX_NAMED_SERIES) } else { String::new() };
            let names = several[..several.len().min(MAX_NAMED_SERIES)].join(", ");
            let message = format!("Name one of the series with ?series=: {names}{more}.");
            return Err(ErrorKind::BadRequest.with(message).at("series", "must be named").into());
        }
    };
    let bytes = POINT_BYTES * query.limit as usize;
    let share = app.answers.share(request.who(), bytes).await?;
    let made = app.renderer.run(request.who(), bytes, {
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
            let page = Page { series: &name, generation: &generation, from: query.from, points: &page.points, total: page.total };
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
pub async fn csv(app: &App, who: &Who, id: &CellId) -> Result<Body, ServerError> {
    let wanted: Vec<_> = {
        let index = app.boards.index();
        index.series(id).iter().map(|series| (series.id.name.clone(), series.key, series.count())).collect()
    };
    let bytes = POINT_BYTES * MAX_POINTS_PER_PAGE as usize;
    let share = Arc::new(app.answers.share(who, if wanted.is_empty() { 0 } else { bytes }).await?);
    let (app, who, id) = (app.clone(), who.clone(), id.clone());
    let pages = futures::stream::try_unfold((0, 0), move |(place, from): (usize, u64)| {
        let (renderer, boards, id, series) = (app.renderer.clone(), app.boards.clone(), id.clone(), wanted.get(place).cloned());
        let (who, share) = (who.clone(), share.clone());
        async move {
            let Some((name, key, least)) = series else { return Ok(None) };
            let make = async move {
                let page = boards.points(&id, &SeriesId::plain(name.clone()), from, MAX_POINTS_PER_PAGE as usize).await?;
                let Some(page) = page.filter(|page| page.key == key && page.total >= least) else {
                    let message = format!("The series '{name}' was replaced or removed while it was read; read it again.");
                    return Err(ErrorKind::Conflict.with(message).into());
                };
                let page = Page { series: &name, generation: "", from, points: &page.points, total: page.total };
                Ok((page.rows(), page.next().map_or((place + 1, 0), |next| (place, next))))
            };
            let (rows, next) = renderer.go_on(&who, bytes, make).await.inspect_err(ServerError::log)?;
            Ok::<_, ServerError>(Some((share.lend(rows.into()), next)))
        }
    });
    Ok(Body::from_stream(futures::stream::iter([Ok(Bytes::from_static(HEAD.as_bytes()))]).chain(pages)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_that_ends_early_says_what_is_kept() {
        let reason = |lines, kind: ErrorKind| cut(lines, 2 * lines, kind.with("It failed.")).message;
        assert!(reason(0, ErrorKind::Unavailable).ends_with("Nothing was appended; send all of it again."));
        assert!(reason(3, ErrorKind::InsufficientStorage).ends_with("Lines 1 to 3 (6 points) are kept; send the rest again."));
        for lines in [0, 3] {
            let message = reason(lines, ErrorKind::GeneralError);
            assert!(message.ends_with("ask for the totals (GET /values/:id) before sending again."), "{message}");
        }
    }
}
