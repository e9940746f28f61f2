//! Requests with an `Idempotency-Key`: each takes effect once, and a repetition gets the stored
//! response.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Boards, Document, Query};
use crate::protocol::{ApiError, ErrorKind};
use crate::server::limits::MAX_STORED_RESPONSE_BYTES;
use crate::server::store::{Batch, IdempotencyKey, ReplyLookup, StoredReply, StoredValue};

/// The key of a request, with what identifies the request. The same key with another body or
/// address is an error: 422.
#[derive(Clone, Debug)]
pub struct IdempotentRequest {
    pub key: IdempotencyKey,
    /// Hash of the body and the address.
    pub hash: u64,
    pub shape: ResponseShape,
}

/// The shape of a response body.
#[derive(Clone, Debug)]
pub enum ResponseShape {
    /// The report of an append.
    Points,
    /// The report of a run's log.
    Log,
    /// The document of one run.
    Run,
    /// The document of something that is created.
    Created,
    /// An array of documents of runs.
    Runs,
    /// One document, projected by the query.
    One(Query),
    /// An array of documents, projected by the query.
    Many(Query),
}

/// Status of a request that created something; others have 200.
pub const CREATED: u16 = 201;

#[derive(Clone, Debug, PartialEq)]
pub struct JsonResponse {
    pub status: u16,
    /// JSON.
    pub text: String,
    pub is_repeated: bool,
}

/// The outcome of a request that changes documents.
pub enum ChangeOutcome {
    /// The status, and the documents that the response shows.
    Documents(u16, Vec<Document>),
    /// The response that is stored under the key of the request.
    Stored(JsonResponse),
}

impl ChangeOutcome {
    /// Approximate size of the response body that is still to be written, in bytes.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Documents(_, documents) => documents.iter().filter_map(|document| document.value.as_ref()).map(|value| value.len()).sum(),
            Self::Stored(_) => 0,
        }
    }
}

impl ResponseShape {
    pub fn body(&self, documents: &[Document]) -> String {
        let (query, is_list) = match self {
            Self::One(query) => (query, false),
            Self::Many(query) => (query, true),
            Self::Points | Self::Log | Self::Run | Self::Created | Self::Runs => return String::new(),
        };
        let texts: Vec<String> = documents.iter().map(|document| query.project(document.to_json())).collect();
        let texts = texts.join(",");
        if is_list { format!("[{texts}]") } else { texts }
    }

    pub fn response(&self, outcome: ChangeOutcome) -> JsonResponse {
        match outcome {
            ChangeOutcome::Documents(status, documents) => JsonResponse { status, text: self.body(&documents), is_repeated: false },
            ChangeOutcome::Stored(response) => response,
        }
    }

    /// The body for a repetition whose response was evicted.
    fn evicted_body(&self) -> &'static str {
        match self {
            Self::Points => r#"{"appended":0,"repeated":true}"#,
            Self::Log => r#"{"points":0,"repeated":true}"#,
            Self::One(_) | Self::Run | Self::Created => r#"{"repeated":true}"#,
            Self::Many(_) | Self::Runs => r#"[{"repeated":true}]"#,
        }
    }

    /// The body for a repetition whose response was too long to be stored.
    fn summary_body(&self, documents: &[Document]) -> String {
        let summary = |document: &Document| json!({ "_id": document.record.id, "rev": document.record.rev, "repeated": true });
        let list = || documents.iter().map(summary).collect::<Vec<_>>();
        match self {
            Self::Points | Self::Log | Self::Run | Self::Created | Self::Runs => self.evicted_body().to_owned(),
            Self::One(_) => documents.first().map_or_else(String::new, |document| summary(document).to_string()),
            Self::Many(_) => Some(json!(list()).to_string())
                .filter(|text| text.len() <= MAX_STORED_RESPONSE_BYTES)
                .unwrap_or_else(|| json!([{ "cells": documents.len(), "repeated": true }]).to_string()),
        }
    }
}

impl IdempotentRequest {
    /// A key that stands for one request; `None` if it is not valid.
    pub fn opaque_key(text: &str) -> Option<IdempotencyKey> {
        IdempotencyKey::opaque(text)
    }

    /// `<writer>:<number>`; `None` if it is not valid.
    pub fn ascending_key(text: &str) -> Option<IdempotencyKey> {
        IdempotencyKey::ascending(text)
    }

    /// The stored response to an earlier request with this key. Call it inside the writer, where no
    /// other change can interleave. 422: the key was used with another body or address.
    pub fn lookup(request: Option<&Self>, batch: &Batch) -> Result<Option<JsonResponse>, ApiError> {
        request.map_or(Ok(None), |request| request.response(batch.stored_reply(&request.key)))
    }

    fn response(&self, done: ReplyLookup) -> Result<Option<JsonResponse>, ApiError> {
        match done {
            ReplyLookup::New => Ok(None),
            ReplyLookup::Expired => {
                let status =
                    if matches!(self.shape, ResponseShape::Points | ResponseShape::Log | ResponseShape::Created) { CREATED } else { 200 };
                Ok(Some(JsonResponse { status, text: self.shape.evicted_body().to_owned(), is_repeated: true }))
            }
            ReplyLookup::Found(StoredReply { hash, status, answer, .. }) if hash == self.hash => {
                Ok(Some(JsonResponse { status, text: answer.to_string(), is_repeated: true }))
            }
            ReplyLookup::Found(_) => {
                let message =
                    "This Idempotency-Key was used with another body or address; nothing was changed. Use a new key for a new change.";
                Err(ErrorKind::Unprocessable.with(message))
            }
        }
    }

    /// Stores the response in the commit of the change itself.
    pub fn store_response(self, batch: &mut Batch, status: u16, text: String) -> JsonResponse {
        batch.store_reply(self.key, self.hash, status, Arc::from(&*text));
        JsonResponse { status, text, is_repeated: false }
    }

    /// The response to an append of `points` points with the report `text`; stored if the request
    /// has a key.
    pub fn store_append(request: Option<Self>, batch: &mut Batch, text: String, points: usize) -> JsonResponse {
        Self::store_report(request, batch, text, || json!({ "appended": points, "repeated": true }))
    }

    /// The response 200 with the document `text`; stored if the request has a key. `summary`: of a document that is too long to be stored.
    pub fn store_document(request: Option<Self>, batch: &mut Batch, text: String, summary: impl FnOnce() -> Value) -> JsonResponse {
        let Some(request) = request else { return JsonResponse { status: 200, text, is_repeated: false } };
        if text.len() > MAX_STORED_RESPONSE_BYTES {
            batch.store_reply(request.key, request.hash, 200, summary().to_string().into());
            return JsonResponse { status: 200, text, is_repeated: false };
        }
        request.store_response(batch, 200, text)
    }

    /// The response 201 with the report `text`; stored if the request has a key. `summary`: of a report that is too long to be stored.
    pub fn store_report(request: Option<Self>, batch: &mut Batch, text: String, summary: impl FnOnce() -> Value) -> JsonResponse {
        let Some(request) = request else { return JsonResponse { status: CREATED, text, is_repeated: false } };
        if text.len() > MAX_STORED_RESPONSE_BYTES {
            batch.store_reply(request.key, request.hash, CREATED, summary().to_string().into());
            return JsonResponse { status: CREATED, text, is_repeated: false };
        }
        request.store_response(batch, CREATED, text)
    }

    /// Stores the response to a change of documents as they are now. Returns the documents without a
    /// key, and if their response is too long to be stored.
    pub fn store_outcome(request: Option<Self>, batch: &mut Batch, status: u16, mut documents: Vec<Document>) -> ChangeOutcome {
        let Some(request) = request else { return ChangeOutcome::Documents(status, documents) };
        let mut bytes = 0;
        for document in &mut documents {
            if document.record.is_line() {
                // The summary, not the points of the request, which may be many.
                document.value = Some(batch.summary(&document.record.id).into());
            } else if let (None, StoredValue::Inline(value)) = (&document.value, &document.record.value) {
                document.value = Some(value.clone());
            }
            // A value that is only on disk is larger than the maximum.
            let is_on_disk = document.value.is_none() && matches!(document.record.value, StoredValue::Stored(_));
            bytes += if is_on_disk { MAX_STORED_RESPONSE_BYTES + 1 } else { document.value.as_ref().map_or(0, |value| value.len()) };
        }
        let fits = |text: &String| text.len() <= MAX_STORED_RESPONSE_BYTES;
        let text = (bytes <= MAX_STORED_RESPONSE_BYTES).then(|| request.shape.body(&documents)).filter(fits);
        match text {
            Some(text) => ChangeOutcome::Stored(request.store_response(batch, status, text)),
            None => {
                let summary = request.shape.summary_body(&documents);
                request.store_response(batch, status, summary);
                ChangeOutcome::Documents(status, documents)
            }
        }
    }
}

impl Boards {
    /// The stored response to an earlier request with this key, before any work that depends on the
    /// current state. The writer looks it up again.
    pub(crate) fn stored_response(&self, request: Option<&IdempotentRequest>) -> Result<Option<JsonResponse>, ApiError> {
        request.map_or(Ok(None), |request| {
            let done = self.store.index().replies().lookup(&request.key);
            request.response(done)
        })
    }
}
