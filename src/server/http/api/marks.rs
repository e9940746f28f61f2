//! `/boards/:board/marks`: marks on the charts of a board.

use axum::body::Body;
use axum::response::Response;

use super::board_items::{create_item, list_items, remove_item};
use super::request::{BoardInPath, ItemInPath, RequestContext};
use crate::server::boards::marks::MARKS;
use crate::server::error::ServerError;
use crate::server::http::openapi::parameters::{BoardPath, IdempotencyHeaders};
use crate::server::http::openapi::responses::{BodyErrors, ChangeErrors, Conflict, NotFound, QueryErrors};
use crate::server::http::openapi::schemas::{Mark, MarkDraft, MarkOrRepeated};

#[utoipa::path(
    get,
    path = "/boards/{board}/marks",
    operation_id = "marks",
    summary = "The marks on the charts of a board",
    params(BoardPath),
    responses(
        (status = 200, description = "In the order in which they were added.", body = Vec<Mark>),
        (status = 404, response = NotFound),
        QueryErrors
    )
)]
pub async fn list(request: RequestContext, BoardInPath(board): BoardInPath) -> Result<Response, ServerError> {
    list_items(request, board, &MARKS).await
}

#[utoipa::path(
    post,
    path = "/boards/{board}/marks",
    operation_id = "addMark",
    summary = "Add a mark to the charts of a board",
    description = "At a step, or at a time. The board need not be there.",
    params(BoardPath, IdempotencyHeaders),
    request_body(content = MarkDraft, description = "Parsed as JSON whatever the Content-Type; at most 1 MiB."),
    responses(
        (status = 201, description = "The mark with its `_id`.", body = MarkOrRepeated),
        (status = 409, response = Conflict),
        ChangeErrors,
        BodyErrors
    )
)]
pub async fn create(request: RequestContext, BoardInPath(board): BoardInPath, body: Body) -> Result<Response, ServerError> {
    create_item(request, board, &MARKS, body).await
}

#[utoipa::path(
    delete,
    path = "/boards/{board}/marks/{item}",
    operation_id = "removeMark",
    summary = "Remove a mark",
    params(BoardPath, ("item" = String, Path, description = "The `_id` of the mark."), IdempotencyHeaders),
    responses(
        (status = 200, description = "The mark as it was.", body = MarkOrRepeated),
        (status = 404, response = NotFound),
        ChangeErrors
    )
)]
pub async fn remove(request: RequestContext, ItemInPath { board, item }: ItemInPath) -> Result<Response, ServerError> {
    remove_item(request, board, &MARKS, item).await
}
