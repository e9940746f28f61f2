//! The indexes of the configurations of boards.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::config_index::ConfigIndex;
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
