//! What differs between runs, or between groups of them.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value};

use super::config_value::ConfigValue;
use super::flat_config::for_each_value;
use crate::server::store::RunRecord;

/// The keys of documents that say how a run was made, in the order of the answer. Names, notes, times and results differ always.
const COMPARED: [&str; 10] = ["config", "group", "job_type", "tags", "git", "python", "command", "host", "parent", "fork"];

/// One column of a comparison: a run, or a group of them.
#[derive(Clone, Debug)]
pub struct DiffColumn {
    /// Of the run or of the group.
    pub id: String,
    /// The members, at least one.
    pub runs: Vec<Arc<RunRecord>>,
}

/// The keys of some runs or groups, as paths such as `config.lr` and `git.commit`. 1 and "1" differ, 1 and 1.0 do not.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunDiff {
    /// Ids of the runs or groups.
    pub columns: Vec<String>,
    /// The one that the others are compared with.
    pub reference: String,
    /// `{"config.lr": {"first": 0.1, "second": 0.01}}`: a column is left out if it does not have the key, or if its members differ.
    pub different: Map<String, Value>,
    /// By key of `different`: the columns that differ from the reference.
    pub changed: BTreeMap<String, Vec<String>>,
    /// `{"config.seed": {"g0123456789ab": 3}}`: keys in which members of a group differ, with the number of their values; a missing one
    /// is a value. Those in which the members of all groups differ are here only.
    pub varied: BTreeMap<String, BTreeMap<String, usize>>,
    /// `{"config.batch": 64}`: keys that all runs have with the same value.
    pub equal: Map<String, Value>,
}

/// A key in one column.
struct DiffCell<'a> {
    value: &'a Value,
    identity: ConfigValue,
    /// Members that have the key, and the last of them.
    count: usize,
    last: usize,
    /// Further values.
    others: HashSet<ConfigValue>,
}

impl DiffCell<'_> {
    /// Distinct values of a column with so many members.
    fn distinct(&self, members: usize) -> usize {
        1 + self.others.len() + usize::from(self.count < members)
    }
}

/// Compares two columns or more with that at the index `reference`. `is_visible`: whether the reader may see a key of documents, such as
/// `command`.
pub fn diff_columns(columns: &[DiffColumn], reference: usize, is_visible: impl Fn(&str) -> bool) -> RunDiff {
    // In the order of the documents; for each path a cell of each column.
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut paths: Vec<(String, Vec<Option<DiffCell>>)> = Vec::new();
    for key in COMPARED.into_iter().filter(|key| is_visible(key)) {
        for (at, column) in columns.iter().enumerate() {
            for (member, run) in column.runs.iter().enumerate() {
                let mut put = |path: String, value| {
                    let place = *places.entry(path).or_insert_with_key(|path| {
                        paths.push((path.clone(), columns.iter().map(|_| None).collect()));
                        paths.len() - 1
                    });
                    put_value(&mut paths[place].1[at], member, value);
                };
                match run.keys.get(key) {
                    Some(Value::Object(keys)) => for_each_value(keys, &mut |path, value| put(format!("{key}.{path}"), value)),
                    Some(value) => put(key.to_owned(), value),
                    None => {}
                }
            }
        }
    }
    let id = |at: usize| columns[at].id.clone();
    let mut diff = RunDiff {
        columns: (0..columns.len()).map(id).collect(),
        reference: id(reference),
        different: Map::new(),
        changed: BTreeMap::new(),
        varied: BTreeMap::new(),
        equal: Map::new(),
    };
    for (path, cells) in paths {
        let distinct = |at: usize| cells[at].as_ref().map_or(1, |cell| cell.distinct(columns[at].runs.len()));
        let varied: BTreeMap<_, _> = (0..cells.len()).map(|at| (id(at), distinct(at))).filter(|(_, distinct)| *distinct > 1).collect();
        let identity = |at: usize| cells[at].as_ref().map(|cell| &cell.identity);
        let is_changed =
            |at: &usize| identity(*at) != identity(reference) || (*at != reference && distinct(*at).max(distinct(reference)) > 1);
        let changed: Vec<String> = (0..cells.len()).filter(is_changed).map(id).collect();
        if varied.is_empty() && changed.is_empty() {
            diff.equal.extend(cells[reference].as_ref().map(|cell| (path, cell.value.clone())));
            continue;
        }
        if varied.len() < columns.len() {
            let shown = cells.iter().enumerate().filter(|(at, _)| distinct(*at) == 1);
            let values: Map<_, _> = shown.filter_map(|(at, cell)| Some((id(at), cell.as_ref()?.value.clone()))).collect();
            diff.different.insert(path.clone(), values.into());
            diff.changed.insert(path.clone(), changed);
        }
        if !varied.is_empty() {
            diff.varied.insert(path, varied);
        }
    }
    diff
}

/// A key that a configuration has twice counts once.
fn put_value<'a>(cell: &mut Option<DiffCell<'a>>, member: usize, value: &'a Value) {
    let identity = ConfigValue::of(value);
    match cell {
        None => *cell = Some(DiffCell { value, identity, count: 1, last: member, others: HashSet::new() }),
        Some(known) if known.last == member => {}
        Some(known) => {
            (known.count, known.last) = (known.count + 1, member);
            if identity != known.identity {
                known.others.insert(identity);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::protocol::RunId;

    fn run(id: &str, keys: Value) -> Arc<RunRecord> {
        Arc::new(RunRecord::new("b".into(), RunId::parse(id).unwrap(), keys.as_object().unwrap().clone()))
    }

    /// A column for each run.
    fn columns(runs: &[Arc<RunRecord>]) -> Vec<DiffColumn> {
        runs.iter().map(|run| DiffColumn { id: run.id.to_string(), runs: vec![run.clone()] }).collect()
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
        let diff = json!(diff_columns(&columns(&runs), 0, |_| true));
        let expected = json!({
            "columns": ["a", "b"],
            "reference": "a",
            "different": {
                "config.opt.name": {"a": "sgd", "b": "adam"},
                "config.seed": {"a": null},
                "config.warmup": {"b": 5},
                "tags": {"b": ["x"]},
                "git.commit": {"a": "1"},
            },
            "changed": {"config.opt.name": ["b"], "config.seed": ["b"], "config.warmup": ["b"], "tags": ["b"], "git.commit": ["b"]},
            "varied": {},
            "equal": {"config.lr": 0.1, "config.batch": 64},
        });
        assert_eq!(diff, expected);
        let keys: Vec<&String> = diff["different"].as_object().unwrap().keys().collect();
        assert_eq!(keys, ["config.opt.name", "config.seed", "config.warmup", "tags", "git.commit"], "in the order of the documents");
    }

    #[test]
    fn columns_are_compared_with_the_reference_by_type() {
        let runs = [("a", json!(1)), ("b", json!("1")), ("c", json!(1.0)), ("d", json!(null))];
        let mut runs: Vec<_> = runs.map(|(id, x)| run(id, json!({ "config": { "x": x } }))).into();
        runs.push(run("e", json!({})));
        let diff = |reference| json!(diff_columns(&columns(&runs), reference, |_| true));
        assert_eq!(diff(0)["changed"], json!({"config.x": ["b", "d", "e"]}));
        assert_eq!(diff(0)["different"], json!({"config.x": {"a": 1, "b": "1", "c": 1.0, "d": null}}));
        assert_eq!((&diff(4)["reference"], &diff(4)["changed"]), (&json!("e"), &json!({"config.x": ["a", "b", "c", "d"]})));
    }

    #[test]
    fn members_of_a_group_may_differ() {
        let of = |id: &str, lr: f64, seed: Value| run(id, json!({"config": {"lr": lr, "seed": seed, "batch": 64}}));
        let mut last = run("f", json!({"config": {"lr": 0.2, "batch": 64}}));
        Arc::make_mut(&mut last).keys.insert("group".into(), json!("x"));
        let groups = [
            DiffColumn { id: "g1".into(), runs: vec![of("a", 0.1, json!(1)), of("b", 0.1, json!(2)), of("c", 0.1, json!(2.0))] },
            DiffColumn { id: "g2".into(), runs: vec![of("d", 0.2, json!(1)), last] },
        ];
        let diff = json!(diff_columns(&groups, 0, |_| true));
        let expected = json!({
            "columns": ["g1", "g2"],
            "reference": "g1",
            "different": {"config.lr": {"g1": 0.1, "g2": 0.2}, "group": {}},
            "changed": {"config.lr": ["g2"], "group": ["g2"]},
            "varied": {"config.seed": {"g1": 2, "g2": 2}, "group": {"g2": 2}},
            "equal": {"config.batch": 64},
        });
        assert_eq!(diff, expected);
    }

    #[test]
    fn readers_see_no_keys_that_are_hidden_from_them() {
        let keys = |command: &str| json!({"command": command, "host": "h", "python": {"version": "3.13"}});
        let runs = [run("a", keys("x")), run("b", keys("y")), run("c", keys("x"))];
        let diff = diff_columns(&columns(&runs), 0, |key| key != "command");
        assert_eq!((diff.different.len(), json!(diff.equal)), (0, json!({"python.version": "3.13", "host": "h"})));
        assert_eq!(json!(diff_columns(&columns(&runs), 0, |_| true).different), json!({"command": {"a": "x", "b": "y", "c": "x"}}));
        assert_eq!(diff_columns(&columns(&runs[..1]), 0, |_| true).different, Map::new());
    }
}
