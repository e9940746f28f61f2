//! The keys of all configurations of a board: their types, how many runs have them, and their values. Beside them the keys of documents
//! and of summaries are counted.
//!
//! The index is brought up to date when it is read. That takes a comparison of pointers for each run, and work for those only whose
//! configuration is another one.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;
use slab::Slab;

use super::config_value::{ConfigValue, common_type};
use super::flat_config::for_each_key;
use super::run_columns::RunColumns;
use super::summary_keys::SummaryKeys;
use crate::protocol::{RunId, ValueType};
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

/// Keys and values have numbers, so that a run is a short list of numbers, and many runs are counted without comparing values.
#[derive(Debug, Default)]
pub struct ConfigIndex {
    /// The number of each key.
    names: BTreeMap<Box<str>, u32>,
    keys: Slab<IndexedKey>,
    values: Slab<IndexedValue>,
    /// The runs whose configurations are counted.
    runs: HashMap<RunId, IndexedRun>,
    /// Keys of documents, on their first level, each with the number of runs that have it.
    document_keys: HashMap<Box<str>, usize>,
    summary_keys: SummaryKeys,
    /// Values of single keys of the configurations.
    pub columns: RunColumns,
    updates: u64,
    /// The last event of runs that the index contains.
    run_seq: Option<u64>,
}

#[derive(Debug)]
struct IndexedKey {
    name: Box<str>,
    /// The number of each value.
    values: BTreeMap<ConfigValue, u32>,
}

#[derive(Debug)]
struct IndexedValue {
    /// The number of its key.
    key: u32,
    value_type: ValueType,
    /// How many runs have it.
    runs: u32,
}

#[derive(Debug)]
struct IndexedRun {
    record: Arc<RunRecord>,
    /// The update that saw it last.
    update: u64,
    /// The numbers of its values, one for each of its keys.
    values: Box<[u32]>,
}

/// How the values of some runs spread under one key.
#[derive(Clone, Debug, PartialEq)]
pub struct KeySpread<'a> {
    pub key: &'a str,
    pub value_type: ValueType,
    /// Those of the runs that have the key.
    pub runs: usize,
    /// Distinct values among them.
    pub distinct: usize,
}

impl ConfigIndex {
    /// Makes this the index of exactly these runs, the oldest first: all of a board after its event `run_seq`.
    pub fn update(&mut self, run_seq: u64, runs: &Arc<[Arc<RunRecord>]>) {
        if self.run_seq == Some(run_seq) {
            return;
        }
        self.run_seq = Some(run_seq);
        self.updates += 1;
        for run in &**runs {
            match self.runs.get_mut(&run.id) {
                Some(known) if Arc::ptr_eq(&known.record, run) => known.update = self.updates,
                Some(known) if known.record.keys.get(CONFIG) == run.keys.get(CONFIG) => {
                    let before = std::mem::replace(&mut known.record, run.clone());
                    known.update = self.updates;
                    self.count_document(&before, false);
                    self.count_document(run, true);
                    self.summary_keys.replace(&before, run);
                }
                Some(_) => {
                    self.remove(&run.id);
                    self.insert(run);
                }
                None => self.insert(run),
            }
        }
        if runs.len() < self.runs.len() {
            let removed: Vec<RunId> = self.runs.iter().filter(|(_, run)| run.update < self.updates).map(|(id, _)| id.clone()).collect();
            removed.iter().for_each(|id| self.remove(id));
        }
        self.columns.update(runs.clone());
    }

    /// Whether a document may have the key, or one within it: `git` of `git.commit`.
    pub fn may_have_document_key(&self, key: &str) -> bool {
        let dots = key.char_indices().filter(|(_, char)| *char == '.').map(|(at, _)| at);
        dots.chain([key.len()]).any(|end| self.document_keys.contains_key(&key[..end]))
    }

    /// Whether a configuration may have the key, or is an object there, which has keys of its own.
    pub fn may_have_key(&self, key: &str) -> bool {
        let within = format!("{key}.");
        self.has_key(key)
            || self
                .names
                .range::<str, _>((Bound::Included(&*within), Bound::Unbounded))
                .next()
                .is_some_and(|(name, _)| name.starts_with(&within))
    }

    fn count_document(&mut self, run: &RunRecord, is_added: bool) {
        for key in run.keys.keys() {
            match self.document_keys.get_mut(key.as_str()) {
                Some(runs) if is_added => *runs += 1,
                Some(runs) if *runs > 1 => *runs -= 1,
                Some(_) => drop(self.document_keys.remove(key.as_str())),
                None => drop(self.document_keys.insert(key.as_str().into(), 1)),
            }
        }
    }

    /// The keys within the `summary` of runs.
    pub fn summary_keys(&self) -> &SummaryKeys {
        &self.summary_keys
    }

    /// Number of runs.
    pub fn runs(&self) -> usize {
        self.runs.len()
    }

    /// Whether a run has the key.
    pub fn has_key(&self, key: &str) -> bool {
        self.names.contains_key(key)
    }

    /// All keys, sorted.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.names.keys().map(|key| &**key)
    }

    /// The summary of one key; `None` if no run has it.
    pub fn summary_of(&self, key: &str) -> Option<KeySummary> {
        self.names.get(key).map(|number| self.summary(key, &self.keys[*number as usize]))
    }

    /// The values of one key, sorted, each with its number of runs.
    pub fn values_of(&self, key: &str) -> impl Iterator<Item = (&ConfigValue, usize)> {
        let values = self.names.get(key).into_iter().flat_map(|number| &self.keys[*number as usize].values);
        values.map(|(value, number)| (value, self.values[*number as usize].runs as usize))
    }

    /// The keys that these runs have, sorted.
    pub fn spread<'a>(&self, runs: impl Iterator<Item = &'a RunId>) -> Vec<KeySpread<'_>> {
        let mut counts = vec![0_u32; self.values.capacity()];
        for run in runs.filter_map(|id| self.runs.get(id)) {
            run.values.iter().for_each(|value| counts[*value as usize] += 1);
        }
        let mut spreads: HashMap<u32, KeySpread> = HashMap::new();
        for (number, value) in &self.values {
            let count = counts[number] as usize;
            if count > 0 {
                let new = || KeySpread { key: &self.keys[value.key as usize].name, value_type: ValueType::Null, runs: 0, distinct: 0 };
                let spread = spreads.entry(value.key).or_insert_with(new);
                spread.value_type = common_type([spread.value_type, value.value_type]);
                spread.runs += count;
                spread.distinct += 1;
            }
        }
        let mut spreads: Vec<_> = spreads.into_values().collect();
        spreads.sort_unstable_by_key(|spread| spread.key);
        spreads
    }

    /// The keys in which these few runs differ, each with the number of their values; a missing one is a value. `counts` has zeros only, before
    /// and afterwards: of many groups of runs it is made once.
    pub fn differing<'a>(&self, runs: impl Iterator<Item = &'a RunId>, counts: &mut Vec<u32>) -> Vec<(&str, usize)> {
        counts.resize(self.values.capacity().max(counts.len()), 0);
        let (mut seen, mut total) = (Vec::new(), 0);
        for run in runs.filter_map(|id| self.runs.get(id)) {
            total += 1;
            for value in &run.values {
                let count = &mut counts[*value as usize];
                if *count == 0 {
                    seen.push(*value);
                }
                *count += 1;
            }
        }
        // Distinct values and runs of each key. In a key whose value all have they do not differ.
        let mut keys: HashMap<u32, (usize, u32)> = HashMap::new();
        for value in seen {
            let count = std::mem::take(&mut counts[value as usize]);
            if count < total {
                let (distinct, runs) = keys.entry(self.values[value as usize].key).or_default();
                *distinct += 1;
                *runs += count;
            }
        }
        keys.into_iter().map(|(key, (distinct, runs))| (&*self.keys[key as usize].name, distinct + usize::from(runs < total))).collect()
    }

    fn insert(&mut self, run: &Arc<RunRecord>) {
        self.count_document(run, true);
        self.summary_keys.add(run);
        let mut numbers = Vec::new();
        let Self { names, keys, values, .. } = self;
        for_each_key(run.keys.get(CONFIG), &mut |name, value| {
            let key = match names.get(name) {
                Some(key) => *key,
                None => {
                    let key = keys.insert(IndexedKey { name: name.into(), values: BTreeMap::new() }) as u32;
                    names.insert(name.into(), key);
                    key
                }
            };
            let value = ConfigValue::of(value);
            let value_type = value.value_type();
            let new = || values.insert(IndexedValue { key, value_type, runs: 0 }) as u32;
            let number = *keys[key as usize].values.entry(value).or_insert_with(new);
            values[number as usize].runs += 1;
            numbers.push(number);
        });
        let indexed = IndexedRun { record: run.clone(), update: self.updates, values: numbers.into() };
        self.runs.insert(run.id.clone(), indexed);
    }

    fn remove(&mut self, run: &RunId) {
        let Some(run) = self.runs.remove(run) else { return };
        self.count_document(&run.record, false);
        self.summary_keys.remove(&run.record);
        let Self { names, keys, values, .. } = self;
        for_each_key(run.record.keys.get(CONFIG), &mut |name, value| {
            let Some(key) = names.get(name).copied() else { return };
            let (known, value) = (&mut keys[key as usize].values, ConfigValue::of(value));
            let Some(number) = known.get(&value).copied() else { return };
            values[number as usize].runs -= 1;
            if values[number as usize].runs == 0 {
                values.remove(number as usize);
                known.remove(&value);
            }
            if known.is_empty() {
                keys.remove(key as usize);
                names.remove(name);
            }
        });
    }

    fn summary(&self, name: &str, key: &IndexedKey) -> KeySummary {
        let runs = |number: &u32| self.values[*number as usize].runs as usize;
        let numbers = || key.values.keys().filter(|value| value.value_type() == ValueType::Number);
        let listed = || -> Option<Vec<ValueCount>> {
            key.values.iter().map(|(value, number)| Some(ValueCount { value: value.to_json()?, runs: runs(number) })).collect()
        };
        KeySummary {
            key: name.to_owned(),
            value_type: common_type(key.values.keys().map(ConfigValue::value_type)),
            runs: key.values.values().map(runs).sum(),
            distinct: key.values.len(),
            min: numbers().next().and_then(ConfigValue::to_json),
            max: numbers().next_back().and_then(ConfigValue::to_json),
            values: if key.values.len() <= MAX_LISTED_VALUES { listed() } else { None },
        }
    }
}

#[cfg(test)]
mod tests;
