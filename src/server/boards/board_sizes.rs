//! What boards have on disk.

use std::collections::HashMap;
use std::sync::Arc;

use super::Boards;

impl Boards {
    /// The boards that have cells or runs, with about how many bytes each has on disk. Commits can interleave: a large board takes a while.
    pub fn board_sizes(&self) -> HashMap<String, u64> {
        let names: Vec<Arc<str>> = self.store.index().boards().map(|(name, _)| name.clone()).collect();
        let size = |name: Arc<str>| {
            let index = self.store.index();
            Some((name.to_string(), index.board_bytes(index.board(&name)?)))
        };
        names.into_iter().filter_map(size).collect()
    }
}
