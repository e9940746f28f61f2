//! The page's server functions: how they are called, reach the boards and return errors.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use leptos::prelude::{provide_context, use_context};
use leptos_axum::ResponseOptions;

use super::body::read::read_to_end;
use crate::protocol::{ApiError, ErrorKind};
use crate::server::App;
use crate::server::boards::Boards;
use crate::server::error::ServerError;
use crate::server::limits::MAX_PAGE_CALL_BODY_BYTES;

/// `POST /rpc/{*path}`.
pub async fn call(State(app): State<App>, request: Request) -> Result<Response, ServerError> {
    let (parts, body) = request.into_parts();
    let body = read_to_end(body, MAX_PAGE_CALL_BODY_BYTES).await?;
    let request = Request::from_parts(parts, body.into());
    let boards = app.boards.clone();
    let reply = leptos_axum::handle_server_fns_with_context(move || provide_context(boards.clone()), request).await;
    let (mut parts, body) = reply.into_response().into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    // The framework answers 500 to a call that it cannot make; the error in the body has the right status.
    if parts.status.is_server_error()
        && let Ok(error) = serde_json::from_slice::<ApiError>(&body)
        && let Ok(status) = StatusCode::from_u16(error.code)
    {
        parts.status = status;
    }
    Ok(Response::from_parts(parts, body.into()))
}

/// The boards of the request that a server function answers.
pub fn boards() -> Result<Arc<Boards>, ApiError> {
    use_context::<Arc<Boards>>().ok_or_else(|| ErrorKind::GeneralError.with("This function was called outside of a request."))
}

/// Converts the error for the page, logs it and sets the HTTP status.
pub fn respond<T>(result: Result<T, ServerError>) -> Result<T, ApiError> {
    result.map_err(|problem| {
        problem.log();
        let error = problem.to_api_error();
        if let (Some(options), Ok(status)) = (use_context::<ResponseOptions>(), StatusCode::from_u16(error.code)) {
            options.set_status(status);
        }
        error
    })
}
