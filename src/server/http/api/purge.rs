//! `POST /purge`: removed cells are kept for undo; this deletes them for good.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::NO_STORE;
use crate::server::App;
use crate::server::error::ServerError;
use crate::server::http::openapi::responses::{InsufficientStorage, Unavailable};

#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Purged {
    purged: usize,
}

#[utoipa::path(
    post,
    path = "/purge",
    operation_id = "purge",
    summary = "Delete removed cells for good",
    description = "Removed cells are kept for undo within bounds. This deletes all of them, with their values and points. Their space is given back to the file system afterwards, step by step.",
    responses(
        (status = 200, description = "How many there were.", body = Purged),
        (status = 503, response = Unavailable),
        (status = 507, response = InsufficientStorage)
    )
)]
pub async fn purge(State(app): State<App>) -> Result<Response, ServerError> {
    let purged = app.boards.purge().await?;
    Ok(([NO_STORE], axum::Json(Purged { purged })).into_response())
}
