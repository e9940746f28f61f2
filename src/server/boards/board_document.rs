//! The document of a board: its title, its goal, the settings of its metrics.

use std::sync::Arc;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::board_list::BoardList;
use super::idempotency::JsonResponse;
use super::marks::MARKS;
use super::metrics::MetricSettings;
use super::runs::{check_text, parse_object};
use super::views::VIEWS;
use super::{Boards, IdempotentRequest, layout_rules};
use crate::protocol::json_path::json_type_name;
use crate::protocol::{ApiError, BoardLayout, BoardSettings, Direction, ErrorKind};
use crate::server::cells::markdown_fragment;
use crate::server::error::ServerError;
use crate::server::limits::{MAX_KEYS_BYTES, MAX_RUN_NAME_CHARS, MAX_RUN_NOTES_BYTES, MAX_SERIES_NAME_CHARS};
use crate::server::store::{Batch, BoardDocument, BoardIndex, Index, REMOVED, timestamp};

/// Keys that the server sets. They are ignored, because clients send back documents that they read.
const SERVER_KEYS: [&str; 8] = ["_id", "name", "cells", "runs", "rev", "createdAt", "updatedAt", REMOVED];

/// Key of the arrangement of the board.
pub const LAYOUT: &str = "layout";

/// Keys of a board from a client, checked. `null` removes a key.
#[derive(Clone, Debug, PartialEq)]
pub struct BoardDraft {
    keys: Map<String, Value>,
    /// Size of the request body, in bytes.
    bytes: usize,
}

/// Parses the body of a change of a board. 400 and 413 with the wrong key and its rule.
pub fn parse_board(body: &[u8]) -> Result<BoardDraft, ApiError> {
    let mut keys = parse_object(body)?;
    SERVER_KEYS.iter().for_each(|key| drop(keys.shift_remove(*key)));
    for (key, value) in keys.iter().filter(|(_, value)| !value.is_null()) {
        match (key.as_str(), value) {
            ("title", value) => check_text(key, value, MAX_RUN_NAME_CHARS)?,
            ("description", Value::String(text)) if text.len() > MAX_RUN_NOTES_BYTES => {
                return Err(wrong(key, &format!("may have {} KiB", MAX_RUN_NOTES_BYTES >> 10)));
            }
            ("description", value) if !value.is_string() => return Err(wrong_type(key, "must be a string", value)),
            ("archived", value) if !value.is_boolean() => return Err(wrong_type(key, "must be true or false", value)),
            ("goal", value) => check_goal(value)?,
            ("metrics", value) => drop(MetricSettings::parse(value)?),
            ("marks", value) => MARKS.check_all(value)?,
            ("views", value) => VIEWS.check_all(value)?,
            ("layout", value) => layout_rules::check_board(value)?,
            _ => {}
        }
    }
    Ok(BoardDraft { keys, bytes: body.len() })
}

/// `{"metric": "val/acc", "direction": "max"}`; the direction may be missing where the name says it.
fn check_goal(goal: &Value) -> Result<(), ApiError> {
    let metric = goal.get("metric").and_then(Value::as_str).filter(|metric| (1..=MAX_SERIES_NAME_CHARS).contains(&metric.chars().count()));
    let direction = goal.get("direction").filter(|direction| !direction.is_null());
    let is_direction = direction.is_none_or(|direction| direction.as_str().and_then(Direction::from_name).is_some());
    match (metric, is_direction) {
        (Some(_), true) => Ok(()),
        (None, _) => Err(wrong("goal", "must be an object with the name of a metric: {\"metric\":\"loss\",\"direction\":\"min\"}")),
        (_, false) => Err(wrong("goal", "has a 'direction' that must be 'min' or 'max'")),
    }
}

fn wrong(key: &str, rule: &str) -> ApiError {
    ErrorKind::BadRequest.with(format!("'{key}' {rule}; nothing was changed.")).at(key, rule)
}

fn wrong_type(key: &str, rule: &str, found: &Value) -> ApiError {
    wrong(key, &format!("{rule}, not {}", json_type_name(found)))
}

pub fn no_board(name: &str) -> ApiError {
    ErrorKind::NotFound.with(format!("There is no board '{name}': a board begins with its first cell, its first run or a PATCH."))
}

fn document(name: &str, counts: (usize, usize), document: Option<&BoardDocument>) -> Value {
    let mut keys = Map::new();
    keys.insert("name".to_owned(), name.into());
    if let Some(document) = document {
        keys.extend(document.keys.clone());
    }
    keys.insert("cells".to_owned(), counts.0.into());
    keys.insert("runs".to_owned(), counts.1.into());
    if let Some(BoardDocument { rev, created_ms, updated_ms, .. }) = document {
        keys.insert("rev".to_owned(), (*rev).into());
        keys.insert("createdAt".to_owned(), timestamp(*created_ms).into());
        keys.insert("updatedAt".to_owned(), timestamp(*updated_ms).into());
    }
    keys.into()
}

/// The board, if it has cells, runs or a document. 404 without it.
pub fn existing_board<'a>(index: &'a Index, name: &str) -> Result<&'a BoardIndex, ApiError> {
    index.board(name).filter(|board| is_there(board)).ok_or_else(|| no_board(name))
}

/// Whether the board has cells, runs or a document; one in the trash has none.
pub fn is_there(board: &BoardIndex) -> bool {
    !board.cells.is_empty() || !board.runs.is_empty() || board.document.as_deref().is_some_and(has_keys)
}

/// Whether the document has a key; that of a deleted board has none.
pub fn has_keys(document: &BoardDocument) -> bool {
    !document.keys.is_empty()
}

/// Writes the keys of the document of a board. 413: they would be too large.
pub fn put_keys(batch: &mut Batch, board: &Arc<str>, keys: Map<String, Value>) -> Result<Arc<BoardDocument>, ApiError> {
    if serde_json::to_string(&keys).map_or(0, |text| text.len()) > MAX_KEYS_BYTES {
        let rule = format!("may have {} KiB in all", MAX_KEYS_BYTES >> 10);
        return Err(ErrorKind::PayloadTooLarge.with(format!("The document of a board {rule}; nothing was changed.")));
    }
    Ok(batch.put_board_document(board, keys))
}

/// The key `layout` of the document; the default for one that no check has seen.
pub fn layout_of(document: &BoardDocument) -> BoardLayout {
    layout_in(document.keys.get(LAYOUT))
}

/// The same of its value.
pub fn layout_in(layout: Option<&Value>) -> BoardLayout {
    layout.map(BoardLayout::deserialize).and_then(Result::ok).unwrap_or_default()
}

/// The items of a list of the document, without those that no check has seen.
fn items_of<T: DeserializeOwned>(document: Option<&BoardDocument>, list: &BoardList) -> Vec<T> {
    list.items(document).iter().filter_map(|item| T::deserialize(item).ok()).collect()
}

/// Number of cells and of runs.
fn counts(index: &Index, name: &str) -> (usize, usize) {
    index.board(name).map_or((0, 0), |board| (board.cells.len(), board.runs.len()))
}

impl Boards {
    /// What the page gets of the document of a board.
    pub fn settings(&self, name: &str) -> BoardSettings {
        let document = self.store.index().board(name).and_then(|board| board.document.clone());
        let document = document.as_deref();
        let text = |key: &str| document.and_then(|document| document.keys.get(key)?.as_str()).filter(|text| !text.is_empty());
        BoardSettings {
            title: text("title").unwrap_or(name).to_owned(),
            description: text("description").map(markdown_fragment).unwrap_or_default(),
            archived: document.is_some_and(|document| document.keys.get("archived") == Some(&true.into())),
            layout: document.map(layout_of).unwrap_or_default(),
            // Those of deleted runs, too: a chart draws them with their run, once it is restored.
            marks: items_of(document, &MARKS),
            views: items_of(document, &VIEWS),
        }
    }

    /// The document of a board with its number of cells and runs. 404: the board has none of these.
    pub fn board_document(&self, name: &str) -> Result<Value, ApiError> {
        let index = self.store.index();
        let known = existing_board(&index, name)?;
        Ok(document(name, (known.cells.len(), known.runs.len()), known.document.as_deref()))
    }

    /// Merges keys into the document of a board, which need not be there. 413: it would be too large.
    pub async fn patch_board(
        &self,
        board: Arc<str>,
        draft: BoardDraft,
        idempotency: Option<IdempotentRequest>,
    ) -> Result<JsonResponse, ServerError> {
        let bytes = 1024 + draft.bytes;
        let operation = move |batch: &mut Batch| {
            if let Some(response) = IdempotentRequest::lookup(idempotency.as_ref(), batch)? {
                return Ok(response);
            }
            let mut keys = batch.board_document(&board).map(|before| before.keys.clone()).unwrap_or_default();
            for (key, value) in draft.keys {
                match value {
                    Value::Null => drop(keys.shift_remove(&key)),
                    value => drop(keys.insert(key, value)),
                }
            }
            let cells = counts(batch.index, &board).0;
            let runs = batch.run_count(&board);
            let known = put_keys(batch, &board, keys)?;
            let text = document(&board, (cells, runs), Some(&known)).to_string();
            Ok(IdempotentRequest::store_document(idempotency, batch, text, || json!({ "name": board, "rev": known.rev, "repeated": true })))
        };
        self.store.write(bytes, operation).await
    }
}
