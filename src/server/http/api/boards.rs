//! `/boards`: which boards there are, and their documents.

use std::collections::HashMap;

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::request::{BoardInPath, RequestContext};
use super::run_reads::no_query;
use super::{NO_STORE, invalid_parameter, json_response, parse_body};
use crate::protocol::ApiError;
use crate::server::App;
use crate::server::boards::board_trash::RemovedBoard;
use crate::server::boards::{ResponseShape, parse_board};
use crate::server::error::ServerError;
use crate::server::http::body::read::read_to_end;
use crate::server::http::openapi::parameters::{BoardPath, IdempotencyHeaders};
use crate::server::http::openapi::responses::{BadRequest, BodyErrors, ChangeErrors, NotFound, PayloadTooLarge, QueryErrors};
use crate::server::http::openapi::schemas::{Board, BoardDraft, BoardOrRepeated};
use crate::server::http::openapi::shape::{shape, words};
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
    /// About how many it has on disk, with `size=1`.
    #[schema(required = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    /// With `trash=1`: when it was deleted.
    #[schema(rename = "deletedAt", required = false, format = DateTime)]
    #[serde(rename = "deletedAt", skip_serializing_if = "Option::is_none")]
    deleted_at: Option<String>,
    /// With `trash=1`, if it had one.
    #[schema(required = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
}

impl From<RemovedBoard> for BoardSummary {
    fn from(board: RemovedBoard) -> Self {
        let RemovedBoard { name, title, removed_at, cells, runs } = board;
        let runs = Some(runs).filter(|runs| *runs > 0);
        Self { name, cells, runs, bytes: None, deleted_at: Some(removed_at), title }
    }
}

/// `?name=digits`, `?size=1`, `?trash=1`.
#[derive(Default, IntoParams)]
#[into_params(parameter_in = Query)]
struct BoardsQuery {
    /// Only the board of this name, and also if it has nothing but a document; without effect on the trash.
    #[param(required = false, value_type = String)]
    name: Option<String>,
    /// `1`: with about how many bytes each has on disk.
    #[param(required = false, value_type = Flag, inline)]
    size: bool,
    /// `1`: the deleted boards that can be restored instead; the last 1,000, for 30 days.
    #[param(required = false, value_type = Flag, inline)]
    trash: bool,
}

shape! {
    /// Yes or no.
    Flag: words(["0", "1"]);
}

impl BoardsQuery {
    fn parse(query: &str) -> Result<Self, ApiError> {
        let mut parsed = Self::default();
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            let flag = match &*key {
                "name" => {
                    parsed.name = Some(value.into_owned());
                    continue;
                }
                "size" => &mut parsed.size,
                "trash" => &mut parsed.trash,
                key => return Err(invalid_parameter(key, "is no key of this query; known are name, size and trash", &value)),
            };
            *flag = match &*value {
                "1" => true,
                "0" => false,
                _ => return Err(invalid_parameter(&key, "must be 0 or 1", &value)),
            };
        }
        Ok(parsed)
    }
}

#[utoipa::path(
    get,
    path = "/boards",
    operation_id = "boards",
    summary = "The boards that hold cells or runs, or those in the trash",
    params(BoardsQuery),
    responses(
        (status = 200, description = "By name.", body = Vec<BoardSummary>),
        (status = 400, response = BadRequest)
    )
)]
pub async fn list(State(app): State<App>, RawQuery(query): RawQuery) -> Result<Response, ServerError> {
    let query = BoardsQuery::parse(query.as_deref().unwrap_or_default())?;
    if query.trash {
        let boards = app.boards.removed_boards().into_iter().map(BoardSummary::from);
        return Ok(([NO_STORE], axum::Json(boards.collect::<Vec<_>>())).into_response());
    }
    let sizes = if query.size { app.boards.board_sizes() } else { HashMap::new() };
    let boards = match query.name {
        Some(name) => app.boards.board_counts(&name).map(|counts| (name, counts)).into_iter().collect(),
        None => app.boards.list(),
    };
    let boards = boards.into_iter().map(|(name, (cells, runs))| {
        let bytes = sizes.get(&name).copied();
        BoardSummary { name, cells, runs: Some(runs).filter(|runs| *runs > 0), bytes, deleted_at: None, title: None }
    });
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
    summary = "Put a board into the trash, with its cells, its runs and its document",
    description = "It can be restored for 30 days, until the trash is emptied. Boards that were deleted under its name before come back with it.",
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

#[utoipa::path(
    post,
    path = "/boards/{board}/restore",
    operation_id = "restoreBoard",
    summary = "Bring a board back from the trash",
    description = "A request that is repeated goes on where it was. What has begun under the name since stays: a cell with the id of a deleted one takes the curves and values of its runs.",
    params(BoardPath, IdempotencyHeaders),
    responses(
        (status = 200, description = "How many cells and runs came back; `missing`: how many cells did not, `leftOut`: keys of the document for which it has no room.", body = BoardOrRepeated),
        (status = 404, response = NotFound),
        (status = 413, response = PayloadTooLarge),
        ChangeErrors
    )
)]
pub async fn restore(request: RequestContext, BoardInPath(board): BoardInPath) -> Result<Response, ServerError> {
    no_query(&request.query)?;
    let idempotent = request.idempotent_change(&format!("/boards/{board}/restore"), &[], &ResponseShape::Run)?;
    Ok(json_response(request.app.boards.restore_board(board, idempotent).await?))
}
