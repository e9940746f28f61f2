//! Adds, replaces and removes marks and views of a board.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::board_document::{existing_board, put_keys};
use super::board_list::{BoardList, ItemDraft};
use super::idempotency::JsonResponse;
use super::views::VIEWS;
use super::{Boards, IdempotentRequest};
use crate::protocol::{ApiError, ErrorKind, RunId};
use crate::server::error::ServerError;
use crate::server::ids;
use crate::server::store::Batch;

/// Memory of a change until it is written, beside that of its body.
const ITEM_BYTES: usize = 1024;

impl Boards {
    /// The items of a list as JSON, in the order in which they were added. 404: there is no such board.
    pub fn list_items(&self, board: &str, list: &BoardList) -> Result<String, ApiError> {
        let index = self.store.index();
        let known = existing_board(&index, board)?;
        Ok(json!(list.items(known.document.as_deref())).to_string())
    }

    /// One item as JSON. 404: there is no such board or item.
    pub fn list_item(&self, board: &str, list: &BoardList, id: &str) -> Result<String, ApiError> {
        let index = self.store.index();
        let items = list.items(existing_board(&index, board)?.document.as_deref());
        Ok(items[list.place(items, board, id)?].to_string())
    }

    /// The query of the page's address that shows a view. 404: there is no such view.
    pub fn view_address(&self, board: &str, id: &str) -> Result<String, ApiError> {
        let index = self.store.index();
        let views = VIEWS.items(index.board(board).and_then(|known| known.document.as_deref()));
        let view = &views[VIEWS.place(views, board, id)?];
        let query = view["query"].as_str().unwrap_or_default();
        let own = format!("view={id}");
        Ok(if query.is_empty() { own } else { format!("{query}&{own}") })
    }

    /// Adds an item at the end, and returns it with its `_id`. 409: there is one of this `_id`. 413: there are too many.
    pub async fn add_item(
        &self,
        board: Arc<str>,
        list: &'static BoardList,
        draft: ItemDraft,
        idempotency: Option<IdempotentRequest>,
    ) -> Result<JsonResponse, ServerError> {
        let bytes = ITEM_BYTES + draft.bytes;
        let operation = move |batch: &mut Batch| {
            if let Some(response) = IdempotentRequest::lookup(idempotency.as_ref(), batch)? {
                return Ok(response);
            }
            let mut items = list.items_in(batch, &board);
            let id = draft.keys.get("_id").cloned().unwrap_or_else(|| ids::random().into());
            if items.iter().any(|item| item["_id"] == id) {
                let message = format!("The board '{board}' has a {} with the id {id} already; nothing was added.", list.noun);
                return Err(ErrorKind::Conflict.with(message).into());
            }
            if items.len() >= list.max_items {
                items.retain(|item| !is_of_purged_run(batch, &board, item));
            }
            if items.len() >= list.max_items {
                let message = format!("A board may have {} {}s; nothing was added. Delete one first.", list.max_items, list.noun);
                return Err(ErrorKind::PayloadTooLarge.with(message).into());
            }
            let item = with_id(&id, draft.keys);
            items.push(item.clone());
            store(batch, &board, list, items)?;
            Ok(IdempotentRequest::store_report(idempotency, batch, item.to_string(), || json!({ "_id": id, "repeated": true })))
        };
        self.store.write(bytes, operation).await
    }

    /// Replaces an item, and returns it. 404: there is none.
    pub async fn replace_item(
        &self,
        board: Arc<str>,
        list: &'static BoardList,
        id: String,
        draft: ItemDraft,
        idempotency: Option<IdempotentRequest>,
    ) -> Result<JsonResponse, ServerError> {
        let bytes = ITEM_BYTES + draft.bytes;
        let operation = move |batch: &mut Batch| {
            if let Some(response) = IdempotentRequest::lookup(idempotency.as_ref(), batch)? {
                return Ok(response);
            }
            let mut items = list.items_in(batch, &board);
            let at = list.place(&items, &board, &id)?;
            let item = with_id(&id.as_str().into(), draft.keys);
            items[at] = item.clone();
            store(batch, &board, list, items)?;
            Ok(IdempotentRequest::store_document(idempotency, batch, item.to_string(), || json!({ "_id": id, "repeated": true })))
        };
        self.store.write(bytes, operation).await
    }

    /// Removes an item, and returns it. 404: there is none.
    pub async fn remove_item(
        &self,
        board: Arc<str>,
        list: &'static BoardList,
        id: String,
        idempotency: Option<IdempotentRequest>,
    ) -> Result<JsonResponse, ServerError> {
        let operation = move |batch: &mut Batch| {
            if let Some(response) = IdempotentRequest::lookup(idempotency.as_ref(), batch)? {
                return Ok(response);
            }
            let mut items = list.items_in(batch, &board);
            let item = items.remove(list.place(&items, &board, &id)?);
            store(batch, &board, list, items)?;
            Ok(IdempotentRequest::store_document(idempotency, batch, item.to_string(), || json!({ "_id": id, "repeated": true })))
        };
        self.store.write(ITEM_BYTES, operation).await
    }
}

/// Whether the run that the item names is not on the board and cannot be restored.
fn is_of_purged_run(batch: &Batch, board: &str, item: &Value) -> bool {
    let run = item["run"].as_str().and_then(RunId::parse);
    run.is_some_and(|run| batch.run(board, &run).is_none() && batch.removed_run(board, &run).is_none())
}

fn store(batch: &mut Batch, board: &Arc<str>, list: &BoardList, items: Vec<Value>) -> Result<(), ApiError> {
    let mut keys = batch.board_document(board).map(|document| document.keys.clone()).unwrap_or_default();
    match items.is_empty() {
        true => drop(keys.shift_remove(list.key)),
        false => drop(keys.insert(list.key.to_owned(), items.into())),
    }
    put_keys(batch, board, keys).map(drop)
}

/// The item with its id as the first key.
fn with_id(id: &Value, mut keys: Map<String, Value>) -> Value {
    keys.shift_remove("_id");
    std::iter::once(("_id".to_owned(), id.clone())).chain(keys).collect::<Map<_, _>>().into()
}
