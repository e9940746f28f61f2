//! `/values`, as Feathers speaks it. An official Feathers client notices no difference.

use axum::body::{Body, Bytes};
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Router, routing::get};
use futures::stream::{self, StreamExt};

use super::drawing;
use crate::protocol::ErrorKind;
use crate::server::App;
use crate::server::board::{Document, Query, Target, parse_many, parse_one};
use crate::server::error::Problem;

/// The largest body: a picture as `data:` URI.
const BODY_BYTES: usize = 16 << 20;
const JSON: [(HeaderName, &str); 2] = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];

/// The service at `base`, with or without a slash at the end.
pub fn router(base: &str) -> Router<App> {
    let many = || get(find).post(create).patch(patch_many).delete(remove_many).fallback(not_allowed);
    let one = || get(read).put(update).patch(patch).delete(remove).fallback(not_allowed);
    Router::new()
        .route(base, many())
        .route(&format!("{base}/"), many())
        .route(&format!("{base}/{{id}}"), one())
        .route(&format!("{base}/{{id}}/"), one())
}

async fn find(State(app): State<App>, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let query = parsed(query)?;
    let (records, total) = app.boards.find(&query);
    let (start, end) = match query.paged {
        false => ("[".to_owned(), "]"),
        true => {
            let (limit, skip) = query.bounds(total);
            (format!("{{\"total\":{total},\"limit\":{limit},\"skip\":{skip},\"data\":["), "]}")
        }
    };
    // One document at a time: together they may be larger than the memory. An error on the way cuts the reply.
    let documents = stream::iter(records.into_iter().enumerate()).then(move |(at, record)| {
        let (boards, query) = (app.boards.clone(), query.clone());
        async move {
            let document = boards.document(record, &query).await.inspect_err(Problem::log)?;
            Ok::<_, Problem>([if at > 0 { "," } else { "" }, &query.project(document.to_json())].concat())
        }
    });
    let body = stream::iter([Ok(start)]).chain(documents).chain(stream::iter([Ok(end.to_owned())]));
    Ok((StatusCode::OK, JSON, Body::from_stream(body)).into_response())
}

async fn read(State(app): State<App>, Path(id): Path<String>, RawQuery(query): RawQuery, headers: HeaderMap) -> Result<Response, Problem> {
    // Ids have no dots: what has one asks for the value in another form.
    if let Some((id, form)) = id.rsplit_once('.') {
        return drawing::form(&app, id, form, query.as_deref().unwrap_or_default(), &headers).await;
    }
    let query = parsed(query)?;
    let document = app.boards.get(&id, &query).await?;
    Ok(json(StatusCode::OK, query.project(document.to_json())))
}

async fn create(State(app): State<App>, body: Body) -> Result<Response, Problem> {
    let (drafts, many) = parse_many(&whole(body).await?)?;
    let made = app.boards.create(drafts).await?;
    let texts = made.iter().map(Document::to_json);
    Ok(json(StatusCode::CREATED, if many { list(texts) } else { texts.collect() }))
}

async fn update(State(app): State<App>, Path(id): Path<String>, RawQuery(query): RawQuery, body: Body) -> Result<Response, Problem> {
    let query = parsed(query)?;
    let draft = parse_one(&whole(body).await?)?;
    let document = app.boards.update(&id, query.clone(), draft).await?;
    Ok(json(StatusCode::OK, query.project(document.to_json())))
}

async fn patch(State(app): State<App>, Path(id): Path<String>, RawQuery(query): RawQuery, body: Body) -> Result<Response, Problem> {
    let query = parsed(query)?;
    let draft = parse_one(&whole(body).await?)?;
    let patched = app.boards.patch(Target::one(&id, query.clone())?, draft).await?;
    Ok(json(StatusCode::OK, patched.iter().map(|document| query.project(document.to_json())).collect()))
}

async fn remove(State(app): State<App>, Path(id): Path<String>, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let query = parsed(query)?;
    let removed = app.boards.remove(Target::one(&id, query.clone())?).await?;
    Ok(json(StatusCode::OK, removed.iter().map(|document| query.project(document.to_json())).collect()))
}

async fn patch_many(State(app): State<App>, RawQuery(query): RawQuery, body: Body) -> Result<Response, Problem> {
    let query = some(query, "change")?;
    let draft = parse_one(&whole(body).await?)?;
    let patched = app.boards.patch(Target::Matching(query.clone()), draft).await?;
    Ok(json(StatusCode::OK, list(patched.iter().map(|document| query.project(document.to_json())))))
}

async fn remove_many(State(app): State<App>, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let query = some(query, "remove")?;
    let removed = app.boards.remove(Target::Matching(query.clone())).await?;
    Ok(json(StatusCode::OK, list(removed.iter().map(|document| query.project(document.to_json())))))
}

async fn not_allowed() -> Problem {
    ErrorKind::MethodNotAllowed.with("This address takes GET, POST, PATCH and DELETE, and with an id GET, PUT, PATCH and DELETE.").into()
}

fn parsed(query: Option<String>) -> Result<Query, Problem> {
    Ok(Query::parse(query.as_deref().unwrap_or_default())?)
}

/// A query that does not match everything: one slip must not touch every cell.
fn some(query: Option<String>, verb: &str) -> Result<Query, Problem> {
    let query = parsed(query)?;
    if query.is_cut() {
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

async fn whole(body: Body) -> Result<Bytes, Problem> {
    super::whole(body, BODY_BYTES).await
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
    (status, JSON, body).into_response()
}
