//! What is read of the runs of a board besides their documents: history, keys, differences.

use std::sync::Arc;

use axum::http::{HeaderName, header};
use axum::response::Response;
use utoipa::IntoParams;

use super::request::{BoardInPath, RequestContext, RunInPath};
use super::{NO_STORE, invalid_parameter};
use crate::protocol::{ApiError, ErrorKind};
use crate::server::boards::groups::RunDiffQuery;
use crate::server::boards::runs::RunKeysQuery;
use crate::server::error::ServerError;
use crate::server::http::openapi::parameters::{BoardPath, KeysQuery, RunDiffColumns, RunPath};
use crate::server::http::openapi::responses::{NotFound, QueryErrors};
use crate::server::http::openapi::schemas::{ConsoleText, RunDiff, RunHistory, RunKeys, RunValue};
use crate::server::limits::MAX_POINTS_PER_PAGE;
use crate::server::net::response_budget::counted;

/// Memory of a value before its size is known.
const VALUE_BYTES: usize = 1 << 20;
/// Memory of a point while it is written.
const POINT_BYTES: usize = 160;
const JSON: [(HeaderName, &str); 2] = [(header::CONTENT_TYPE, "application/json"), NO_STORE];

/// `?metric=loss&from=0&limit=1000`.
#[derive(Clone, Debug, IntoParams)]
#[into_params(parameter_in = Query)]
struct HistoryQuery {
    /// The name under which the points were logged.
    #[param(min_length = 1)]
    metric: String,
    /// The index of the first point.
    #[param(required = false, default = 0)]
    from: u64,
    /// At most so many points; more than 10,000 are cut to that.
    #[param(required = false, default = 10000)]
    limit: u64,
}

impl HistoryQuery {
    fn parse(text: &str) -> Result<Self, ApiError> {
        let (mut metric, mut query) = (None, Self { metric: String::new(), from: 0, limit: MAX_POINTS_PER_PAGE });
        for (key, value) in form_urlencoded::parse(text.as_bytes()) {
            let number = || value.parse().map_err(|_| invalid_parameter(&key, "must be a whole number, 0 or more", &value));
            match &*key {
                "metric" => metric = Some(value.into_owned()).filter(|metric| !metric.is_empty()),
                "from" => query.from = number()?,
                "limit" => query.limit = number()?.min(MAX_POINTS_PER_PAGE),
                key => return Err(invalid_parameter(key, "is no key of this query; known are metric, from and limit", &value)),
            }
        }
        let rule = "must name a metric of the run: ?metric=loss";
        query.metric = metric.ok_or_else(|| ErrorKind::BadRequest.with(format!("'metric' {rule}.")).at("metric", rule))?;
        Ok(query)
    }
}

#[utoipa::path(
    get,
    path = "/boards/{board}/runs/{run}/history",
    operation_id = "runHistory",
    summary = "Read the points of a metric of a run",
    params(RunPath, HistoryQuery),
    responses(
        (status = 200, description = "A page of points, in the order of arrival.", body = RunHistory),
        (status = 404, response = NotFound),
        QueryErrors
    )
)]
pub async fn history(request: RequestContext, RunInPath { board, run }: RunInPath) -> Result<Response, ServerError> {
    let HistoryQuery { metric, from, limit } = HistoryQuery::parse(&request.query)?;
    let (app, bytes) = (&request.app, POINT_BYTES * limit as usize);
    let share = app.answers.share(request.principal(), bytes).await?;
    let boards = app.boards.clone();
    let read = async move { Ok(boards.run_history(&board, &run, &metric, from, limit as usize).await?.to_json().to_string()) };
    let text: String = app.renderer.run(request.principal(), bytes, read).await?;
    let share = Arc::new(share.fit(text.len())?);
    Ok(counted((JSON, share.lend(text.into()))))
}

#[utoipa::path(
    get,
    path = "/boards/{board}/run-keys",
    operation_id = "runKeys",
    summary = "The keys of the configurations and the metrics of the runs of a board",
    description = "With `prefix` the names that begin with it, or of which a part does: a page completes what is typed by them.",
    params(BoardPath, KeysQuery),
    responses(
        (status = 200, description = "Each key with its type, its number of runs, and the values.", body = RunKeys),
        QueryErrors
    )
)]
pub async fn keys(request: RequestContext, BoardInPath(board): BoardInPath) -> Result<Response, ServerError> {
    let query = RunKeysQuery::parse(&request.query)?;
    let keys = request.app.boards.run_keys(&board, &query, request.caller.is_public()).await?;
    respond(&request, serde_json::to_string(&keys).unwrap_or_default()).await
}

#[utoipa::path(
    get,
    path = "/boards/{board}/run-diff",
    operation_id = "runDiff",
    summary = "What differs between runs, or between groups of them",
    params(BoardPath, RunDiffColumns),
    responses(
        (status = 200, description = "Keys of the documents: those whose values differ, with the value of each run or group that has one, and those that all runs have alike.", body = RunDiff),
        (status = 404, response = NotFound),
        QueryErrors
    )
)]
pub async fn diff(request: RequestContext, BoardInPath(board): BoardInPath) -> Result<Response, ServerError> {
    let query = RunDiffQuery::parse(&request.query)?;
    let diff = request.app.boards.run_diff(&board, query, request.caller.is_public()).await?;
    respond(&request, serde_json::to_string(&diff).unwrap_or_default()).await
}

#[utoipa::path(
    get,
    path = "/boards/{board}/runs/{run}/console",
    operation_id = "readConsole",
    summary = "Read the console output of a run",
    params(RunPath),
    responses(
        (status = 200, description = "The newest 64 KiB; empty without output.", body = ConsoleText, content_type = "text/plain"),
        (status = 404, response = NotFound),
        QueryErrors
    )
)]
pub async fn console(request: RequestContext, RunInPath { board, run }: RunInPath) -> Result<Response, ServerError> {
    no_query(&request.query)?;
    let text = request.app.boards.console(&board, &run).await?;
    let share = Arc::new(request.app.answers.share(request.principal(), text.len()).await?);
    Ok(counted(([(header::CONTENT_TYPE, "text/plain; charset=utf-8"), NO_STORE], share.lend(text.into()))))
}

#[utoipa::path(
    get,
    path = "/boards/{board}/runs/{run}/value",
    operation_id = "runValue",
    summary = "Read the last value of a run that is no number",
    params(RunPath, ("name" = String, Query, description = "The name under which it was logged.")),
    responses(
        (status = 200, description = "The value with its cell and its type.", body = RunValue),
        (status = 404, response = NotFound),
        QueryErrors
    )
)]
pub async fn value(request: RequestContext, RunInPath { board, run }: RunInPath) -> Result<Response, ServerError> {
    let mut name = None;
    for (key, value) in form_urlencoded::parse(request.query.as_bytes()) {
        match &*key {
            "name" => name = Some(value.into_owned()).filter(|name| !name.is_empty()),
            key => return Err(invalid_parameter(key, "is no key of this query; known is name", &value).into()),
        }
    }
    let rule = "must name a value of the run: ?name=sample";
    let name = name.ok_or_else(|| ErrorKind::BadRequest.with(format!("'name' {rule}.")).at("name", rule))?;
    let share = request.app.answers.share(request.principal(), VALUE_BYTES).await?;
    let text = request.app.boards.run_value(&board, &run, &name).await?;
    let share = Arc::new(share.fit(text.len())?);
    Ok(counted((JSON, share.lend(text.into()))))
}

/// 200 with JSON.
pub(super) async fn respond(request: &RequestContext, text: String) -> Result<Response, ServerError> {
    let share = Arc::new(request.app.answers.share(request.principal(), text.len()).await?);
    Ok(counted((JSON, share.lend(text.into()))))
}

pub fn no_query(query: &str) -> Result<(), ApiError> {
    match form_urlencoded::parse(query.as_bytes()).next() {
        Some((key, value)) => Err(invalid_parameter(&key, "is no key of this query, which has none", &value)),
        None => Ok(()),
    }
}
