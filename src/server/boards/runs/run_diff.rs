//! What differs between runs.

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value};

use super::config_value::ConfigValue;
use super::flat_config::for_each_value;
use crate::protocol::RunId;
use crate::server::store::RunRecord;

/// The keys of documents that say how a run was made, in the order of the answer. Names, notes, times and results differ always.
const COMPARED: [&str; 10] = ["config", "group", "job_type", "tags", "git", "python", "command", "host", "parent", "fork"];

/// The keys of some runs, as paths such as `config.lr` and `git.commit`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunDiff {
    pub runs: Vec<RunId>,
    /// `{"config.lr": {"first": 0.1, "second": 0.01}}`: a run that does not have the key is left out.
    pub different: Map<String, Value>,
    /// `{"config.batch": 64}`: keys that all runs have with the same value.
    pub equal: Map<String, Value>,
}

/// Compares runs, two or more. `is_visible`: whether the reader may see a key of documents, such as `command`.
pub fn diff_runs(runs: &[Arc<RunRecord>], is_visible: impl Fn(&str) -> bool) -> RunDiff {
    // For each path the values of the runs, in the order of the runs.
    let mut paths: Map<String, Value> = Map::new();
    for key in COMPARED.into_iter().filter(|key| is_visible(key)) {
        for run in runs {
            match run.keys.get(key) {
                Some(Value::Object(keys)) => {
                    for_each_value(keys, &mut |path, value| put(&mut paths, format!("{key}.{path}"), run, value));
                }
                Some(value) => put(&mut paths, key.to_owned(), run, value),
                None => {}
            }
        }
    }
    let mut diff = RunDiff { runs: runs.iter().map(|run| run.id.clone()).collect(), different: Map::new(), equal: Map::new() };
    for (path, values) in paths {
        let Value::Object(by_run) = values else { continue };
        let mut values = by_run.values();
        let first = values.next().map(ConfigValue::of);
        if by_run.len() == runs.len() && values.all(|value| Some(ConfigValue::of(value)) == first) {
            diff.equal.extend(by_run.into_iter().next().map(|(_, value)| (path, value)));
        } else {
            diff.different.insert(path, by_run.into());
        }
    }
    diff
}

fn put(paths: &mut Map<String, Value>, path: String, run: &RunRecord, value: &Value) {
    let by_run = paths.entry(path).or_insert_with(|| Map::new().into());
    if let Value::Object(by_run) = by_run {
        by_run.insert(run.id.to_string(), value.clone());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn run(id: &str, keys: Value) -> Arc<RunRecord> {
        Arc::new(RunRecord::new("b".into(), RunId::parse(id).unwrap(), keys.as_object().unwrap().clone()))
    }

    #[test]
    fn keys_that_differ_have_the_value_of_each_run() {
        let runs = [
            run(
                "a",
                json!({"name": "A", "config": {"lr": 0.1, "opt": {"name": "sgd"}, "batch": 64, "seed": null}, "git": {"commit": "1"}}),
            ),
            run("b", json!({"name": "B", "config": {"lr": 0.1, "opt": {"name": "adam"}, "batch": 64.0, "warmup": 5}, "tags": ["x"]})),
        ];
        let diff = json!(diff_runs(&runs, |_| true));
        let expected = json!({
            "runs": ["a", "b"],
            "different": {
                "config.opt.name": {"a": "sgd", "b": "adam"},
                "config.seed": {"a": null},
                "config.warmup": {"b": 5},
                "tags": {"b": ["x"]},
                "git.commit": {"a": "1"},
            },
            "equal": {"config.lr": 0.1, "config.batch": 64},
        });
        assert_eq!(diff, expected);
        let keys: Vec<&String> = diff["different"].as_object().unwrap().keys().collect();
        assert_eq!(keys, ["config.opt.name", "config.seed", "config.warmup", "tags", "git.commit"], "in the order of the documents");
    }

    #[test]
    fn readers_see_no_keys_that_are_hidden_from_them() {
        let keys = |command: &str| json!({"command": command, "host": "h", "python": {"version": "3.13"}});
        let runs = [run("a", keys("x")), run("b", keys("y")), run("c", keys("x"))];
        let diff = diff_runs(&runs, |key| key != "command");
        assert_eq!((diff.different.len(), json!(diff.equal)), (0, json!({"python.version": "3.13", "host": "h"})));
        assert_eq!(json!(diff_runs(&runs, |_| true).different), json!({"command": {"a": "x", "b": "y", "c": "x"}}));
        assert_eq!(diff_runs(&runs[..1], |_| true).different, Map::new());
    }
}
