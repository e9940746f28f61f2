//! The values of runs, as searches, queries and documents see them.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value, json};

use super::flat_config::{for_each_value, value_of};
use super::search::{KeyCatalog, RunFields, Statistic, document_key_cost};
use super::signs::RunSigns;
use super::silence::Silence;
use crate::protocol::{CellId, RunId, RunStatus};
use crate::series::CurveValues;
use crate::server::boards::metrics::{Direction, MetricSettings, best_direction};
use crate::server::boards::query::filter::{Field, QueryBudget, QueryFields};
use crate::server::store::{Index, RunRecord, Series, Store, json_number, timestamp};

/// Keys that every document has, or that are derived when it is read.
const DOCUMENT_KEYS: [&str; 31] = [
    "_id",
    "name",
    "config",
    "tags",
    "group",
    "job_type",
    "notes",
    "parent",
    "fork",
    "source",
    "summary",
    "status",
    "state",
    "silentSince",
    "exit",
    "host",
    "command",
    "git",
    "python",
    "startedAt",
    "endedAt",
    "heartbeatAt",
    "took",
    "age",
    "colour",
    "archived",
    "hidden",
    "interval",
    "rev",
    "createdAt",
    "updatedAt",
];
/// Keys that say how and where a script ran: a share does not show them.
const PRIVATE_KEYS: [&str; 2] = ["command", "host"];
/// Keys that a share shows beside [`DOCUMENT_KEYS`].
const PUBLIC_KEYS: [&str; 3] = ["board", "metrics", "warning"];

/// Whether a share does not show a key of documents: a private one, a part of `exit` such as the traceback, or a key that clients made
/// up.
pub fn is_private(key: &str) -> bool {
    let (head, rest) = key.split_once('.').unwrap_or((key, ""));
    let is_known = DOCUMENT_KEYS.contains(&head) || PUBLIC_KEYS.contains(&head);
    !is_known || PRIVATE_KEYS.contains(&head) || head == "exit" && !matches!(rest, "" | "code")
}

/// What a share shows of the key `exit`.
fn public_exit(exit: &Value) -> Value {
    let code = exit.get("code").map(|code| ("code".to_owned(), code.clone()));
    code.into_iter().collect::<Map<_, _>>().into()
}

/// The statistics of a metric of a run.
#[derive(Clone, Copy, Debug)]
pub struct MetricFigures {
    points: u64,
    /// Value and step of the last point.
    last: (f64, f64),
    /// Time of the last point, in seconds since 1970.
    time: f64,
    /// Of the curve's finite values.
    values: Option<CurveValues>,
    direction: Option<Direction>,
}

impl MetricFigures {
    fn of(series: &Series, direction: Option<Direction>) -> Option<Self> {
        let last = series.last?;
        Some(Self {
            points: series.count(),
            last: (last.y, last.x),
            time: last.t,
            values: series.figures().and_then(|figures| figures.values),
            direction,
        })
    }

    fn get(&self, statistic: Statistic) -> Option<f64> {
        match (statistic, self.direction) {
            (Statistic::Last, _) => Some(self.last.0),
            (Statistic::Min, _) | (Statistic::Best, Some(Direction::Min)) => Some(self.values?.min.value),
            (Statistic::Max, _) | (Statistic::Best, Some(Direction::Max)) => Some(self.values?.max.value),
            (Statistic::Mean, _) => Some(self.values?.mean),
            (Statistic::Best, None) => None,
        }
    }

    fn to_json(self) -> Value {
        let mut keys = json!({ "last": json_number(self.last.0), "lastStep": json_number(self.last.1), "points": self.points });
        if let Some(CurveValues { min, max, mean, .. }) = self.values {
            for (key, number) in [("min", min.value), ("minStep", min.step), ("max", max.value), ("maxStep", max.step), ("mean", mean)] {
                keys[key] = json_number(number);
            }
            if let Some(best) = self.get(Statistic::Best) {
                keys["best"] = json_number(best);
            }
        }
        keys
    }
}

/// The cells of a board. Readers of many series look at one cell at a time, so that commits do not wait for them.
pub fn cells_of(store: &Store, board: &str) -> Vec<CellId> {
    store.index().board(board).map(|board| board.cells.keys().cloned().collect()).unwrap_or_default()
}

/// The metrics of some runs, by name.
#[derive(Debug, Default)]
pub struct MetricTable(BTreeMap<Arc<str>, HashMap<RunId, MetricFigures>>);

/// The settings that say which end of a metric is better.
pub struct Directions {
    settings: MetricSettings,
    goal: Option<(String, Direction)>,
}

impl Directions {
    /// `document`: the keys of the board's document.
    pub fn of(document: Option<&Map<String, Value>>) -> Self {
        let metrics = document.and_then(|document| document.get("metrics")).unwrap_or(&Value::Null);
        let goal = document
            .and_then(|document| document.get("goal"))
            .and_then(|goal| Some((goal.get("metric")?.as_str()?.to_owned(), Direction::from_name(goal.get("direction")?.as_str()?)?)));
        // Settings were checked when they were written.
        Self { settings: MetricSettings::parse(metrics).unwrap_or_default(), goal }
    }

    fn direction(&self, metric: &str) -> Option<Direction> {
        let goal = self.goal.as_ref().filter(|(goal, _)| goal == metric).map(|(_, direction)| *direction);
        self.settings.of(metric).direction.or(goal).or_else(|| best_direction(metric))
    }
}

impl MetricTable {
    /// The metrics of these names of all runs of a board. Looks at each series of runs on the board.
    pub fn of_names(store: &Store, board: &str, names: &BTreeSet<String>, directions: &Directions) -> Self {
        let mut table = Self::default();
        if names.is_empty() {
            return table;
        }
        let known: HashMap<&str, Option<Direction>> = names.iter().map(|name| (name.as_str(), directions.direction(name))).collect();
        for cell in cells_of(store, board) {
            let index = store.index();
            for series in index.cell_series(&cell).into_iter().flat_map(|series| series.of_runs()) {
                if let Some(direction) = series.metric.as_ref().and_then(|metric| known.get(&**metric)) {
                    table.add(series, *direction);
                }
            }
        }
        table
    }

    /// All metrics of these runs.
    pub fn of_runs(store: &Store, board: &str, runs: &[&RunId], directions: &Directions) -> Self {
        let (mut table, mut known) = (Self::default(), HashMap::new());
        for cell in cells_of(store, board) {
            table.add_cell(&store.index(), &cell, runs, directions, &mut known);
        }
        table
    }

    /// All metrics of one run.
    pub fn of_run_in(index: &Index, board: &str, run: &RunId, directions: &Directions) -> Self {
        let (mut table, mut known) = (Self::default(), HashMap::new());
        for cell in index.board(board).into_iter().flat_map(|board| board.cells.keys()) {
            table.add_cell(index, cell, &[run], directions, &mut known);
        }
        table
    }

    /// Adds the series of these runs in a cell. `known`: the directions of the metrics so far.
    fn add_cell(
        &mut self,
        index: &Index,
        cell: &CellId,
        runs: &[&RunId],
        directions: &Directions,
        known: &mut HashMap<Arc<str>, Option<Direction>>,
    ) {
        for series in runs.iter().flat_map(|run| index.series_of_run(cell, run)) {
            let Some(metric) = &series.metric else { continue };
            let direction = *known.entry(metric.clone()).or_insert_with(|| directions.direction(metric));
            self.add(series, direction);
        }
    }

    /// Where charts of a metric were changed, a run may have its metric in two cells: the one with the newest point counts.
    fn add(&mut self, series: &Series, direction: Option<Direction>) {
        let (Some(run), Some(metric)) = (&series.id.run, &series.metric) else { return };
        let Some(figures) = MetricFigures::of(series, direction) else { return };
        if !self.0.contains_key(metric) {
            self.0.insert(metric.clone(), HashMap::new());
        }
        let Some(runs) = self.0.get_mut(metric) else { return };
        match runs.get_mut(run) {
            Some(known) if known.time > figures.time => {}
            Some(known) => *known = figures,
            None => drop(runs.insert(run.clone(), figures)),
        }
    }

    fn get(&self, metric: &str, run: &RunId) -> Option<&MetricFigures> {
        self.0.get(metric)?.get(run)
    }

    /// The metrics of a run, in the order of their names.
    fn of_run(&self, run: &RunId) -> Map<String, Value> {
        self.0.iter().filter_map(|(name, runs)| Some((name.to_string(), runs.get(run)?.to_json()))).collect()
    }
}

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

/// A run as it is read: its document with the keys that are derived.
#[derive(Clone, Debug)]
pub struct RunView {
    pub record: Arc<RunRecord>,
    pub metrics: Arc<MetricTable>,
    /// When it was read: Unix time, ms.
    now_ms: u64,
    /// When the server began to receive signs: Unix time, ms.
    up_since_ms: u64,
    /// Unix time of the last heartbeat or points, ms; 0 if there were none.
    last_sign_ms: u64,
    /// Without the keys that a share does not show.
    is_public: bool,
}

impl RunView {
    pub fn new(record: Arc<RunRecord>, metrics: Arc<MetricTable>, clock: &RunClock, is_public: bool) -> Self {
        let last_sign_ms = clock.signs.last_ms(&record.board, &record.id).max(record.beat_ms);
        Self { now_ms: clock.now_ms, up_since_ms: clock.signs.up_since_ms, record, metrics, last_sign_ms, is_public }
    }

    fn status(&self) -> RunStatus {
        RunStatus::parse(self.record.text("status")).unwrap_or_default()
    }

    fn time_of(&self, key: &str) -> Option<u64> {
        let time: jiff::Timestamp = self.record.text(key).parse().ok()?;
        u64::try_from(time.as_millisecond()).ok()
    }

    fn started_ms(&self) -> u64 {
        self.time_of("startedAt").unwrap_or(self.record.created_ms)
    }

    /// The last sign, or the start of a run that has given none.
    fn sign_or_start_ms(&self) -> u64 {
        if self.last_sign_ms > 0 { self.last_sign_ms } else { self.started_ms().max(self.record.created_ms) }
    }

    /// Seconds from the start to the end, or to the last sign of a running run.
    fn took(&self) -> f64 {
        let end = self.time_of("endedAt").unwrap_or_else(|| self.sign_or_start_ms());
        end.saturating_sub(self.started_ms()) as f64 / 1000.0
    }

    fn silence(&self) -> Option<Silence> {
        let interval = self.record.keys.get("interval").and_then(Value::as_f64);
        Silence::derive(self.status(), interval, self.sign_or_start_ms(), self.now_ms, self.up_since_ms)
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
        for key in ["took", "heartbeatAt", "rev", "createdAt", "updatedAt"] {
            if let Some(value) = self.derived(key) {
                keys.insert(key.to_owned(), value);
            }
        }
        keys
    }
}

fn config(record: &RunRecord) -> Option<&Map<String, Value>> {
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

    fn config(&self, key: &str) -> Option<Cow<'_, Value>> {
        value_of(config(&self.record)?, key).map(Cow::Borrowed)
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

/// The keys of a board.
pub struct BoardKeys<'a> {
    pub runs: &'a [Arc<RunRecord>],
    pub store: &'a Store,
    pub board: &'a str,
    pub is_public: bool,
}

/// The names of all metrics of runs on a board. Looks at each series.
fn metric_names(store: &Store, board: &str) -> BTreeSet<Arc<str>> {
    let mut names = BTreeSet::new();
    for cell in cells_of(store, board) {
        let index = store.index();
        let series = index.cell_series(&cell).into_iter().flat_map(|series| series.of_runs());
        for metric in series.filter_map(|series| series.metric.as_ref()) {
            if !names.contains(metric) {
                names.insert(metric.clone());
            }
        }
    }
    names
}

impl KeyCatalog for BoardKeys<'_> {
    fn has_document_key(&self, key: &str) -> bool {
        let head = key.split('.').next().unwrap_or_default();
        if self.is_public && is_private(key) || head == "config" || head == "metrics" {
            return false;
        }
        DOCUMENT_KEYS.contains(&key) || self.runs.iter().any(|run| value_of(&run.keys, key).is_some())
    }

    fn has_config_key(&self, key: &str) -> bool {
        self.runs.iter().any(|run| config(run).is_some_and(|config| value_of(config, key).is_some()))
    }

    fn has_metric(&self, name: &str) -> bool {
        let has = |cell: CellId| {
            let index = self.store.index();
            let mut series = index.cell_series(&cell).into_iter().flat_map(|series| series.of_runs());
            series.any(|series| series.metric.as_deref() == Some(name))
        };
        cells_of(self.store, self.board).into_iter().any(has)
    }

    fn names(&self) -> Vec<String> {
        let mut names: BTreeSet<String> =
            DOCUMENT_KEYS.iter().filter(|key| !self.is_public || !PRIVATE_KEYS.contains(key)).map(|key| (*key).to_owned()).collect();
        for config in self.runs.iter().filter_map(|run| config(run)) {
            for_each_value(config, &mut |path, _| {
                names.insert(format!("config.{path}"));
            });
        }
        let metrics = metric_names(self.store, self.board);
        names.extend(metrics.iter().map(|metric| format!("metrics.{metric}")));
        names.into_iter().collect()
    }
}
