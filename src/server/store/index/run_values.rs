//! Which runs have a value in which cells of other types than `line`. The values are on disk.

use std::collections::HashMap;

use crate::protocol::{CellId, RunId};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunValue {
    /// Unique among all values that the database ever had.
    pub version: u64,
    /// Length of the JSON text.
    pub bytes: u64,
}

/// By cell and run.
#[derive(Clone, Debug, Default)]
pub struct RunValueIndex(HashMap<CellId, HashMap<RunId, RunValue>>);

impl RunValueIndex {
    pub fn of_cell(&self, cell: &CellId) -> Option<&HashMap<RunId, RunValue>> {
        self.0.get(cell)
    }

    pub fn get(&self, cell: &CellId, run: &RunId) -> Option<RunValue> {
        self.0.get(cell)?.get(run).copied()
    }

    /// Bytes of all values in a cell.
    pub fn bytes(&self, cell: &CellId) -> u64 {
        self.0.get(cell).into_iter().flatten().map(|(_, value)| value.bytes).sum()
    }

    pub fn set(&mut self, cell: &CellId, run: RunId, value: Option<RunValue>) {
        match value {
            Some(value) => drop(self.0.entry(cell.clone()).or_default().insert(run, value)),
            None => {
                let Some(known) = self.0.get_mut(cell) else { return };
                known.remove(&run);
                if known.is_empty() {
                    self.0.remove(cell);
                }
            }
        }
    }

    pub fn purge(&mut self, cell: &CellId) {
        self.0.remove(cell);
    }
}
