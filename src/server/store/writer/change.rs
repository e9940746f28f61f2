//! The committed changes of a board, as the store publishes them.

use std::sync::Arc;

use crate::server::store::Record;
use crate::server::store::run_record::RunRecord;
use crate::server::store::series::append_event::AppendEvent;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    Created,
    Updated,
    Patched,
    Removed,
}

/// A committed change, in the order of the board's events. Events of runs have numbers of their own.
#[derive(Debug)]
pub enum Change {
    Cell(CellChange),
    /// New points: those of one board in one commit are one event.
    Points(AppendEvent),
    /// Changed runs: those of one operation are one event.
    Runs(RunsChange),
}

impl Change {
    pub fn board(&self) -> &Arc<str> {
        match self {
            Self::Cell(change) => &change.board,
            Self::Points(appended) => &appended.board,
            Self::Runs(change) => &change.board,
        }
    }

    pub fn seq(&self) -> u64 {
        match self {
            Self::Cell(change) => change.seq,
            Self::Points(appended) => appended.seq,
            Self::Runs(change) => change.seq,
        }
    }
}

/// One event of a cell, with the data of its message.
#[derive(Debug)]
pub struct CellChange {
    pub kind: ChangeKind,
    pub board: Arc<str>,
    pub seq: u64,
    pub record: Arc<Record>,
    /// JSON text of the value if this change set it; otherwise the value is in `record`.
    pub value: Option<Arc<str>>,
}

/// One event of runs of a board.
#[derive(Debug)]
pub struct RunsChange {
    pub kind: ChangeKind,
    pub board: Arc<str>,
    /// Number among the events of the board's runs.
    pub seq: u64,
    pub records: Vec<Arc<RunRecord>>,
}
