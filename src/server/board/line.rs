//! Cells of lines: how points reach their series, one by one or as a whole value.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::sent::{LineSeries, LineValue, Sent, SentSeries, parse_line_value, parse_points};
use super::{Boards, Draft, Target, not_found};
use crate::protocol::{ApiError, CellId, ErrorKind, Stage};
use crate::server::error::Problem;
use crate::server::store::{Batch, Done, Key, Kind, NewPoints, Record};

/// Series in one cell.
const SERIES_PER_CELL: usize = 1000;

/// What makes a request one that is done once: its key, and a number that tells its body and address from others.
#[derive(Clone, Debug)]
pub struct Once {
    pub key: Key,
    pub hash: u64,
}

impl Boards {
    /// Appends to series of cells: all or nothing. Answers JSON: `{"appended":3,"cells":{"<id>":{"loss":{"start":0,"points":3}}}}`.
    ///
    /// A cell without type and value becomes a `line`. 404: no such cell. 409: it is of another type. 422: the key came with another body.
    pub async fn append(&self, sent: Vec<Sent>, once: Option<Once>) -> Result<Arc<str>, Problem> {
        let points: usize = sent.iter().flat_map(|sent| &sent.series).map(|series| series.y.len()).sum();
        let operation = move |batch: &mut Batch| {
            if let Some(Once { key, hash }) = &once {
                match batch.replied(key) {
                    Done::Never => {}
                    Done::Forgotten => return Ok(Arc::from(r#"{"appended":0,"repeated":true}"#)),
                    Done::Answered(reply) if reply.hash == *hash => return Ok(reply.answer),
                    Done::Answered(_) => {
                        let message = "This Idempotency-Key was used with another body or address; nothing was appended. Use a new key for new points.";
                        return Err(ErrorKind::Unprocessable.with(message).into());
                    }
                }
            }
            let mut cells = Map::new();
            for Sent { cell, series } in sent {
                become_line(batch, &cell)?;
                let told = append_all(batch, &cell, series)?;
                cells.insert(cell.to_string(), Value::Object(told));
            }
            let answer: Arc<str> = json!({ "appended": points, "cells": cells }).to_string().into();
            if let Some(Once { key, hash }) = once {
                batch.reply(key, hash, answer.clone());
            }
            Ok(answer)
        };
        self.store.write(64 + 24 * points, operation).await
    }

    /// Parses a value before the writer sees it, if the target is a line or becomes one.
    pub(super) fn parse_line(&self, target: &Target, value: Option<&str>) -> Result<Option<LineValue>, ApiError> {
        let is_line = match target {
            Target::One(id, _) => self.store.index().cell(id).is_some_and(|record| record.is_line()),
            Target::Matching(_) => false,
        };
        value.filter(|_| is_line).map(parse_line_value).transpose()
    }
}

/// The key `append` of a patch of one cell.
pub fn parse_append(target: &Target, append: Option<&str>) -> Result<Option<Vec<SentSeries>>, ApiError> {
    match (append, target) {
        (None, _) => Ok(None),
        (Some(append), Target::One(id, _)) => parse_points(id, append.as_bytes(), None).map(Some),
        (Some(_), Target::Matching(_)) => Err(misplaced()),
    }
}

/// `append` where a document is created or replaced.
pub fn refuse_append(draft: &Draft) -> Result<(), ApiError> {
    if draft.append.is_some() { Err(misplaced()) } else { Ok(()) }
}

fn misplaced() -> ApiError {
    let rule = "belongs into a PATCH of one cell";
    ErrorKind::BadRequest
        .with(format!("'append' {rule}; a new line takes its points as 'value': {{\"series\":{{...}}}}."))
        .at("append", rule)
}

fn append_all(batch: &mut Batch, cell: &CellId, series: Vec<SentSeries>) -> Result<Map<String, Value>, ApiError> {
    let mut told = Map::new();
    for SentSeries { name, x, y, t } in series {
        if y.is_empty() {
            continue;
        }
        let (start, points) = batch.append(cell, &name, NewPoints { x, y, t });
        // Points of one series may come in several parts: the first says where they begin.
        let start = told.get(&name).map_or(json!(start), |part: &Value| part["start"].clone());
        told.insert(name, json!({ "start": start, "points": points }));
    }
    if batch.series_names(cell).len() > SERIES_PER_CELL {
        let message = format!("A cell may have {SERIES_PER_CELL} series; nothing was appended to '{cell}'. Use several cells.");
        return Err(ErrorKind::PayloadTooLarge.with(message));
    }
    Ok(told)
}

/// The cell takes points: it is a line, or nothing yet.
fn become_line(batch: &mut Batch, id: &CellId) -> Result<(), ApiError> {
    let record = batch.cell(id).ok_or_else(|| not_found(id.as_str()))?;
    match record.text("type") {
        "line" => Ok(()),
        "" if record.stage == Stage::Empty => {
            let mut record = Record::clone(&record);
            record.keys.insert("type".to_owned(), "line".into());
            batch.put(Kind::Patched, record, Some(None));
            Ok(())
        }
        kind => {
            let hint = "Create a cell of type 'line', or empty this one with a PATCH of {\"type\":\"line\",\"value\":[]}";
            Err(ErrorKind::Conflict.with(format!("The cell '{id}' is of type '{kind}' and takes no points. {hint}.")))
        }
    }
}

/// Accepts a cell. Of a line, the value becomes series and `append` goes to their ends. `parsed` is the value where it was parsed before.
pub fn put(
    batch: &mut Batch,
    kind: Kind,
    record: Record,
    value: Option<Option<Arc<str>>>,
    parsed: Option<LineValue>,
    append: Option<Vec<SentSeries>>,
) -> Result<Arc<Record>, ApiError> {
    if !record.is_line() {
        if append.is_some() {
            let message = format!("The cell '{}' is not of type 'line': there is nothing to append to; nothing was changed.", record.id);
            return Err(ErrorKind::BadRequest.with(message).at("append", "is for cells of type 'line'"));
        }
        return Ok(batch.put(kind, record, value));
    }
    let whole = match (parsed, &value) {
        (Some(parsed), Some(_)) => Some(parsed),
        (None, Some(value)) => Some(parse_line_value(value.as_deref().unwrap_or("null"))?),
        (_, None) => None,
    };
    let record = batch.put(kind, record, value.map(|_| None));
    if let Some(LineValue { series }) = whole {
        let (mut kept, mut new) = (Vec::new(), Vec::new());
        for series in series {
            match series {
                LineSeries::Kept(name) => kept.push(Arc::from(name)),
                LineSeries::Points(points) => new.push(points),
            }
        }
        batch.keep_series(&record.id, &kept);
        append_all(batch, &record.id, new)?;
    }
    if let Some(append) = append {
        append_all(batch, &record.id, append)?;
    }
    Ok(record)
}
