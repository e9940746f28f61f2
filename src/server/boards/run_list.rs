//! The runs of a board as its page lists them.

use std::sync::Arc;

use serde_json::Value;

use super::Boards;
use super::runs::{RunClock, RunListView, RunView};
use crate::protocol::{Run, RunId, RunList, RunSign};
use crate::server::store::{BoardIndex, RunRecord};

impl Boards {
    /// The newest runs of a board.
    pub fn run_list(&self, board: &str) -> RunList {
        let index = self.index();
        let Some(known) = index.board(board) else { return RunList::default() };
        let view = RunListView::new(&index, known, &self.signs);
        RunList { run_seq: known.run_seq, runs: known.runs.iter().rev().take(RunList::MAX_RUNS).map(|run| view.run(run)).collect() }
    }

    /// The documents of runs as JSON text, with commas between them and without their metrics.
    pub fn run_documents(&self, records: &[Arc<RunRecord>]) -> String {
        let clock = RunClock::now(&self.signs);
        let view = |record: &Arc<RunRecord>| RunView::new(record.clone(), Arc::default(), &clock, false);
        let documents = records.iter().map(|record| Value::Object(view(record).to_json(false)).to_string());
        documents.collect::<Vec<_>>().join(",")
    }

    /// These runs, as far as they are in the list.
    pub fn listed_runs(&self, board: &str, records: &[Arc<RunRecord>]) -> Vec<Run> {
        let index = self.index();
        let Some(known) = index.board(board) else { return Vec::new() };
        let (view, oldest) = (RunListView::new(&index, known, &self.signs), oldest_listed(known));
        records.iter().filter(|record| record.created_order >= oldest).map(|record| view.run(record)).collect()
    }

    /// Signs of life of runs, as far as they are in the list, with their newest last values. `signs`: the Unix time of each, in ms.
    pub fn run_signs<'a>(&self, board: &str, signs: impl Iterator<Item = (&'a RunId, &'a u64)>) -> Vec<RunSign> {
        let index = self.index();
        let Some(known) = index.board(board) else { return Vec::new() };
        let (view, oldest) = (RunListView::new(&index, known, &self.signs), oldest_listed(known));
        let listed = signs.filter_map(|(run, ms)| Some((known.runs.get(run)?, *ms))).filter(|(record, _)| record.created_order >= oldest);
        let sign = |(record, last_sign_ms): (&Arc<RunRecord>, u64)| {
            let curves = view.curves(&record.id);
            RunSign { run: record.id.clone(), last_sign_ms, last: curves.last_values(), non_finite: curves.non_finite() }
        };
        listed.map(sign).collect()
    }
}

/// The order of creation of the oldest run in the list.
fn oldest_listed(board: &BoardIndex) -> u64 {
    board.runs.iter().rev().nth(RunList::MAX_RUNS - 1).map_or(0, |run| run.created_order)
}
