//! The runs of one board, found by id and in the order of creation.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::protocol::RunId;
use crate::server::store::run_record::{RUN_COLOURS, RunRecord};

#[derive(Clone, Debug, Default)]
pub struct RunIndex {
    by_order: BTreeMap<u64, Arc<RunRecord>>,
    order: HashMap<RunId, u64>,
    /// Deleted runs that can be restored. Their series are hidden.
    tombstones: HashMap<RunId, Arc<RunRecord>>,
    /// For each colour of the palette, how many runs have it; archived ones do not count.
    colours: [usize; RUN_COLOURS],
}

impl RunIndex {
    pub fn get(&self, id: &RunId) -> Option<&Arc<RunRecord>> {
        self.by_order.get(self.order.get(id)?)
    }

    pub fn contains(&self, id: &RunId) -> bool {
        self.order.contains_key(id)
    }

    pub fn len(&self) -> usize {
        self.order.len()
    }

    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// All runs, the oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Arc<RunRecord>> {
        self.by_order.values()
    }

    /// For each colour of the palette, how many runs have it; archived ones do not count.
    pub fn colours(&self) -> [usize; RUN_COLOURS] {
        self.colours
    }

    pub fn tombstone(&self, id: &RunId) -> Option<&Arc<RunRecord>> {
        self.tombstones.get(id)
    }

    /// Deleted runs, in no particular order.
    pub fn tombstones(&self) -> impl Iterator<Item = &Arc<RunRecord>> {
        self.tombstones.values()
    }

    /// Inserts or replaces a run, or brings it back from the tombstones.
    pub(crate) fn put(&mut self, record: Arc<RunRecord>) {
        self.remove(&record.id);
        if let Some(colour) = record.live_colour() {
            self.colours[colour] += 1;
        }
        self.order.insert(record.id.clone(), record.created_order);
        self.by_order.insert(record.created_order, record);
    }

    /// Replaces a run by its tombstone.
    pub(crate) fn put_tombstone(&mut self, record: Arc<RunRecord>) {
        self.remove(&record.id);
        self.tombstones.insert(record.id.clone(), record);
    }

    /// Removes a run, or its tombstone.
    pub(crate) fn remove(&mut self, id: &RunId) {
        self.tombstones.remove(id);
        let order = self.order.remove(id);
        if let Some(colour) = order.and_then(|order| self.by_order.remove(&order)?.live_colour()) {
            self.colours[colour] -= 1;
        }
    }
}
