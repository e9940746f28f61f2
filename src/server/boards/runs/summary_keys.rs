//! The keys that scripts have written into the `summary` of their runs. They are counted as runs come, change and go: each letter that
//! is typed into a search asks for them.

use std::collections::BTreeMap;

use super::config_value::{common_type, type_of};
use super::flat_config::for_each_key;
use crate::protocol::ValueType;
use crate::server::store::RunRecord;

/// The key of a run's document.
const SUMMARY: &str = "summary";

/// The keys within `summary`, as paths.
#[derive(Debug, Default)]
pub struct SummaryKeys(BTreeMap<Box<str>, TypeCounts>);

/// Number of runs that have a value of each type.
type TypeCounts = BTreeMap<ValueType, usize>;

impl SummaryKeys {
    /// Each with the type of its values and the number of runs that have it, sorted.
    pub fn iter(&self) -> impl Iterator<Item = (&str, ValueType, usize)> {
        self.0.iter().map(|(key, counts)| (&**key, common_type(counts.keys().copied()), counts.values().sum()))
    }

    pub fn add(&mut self, run: &RunRecord) {
        for_each_key(run.keys.get(SUMMARY), &mut |key, value| {
            if !self.0.contains_key(key) {
                self.0.insert(key.into(), TypeCounts::new());
            }
            if let Some(counts) = self.0.get_mut(key) {
                *counts.entry(type_of(value)).or_default() += 1;
            }
        });
    }

    /// Of a run that was added.
    pub fn remove(&mut self, run: &RunRecord) {
        for_each_key(run.keys.get(SUMMARY), &mut |key, value| {
            let Some(counts) = self.0.get_mut(key) else { return };
            let value_type = type_of(value);
            match counts.get_mut(&value_type) {
                Some(runs) if *runs > 1 => *runs -= 1,
                _ => drop(counts.remove(&value_type)),
            }
            if counts.is_empty() {
                self.0.remove(key);
            }
        });
    }

    /// A document was replaced: usually with the same summary.
    pub fn replace(&mut self, before: &RunRecord, after: &RunRecord) {
        if before.keys.get(SUMMARY) != after.keys.get(SUMMARY) {
            self.remove(before);
            self.add(after);
        }
    }
}
