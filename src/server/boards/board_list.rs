//! Lists of small documents within the document of a board: its marks and its views. They are bounded, and few requests change them, so
//! that they need no tables of their own: a commit, a backup and a check have them with the document.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::runs::parse_object;
use crate::protocol::json_path::json_type_name;
use crate::protocol::{ApiError, ErrorKind};
use crate::server::store::{Batch, BoardDocument};

/// Characters of the id of an item.
const MAX_ID_CHARS: usize = 64;
/// Characters of a client's key in an error.
const MAX_SHOWN_CHARS: usize = 80;

/// A key of the document of a board whose value is a list of items with an `_id`.
pub struct BoardList {
    pub key: &'static str,
    /// What an item is called: `mark`.
    pub noun: &'static str,
    pub max_items: usize,
    /// Checks the keys of an item without its `_id`. 400 with the wrong key and its rule.
    pub check: fn(&Map<String, Value>) -> Result<(), ApiError>,
}

/// An item from a client, checked, and the size of the request body in bytes.
#[derive(Debug)]
pub struct ItemDraft {
    pub keys: Map<String, Value>,
    pub bytes: usize,
}

impl BoardList {
    /// Parses the body of one item. Keys that are `null` are left out.
    pub fn parse(&self, body: &[u8]) -> Result<ItemDraft, ApiError> {
        let mut keys = parse_object(body)?;
        keys.retain(|_, value| !value.is_null());
        self.check_item(&keys, false)?;
        Ok(ItemDraft { keys, bytes: body.len() })
    }

    /// Checks the whole list, as a change of the board's document brings it.
    pub fn check_all(&self, list: &Value) -> Result<(), ApiError> {
        let Value::Array(items) = list else {
            return Err(wrong(self.key, &format!("must be an array, not {}", json_type_name(list))));
        };
        if items.len() > self.max_items {
            return Err(wrong(self.key, &format!("may have {} {}s", self.max_items, self.noun)));
        }
        let mut ids = HashSet::new();
        for item in items {
            let Value::Object(keys) = item else {
                return Err(wrong(self.key, &format!("must be an array of objects, not of {}", json_type_name(item))));
            };
            self.check_item(keys, true)?;
            if !ids.insert(keys.get("_id")) {
                return Err(wrong(self.key, "has an '_id' twice"));
            }
        }
        Ok(())
    }

    fn check_item(&self, keys: &Map<String, Value>, needs_id: bool) -> Result<(), ApiError> {
        match keys.get("_id") {
            None if !needs_id => {}
            id if id.and_then(Value::as_str).is_some_and(is_id) => {}
            _ => return Err(wrong("_id", "must be 1 to 64 letters, digits, '-' or '_'")),
        }
        (self.check)(keys)
    }

    /// The items of a document.
    pub fn items<'a>(&self, document: Option<&'a BoardDocument>) -> &'a [Value] {
        document.and_then(|document| document.keys.get(self.key)?.as_array()).map_or(&[], Vec::as_slice)
    }

    pub fn items_in(&self, batch: &Batch, board: &str) -> Vec<Value> {
        self.items(batch.board_document(board).as_deref()).to_vec()
    }

    /// Where an item stands. 404 without it.
    pub fn place(&self, items: &[Value], board: &str, id: &str) -> Result<usize, ApiError> {
        items.iter().position(|item| item["_id"] == id).ok_or_else(|| {
            let id: String = id.chars().take(MAX_ID_CHARS).collect();
            ErrorKind::NotFound.with(format!("The board '{board}' has no {} '{id}'.", self.noun))
        })
    }
}

fn is_id(id: &str) -> bool {
    (1..=MAX_ID_CHARS).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

pub fn wrong(key: &str, rule: &str) -> ApiError {
    let key: String = key.chars().take(MAX_SHOWN_CHARS).collect();
    ErrorKind::BadRequest.with(format!("'{key}' {rule}; nothing was changed.")).at(&key, rule)
}
