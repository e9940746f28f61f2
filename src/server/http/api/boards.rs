//! `GET /boards`: which boards there are.

use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::{NO_STORE, invalid_parameter};
use crate::server::App;
use crate::server::error::ServerError;
use crate::server::http::openapi::responses::BadRequest;

#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct BoardSummary {
    name: String,
    /// How many it holds.
    #[schema(minimum = 1)]
    cells: usize,
}

#[utoipa::path(
    get,
    path = "/boards",
    operation_id = "boards",
    summary = "The boards that hold cells",
    responses(
        (status = 200, description = "By name.", body = Vec<BoardSummary>),
        (status = 400, response = BadRequest)
    )
)]
pub async fn list(State(app): State<App>, RawQuery(query): RawQuery) -> Result<Response, ServerError> {
    if let Some((key, value)) = form_urlencoded::parse(query.as_deref().unwrap_or_default().as_bytes()).next() {
        return Err(invalid_parameter(&key, "is no key of this query, which has none", &value).into());
    }
    let boards = app.boards.list().into_iter().map(|(name, cells)| BoardSummary { name, cells });
    Ok(([NO_STORE], axum::Json(boards.collect::<Vec<_>>())).into_response())
}
