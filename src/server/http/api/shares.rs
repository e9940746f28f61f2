//! `/shares`: links that show one board to whoever has them, made and ended by those who have a token for writing.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderName, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::wrong;
use crate::protocol::ErrorKind;
use crate::server::App;
use crate::server::auth::authorization::Permission;
use crate::server::auth::policy::Caller;
use crate::server::auth::tokens::{Refusal, Token, TokenKind};
use crate::server::boards::board_name;
use crate::server::cli::token::link;
use crate::server::error::ServerError;
use crate::server::http::body::read::whole;
use crate::server::http::route_table::Routes;
use crate::server::store::timestamp;

const BODY_BYTES: usize = 16 << 10;
const NO_STORE: (HeaderName, &str) = (header::CACHE_CONTROL, "no-store");

pub fn routes(routes: Routes) -> Routes {
    // Who may only read is not told whom a board was shown to.
    routes.get(Permission::WriteByToken, "/shares", list).on(Method::POST, Permission::WriteByToken, "/shares", create).on(
        Method::DELETE,
        Permission::WriteByToken,
        "/shares/{id}",
        revoke,
    )
}

/// Both may be missing: the main board, and no name.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Asked {
    board: String,
    name: String,
}

fn told(share: &Token) -> Value {
    json!({ "id": share.id, "board": share.board, "name": share.name, "createdAt": timestamp(share.created) })
}

fn refused(why: Refusal) -> ServerError {
    match why {
        Refusal::Full => ErrorKind::Conflict.with(why.to_string()).into(),
        Refusal::Name => ErrorKind::BadRequest.with(why.to_string()).into(),
        Refusal::Failed(why) => failed(&why),
    }
}

fn failed(why: &str) -> ServerError {
    tracing::error!("{why}");
    ErrorKind::GeneralError.with("The tokens could not be written; nothing was changed. The server's log says why.").into()
}

async fn list(State(app): State<App>, RawQuery(query): RawQuery) -> Result<Response, ServerError> {
    let mut board = None;
    for (key, value) in form_urlencoded::parse(query.as_deref().unwrap_or_default().as_bytes()) {
        match &*key {
            "board" => board = Some(board_name(&value)?.to_owned()),
            key => return Err(wrong(key, "is no key of this query; known is board", &value).into()),
        }
    }
    let shares: Vec<_> = app.tokens.shares(board.as_deref()).iter().map(told).collect();
    Ok(([NO_STORE], axum::Json(shares)).into_response())
}

/// 201 with the token and its link, which are told this once.
async fn create(State(app): State<App>, Extension(caller): Extension<Arc<Caller>>, body: Body) -> Result<Response, ServerError> {
    let body = whole(body, BODY_BYTES).await?;
    let asked: Asked = if body.is_empty() { Ok(Asked::default()) } else { serde_json::from_slice(&body) }.map_err(|why| {
        ErrorKind::BadRequest.with(format!("The body must be a JSON object like {{\"board\":\"mnist\",\"name\":\"for Ada\"}}: {why}."))
    })?;
    let board = board_name(&asked.board)?.to_owned();
    let access = app.tokens.clone();
    let made = tokio::task::spawn_blocking(move || access.create(TokenKind::Share, Some(board), &asked.name)).await;
    let (share, token) = made.map_err(|why| failed(&why.to_string()))?.map_err(refused)?;
    let mut told = told(&share);
    told["link"] = link(&caller.origin(), share.board.as_deref().unwrap_or_default(), &token).into();
    told["token"] = token.into();
    Ok((StatusCode::CREATED, [NO_STORE], axum::Json(told)).into_response())
}

async fn revoke(State(app): State<App>, Path(id): Path<String>) -> Result<Response, ServerError> {
    let (access, named) = (app.tokens.clone(), id.clone());
    let done = tokio::task::spawn_blocking(move || access.revoke(&named, TokenKind::Share)).await;
    match done.map_err(|why| failed(&why.to_string()))?.map_err(refused)? {
        true => Ok(([NO_STORE], axum::Json(json!({ "id": id }))).into_response()),
        false => Err(ErrorKind::NotFound.with(format!("There is no share '{id}'.")).into()),
    }
}
