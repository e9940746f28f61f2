//! What the charts know of the runs of the board: which are drawn, their names and colours.

use super::groups::Grouping;
use crate::charts::Emphasis;
use crate::protocol::{GroupId, Mark, RunId};

/// A run that is drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct DrawnRun {
    pub id: RunId,
    pub name: String,
    /// The slot of its colour.
    pub colour: usize,
    /// The value by which it is coloured, as a legend has it, and its place among the values; `None`: it has a colour of its own.
    pub value: Option<(usize, String)>,
    /// How it is drawn while no run is pointed at.
    pub emphasis: Emphasis,
}

#[derive(Default)]
pub struct ChartRuns {
    /// In the order of the table.
    pub drawn: Vec<DrawnRun>,
    /// How many runs the board has, as far as the page knows.
    pub count: usize,
    /// No run matches the search.
    pub is_none_found: bool,
    /// Counts the changes, from which labels and styles are made again.
    pub revision: u64,
    /// The key by which runs are coloured; empty: each has its own colour.
    pub colour_key: String,
    /// The run that is pointed at.
    pub highlighted: Option<RunId>,
    /// The value that is pointed at in a legend: its runs are highlighted.
    pub highlighted_value: Option<String>,
    /// The groups that are drawn; `None`: runs.
    pub grouping: Option<Grouping>,
    pub highlighted_group: Option<GroupId>,
    /// The groups in the order of the table.
    pub group_order: Vec<GroupId>,
    /// Events of the board, most of them of a run.
    pub marks: Vec<Mark>,
}

impl ChartRuns {
    pub fn get(&self, id: &RunId) -> Option<&DrawnRun> {
        self.drawn.iter().find(|run| run.id == *id)
    }

    /// The id and the name under which a legend has a run: those of its value, if runs are coloured by one.
    pub fn owner<'a>(&'a self, id: &'a RunId) -> (&'a str, &'a str) {
        let run = self.get(id);
        let name = run.map_or(id.as_str(), |run| run.name.as_str());
        run.and_then(|run| run.value.as_ref()).map_or((id.as_str(), name), |(_, value)| (value, value))
    }

    /// The place of a run among others in a legend: that of its value, if runs are coloured by one, else that in the table. Series without a
    /// run are before them.
    pub fn legend_place(&self, id: Option<&RunId>) -> usize {
        let Some(at) = id.and_then(|id| self.drawn.iter().position(|run| run.id == *id)) else { return 0 };
        1 + self.drawn[at].value.as_ref().map_or(at, |(place, _)| *place)
    }

    /// Whether the run, or its value, is pointed at.
    pub fn highlights(&self, id: &RunId) -> bool {
        let is_of_value = |value: &String| self.get(id).and_then(|run| run.value.as_ref()).is_some_and(|(_, own)| own == value);
        self.highlighted.as_ref() == Some(id) || self.highlighted_value.as_ref().is_some_and(is_of_value)
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

    /// The runs to be named in requests, separated by commas, in the order of legends; `None` on a board without runs.
    pub fn query(&self) -> Option<String> {
        (self.count > 0).then(|| self.drawn.iter().map(|run| run.id.as_str()).collect::<Vec<_>>().join(","))
    }
}
