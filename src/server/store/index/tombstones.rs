//! Tombstones: deleted cells that can be restored. Found by id; limited by number, bytes and age.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::protocol::CellId;
use crate::server::store::record::{Record, StoredValue};

/// Tombstones purged by one commit, so that no commit takes long.
pub const MAX_PURGED_PER_COMMIT: usize = 256;
/// Estimated overhead of a row and its index entry.
const ROW_BYTES: u64 = 512;
/// Upper estimate of a point's size in a chunk.
const POINT_BYTES: u64 = 12;

#[derive(Clone, Debug)]
pub struct Tombstone {
    pub board: Arc<str>,
    /// The event of the removal.
    pub seq: u64,
    pub removed_ms: u64,
    pub bytes: u64,
}

#[derive(Clone, Debug, Default)]
pub struct TombstoneIndex {
    by_id: HashMap<CellId, Tombstone>,
    by_age: BTreeSet<(u64, CellId)>,
    bytes: u64,
}

impl TombstoneIndex {
    pub fn get(&self, id: &CellId) -> Option<&Tombstone> {
        self.by_id.get(id)
    }

    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// All tombstones, oldest removal first.
    pub fn oldest(&self) -> impl Iterator<Item = (&CellId, &Tombstone)> {
        self.by_age.iter().filter_map(|(_, id)| Some((id, self.by_id.get(id)?)))
    }

    /// `points` and `run_values`: the number of its points, and the bytes of the values of runs.
    pub fn insert(&mut self, record: &Record, points: u64, run_values: u64) {
        self.remove(&record.id);
        let tombstone = Tombstone {
            board: record.board.clone(),
            seq: record.seq,
            removed_ms: record.updated_ms,
            bytes: disk_bytes(record, points) + run_values,
        };
        self.bytes += tombstone.bytes;
        self.by_age.insert((tombstone.removed_ms, record.id.clone()));
        self.by_id.insert(record.id.clone(), tombstone);
    }

    pub fn remove(&mut self, id: &CellId) -> Option<Tombstone> {
        let known = self.by_id.remove(id)?;
        self.by_age.remove(&(known.removed_ms, id.clone()));
        self.bytes -= known.bytes;
        Some(known)
    }
}

/// Estimated size of a deleted cell on disk, with `points` points.
pub fn disk_bytes(record: &Record, points: u64) -> u64 {
    let value = match &record.value {
        StoredValue::Missing => 0,
        StoredValue::Inline(json) => json.len() as u64,
        StoredValue::Stored(bytes) => *bytes,
    };
    disk_bytes_of(&record.keys, points) + value
}

/// Estimated size of a row with these keys and of so many points.
pub fn disk_bytes_of(keys: &Map<String, Value>, points: u64) -> u64 {
    let keys = serde_json::to_string(keys).map_or(0, |doc| doc.len() as u64);
    ROW_BYTES + keys + points.saturating_mul(POINT_BYTES)
}
