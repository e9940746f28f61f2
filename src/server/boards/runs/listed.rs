//! A run as pages list it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;

use super::RunSigns;
use super::document::WARNING;
use crate::protocol::{LastValue, Run, RunId, RunStatus};
use crate::server::store::{BoardIndex, Index, Record, RunRecord};

/// The colours of series, of which each run has one.
const COLOURS: u64 = 8;
/// Metrics of the machine come after those of the training.
const SYSTEM: &str = "system/";

/// What runs are listed from.
pub struct RunListView<'a> {
    index: &'a Index,
    /// The lines of the board, which may have series of runs.
    lines: Vec<&'a Arc<Record>>,
    signs: &'a RunSigns,
    now_ms: u64,
}

impl<'a> RunListView<'a> {
    pub fn new(index: &'a Index, board: &'a BoardIndex, signs: &'a RunSigns) -> Self {
        let now_ms = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64);
        Self { index, lines: board.cells.values().filter(|record| record.is_line()).collect(), signs, now_ms }
    }

    pub fn run(&self, record: &RunRecord) -> Run {
        let (last, last_point_ms) = self.last_values(&record.id);
        let last_sign_ms = self.signs.last_ms(&record.board, &record.id).max(record.beat_ms());
        let is_true = |key: &str| record.keys.get(key) == Some(&Value::Bool(true));
        let time = |key: &str| humantime::parse_rfc3339_weak(record.text(key)).ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let ms = |key: &str| time(key).map(|since| since.as_millis() as u64);
        let name = Some(record.text("name")).filter(|name| !name.is_empty());
        let tags = record.keys.get("tags").and_then(Value::as_array);
        Run {
            id: record.id.clone(),
            name: name.unwrap_or(record.id.as_str()).to_owned(),
            colour: (record.keys.get("colour").and_then(Value::as_u64).unwrap_or(0) % COLOURS) as u8,
            status: RunStatus::parse(record.text("status")).unwrap_or_default(),
            hidden: is_true("hidden"),
            archived: is_true("archived"),
            has_warning: record.keys.contains_key(WARNING),
            group: record.text("group").to_owned(),
            tags: tags.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect(),
            created_order: record.created_order,
            rev: record.rev,
            started_ms: ms("startedAt").unwrap_or(record.created_ms),
            ended_ms: ms("endedAt"),
            last_sign_ms: last_sign_ms.max(last_point_ms).max(record.created_ms),
            interval: record.keys.get("interval").and_then(Value::as_f64),
            last,
        }
    }

    /// The last value of each metric of a run, and the Unix time of its last point, in ms.
    pub fn last_values(&self, run: &RunId) -> (Vec<LastValue>, u64) {
        let (mut last, mut newest) = (BTreeMap::new(), 0.0_f64);
        for line in &self.lines {
            for series in self.index.series_of_run(&line.id, run) {
                let Some(point) = series.last else { continue };
                newest = newest.max(point.t);
                let metric = match (&series.metric, &*series.id.name) {
                    (Some(metric), _) => metric.to_string(),
                    (None, "") => line.id.to_string(),
                    (None, name) => format!("{}/{name}", line.id),
                };
                last.insert((metric.starts_with(SYSTEM), metric), point.y);
            }
        }
        let last = last.into_iter().take(Run::MAX_METRICS).map(|((_, metric), value)| LastValue { metric, value });
        // Scripts may send times of their own, also of the future.
        (last.collect(), ((newest * 1000.0) as u64).min(self.now_ms))
    }
}
