//! `log`: points and values of a run. The run and its charts are created where they are missing.

mod epoch;
pub mod place;
pub mod request;

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::document::WARNING;
use super::heartbeat::TWO_WRITERS;
use super::{existing_run, new_run, started_ms};
use crate::protocol::{CellId, RunId};
use crate::server::boards::append::{append_points, become_line, check_series_count};
use crate::server::boards::ingest::SeriesPoints;
use crate::server::boards::metrics::{MetricSettingsCache, StepMetrics};
use crate::server::boards::size::{check_keys_size, memory_bytes};
use crate::server::boards::{Boards, IdempotentRequest, JsonResponse, append, documents};
use crate::server::error::ServerError;
use crate::server::store::{Batch, ChangeKind, NewPoints, Record, RunRecord};
use place::Placement;
use request::{LogRequest, LoggedValue};

/// The Python client rounds the seconds of its samples to tenths.
const ROUNDING_S: f64 = 0.1;

impl Boards {
    /// Logs points and values of a run: all or nothing. Returns JSON: `{"run":"first","points":2,"cells":{"loss":"digits-loss"}}`.
    ///
    /// 410: the run was deleted. 413: there are too many runs or series. 422: the key came with another body.
    pub async fn log(
        &self,
        board: Arc<str>,
        run: RunId,
        request: LogRequest,
        writer: Option<&str>,
        idempotency: Option<IdempotentRequest>,
    ) -> Result<JsonResponse, ServerError> {
        let bytes = 64 + request.bytes + memory_bytes(256 * request.metrics.len(), request.points);
        let (signs, settings, writer) = (self.signs.clone(), self.metric_settings.clone(), writer.map(str::to_owned));
        let operation = move |batch: &mut Batch| {
            if let Some(answer) = IdempotentRequest::lookup(idempotency.as_ref(), batch)? {
                return Ok(answer);
            }
            let points = request.points;
            let text = log(batch, &board, &run, request, &settings, || signs.add(&board, &run, writer.as_deref()))?;
            signs.store(batch);
            Ok(IdempotentRequest::store_report(idempotency, batch, text, || json!({ "run": run, "points": points, "repeated": true })))
        };
        self.store.write(bytes, operation).await
    }
}

/// `sign` notes a sign of the run, once everything is accepted, and returns whether another writer gives signs at the same time.
fn log(
    batch: &mut Batch,
    board: &Arc<str>,
    run: &RunId,
    request: LogRequest,
    settings: &MetricSettingsCache,
    sign: impl FnOnce() -> bool,
) -> Result<String, ServerError> {
    let mut record = match existing_run(batch, board, run)? {
        Some(record) => record,
        None => {
            let record = new_run(batch, board, run, Map::new())?;
            batch.put_run(ChangeKind::Created, record)
        }
    };
    let settings = settings.of(board, batch.board_document(board).as_ref())?;
    let mut placement = Placement::new(board, run, &settings, StepMetrics::of_run(&record.keys));
    let (mut cells, mut grown) = (Map::new(), HashSet::new());
    for SeriesPoints { name, x, y, t, .. } in request.metrics {
        let is_over_seconds = is_over_seconds(&record, &x, &t, batch.now_ms);
        let (cell, series) = placement.of_metric(batch, &name, is_over_seconds)?;
        become_line(batch, &cell)?;
        if append_points(batch, &cell, &series, Some(&name), NewPoints { x, y, t })?.0 == 0 {
            grown.insert(cell.clone());
        }
        cells.insert(name, cell.as_str().into());
    }
    grown.iter().try_for_each(|cell| check_series_count(batch, cell, true))?;
    for value in request.values {
        let name = value.name.clone();
        let cell = put_value(batch, &placement, value)?;
        cells.insert(name, cell.as_str().into());
    }
    if sign() && !record.keys.contains_key(WARNING) {
        let mut warned = RunRecord::clone(&record);
        warned.keys.insert(WARNING.to_owned(), TWO_WRITERS.into());
        record = batch.put_run(ChangeKind::Patched, warned);
    }
    let mut report = json!({ "run": run, "points": request.points, "cells": cells });
    if let Some(warning) = record.keys.get(WARNING) {
        report[WARNING] = warning.clone();
    }
    Ok(report.to_string())
}

/// Whether the steps of these points are the seconds between the start of the run and their times. The first second says nothing: a
/// training logs its steps 0 and 1 then, too.
fn is_over_seconds(run: &RunRecord, steps: &Option<Vec<f64>>, times: &Option<Vec<f64>>, now_ms: u64) -> bool {
    let start = started_ms(run) as f64 / 1000.0;
    let time_of = |at: usize| times.as_ref().and_then(|times| times.get(at).copied()).unwrap_or(now_ms as f64 / 1000.0);
    let is_second = |(at, step): (usize, &f64)| *step > 1.0 && (time_of(at) - start - step).abs() <= ROUNDING_S;
    steps.as_ref().is_some_and(|steps| steps.iter().enumerate().all(is_second))
}

/// Stores a value that is no number as that of its cell, which shows the last one of all runs.
fn put_value(batch: &mut Batch, placement: &Placement, value: LoggedValue) -> Result<CellId, ServerError> {
    let LoggedValue { name, mut draft } = value;
    let kind = draft.kind().unwrap_or_default().to_owned();
    let (id, chart, is_new) = placement.of_value(batch, &name, &kind)?;
    if is_new {
        draft.id = Some(id.clone());
        draft.board = Some(placement.board.clone());
        let section = placement.section_of_value(&name, &chart);
        draft.keys.entry("name").or_insert_with(|| chart.into());
        set_section(&mut draft.keys, section);
        let value = draft.value.clone();
        documents::create(batch, draft, None)?;
        put_run_value(batch, &id, placement.run, value);
        return Ok(id);
    }
    let Some(before) = batch.cell(&id) else { return Ok(id) };
    let mut record = Record::clone(&before);
    // A script logs the same keys at each step: they do not undo what a person has arranged since.
    draft.keys.shift_remove("layout");
    record.keys.extend(draft.keys);
    check_keys_size(&record.keys)?;
    append::put(batch, ChangeKind::Patched, record, Some(draft.value.clone()), None, None)?;
    put_run_value(batch, &id, placement.run, draft.value);
    Ok(id)
}

/// Sets the section of a new cell, unless its keys say one.
fn set_section(keys: &mut Map<String, Value>, section: String) {
    let layout = keys.entry("layout").or_insert(Value::Null);
    if layout["section"].is_null() {
        layout["section"] = section.into();
    }
}

/// Stores the last value of the run, beside that of the cell.
fn put_run_value(batch: &mut Batch, cell: &CellId, run: &RunId, value: Option<Arc<str>>) {
    if let Some(value) = value {
        batch.put_run_value(cell, run, value);
    }
}
