//! `/boards/{board}/runs`: the documents of runs.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use futures::stream;
use serde_json::{Map, Value, json};

use super::document_list::{ChangeOfMany, JSON, respond_list};
use super::request::{BoardInPath, RequestContext, RunInPath};
use super::{invalid_parameter, json_response, parse_body, take_upsert};
use crate::protocol::{ApiError, ErrorKind};
use crate::server::boards::ResponseShape;
use crate::server::boards::runs::{RunOutcome, RunQuery, RunTarget, parse_new_run, parse_run};
use crate::server::cells::markdown_fragment;
use crate::server::error::ServerError;
use crate::server::http::body::read::read_to_end;
use crate::server::http::openapi::parameters::{BoardPath, IdempotencyHeaders, PageQuery, RunPath, RunsQuery, SelectQuery};
use crate::server::http::openapi::responses::{
    BodyErrors, ChangeErrors, Conflict, Gone, MethodNotAllowed, NotFound, PayloadTooLarge, QueryErrors,
};
use crate::server::http::openapi::schemas::{FoundRuns, Run, RunDraft, RunOrRepeated};
use crate::server::limits::MAX_RUN_BODY_BYTES;
use crate::server::net::response_budget::counted;

/// Memory of one document while it is written, about.
const DOCUMENT_BYTES: usize = 64 << 10;
/// Of the answer to a deletion: the number that undoes it.
const REMOVAL: HeaderName = HeaderName::from_static("agnez-removal");

#[utoipa::path(
    get,
    path = "/boards/{board}/runs",
    operation_id = "findRuns",
    summary = "Find runs of a board",
    params(BoardPath, RunsQuery, PageQuery, SelectQuery),
    responses(
        (status = 200, description = "The runs, the newest first unless they are sorted; a page of them with `$page=true`. A board without runs has none.", body = FoundRuns),
        QueryErrors
    )
)]
pub async fn find(request: RequestContext, BoardInPath(board): BoardInPath) -> Result<Response, ServerError> {
    let query = RunQuery::parse(&request.query)?;
    let page = request.app.boards.runs(&board, &query, request.caller.is_public()).await?;
    let share = Arc::new(request.app.answers.share(request.principal(), DOCUMENT_BYTES).await?);
    let envelope = query.has_envelope().then(|| {
        let (limit, skip) = query.bounds(page.total);
        let resolved: Map<String, Value> =
            page.resolved.iter().map(|(written, field)| (written.clone(), field.to_string().into())).collect();
        json!({ "total": page.total, "limit": limit, "skip": skip, "resolved": resolved })
    });
    let documents = page.runs.into_iter().map(move |run| Ok(Value::from(query.document(&run)).to_string()));
    Ok(respond_list(share, StatusCode::OK, envelope, stream::iter(documents)))
}

#[utoipa::path(
    post,
    path = "/boards/{board}/runs",
    operation_id = "createRun",
    summary = "Create a run",
    description = "Without `_id` the run gets one, such as `2026-11-28-brave-otter`.",
    params(BoardPath, SelectQuery, IdempotencyHeaders),
    request_body(content = RunDraft, description = "Parsed as JSON whatever the Content-Type; at most 1 MiB."),
    responses(
        (status = 200, description = "Sent again with an ascending `Idempotency-Key`, so late that the answer is forgotten; nothing was created.", body = RunOrRepeated),
        (status = 201, description = "The run.", body = RunOrRepeated),
        (status = 409, response = Conflict),
        (status = 410, response = Gone),
        ChangeErrors,
        BodyErrors
    )
)]
pub async fn create(request: RequestContext, BoardInPath(board): BoardInPath, body: Body) -> Result<Response, ServerError> {
    let query = query_of_one(&request.query)?;
    let body = read_to_end(body, MAX_RUN_BODY_BYTES).await?;
    let (id, draft) = parse_body(&body, parse_new_run).await?;
    let idempotent = request.idempotent_change(&format!("/boards/{board}/runs"), &body, &ResponseShape::Run)?;
    let outcome = request.app.boards.create_run(board, id, draft, idempotent).await?;
    Ok(respond_one(&request, outcome, &query))
}

#[utoipa::path(
    patch,
    path = "/boards/{board}/runs",
    operation_id = "patchRuns",
    summary = "Merge keys into all runs that match",
    description = "All or none, with one event.",
    params(BoardPath, RunsQuery, SelectQuery, IdempotencyHeaders),
    request_body(content = RunDraft, description = "Parsed as JSON whatever the Content-Type; at most 1 MiB."),
    responses(
        (status = 200, description = "The changed runs, without their metrics.", body = Vec<RunOrRepeated>),
        (status = 405, response = MethodNotAllowed),
        ChangeErrors,
        BodyErrors
    )
)]
pub async fn patch_many(request: RequestContext, BoardInPath(board): BoardInPath, body: Body) -> Result<Response, ServerError> {
    let query = query_of_many(&request.query, "change")?;
    let body = read_to_end(body, MAX_RUN_BODY_BYTES).await?;
    let draft = parse_body(&body, parse_run).await?;
    let idempotent = request.idempotent_change(&format!("/boards/{board}/runs"), &body, &ResponseShape::Runs)?;
    let target = RunTarget::Matching(Box::new(query.clone()));
    let outcome = request.app.boards.patch_runs(board, target, draft, false, idempotent).await?;
    respond_many(&request, outcome, query).await
}

#[utoipa::path(
    delete,
    path = "/boards/{board}/runs",
    operation_id = "removeRuns",
    summary = "Delete all runs that match",
    description = "All or none, with one event. They can be restored, one by one, or together by the number in `Agnez-Removal`.",
    params(BoardPath, RunsQuery, SelectQuery, IdempotencyHeaders),
    responses(
        (status = 200, description = "The deleted runs, without their metrics.", body = Vec<RunOrRepeated>, headers(("Agnez-Removal", description = "The number that `POST /boards/{board}/run-restore` undoes it by."))),
        (status = 405, response = MethodNotAllowed),
        (status = 413, response = PayloadTooLarge),
        ChangeErrors
    )
)]
pub async fn remove_many(request: RequestContext, BoardInPath(board): BoardInPath) -> Result<Response, ServerError> {
    let query = query_of_many(&request.query, "delete")?;
    let idempotent = request.idempotent_change(&format!("/boards/{board}/runs"), &[], &ResponseShape::Runs)?;
    let outcome = request.app.boards.remove_runs(board, RunTarget::Matching(Box::new(query.clone())), idempotent).await?;
    let removal = outcome.removal();
    Ok(with_removal(respond_many(&request, outcome, query).await?, removal))
}

#[utoipa::path(
    get,
    path = "/boards/{board}/runs/{run}",
    operation_id = "getRun",
    summary = "Get a run",
    params(RunPath, SelectQuery),
    responses(
        (status = 200, description = "The run.", body = Run),
        (status = 404, response = NotFound),
        QueryErrors
    )
)]
pub async fn read(request: RequestContext, RunInPath { board, run }: RunInPath) -> Result<Response, ServerError> {
    let query = query_of_one(&request.query)?;
    let boards = &request.app.boards;
    let run = boards.run(&board, &run, request.caller.is_public())?;
    let run = if query.selects_own_charts() { boards.with_own_charts(run) } else { run };
    let share = request.app.answers.share(request.principal(), DOCUMENT_BYTES).await?;
    let document = Value::from(query.document(&run)).to_string();
    let share = Arc::new(share.fit(document.len())?);
    Ok(counted((StatusCode::OK, JSON, share.lend(document.into()))))
}

/// The notes of a run as the page shows them: HTML, as a JSON text. It is the page's own address, for everyone who may read the run.
pub async fn rendered_notes(request: RequestContext, RunInPath { board, run }: RunInPath) -> Result<Response, ServerError> {
    let run = request.app.boards.run(&board, &run, request.caller.is_public())?;
    let share = request.app.answers.share(request.principal(), DOCUMENT_BYTES).await?;
    let html = Value::from(markdown_fragment(run.record.text("notes"))).to_string();
    let share = Arc::new(share.fit(html.len())?);
    Ok(counted((StatusCode::OK, JSON, share.lend(html.into()))))
}

#[utoipa::path(
    patch,
    path = "/boards/{board}/runs/{run}",
    operation_id = "patchRun",
    summary = "Merge keys into a run",
    description = "`null` removes a key. `finished`, `failed` and `killed` end the run, `running` opens it again.",
    params(RunPath, SelectQuery, ("upsert" = Option<bool>, Query, description = "`true`: a run that is missing is created."), IdempotencyHeaders),
    request_body(content = RunDraft, description = "Parsed as JSON whatever the Content-Type; at most 1 MiB."),
    responses(
        (status = 200, description = "The whole run.", body = RunOrRepeated),
        (status = 201, description = "The run, which was created: only with `upsert=true`.", body = RunOrRepeated),
        (status = 404, response = NotFound),
        (status = 410, response = Gone),
        ChangeErrors,
        BodyErrors
    )
)]
pub async fn patch(request: RequestContext, RunInPath { board, run }: RunInPath, body: Body) -> Result<Response, ServerError> {
    let (rest, upsert) = take_upsert(&request.query)?;
    let query = query_of_one(&rest)?;
    let body = read_to_end(body, MAX_RUN_BODY_BYTES).await?;
    let draft = parse_body(&body, parse_run).await?;
    let idempotent = request.idempotent_change(&format!("/boards/{board}/runs/{run}"), &body, &ResponseShape::Run)?;
    let outcome = request.app.boards.patch_runs(board, RunTarget::One(run), draft, upsert, idempotent).await?;
    Ok(respond_one(&request, outcome, &query))
}

#[utoipa::path(
    delete,
    path = "/boards/{board}/runs/{run}",
    operation_id = "removeRun",
    summary = "Delete a run",
    description = "Its points are hidden, and come back when it is restored.",
    params(RunPath, SelectQuery, IdempotencyHeaders),
    responses(
        (status = 200, description = "The deleted run.", body = RunOrRepeated, headers(("Agnez-Removal", description = "The number that `POST /boards/{board}/run-restore` undoes it by."))),
        (status = 404, response = NotFound),
        (status = 410, response = Gone),
        ChangeErrors
    )
)]
pub async fn remove(request: RequestContext, RunInPath { board, run }: RunInPath) -> Result<Response, ServerError> {
    let query = query_of_one(&request.query)?;
    let idempotent = request.idempotent_change(&format!("/boards/{board}/runs/{run}"), &[], &ResponseShape::Run)?;
    let outcome = request.app.boards.remove_runs(board, RunTarget::One(run), idempotent).await?;
    let removal = outcome.removal();
    Ok(with_removal(respond_one(&request, outcome, &query), removal))
}

#[utoipa::path(
    post,
    path = "/boards/{board}/runs/{run}/restore",
    operation_id = "restoreRun",
    summary = "Restore a deleted run with its points",
    params(RunPath, SelectQuery, IdempotencyHeaders),
    responses(
        (status = 200, description = "The run. One that was not deleted stays as it is.", body = RunOrRepeated),
        (status = 404, response = NotFound),
        (status = 413, response = PayloadTooLarge),
        ChangeErrors
    )
)]
pub async fn restore(request: RequestContext, RunInPath { board, run }: RunInPath) -> Result<Response, ServerError> {
    let query = query_of_one(&request.query)?;
    let idempotent = request.idempotent_change(&format!("/boards/{board}/runs/{run}/restore"), &[], &ResponseShape::Run)?;
    let outcome = request.app.boards.restore_run(board, run, idempotent).await?;
    Ok(respond_one(&request, outcome, &query))
}

#[utoipa::path(
    post,
    path = "/boards/{board}/run-restore",
    operation_id = "restoreRuns",
    summary = "Undo a deletion of runs",
    description = "Restores all runs that one deletion has removed, with their points: all or none, with one event.",
    params(BoardPath, ("removal" = u64, Query, description = "The number in `Agnez-Removal` of the answer to the deletion, which is that of its event."), IdempotencyHeaders),
    responses(
        (status = 200, description = "The runs, without their metrics.", body = Vec<RunOrRepeated>),
        (status = 404, response = NotFound),
        (status = 413, response = PayloadTooLarge),
        ChangeErrors
    )
)]
pub async fn restore_removal(request: RequestContext, BoardInPath(board): BoardInPath) -> Result<Response, ServerError> {
    let mut removal = None;
    for (key, value) in form_urlencoded::parse(request.query.as_bytes()) {
        match &*key {
            "removal" => removal = value.parse().ok(),
            key => return Err(invalid_parameter(key, "is no key of this query; known is removal", &value).into()),
        }
    }
    let rule = "must be the number of a deletion, a whole number: ?removal=17";
    let removal = removal.ok_or_else(|| ErrorKind::BadRequest.with(format!("'removal' {rule}.")).at("removal", rule))?;
    let idempotent = request.idempotent_change(&format!("/boards/{board}/run-restore"), &[], &ResponseShape::Runs)?;
    let outcome = request.app.boards.restore_removal(board, removal, idempotent).await?;
    respond_many(&request, outcome, RunQuery::parse("")?).await
}

fn with_removal(mut response: Response, removal: Option<u64>) -> Response {
    response.headers_mut().extend(removal.map(|removal| (REMOVAL, HeaderValue::from(removal))));
    response
}

/// Metrics with a chart of their own are looked for behind the commit: other changes need not wait.
fn respond_one(request: &RequestContext, outcome: RunOutcome, query: &RunQuery) -> Response {
    let boards = &request.app.boards;
    json_response(outcome.response(query, |run| if query.selects_own_charts() { boards.with_own_charts(run) } else { run }))
}

async fn respond_many(request: &RequestContext, outcome: RunOutcome, query: RunQuery) -> Result<Response, ServerError> {
    let (status, runs) = match outcome {
        RunOutcome::Runs(status, runs) => (StatusCode::from_u16(status).unwrap_or(StatusCode::OK), runs),
        stored => return Ok(respond_one(request, stored, &query)),
    };
    let share = Arc::new(request.app.answers.share(request.principal(), DOCUMENT_BYTES).await?);
    let documents = runs.into_iter().map(move |run| Ok(Value::from(query.project(run.to_json(false))).to_string()));
    Ok(respond_list(share, status, None, stream::iter(documents)))
}

/// `$select` alone.
fn query_of_one(query: &str) -> Result<RunQuery, ApiError> {
    let query = RunQuery::parse(query)?;
    if query.is_everything() && !query.is_paged() {
        return Ok(query);
    }
    Err(ErrorKind::BadRequest.with("The address names one run: of a query only '$select' is used here."))
}

fn query_of_many(query: &str, verb: &str) -> Result<RunQuery, ApiError> {
    let query = RunQuery::parse(query)?;
    ChangeOfMany { verb, noun: "run", example: "?status=failed" }.check(query.is_paged(), query.is_everything())?;
    Ok(query)
}
