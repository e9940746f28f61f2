//! The keys in which the members of a group differ although it is not grouped by them: its mean is then over more than repetitions.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::{Map, Value};

use super::membership::RunGroup;
use crate::server::boards::runs::config_value::ConfigValue;
use crate::server::boards::runs::flat_config::for_each_value;
use crate::server::boards::runs::is_seed;
use crate::server::boards::runs::search::RunField;
use crate::server::limits::MAX_MIXED_MEMBERS;

/// The values of a key, and how many members have it.
#[derive(Default)]
struct MixedKey {
    values: HashSet<ConfigValue>,
    members: usize,
}

/// The number of values of each key, a missing one included. Seeds are left out, and keys with a value of its own for each of three members
/// or more, such as paths. Of very large groups nothing is known.
pub fn mixed_keys(group: &RunGroup) -> Map<String, Value> {
    let members = group.runs.len();
    if !(2..=MAX_MIXED_MEMBERS).contains(&members) {
        return Map::new();
    }
    let mut keys: HashMap<String, MixedKey> = HashMap::new();
    for run in &group.runs {
        if let Some(Value::Object(config)) = run.keys.get("config") {
            for_each_value(config, &mut |path, value| {
                let key = keys.entry(path.to_owned()).or_default();
                key.values.insert(ConfigValue::of(value));
                key.members += 1;
            });
        }
    }
    let count = |(path, key): (String, MixedKey)| {
        let distinct = key.values.len() + usize::from(key.members < members);
        let is_mixed = distinct > 1 && (distinct < members || members < 3) && !is_seed(&path);
        is_mixed.then(|| (RunField::Config(path).to_string(), distinct.into()))
    };
    // In one order, whatever that of the members.
    keys.into_iter().filter_map(count).collect::<BTreeMap<_, Value>>().into_iter().collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::protocol::RunId;
    use crate::server::boards::groups::membership::{GroupKeys, group_runs};
    use crate::server::store::RunRecord;

    #[test]
    fn members_differ_in_other_keys_than_seeds_and_paths() {
        let run = |at: usize, model: &str| {
            let keys = json!({ "config": { "lr": 0.1, "model": model, "seed": at, "opt": { "out": format!("runs/{at}") } } });
            Arc::new(RunRecord::new("b".into(), RunId::parse(&format!("r{at}")).unwrap(), keys.as_object().cloned().unwrap()))
        };
        let by_lr = GroupKeys::new(vec![RunField::Config("lr".into())]).unwrap();
        let mixed = |models: &[&str]| {
            let runs = models.iter().enumerate().map(|(at, model)| run(at, model)).collect();
            Value::from(mixed_keys(&group_runs(runs, &by_lr)[0]))
        };
        assert_eq!(mixed(&["cnn", "mlp", "cnn"]), json!({ "config.model": 2 }));
        assert_eq!(mixed(&["cnn", "cnn", "cnn"]), json!({}));
        assert_eq!(mixed(&["cnn"]), json!({}));
    }
}
