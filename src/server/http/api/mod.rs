//! REST, one file a resource; here is what they share.

mod board_items;
pub mod boards;
pub mod columns;
mod document_list;
pub mod empty_charts;
pub mod export;
mod export_query;
mod figure_query;
mod format;
mod group_parameters;
pub mod groups;
pub mod keras;
pub mod layout;
mod line_stream;
pub mod marks;
pub mod points;
pub mod purge;
pub mod request;
pub mod run_groups;
pub mod run_log;
pub mod run_reads;
pub mod run_table;
pub mod runs;
pub mod shares;
pub mod values;
pub mod views;

use axum::body::Bytes;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::protocol::{ApiError, ErrorKind};
use crate::server::boards::JsonResponse;
use crate::server::error::ServerError;
use crate::server::parse_pool::parse_in_pool;

/// Of a stored response to a repeated request.
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

const NO_STORE: (HeaderName, &str) = (header::CACHE_CONTROL, "no-store");

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

/// The query without `upsert`, and its value.
fn take_upsert(query: &str) -> Result<(String, bool), ApiError> {
    let (mut rest, mut upsert) = (form_urlencoded::Serializer::new(String::new()), false);
    for (key, value) in form_urlencoded::parse(query.as_bytes()) {
        match (&*key, &*value) {
            ("upsert", "true") => upsert = true,
            ("upsert", "false") => upsert = false,
            ("upsert", _) => return Err(invalid_parameter("upsert", "must be true or false", &value)),
            _ => drop(rest.append_pair(&key, &value)),
        }
    }
    Ok((rest.finish(), upsert))
}
