//! `/values`, as Feathers speaks it. An official Feathers client notices no difference.

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Path, RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Router, routing::get};

use crate::protocol::ErrorKind;
use crate::server::App;
use crate::server::board::{Document, Query, Target, parse_many, parse_one};
use crate::server::error::Problem;

/// The largest body: a picture as `data:` URI.
pub const BODY_BYTES: usize = 16 << 20;

pub fn router() -> Router<App> {
    let many = get(find).post(create).patch(patch_many).delete(remove_many);
    let one = get(read).put(update).patch(patch).delete(remove);
    Router::new().route("/", many.fallback(not_allowed)).route("/{id}", one.fallback(not_allowed))
}

async fn find(State(app): State<App>, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let query = Query::parse(query.as_deref().unwrap_or_default())?;
    let (documents, total) = app.boards.find(&query).await?;
    let data = list(documents.iter().map(|document| query.project(document.to_json())));
    if !query.paged {
        return Ok(json(StatusCode::OK, data));
    }
    let (limit, skip) = query.bounds(total);
    Ok(json(StatusCode::OK, format!("{{\"total\":{total},\"limit\":{limit},\"skip\":{skip},\"data\":{data}}}")))
}

async fn read(State(app): State<App>, Path(id): Path<String>, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let query = Query::parse(query.as_deref().unwrap_or_default())?;
    let document = app.boards.get(&id).await?;
    Ok(json(StatusCode::OK, query.project(document.to_json())))
}

async fn create(State(app): State<App>, body: Body) -> Result<Response, Problem> {
    let (drafts, many) = parse_many(&whole(body).await?)?;
    let made = app.boards.create(drafts).await?;
    let texts = made.iter().map(Document::to_json);
    Ok(json(StatusCode::CREATED, if many { list(texts) } else { texts.collect() }))
}

async fn update(State(app): State<App>, Path(id): Path<String>, body: Body) -> Result<Response, Problem> {
    let draft = parse_one(&whole(body).await?)?;
    let document = app.boards.update(&id, draft).await?;
    Ok(json(StatusCode::OK, document.to_json()))
}

async fn patch(State(app): State<App>, Path(id): Path<String>, body: Body) -> Result<Response, Problem> {
    let draft = parse_one(&whole(body).await?)?;
    let patched = app.boards.patch(Target::one(&id)?, draft).await?;
    Ok(json(StatusCode::OK, patched.iter().map(Document::to_json).collect()))
}

async fn remove(State(app): State<App>, Path(id): Path<String>) -> Result<Response, Problem> {
    let removed = app.boards.remove(Target::one(&id)?).await?;
    Ok(json(StatusCode::OK, removed.iter().map(Document::to_json).collect()))
}

async fn patch_many(State(app): State<App>, RawQuery(query): RawQuery, body: Body) -> Result<Response, Problem> {
    let query = some(query, "change")?;
    let draft = parse_one(&whole(body).await?)?;
    let patched = app.boards.patch(Target::Matching(query), draft).await?;
    Ok(json(StatusCode::OK, list(patched.iter().map(Document::to_json))))
}

async fn remove_many(State(app): State<App>, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let removed = app.boards.remove(Target::Matching(some(query, "remove")?)).await?;
    Ok(json(StatusCode::OK, list(removed.iter().map(Document::to_json))))
}

async fn not_allowed() -> Problem {
    ErrorKind::MethodNotAllowed.with("This address takes GET, POST, PATCH and DELETE, and with an id GET, PUT, PATCH and DELETE.").into()
}

/// A query that does not match everything: one slip must not touch every cell.
fn some(query: Option<String>, verb: &str) -> Result<Query, Problem> {
    let query = Query::parse(query.as_deref().unwrap_or_default())?;
    if query.is_empty() {
        let message = format!("To {verb} many cells a query is needed, such as ?board=main; with an id in the path, one cell.");
        return Err(ErrorKind::MethodNotAllowed.with(message).into());
    }
    Ok(query)
}

/// The whole body, refused by its announced length before anything is read.
async fn whole(body: Body) -> Result<Bytes, Problem> {
    let too_large = || ErrorKind::PayloadTooLarge.with(format!("The body may have {} MiB; nothing was changed.", BODY_BYTES >> 20));
    if body.size_hint().lower() > BODY_BYTES as u64 {
        return Err(too_large().into());
    }
    axum::body::to_bytes(body, BODY_BYTES).await.map_err(|why| {
        let cause = std::error::Error::source(&why);
        match cause.is_some_and(|cause| cause.to_string().contains("limit")) {
            true => too_large().into(),
            false => ErrorKind::BadRequest.with("The body ended before its end; nothing was changed.").into(),
        }
    })
}

fn list(texts: impl Iterator<Item = String>) -> String {
    let mut out = String::from("[");
    for (at, text) in texts.enumerate() {
        if at > 0 {
            out.push(',');
        }
        out.push_str(&text);
    }
    out.push(']');
    out
}

fn json(status: StatusCode, body: String) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")], body).into_response()
}
