//! What the charts know of the runs of the board: which are drawn, their names and colours.

use super::groups::Grouping;
use crate::charts::Emphasis;
use crate::protocol::{GroupId, RunId};

/// A run that is drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct DrawnRun {
    pub id: RunId,
    pub name: String,
    /// The index of its colour.
    pub colour: usize,
    /// How it is drawn while no run is pointed at.
    pub emphasis: Emphasis,
}

#[derive(Default)]
pub struct ChartRuns {
    pub drawn: Vec<DrawnRun>,
    /// How many runs the board has, as far as the page knows.
    pub count: usize,
    /// Counts the changes, from which labels and styles are made again.
    pub revision: u64,
    /// The run that is pointed at.
    pub highlighted: Option<RunId>,
    /// The groups that are drawn; `None`: runs.
    pub grouping: Option<Grouping>,
    pub highlighted_group: Option<GroupId>,
}

impl ChartRuns {
    pub fn get(&self, id: &RunId) -> Option<&DrawnRun> {
        self.drawn.iter().find(|run| run.id == *id)
    }

    /// Whether a series is drawn: one without a run always is.
    pub fn draws(&self, run: Option<&RunId>) -> bool {
        run.is_none_or(|run| self.get(run).is_some())
    }

    /// Colours are then those of splits: see [`crate::charts::series_styles`].
    pub fn has_one_run(&self) -> bool {
        self.count == 1
    }

    pub fn hides_any(&self) -> bool {
        self.grouping.is_none() && self.drawn.len() < self.count
    }

    /// The runs to be named in requests, separated by commas; `None` on a board without runs.
    pub fn query(&self) -> Option<String> {
        (self.count > 0).then(|| self.drawn.iter().map(|run| run.id.as_str()).collect::<Vec<_>>().join(","))
    }
}
