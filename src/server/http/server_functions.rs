//! How a server function reaches the boards, and how its errors reach the page.

use std::sync::Arc;

use axum::http::StatusCode;
use leptos::prelude::use_context;
use leptos_axum::ResponseOptions;

use crate::protocol::{ApiError, ErrorKind};
use crate::server::boards::Boards;
use crate::server::error::ServerError;

/// The boards of the request that a server function answers.
pub fn boards() -> Result<Arc<Boards>, ApiError> {
    use_context::<Arc<Boards>>().ok_or_else(|| ErrorKind::GeneralError.with("This function was called outside of a request."))
}

/// Turns a problem into what the page is told, with the right HTTP status.
pub fn told<T>(result: Result<T, ServerError>) -> Result<T, ApiError> {
    result.map_err(|problem| {
        problem.log();
        let error = problem.to_api_error();
        if let (Some(options), Ok(status)) = (use_context::<ResponseOptions>(), StatusCode::from_u16(error.code)) {
            options.set_status(status);
        }
        error
    })
}
