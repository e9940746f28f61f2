//! The document of a run: what clients may send, and what they read.

use serde_json::{Map, Value};

use super::document_keys::{DOCUMENT_KEYS, OWN_CHARTS};
use super::flat_config::check_config;
use super::secrets::redact_secrets;
use crate::protocol::json_path::json_type_name;
use crate::protocol::{ApiError, ErrorKind, RunId, RunStatus};
use crate::server::boards::metrics::{STEP_METRICS, check_step_metrics};
use crate::server::limits::{
    MAX_KEY_NAME_BYTES, MAX_RUN_BYTES, MAX_RUN_INTERVAL_SECONDS, MAX_RUN_NAME_CHARS, MAX_RUN_NOTES_BYTES, MAX_RUN_TAGS,
};

/// Keys that the server sets. They are ignored, because clients send back documents that they read.
const SERVER_KEYS: [&str; 11] =
    ["_id", "board", "rev", "createdAt", "updatedAt", "heartbeatAt", "metrics", OWN_CHARTS, "took", "state", "silentSince"];

/// What the server has noticed of a run: a sentence.
pub const WARNING: &str = "warning";

/// Keys of a run from a client, checked. `null` removes a key.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunDraft {
    pub keys: Map<String, Value>,
    /// Tags that are added to those that the run has, and removed from them: others may change them at the same time.
    added_tags: Vec<Value>,
    removed_tags: Vec<Value>,
    /// Size of the request body, in bytes.
    pub bytes: usize,
}

impl RunDraft {
    /// Whether the draft begins the run before the time at which it ended: it comes late, such as from a spool that is sent again, and
    /// does not open the run.
    fn starts_before_the_end(&self, before: &Map<String, Value>) -> bool {
        let status = |keys: &Map<String, Value>| keys.get("status").and_then(Value::as_str).and_then(RunStatus::parse);
        let has_ended = status(before).is_some_and(|status| status != RunStatus::Running);
        let times = (time_of(&self.keys, "startedAt"), time_of(before, "endedAt"));
        let is_earlier = matches!(times, (Some(start), Some(end)) if start < end);
        has_ended && is_earlier && status(&self.keys) == Some(RunStatus::Running)
    }

    /// The keys of `before` with those of the draft. A status that ends the run sets `endedAt` unless the
    /// draft does; `running` removes it. 413: the document would be too large.
    pub fn merge_into(&self, before: &Map<String, Value>, now: &str) -> Result<Map<String, Value>, ApiError> {
        let mut keys = before.clone();
        let is_outdated = self.starts_before_the_end(before);
        for (key, value) in &self.keys {
            match value {
                _ if is_outdated && matches!(&**key, "status" | "startedAt" | "endedAt") => {}
                Value::Null => drop(keys.shift_remove(key)),
                value => drop(keys.insert(key.clone(), value.clone())),
            }
        }
        self.merge_tags(&mut keys)?;
        let status = |keys: &Map<String, Value>| keys.get("status").and_then(Value::as_str).and_then(RunStatus::parse).unwrap_or_default();
        let (was, is) = (status(before), status(&keys));
        if keys.get("status").is_none() {
            keys.insert("status".to_owned(), is.as_str().into());
        }
        match is {
            _ if is_outdated => {}
            RunStatus::Running if !self.keys.contains_key("endedAt") => drop(keys.shift_remove("endedAt")),
            RunStatus::Running => {}
            _ if was == is && keys.contains_key("endedAt") => {}
            _ if self.keys.get("endedAt").is_some_and(Value::is_string) => {}
            _ => drop(keys.insert("endedAt".to_owned(), now.into())),
        }
        if serde_json::to_string(&keys).map_or(0, |text| text.len()) > MAX_RUN_BYTES {
            let rule = format!("may have {} KiB in all", MAX_RUN_BYTES >> 10);
            return Err(ErrorKind::PayloadTooLarge.with(format!("The document of a run {rule}; nothing was changed.")));
        }
        Ok(keys)
    }

    fn merge_tags(&self, keys: &mut Map<String, Value>) -> Result<(), ApiError> {
        if self.added_tags.is_empty() && self.removed_tags.is_empty() {
            return Ok(());
        }
        let mut tags = keys.get("tags").and_then(Value::as_array).cloned().unwrap_or_default();
        tags.retain(|tag| !self.removed_tags.contains(tag));
        for tag in &self.added_tags {
            if !tags.contains(tag) {
                tags.push(tag.clone());
            }
        }
        check_key("tags", &Value::Array(tags.clone()))?;
        keys.insert("tags".to_owned(), tags.into());
        Ok(())
    }
}

fn time_of(keys: &Map<String, Value>, key: &str) -> Option<jiff::Timestamp> {
    keys.get(key)?.as_str()?.parse().ok()
}

/// Parses the body of a change of runs. 400 and 413 with the wrong key and its rule.
pub fn parse_run(body: &[u8]) -> Result<RunDraft, ApiError> {
    let mut keys = parse_object(body)?;
    SERVER_KEYS.iter().for_each(|key| drop(keys.shift_remove(*key)));
    // Clients clear a warning, and never set one.
    if keys.get(WARNING).is_some_and(|warning| !warning.is_null()) {
        keys.shift_remove(WARNING);
    }
    let [added_tags, removed_tags] = [take_tags(&mut keys, "addTags")?, take_tags(&mut keys, "removeTags")?];
    for (key, value) in &keys {
        check_key(key, value)?;
    }
    for key in ["config", "summary"] {
        if let Some(Value::Object(inner)) = keys.get_mut(key) {
            redact_secrets(inner);
        }
    }
    Ok(RunDraft { keys, added_tags, removed_tags, bytes: body.len() })
}

/// The tags that are added or removed. They are no key of the document.
fn take_tags(keys: &mut Map<String, Value>, key: &str) -> Result<Vec<Value>, ApiError> {
    let tags = keys.shift_remove(key).unwrap_or_default();
    check_tags(key, &tags)?;
    Ok(tags.as_array().cloned().unwrap_or_default())
}

/// A list of tags, or `null`.
fn check_tags(key: &str, value: &Value) -> Result<(), ApiError> {
    let Value::Array(tags) = value else {
        return if value.is_null() { Ok(()) } else { Err(wrong(key, "must be a list of strings", value)) };
    };
    if tags.len() > MAX_RUN_TAGS {
        return refused(key, &format!("may have {MAX_RUN_TAGS} items"));
    }
    let fits = |tag: &Value| tag.as_str().is_some_and(|tag| (1..=MAX_RUN_NAME_CHARS).contains(&tag.chars().count()));
    if tags.iter().all(fits) { Ok(()) } else { refused(key, &format!("must be a list of strings of 1 to {MAX_RUN_NAME_CHARS} characters")) }
}

/// Parses the body that creates a run, whose `_id` may be missing.
pub fn parse_new_run(body: &[u8]) -> Result<(Option<RunId>, RunDraft), ApiError> {
    let id = match parse_object(body)?.get("_id") {
        None | Some(Value::Null) => None,
        Some(Value::String(id)) => Some(super::parse_run_id(id)?),
        Some(other) => return Err(wrong("_id", "must be a string", other)),
    };
    Ok((id, parse_run(body)?))
}

/// Parses a JSON object whose keys are texts of a bounded length.
pub fn parse_object(body: &[u8]) -> Result<Map<String, Value>, ApiError> {
    let text = std::str::from_utf8(body).map_err(|why| {
        ErrorKind::BadRequest.with(format!("The body is not UTF-8 text: byte {} is not part of a character.", why.valid_up_to()))
    })?;
    let keys: Map<String, Value> = serde_json::from_str(text).map_err(|why| {
        if let Ok(value) = serde_json::from_str::<Value>(text) {
            let message = format!("The body must be a JSON object, not {}; nothing was changed.", json_type_name(&value));
            return ErrorKind::BadRequest.with(message);
        }
        ErrorKind::BadRequest.with(match () {
            () if text.trim().is_empty() => "The body is empty; send a JSON object.".to_owned(),
            () if why.is_eof() => format!("The body is not a JSON object: it ends before it is complete, in line {}.", why.line()),
            () => format!("The body is not a JSON object: {why}."),
        })
    })?;
    match keys.keys().find(|key| key.len() > MAX_KEY_NAME_BYTES) {
        Some(_) => Err(ErrorKind::BadRequest.with(format!("A key may have {MAX_KEY_NAME_BYTES} bytes."))),
        None => Ok(keys),
    }
}

fn check_key(key: &str, value: &Value) -> Result<(), ApiError> {
    let refuse = |rule: &str| Err(wrong(key, rule, value));
    match (key, value) {
        (_, Value::Null) => Ok(()),
        ("name" | "group" | "job_type", value) => check_text(key, value, MAX_RUN_NAME_CHARS),
        ("notes", Value::String(text)) if text.len() > MAX_RUN_NOTES_BYTES => {
            refused(key, &format!("may have {} KiB", MAX_RUN_NOTES_BYTES >> 10))
        }
        ("notes" | "host" | "command" | "python", value) => {
            if value.is_string() {
                Ok(())
            } else {
                refuse("must be a string")
            }
        }
        ("tags", value) => check_tags(key, value),
        ("parent", value) => match value.as_str().and_then(RunId::parse) {
            Some(_) => Ok(()),
            None => refuse("must be the id of a run"),
        },
        ("status", value) => match value.as_str().and_then(RunStatus::parse) {
            Some(_) => Ok(()),
            None => refuse("must be running, finished, failed or killed"),
        },
        ("config" | "summary", Value::Object(keys)) => check_config(keys).map_err(|error| of_key(key, error)),
        ("fork", Value::Object(fork)) => check_fork(fork),
        ("config" | "summary" | "fork" | "source" | "git" | "exit", value) => {
            if value.is_object() {
                Ok(())
            } else {
                refuse("must be an object")
            }
        }
        ("startedAt" | "endedAt", value) => match value.as_str().map(str::parse::<jiff::Timestamp>) {
            Some(Ok(_)) => Ok(()),
            _ => refuse("must be a time such as 2026-11-28T10:00:00Z"),
        },
        ("archived" | "hidden", value) => {
            if value.is_boolean() {
                Ok(())
            } else {
                refuse("must be true or false")
            }
        }
        ("colour", value) => match value.as_u64() {
            Some(0..=7) => Ok(()),
            _ => refuse("must be a whole number from 0 to 7"),
        },
        ("interval", value) => check_interval(value),
        (STEP_METRICS, value) => check_step_metrics(value).or_else(|rule| refused(key, &rule)),
        // It would be read as the key within the object, and a share shows that.
        _ if key.split_once('.').is_some_and(|(head, _)| DOCUMENT_KEYS.contains(&head)) => {
            refuse("must be a key within the object, without a dot in its name")
        }
        _ => Ok(()),
    }
}

/// `{"run": "first", "step": 100}`: where a run began as a copy of another one, which need not be there any more.
fn check_fork(fork: &Map<String, Value>) -> Result<(), ApiError> {
    let is_id = fork.get("run").and_then(Value::as_str).and_then(RunId::parse).is_some();
    let is_step = fork.get("step").is_none_or(|step| step.is_number() || step.is_null());
    if is_id && is_step { Ok(()) } else { refused("fork", "must name a run, and may name a step: {\"run\":\"first\",\"step\":100}") }
}

/// A text of at most so many characters without control characters.
pub fn check_text(key: &str, value: &Value, most: usize) -> Result<(), ApiError> {
    match value {
        Value::String(text) if text.chars().count() > most => refused(key, &format!("may have {most} characters")),
        Value::String(text) if text.contains(char::is_control) => refused(key, "must have no control characters"),
        Value::String(_) => Ok(()),
        other => Err(wrong(key, "must be a string", other)),
    }
}

/// The announced seconds between two signs of life.
pub fn check_interval(value: &Value) -> Result<(), ApiError> {
    match value.as_f64() {
        Some(seconds) if seconds > 0.0 && seconds <= MAX_RUN_INTERVAL_SECONDS => Ok(()),
        _ => Err(wrong("interval", &format!("must be a number of seconds above 0, at most {MAX_RUN_INTERVAL_SECONDS}"), value)),
    }
}

fn wrong(key: &str, rule: &str, found: &Value) -> ApiError {
    let found = match found {
        Value::String(text) => format!("'{}'", text.chars().take(80).collect::<String>()),
        Value::Number(number) => number.to_string(),
        other => json_type_name(other).to_owned(),
    };
    ErrorKind::BadRequest.with(format!("'{key}' {rule}, not {found}; nothing was changed.")).at(key, rule)
}

/// The error of a configuration for another key of the document.
fn of_key(key: &str, error: ApiError) -> ApiError {
    let message = format!("{}; nothing was changed.", error.message.replace("'config'", &format!("'{key}'")).trim_end_matches('.'));
    ApiError { message, ..error }
}

fn refused(key: &str, rule: &str) -> Result<(), ApiError> {
    Err(ErrorKind::BadRequest.with(format!("'{key}' {rule}; nothing was changed.")).at(key, rule))
}
