//! `/boards/:board/empty-charts`: which charts have no points of some runs.

use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::request::{BoardInPath, RequestContext};
use super::{NO_STORE, invalid_parameter};
use crate::protocol::{ApiError, CellId, RunId};
use crate::server::boards::runs::parse_run_ids;
use crate::server::error::ServerError;
use crate::server::http::openapi::parameters::BoardPath;
use crate::server::http::openapi::responses::QueryErrors;

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
struct EmptyChartsQuery {
    /// Ids of runs, separated by commas.
    #[param(value_type = String, min_length = 1)]
    runs: Vec<RunId>,
}

impl EmptyChartsQuery {
    fn parse(query: &str) -> Result<Self, ApiError> {
        let mut runs = None;
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*key {
                "runs" => runs = Some(value),
                key => return Err(invalid_parameter(key, "is no key of this query; known is runs", &value)),
            }
        }
        Ok(Self { runs: parse_run_ids(&runs.unwrap_or_default())? })
    }
}

#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct EmptyCharts {
    /// Ids of cells.
    #[schema(value_type = Vec<String>)]
    cells: Vec<CellId>,
}

#[utoipa::path(
    get,
    path = "/boards/{board}/empty-charts",
    operation_id = "emptyCharts",
    summary = "The charts of a board that have points of runs, but of none of these",
    params(BoardPath, EmptyChartsQuery),
    responses(
        (status = 200, description = "Their ids.", body = EmptyCharts),
        QueryErrors
    )
)]
pub async fn read(request: RequestContext, BoardInPath(board): BoardInPath) -> Result<Response, ServerError> {
    let query = EmptyChartsQuery::parse(&request.query)?;
    let cells = request.app.boards.empty_charts(&board, query.runs).await?;
    Ok(([NO_STORE], axum::Json(EmptyCharts { cells })).into_response())
}
