//! The metrics of an epoch, as Keras' `RemoteMonitor` sends them: a board with one line cell for each metric.

use serde_json::{Map, json};

use super::append::append_to;
use super::documents::create;
use super::idempotency::{IdempotentRequest, JsonResponse};
use super::ingest::json_reader::{JsonReader, ParseResult};
use super::ingest::{SeriesPoints, check_name};
use super::size::memory_bytes;
use super::{Boards, Draft};
use crate::protocol::{ApiError, CellId, ErrorKind};
use crate::server::error::ServerError;
use crate::server::limits::MAX_SERIES_PER_REQUEST;
use crate::server::store::Batch;

/// The board of metrics without one.
pub const BOARD: &str = "keras";
/// Prefix of the names of validation metrics in Keras.
const VALIDATION_PREFIX: &str = "val_";
/// Length of the part before the checksum in an id: a dash and eight hexadecimal digits follow.
const PREFIX_CHARS: usize = CellId::MAX_LEN - 9;

/// The metrics of one epoch.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Epoch {
    /// The key `epoch`; `None`: the last step of each series plus 1.
    pub step: Option<f64>,
    /// In the order of arrival. Any f64; names of 1 to 200 characters.
    pub metrics: Vec<(String, f64)>,
}

/// Reads a body of `POST /publish/epoch/end/`: `{"epoch": 3, "loss": 0.31, "val_loss": NaN}`, or a form with that text in one of its fields.
///
/// Values that are not numbers are ignored, since Keras sends everything that callbacks left in the
/// logs and does not read the response.
pub fn parse_epoch(body: &[u8]) -> Result<Epoch, ApiError> {
    let is_json = |text: &str| text.trim_start().starts_with('{');
    let refused =
        |why: &str| ErrorKind::BadRequest.with(format!("The body {why}: send a JSON object, or a form whose field 'data' holds one."));
    let sent = std::str::from_utf8(body).map_err(|_| refused("is not UTF-8 text"))?;
    if is_json(sent) {
        return parse_object(sent);
    }
    // Keras can be configured to use another name for the field.
    let mut fields = form_urlencoded::parse(body).filter(|(_, value)| is_json(value));
    match (fields.next(), fields.next()) {
        (Some((_, json)), None) => parse_object(&json),
        (Some(_), Some(_)) => Err(refused("is a form with several objects")),
        (None, _) => Err(refused("has no metrics of an epoch")),
    }
}

fn parse_object(json: &str) -> Result<Epoch, ApiError> {
    let (mut reader, mut epoch) = (JsonReader::new(json), Epoch::default());
    let read = reader.keys(|reader, name| {
        if name == "epoch" {
            epoch.step = Some(reader.finite()?);
            return Ok(());
        }
        if let Some(value) = number_or_other(reader)? {
            check_name(&name).map_err(|rule| reader.error(format!("is a name that {rule}")))?;
            if epoch.metrics.len() == MAX_SERIES_PER_REQUEST {
                return Err(reader
                    .error_of(ErrorKind::PayloadTooLarge, format!("is one too many: an epoch may have {MAX_SERIES_PER_REQUEST} metrics")));
            }
            epoch.metrics.push((name.into_owned(), value));
        }
        Ok(())
    });
    read.and_then(|()| reader.end()).map_err(|error| error.into_api_error(json, 1))?;
    Ok(epoch)
}

fn number_or_other(reader: &mut JsonReader) -> ParseResult<Option<f64>> {
    let start = match reader.peek() {
        Some(b'"' | b'[' | b'{' | b't' | b'f') => reader.at(),
        _ => return reader.value().map(Some),
    };
    // A string may be NaN or Infinity.
    reader.value().map(Some).or_else(|_| {
        reader.back_to(start);
        reader.skip().map(|_| None)
    })
}

/// The id of a metric's cell, such as `keras-loss`. A name with other characters gets a checksum, so
/// that two metrics never share a cell. The Python package makes the same ids for `board.log`.
fn cell_of(board: &str, metric: &str) -> CellId {
    let is_plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let mut id = format!("{board}-{metric}");
    if !is_plain(board) || !is_plain(metric) || id.len() > CellId::MAX_LEN {
        let sum = crc32fast::hash(format!("{board}\0{metric}").as_bytes());
        let kept = id.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).take(PREFIX_CHARS).collect::<String>();
        id = format!("{kept}-{sum:08x}");
    }
    CellId::parse(&id).expect("1 to 64 letters, digits, '-' and '_'")
}

impl Boards {
    /// Appends each metric to the line cell of its name on `board`: all or nothing. `loss` is its series `train`, and `val_loss` its
    /// series `val`. Cells that are not there are made. Answers JSON in the form of [`Boards::append`].
    ///
    /// 409: the cell of a metric is there and is no line. 422: the key came with another body.
    pub async fn epoch_end(&self, board: &str, epoch: Epoch, idempotency: Option<IdempotentRequest>) -> Result<JsonResponse, ServerError> {
        let board = board.to_owned();
        let bytes = memory_bytes(256 * epoch.metrics.len(), epoch.metrics.len());
        let operation = move |batch: &mut Batch| {
            if let Some(answer) = IdempotentRequest::lookup(idempotency.as_ref(), batch)? {
                return Ok(answer);
            }
            let (mut cells, appended) = (Map::new(), epoch.metrics.len());
            for (metric, value) in epoch.metrics {
                let (metric, series) = match metric.strip_prefix(VALIDATION_PREFIX).filter(|rest| !rest.is_empty()) {
                    Some(rest) => (rest, "val"),
                    None => (&*metric, "train"),
                };
                let id = cell_of(&board, metric);
                if batch.cell(&id).is_none() {
                    create(batch, Draft::from_value(json!({ "_id": id, "board": board, "type": "line", "name": metric }))?, None)?;
                }
                let sent =
                    SeriesPoints { run: None, name: series.to_owned(), x: epoch.step.map(|step| vec![step]), y: vec![value], t: None };
                let appended = append_to(batch, &id, vec![sent], &mut Map::new())?;
                let cell = cells.entry(id.to_string()).or_insert_with(|| json!({})).as_object_mut().expect("made an object here");
                for (series, mut now) in appended {
                    // A metric may occur twice; the first one has the index.
                    if let Some(start) = cell.get(&series).map(|before| before["start"].clone()) {
                        now["start"] = start;
                    }
                    cell.insert(series, now);
                }
            }
            let text = json!({ "appended": appended, "cells": cells }).to_string();
            Ok(IdempotentRequest::store_append(idempotency, batch, text, appended))
        };
        self.store.write(bytes, operation).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metrics(body: &str) -> Vec<(String, f64)> {
        parse_epoch(body.as_bytes()).unwrap().metrics
    }

    #[test]
    fn forms_and_json_are_read_alike() {
        let form = "data=%7B%22epoch%22%3A+3%2C+%22loss%22%3A+0.25%2C+%22val_loss%22%3A+-Infinity%7D";
        let json = r#" {"epoch": 3, "loss": 0.25, "val_loss": -Infinity}"#;
        let expected = Epoch { step: Some(3.0), metrics: vec![("loss".into(), 0.25), ("val_loss".into(), f64::NEG_INFINITY)] };
        assert_eq!(parse_epoch(form.as_bytes()).unwrap(), expected);
        assert_eq!(parse_epoch(json.as_bytes()).unwrap(), expected);
        assert_eq!(parse_epoch(form.replace("data=", "run=7&logs=").as_bytes()).unwrap(), expected, "the field may have another name");
    }

    #[test]
    fn values_that_are_not_numbers_are_ignored() {
        assert_eq!(metrics(r#"{"a":"x","b":[1,{"c":2}],"d":{"e":[3]},"f":true,"g":7}"#), [("g".to_owned(), 7.0)]);
        assert!(metrics(r#"{"epoch":0,"loss":NaN}"#)[0].1.is_nan() && metrics(r#"{"loss":"NaN"}"#)[0].1.is_nan());
        assert_eq!(metrics("{}"), []);
    }

    #[test]
    fn errors_name_the_reason() {
        let message = |body: &str| parse_epoch(body.as_bytes()).unwrap_err().message;
        assert_eq!(message("a=1"), "The body has no metrics of an epoch: send a JSON object, or a form whose field 'data' holds one.");
        assert!(message("").contains("has no metrics") && message("[1]").contains("has no metrics"));
        assert!(message("a={}&b={}").contains("several objects"));
        assert_eq!(message(r#"{"epoch":"one"}"#), "'epoch' must be a finite number, not a string (line 1 column 10).");
        assert_eq!(message(r#"{"epoch":0,"loss":1."#), "'loss' is not JSON: a number is not written as JSON wants it (line 1 column 19).");
        assert!(message(r#"{"epoch":0} {}"#).contains("goes on after its end"));
        assert!(message(r#"{"":1}"#).contains("1 to 200 characters"));
        assert!(parse_epoch(b"{\"\xff\":1}").unwrap_err().message.contains("UTF-8"));
        let many: String = (0..=MAX_SERIES_PER_REQUEST).map(|at| format!("{}\"m{at}\":1", if at == 0 { "{" } else { "," })).collect();
        assert_eq!(parse_epoch(format!("{many}}}").as_bytes()).unwrap_err().code, 413);
    }

    #[test]
    fn each_metric_has_an_id_of_its_own() {
        assert_eq!(cell_of("keras", "loss").as_str(), "keras-loss");
        let ids = ["top 5", "top-5", "top/5", "größe", &"x".repeat(200), &"x".repeat(199)].map(|name| cell_of("a.b", name));
        for (at, id) in ids.iter().enumerate() {
            assert!(!ids[..at].contains(id), "{id}");
        }
        assert_ne!(cell_of("a-b", "c"), cell_of("a", "b-c"));
        assert_eq!(ids[4], cell_of("a.b", &"x".repeat(200)), "the same at every epoch");
    }
}
