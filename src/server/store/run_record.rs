//! One run in memory: its whole document.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Map, Value};

use crate::protocol::{RunId, RunStatus};

/// Colours of the palette that runs share.
pub const RUN_COLOURS: usize = 8;

#[derive(Clone, Debug, PartialEq)]
pub struct RunRecord {
    pub id: RunId,
    pub board: Arc<str>,
    /// Event of the last change, among the events of the board's runs.
    pub seq: u64,
    /// Event that created or restored it.
    pub created_seq: u64,
    /// Ascends over all boards with the order of creation.
    pub created_order: u64,
    /// Number of changes, from 1. Heartbeats are no changes.
    pub rev: u64,
    /// Unix time, ms.
    pub created_ms: u64,
    /// Unix time, ms.
    pub updated_ms: u64,
    pub beat: StoredHeartbeat,
    /// Size of `keys` as JSON, in bytes: of a record that a batch has stored.
    pub bytes: usize,
    /// All keys of the document except those above.
    pub keys: Map<String, Value>,
}

/// The time of the last heartbeat that is on disk. All versions of a run's record share it: a heartbeat replaces no record.
#[derive(Clone, Debug, Default)]
pub struct StoredHeartbeat(Arc<AtomicU64>);

impl StoredHeartbeat {
    pub(crate) fn set(&self, ms: u64) {
        self.0.store(ms, Ordering::Relaxed);
    }
}

impl PartialEq for StoredHeartbeat {
    fn eq(&self, other: &Self) -> bool {
        self.0.load(Ordering::Relaxed) == other.0.load(Ordering::Relaxed)
    }
}

impl RunRecord {
    /// A run that is not committed yet: [`super::Batch::put_run`] sets its numbers.
    pub fn new(board: Arc<str>, id: RunId, keys: Map<String, Value>) -> Self {
        Self {
            id,
            board,
            seq: 0,
            created_seq: 0,
            created_order: 0,
            rev: 0,
            created_ms: 0,
            updated_ms: 0,
            beat: StoredHeartbeat::default(),
            bytes: 0,
            keys,
        }
    }

    /// Unix time of the last heartbeat that was stored, ms; 0 if there was none.
    pub fn beat_ms(&self) -> u64 {
        self.beat.0.load(Ordering::Relaxed)
    }

    /// Its colour among the [`RUN_COLOURS`] of the palette. `None` of an archived run, or of one without.
    pub fn live_colour(&self) -> Option<usize> {
        let is_archived = self.keys.get("archived") == Some(&Value::Bool(true));
        let colour = self.keys.get("colour").and_then(Value::as_u64).filter(|_| !is_archived)?;
        usize::try_from(colour).ok().filter(|colour| *colour < RUN_COLOURS)
    }

    /// Whether the run has not written that it ended.
    pub fn is_running(&self) -> bool {
        RunStatus::parse(self.text("status")).unwrap_or_default() == RunStatus::Running
    }

    pub fn text(&self, key: &str) -> &str {
        self.keys.get(key).and_then(Value::as_str).unwrap_or_default()
    }
}
