//! The keys that scripts have written into the `summary` of their runs.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::config_index::common_type;
use super::config_value::ConfigValue;
use super::flat_config::for_each_value;
use crate::protocol::ValueType;
use crate::server::store::RunRecord;

/// The keys within `summary`, as paths, each with the type of its values and the number of runs that have it.
pub fn summary_keys(runs: &[Arc<RunRecord>]) -> BTreeMap<String, (ValueType, usize)> {
    let mut keys: BTreeMap<String, (ValueType, usize)> = BTreeMap::new();
    for summary in runs.iter().filter_map(|run| run.keys.get("summary")?.as_object()) {
        for_each_value(summary, &mut |key, value| {
            let value_type = ConfigValue::of(value).value_type();
            match keys.get_mut(key) {
                Some((known, runs)) => (*known, *runs) = (common_type([*known, value_type]), *runs + 1),
                None => drop(keys.insert(key.to_owned(), (value_type, 1))),
            }
        });
    }
    keys
}
