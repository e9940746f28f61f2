//! Removed cells that are kept for undo, over all boards: found by their id, bounded by number, bytes and age.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::protocol::CellId;
use crate::server::store::{Record, StoredValue};

/// Removed cells of one board that can be brought back.
pub const PER_BOARD: usize = 100;
/// Removed cells of all boards. Their documents stay in memory, their values do not.
pub const IN_ALL: usize = 10_000;
/// What they may take on disk together, about: documents, values and points. The newest one stays whatever it takes.
pub const BYTES: u64 = 128 << 20;
/// For so long after its removal a cell can be brought back.
pub const AGE_MS: u64 = 30 * 24 * 3_600_000;
/// Purged by one commit beside its own work, so that no commit waits long for this.
pub const PURGED_PER_COMMIT: usize = 256;
/// A row's own size, and what leads to it.
const ROW_BYTES: u64 = 512;
/// About what a point takes in a chunk.
const POINT_BYTES: u64 = 12;

#[derive(Clone, Debug)]
pub struct Tombstone {
    pub board: Arc<str>,
    /// The event that told of the removal.
    pub seq: u64,
    pub removed_ms: u64,
    pub bytes: u64,
}

#[derive(Clone, Debug, Default)]
pub struct Tombstones {
    by_id: HashMap<CellId, Tombstone>,
    by_age: BTreeSet<(u64, CellId)>,
    bytes: u64,
}

impl Tombstones {
    pub fn get(&self, id: &CellId) -> Option<&Tombstone> {
        self.by_id.get(id)
    }

    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Oldest first.
    pub fn oldest(&self) -> impl Iterator<Item = (&CellId, &Tombstone)> {
        self.by_age.iter().filter_map(|(_, id)| Some((id, self.by_id.get(id)?)))
    }

    pub fn insert(&mut self, record: &Record, points: u64) {
        self.remove(&record.id);
        let tombstone =
            Tombstone { board: record.board.clone(), seq: record.seq, removed_ms: record.updated_ms, bytes: weight(record, points) };
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

/// About what a removed cell takes on disk.
pub fn weight(record: &Record, points: u64) -> u64 {
    let keys = serde_json::to_string(&record.keys).map_or(0, |doc| doc.len() as u64);
    let value = match &record.value {
        StoredValue::Missing => 0,
        StoredValue::Inline(json) => json.len() as u64,
        StoredValue::Stored(bytes) => *bytes,
    };
    ROW_BYTES + keys + value + points.saturating_mul(POINT_BYTES)
}
