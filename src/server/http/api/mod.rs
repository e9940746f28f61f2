//! REST: one file a resource.

pub mod boards;
mod columns;
mod export;
mod format;
pub mod keras;
pub mod points;
mod points_page;
pub mod purge;
pub mod shares;
pub mod values;

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::protocol::{ApiError, ErrorKind};
use crate::server::boards::{IdempotentRequest, JsonResponse, ResponseShape};
use crate::server::error::ServerError;
use crate::server::store::IdempotencyKey;

/// Says of an answer that its request had been done before.
const REPEATED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// Says that the numbers of keys ascend, for the cheaper window.
const WINDOW: &str = "idempotency-window";

/// The `Idempotency-Key` with what tells this body, sent to this place, from another.
fn once(headers: &HeaderMap, place: &str, body: &[u8], form: &ResponseShape) -> Result<Option<IdempotentRequest>, ServerError> {
    let refused =
        |header: &str, rule: String| ServerError::from(ErrorKind::BadRequest.with(format!("'{header}' {rule}.")).at(header, &rule));
    let window = headers.get(WINDOW).map(HeaderValue::as_bytes);
    if window.is_some_and(|window| window != b"ascending") {
        return Err(refused("Idempotency-Window", "must be 'ascending', or left out".to_owned()));
    }
    let Some(sent) = headers.get("idempotency-key") else { return Ok(None) };
    let sent = sent.to_str().ok();
    let key = match window {
        None => sent.and_then(IdempotencyKey::opaque).ok_or_else(|| format!("must be 1 to {} printable ASCII characters", IdempotencyKey::MAX_LEN)),
        Some(_) => sent.and_then(IdempotencyKey::ascending).ok_or_else(|| {
            let most = IdempotencyKey::MAX_LEN;
            format!("must be <writer>:<number> beside 'Idempotency-Window: ascending', {most} printable ASCII characters at most and the number from 0 to 4294967295")
        }),
    };
    let key = key.map_err(|rule| refused("Idempotency-Key", rule))?;
    // Told apart by checksum and length: who sends another body under an old key errs, and does not attack.
    let mut sum = crc32fast::Hasher::new();
    sum.update(place.as_bytes());
    sum.update(body);
    let hash = ((body.len() as u64) << 32) | u64::from(sum.finalize());
    Ok(Some(IdempotentRequest { key, hash, shape: form.clone() }))
}

fn told_once(answer: JsonResponse) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let head = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    let mut reply = (status, head, answer.text).into_response();
    if answer.is_repeated {
        reply.headers_mut().insert(REPEATED, HeaderValue::from_static("true"));
    }
    reply
}

/// What `parse` makes of the body, beside the threads that answer where it is large.
async fn aside<T, F>(body: &Bytes, parse: F) -> Result<T, ServerError>
where
    T: Send + 'static,
    F: FnOnce(&[u8]) -> Result<T, ApiError> + Send + 'static,
{
    let body = body.clone();
    Ok(super::body::parse_pool::aside(body.len(), move || parse(&body)).await??)
}

/// A key of an address's query that is not as it must be. Long texts are not repeated whole.
fn wrong(key: &str, rule: &str, value: &str) -> ApiError {
    let short = |text: &str| text.chars().take(80).collect::<String>();
    ErrorKind::BadRequest.with(format!("'{}' {rule}, not '{}'.", short(key), short(value))).at(&short(key), rule)
}
