//! What lists of cells and of runs have in common: how they are written, and which queries may change many.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::Response;
use futures::stream::{self, Stream, StreamExt};
use serde_json::Value;

use super::NO_STORE;
use crate::protocol::{ApiError, ErrorKind};
use crate::server::error::ServerError;
use crate::server::net::response_budget::{Share, counted};

pub const JSON: [(HeaderName, &str); 2] = [(header::CONTENT_TYPE, "application/json"), NO_STORE];

/// Writes one document at a time: together they may be larger than the memory. An error cuts the response. `page`: the keys of
/// `$page=true`, beside `data`.
pub fn respond_list(
    share: Arc<Share>,
    status: StatusCode,
    page: Option<Value>,
    documents: impl Stream<Item = Result<String, ServerError>> + Send + 'static,
) -> Response {
    let (start, end) = match page.map(|page| page.to_string()) {
        None => ("[".to_owned(), "]"),
        Some(page) => ([page.strip_suffix('}').unwrap_or(&page), ",\"data\":["].concat(), "]}"),
    };
    let separated = documents.enumerate().map(|(at, document)| Ok([if at > 0 { "," } else { "" }, &document?].concat()));
    let body = stream::iter([Ok(start)]).chain(separated).chain(stream::iter([Ok(end.to_owned())]));
    let body = body.map(move |part: Result<String, ServerError>| part.map(|part| share.lend(part.into())));
    counted((status, JSON, Body::from_stream(body)))
}

/// What a query that changes many is about.
pub struct ChangeOfMany<'a> {
    /// `change`, `delete`.
    pub verb: &'a str,
    /// `cell`, `run`.
    pub noun: &'a str,
    /// A query that would be taken.
    pub example: &'a str,
}

impl ChangeOfMany<'_> {
    /// Refuses a page, and a query that matches everything: one slip must not touch all.
    pub fn check(&self, is_paged: bool, is_everything: bool) -> Result<(), ApiError> {
        let Self { verb, noun, example } = self;
        if is_paged {
            let message = format!("To {verb} many {noun}s, $limit and $skip cannot be used: every {noun} that matches is meant.");
            return Err(ErrorKind::BadRequest.with(message));
        }
        if is_everything {
            let message = format!("To {verb} many {noun}s a query is needed, such as {example}; with an id in the path, one {noun}.");
            return Err(ErrorKind::MethodNotAllowed.with(message));
        }
        Ok(())
    }
}
