//! What the handlers extract from a request, besides its body.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};

use crate::protocol::{CellId, ErrorKind, RunId};
use crate::server::App;
use crate::server::auth::policy::Caller;
use crate::server::boards::runs::parse_run_id;
use crate::server::boards::{IdempotentRequest, ResponseShape, board_name};
use crate::server::error::ServerError;
use crate::server::limits::MAX_IDEMPOTENCY_KEY_CHARS;
use crate::server::net::response_budget::Principal;

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// The numbers of the writer's keys ascend.
const WINDOW: HeaderName = HeaderName::from_static("idempotency-window");

/// The state of the server, the caller, and the head of the request.
pub struct RequestContext {
    pub app: App,
    pub caller: Arc<Caller>,
    /// As it was sent; empty without one.
    pub query: String,
    pub headers: HeaderMap,
    method: Method,
}

impl FromRequestParts<App> for RequestContext {
    type Rejection = ServerError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ServerError> {
        let caller = parts.extensions.get::<Arc<Caller>>().cloned();
        let caller = caller.ok_or_else(|| ErrorKind::Forbidden.with("Internal error: the request bypassed authentication."))?;
        let query = parts.uri.query().unwrap_or_default().to_owned();
        Ok(Self { app: app.clone(), caller, query, headers: parts.headers.clone(), method: parts.method.clone() })
    }
}

impl RequestContext {
    /// Whose share of the memory the response takes.
    pub fn principal(&self) -> &Principal {
        &self.caller.token
    }

    pub fn accept(&self) -> Option<&str> {
        self.text(&header::ACCEPT)
    }

    pub fn content_type(&self) -> Option<&str> {
        self.text(&header::CONTENT_TYPE)
    }

    pub fn has_idempotency_key(&self) -> bool {
        self.headers.contains_key(KEY)
    }

    /// The request's `Idempotency-Key`, if it has one, for a change of documents. `id`: empty for many cells.
    pub fn idempotent_change(&self, id: &str, body: &[u8], shape: &ResponseShape) -> Result<Option<IdempotentRequest>, ServerError> {
        self.idempotent(&format!("{} {id}?{}", self.method, self.query), body, shape)
    }

    /// The request's `Idempotency-Key`, if it has one, with a hash of its body and `address`: of one method and path.
    pub fn idempotent(&self, address: &str, body: &[u8], shape: &ResponseShape) -> Result<Option<IdempotentRequest>, ServerError> {
        let window = self.only(&WINDOW, "Idempotency-Window")?;
        if window.is_some_and(|window| window != "ascending") {
            return Err(refused("Idempotency-Window", "must be 'ascending', or left out"));
        }
        let Some(key) = self.only(&KEY, "Idempotency-Key")? else { return Ok(None) };
        let key = key.to_str().ok();
        let max = MAX_IDEMPOTENCY_KEY_CHARS;
        let key = match window {
            None => key.and_then(IdempotentRequest::opaque_key).ok_or_else(|| format!("must be 1 to {max} printable ASCII characters")),
            Some(_) => key.and_then(IdempotentRequest::ascending_key).ok_or_else(|| {
                format!("must be <writer>:<number> beside 'Idempotency-Window: ascending', {max} printable ASCII characters at most and the number from 0 to 4294967295")
            }),
        };
        let key = key.map_err(|rule| refused("Idempotency-Key", &rule))?;
        // A checksum is enough: another body under a used key is a mistake, not an attack.
        let mut sum = crc32fast::Hasher::new();
        sum.update(address.as_bytes());
        sum.update(body);
        let hash = ((body.len() as u64) << 32) | u64::from(sum.finalize());
        Ok(Some(IdempotentRequest { key, hash, shape: shape.clone() }))
    }

    fn text(&self, name: &HeaderName) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The value of a header. 400 if there are several: which one counts would depend on the proxies in between.
    fn only(&self, name: &HeaderName, shown: &str) -> Result<Option<&HeaderValue>, ServerError> {
        let mut values = self.headers.get_all(name).iter();
        match (values.next(), values.next()) {
            (value, None) => Ok(value),
            _ => Err(refused(shown, "must be sent once")),
        }
    }
}

fn refused(header: &str, rule: &str) -> ServerError {
    ErrorKind::BadRequest.with(format!("'{header}' {rule}.")).at(header, rule).into()
}

/// The name of a board in a path. Error: 400.
pub struct BoardInPath(pub Arc<str>);

impl FromRequestParts<App> for BoardInPath {
    type Rejection = ServerError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ServerError> {
        let Path(board) =
            Path::<String>::from_request_parts(parts, app).await.map_err(|why| ErrorKind::BadRequest.with(why.body_text()))?;
        Ok(Self(Arc::from(board_name(&board)?)))
    }
}

/// The name of a board and the id of one of its marks or views in a path. Error: 400.
pub struct ItemInPath {
    pub board: Arc<str>,
    pub item: String,
}

impl FromRequestParts<App> for ItemInPath {
    type Rejection = ServerError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ServerError> {
        let path = Path::<(String, String)>::from_request_parts(parts, app).await;
        let Path((board, item)) = path.map_err(|why| ErrorKind::BadRequest.with(why.body_text()))?;
        Ok(Self { board: Arc::from(board_name(&board)?), item })
    }
}

/// The name of a board and the id of a run in a path. Error: 400.
pub struct RunInPath {
    pub board: Arc<str>,
    pub run: RunId,
}

impl FromRequestParts<App> for RunInPath {
    type Rejection = ServerError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ServerError> {
        let path = Path::<(String, String)>::from_request_parts(parts, app).await;
        let Path((board, run)) = path.map_err(|why| ErrorKind::BadRequest.with(why.body_text()))?;
        Ok(Self { board: Arc::from(board_name(&board)?), run: parse_run_id(&run)? })
    }
}

/// The cell id of a path. Error: 404, because no cell can have another one.
pub struct CellInPath(pub CellId);

impl FromRequestParts<App> for CellInPath {
    type Rejection = ServerError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ServerError> {
        let Path(id) = Path::<String>::from_request_parts(parts, app).await.map_err(|why| ErrorKind::BadRequest.with(why.body_text()))?;
        match CellId::parse(&id) {
            Some(id) => Ok(Self(id)),
            None => Err(ErrorKind::NotFound.with(format!("No record found for id '{id}'")).into()),
        }
    }
}
