//! Requests with an `Idempotency-Key`: each has its effect once, and is answered the same again.

use std::sync::Arc;

use serde_json::json;

use super::{Boards, Document, Query};
use crate::protocol::{ApiError, ErrorKind};
use crate::server::store::{Batch, Done, Held, Key, Reply};

/// Longer answers are not kept; a short one takes their place.
const ANSWER_BYTES: usize = 16 * 1024;

/// What makes a request one that is done once. The same key with another body, or for another address, is 422.
#[derive(Clone, Debug)]
pub struct Once {
    pub key: Key,
    /// Tells its body and address from others.
    pub hash: u64,
    pub form: Form,
}

/// How a request is answered.
#[derive(Clone, Debug)]
pub enum Form {
    /// What was appended.
    Points,
    /// Documents, as the query selects from them.
    One(Query),
    Many(Query),
}

/// The status of a request that made something; others have 200.
pub const CREATED: u16 = 201;

#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    pub status: u16,
    /// JSON.
    pub text: String,
    pub is_repeated: bool,
}

/// What a request for documents came to.
pub enum Came {
    /// The status, and the documents to tell of.
    Now(u16, Vec<Document>),
    /// The answer is settled: it is the one that is kept.
    Told(Answer),
}

impl Came {
    /// About how many bytes are to be written for an answer.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Now(_, documents) => documents.iter().filter_map(|document| document.value.as_ref()).map(|value| value.len()).sum(),
            Self::Told(_) => 0,
        }
    }
}

impl Form {
    pub fn text(&self, documents: &[Document]) -> String {
        let (query, is_list) = match self {
            Self::One(query) => (query, false),
            Self::Many(query) => (query, true),
            Self::Points => return String::new(),
        };
        let texts: Vec<String> = documents.iter().map(|document| query.project(document.to_json())).collect();
        let texts = texts.join(",");
        if is_list { format!("[{texts}]") } else { texts }
    }

    pub fn answer(&self, came: Came) -> Answer {
        match came {
            Came::Now(status, documents) => Answer { status, text: self.text(&documents), is_repeated: false },
            Came::Told(answer) => answer,
        }
    }

    /// For a repetition whose answer is no longer kept.
    fn forgotten(&self) -> &'static str {
        match self {
            Self::Points => r#"{"appended":0,"repeated":true}"#,
            Self::One(_) => r#"{"repeated":true}"#,
            Self::Many(_) => r#"[{"repeated":true}]"#,
        }
    }

    /// For a repetition whose answer was too long to be kept.
    fn short(&self, documents: &[Document]) -> String {
        let told = |document: &Document| json!({ "_id": document.record.id, "rev": document.record.rev, "repeated": true });
        let list = || documents.iter().map(told).collect::<Vec<_>>();
        match self {
            Self::Points => self.forgotten().to_owned(),
            Self::One(_) => documents.first().map_or_else(String::new, |document| told(document).to_string()),
            Self::Many(_) => Some(json!(list()).to_string())
                .filter(|text| text.len() <= ANSWER_BYTES)
                .unwrap_or_else(|| json!([{ "cells": documents.len(), "repeated": true }]).to_string()),
        }
    }
}

impl Once {
    /// The answer, where the request was done before. 422: its key came with another body, or for another address.
    fn answer(&self, done: Done) -> Result<Option<Answer>, ApiError> {
        match done {
            Done::Never => Ok(None),
            Done::Forgotten => {
                let status = if matches!(self.form, Form::Points) { CREATED } else { 200 };
                Ok(Some(Answer { status, text: self.form.forgotten().to_owned(), is_repeated: true }))
            }
            Done::Answered(Reply { hash, status, answer, .. }) if hash == self.hash => {
                Ok(Some(Answer { status, text: answer.to_string(), is_repeated: true }))
            }
            Done::Answered(_) => {
                let message =
                    "This Idempotency-Key was used with another body or address; nothing was changed. Use a new key for a new change.";
                Err(ErrorKind::Unprocessable.with(message))
            }
        }
    }

    /// The answer, where the request was done before; within the writer, where nothing comes in between. 422: see [`Once`].
    pub fn done(once: Option<&Self>, batch: &Batch) -> Result<Option<Answer>, ApiError> {
        once.map_or(Ok(None), |once| once.answer(batch.replied(&once.key)))
    }

    /// Keeps the answer in the commit of the change itself.
    pub fn keep(self, batch: &mut Batch, status: u16, text: String) -> Answer {
        batch.reply(self.key, self.hash, status, Arc::from(&*text));
        Answer { status, text, is_repeated: false }
    }

    /// Keeps what was appended: `text` of so many points.
    pub fn keep_points(self, batch: &mut Batch, text: String, points: usize) -> Answer {
        if text.len() > ANSWER_BYTES {
            let short = json!({ "appended": points, "repeated": true }).to_string();
            batch.reply(self.key, self.hash, CREATED, short.into());
            return Answer { status: CREATED, text, is_repeated: false };
        }
        self.keep(batch, CREATED, text)
    }

    /// Keeps what is told of the documents, as they are now. Without a key they are only handed on.
    pub fn came(once: Option<Self>, batch: &mut Batch, status: u16, mut documents: Vec<Document>) -> Came {
        let Some(once) = once else { return Came::Now(status, documents) };
        let mut bytes = 0;
        for document in &mut documents {
            if document.record.is_line() {
                // Not the points that were sent, which may be many.
                document.value = Some(batch.summary(&document.record.id).into());
            } else if let (None, Held::Inline(value)) = (&document.value, &document.record.value) {
                document.value = Some(value.clone());
            }
            // Those that are only on disk are larger than what is kept.
            let is_elsewhere = document.value.is_none() && matches!(document.record.value, Held::Stored(_));
            bytes += if is_elsewhere { ANSWER_BYTES + 1 } else { document.value.as_ref().map_or(0, |value| value.len()) };
        }
        let text = (bytes <= ANSWER_BYTES).then(|| once.form.text(&documents)).filter(|text| text.len() <= ANSWER_BYTES);
        match text {
            Some(text) => Came::Told(once.keep(batch, status, text)),
            None => {
                let short = once.form.short(&documents);
                once.keep(batch, status, short);
                Came::Now(status, documents)
            }
        }
    }
}

impl Boards {
    /// The answer, where the request was done before; looked up before anything is done that depends on how things are now. The writer looks again.
    pub(crate) fn done(&self, once: Option<&Once>) -> Result<Option<Answer>, ApiError> {
        once.map_or(Ok(None), |once| {
            let done = self.store.index().replies().done(&once.key);
            once.answer(done)
        })
    }
}
