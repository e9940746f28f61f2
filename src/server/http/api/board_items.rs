//! What the routes of marks and views have in common: they are lists of items in the document of a board.

use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;

use super::request::RequestContext;
use super::run_reads::{no_query, respond};
use super::{json_response, parse_body};
use crate::server::boards::ResponseShape;
use crate::server::boards::board_list::BoardList;
use crate::server::error::ServerError;
use crate::server::http::body::read::read_to_end;
use crate::server::limits::MAX_RUN_BODY_BYTES;

pub async fn list_items(request: RequestContext, board: Arc<str>, list: &'static BoardList) -> Result<Response, ServerError> {
    no_query(&request.query)?;
    respond(&request, request.app.boards.list_items(&board, list)?).await
}

pub async fn create_item(request: RequestContext, board: Arc<str>, list: &'static BoardList, body: Body) -> Result<Response, ServerError> {
    no_query(&request.query)?;
    let body = read_to_end(body, MAX_RUN_BODY_BYTES).await?;
    let draft = parse_body(&body, |body| list.parse(body)).await?;
    let idempotent = request.idempotent_change(&format!("/boards/{board}/{}", list.key), &body, &ResponseShape::Created)?;
    Ok(json_response(request.app.boards.add_item(board, list, draft, idempotent).await?))
}

pub async fn remove_item(
    request: RequestContext,
    board: Arc<str>,
    list: &'static BoardList,
    item: String,
) -> Result<Response, ServerError> {
    no_query(&request.query)?;
    let idempotent = request.idempotent_change(&format!("/boards/{board}/{}/{item}", list.key), &[], &ResponseShape::Run)?;
    Ok(json_response(request.app.boards.remove_item(board, list, item, idempotent).await?))
}
