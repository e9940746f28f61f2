//! What the runs of a board have in common, and in what they differ: `run-diff`, and the indexes of their configurations.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::config_index::ConfigIndex;
use super::document_keys::is_private;
use super::no_run;
use super::run_diff::{RunDiff, diff_runs};
use crate::protocol::{ApiError, RunId};
use crate::server::boards::Boards;
use crate::server::limits::MAX_CONFIG_INDEXES;

/// The indexes of the configurations of boards that were read last.
#[derive(Default)]
pub struct ConfigIndexes(Mutex<Indexes>);

#[derive(Default)]
struct Indexes {
    boards: HashMap<Arc<str>, (Arc<Mutex<ConfigIndex>>, u64)>,
    reads: u64,
}

impl ConfigIndexes {
    pub fn of(&self, board: &str) -> Arc<Mutex<ConfigIndex>> {
        let mut indexes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        indexes.reads += 1;
        let reads = indexes.reads;
        if !indexes.boards.contains_key(board) && indexes.boards.len() == MAX_CONFIG_INDEXES {
            let oldest = indexes.boards.iter().min_by_key(|(_, (_, read))| *read).map(|(board, _)| board.clone());
            oldest.and_then(|oldest| indexes.boards.remove(&oldest));
        }
        let (index, read) = indexes.boards.entry(board.into()).or_default();
        *read = reads;
        index.clone()
    }
}

impl Boards {
    /// What differs between these runs. `is_public`: without what a share does not show. 404: one of them is not there.
    pub fn run_diff(&self, board: &str, ids: &[RunId], is_public: bool) -> Result<RunDiff, ApiError> {
        let runs = {
            let index = self.store.index();
            let known = index.board(board).map(|board| &board.runs);
            let run = |id: &RunId| known.and_then(|runs| runs.get(id)).cloned().ok_or_else(|| no_run(board, id));
            ids.iter().map(run).collect::<Result<Vec<_>, _>>()?
        };
        Ok(diff_runs(&runs, |key| !is_public || !is_private(key)))
    }
}
