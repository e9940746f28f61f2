//! `/boards`: which boards there are, and their documents.

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::request::{BoardInPath, RequestContext};
use super::run_reads::no_query;
use super::{NO_STORE, invalid_parameter, json_response, parse_body};
use crate::server::App;
use crate::server::boards::{ResponseShape, parse_board};
use crate::server::error::ServerError;
use crate::server::http::body::read::read_to_end;
use crate::server::http::openapi::parameters::{BoardPath, IdempotencyHeaders};
use crate::server::http::openapi::responses::{BadRequest, BodyErrors, ChangeErrors, NotFound, QueryErrors};
use crate::server::http::openapi::schemas::{Board, BoardDraft, BoardOrRepeated};
use crate::server::limits::MAX_RUN_BODY_BYTES;

#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct BoardSummary {
    name: String,
    /// How many it holds.
    cells: usize,
    /// How many it has; missing without runs.
    #[schema(required = false, minimum = 1)]
    #[serde(skip_serializing_if = "Option::is_none")]
    runs: Option<usize>,
}

#[utoipa::path(
    get,
    path = "/boards",
    operation_id = "boards",
    summary = "The boards that hold cells or runs",
    responses(
        (status = 200, description = "By name.", body = Vec<BoardSummary>),
        (status = 400, response = BadRequest)
    )
)]
pub async fn list(State(app): State<App>, RawQuery(query): RawQuery) -> Result<Response, ServerError> {
    if let Some((key, value)) = form_urlencoded::parse(query.as_deref().unwrap_or_default().as_bytes()).next() {
        return Err(invalid_parameter(&key, "is no key of this query, which has none", &value).into());
    }
    let boards =
        app.boards.list().into_iter().map(|(name, (cells, runs))| BoardSummary { name, cells, runs: Some(runs).filter(|runs| *runs > 0) });
    Ok(([NO_STORE], axum::Json(boards.collect::<Vec<_>>())).into_response())
}

#[utoipa::path(
    get,
    path = "/boards/{board}",
    operation_id = "getBoard",
    summary = "Get the document of a board",
    params(BoardPath),
    responses(
        (status = 200, description = "The board.", body = Board),
        (status = 404, response = NotFound),
        QueryErrors
    )
)]
pub async fn read(request: RequestContext, BoardInPath(board): BoardInPath) -> Result<Response, ServerError> {
    no_query(&request.query)?;
    Ok(([NO_STORE], axum::Json(request.app.boards.board_document(&board)?)).into_response())
}

#[utoipa::path(
    patch,
    path = "/boards/{board}",
    operation_id = "patchBoard",
    summary = "Merge keys into the document of a board",
    description = "The board need not be there. `null` removes a key.",
    params(BoardPath, IdempotencyHeaders),
    request_body(content = BoardDraft, description = "Parsed as JSON whatever the Content-Type; at most 1 MiB."),
    responses(
        (status = 200, description = "The whole document.", body = BoardOrRepeated),
        ChangeErrors,
        BodyErrors
    )
)]
pub async fn patch(request: RequestContext, BoardInPath(board): BoardInPath, body: Body) -> Result<Response, ServerError> {
    no_query(&request.query)?;
    let body = read_to_end(body, MAX_RUN_BODY_BYTES).await?;
    let draft = parse_body(&body, parse_board).await?;
    let idempotent = request.idempotent_change(&format!("/boards/{board}"), &body, &ResponseShape::Run)?;
    Ok(json_response(request.app.boards.patch_board(board, draft, idempotent).await?))
}

#[utoipa::path(
    delete,
    path = "/boards/{board}",
    operation_id = "removeBoard",
    summary = "Delete the cells, the runs and the document of a board",
    description = "Cells and runs can be restored, as after deleting them one by one.",
    params(BoardPath, IdempotencyHeaders),
    responses(
        (status = 200, description = "How many cells and runs it had.", body = BoardOrRepeated),
        (status = 404, response = NotFound),
        ChangeErrors
    )
)]
pub async fn remove(request: RequestContext, BoardInPath(board): BoardInPath) -> Result<Response, ServerError> {
    no_query(&request.query)?;
    let idempotent = request.idempotent_change(&format!("/boards/{board}"), &[], &ResponseShape::Run)?;
    Ok(json_response(request.app.boards.remove_board(board, idempotent).await?))
}
