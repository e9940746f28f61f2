//! The keys in which the members of a group differ although it is not grouped by them: its mean is then over more than repetitions.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::membership::RunGroup;
use crate::server::boards::runs::config_index::ConfigIndex;
use crate::server::boards::runs::is_seed;
use crate::server::boards::runs::search::RunField;
use crate::server::limits::MAX_MIXED_MEMBERS;

/// The number of values of each key, a missing one included. Seeds are left out, and keys with a value of its own for each of three members
/// or more, such as paths. Of very large groups nothing is known. `configs`: the index of all runs of the board. `counts`: as
/// [`ConfigIndex::differing`] has it.
pub fn mixed_keys(group: &RunGroup, configs: &ConfigIndex, counts: &mut Vec<u32>) -> Map<String, Value> {
    let members = group.runs.len();
    if !(2..=MAX_MIXED_MEMBERS).contains(&members) {
        return Map::new();
    }
    let differing = configs.differing(group.runs.iter().map(|run| &run.id), counts);
    let mixed = differing.into_iter().filter(|(path, distinct)| (*distinct < members || members < 3) && !is_seed(path));
    // In one order, whatever that of the members.
    let sorted: BTreeMap<String, Value> =
        mixed.map(|(path, distinct)| (RunField::Config(path.to_owned()).to_string(), distinct.into())).collect();
    sorted.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::protocol::RunId;
    use crate::server::boards::groups::membership::{GroupKeys, group_runs};
    use crate::server::boards::runs::config_value::ConfigValue;
    use crate::server::boards::runs::flat_config::for_each_value;
    use crate::server::store::RunRecord;

    fn run(at: usize, config: &Value) -> Arc<RunRecord> {
        let keys = json!({ "config": config });
        let record = RunRecord::new("b".into(), RunId::parse(&format!("r{at}")).unwrap(), keys.as_object().cloned().unwrap());
        Arc::new(RunRecord { created_order: at as u64, ..record })
    }

    fn index(runs: &[Arc<RunRecord>]) -> ConfigIndex {
        let mut configs = ConfigIndex::default();
        configs.update(1, &runs.to_vec().into());
        configs
    }

    fn by_lr() -> GroupKeys {
        GroupKeys::new(vec![RunField::Config("lr".into())]).unwrap()
    }

    #[test]
    fn members_differ_in_other_keys_than_seeds_and_paths() {
        let mixed = |models: &[&str]| {
            let config = |(at, model)| run(at, &json!({ "lr": 0.1, "model": model, "seed": at, "opt": { "out": format!("runs/{at}") } }));
            let runs: Vec<_> = models.iter().enumerate().map(config).collect();
            let configs = index(&runs);
            Value::from(mixed_keys(&group_runs(runs, &by_lr())[0], &configs, &mut Vec::new()))
        };
        assert_eq!(mixed(&["cnn", "mlp", "cnn"]), json!({ "config.model": 2 }));
        assert_eq!(mixed(&["cnn", "cnn", "cnn"]), json!({}));
        assert_eq!(mixed(&["cnn"]), json!({}));
    }

    /// The same by the documents of the members, one value after the other.
    fn plain(group: &RunGroup) -> Map<String, Value> {
        let members = group.runs.len();
        let mut keys: HashMap<String, (HashSet<ConfigValue>, usize)> = HashMap::new();
        for run in group.runs.iter().filter(|_| members > 1) {
            for_each_value(run.keys["config"].as_object().unwrap(), &mut |path, value| {
                let (values, having) = keys.entry(path.to_owned()).or_default();
                values.insert(ConfigValue::of(value));
                *having += 1;
            });
        }
        let count = |(path, (values, having)): (String, (HashSet<ConfigValue>, usize))| {
            let distinct = values.len() + usize::from(having < members);
            let is_mixed = distinct > 1 && (distinct < members || members < 3) && !is_seed(&path);
            is_mixed.then(|| (format!("config.{path}"), Value::from(distinct)))
        };
        keys.into_iter().filter_map(count).collect::<BTreeMap<_, _>>().into_iter().collect()
    }

    #[test]
    fn the_index_says_the_same_as_the_documents() {
        let mut state = 7_u64;
        let mut random = |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        };
        for _ in 0..60 {
            let runs: Vec<_> = (0..random(40) + 1)
                .map(|at| {
                    let mut config = json!({ "lr": random(4), "same": 1, "seed": at, "out": at });
                    for key in 0..12 {
                        let values = [json!(1), json!(1.0), json!("1"), json!(null), json!([1, 2]), json!({}), json!({ "a": random(2) })];
                        match random(key + 2) {
                            0 => {}
                            _ => config[format!("k{key}")] = values[random(values.len() as u64) as usize].clone(),
                        }
                    }
                    run(at as usize, &config)
                })
                .collect();
            let (configs, mut counts) = (index(&runs), Vec::new());
            for group in group_runs(runs, &by_lr()) {
                assert_eq!(mixed_keys(&group, &configs, &mut counts), plain(&group));
            }
            assert!(counts.iter().all(|count| *count == 0));
        }
    }
}
