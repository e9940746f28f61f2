//! What a running run sends: `POST /boards/{board}/runs/{run}/log` and `…/heartbeat`.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::line_stream::stream_lines;
use super::request::{RequestContext, RunInPath};
use super::run_reads::no_query;
use super::{NO_STORE, json_response, parse_body};
use crate::protocol::ApiError;
use crate::server::boards::ResponseShape;
use crate::server::boards::runs::log::request::{is_lines, parse_log, parse_log_lines};
use crate::server::boards::runs::{Heartbeat, check_writer};
use crate::server::error::ServerError;
use crate::server::http::body::read::read_to_end;
use crate::server::http::openapi::parameters::{IdempotencyHeaders, RunPath, WriterHeader};
use crate::server::http::openapi::responses::{BodyErrors, ChangeErrors, Conflict, Gone, InsufficientStorage, NotFound, Unavailable};
use crate::server::http::openapi::schemas::{Beat, ConsoleAppended, ConsoleText, Error, LogBody, LogLines, Logged};
use crate::server::limits::{MAX_CONSOLE_BODY_BYTES, MAX_HEARTBEAT_BYTES, MAX_POINTS_BODY_BYTES};

/// Names the process that sends.
const WRITER: HeaderName = HeaderName::from_static("agnez-writer");
/// The warning of the run's document.
const WARNING: HeaderName = HeaderName::from_static("agnez-warning");

#[utoipa::path(
    post,
    path = "/boards/{board}/runs/{run}/log",
    operation_id = "log",
    summary = "Log points and values of a run",
    description = "Creates the run and its charts where they are missing. `step` and `time` are those of all numbers of an object; nested objects are joined by `/`; an object with `type` and `value` is a value of that type. A list is one change, all or nothing; lines are stored while they arrive.",
    params(RunPath, WriterHeader, IdempotencyHeaders),
    request_body(
        description = "Parsed as JSON unless the Content-Type is the other one; at most 64 MiB, 1000 names and 1,048,576 points; the last two for each piece of a stream of lines.",
        content((LogBody = "application/json"), (LogLines = "application/x-ndjson"))
    ),
    responses(
        (status = 201, description = "They are on disk.", body = Logged),
        (status = 409, response = Conflict),
        (status = 410, response = Gone),
        ChangeErrors,
        BodyErrors
    )
)]
pub async fn log(request: RequestContext, RunInPath { board, run }: RunInPath, body: Body) -> Result<Response, ServerError> {
    no_query(&request.query)?;
    let kind = request.content_type().map(str::to_owned);
    let writer = writer(&request)?;
    if is_lines(kind.as_deref()) && !request.has_idempotency_key() {
        let boards = request.app.boards.clone();
        let totals = format!("/boards/{board}/runs/{run}");
        let points = stream_lines(body, &totals, |piece, first_line| {
            let (boards, board, run, writer) = (boards.clone(), board.clone(), run.clone(), writer.clone());
            async move {
                let logged = parse_log_lines(&piece, first_line)?;
                let points = logged.points;
                if !logged.is_empty() {
                    boards.log(board, run, logged, writer.as_deref(), None).await?;
                }
                Ok(points)
            }
        });
        let report = serde_json::json!({ "run": run, "points": points.await? }).to_string();
        return Ok((StatusCode::CREATED, [(header::CONTENT_TYPE, "application/json"), NO_STORE], report).into_response());
    }
    let body = read_to_end(body, MAX_POINTS_BODY_BYTES).await?;
    let logged = parse_body(&body, move |body| parse_log(body, kind.as_deref())).await?;
    let idempotent = request.idempotent_change(&format!("/boards/{board}/runs/{run}/log"), &body, &ResponseShape::Log)?;
    Ok(json_response(request.app.boards.log(board, run, logged, writer.as_deref(), idempotent).await?))
}

/// 204, with the header `Agnez-Warning` if the run has a warning.
#[utoipa::path(
    post,
    path = "/boards/{board}/runs/{run}/heartbeat",
    operation_id = "heartbeat",
    summary = "Give a sign of life of a run",
    description = "Changes neither `rev` nor `updatedAt`; only another `interval` changes the document.",
    params(RunPath),
    request_body(content = Option<Beat>, description = "May be empty."),
    responses(
        (status = 204, description = "It was noted.", headers(("Agnez-Warning", description = "The warning of the run, if it has one."))),
        (status = 404, response = NotFound),
        (status = 410, response = Gone),
        (status = 400, description = "Not a heartbeat.", body = Error),
        (status = 503, response = Unavailable),
        (status = 507, response = InsufficientStorage),
        BodyErrors
    )
)]
pub async fn heartbeat(request: RequestContext, RunInPath { board, run }: RunInPath, body: Body) -> Result<Response, ServerError> {
    no_query(&request.query)?;
    let beat = Heartbeat::parse(&read_to_end(body, MAX_HEARTBEAT_BYTES).await?)?;
    let warning = request.app.boards.heartbeat(board.clone(), run.clone(), beat).await?;
    request.app.hub.add_sign(&board, run);
    let mut response = (StatusCode::NO_CONTENT, [NO_STORE]).into_response();
    if let Some(warning) = warning.and_then(|warning| HeaderValue::from_str(&warning).ok()) {
        response.headers_mut().insert(WARNING, warning);
    }
    Ok(response)
}

/// 200 with the number of stored bytes.
#[utoipa::path(
    post,
    path = "/boards/{board}/runs/{run}/console",
    operation_id = "appendConsole",
    summary = "Append to the console output of a run",
    description = "The newest 64 KiB are stored.",
    params(RunPath, IdempotencyHeaders),
    request_body(content = ConsoleText, content_type = "text/plain", description = "UTF-8; at most 1 MiB."),
    responses(
        (status = 200, description = "It is on disk.", body = ConsoleAppended),
        (status = 404, response = NotFound),
        (status = 409, response = Conflict),
        (status = 410, response = Gone),
        ChangeErrors,
        BodyErrors
    )
)]
pub async fn append_console(request: RequestContext, RunInPath { board, run }: RunInPath, body: Body) -> Result<Response, ServerError> {
    no_query(&request.query)?;
    let body = read_to_end(body, MAX_CONSOLE_BODY_BYTES).await?;
    let text = String::from_utf8_lossy(&body).into_owned();
    let idempotent = request.idempotent_change(&format!("/boards/{board}/runs/{run}/console"), &body, &ResponseShape::Run)?;
    Ok(json_response(request.app.boards.append_console(board, run, text, idempotent).await?))
}

fn writer(request: &RequestContext) -> Result<Option<String>, ApiError> {
    let writer = request.headers.get(WRITER).and_then(|writer| writer.to_str().ok()).map(str::to_owned);
    writer.as_deref().map_or(Ok(()), check_writer)?;
    Ok(writer)
}
