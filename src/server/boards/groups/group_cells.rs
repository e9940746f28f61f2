//! What the members of a group have under keys that it is not grouped by: one value, or several.

use std::borrow::Cow;
use std::collections::HashSet;

use serde_json::Value;

use super::FoundGroups;
use super::membership::{GroupKeys, RunGroup, UNSTABLE_KEYS, value};
use crate::protocol::{ApiError, GroupCell};
use crate::server::boards::runs::config_index::ConfigIndex;
use crate::server::boards::runs::config_value::ConfigValue;
use crate::server::boards::runs::search::RunField;
use crate::server::boards::runs::table_columns::{DOCUMENT_COLUMNS, keys_by_difference};
use crate::server::boards::runs::{is_seed, shortened};
use crate::server::cpu_pool::CancelFlag;
use crate::server::store::Store;

/// Columns unless the query names them.
const DEFAULT_COLUMNS: usize = 4;

/// The further keys of rows: those that are named, or without `names` some in which the runs differ. 400: a name is no key of the board.
pub fn key_columns(
    (store, board): (&Store, &str),
    found: &FoundGroups,
    names: Option<&[String]>,
    is_public: bool,
) -> Result<Vec<RunField>, ApiError> {
    match names {
        _ if found.known.runs.is_empty() => Ok(Vec::new()),
        Some(names) => Ok(named_columns(found.known.resolve(store, board, names, "columns", is_public)?, &found.keys)),
        None => Ok(default_columns(&found.known.configs(), &found.groups, &found.keys)),
    }
}

/// The fields of the columns that are named. Metrics have none here, nor have keys that change by themselves, and those that are grouped by.
fn named_columns(fields: Vec<RunField>, keys: &GroupKeys) -> Vec<RunField> {
    let is_stable = |field: &RunField| match field {
        RunField::Metric(..) => false,
        RunField::Document(key) => !UNSTABLE_KEYS.contains(&key.as_str()),
        RunField::Config(_) => true,
    };
    fields.into_iter().filter(|field| is_stable(field) && !keys.contains(field)).collect()
}

/// The first keys in which the members of all groups differ, as the table of runs has them. Seeds are left out.
fn default_columns(configs: &ConfigIndex, groups: &[RunGroup], by: &GroupKeys) -> Vec<RunField> {
    let members = || groups.iter().flat_map(|group| &group.runs);
    let differ_in = |key: &&str| {
        let mut texts = members().map(|run| run.text(key));
        texts.next().is_some_and(|first| texts.any(|text| text != first))
    };
    let spreads = configs.spread(members().map(|run| &run.id));
    let keys = keys_by_difference(&spreads, members().count());
    let documents = DOCUMENT_COLUMNS.iter().filter(|key| differ_in(key)).map(|key| RunField::Document((*key).to_owned()));
    let configs = keys.iter().filter(|key| !is_seed(key.key)).map(|key| RunField::Config(key.key.to_owned()));
    documents.chain(configs).filter(|field| !by.contains(field)).take(DEFAULT_COLUMNS).collect()
}

/// The cells of a group under these keys. 503 once the `client` has gone: a table may have all runs of a board in groups, and many keys.
pub fn group_cells(group: &RunGroup, fields: &[RunField], client: &CancelFlag) -> Result<Vec<Option<GroupCell>>, ApiError> {
    fields.iter().map(|field| group_cell(group, field, client)).collect()
}

/// The value that all members have under a key, or the number of their values. A missing one is a value beside others; `None`: no member
/// has the key.
fn group_cell(group: &RunGroup, field: &RunField, client: &CancelFlag) -> Result<Option<GroupCell>, ApiError> {
    let Some((first, others)) = group.runs.split_first() else { return Ok(None) };
    let first = value(first, field);
    let identity = |value: &Option<Cow<Value>>| value.as_deref().map(ConfigValue::of);
    let mut different = HashSet::new();
    for run in others {
        client.check()?;
        let value = value(run, field);
        // Most members agree, and equal values are cheap to recognize.
        if value != first {
            different.insert(identity(&value));
        }
    }
    // 1 and 1.0 are one value.
    if !different.is_empty() {
        different.remove(&identity(&first));
    }
    Ok(match different.len() {
        0 => first.map(|value| GroupCell::Value(shortened(&value))),
        others => Some(GroupCell::Distinct(1 + others as u32)),
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::protocol::RunId;
    use crate::server::boards::groups::membership::group_runs;
    use crate::server::store::RunRecord;

    fn by_lr() -> GroupKeys {
        GroupKeys::new(vec![RunField::Config("lr".into())]).unwrap()
    }

    fn group(documents: &[Value]) -> Vec<RunGroup> {
        let run = |(at, keys): (usize, &Value)| {
            let record = RunRecord::new("b".into(), RunId::parse(&format!("r{at}")).unwrap(), keys.as_object().unwrap().clone());
            Arc::new(RunRecord { created_order: at as u64, ..record })
        };
        group_runs(documents.iter().enumerate().map(run).collect(), &by_lr())
    }

    #[test]
    fn members_agree_or_have_so_many_values_of_which_a_missing_one_is_one() {
        let documents = [
            json!({"config": {"lr": 1, "model": "cnn", "batch": 8, "crash_at": 80, "opt": {"name": null}}, "group": "sweep"}),
            json!({"config": {"lr": 1, "model": "cnn", "batch": 8.0, "opt": {"name": null}}}),
            json!({"config": {"lr": 1, "model": "cnn", "batch": 8, "crash_at": 90, "opt": {"name": null}}, "tags": ["b", "a"]}),
        ];
        let groups = group(&documents);
        let cell_of = |field: RunField| group_cells(&groups[0], &[field], &CancelFlag::default()).unwrap().remove(0);
        let cell = |key: &str| cell_of(RunField::Config(key.into()));
        assert_eq!(cell("model"), Some(GroupCell::Value(json!("cnn"))));
        assert_eq!(cell("batch"), Some(GroupCell::Value(json!(8))), "compared by value");
        assert_eq!((cell("opt.name"), cell("other")), (Some(GroupCell::Value(json!(null))), None), "null is no missing value");
        assert_eq!(cell("crash_at"), Some(GroupCell::Distinct(3)));
        // Of the document it is the same.
        let of_document = |key: &str| cell_of(RunField::Document(key.into()));
        assert_eq!((of_document("group"), of_document("tags")), (Some(GroupCell::Distinct(2)), Some(GroupCell::Distinct(2))));
        assert_eq!(
            serde_json::to_value([cell("model"), cell("crash_at"), cell("other")]).unwrap(),
            json!([{"value": "cnn"}, {"distinct": 3}, null])
        );
        let gone = group_cells(&groups[0], &[RunField::Config("model".into())], &CancelFlag::cancelled());
        assert_eq!(gone.unwrap_err().code, 503, "nobody waits for it");
    }

    #[test]
    fn columns_are_those_of_the_table_of_runs() {
        let run = |seed: u32, model: &str| json!({"config": {"lr": seed % 2, "seed": seed, "model": model, "same": 1, "out": seed}});
        let groups = group(&[run(1, "cnn"), run(2, "cnn"), run(3, "mlp"), run(4, "mlp")]);
        let mut configs = ConfigIndex::default();
        configs.update(1, &groups.iter().flat_map(|group| group.runs.clone()).collect());
        let fields = |keys: &[&str]| keys.iter().map(|key| RunField::Config((*key).to_owned())).collect::<Vec<_>>();
        assert_eq!(default_columns(&configs, &groups, &by_lr()), fields(&["model", "out"]));
        assert_eq!(named_columns(fields(&["lr", "same"]), &by_lr()), fields(&["same"]));
        let unstable = [RunField::Document("took".into()), RunField::Document("group".into())];
        assert_eq!(named_columns(unstable.to_vec(), &by_lr()), &unstable[1..]);
    }
}
