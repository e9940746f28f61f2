//! A run as pages list it.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;

use super::RunSigns;
use super::document::WARNING;
use super::run_curves::{RunCurves, lines_of};
use crate::protocol::{Run, RunId, RunStatus};
use crate::server::store::{BoardIndex, Index, Record, RunRecord};

/// The colours of series, of which each run has one.
const COLOURS: u64 = 8;

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
        Self { index, lines: lines_of(board), signs, now_ms }
    }

    pub fn run(&self, record: &RunRecord) -> Run {
        let curves = self.curves(&record.id);
        // Scripts may send times of their own, also of the future.
        let last_point_ms = ((curves.newest * 1000.0) as u64).min(self.now_ms);
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
            last: curves.last_values(),
            non_finite: curves.non_finite(),
        }
    }

    /// The curves of a run, in the lines of the board.
    pub fn curves(&self, run: &RunId) -> RunCurves<'a> {
        RunCurves::of(self.index, &self.lines, run)
    }
}
