//! Charts of metrics that have no points of some runs: pages do not show them.

use std::collections::HashSet;

use super::Boards;
use crate::protocol::{ApiError, CellId, RunId};
use crate::server::cpu_pool::CancelFlag;
use crate::server::error::ServerError;
use crate::server::store::{CellSeries, Store};

/// Runs that are looked up in charts while the index is held.
const LOOKUPS_AT_ONCE: usize = 20_000;

impl Boards {
    /// The line charts of a board that have points of runs, but of none of these. A board that is not there has none.
    pub async fn empty_charts(&self, board: &str, runs: Vec<RunId>) -> Result<Vec<CellId>, ServerError> {
        let find = move |store: &Store, board: &str, client: &CancelFlag| empty_charts(store, board, &runs, client);
        Ok(self.search_board(board, find).await??)
    }
}

/// 503 once the `client` has gone.
fn empty_charts(store: &Store, board: &str, runs: &[RunId], client: &CancelFlag) -> Result<Vec<CellId>, ApiError> {
    let cells: Vec<CellId> = {
        let index = store.index();
        let records = index.board(board).into_iter().flat_map(|known| known.cells.values());
        records.filter(|record| record.is_line()).map(|record| record.id.clone()).collect()
    };
    let mut empty = Vec::new();
    for cells in cells.chunks((LOOKUPS_AT_ONCE / runs.len().max(1)).max(1)) {
        client.check()?;
        // The index is released after some cells, so that commits do not wait.
        let index = store.index();
        let Some(known) = index.board(board) else { break };
        let runs: HashSet<&RunId> = runs.iter().filter(|run| known.runs.contains(run)).collect();
        let is_empty = |id: &&CellId| index.cell_series(id).is_some_and(|series| is_of_runs(series) && !has_points(series, &runs));
        empty.extend(cells.iter().filter(is_empty).cloned());
    }
    Ok(empty)
}

fn is_of_runs(series: &CellSeries) -> bool {
    series.list.is_empty() && series.run_series() > 0
}

fn has_points(series: &CellSeries, runs: &HashSet<&RunId>) -> bool {
    series.runs_among(runs).any(|(_, of_run)| of_run.iter().any(|series| series.last.is_some()))
}
