//! `/values`, the Feathers service of cells; official Feathers clients work with it.

use std::sync::Arc;

use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::{FromRequestParts, Path, RawQuery, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use futures::stream::{self, StreamExt};

use super::{NO_STORE, export, idempotent_request, invalid_parameter, json_response, parse_body};
use crate::protocol::{CellId, ErrorKind};
use crate::server::App;
use crate::server::auth::policy::Caller;
use crate::server::boards::{ChangeOutcome, IdempotentRequest, Query, ResponseShape, Target, parse_many, parse_one};
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
const JSON: [(HeaderName, &str); 2] = [(header::CONTENT_TYPE, "application/json"), NO_STORE];

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
pub async fn find(
    State(app): State<App>,
    Extension(caller): Extension<Arc<Caller>>,
    RawQuery(query): RawQuery,
) -> Result<Response, ServerError> {
    let query = parse_query(query)?;
    let (records, total) = app.boards.find(&query).await?;
    let largest = if query.selects("value") { records.iter().map(|record| record.value.bytes()).max() } else { None };
    let share = Arc::new(app.answers.share(&caller.token, WRITING_FACTOR * largest.unwrap_or(0)).await?);
    let (start, end) = match query.paged {
        false => ("[".to_owned(), "]"),
        true => {
            let (limit, skip) = query.bounds(total);
            (format!("{{\"total\":{total},\"limit\":{limit},\"skip\":{skip},\"data\":["), "]}")
        }
    };
    // One document at a time: together they may be larger than the memory. An error cuts the response.
    let documents = stream::iter(records.into_iter().enumerate()).then(move |(at, record)| {
        let (app, caller, query) = (app.clone(), caller.clone(), query.clone());
        async move {
            let document = app.boards.document(record, &query).await.inspect_err(ServerError::log)?;
            let text = project(&app, &caller, &query, document.to_json()).await?;
            Ok::<_, ServerError>([if at > 0 { "," } else { "" }, &text].concat())
        }
    });
    let body = stream::iter([Ok(start)]).chain(documents).chain(stream::iter([Ok(end.to_owned())]));
    let body = body.map(move |part| part.map(|part| share.lend(part.into())));
    Ok(counted((StatusCode::OK, JSON, Body::from_stream(body))))
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
pub async fn read(
    State(app): State<App>,
    Extension(caller): Extension<Arc<Caller>>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, ServerError> {
    // Ids have no dots: `id.form` is the value in another form.
    if let Some((id, form)) = id.rsplit_once('.') {
        return export::form(&app, &caller.token, id, form, query.as_deref().unwrap_or_default(), &headers).await;
    }
    let query = parse_query(query)?;
    let bytes = CellId::parse(&id).and_then(|id| app.boards.store.index().cell(&id).map(|record| record.value.bytes()));
    let share = app.answers.share(&caller.token, WRITING_FACTOR * bytes.unwrap_or(0)).await?;
    let document = project(&app, &caller, &query, app.boards.get(&id, &query).await?.to_json()).await?;
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
pub async fn create(change: ChangeContext, body: Body) -> Result<Response, ServerError> {
    let query = change.query()?;
    let body = read_body(body).await?;
    let (drafts, many) = parse_body(&body, parse_many).await?;
    let with_values = query.selects("value");
    let shape = if many { ResponseShape::Many(query) } else { ResponseShape::One(query) };
    let outcome = change.app.boards.create(drafts, with_values, change.idempotent("", &body, &shape)?).await?;
    change.respond(shape, outcome).await
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
        ChangeErrors,
        BodyErrors
    )
)]
pub async fn update(change: ChangeContext, Path(id): Path<String>, body: Body) -> Result<Response, ServerError> {
    let query = change.query()?;
    let body = read_body(body).await?;
    let (target, draft, shape) = (Target::one(&id, query.clone())?, parse_body(&body, parse_one).await?, ResponseShape::One(query));
    let outcome = change.app.boards.update(target, draft, change.idempotent(&id, &body, &shape)?).await?;
    change.respond(shape, outcome).await
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
        ChangeErrors,
        BodyErrors
    )
)]
pub async fn patch(change: ChangeContext, Path(id): Path<String>, body: Body) -> Result<Response, ServerError> {
    let (query, upsert) = upsert(change.query.clone())?;
    let query = parse_query(query)?;
    if upsert && !query.is_empty() {
        let rule = "is for one cell by its id, without conditions";
        return Err(ErrorKind::BadRequest.with(format!("'upsert' {rule}; nothing was changed.")).at("upsert", rule).into());
    }
    let body = read_body(body).await?;
    let (target, draft, shape) = (Target::one(&id, query.clone())?, parse_body(&body, parse_one).await?, ResponseShape::One(query));
    let outcome = change.app.boards.patch(target, draft, upsert, change.idempotent(&id, &body, &shape)?).await?;
    change.respond(shape, outcome).await
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
pub async fn remove(change: ChangeContext, Path(id): Path<String>) -> Result<Response, ServerError> {
    let query = change.query()?;
    let (target, shape) = (Target::one(&id, query.clone())?, ResponseShape::One(query));
    let outcome = change.app.boards.remove(target, change.idempotent(&id, &[], &shape)?).await?;
    change.respond(shape, outcome).await
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
        ChangeErrors,
        BodyErrors
    )
)]
pub async fn patch_many(change: ChangeContext, body: Body) -> Result<Response, ServerError> {
    let (query, upsert) = upsert(change.query.clone())?;
    if upsert {
        let rule = "is for one cell";
        let message = format!("'upsert' {rule}, named in the address (PATCH /values/<id>?upsert=true); nothing was changed.");
        return Err(ErrorKind::BadRequest.with(message).at("upsert", rule).into());
    }
    let query = non_empty_query(query, "change")?;
    let body = read_body(body).await?;
    let (draft, shape) = (parse_body(&body, parse_one).await?, ResponseShape::Many(query.clone()));
    let outcome = change.app.boards.patch(Target::Matching(query), draft, false, change.idempotent("", &body, &shape)?).await?;
    change.respond(shape, outcome).await
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
pub async fn remove_many(change: ChangeContext) -> Result<Response, ServerError> {
    let query = non_empty_query(change.query.clone(), "remove")?;
    let shape = ResponseShape::Many(query.clone());
    let outcome = change.app.boards.remove(Target::Matching(query), change.idempotent("", &[], &shape)?).await?;
    change.respond(shape, outcome).await
}

/// What every change of documents is made of, beside its body.
pub struct ChangeContext {
    app: App,
    caller: Arc<Caller>,
    method: Method,
    query: Option<String>,
    headers: HeaderMap,
}

impl FromRequestParts<App> for ChangeContext {
    type Rejection = ServerError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ServerError> {
        let caller = parts.extensions.get::<Arc<Caller>>().cloned();
        let caller = caller.ok_or_else(|| ErrorKind::Forbidden.with("Internal error: the request bypassed authentication."))?;
        let query = parts.uri.query().map(str::to_owned);
        Ok(Self { app: app.clone(), caller, method: parts.method.clone(), query, headers: parts.headers.clone() })
    }
}

impl ChangeContext {
    fn query(&self) -> Result<Query, ServerError> {
        parse_query(self.query.clone())
    }

    /// The request's `Idempotency-Key`, if it has one. `id`: empty for many cells.
    fn idempotent(&self, id: &str, body: &[u8], shape: &ResponseShape) -> Result<Option<IdempotentRequest>, ServerError> {
        let address = format!("{} {id}?{}", self.method, self.query.as_deref().unwrap_or_default());
        idempotent_request(&self.headers, &address, body, shape)
    }

    /// Large documents are written on a thread of the renderer.
    async fn respond(&self, shape: ResponseShape, outcome: ChangeOutcome) -> Result<Response, ServerError> {
        let bytes = outcome.bytes();
        if bytes < LARGE_BYTES {
            return Ok(json_response(shape.response(outcome)));
        }
        let write = async move { Ok(shape.response(outcome)) };
        let response = self.app.renderer.go_on(&self.caller.token, WRITING_FACTOR * bytes, write).await?;
        Ok(json_response(response))
    }
}

/// The document as the query selects it; a large one is parsed on a thread of the renderer.
async fn project(app: &App, caller: &Caller, query: &Query, document: String) -> Result<String, ServerError> {
    if !query.is_projection() || document.len() < LARGE_BYTES {
        return Ok(query.project(document));
    }
    let (query, bytes) = (query.clone(), 2 * document.len());
    app.renderer.go_on(&caller.token, bytes, async move { Ok(query.project(document)) }).await
}

/// The query without `upsert`, and what that says.
fn upsert(query: Option<String>) -> Result<(Option<String>, bool), ServerError> {
    let Some(query) = query else { return Ok((None, false)) };
    let (mut rest, mut upsert) = (form_urlencoded::Serializer::new(String::new()), false);
    for (key, value) in form_urlencoded::parse(query.as_bytes()) {
        match (&*key, &*value) {
            ("upsert", "true") => upsert = true,
            ("upsert", "false") => upsert = false,
            ("upsert", _) => return Err(invalid_parameter("upsert", "must be true or false", &value).into()),
            _ => drop(rest.append_pair(&key, &value)),
        }
    }
    Ok((Some(rest.finish()), upsert))
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

fn parse_query(query: Option<String>) -> Result<Query, ServerError> {
    Ok(Query::parse(query.as_deref().unwrap_or_default())?)
}

/// A query that does not match everything: one slip must not touch every cell.
fn non_empty_query(query: Option<String>, verb: &str) -> Result<Query, ServerError> {
    let query = parse_query(query)?;
    if query.is_paged() {
        return Err(ErrorKind::BadRequest
            .with(format!("To {verb} many cells, $limit and $skip cannot be used: every cell that matches is meant."))
            .into());
    }
    if query.is_empty() {
        let message = format!("To {verb} many cells a query is needed, such as ?board=main; with an id in the path, one cell.");
        return Err(ErrorKind::MethodNotAllowed.with(message).into());
    }
    Ok(query)
}

async fn read_body(body: Body) -> Result<Bytes, ServerError> {
    read_to_end(body, MAX_CELL_BODY_BYTES).await
}
