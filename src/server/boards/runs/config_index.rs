//! The keys of all configurations of a board: their types, how many runs have them, and their values.
//!
//! The index is brought up to date when it is read. That takes a comparison of pointers for each run, and work for those only whose
//! configuration is another one.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value};

use super::config_value::{ConfigValue, ValueType};
use super::flat_config::{for_each_value, value_of};
use crate::protocol::RunId;
use crate::server::store::RunRecord;

/// The key of a run's document that holds its configuration.
const CONFIG: &str = "config";
/// A key with more distinct values has only their number in [`KeySummary`].
const MAX_LISTED_VALUES: usize = 20;

/// What the runs of a board have under one key.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct KeySummary {
    /// The path, with dots: `opt.lr`.
    pub key: String,
    #[serde(rename = "type")]
    pub value_type: ValueType,
    /// Runs that have the key.
    pub runs: usize,
    /// Distinct values; a missing one is none.
    pub distinct: usize,
    /// The lowest and the highest number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<Value>,
    /// The values, sorted, if they are few and short.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub values: Option<Vec<ValueCount>>,
}

/// A value, and how many runs have it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ValueCount {
    pub value: Value,
    pub runs: usize,
}

#[derive(Debug, Default)]
pub struct ConfigIndex {
    /// For each key how many runs have each value.
    keys: BTreeMap<Box<str>, BTreeMap<ConfigValue, usize>>,
    /// The runs whose configurations are counted, and the update that saw them last.
    runs: HashMap<RunId, (Arc<RunRecord>, u64)>,
    updates: u64,
}

impl ConfigIndex {
    /// Makes this the index of exactly these runs.
    pub fn update<'a>(&mut self, runs: impl IntoIterator<Item = &'a Arc<RunRecord>>) {
        self.updates += 1;
        let mut seen = 0;
        for run in runs {
            seen += 1;
            let before = self.runs.insert(run.id.clone(), (run.clone(), self.updates));
            if let Some((before, _)) = &before
                && (Arc::ptr_eq(before, run) || before.keys.get(CONFIG) == run.keys.get(CONFIG))
            {
                continue;
            }
            if let Some((before, _)) = before {
                self.remove(&before);
            }
            self.insert(run);
        }
        if seen < self.runs.len() {
            let updates = self.updates;
            let removed: Vec<_> = self.runs.extract_if(|_, (_, update)| *update < updates).collect();
            removed.iter().for_each(|(_, (run, _))| self.remove(run));
        }
    }

    /// Number of runs.
    pub fn runs(&self) -> usize {
        self.runs.len()
    }

    /// Whether a run has the key.
    pub fn has_key(&self, key: &str) -> bool {
        self.keys.contains_key(key)
    }

    /// All keys, sorted.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.keys.keys().map(|key| &**key)
    }

    /// All keys with their summaries, sorted by key.
    pub fn summaries(&self) -> impl Iterator<Item = KeySummary> {
        self.keys.iter().map(|(key, values)| summary(key, values))
    }

    fn insert(&mut self, run: &RunRecord) {
        for_each_key(run, &mut |key, value| {
            let values = match self.keys.get_mut(key) {
                Some(values) => values,
                None => self.keys.entry(key.into()).or_default(),
            };
            *values.entry(ConfigValue::of(value)).or_default() += 1;
        });
    }

    fn remove(&mut self, run: &RunRecord) {
        for_each_key(run, &mut |key, value| {
            let Some(values) = self.keys.get_mut(key) else { return };
            let value = ConfigValue::of(value);
            if let Some(runs) = values.get_mut(&value) {
                *runs -= 1;
                if *runs == 0 {
                    values.remove(&value);
                }
            }
            if values.is_empty() {
                self.keys.remove(key);
            }
        });
    }
}

/// Calls `each` once with each key of a run's configuration. `{"a.b": 1, "a": {"b": 2}}` has one key twice: the value that a search
/// finds is counted.
fn for_each_key(run: &RunRecord, each: &mut impl FnMut(&str, &Value)) {
    let Some(config) = run.keys.get(CONFIG).and_then(Value::as_object) else { return };
    if !has_dotted_key(config) {
        return for_each_value(config, each);
    }
    let mut seen = HashSet::new();
    for_each_value(config, &mut |key, value| {
        if seen.insert(key.to_owned()) {
            each(key, value_of(config, key).unwrap_or(value));
        }
    });
}

fn has_dotted_key(config: &Map<String, Value>) -> bool {
    config.iter().any(|(key, value)| key.contains('.') || value.as_object().is_some_and(has_dotted_key))
}

fn summary(key: &str, values: &BTreeMap<ConfigValue, usize>) -> KeySummary {
    let numbers = || values.keys().filter(|value| value.value_type() == ValueType::Number);
    let mut types = values.keys().map(ConfigValue::value_type).filter(|value_type| *value_type != ValueType::Null);
    let value_type = match types.next() {
        None => ValueType::Null,
        Some(first) if types.all(|other| other == first) => first,
        Some(_) => ValueType::Mixed,
    };
    let listed = || -> Option<Vec<ValueCount>> {
        values.iter().map(|(value, runs)| Some(ValueCount { value: value.to_json()?, runs: *runs })).collect()
    };
    KeySummary {
        key: key.to_owned(),
        value_type,
        runs: values.values().sum(),
        distinct: values.len(),
        min: numbers().next().and_then(ConfigValue::to_json),
        max: numbers().next_back().and_then(ConfigValue::to_json),
        values: if values.len() <= MAX_LISTED_VALUES { listed() } else { None },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::split_mix::SplitMix64;

    fn run(id: &str, keys: Value) -> Arc<RunRecord> {
        let keys: Map<String, Value> = keys.as_object().unwrap().clone();
        Arc::new(RunRecord::new("b".into(), RunId::parse(id).unwrap(), keys))
    }

    fn summaries(index: &ConfigIndex) -> Value {
        json!(index.summaries().collect::<Vec<_>>())
    }

    #[test]
    fn keys_have_their_types_counts_and_values() {
        let runs = [
            run("a", json!({"config": {"lr": 0.1, "opt": {"name": "sgd"}, "seed": 1, "x": null, "layers": [1, 2]}})),
            run("b", json!({"config": {"lr": 0.01, "opt": {"name": "sgd"}, "seed": "two", "text": "y".repeat(500)}})),
            run("c", json!({"config": {"lr": 1}})),
            run("d", json!({"name": "no configuration"})),
            run("e", json!({"config": "no object"})),
        ];
        let mut index = ConfigIndex::default();
        index.update(&runs);
        let expected = json!([
            {"key": "layers", "type": "array", "runs": 1, "distinct": 1, "values": [{"value": [1, 2], "runs": 1}]},
            {"key": "lr", "type": "number", "runs": 3, "distinct": 3, "min": 0.01, "max": 1,
             "values": [{"value": 0.01, "runs": 1}, {"value": 0.1, "runs": 1}, {"value": 1, "runs": 1}]},
            {"key": "opt.name", "type": "string", "runs": 2, "distinct": 1, "values": [{"value": "sgd", "runs": 2}]},
            {"key": "seed", "type": "mixed", "runs": 2, "distinct": 2, "min": 1, "max": 1,
             "values": [{"value": 1, "runs": 1}, {"value": "two", "runs": 1}]},
            {"key": "text", "type": "string", "runs": 1, "distinct": 1},
            {"key": "x", "type": "null", "runs": 1, "distinct": 1, "values": [{"value": null, "runs": 1}]},
        ]);
        assert_eq!(summaries(&index), expected);
        assert!(index.has_key("opt.name") && !index.has_key("opt") && index.runs() == 5);
    }

    #[test]
    fn a_key_that_is_written_twice_is_counted_once() {
        let mut index = ConfigIndex::default();
        let twice = [run("a", json!({"config": {"a": {"b": 2}, "a.b": 1}}))];
        index.update(&twice);
        assert_eq!(
            summaries(&index),
            json!([{"key": "a.b", "type": "number", "runs": 1, "distinct": 1, "min": 1, "max": 1,
                                              "values": [{"value": 1, "runs": 1}]}])
        );
        index.update([]);
        assert_eq!(index.keys().count(), 0);
    }

    #[test]
    fn many_values_are_only_counted() {
        let runs: Vec<_> =
            (0..21).map(|at| run(&format!("r{at}"), json!({"config": {"seed": at, "path": format!("/tmp/{at}")}}))).collect();
        let mut index = ConfigIndex::default();
        index.update(&runs[..20]);
        assert!(index.summaries().all(|summary| summary.values.is_some()));
        index.update(&runs);
        let [path, seed] = index.summaries().collect::<Vec<_>>().try_into().unwrap();
        assert_eq!((path.values, path.distinct, path.min), (None, 21, None));
        assert_eq!((seed.values, seed.distinct, seed.min, seed.max), (None, 21, Some(json!(0)), Some(json!(20))));
    }

    /// Whatever runs come, change and are removed: the index is that which is made of the runs that are there.
    #[test]
    fn updates_lead_to_the_index_of_the_runs_that_are_there() {
        let mut rng = SplitMix64(41);
        let mut runs: BTreeMap<String, Arc<RunRecord>> = BTreeMap::new();
        let mut index = ConfigIndex::default();
        for _ in 0..500 {
            for _ in 0..rng.below(4) {
                let id = format!("r{}", rng.below(12));
                if rng.below(4) == 0 {
                    runs.remove(&id);
                } else {
                    let value =
                        |rng: &mut SplitMix64| rng.pick(&[json!(1), json!(1.0), json!("a"), json!(null), json!([1]), json!({"c": 0.5})]);
                    let config = json!({"a": value(&mut rng), "b": {"c": value(&mut rng)}, "a.c": value(&mut rng)});
                    let keys = rng.pick(&[json!({"config": config, "status": "failed"}), json!({"config": config}), json!({})]);
                    runs.insert(id.clone(), run(&id, keys));
                }
            }
            index.update(runs.values());
            let mut fresh = ConfigIndex::default();
            fresh.update(runs.values());
            assert_eq!((index.runs(), summaries(&index)), (runs.len(), summaries(&fresh)));
        }
    }
}
