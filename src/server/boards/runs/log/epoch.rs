//! Epochs of training as Keras' `RemoteMonitor` sends them, logged as a run.

use std::sync::Arc;

use serde_json::{Map, json};

use super::log;
use super::request::LogRequest;
use crate::protocol::RunId;
use crate::server::boards::ingest::SeriesPoints;
use crate::server::boards::runs::history::newest_series;
use crate::server::boards::runs::new_run;
use crate::server::boards::runs::run_id::generate_run_id;
use crate::server::boards::size::memory_bytes;
use crate::server::boards::{Boards, IdempotentRequest, JsonResponse};
use crate::server::error::ServerError;
use crate::server::store::{Batch, ChangeKind, RunRecord};

/// The key `source` of runs that are made for epochs.
const TOOL: &str = "keras";

impl Boards {
    /// Logs the metrics of an epoch: all or nothing. Without an id the run is the newest one that was made here, or a new one if the
    /// epoch is not above its last one. Answers as [`Boards::log`].
    pub async fn log_epoch(
        &self,
        board: Arc<str>,
        run: Option<RunId>,
        (step, metrics): (Option<f64>, Vec<(String, f64)>),
        idempotency: Option<IdempotentRequest>,
    ) -> Result<JsonResponse, ServerError> {
        let points = metrics.len();
        let (signs, settings) = (self.signs.clone(), self.metric_settings.clone());
        let operation = move |batch: &mut Batch| {
            if let Some(answer) = IdempotentRequest::lookup(idempotency.as_ref(), batch)? {
                return Ok(answer);
            }
            let run = match run {
                Some(run) => run,
                None => match continued_run(batch, &board, step, &metrics) {
                    Some(run) => run.id.clone(),
                    None => {
                        let is_taken = |id: &RunId| batch.run(&board, id).is_some() || batch.removed_run(&board, id).is_some();
                        let id = generate_run_id(batch.now_ms, is_taken);
                        let keys = Map::from_iter([("source".to_owned(), json!({ "tool": TOOL }))]);
                        let record = new_run(batch, &board, &id, keys)?;
                        batch.put_run(ChangeKind::Created, record);
                        id
                    }
                },
            };
            let points = |(name, value)| SeriesPoints { run: None, name, x: step.map(|step| vec![step]), y: vec![value], t: None };
            let count = metrics.len();
            let request = LogRequest { metrics: metrics.into_iter().map(points).collect(), points: count, ..LogRequest::default() };
            let text = log(batch, &board, &run, request, &settings, || signs.add(&board, &run, None))?;
            signs.store(batch);
            Ok(IdempotentRequest::store_report(idempotency, batch, text, || json!({ "run": run, "points": count, "repeated": true })))
        };
        self.store.write(memory_bytes(256 * points, points), operation).await
    }
}

/// The newest run that was made for epochs, if it runs and its epochs are below this one.
fn continued_run(batch: &Batch, board: &str, step: Option<f64>, metrics: &[(String, f64)]) -> Option<Arc<RunRecord>> {
    let is_ours = |run: &Arc<RunRecord>| run.keys.get("source").and_then(|source| source.get("tool")).is_some_and(|tool| tool == TOOL);
    let newest = batch.runs(board).into_iter().filter(is_ours).max_by_key(|run| run.created_order)?;
    if newest.text("status") != "running" {
        return None;
    }
    let last = |metric: &str| newest_series(batch.index, board, &newest.id, metric)?.1.last.map(|last| last.x);
    let is_above = |step: f64| metrics.iter().filter_map(|(metric, _)| last(metric)).all(|last| last < step);
    step.is_none_or(is_above).then_some(newest)
}
