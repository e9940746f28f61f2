//! REST, one file a resource; here is what they share.

pub mod boards;
pub mod columns;
mod export;
mod format;
pub mod keras;
pub mod points;
pub mod purge;
pub mod shares;
pub mod values;

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::protocol::{ApiError, CellId, ErrorKind};
use crate::server::boards::{IdempotentRequest, JsonResponse, ResponseShape};
use crate::server::error::ServerError;
use crate::server::parse_pool::parse_in_pool;

/// Of a stored response to a repeated request.
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// The numbers of the writer's keys ascend.
const WINDOW: &str = "idempotency-window";

const NO_STORE: (HeaderName, &str) = (header::CACHE_CONTROL, "no-store");

/// The request's `Idempotency-Key`, if it has one, with a hash of its body and `address`: of one method and path.
fn idempotent_request(
    headers: &HeaderMap,
    address: &str,
    body: &[u8],
    shape: &ResponseShape,
) -> Result<Option<IdempotentRequest>, ServerError> {
    let refused =
        |header: &str, rule: String| ServerError::from(ErrorKind::BadRequest.with(format!("'{header}' {rule}.")).at(header, &rule));
    let window = headers.get(WINDOW).map(HeaderValue::as_bytes);
    if window.is_some_and(|window| window != b"ascending") {
        return Err(refused("Idempotency-Window", "must be 'ascending', or left out".to_owned()));
    }
    let Some(key) = headers.get("idempotency-key") else { return Ok(None) };
    let key = key.to_str().ok();
    let max_len = IdempotentRequest::MAX_KEY_LEN;
    let key = match window {
        None => key.and_then(IdempotentRequest::opaque_key).ok_or_else(|| format!("must be 1 to {max_len} printable ASCII characters")),
        Some(_) => key.and_then(IdempotentRequest::ascending_key).ok_or_else(|| {
            format!("must be <writer>:<number> beside 'Idempotency-Window: ascending', {max_len} printable ASCII characters at most and the number from 0 to 4294967295")
        }),
    };
    let key = key.map_err(|rule| refused("Idempotency-Key", rule))?;
    // A checksum is enough: another body under a used key is a mistake, not an attack.
    let mut sum = crc32fast::Hasher::new();
    sum.update(address.as_bytes());
    sum.update(body);
    let hash = ((body.len() as u64) << 32) | u64::from(sum.finalize());
    Ok(Some(IdempotentRequest { key, hash, shape: shape.clone() }))
}

fn json_response(response: JsonResponse) -> Response {
    let status = StatusCode::from_u16(response.status).unwrap_or(StatusCode::OK);
    let mut reply = (status, [(header::CONTENT_TYPE, "application/json"), NO_STORE], response.text).into_response();
    if response.is_repeated {
        reply.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    }
    reply
}

/// Parses a body, a large one on a thread of the parse pool.
async fn parse_body<T, F>(body: &Bytes, parse: F) -> Result<T, ServerError>
where
    T: Send + 'static,
    F: FnOnce(&[u8]) -> Result<T, ApiError> + Send + 'static,
{
    let body = body.clone();
    Ok(parse_in_pool(body.len(), move || parse(&body)).await??)
}

/// 400 for a query parameter that breaks its rule. Long texts are cut.
fn invalid_parameter(key: &str, rule: &str, value: &str) -> ApiError {
    let short = |text: &str| text.chars().take(80).collect::<String>();
    ErrorKind::BadRequest.with(format!("'{}' {rule}, not '{}'.", short(key), short(value))).at(&short(key), rule)
}

/// The cell id of a path. Error: 404, because no cell can have another one.
fn cell_id(id: &str) -> Result<CellId, ServerError> {
    CellId::parse(id).ok_or_else(|| ErrorKind::NotFound.with(format!("No record found for id '{id}'")).into())
}

fn header_text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
