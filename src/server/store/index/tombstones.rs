//! Tombstones: deleted cells that can be restored. Found by id; limited by number, bytes and age.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::protocol::CellId;
use crate::server::store::record::{Record, StoredValue};

/// Tombstones purged by one commit, so that no commit takes long.
pub const MAX_PURGED_PER_COMMIT: usize = 256;
/// Estimated overhead of a row and its index entry.
pub const ROW_BYTES: u64 = 512;
/// Upper estimate of a point's size in a chunk.
pub const POINT_BYTES: u64 = 12;

#[derive(Clone, Debug)]
pub struct Tombstone {
    pub board: Arc<str>,
    /// The event of the removal.
    pub seq: u64,
    pub removed_ms: u64,
    pub bytes: u64,
    /// Its board was deleted: it has limits of its own.
    pub is_of_board: bool,
}

#[derive(Clone, Debug, Default)]
pub struct TombstoneIndex {
    by_id: HashMap<CellId, Tombstone>,
    /// Cells that were deleted one by one, and those of deleted boards.
    single: AgeOrder,
    of_boards: AgeOrder,
}

/// Tombstones by the time of the removal.
#[derive(Clone, Debug, Default)]
struct AgeOrder {
    by_age: BTreeSet<(u64, CellId)>,
    bytes: u64,
}

impl TombstoneIndex {
    pub fn get(&self, id: &CellId) -> Option<&Tombstone> {
        self.by_id.get(id)
    }

    /// Number and bytes of those that were deleted one by one, or with their boards.
    pub fn totals(&self, is_of_board: bool) -> (usize, u64) {
        let order = self.order(is_of_board);
        (order.by_age.len(), order.bytes)
    }

    /// All tombstones: first those that were deleted one by one; the oldest removal first.
    pub fn all(&self) -> impl Iterator<Item = (&CellId, &Tombstone)> {
        self.oldest(false).chain(self.oldest(true))
    }

    /// Those that were deleted one by one, or with their boards; the oldest removal first.
    pub fn oldest(&self, is_of_board: bool) -> impl Iterator<Item = (&CellId, &Tombstone)> {
        self.order(is_of_board).by_age.iter().filter_map(|(_, id)| Some((id, self.by_id.get(id)?)))
    }

    /// Of the board that was deleted last.
    pub fn newest_of_boards(&self) -> Option<&Tombstone> {
        self.by_id.get(&self.of_boards.by_age.last()?.1)
    }

    /// `bytes`: what the cell has on disk, about.
    pub fn insert(&mut self, record: &Record, bytes: u64, is_of_board: bool) {
        self.remove(&record.id);
        let tombstone = Tombstone { board: record.board.clone(), seq: record.seq, removed_ms: record.updated_ms, bytes, is_of_board };
        let order = self.order_mut(is_of_board);
        order.bytes += bytes;
        order.by_age.insert((tombstone.removed_ms, record.id.clone()));
        self.by_id.insert(record.id.clone(), tombstone);
    }

    fn order(&self, is_of_board: bool) -> &AgeOrder {
        if is_of_board { &self.of_boards } else { &self.single }
    }

    fn order_mut(&mut self, is_of_board: bool) -> &mut AgeOrder {
        if is_of_board { &mut self.of_boards } else { &mut self.single }
    }

    pub fn remove(&mut self, id: &CellId) -> Option<Tombstone> {
        let known = self.by_id.remove(id)?;
        let order = self.order_mut(known.is_of_board);
        order.by_age.remove(&(known.removed_ms, id.clone()));
        order.bytes -= known.bytes;
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
