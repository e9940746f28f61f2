//! `/values`, the Feathers service of cells; official Feathers clients work with it.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::Path;
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use futures::stream::{self, StreamExt};
use serde_json::json;

use super::document_list::{ChangeOfMany, JSON, respond_list};
use super::request::RequestContext;
use super::{export, json_response, parse_body, take_upsert};
use crate::protocol::ErrorKind;
use crate::server::App;
use crate::server::auth::policy::Caller;
use crate::server::boards::{ChangeOutcome, Query, ResponseShape, Target, parse_many, parse_one};
use crate::server::error::ServerError;
use crate::server::http::body::read::read_to_end;
use crate::server::http::openapi::parameters::{CellPath, CellQuery, IdempotencyHeaders, PageQuery, SelectQuery};
use crate::server::http::openapi::responses::{
    BodyErrors, ChangeErrors, Conflict, MethodNotAllowed, NotFound, PayloadTooLarge, QueryErrors,
};
use crate::server::http::openapi::schemas::{Cell, CellOrRepeated, Created, CreatedBefore, Draft, Drafts, Found, Patch};
use crate::server::limits::MAX_CELL_BODY_BYTES;
use crate::server::net::response_budget::counted;

/// Memory that a document takes while it is written, as a multiple of its value.
const WRITING_FACTOR: usize = 3;
/// From here on a document takes more than a millisecond to be parsed or written.
const LARGE_BYTES: usize = 256 << 10;

#[utoipa::path(
    get,
    path = "/values",
    operation_id = "find",
    summary = "Find cells",
    params(CellQuery, PageQuery, SelectQuery),
    responses(
        (status = 200, description = "The cells; a page of them with `$page=true`.", body = Found),
        QueryErrors
    )
)]
pub async fn find(request: RequestContext) -> Result<Response, ServerError> {
    let query = parse_query(&request.query)?;
    let RequestContext { app, caller, .. } = request;
    let (records, total) = app.boards.find(&query).await?;
    let largest = if query.selects("value") { records.iter().map(|record| record.value.bytes()).max() } else { None };
    let share = Arc::new(app.answers.share(&caller.token, WRITING_FACTOR * largest.unwrap_or(0)).await?);
    let page = query.paged.then(|| {
        let (limit, skip) = query.bounds(total);
        json!({ "total": total, "limit": limit, "skip": skip })
    });
    let documents = stream::iter(records).then(move |record| {
        let (app, caller, query) = (app.clone(), caller.clone(), query.clone());
        async move {
            let document = app.boards.document(record, &query).await.inspect_err(ServerError::log)?;
            project(&app, &caller, &query, document.to_json()).await
        }
    });
    Ok(respond_list(share, StatusCode::OK, page, documents))
}

#[utoipa::path(
    get,
    path = "/values/{id}",
    operation_id = "get",
    summary = "Get a cell",
    params(CellPath, SelectQuery),
    responses(
        (status = 200, description = "The cell.", body = Cell),
        (status = 404, response = NotFound),
        QueryErrors
    )
)]
pub async fn read(request: RequestContext, Path(id): Path<String>) -> Result<Response, ServerError> {
    let RequestContext { app, caller, .. } = &request;
    // Ids have no dots: `id.form` is the value in another form.
    if let Some((id, form)) = id.rsplit_once('.') {
        return export::form(&request, id, form).await;
    }
    let query = parse_query(&request.query)?;
    let bytes = app.boards.record(&id).map(|record| record.value.bytes());
    let share = app.answers.share(&caller.token, WRITING_FACTOR * bytes.unwrap_or(0)).await?;
    let document = project(app, caller, &query, app.boards.get(&id, &query).await?.to_json()).await?;
    let share = Arc::new(share.fit(document.len())?);
    Ok(counted((StatusCode::OK, JSON, share.lend(document.into()))))
}

/// Of the query, `$select` applies to the response; conditions are ignored, as in Feathers.
#[utoipa::path(
    post,
    path = "/values",
    operation_id = "create",
    summary = "Create a cell, or several as a whole",
    params(SelectQuery, IdempotencyHeaders),
    request_body(content = Drafts, description = "Parsed as JSON whatever the Content-Type; at most 16 MiB."),
    responses(
        (status = 200, description = "Sent again with an ascending `Idempotency-Key`, so late that the answer is forgotten; nothing was created.", body = CreatedBefore),
        (status = 201, description = "What was created.", body = Created, links(
                ("read" = (operation_id = "get", parameters(("id" = "$response.body#/_id")))),
                ("replace" = (operation_id = "update", parameters(("id" = "$response.body#/_id")))),
                ("change" = (operation_id = "patch", parameters(("id" = "$response.body#/_id")))),
                ("remove" = (operation_id = "remove", parameters(("id" = "$response.body#/_id")))),
                ("append" = (operation_id = "appendPoints", parameters(("id" = "$response.body#/_id")))),
                ("points" = (operation_id = "readPoints", parameters(("id" = "$response.body#/_id")))),
                ("columns" = (operation_id = "readColumns", parameters(("id" = "$response.body#/_id")))),
                ("drawing" = (operation_id = "drawing", parameters(("id" = "$response.body#/_id")))),
                ("sheet" = (operation_id = "sheet", parameters(("id" = "$response.body#/_id"))))
            )),
        (status = 409, response = Conflict),
        ChangeErrors,
        BodyErrors
    )
)]
pub async fn create(request: RequestContext, body: Body) -> Result<Response, ServerError> {
    let query = parse_query(&request.query)?;
    let body = read_body(body).await?;
    let (drafts, many) = parse_body(&body, parse_many).await?;
    let with_values = query.selects("value");
    let shape = if many { ResponseShape::Many(query) } else { ResponseShape::One(query) };
    let outcome = request.app.boards.create(drafts, with_values, request.idempotent_change("", &body, &shape)?).await?;
    respond(&request, shape, outcome).await
}

#[utoipa::path(
    put,
    path = "/values/{id}",
    operation_id = "update",
    summary = "Replace a cell",
    description = "`_id` in the body is ignored; board and the arrangement made on the page stay unless the body names others.",
    params(CellPath, SelectQuery, IdempotencyHeaders),
    request_body(content = Draft, description = "Parsed as JSON whatever the Content-Type; at most 16 MiB."),
    responses(
        (status = 200, description = "The cell.", body = CellOrRepeated),
        (status = 404, response = NotFound),
        (status = 409, response = Conflict),
        ChangeErrors,
        BodyErrors
    )
)]
pub async fn update(request: RequestContext, Path(id): Path<String>, body: Body) -> Result<Response, ServerError> {
    let query = parse_query(&request.query)?;
    let body = read_body(body).await?;
    let (target, draft, shape) = (Target::one(&id, query.clone())?, parse_body(&body, parse_one).await?, ResponseShape::One(query));
    let outcome = request.app.boards.update(target, draft, request.idempotent_change(&id, &body, &shape)?).await?;
    respond(&request, shape, outcome).await
}

#[utoipa::path(
    patch,
    path = "/values/{id}",
    operation_id = "patch",
    summary = "Merge keys into a cell",
    params(CellPath, SelectQuery, ("upsert" = Option<bool>, Query, description = "`true`: a cell that is missing is created, by the rules of POST."), IdempotencyHeaders),
    request_body(content = Patch, description = "Parsed as JSON whatever the Content-Type; at most 16 MiB."),
    responses(
        (status = 200, description = "The whole cell.", body = CellOrRepeated),
        (status = 201, description = "The cell, which was created: only with `upsert=true`.", body = CellOrRepeated),
        (status = 404, response = NotFound),
        (status = 409, response = Conflict),
        ChangeErrors,
        BodyErrors
    )
)]
pub async fn patch(request: RequestContext, Path(id): Path<String>, body: Body) -> Result<Response, ServerError> {
    let (query, upsert) = take_upsert(&request.query)?;
    let query = parse_query(&query)?;
    if upsert && !query.is_empty() {
        let rule = "is for one cell by its id, without conditions";
        return Err(ErrorKind::BadRequest.with(format!("'upsert' {rule}; nothing was changed.")).at("upsert", rule).into());
    }
    let body = read_body(body).await?;
    let (target, draft, shape) = (Target::one(&id, query.clone())?, parse_body(&body, parse_one).await?, ResponseShape::One(query));
    let outcome = request.app.boards.patch(target, draft, upsert, request.idempotent_change(&id, &body, &shape)?).await?;
    respond(&request, shape, outcome).await
}

#[utoipa::path(
    delete,
    path = "/values/{id}",
    operation_id = "remove",
    summary = "Remove a cell",
    params(CellPath, SelectQuery, IdempotencyHeaders),
    responses(
        (status = 200, description = "The removed cell.", body = CellOrRepeated),
        (status = 404, response = NotFound),
        ChangeErrors
    )
)]
pub async fn remove(request: RequestContext, Path(id): Path<String>) -> Result<Response, ServerError> {
    let query = parse_query(&request.query)?;
    let (target, shape) = (Target::one(&id, query.clone())?, ResponseShape::One(query));
    let outcome = request.app.boards.remove(target, request.idempotent_change(&id, &[], &shape)?).await?;
    respond(&request, shape, outcome).await
}

#[utoipa::path(
    patch,
    path = "/values",
    operation_id = "patchMany",
    summary = "Merge keys into all cells that match",
    params(CellQuery, IdempotencyHeaders),
    request_body(content = Draft, description = "Parsed as JSON whatever the Content-Type; at most 16 MiB."),
    responses(
        (status = 200, description = "The changed cells.", body = Vec<CellOrRepeated>),
        (status = 405, response = MethodNotAllowed),
        (status = 409, response = Conflict),
        ChangeErrors,
        BodyErrors
    )
)]
pub async fn patch_many(request: RequestContext, body: Body) -> Result<Response, ServerError> {
    let (query, upsert) = take_upsert(&request.query)?;
    if upsert {
        let rule = "is for one cell";
        let message = format!("'upsert' {rule}, named in the address (PATCH /values/<id>?upsert=true); nothing was changed.");
        return Err(ErrorKind::BadRequest.with(message).at("upsert", rule).into());
    }
    let query = query_of_many(&query, "change")?;
    let body = read_body(body).await?;
    let (draft, shape) = (parse_body(&body, parse_one).await?, ResponseShape::Many(query.clone()));
    let outcome = request.app.boards.patch(Target::Matching(query), draft, false, request.idempotent_change("", &body, &shape)?).await?;
    respond(&request, shape, outcome).await
}

#[utoipa::path(
    delete,
    path = "/values",
    operation_id = "removeMany",
    summary = "Remove all cells that match",
    params(CellQuery, IdempotencyHeaders),
    responses(
        (status = 200, description = "The removed cells.", body = Vec<CellOrRepeated>),
        (status = 405, response = MethodNotAllowed),
        (status = 413, response = PayloadTooLarge),
        ChangeErrors
    )
)]
pub async fn remove_many(request: RequestContext) -> Result<Response, ServerError> {
    let query = query_of_many(&request.query, "remove")?;
    let shape = ResponseShape::Many(query.clone());
    let outcome = request.app.boards.remove(Target::Matching(query), request.idempotent_change("", &[], &shape)?).await?;
    respond(&request, shape, outcome).await
}

/// Large documents are written on a thread of the renderer.
async fn respond(request: &RequestContext, shape: ResponseShape, outcome: ChangeOutcome) -> Result<Response, ServerError> {
    let bytes = outcome.bytes();
    if bytes < LARGE_BYTES {
        return Ok(json_response(shape.response(outcome)));
    }
    let write = async move { Ok(shape.response(outcome)) };
    let response = request.app.renderer.go_on(request.principal(), WRITING_FACTOR * bytes, write).await?;
    Ok(json_response(response))
}

/// The document as the query selects it; a large one is parsed on a thread of the renderer.
async fn project(app: &App, caller: &Caller, query: &Query, document: String) -> Result<String, ServerError> {
    if !query.is_projection() || document.len() < LARGE_BYTES {
        return Ok(query.project(document));
    }
    let (query, bytes) = (query.clone(), 2 * document.len());
    app.renderer.go_on(&caller.token, bytes, async move { Ok(query.project(document)) }).await
}

pub async fn not_allowed(uri: Uri) -> Response {
    let refused =
        ErrorKind::MethodNotAllowed.with("This address takes GET, POST, PATCH and DELETE, and with an id GET, PUT, PATCH and DELETE.");
    let mut reply = ServerError::from(refused).into_response();
    // Ids have no dots: the value in another form is only read.
    if uri.path().rsplit('/').next().is_some_and(|last| last.contains('.')) {
        reply.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET,HEAD"));
    }
    reply
}

fn parse_query(query: &str) -> Result<Query, ServerError> {
    Ok(Query::parse(query)?)
}

fn query_of_many(query: &str, verb: &str) -> Result<Query, ServerError> {
    let query = parse_query(query)?;
    ChangeOfMany { verb, noun: "cell", example: "?board=main" }.check(query.is_paged(), query.is_empty())?;
    Ok(query)
}

async fn read_body(body: Body) -> Result<Bytes, ServerError> {
    read_to_end(body, MAX_CELL_BODY_BYTES).await
}
