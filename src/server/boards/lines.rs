//! The cells and runs whose series a query for columns reads.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;

use super::Boards;
use crate::protocol::{CellId, RunId, RunList};
use crate::server::store::{BoardIndex, RunRecord};

impl Boards {
    /// The lines among these cells, with the series of these runs; `None`: of the runs that are drawn by default.
    pub fn lines(&self, ids: Vec<CellId>, runs: Option<Vec<RunId>>) -> Lines {
        let index = self.store.index();
        let mut lines = Lines { seq: None, series: 0, cells: Vec::new() };
        let chosen: Option<Arc<[RunId]>> = runs.map(Arc::from);
        let mut by_default: HashMap<Arc<str>, Arc<[RunId]>> = HashMap::new();
        for id in ids {
            let Some(record) = index.cell(&id).filter(|record| record.is_line()) else { continue };
            let Some(board) = index.board(&record.board) else { continue };
            lines.seq = Some(lines.seq.map_or(board.seq, |least| least.min(board.seq)));
            let visible = || visible_runs(board).map(|run| run.id.clone()).collect();
            let runs = chosen.clone().unwrap_or_else(|| by_default.entry(record.board.clone()).or_insert_with(visible).clone());
            lines.series += index.series(&id).len() + runs.iter().map(|run| index.series_of_run(&id, run).len()).sum::<usize>();
            lines.cells.push((id, runs));
        }
        lines
    }
}

/// Cells of type `line`, as they are committed.
pub struct Lines {
    /// The lowest last event of their boards; `None` without cells.
    pub seq: Option<u64>,
    /// Total number of their series, those of other runs left out.
    pub series: usize,
    /// Each with the runs of which it has series.
    pub cells: Vec<(CellId, Arc<[RunId]>)>,
}

/// The runs that are drawn by default, the newest first.
fn visible_runs(board: &BoardIndex) -> impl Iterator<Item = &Arc<RunRecord>> {
    let is_true = |run: &RunRecord, key: &str| run.keys.get(key) == Some(&Value::Bool(true));
    board.runs.iter().rev().filter(move |run| !is_true(run, "archived") && !is_true(run, "hidden")).take(RunList::MAX_DRAWN)
}
