//! Signs of life of a run that brings no points, and the warning of two writers.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use super::document::{WARNING, check_interval};
use super::no_run;
use crate::protocol::{ApiError, ErrorKind, RunId};
use crate::server::boards::Boards;
use crate::server::boards::existing_run::{deleted_run, existing_run};
use crate::server::error::ServerError;
use crate::server::limits::MAX_RUN_NAME_CHARS;
use crate::server::store::{Batch, ChangeKind, RunRecord};

/// The document says so once, until a client clears it.
pub const TWO_WRITERS: &str = "Two processes write to this run at the same time; give each of them a run of its own.";
/// Memory of a change of the document, in bytes.
const RUN_BYTES: usize = 1024;

/// A heartbeat: `{"interval":15,"writer":"…"}`. Both keys may be missing.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default)]
pub struct Heartbeat {
    /// The seconds between two signs.
    pub interval: Option<Value>,
    /// Names the process, so that two of them are noticed.
    pub writer: Option<String>,
}

impl Heartbeat {
    /// 400: it is not a heartbeat. An empty body is one.
    pub fn parse(body: &[u8]) -> Result<Self, ApiError> {
        let wrong = |why: String| ErrorKind::BadRequest.with(format!("The body must be a JSON object like {{\"interval\":15}}{why}."));
        match body.trim_ascii().first() {
            None => return Ok(Self::default()),
            Some(b'{') => {}
            // A list of the values of the keys would be parsed, too.
            Some(_) => return Err(wrong(String::new())),
        }
        let beat: Self = serde_json::from_slice(body).map_err(|why| wrong(format!(": {why}")))?;
        beat.interval.as_ref().map_or(Ok(()), check_interval)?;
        beat.writer.as_deref().map_or(Ok(()), check_writer)?;
        Ok(beat)
    }
}

/// 400: the name of a writer is too long or empty.
pub fn check_writer(writer: &str) -> Result<(), ApiError> {
    if (1..=MAX_RUN_NAME_CHARS).contains(&writer.chars().count()) {
        return Ok(());
    }
    let rule = format!("must have 1 to {MAX_RUN_NAME_CHARS} characters");
    Err(ErrorKind::BadRequest.with(format!("'writer' {rule}.")).at("writer", rule))
}

impl Boards {
    /// Takes a sign of life of a run. Returns the warning of its document, if it has one.
    ///
    /// A heartbeat is no change of the document, but for the first one with another interval, and a sign by a second writer.
    /// 404: there is no such run. 410: it was deleted.
    pub async fn heartbeat(&self, board: Arc<str>, id: RunId, beat: Heartbeat) -> Result<Option<String>, ServerError> {
        let record = {
            let index = self.store.index();
            let runs = index.board(&board).map(|board| &board.runs);
            match runs.and_then(|runs| runs.get(&id)) {
                Some(record) => record.clone(),
                None if runs.is_some_and(|runs| runs.tombstone(&id).is_some()) => return Err(deleted_run(&board, &id).into()),
                None => return Err(no_run(&board, &id).into()),
            }
        };
        let has_two_writers = self.signs.add(&board, &id, beat.writer.as_deref());
        let warning = |record: &RunRecord| record.keys.get(WARNING).and_then(Value::as_str).map(str::to_owned);
        let changes = changes(&record, beat.interval.as_ref(), has_two_writers);
        if changes.is_empty() && !self.signs.are_due() {
            return Ok(warning(&record));
        }
        let signs = self.signs.clone();
        let operation = move |batch: &mut Batch| {
            let record = existing_run(batch, &board, &id)?.ok_or_else(|| no_run(&board, &id))?;
            signs.store(batch);
            let changes = self::changes(&record, beat.interval.as_ref(), has_two_writers);
            if changes.is_empty() {
                return Ok(warning(&record));
            }
            let mut record = RunRecord::clone(&record);
            record.keys.extend(changes.into_iter().map(|(key, value)| (key.to_owned(), value)));
            Ok(warning(&batch.put_run(ChangeKind::Patched, record)))
        };
        self.store.write::<_, ServerError, _>(RUN_BYTES, operation).await
    }
}

/// What a sign changes in the document.
fn changes(record: &RunRecord, interval: Option<&Value>, has_two_writers: bool) -> Vec<(&'static str, Value)> {
    let mut changes = Vec::new();
    if let Some(interval) = interval.filter(|interval| record.keys.get("interval").and_then(Value::as_f64) != interval.as_f64()) {
        changes.push(("interval", interval.clone()));
    }
    if has_two_writers && !record.keys.contains_key(WARNING) {
        changes.push((WARNING, TWO_WRITERS.into()));
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heartbeat_is_an_object_or_empty() {
        assert_eq!(Heartbeat::parse(b" \n").unwrap(), Heartbeat::default());
        assert_eq!(Heartbeat::parse(br#" {"writer":"w"}"#).unwrap().writer.as_deref(), Some("w"));
        for body in [r#"[15,"w"]"#, "[]", "15", "null", "{\"interval\":0}", "{\"writer\":\"\"}"] {
            assert_eq!(Heartbeat::parse(body.as_bytes()).unwrap_err().code, 400, "{body}");
        }
    }
}
