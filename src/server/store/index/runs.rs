//! The runs of one board, found by id and in the order of creation.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::protocol::{RunId, RunStatus};
use crate::server::store::run_record::{RUN_COLOURS, RunRecord};

#[derive(Clone, Debug, Default)]
pub struct RunIndex {
    by_order: BTreeMap<u64, Arc<RunRecord>>,
    order: HashMap<RunId, u64>,
    /// The orders of the runs that have not written that they ended.
    running: BTreeSet<u64>,
    /// Number of the runs that have failed.
    failed: usize,
    /// Deleted runs that can be restored. Their series are hidden.
    tombstones: HashMap<RunId, Arc<RunRecord>>,
    totals: RunTotals,
}

/// What the runs of a board add up to; deleted ones do not count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RunTotals {
    /// Number of runs.
    pub runs: usize,
    /// Size of the documents as JSON.
    pub bytes: usize,
    /// Number of the runs that take each colour.
    pub colours: [usize; RUN_COLOURS],
}

impl RunTotals {
    pub(crate) fn add(&mut self, record: &RunRecord) {
        self.runs += 1;
        self.bytes += record.bytes;
        record.live_colour().into_iter().for_each(|colour| self.colours[colour] += 1);
    }

    pub(crate) fn remove(&mut self, record: &RunRecord) {
        self.runs -= 1;
        self.bytes -= record.bytes;
        record.live_colour().into_iter().for_each(|colour| self.colours[colour] -= 1);
    }
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

    pub fn totals(&self) -> RunTotals {
        self.totals
    }

    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// All runs, the oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Arc<RunRecord>> {
        self.by_order.values()
    }

    /// The runs that have not written that they ended, the newest first.
    pub fn running(&self) -> impl Iterator<Item = &Arc<RunRecord>> {
        self.running.iter().rev().filter_map(|order| self.by_order.get(order))
    }

    /// Number of the runs that have failed.
    pub fn failed(&self) -> usize {
        self.failed
    }

    pub fn tombstone(&self, id: &RunId) -> Option<&Arc<RunRecord>> {
        self.tombstones.get(id)
    }

    /// A run, also a deleted one that can be restored.
    pub(crate) fn get_or_tombstone(&self, id: &RunId) -> Option<&Arc<RunRecord>> {
        self.get(id).or_else(|| self.tombstone(id))
    }

    /// Deleted runs, in no particular order.
    pub fn tombstones(&self) -> impl Iterator<Item = &Arc<RunRecord>> {
        self.tombstones.values()
    }

    /// Inserts or replaces a run, or brings it back from the tombstones.
    pub(crate) fn put(&mut self, record: Arc<RunRecord>) {
        self.remove(&record.id);
        self.totals.add(&record);
        self.failed += usize::from(has_failed(&record));
        if record.is_running() {
            self.running.insert(record.created_order);
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
        if let Some(order) = self.order.remove(id) {
            self.running.remove(&order);
            if let Some(record) = self.by_order.remove(&order) {
                self.totals.remove(&record);
                self.failed -= usize::from(has_failed(&record));
            }
        }
    }
}

fn has_failed(record: &RunRecord) -> bool {
    RunStatus::parse(record.text("status")) == Some(RunStatus::Failed)
}
