//! Which runs are in one group: those that agree in the keys that one groups by. A missing value is a value, and values are compared by
//! type: 1 and "1" differ, 1 and 1.0 do not.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::group_names::{GroupKey, group_names};
use crate::protocol::{ApiError, ErrorKind, GroupId};
use crate::server::boards::canonical_json::{write_text, write_value};
use crate::server::boards::runs::flat_config::value_of;
use crate::server::boards::runs::search::RunField;
use crate::server::boards::runs::split_names;
use crate::server::limits::MAX_GROUP_KEYS;
use crate::server::store::RunRecord;

/// Keys of documents that change by themselves, or that are not the same for all readers.
pub const UNSTABLE_KEYS: [&str; 9] = ["state", "silentSince", "heartbeatAt", "took", "age", "rev", "createdAt", "updatedAt", "exit"];
/// The keys that runs are grouped by: of configurations and of documents. Without keys all runs are one group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupKeys(Vec<RunField>);

impl GroupKeys {
    /// The names of `by=lr,config.opt.name,group`. 400: there are too many.
    pub fn parse_names(by: &str) -> Result<Vec<String>, ApiError> {
        let names: Vec<String> = split_names(by).filter(|name| !name.is_empty()).map(str::to_owned).collect();
        if names.len() > MAX_GROUP_KEYS {
            return Err(ErrorKind::BadRequest.with(format!("'by' may name {MAX_GROUP_KEYS} keys.")).at("by", "names too many keys"));
        }
        Ok(names)
    }

    /// 400: one of the fields is a metric, or a key that changes by itself.
    pub fn new(fields: Vec<RunField>) -> Result<Self, ApiError> {
        let mut keys = Self::default();
        for field in fields {
            let rule = match &field {
                RunField::Metric(..) => "is a metric; group by keys of the configuration or of the document",
                RunField::Document(key) if UNSTABLE_KEYS.contains(&key.as_str()) => {
                    "changes by itself, so that no groups can be made by it"
                }
                _ if keys.0.contains(&field) => continue,
                _ => {
                    keys.0.push(field);
                    continue;
                }
            };
            let name: String = field.to_string().chars().take(80).collect();
            return Err(ErrorKind::BadRequest.with(format!("'by' names '{name}', which {rule}.")).at("by", format!("'{name}' {rule}")));
        }
        Ok(keys)
    }

    pub fn contains(&self, field: &RunField) -> bool {
        self.0.contains(field)
    }

    /// Their names, such as `config.lr`.
    pub fn names(&self) -> Vec<String> {
        self.0.iter().map(ToString::to_string).collect()
    }

    /// Each with the number of its place, sorted: the order in which they are named does not matter for the id of a group.
    fn sorted(&self) -> Vec<(usize, String)> {
        let mut names: Vec<_> = self.0.iter().map(ToString::to_string).enumerate().collect();
        names.sort_by(|(_, one), (_, other)| one.cmp(other));
        names
    }
}

/// Runs that agree in all keys.
#[derive(Clone, Debug, PartialEq)]
pub struct RunGroup {
    pub id: GroupId,
    pub key: GroupKey,
    /// The values of the keys in which the groups that were found differ, such as `lr 0.01 · adam`.
    pub label: String,
    /// The place among the groups of the board by these keys, in the order in which their oldest runs were created, from 0. It is that of
    /// letter and colour.
    pub index: usize,
    /// The members, at least one, the oldest first.
    pub runs: Vec<Arc<RunRecord>>,
}

/// The groups of these runs, the largest first; of the same size the oldest first. Archived runs are in none.
pub fn group_runs(mut runs: Vec<Arc<RunRecord>>, keys: &GroupKeys) -> Vec<RunGroup> {
    runs.sort_by_key(|run| run.created_order);
    group_found_runs(&runs, |_| true, keys)
}

/// The same of those `all` runs of a board, the oldest first, that are found. Letter and colour of a group do not depend on the search: its
/// index is that among the groups of all runs, archived ones too.
pub fn group_found_runs(all: &[Arc<RunRecord>], is_found: impl Fn(&RunRecord) -> bool, keys: &GroupKeys) -> Vec<RunGroup> {
    let sorted = keys.sorted();
    // By digest: values may be long.
    let mut known: HashMap<[u8; 32], usize> = HashMap::new();
    let mut groups: Vec<(GroupId, Vec<Arc<RunRecord>>)> = Vec::new();
    let mut identity = String::new();
    for run in all {
        identity.clear();
        for (at, name) in &sorted {
            write_identity(&mut identity, name, value(run, &keys.0[*at]).as_deref());
        }
        let digest = Sha256::digest(identity.as_bytes()).into();
        let at = *known.entry(digest).or_insert_with(|| {
            groups.push((id_of(&digest), Vec::new()));
            groups.len() - 1
        });
        if run.keys.get("archived") != Some(&Value::Bool(true)) && is_found(run) {
            groups[at].1.push(run.clone());
        }
    }
    let group = |(index, (id, runs)): (usize, (GroupId, Vec<Arc<RunRecord>>))| {
        let oldest = runs.first()?;
        let key = keys.0.iter().map(|field| (field.to_string(), value(oldest, field).map(Cow::into_owned))).collect();
        Some(RunGroup { id, key, label: String::new(), index, runs })
    };
    let mut groups: Vec<RunGroup> = groups.into_iter().enumerate().filter_map(group).collect();
    let names = group_names(&groups.iter().map(|group| &group.key).collect::<Vec<_>>(), &keys.0);
    groups.iter_mut().zip(names).for_each(|(group, name)| group.label = name);
    groups.sort_by_key(|group| (usize::MAX - group.runs.len(), group.index));
    groups
}

/// A text that is the same for equal values of a run under a key only; `None`: it does not have the key.
pub fn value_identity(run: &RunRecord, field: &RunField) -> Option<String> {
    let mut text = String::new();
    write_value(&mut text, &*value(run, field)?);
    Some(text)
}

/// The value of a run under a key; `None`: it does not have the key.
pub fn value<'a>(run: &'a RunRecord, field: &RunField) -> Option<Cow<'a, Value>> {
    match field {
        RunField::Config(key) => value_of(run.keys.get("config")?.as_object()?, key).map(Cow::Borrowed),
        RunField::Document(key) => match (&**key, value_of(&run.keys, key)) {
            ("_id", _) | ("name", None) => Some(Cow::Owned(run.id.as_str().into())),
            // A set: neither their order nor whether the key is there makes a difference.
            ("tags", tags) => {
                let mut tags: Vec<&str> = tags.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
                tags.sort_unstable();
                tags.dedup();
                (!tags.is_empty()).then(|| Cow::Owned(tags.into()))
            }
            (_, value) => value.map(Cow::Borrowed),
        },
        RunField::Metric(..) => None,
    }
}

/// The first 48 bits of SHA-256, so that ids do not change with versions of a program.
fn id_of(digest: &[u8; 32]) -> GroupId {
    GroupId::from_bits(digest.iter().take(6).fold(0, |bits, byte| bits << 8 | u64::from(*byte)))
}

/// Appends a line with a key and its value, such that other values give other lines.
fn write_identity(identity: &mut String, name: &str, value: Option<&Value>) {
    write_text(identity, name);
    if let Some(value) = value {
        identity.push(':');
        write_value(identity, value);
    }
    identity.push('\n');
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::protocol::RunId;

    fn run(order: u64, keys: Value) -> Arc<RunRecord> {
        let id = RunId::parse(&format!("r{order}")).unwrap();
        let record = RunRecord::new("b".into(), id, keys.as_object().unwrap().clone());
        Arc::new(RunRecord { created_order: order, ..record })
    }

    fn configs(list: &[Value]) -> Vec<Arc<RunRecord>> {
        list.iter().enumerate().map(|(at, config)| run(at as u64, json!({ "config": config }))).collect()
    }

    fn by(names: &[&str]) -> GroupKeys {
        GroupKeys::new(names.iter().map(|name| RunField::Config((*name).to_owned())).collect()).unwrap()
    }

    /// Label, index and ids of the members.
    fn shown(groups: &[RunGroup]) -> Vec<(String, usize, String)> {
        let ids = |group: &RunGroup| group.runs.iter().map(|run| run.id.to_string()).collect::<Vec<_>>().join(",");
        groups.iter().map(|group| (group.label.clone(), group.index, ids(group))).collect()
    }

    fn expected(list: &[(&str, usize, &str)]) -> Vec<(String, usize, String)> {
        list.iter().map(|(label, index, ids)| ((*label).to_owned(), *index, (*ids).to_owned())).collect()
    }

    #[test]
    fn values_are_compared_by_type_and_a_missing_one_is_a_value() {
        let values = [
            json!({"x": 1}),
            json!({"x": "1"}),
            json!({"x": 1.0}),
            json!({"x": null}),
            json!({}),
            json!({"x": true}),
            json!({"x": "true"}),
            json!({"x": [1, 2]}),
            json!({"x": [1.0, 2]}),
            json!({"x": {"a": 1, "b": [0.5]}}),
            json!({"x": {"b": [5e-1], "a": 1e0}}),
            json!({"x": "–"}),
            json!({"x": ""}),
        ];
        let groups = group_runs(configs(&values), &by(&["x"]));
        let list = [
            ("x 1", 0, "r0,r2"),
            ("x [1,2]", 6, "r7,r8"),
            (r#"x {"a":1,"b":[0.5]}"#, 7, "r9,r10"),
            ("x \"1\"", 1, "r1"),
            ("x null", 2, "r3"),
            ("no x", 3, "r4"),
            ("x true", 4, "r5"),
            ("x \"true\"", 5, "r6"),
            ("x –", 8, "r11"),
            ("x \"\"", 9, "r12"),
        ];
        assert_eq!(shown(&groups), expected(&list));
        assert_eq!(groups[0].key, [("config.x".to_owned(), Some(json!(1)))]);
        assert_eq!(groups[5].key, [("config.x".to_owned(), None)]);
        let mut ids: Vec<_> = groups.iter().map(|group| group.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), groups.len());
    }

    #[test]
    fn large_whole_numbers_are_exact() {
        let values = [json!({"x": (1_u64 << 60) + 1}), json!({"x": 1_u64 << 60}), json!({"x": (1_u64 << 60) as f64})];
        assert_eq!(
            shown(&group_runs(configs(&values), &by(&["x"]))),
            expected(&[("x 1152921504606846976", 1, "r1,r2"), ("x 1152921504606846977", 0, "r0")])
        );
    }

    #[test]
    fn ids_depend_on_keys_and_values_only() {
        let list = [json!({"lr": 0.1, "opt": {"name": "adam"}, "seed": 1}), json!({"lr": 0.2, "opt": {"name": "adam"}, "seed": 2})];
        let all = group_runs(configs(&list), &by(&["lr", "opt.name"]));
        assert_eq!(shown(&all), expected(&[("lr 0.1", 0, "r0"), ("lr 0.2", 1, "r1")]));
        // Another order of the keys, other runs, another place among the groups.
        let alone = group_runs(configs(&list)[1..].to_vec(), &by(&["opt.name", "lr"]));
        assert_eq!((alone[0].id, alone[0].index, &*alone[0].label), (all[1].id, 0, "adam · lr 0.2"));
        assert_ne!(group_runs(configs(&list), &by(&["lr"]))[0].id, all[0].id);
        // Addresses name it.
        assert_eq!(all[0].id.to_string(), "g5cb445967725");
        // A value that contains what separates keys is not taken for two.
        let tricky = [json!({"a": "x\n\"config.b\":1"}), json!({"a": "x", "b": 1})];
        let groups = group_runs(configs(&tricky), &by(&["a", "b"]));
        assert_ne!(groups[0].id, groups[1].id);
    }

    #[test]
    fn members_in_any_order_give_the_same_groups() {
        let list: Vec<Value> = (0..30).map(|at| json!({"lr": at % 4, "seed": at})).collect();
        let runs = configs(&list);
        let groups = group_runs(runs.clone(), &by(&["lr"]));
        assert_eq!(groups.iter().map(|group| (group.index, group.runs.len())).collect::<Vec<_>>(), [(0, 8), (1, 8), (2, 7), (3, 7)]);
        let mut shuffled = runs;
        shuffled.reverse();
        shuffled.swap(3, 17);
        assert_eq!(group_runs(shuffled, &by(&["lr"])), groups);
    }

    #[test]
    fn documents_have_keys_to_group_by() {
        let runs = vec![
            run(1, json!({"tags": ["b", "a"], "group": "x", "git": {"commit": "c1"}})),
            run(2, json!({"tags": ["a", "b", "a"], "name": "r1", "git": {"commit": "c1"}})),
            run(3, json!({"tags": []})),
            run(4, json!({"archived": true, "group": "x"})),
            run(5, json!({})),
        ];
        let keys = |key: &str| GroupKeys::new(vec![RunField::Document(key.to_owned())]).unwrap();
        let labels = |key: &str| shown(&group_runs(runs.clone(), &keys(key)));
        assert_eq!(labels("tags"), expected(&[("tags a, b", 0, "r1,r2"), ("no tags", 1, "r3,r5")]));
        assert_eq!(labels("group"), expected(&[("no group", 1, "r2,r3,r5"), ("x", 0, "r1")]), "archived runs are out");
        assert_eq!(labels("git.commit"), expected(&[("c1", 0, "r1,r2"), ("no git.commit", 1, "r3,r5")]));
        assert_eq!(labels("name").len(), 3, "a run without a name has its id");
        assert_eq!(group_runs(runs.clone(), &keys("group"))[0].key[0].0, "run.group");
        let all = group_runs(runs, &GroupKeys::default());
        assert_eq!(shown(&all), expected(&[("all runs", 0, "r1,r2,r3,r5")]));
    }

    #[test]
    fn keys_that_cannot_make_groups_are_refused() {
        let refused = |field: RunField| GroupKeys::new(vec![field]).unwrap_err();
        let metric = refused(RunField::Metric("val/acc".into(), crate::server::boards::runs::search::Statistic::Max));
        assert_eq!(
            (metric.code, &*metric.message),
            (400, "'by' names 'metrics.val/acc.max', which is a metric; group by keys of the configuration or of the document.")
        );
        let age = refused(RunField::Document("age".into()));
        assert_eq!(age.message, "'by' names 'run.age', which changes by itself, so that no groups can be made by it.");
        assert_eq!(GroupKeys::new(vec![RunField::Config("lr".into()); 3]).unwrap(), by(&["lr"]), "each once");
        assert_eq!(GroupKeys::parse_names("lr, \"a,b\",,config.opt.name").unwrap(), ["lr", "\"a,b\"", "config.opt.name"]);
        assert!(GroupKeys::parse_names("").unwrap().is_empty());
        let many = |count: usize| GroupKeys::parse_names(&vec!["a"; count].join(","));
        assert_eq!(many(MAX_GROUP_KEYS).unwrap().len(), MAX_GROUP_KEYS);
        assert_eq!(many(MAX_GROUP_KEYS + 1).unwrap_err().message, "'by' may name 8 keys.");
    }
}
