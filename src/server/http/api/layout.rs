//! `/boards/:board/layout`: sections, sizes and blocks of the cells of a board.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::request::{BoardInPath, RequestContext};
use super::run_reads::no_query;
use super::{json_response, parse_body};
use crate::server::boards::ResponseShape;
use crate::server::boards::layout::{layout_tag, parse_layout};
use crate::server::error::ServerError;
use crate::server::http::body::read::read_to_end;
use crate::server::http::conditional;
use crate::server::http::openapi::parameters::{BoardPath, IdempotencyHeaders};
use crate::server::http::openapi::responses::{BodyErrors, ChangeErrors, NotFound, PreconditionFailed, QueryErrors};
use crate::server::http::openapi::schemas::{BoardLayout, LayoutOrRepeated, LayoutPatch};
use crate::server::limits::MAX_RUN_BODY_BYTES;
use crate::server::net::response_budget::counted;

#[utoipa::path(
    get,
    path = "/boards/{board}/layout",
    operation_id = "getLayout",
    summary = "Get the arrangement of a board",
    params(BoardPath),
    responses(
        (status = 200, description = "Its sections, blocks and the layout of each cell, in the order of the board.", body = BoardLayout),
        (status = 304, description = "It is the one that If-None-Match names."),
        (status = 404, response = NotFound),
        QueryErrors
    )
)]
pub async fn read(request: RequestContext, BoardInPath(board): BoardInPath) -> Result<Response, ServerError> {
    no_query(&request.query)?;
    let text = request.app.boards.layout(&board)?;
    let tag = layout_tag(&text);
    let mut response = if conditional::is_known(&request.headers, &tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let share = Arc::new(request.app.answers.share(request.principal(), text.len()).await?);
        counted(([(header::CONTENT_TYPE, "application/json")], share.lend(text.into())))
    };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response.headers_mut().extend(HeaderValue::from_str(&tag).ok().map(|tag| (header::ETAG, tag)));
    Ok(response)
}

#[utoipa::path(
    put,
    path = "/boards/{board}/layout",
    operation_id = "putLayout",
    summary = "Change what the body names of the arrangement of a board",
    description = "In one commit. Cells and keys that the body does not name stay as they are; `null` removes a key. With `If-Match` only the layout with that tag is changed.",
    params(BoardPath, IdempotencyHeaders, ("If-Match" = Option<String>, Header, description = "The ETag of the layout to change.")),
    request_body(content = LayoutPatch, description = "Parsed as JSON whatever the Content-Type; at most 1 MiB."),
    responses(
        (status = 200, description = "The whole layout.", body = LayoutOrRepeated),
        (status = 404, response = NotFound),
        (status = 412, response = PreconditionFailed),
        ChangeErrors,
        BodyErrors
    )
)]
pub async fn put(request: RequestContext, BoardInPath(board): BoardInPath, body: Body) -> Result<Response, ServerError> {
    no_query(&request.query)?;
    let body = read_to_end(body, MAX_RUN_BODY_BYTES).await?;
    let patch = parse_body(&body, parse_layout).await?;
    let idempotent = request.idempotent_change(&format!("/boards/{board}/layout"), &body, &ResponseShape::Run)?;
    let headers = request.headers.clone();
    let condition = headers.contains_key(header::IF_MATCH);
    let condition = condition.then_some(move |tag: &str| conditional::is_match(&headers, tag));
    let response = request.app.boards.put_layout(board, patch, condition, idempotent).await?;
    let tag = (!response.is_repeated).then(|| layout_tag(&response.text)).and_then(|tag| HeaderValue::from_str(&tag).ok());
    let mut response = json_response(response);
    response.headers_mut().extend(tag.map(|tag| (header::ETAG, tag)));
    Ok(response)
}
