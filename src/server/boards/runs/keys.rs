//! `run-keys` and `run-diff`: what the runs of a board have in common, and in what they differ.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use serde_json::Value;

use super::config_index::{ConfigIndex, KeySummary};
use super::document_keys::is_private;
use super::list::SEARCHES;
use super::no_run;
use super::run_diff::{RunDiff, diff_runs};
use crate::protocol::{ApiError, RunId};
use crate::server::boards::Boards;
use crate::server::cpu_pool::CancelFlag;
use crate::server::error::ServerError;
use crate::server::limits::MAX_CONFIG_INDEXES;
use crate::server::store::{Index, json_number};

/// The indexes of the configurations of boards that were read last.
#[derive(Default)]
pub struct ConfigIndexes(Mutex<Indexes>);

#[derive(Default)]
struct Indexes {
    boards: HashMap<Arc<str>, (Arc<Mutex<ConfigIndex>>, u64)>,
    reads: u64,
}

impl ConfigIndexes {
    pub fn of(&self, board: &str) -> Arc<Mutex<ConfigIndex>> {
        let mut indexes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        indexes.reads += 1;
        let reads = indexes.reads;
        if !indexes.boards.contains_key(board) && indexes.boards.len() == MAX_CONFIG_INDEXES {
            let oldest = indexes.boards.iter().min_by_key(|(_, (_, read))| *read).map(|(board, _)| board.clone());
            oldest.and_then(|oldest| indexes.boards.remove(&oldest));
        }
        let (index, read) = indexes.boards.entry(board.into()).or_default();
        *read = reads;
        index.clone()
    }
}

/// The keys of the runs of a board.
#[derive(Debug, Serialize)]
pub struct RunKeys {
    /// Number of runs.
    runs: usize,
    config: Vec<KeySummary>,
    metrics: Vec<MetricKey>,
}

/// A metric of the runs of a board, by its last values.
#[derive(Debug, Serialize)]
struct MetricKey {
    key: Arc<str>,
    /// Runs that have logged it.
    runs: usize,
    /// The lowest and the highest finite value.
    #[serde(skip_serializing_if = "Option::is_none")]
    min: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max: Option<Value>,
}

impl Boards {
    /// The keys of all configurations and the metrics of the runs of a board.
    pub async fn run_keys(&self, board: &str) -> Result<RunKeys, ServerError> {
        let (run_seq, runs, metrics) = {
            let index = self.store.index();
            let known = index.board(board);
            let runs: Vec<_> = known.map(|board| board.runs.iter().cloned().collect()).unwrap_or_default();
            (known.map_or(0, |board| board.run_seq), runs, metric_keys(&index, board))
        };
        let configs = self.config_indexes.of(board);
        let summarize = move |_: &CancelFlag| {
            let mut configs = configs.lock().unwrap_or_else(PoisonError::into_inner);
            configs.update(run_seq, &runs);
            RunKeys { runs: runs.len(), config: configs.summaries().collect(), metrics }
        };
        SEARCHES.run(1, summarize).await
    }

    /// What differs between these runs. `is_public`: without what a share does not show. 404: one of them is not there.
    pub fn run_diff(&self, board: &str, ids: &[RunId], is_public: bool) -> Result<RunDiff, ApiError> {
        let runs = {
            let index = self.store.index();
            let known = index.board(board).map(|board| &board.runs);
            let run = |id: &RunId| known.and_then(|runs| runs.get(id)).cloned().ok_or_else(|| no_run(board, id));
            ids.iter().map(run).collect::<Result<Vec<_>, _>>()?
        };
        Ok(diff_runs(&runs, |key| !is_public || !is_private(key)))
    }
}

/// Looks at each series of runs on the board.
fn metric_keys(index: &Index, board: &str) -> Vec<MetricKey> {
    let mut metrics: BTreeMap<Arc<str>, (Vec<RunId>, f64, f64)> = BTreeMap::new();
    let Some(known) = index.board(board) else { return Vec::new() };
    for series in known.cells.keys().filter_map(|cell| index.cell_series(cell)).flat_map(|series| series.of_runs()) {
        let (Some(metric), Some(run), Some(last)) = (&series.metric, &series.id.run, series.last) else { continue };
        if !known.runs.contains(run) {
            continue;
        }
        let (runs, min, max) = metrics.entry(metric.clone()).or_insert_with(|| (Vec::new(), f64::INFINITY, f64::NEG_INFINITY));
        runs.push(run.clone());
        if last.y.is_finite() {
            (*min, *max) = (min.min(last.y), max.max(last.y));
        }
    }
    let key = |(key, (mut runs, min, max)): (Arc<str>, (Vec<RunId>, f64, f64))| {
        runs.sort_unstable();
        runs.dedup();
        let number = |number: f64| (min <= max).then(|| json_number(number));
        MetricKey { key, runs: runs.len(), min: number(min), max: number(max) }
    };
    metrics.into_iter().map(key).collect()
}
