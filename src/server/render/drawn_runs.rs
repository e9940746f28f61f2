//! The runs that a drawing shows: those that its address names, or the newest of the board.

use serde_json::Value;

use crate::charts::value_name;
use crate::protocol::{RunId, RunList, SeriesId};
use crate::server::boards::Boards;
use crate::server::boards::groups::RunColours;
use crate::server::store::RunRecord;

pub struct DrawnRun {
    pub id: RunId,
    pub name: String,
    /// The slot of its colour.
    pub colour: usize,
    /// The value by which it is coloured, as a legend has it, and its place among the values of the drawn runs; `None`: it has a colour of
    /// its own.
    pub value: Option<(usize, String)>,
}

#[derive(Default)]
pub struct DrawnRuns {
    /// The newest first, or as they were requested.
    pub list: Vec<DrawnRun>,
    /// How many runs the board has.
    count: usize,
}

impl DrawnRuns {
    /// `requested`: the runs that the address names. Otherwise those that the page draws first: the newest that are neither hidden nor
    /// archived.
    pub fn find(boards: &Boards, board: &str, requested: Option<&[RunId]>) -> Self {
        let index = boards.index();
        let Some(board) = index.board(board) else { return Self::default() };
        let list = match requested {
            Some(ids) => ids.iter().filter_map(|id| board.runs.get(id)).map(|record| drawn(record)).collect(),
            None => {
                let is_true = |record: &RunRecord, key: &str| record.keys.get(key) == Some(&Value::Bool(true));
                let shown = board.runs.iter().rev().filter(|record| !is_true(record, "hidden") && !is_true(record, "archived"));
                shown.take(RunList::MAX_DRAWN).map(|record| drawn(record)).collect()
            }
        };
        Self { list, count: board.runs.len() }
    }

    pub fn get(&self, id: &RunId) -> Option<&DrawnRun> {
        self.list.iter().find(|run| run.id == *id)
    }

    pub fn ids(&self) -> Vec<RunId> {
        self.list.iter().map(|run| run.id.clone()).collect()
    }

    /// Colours the runs by the value of a key.
    pub fn colour_by(&mut self, colours: &RunColours) {
        for run in &mut self.list {
            if let (Some(slot), Some(place)) = (colours.slot(&run.id), colours.runs.get(&run.id)) {
                let value = &colours.values[*place];
                run.colour = slot;
                run.value = Some((*place, value_name(value.share.is_none().then_some(value.index as u32), &value.label)));
            }
        }
    }

    /// The id and the name under which a legend has a run: those of its value, if runs are coloured by one.
    pub fn owner<'a>(&'a self, id: &'a RunId) -> (&'a str, &'a str) {
        let run = self.get(id);
        let name = run.map_or(id.as_str(), |run| run.name.as_str());
        run.and_then(|run| run.value.as_ref()).map_or((id.as_str(), name), |(_, value)| (value, value))
    }

    /// The place of a series among others in a legend.
    pub fn legend_place(&self, id: &SeriesId) -> usize {
        id.run.as_ref().and_then(|run| self.get(run)).and_then(|run| run.value.as_ref()).map_or(0, |(place, _)| *place)
    }

    pub fn has_one_run(&self) -> bool {
        self.count == 1
    }

    pub fn hides_any(&self) -> bool {
        self.list.len() < self.count
    }
}

fn drawn(record: &RunRecord) -> DrawnRun {
    let name = Some(record.text("name")).filter(|name| !name.is_empty()).unwrap_or(record.id.as_str());
    let colour = record.keys.get("colour").and_then(Value::as_u64).unwrap_or(0);
    DrawnRun { id: record.id.clone(), name: name.to_owned(), colour: colour as usize, value: None }
}
