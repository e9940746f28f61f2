//! The runs that a drawing shows: those that its address names, or the newest of the board.

use serde_json::Value;

use crate::protocol::{RunId, RunList};
use crate::server::boards::Boards;
use crate::server::store::RunRecord;

pub struct DrawnRun {
    pub id: RunId,
    pub name: String,
    /// The index of its colour.
    pub colour: usize,
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
    DrawnRun { id: record.id.clone(), name: name.to_owned(), colour: colour as usize }
}
