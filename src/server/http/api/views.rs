//! `/boards/:board/views`: views of a board, for everyone.

use axum::body::Body;
use axum::response::Response;

use super::board_items::{create_item, list_items, remove_item};
use super::request::{BoardInPath, ItemInPath, RequestContext};
use super::run_reads::{no_query, respond};
use super::{json_response, parse_body};
use crate::server::boards::ResponseShape;
use crate::server::boards::views::VIEWS;
use crate::server::error::ServerError;
use crate::server::http::body::read::read_to_end;
use crate::server::http::openapi::parameters::{BoardPath, IdempotencyHeaders};
use crate::server::http::openapi::responses::{BodyErrors, ChangeErrors, Conflict, NotFound, QueryErrors};
use crate::server::http::openapi::schemas::{View, ViewDraft, ViewOrRepeated};
use crate::server::limits::MAX_RUN_BODY_BYTES;

#[utoipa::path(
    get,
    path = "/boards/{board}/views",
    operation_id = "views",
    summary = "The views of a board",
    params(BoardPath),
    responses(
        (status = 200, description = "In the order in which they were added.", body = Vec<View>),
        (status = 404, response = NotFound),
        QueryErrors
    )
)]
pub async fn list(request: RequestContext, BoardInPath(board): BoardInPath) -> Result<Response, ServerError> {
    list_items(request, board, &VIEWS).await
}

#[utoipa::path(
    get,
    path = "/boards/{board}/views/{item}",
    operation_id = "getView",
    summary = "Get a view of a board",
    params(BoardPath, ("item" = String, Path, description = "The `_id` of the view.")),
    responses(
        (status = 200, description = "The view.", body = View),
        (status = 404, response = NotFound),
        QueryErrors
    )
)]
pub async fn read(request: RequestContext, ItemInPath { board, item }: ItemInPath) -> Result<Response, ServerError> {
    no_query(&request.query)?;
    respond(&request, request.app.boards.list_item(&board, &VIEWS, &item)?).await
}

#[utoipa::path(
    post,
    path = "/boards/{board}/views",
    operation_id = "addView",
    summary = "Add a view of a board",
    description = "The board need not be there.",
    params(BoardPath, IdempotencyHeaders),
    request_body(content = ViewDraft, description = "Parsed as JSON whatever the Content-Type; at most 1 MiB."),
    responses(
        (status = 201, description = "The view with its `_id`.", body = ViewOrRepeated),
        (status = 409, response = Conflict),
        ChangeErrors,
        BodyErrors
    )
)]
pub async fn create(request: RequestContext, BoardInPath(board): BoardInPath, body: Body) -> Result<Response, ServerError> {
    create_item(request, board, &VIEWS, body).await
}

#[utoipa::path(
    put,
    path = "/boards/{board}/views/{item}",
    operation_id = "replaceView",
    summary = "Replace a view of a board",
    params(BoardPath, ("item" = String, Path, description = "The `_id` of the view."), IdempotencyHeaders),
    request_body(content = ViewDraft, description = "Parsed as JSON whatever the Content-Type; at most 1 MiB."),
    responses(
        (status = 200, description = "The view.", body = ViewOrRepeated),
        (status = 404, response = NotFound),
        ChangeErrors,
        BodyErrors
    )
)]
pub async fn update(request: RequestContext, ItemInPath { board, item }: ItemInPath, body: Body) -> Result<Response, ServerError> {
    no_query(&request.query)?;
    let body = read_to_end(body, MAX_RUN_BODY_BYTES).await?;
    let draft = parse_body(&body, |body| VIEWS.parse(body)).await?;
    let idempotent = request.idempotent_change(&format!("/boards/{board}/views/{item}"), &body, &ResponseShape::Run)?;
    Ok(json_response(request.app.boards.replace_item(board, &VIEWS, item, draft, idempotent).await?))
}

#[utoipa::path(
    delete,
    path = "/boards/{board}/views/{item}",
    operation_id = "removeView",
    summary = "Remove a view of a board",
    params(BoardPath, ("item" = String, Path, description = "The `_id` of the view."), IdempotencyHeaders),
    responses(
        (status = 200, description = "The view as it was.", body = ViewOrRepeated),
        (status = 404, response = NotFound),
        ChangeErrors
    )
)]
pub async fn remove(request: RequestContext, ItemInPath { board, item }: ItemInPath) -> Result<Response, ServerError> {
    remove_item(request, board, &VIEWS, item).await
}
