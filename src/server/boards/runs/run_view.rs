//! A run as searches, queries and documents see it.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value, json};

use super::document_keys::{OWN_CHARTS, is_private, public_exit};
use super::flat_config::value_of;
use super::metric_table::MetricTable;
use super::run_columns::{ColumnValue, ReadColumns};
use super::search::{DIVERGED, RunFields, Statistic, document_key_cost};
use super::signs::RunSigns;
use super::silence::Silence;
use crate::protocol::RunStatus;
use crate::server::boards::query::filter::{Field, QueryBudget, QueryFields};
use crate::server::store::{RunRecord, json_number, timestamp};

/// The time of a reading, and the signs of life until then.
pub struct RunClock {
    now_ms: u64,
    signs: Arc<RunSigns>,
}

impl RunClock {
    pub fn now(signs: &Arc<RunSigns>) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        Self { now_ms: now.as_millis() as u64, signs: signs.clone() }
    }
}

/// The start of a run: Unix time, ms.
pub fn started_ms(record: &RunRecord) -> u64 {
    time_of(record, "startedAt").unwrap_or(record.created_ms)
}

fn time_of(record: &RunRecord, key: &str) -> Option<u64> {
    let time: jiff::Timestamp = record.text(key).parse().ok()?;
    u64::try_from(time.as_millisecond()).ok()
}

/// A run as it is read: its document with the keys that are derived.
#[derive(Clone, Debug)]
pub struct RunView {
    pub record: Arc<RunRecord>,
    pub metrics: Arc<MetricTable>,
    /// The metrics that have a chart of their own, of a run that is read alone.
    own_charts: Map<String, Value>,
    /// When it was read: Unix time, ms.
    now_ms: u64,
    /// When the server began to receive signs: Unix time, ms.
    up_since_ms: u64,
    /// Unix time of the last heartbeat or points, ms; 0 if there were none.
    last_sign_ms: u64,
    /// Without the keys that a share does not show.
    is_public: bool,
    /// Values of keys of the configuration, and the place of the run in them.
    columns: Option<(Arc<ReadColumns>, usize)>,
    /// Whether a metric ends without a finite value, where the search asks for it.
    is_diverged: bool,
}

impl RunView {
    pub fn new(record: Arc<RunRecord>, metrics: Arc<MetricTable>, clock: &RunClock, is_public: bool) -> Self {
        let last_sign_ms = clock.signs.last_ms(&record.board, &record.id).max(record.beat_ms());
        Self {
            now_ms: clock.now_ms,
            up_since_ms: clock.signs.up_since_ms,
            record,
            metrics,
            own_charts: Map::new(),
            last_sign_ms,
            is_public,
            columns: None,
            is_diverged: false,
        }
    }

    pub fn with_columns(self, columns: Arc<ReadColumns>, place: usize) -> Self {
        Self { columns: Some((columns, place)), ..self }
    }

    pub fn with_own_charts(self, own_charts: Map<String, Value>) -> Self {
        Self { own_charts, ..self }
    }

    pub fn with_divergence(self, is_diverged: bool) -> Self {
        Self { is_diverged, ..self }
    }

    pub fn status(&self) -> RunStatus {
        RunStatus::parse(self.record.text("status")).unwrap_or_default()
    }

    fn started_ms(&self) -> u64 {
        started_ms(&self.record)
    }

    /// The last sign, or the start of a run that has given none.
    fn sign_or_start_ms(&self) -> u64 {
        if self.last_sign_ms > 0 { self.last_sign_ms } else { self.started_ms().max(self.record.created_ms) }
    }

    /// Seconds from the start to the end, or to the last sign of a running run.
    fn took(&self) -> f64 {
        let end = time_of(&self.record, "endedAt").unwrap_or_else(|| self.sign_or_start_ms());
        end.saturating_sub(self.started_ms()) as f64 / 1000.0
    }

    fn silence(&self) -> Option<Silence> {
        let interval = self.record.keys.get("interval").and_then(Value::as_f64);
        Silence::derive(self.status(), interval, self.sign_or_start_ms(), self.now_ms, self.up_since_ms)
    }

    pub fn is_lost(&self) -> bool {
        self.silence() == Some(Silence::Lost)
    }

    fn derived(&self, key: &str) -> Option<Value> {
        let record = &self.record;
        Some(match key {
            "_id" => record.id.as_str().into(),
            "board" => (*record.board).into(),
            "name" if !record.keys.contains_key("name") => record.id.as_str().into(),
            "tags" if !record.keys.contains_key("tags") => json!([]),
            "archived" if !record.keys.contains_key("archived") => false.into(),
            "took" => json_number(self.took()),
            "age" => json_number(self.now_ms.saturating_sub(record.created_ms) as f64 / 1000.0),
            "heartbeatAt" if self.last_sign_ms > 0 => timestamp(self.last_sign_ms).into(),
            "state" => self.silence()?.as_str().into(),
            "silentSince" => self.silence().map(|_| timestamp(self.sign_or_start_ms()))?.into(),
            "rev" => record.rev.into(),
            "createdAt" => timestamp(record.created_ms).into(),
            "updatedAt" => timestamp(record.updated_ms).into(),
            _ => return None,
        })
    }

    fn is_private(&self, key: &str) -> bool {
        self.is_public && is_private(key)
    }

    /// The document. `with_metrics`: the statistics of all metrics, which must be in the table.
    pub fn to_json(&self, with_metrics: bool) -> Map<String, Value> {
        let mut keys = Map::new();
        for key in ["_id", "board", "name", "status", "state", "silentSince", "tags", "archived"] {
            if let Some(value) = self.derived(key) {
                keys.insert(key.to_owned(), value);
            }
        }
        let own = self.record.keys.iter().filter(|(key, _)| !self.is_private(key));
        keys.extend(own.map(|(key, value)| match &**key {
            "exit" if self.is_public => (key.clone(), public_exit(value)),
            _ => (key.clone(), value.clone()),
        }));
        if with_metrics {
            keys.insert("metrics".to_owned(), self.metrics.of_run(&self.record.id).into());
        }
        if !self.own_charts.is_empty() {
            keys.insert(OWN_CHARTS.to_owned(), self.own_charts.clone().into());
        }
        for key in ["took", "heartbeatAt", "rev", "createdAt", "updatedAt"] {
            if let Some(value) = self.derived(key) {
                keys.insert(key.to_owned(), value);
            }
        }
        keys
    }
}

/// The config of a run, if it is an object.
pub fn config_of(record: &RunRecord) -> Option<&Map<String, Value>> {
    record.keys.get("config").and_then(Value::as_object)
}

impl RunFields for RunView {
    fn document(&self, key: &str) -> Option<Cow<'_, Value>> {
        if self.is_private(key) {
            return None;
        }
        if self.is_public && key == "exit" {
            return self.record.keys.get(key).map(|exit| Cow::Owned(public_exit(exit)));
        }
        self.derived(key).map(Cow::Owned).or_else(|| value_of(&self.record.keys, key).map(Cow::Borrowed))
    }

    fn statuses(&self) -> Vec<&str> {
        let silence = self.silence().map(Silence::as_str);
        [self.status().as_str()].into_iter().chain(silence).chain(self.is_diverged.then_some(DIVERGED)).collect()
    }

    fn config(&self, key: &str) -> Option<Cow<'_, Value>> {
        let value = match self.columns.as_ref().and_then(|(columns, place)| columns.get(key, *place)) {
            None | Some(ColumnValue::InDocument) => return value_of(config_of(&self.record)?, key).map(Cow::Borrowed),
            Some(ColumnValue::Missing) => return None,
            Some(ColumnValue::Null) => Value::Null,
            Some(ColumnValue::Boolean(value)) => Value::Bool(*value),
            Some(ColumnValue::Number(number)) => Value::Number(number.clone()),
            Some(ColumnValue::Text(text)) => Value::String(text.to_string()),
        };
        Some(Cow::Owned(value))
    }

    fn metric(&self, name: &str, statistic: Statistic) -> Option<f64> {
        self.metrics.get(name, &self.record.id)?.get(statistic)
    }
}

/// A run under the test of a Feathers query.
pub struct RunCandidate<'a> {
    pub view: &'a RunView,
    pub budget: &'a QueryBudget,
}

impl QueryFields for RunCandidate<'_> {
    fn lookup(&self, field: &Field) -> Option<Cow<'_, Value>> {
        self.budget.spend(document_key_cost(&field.name));
        match metric_of(field) {
            Some((name, statistic)) => self.view.metric(&name, statistic).map(|number| Cow::Owned(json_number(number))),
            None => self.view.document(&field.name),
        }
    }

    fn budget(&self) -> &QueryBudget {
        self.budget
    }
}

/// `metrics.loss.min`; without a statistic the last value.
pub fn metric_of(field: &Field) -> Option<(String, Statistic)> {
    let rest = Some(field.rest()).filter(|rest| field.head() == "metrics" && !rest.is_empty())?;
    let statistic = rest.last().and_then(|last| Statistic::parse(last)).filter(|_| rest.len() > 1);
    let name = &rest[..rest.len() - usize::from(statistic.is_some())];
    Some((name.join("."), statistic.unwrap_or(Statistic::Last)))
}
