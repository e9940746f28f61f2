//! `run-keys`: the names that searches take, with the values that occur. A page completes what is typed by them.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use super::board_keys::BoardKeys;
use super::config_index::{ConfigIndex, KeySummary, ValueCount};
use super::config_value::{ConfigValue, common_type};
use super::flat_config::value_of;
use super::list::BoardRuns;
use super::metric_catalog::MetricCatalog;
use super::metric_table::cells_of;
use super::search::{RunField, Statistic, resolve_name};
use crate::protocol::{ApiError, ErrorKind, RunId, ValueType};
use crate::server::boards::Boards;
use crate::server::cpu_pool::CancelFlag;
use crate::server::error::ServerError;
use crate::server::limits::MAX_RUN_KEYS;
use crate::server::store::{RunRecord, Store, json_number};

/// Keys of documents by which runs are searched, whose values are listed.
const LISTED_KEYS: [&str; 5] = ["group", "job_type", "name", "status", "tags"];
/// The same of keys that are derived: each run has its own value.
const DERIVED_KEYS: [(&str, ValueType); 2] = [("age", ValueType::Number), ("took", ValueType::Number)];
/// Values of one key unless the query says otherwise.
const DEFAULT_VALUES: usize = 20;

/// `?prefix=va&$limit=20`, or `?key=model&prefix=re` for the values of one key.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunKeysQuery {
    /// Only this key, with its values.
    key: Option<String>,
    /// In small letters.
    prefix: String,
    limit: Option<usize>,
}

/// The names that searches of runs take.
#[derive(Debug, Serialize)]
pub struct RunKeys {
    /// Number of runs.
    runs: usize,
    config: Vec<KeySummary>,
    metrics: Vec<MetricKey>,
    /// Keys of documents beside the configuration.
    document: Vec<KeySummary>,
    /// Keys within `summary`.
    summary: Vec<SummaryKey>,
    /// What may stand behind a metric.
    statistics: [&'static str; 5],
}

/// A key within the `summary` of runs, as a path.
#[derive(Debug, Serialize)]
struct SummaryKey {
    key: String,
    #[serde(rename = "type")]
    value_type: ValueType,
    /// Runs that have it.
    runs: usize,
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

impl RunKeysQuery {
    /// Parses the query of a URL. 400: unknown or wrong.
    pub fn parse(query: &str) -> Result<Self, ApiError> {
        let mut parsed = Self::default();
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            let wrong = |rule: &str| {
                let short = |text: &str| text.chars().take(80).collect::<String>();
                ErrorKind::BadRequest.with(format!("'{}' {rule}, not '{}'.", short(&key), short(&value))).at(&short(&key), rule)
            };
            match &*key {
                "key" => parsed.key = Some(value.into_owned()),
                "prefix" => parsed.prefix = value.to_lowercase(),
                "$limit" => {
                    let limit: Result<usize, _> = value.parse();
                    parsed.limit = Some(limit.map_err(|_| wrong("must be a whole number, 0 or more"))?.min(MAX_RUN_KEYS));
                }
                _ => return Err(wrong("is no key of this query; known are key, prefix and $limit")),
            }
        }
        Ok(parsed)
    }

    /// How well a name fits: 0 if it begins with the prefix, 1 if one of its parts does. `None`: it does not fit.
    fn fit(&self, space: &str, name: &str) -> Option<u8> {
        let (name, prefix) = (name.to_lowercase(), &*self.prefix);
        let within = prefix.strip_prefix(space).and_then(|rest| rest.strip_prefix('.'));
        let is_start = name.starts_with(prefix) || within.is_some_and(|rest| name.starts_with(rest));
        let mut parts = name.split(['.', '/', '_', '-']).skip(1);
        if is_start { Some(0) } else { parts.any(|part| part.starts_with(prefix)).then_some(1) }
    }

    /// The names that fit, the best first, at most as many as the query wants.
    fn choose<T>(&self, space: &str, names: impl Iterator<Item = T>, name: impl Fn(&T) -> &str) -> Vec<T> {
        let mut fitting: Vec<(u8, T)> = names.filter_map(|item| Some((self.fit(space, name(&item))?, item))).collect();
        fitting.sort_by_key(|(fit, _)| *fit);
        fitting.truncate(self.limit.unwrap_or(usize::MAX));
        fitting.into_iter().map(|(_, item)| item).collect()
    }
}

impl Boards {
    /// The names that searches of the runs of a board take. `is_public`: without what a share does not show. 400: `key` is no key of the board.
    pub async fn run_keys(&self, board: &str, query: &RunKeysQuery, is_public: bool) -> Result<RunKeys, ServerError> {
        let (query, indexes) = (query.clone(), self.config_indexes.clone());
        let work = move |store: &Store, board: &str, _: &CancelFlag| {
            let known = BoardRuns::read(store, board, &indexes);
            match &query.key {
                Some(key) => values_of(store, board, &known, &known.configs(), &query, key, is_public),
                None => Ok(names(store, board, &known, &query)),
            }
        };
        Ok(self.search_board(board, work).await??)
    }
}

fn names(store: &Store, board: &str, known: &BoardRuns, query: &RunKeysQuery) -> RunKeys {
    let mut keys = RunKeys::empty(known);
    {
        // Other searches wait for it.
        let configs = known.configs();
        let config = query.choose("config", configs.keys(), |key| key);
        keys.config = config.into_iter().filter_map(|key| configs.summary_of(key)).collect();
        let summary = query.choose("summary", configs.summary_keys().iter(), |(key, ..)| key);
        keys.summary = summary.into_iter().map(|(key, value_type, runs)| SummaryKey { key: key.to_owned(), value_type, runs }).collect();
    }
    let catalog = MetricCatalog::read(store, board);
    let metrics = query.choose("metrics", catalog.iter().map(|(name, _)| name.clone()), |name| name);
    let summary = |key: &str| match DERIVED_KEYS.iter().find(|(derived, _)| *derived == key) {
        Some((_, value_type)) => key_summary(key, *value_type, known.runs.len()),
        None => document_summary(&known.runs, key),
    };
    let document_keys = DERIVED_KEYS.iter().map(|(key, _)| *key).chain(LISTED_KEYS);
    keys.metrics = metric_keys(store, board, &metrics);
    keys.document = query.choose("run", document_keys, |key| key).into_iter().map(summary).collect();
    keys
}

/// One key, with its most common values that begin with the prefix.
fn values_of(
    store: &Store,
    board: &str,
    known: &BoardRuns,
    configs: &ConfigIndex,
    query: &RunKeysQuery,
    key: &str,
    is_public: bool,
) -> Result<RunKeys, ApiError> {
    let catalog = BoardKeys { runs: &known.runs, configs, store, board, is_public };
    let mut keys = RunKeys::empty(known);
    match resolve_name(key, &catalog).map_err(|error| error.in_parameter("key"))? {
        RunField::Metric(name, _) => keys.metrics = metric_keys(store, board, &[name.into()]),
        RunField::Config(key) => {
            let values = configs.values_of(&key);
            keys.config.extend(configs.summary_of(&key).map(|summary| with_values(summary, values, query)));
        }
        RunField::Document(key) => {
            let counts = document_values(&known.runs, &key);
            let summary = summary_of_counts(&key, &counts);
            keys.document.push(with_values(summary, counts.iter().map(|(value, runs)| (value, *runs)), query));
        }
    }
    Ok(keys)
}

impl RunKeys {
    fn empty(known: &BoardRuns) -> Self {
        let statistics = Statistic::ALL.map(Statistic::name);
        Self { runs: known.runs.len(), config: Vec::new(), metrics: Vec::new(), document: Vec::new(), summary: Vec::new(), statistics }
    }
}

fn with_values<'a>(mut summary: KeySummary, values: impl Iterator<Item = (&'a ConfigValue, usize)>, query: &RunKeysQuery) -> KeySummary {
    let fits = |value: &Value| match value {
        Value::String(text) => text.to_lowercase().starts_with(&query.prefix),
        other => other.to_string().starts_with(&query.prefix),
    };
    let mut values: Vec<_> = values.filter_map(|(value, runs)| Some(ValueCount { value: value.to_json().filter(fits)?, runs })).collect();
    values.sort_by_key(|value| usize::MAX - value.runs);
    values.truncate(query.limit.unwrap_or(DEFAULT_VALUES));
    summary.values = Some(values);
    summary
}

fn key_summary(key: &str, value_type: ValueType, runs: usize) -> KeySummary {
    KeySummary { key: key.to_owned(), value_type, runs, distinct: 0, min: None, max: None, values: None }
}

/// The values of a key of documents, each with its number of runs; of a list its items.
fn document_values(runs: &[Arc<RunRecord>], key: &str) -> BTreeMap<ConfigValue, usize> {
    let mut counts = BTreeMap::new();
    for run in runs {
        let value = value_of(&run.keys, key);
        let items: HashSet<ConfigValue> = match value {
            Some(Value::Array(items)) => items.iter().map(ConfigValue::of).collect(),
            // The parts of an object have keys of their own.
            Some(Value::Object(_)) | None => continue,
            Some(value) => [ConfigValue::of(value)].into(),
        };
        items.into_iter().for_each(|item| *counts.entry(item).or_default() += 1);
    }
    counts
}

fn summary_of_counts(key: &str, counts: &BTreeMap<ConfigValue, usize>) -> KeySummary {
    let value_type = common_type(counts.keys().map(ConfigValue::value_type));
    KeySummary { distinct: counts.len(), ..key_summary(key, value_type, counts.values().sum()) }
}

fn document_summary(runs: &[Arc<RunRecord>], key: &str) -> KeySummary {
    let counts = document_values(runs, key);
    let few = counts.len() <= DEFAULT_VALUES;
    let listed = || counts.iter().map(|(value, runs)| Some(ValueCount { value: value.to_json()?, runs: *runs })).collect();
    KeySummary { values: if few { listed() } else { None }, ..summary_of_counts(key, &counts) }
}

/// These metrics by their last values. Looks at the series of runs in the cells that have one of them, at one cell at a time.
fn metric_keys(store: &Store, board: &str, names: &[Arc<str>]) -> Vec<MetricKey> {
    struct Found {
        runs: Vec<RunId>,
        min: f64,
        max: f64,
    }
    let new = |name: &Arc<str>| (name.clone(), Found { runs: Vec::new(), min: f64::INFINITY, max: f64::NEG_INFINITY });
    let mut metrics: BTreeMap<Arc<str>, Found> = names.iter().map(new).collect();
    for cell in cells_of(store, board) {
        let index = store.index();
        let (Some(known), Some(here)) = (index.board(board), index.cell_series(&cell)) else { continue };
        if !here.run_metrics().any(|(metric, _)| metrics.contains_key(metric)) {
            continue;
        }
        for series in here.of_runs() {
            let (Some(metric), Some(run), Some(last)) = (&series.metric, &series.id.run, series.last) else { continue };
            let Some(found) = metrics.get_mut(metric).filter(|_| known.runs.contains(run)) else { continue };
            found.runs.push(run.clone());
            if last.y.is_finite() {
                (found.min, found.max) = (found.min.min(last.y), found.max.max(last.y));
            }
        }
    }
    let key = |(key, Found { mut runs, min, max })| {
        // A run may have a metric in two cells.
        runs.sort_unstable();
        runs.dedup();
        let number = |number: f64| (min <= max).then(|| json_number(number));
        MetricKey { key, runs: runs.len(), min: number(min), max: number(max) }
    };
    let mut keys: Vec<MetricKey> = metrics.into_iter().filter(|(_, found)| !found.runs.is_empty()).map(key).collect();
    // In the order of the names.
    keys.sort_by_key(|key| names.iter().position(|name| *name == key.key));
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_begin_with_the_prefix_come_first() {
        let query = |text: &str| RunKeysQuery::parse(text).unwrap();
        let names = ["lr", "opt.lr", "model", "val/loss", "max_lr"];
        let found = |text: &str| query(text).choose("config", names.into_iter(), |name| name).join(",");
        assert_eq!(found("prefix=L"), "lr,opt.lr,val/loss,max_lr");
        assert_eq!(
            (found("prefix=l&$limit=1"), found("prefix=config.m"), found("")),
            ("lr".into(), "model,max_lr".into(), names.join(","))
        );
        assert_eq!(query("$limit=99999").limit, Some(MAX_RUN_KEYS));
        assert!(RunKeysQuery::parse("x=1").unwrap_err().message.contains("known are key, prefix and $limit"));
        assert!(RunKeysQuery::parse("$limit=x").is_err());
    }
}
