//! REST: one file a resource.

mod aside;
pub mod boards;
mod body;
mod budget;
mod columns;
mod drawing;
mod numbers;
mod points;
pub mod publish;
pub mod series;
pub mod shares;
pub mod values;

use aside::aside;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
pub use body::{broken, part, whole};

use super::board::{Answer, Form, Once};
use super::error::Problem;
use super::store::Key;
use crate::protocol::{ApiError, ErrorKind};

/// Says of an answer that its request had been done before.
const REPEATED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// The `Idempotency-Key` with what tells this body, sent to this place, from another.
fn once(headers: &HeaderMap, place: &str, body: &[u8], form: &Form) -> Result<Option<Once>, Problem> {
    let Some(key) = headers.get("idempotency-key") else { return Ok(None) };
    let key = key.to_str().ok().and_then(Key::parse).ok_or_else(|| {
        let rule = format!("must be 1 to {} printable ASCII characters, best as <writer>:<number>", Key::MAX_LEN);
        Problem::from(ErrorKind::BadRequest.with(format!("'Idempotency-Key' {rule}.")).at("Idempotency-Key", &rule))
    })?;
    // Told apart by checksum and length: who sends another body under an old key errs, and does not attack.
    let mut sum = crc32fast::Hasher::new();
    sum.update(place.as_bytes());
    sum.update(body);
    let hash = ((body.len() as u64) << 32) | u64::from(sum.finalize());
    Ok(Some(Once { key, hash, form: form.clone() }))
}

fn told_once(answer: Answer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let head = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    let mut reply = (status, head, answer.text).into_response();
    if answer.is_repeated {
        reply.headers_mut().insert(REPEATED, HeaderValue::from_static("true"));
    }
    reply
}

/// A key of an address's query that is not as it must be. Long texts are not repeated whole.
fn wrong(key: &str, rule: &str, value: &str) -> ApiError {
    let short = |text: &str| text.chars().take(80).collect::<String>();
    ErrorKind::BadRequest.with(format!("'{}' {rule}, not '{}'.", short(key), short(value))).at(&short(key), rule)
}
