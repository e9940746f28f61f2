//! The identity of a series within its cell.

use std::fmt;
use std::sync::Arc;

use super::RunId;

/// The run that a series belongs to, if any, and its name: of a series of a run the split (`train`, `val`, or empty).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SeriesId {
    pub run: Option<RunId>,
    pub name: Arc<str>,
}

impl SeriesId {
    /// A series without a run.
    pub fn plain(name: impl Into<Arc<str>>) -> Self {
        Self { run: None, name: name.into() }
    }

    pub fn of_run(run: RunId, name: impl Into<Arc<str>>) -> Self {
        Self { run: Some(run), name: name.into() }
    }
}

/// For messages: `'val'`, or `'val' of the run 'first'`.
impl fmt::Display for SeriesId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.run {
            None => write!(f, "'{}'", self.name),
            Some(run) => write!(f, "'{}' of the run '{run}'", self.name),
        }
    }
}
