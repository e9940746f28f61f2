//! `/shares`: links that show one board, made and revoked with a write token.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{NO_STORE, invalid_parameter};
use crate::protocol::ErrorKind;
use crate::server::App;
use crate::server::auth::policy::Caller;
use crate::server::auth::tokens::links::link;
use crate::server::auth::tokens::{SharedBoard, Token, TokenError, TokenKind};
use crate::server::boards::board_name;
use crate::server::error::ServerError;
use crate::server::http::body::read::read_to_end;
use crate::server::http::openapi::responses::{BadRequest, BodyErrors, NotFound};
use crate::server::http::openapi::schemas::Error;
use crate::server::limits::MAX_SHARE_BODY_BYTES;

/// All may be missing: the main board, no name, no details, and no view.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
struct ShareRequest {
    /// main when missing
    #[schema(pattern = "^$|^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,63}$")]
    board: String,
    /// For whom it is.
    #[schema(max_length = 100)]
    name: String,
    /// Whether it also shows command, host, console, traceback and keys of your own of runs.
    details: bool,
    /// The `_id` of the view of the board that the link opens with.
    #[schema(pattern = "^[A-Za-z0-9_-]{1,64}$")]
    view: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Share {
    id: String,
    board: String,
    name: String,
    /// Whether it shows the private details of runs.
    details: bool,
    #[schema(format = DateTime)]
    created_at: String,
}

/// The only reply that has the token.
#[derive(Serialize, ToSchema)]
struct CreatedShare {
    #[serde(flatten)]
    share: Share,
    link: String,
    token: String,
}

#[derive(Serialize, ToSchema)]
struct RevokedShare {
    id: String,
}

impl From<Token> for Share {
    fn from(token: Token) -> Self {
        let created_at = token.created_at();
        Self { id: token.id, board: token.board.unwrap_or_default(), name: token.name, details: token.details, created_at }
    }
}

fn refusal(why: TokenError) -> ServerError {
    match why {
        TokenError::Full => ErrorKind::Conflict.with(why.to_string()).into(),
        TokenError::Name => ErrorKind::BadRequest.with(why.to_string()).into(),
        error => failed(&error.to_string()),
    }
}

fn failed(why: &str) -> ServerError {
    tracing::error!("{why}");
    ErrorKind::GeneralError.with("The tokens could not be written; nothing was changed. The server's log says why.").into()
}

/// The link with the query before its token.
fn with_query(link: String, query: &str) -> String {
    match link.split_once('#') {
        Some((page, token)) if !query.is_empty() => format!("{page}?{query}#{token}"),
        _ => link,
    }
}

#[utoipa::path(
    get,
    path = "/shares",
    operation_id = "shares",
    summary = "The links that show one board; needs a token for writing, also on the server's own machine",
    params(("board" = Option<String>, Query, description = "Only those of this board.")),
    responses(
        (status = 200, description = "All there are.", body = Vec<Share>),
        (status = 400, response = BadRequest)
    )
)]
pub async fn list(State(app): State<App>, RawQuery(query): RawQuery) -> Result<Response, ServerError> {
    let mut board = None;
    for (key, value) in form_urlencoded::parse(query.as_deref().unwrap_or_default().as_bytes()) {
        match &*key {
            "board" => board = Some(board_name(&value)?.to_owned()),
            key => return Err(invalid_parameter(key, "is no key of this query; known is board", &value).into()),
        }
    }
    let shares: Vec<Share> = app.tokens.shares(board.as_deref()).into_iter().map(Share::from).collect();
    Ok(([NO_STORE], axum::Json(shares)).into_response())
}

/// 201 with the token and its link, which are shown only once.
#[utoipa::path(
    post,
    path = "/shares",
    operation_id = "share",
    summary = "Make a link that shows one board and changes nothing; needs a token for writing, also on the server's own machine",
    request_body = Option<ShareRequest>,
    responses(
        (status = 201, description = "The share with its token and its link, which are shown only once.", body = CreatedShare),
        (status = 404, response = NotFound),
        (status = 409, description = "There are 10,000 tokens, which is the most.", body = Error),
        (status = 400, response = BadRequest),
        BodyErrors
    )
)]
pub async fn create(State(app): State<App>, Extension(caller): Extension<Arc<Caller>>, body: Body) -> Result<Response, ServerError> {
    let body = read_to_end(body, MAX_SHARE_BODY_BYTES).await?;
    let sent: Option<ShareRequest> = if body.is_empty() { Ok(None) } else { serde_json::from_slice(&body) }.map_err(|why| {
        ErrorKind::BadRequest.with(format!("The body must be a JSON object like {{\"board\":\"mnist\",\"name\":\"for Ada\"}}: {why}."))
    })?;
    let sent = sent.unwrap_or_default();
    let board = board_name(&sent.board)?.to_owned();
    let query = sent.view.as_deref().map(|view| app.boards.view_address(&board, view)).transpose()?.unwrap_or_default();
    let (access, shared) = (app.tokens.clone(), SharedBoard { name: board, details: sent.details });
    let made = tokio::task::spawn_blocking(move || access.create(TokenKind::Share, Some(shared), &sent.name)).await;
    let (share, token) = made.map_err(|why| failed(&why.to_string()))?.map_err(refusal)?;
    let share = Share::from(share);
    let link = with_query(link(&caller.origin(), &share.board, &token), &query);
    Ok((StatusCode::CREATED, [NO_STORE], axum::Json(CreatedShare { share, link, token })).into_response())
}

#[utoipa::path(
    delete,
    path = "/shares/{id}",
    operation_id = "unshare",
    summary = "End a share; who came in by it is cut off. Needs a token for writing, also on the server's own machine",
    params(("id" = String, Path, description = "The id of a share.")),
    responses(
        (status = 200, description = "It has ended.", body = RevokedShare),
        (status = 404, response = NotFound)
    )
)]
pub async fn revoke(State(app): State<App>, Path(id): Path<String>) -> Result<Response, ServerError> {
    let (access, named) = (app.tokens.clone(), id.clone());
    let done = tokio::task::spawn_blocking(move || access.revoke(&named, TokenKind::Share)).await;
    match done.map_err(|why| failed(&why.to_string()))?.map_err(refusal)? {
        true => Ok(([NO_STORE], axum::Json(RevokedShare { id })).into_response()),
        false => Err(ErrorKind::NotFound.with(format!("There is no share '{id}'.")).into()),
    }
}
