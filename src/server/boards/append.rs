//! Adds points to the series of `line` cells, by appending or as a whole value.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::existing_run::{existing_run, no_run};
pub use super::ingest::parse_line_value;
use super::ingest::{CellPoints, LineValue, SeriesPoints, SeriesUpdate, parse_points};
use super::query::selection::Selection;
use super::size::memory_bytes;
use super::{Boards, Draft, IdempotentRequest, JsonResponse, not_found};
use crate::protocol::{ApiError, CellContent, CellId, ErrorKind, SeriesId};
use crate::server::error::ServerError;
use crate::server::limits::{MAX_RUN_SERIES_PER_CELL, MAX_SERIES_PER_CELL};
use crate::server::store::{Batch, ChangeKind, NewPoints, Record, RunRecord};

impl Boards {
    /// Appends to series of cells, all or nothing. Returns JSON: `{"appended":3,"cells":{"<id>":{"loss":{"start":0,"points":3}}}}`; those of
    /// runs are in `"runs":{"<run>":{"<id>":{"loss":{"start":0,"points":3}}}}`.
    ///
    /// A cell without type and value becomes a `line`. 404: no such cell. 409: it is of another type. 422: the key came with another body.
    pub async fn append(&self, sent: Vec<CellPoints>, idempotency: Option<IdempotentRequest>) -> Result<JsonResponse, ServerError> {
        let points: usize = sent.iter().flat_map(|sent| &sent.series).map(|series| series.y.len()).sum();
        let operation = move |batch: &mut Batch| {
            if let Some(answer) = IdempotentRequest::lookup(idempotency.as_ref(), batch)? {
                return Ok(answer);
            }
            let mut cells = Map::new();
            let mut runs = Map::new();
            for CellPoints { cell, series } in sent {
                let appended = append_to(batch, &cell, series, &mut runs)?;
                cells.insert(cell.to_string(), Value::Object(appended));
            }
            let mut answer = json!({ "appended": points, "cells": cells });
            if !runs.is_empty() {
                answer["runs"] = runs.into();
            }
            let text = answer.to_string();
            Ok(IdempotentRequest::store_append(idempotency, batch, text, points))
        };
        self.store.write(64 + memory_bytes(0, points), operation).await
    }

    /// The names of a line's series. 404: no such cell, or it is of another type.
    pub fn series_names(&self, id: &CellId) -> Result<Vec<Arc<str>>, ApiError> {
        let index = self.store.index();
        match index.cell(id) {
            None => Err(not_found(id.as_str())),
            Some(record) if !record.is_line() => {
                Err(ErrorKind::NotFound.with(format!("The cell '{id}' is of type '{}' and has no points.", record.text("type"))))
            }
            Some(_) => Ok(index.series(id).iter().map(|series| series.id.name.clone()).collect()),
        }
    }
}

/// The value of a patch as points, if the draft or one of the selected cells is a line.
pub(crate) fn parse_line(selection: &Selection, draft: &Draft) -> Result<Option<Arc<LineValue>>, ApiError> {
    let Some(value) = draft.value.as_deref().filter(|_| !draft.has_type()) else { return Ok(draft.line.clone()) };
    let is_line = selection.records.iter().any(|record| record.is_line());
    Ok(if is_line { Some(Arc::new(parse_line_value(value)?)) } else { None })
}

/// The key `append` of a patch of one cell. `cell`: `None` for a patch of many.
pub fn parse_append(cell: Option<&CellId>, append: Option<&str>) -> Result<Option<Vec<SeriesPoints>>, ApiError> {
    match (append, cell) {
        (None, _) => Ok(None),
        (Some(append), Some(id)) => parse_points(id, append.as_bytes(), None).map(Some),
        (Some(_), None) => Err(misplaced()),
    }
}

/// 400 for `append` in a document that is created or replaced.
pub fn refuse_append(draft: &Draft) -> Result<(), ApiError> {
    if draft.append.is_some() { Err(misplaced()) } else { Ok(()) }
}

fn misplaced() -> ApiError {
    let rule = "belongs into a PATCH of one cell";
    ErrorKind::BadRequest
        .with(format!("'append' {rule}; a new line takes its points as 'value': {{\"series\":{{...}}}}."))
        .at("append", rule)
}

/// Appends to an existing cell that is a line or empty. Returns for each series the index of its
/// first new point and its number of points; those of runs are added to `of_runs`, by run and cell.
pub(crate) fn append_to(
    batch: &mut Batch,
    cell: &CellId,
    series: Vec<SeriesPoints>,
    of_runs: &mut Map<String, Value>,
) -> Result<Map<String, Value>, ApiError> {
    become_line(batch, cell)?;
    append_all(batch, cell, series, of_runs)
}

fn append_all(
    batch: &mut Batch,
    cell: &CellId,
    series: Vec<SeriesPoints>,
    of_runs: &mut Map<String, Value>,
) -> Result<Map<String, Value>, ApiError> {
    let (mut appended, mut is_new, mut is_new_of_run) = (Map::new(), false, false);
    for SeriesPoints { run, name, x, y, t } in series {
        if y.is_empty() {
            continue;
        }
        let id = SeriesId { run, name: name.as_str().into() };
        let (start, points) = match &id.run {
            None => append_points(batch, cell, &id, None, NewPoints { x, y, t })?,
            Some(_) => append_to_run(batch, cell, &id, NewPoints { x, y, t })?,
        };
        let list = match &id.run {
            None => {
                is_new |= start == 0;
                &mut appended
            }
            Some(run) => {
                is_new_of_run |= start == 0;
                object(object(of_runs, run.as_str()), cell.as_str())
            }
        };
        // Points of one series may come in several parts; the first part has the index.
        let start = list.get(&name).map_or(json!(start), |part| part["start"].clone());
        list.insert(name, json!({ "start": start, "points": points }));
    }
    if is_new {
        check_series_count(batch, cell, false)?;
    }
    if is_new_of_run {
        check_series_count(batch, cell, true)?;
    }
    Ok(appended)
}

/// Appends to a series of a run that is on the cell's board. The metric of a new series is the id of the cell without the name of its
/// board, with the name of the series: a metric that the rule of names draws there. Titles change, and are none.
fn append_to_run(batch: &mut Batch, cell: &CellId, series: &SeriesId, points: NewPoints) -> Result<(u64, u64), ApiError> {
    let record = batch.cell(cell).ok_or_else(|| not_found(cell.as_str()))?;
    if let Some(run) = &series.run
        && existing_run(batch, &record.board, run)?.is_none()
    {
        return Err(no_run(&record.board, run));
    }
    let chart = cell.as_str().strip_prefix(&*record.board).and_then(|rest| rest.strip_prefix('-')).filter(|chart| !chart.is_empty());
    let chart = chart.unwrap_or(cell.as_str());
    let metric = if series.name.is_empty() { chart.to_owned() } else { format!("{chart}/{}", series.name) };
    append_points(batch, cell, series, Some(&metric), points)
}

/// Appends to a series of a cell that is a line. `metric`: of a series of a run. Returns the index of the first new point and the number of
/// points afterwards. The caller checks the number of series, once for a cell. 500: the points of the series are damaged.
pub(crate) fn append_points(
    batch: &mut Batch,
    cell: &CellId,
    series: &SeriesId,
    metric: Option<&str>,
    points: NewPoints,
) -> Result<(u64, u64), ApiError> {
    if batch.is_damaged(cell, series) {
        let why = format!("Points of the series {series} of the cell '{cell}' are damaged on disk; nothing was appended");
        return Err(ErrorKind::GeneralError.with(format!("{why}. Restore a backup, or begin another series.")));
    }
    Ok(batch.append(cell, series, metric, points))
}

/// The object under this key, which is made if it is missing.
fn object<'a>(parent: &'a mut Map<String, Value>, key: &str) -> &'a mut Map<String, Value> {
    parent.entry(key).or_insert_with(|| Map::new().into()).as_object_mut().expect("each of these keys has an object")
}

/// 413: the cell has too many series without a run, or too many of runs.
pub(crate) fn check_series_count(batch: &Batch, cell: &CellId, of_runs: bool) -> Result<(), ApiError> {
    let (most, whose) = if of_runs { (MAX_RUN_SERIES_PER_CELL, "series of runs") } else { (MAX_SERIES_PER_CELL, "series") };
    if !has_more_series(batch, cell, of_runs, most) {
        return Ok(());
    }
    let message = format!("A cell may have {most} {whose}; nothing was appended to '{cell}'. Use several cells.");
    Err(ErrorKind::PayloadTooLarge.with(message))
}

/// Whether a cell has more than `most` series without a run, or of runs that are not deleted.
fn has_more_series(batch: &Batch, cell: &CellId, of_runs: bool, most: usize) -> bool {
    let count = batch.series_count(cell, of_runs);
    // All deleted runs are looked at only where they decide.
    count > most && (!of_runs || count - batch.series_in_trash(cell) > most)
}

/// 413: a cell of the board has too many series of runs, with those of these runs, which this operation restores.
pub(crate) fn check_restored_series(batch: &Batch, board: &str, restored: &[Arc<RunRecord>]) -> Result<(), ApiError> {
    match crowded_cell(batch, board, restored, MAX_RUN_SERIES_PER_CELL) {
        None => Ok(()),
        Some(cell) => {
            let message = format!("The cell '{cell}' would have more than {MAX_RUN_SERIES_PER_CELL} series of runs; nothing was restored.");
            Err(ErrorKind::PayloadTooLarge.with(format!("{message} Delete other runs first.")))
        }
    }
}

/// A cell of the board with series of these runs that has more than `most` series of runs.
fn crowded_cell<'a>(batch: &'a Batch, board: &str, runs: &[Arc<RunRecord>], most: usize) -> Option<&'a CellId> {
    batch.cells_with_runs(board, runs).find(|cell| has_more_series(batch, cell, true, most))
}

/// Makes an empty cell a line. 409: it has another type.
pub(crate) fn become_line(batch: &mut Batch, id: &CellId) -> Result<(), ApiError> {
    let record = batch.cell(id).ok_or_else(|| not_found(id.as_str()))?;
    match record.text("type") {
        "line" => Ok(()),
        "" if record.content == CellContent::Empty => {
            let mut record = Record::clone(&record);
            record.keys.insert("type".to_owned(), "line".into());
            batch.put(ChangeKind::Patched, record, Some(None));
            Ok(())
        }
        kind => {
            let hint = "Create a cell of type 'line', or empty this one with a PATCH of {\"type\":\"line\",\"value\":[]}";
            Err(ErrorKind::Conflict.with(format!("The cell '{id}' is of type '{kind}' and takes no points. {hint}.")))
        }
    }
}

/// A summary refers to an existing series. 400 for an unknown one: its points would be lost silently.
fn check_unchanged(batch: &Batch, id: &CellId, kept: &[Arc<str>]) -> Result<(), ApiError> {
    let names: HashSet<_> = batch.series_names(id).into_iter().collect();
    match kept.iter().find(|name| !names.contains(*name)) {
        None => Ok(()),
        Some(name) => {
            let name: String = name.chars().take(80).collect();
            let rule = "is a summary ('points' is a number of points) of a series that the cell does not have";
            let path = format!("value.series.{name}");
            let way = "Send its points, or name the series as it is called";
            Err(ErrorKind::BadRequest.with(format!("'{path}' {rule} (cell '{id}'); nothing was changed. {way}.")).at(&path, rule))
        }
    }
}

/// 409: the cell would leave the board of the runs whose points or values it has.
fn check_move(batch: &Batch, record: &Record) -> Result<(), ApiError> {
    let Some(before) = batch.cell(&record.id).filter(|before| before.board != record.board) else { return Ok(()) };
    match batch.run_of_cell(&before.board, &record.id) {
        None => Ok(()),
        Some(run) => {
            let why = format!("The cell '{}' has points or values of the run '{run}' of the board '{}'", record.id, before.board);
            Err(ErrorKind::Conflict.with(format!("{why}; nothing was changed. Delete these runs, or leave the cell on its board.")))
        }
    }
}

/// Stores a cell. The value of a line becomes its series, and `append` is added to them. `parsed`: the
/// value as points, if it was parsed before.
pub fn put(
    batch: &mut Batch,
    kind: ChangeKind,
    record: Record,
    value: Option<Option<Arc<str>>>,
    parsed: Option<Arc<LineValue>>,
    append: Option<Vec<SeriesPoints>>,
) -> Result<Arc<Record>, ApiError> {
    check_move(batch, &record)?;
    if !record.is_line() {
        if append.is_some() {
            let message = format!("The cell '{}' is not of type 'line': there is nothing to append to; nothing was changed.", record.id);
            return Err(ErrorKind::BadRequest.with(message).at("append", "is for cells of type 'line'"));
        }
        return Ok(batch.put(kind, record, value));
    }
    let whole = match (parsed, &value) {
        (Some(parsed), Some(_)) => Some(Arc::unwrap_or_clone(parsed)),
        (None, Some(value)) => Some(parse_line_value(value.as_deref().unwrap_or("null"))?),
        (_, None) => None,
    };
    let record = batch.put(kind, record, value.map(|_| None));
    if let Some(LineValue { series }) = whole {
        let (mut kept, mut new) = (Vec::new(), Vec::new());
        for series in series {
            match series {
                SeriesUpdate::Unchanged(name) => kept.push(Arc::from(name)),
                SeriesUpdate::Points(points) => new.push(points),
            }
        }
        check_unchanged(batch, &record.id, &kept)?;
        batch.retain_series(&record.id, &kept);
        append_all(batch, &record.id, new, &mut Map::new())?;
    }
    if let Some(append) = append {
        append_all(batch, &record.id, append, &mut Map::new())?;
    }
    Ok(record)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::RunId;
    use crate::server::boards::documents;
    use crate::server::store::Index;

    /// Runs an operation and commits it.
    fn commit(index: &mut Index, version: &mut u64, operation: impl FnOnce(&mut Batch)) {
        let mut batch = Batch::new(index, 0, *version);
        operation(&mut batch);
        batch.end(true);
        *version = batch.version_counter;
        // The keys of series are not looked at, but each has its own.
        batch.finish(&mut (*version as i64 * 100)).apply(index);
    }

    #[test]
    fn deleted_runs_do_not_count_in_the_limit_of_series_and_restored_ones_do() {
        let (mut index, mut version) = (Index::default(), 0);
        let (cell, board) = (CellId::parse("loss").unwrap(), Arc::<str>::from("main"));
        let run = |id: &str| RunId::parse(id).unwrap();
        let has_more = |batch: &Batch, most: usize| has_more_series(batch, &cell, true, most);
        let append = |batch: &mut Batch, of: &str, name: &str| {
            let points = NewPoints { x: None, y: vec![1.0], t: None };
            batch.append(&cell, &SeriesId::of_run(run(of), name), Some("loss"), points);
        };
        commit(&mut index, &mut version, |batch| {
            let draft = Draft::from_value(json!({ "_id": "loss", "board": "main", "type": "line" })).unwrap();
            documents::create(batch, draft, None).unwrap();
            for id in ["a", "b"] {
                batch.put_run(ChangeKind::Created, RunRecord::new(board.clone(), run(id), Map::new()));
                ["train", "val"].iter().for_each(|name| append(batch, id, name));
            }
            assert!(has_more(batch, 3) && !has_more(batch, 4));
        });
        commit(&mut index, &mut version, |batch| {
            batch.remove_run(&batch.run("main", &run("a")).unwrap());
            assert!(has_more(batch, 1) && !has_more(batch, 2), "in the batch that deletes it");
        });
        commit(&mut index, &mut version, |batch| {
            assert!(has_more(batch, 1) && !has_more(batch, 2));
            append(batch, "b", "test");
            assert!(has_more(batch, 2) && !has_more(batch, 3));
        });
        commit(&mut index, &mut version, |batch| {
            let restored = [batch.restore_run(&batch.removed_run("main", &run("a")).unwrap())];
            assert_eq!(crowded_cell(batch, "main", &restored, 4), Some(&cell));
            assert_eq!(crowded_cell(batch, "main", &restored, 5), None);
        });
        commit(&mut index, &mut version, |batch| {
            batch.remove_run(&batch.run("main", &run("a")).unwrap());
            // In place of a deleted run: without its series.
            batch.put_run(ChangeKind::Created, RunRecord::new(board.clone(), run("a"), Map::new()));
            assert!(has_more(batch, 2) && !has_more(batch, 3));
        });
    }
}
