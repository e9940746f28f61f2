//! Deleted runs that can be restored, of all boards: the oldest deletion first, with their sizes.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::tombstones::disk_bytes_of;
use crate::protocol::RunId;
use crate::server::store::run_record::RunRecord;

/// One deletion, of one run or of many.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RunDeletion {
    /// Unix time, ms.
    pub removed_ms: u64,
    pub board: Arc<str>,
    /// Its event, among those of the board's runs.
    pub seq: u64,
}

impl RunDeletion {
    fn of(record: &RunRecord) -> Self {
        Self { removed_ms: record.updated_ms, board: record.board.clone(), seq: record.seq }
    }
}

/// What a run has in the cells of its board.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RunSize {
    pub points: u64,
    /// Bytes of its values in cells of other types than `line`.
    pub value_bytes: u64,
}

#[derive(Clone, Debug, Default)]
pub struct RunTrash {
    /// The runs of each deletion that are still in the trash, with their estimated bytes on disk.
    deletions: BTreeMap<RunDeletion, BTreeMap<RunId, u64>>,
    runs: usize,
    bytes: u64,
}

impl RunTrash {
    /// Number of runs.
    pub fn len(&self) -> usize {
        self.runs
    }

    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// All runs with their estimated bytes, those of the oldest deletion first.
    pub fn oldest(&self) -> impl Iterator<Item = (&RunDeletion, &RunId, u64)> {
        self.deletions.iter().flat_map(|(deletion, runs)| runs.iter().map(move |(run, bytes)| (deletion, run, *bytes)))
    }

    /// The newest deletion.
    pub fn newest(&self) -> Option<&RunDeletion> {
        self.deletions.last_key_value().map(|(deletion, _)| deletion)
    }

    /// Adds a deleted run, or replaces it.
    pub fn insert(&mut self, record: &RunRecord, size: RunSize) {
        self.remove(record);
        let bytes = disk_bytes_of(&record.keys, size.points) + size.value_bytes;
        self.deletions.entry(RunDeletion::of(record)).or_default().insert(record.id.clone(), bytes);
        self.runs += 1;
        self.bytes += bytes;
    }

    pub fn remove(&mut self, record: &RunRecord) {
        let deletion = RunDeletion::of(record);
        let Some(runs) = self.deletions.get_mut(&deletion) else { return };
        if let Some(bytes) = runs.remove(&record.id) {
            self.runs -= 1;
            self.bytes -= bytes;
        }
        if runs.is_empty() {
            self.deletions.remove(&deletion);
        }
    }
}
