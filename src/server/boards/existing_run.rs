//! Runs that a request names: there, missing, or deleted.

use std::sync::Arc;

use crate::protocol::{ApiError, ErrorKind, RunId};
use crate::server::store::{Batch, RunRecord};

pub fn no_run(board: &str, id: &RunId) -> ApiError {
    ErrorKind::NotFound.with(format!("The board '{board}' has no run '{id}'."))
}

pub fn deleted_run(board: &str, id: &RunId) -> ApiError {
    let way = format!("POST /boards/{board}/runs/{id}/restore brings it back");
    ErrorKind::Gone.with(format!("The run '{id}' of the board '{board}' was deleted; nothing was changed. {way}."))
}

/// The run, if there is one. 410: it was deleted.
pub fn existing_run(batch: &Batch, board: &str, id: &RunId) -> Result<Option<Arc<RunRecord>>, ApiError> {
    match batch.run(board, id) {
        Some(record) => Ok(Some(record)),
        None if batch.removed_run(board, id).is_some() => Err(deleted_run(board, id)),
        None => Ok(None),
    }
}
