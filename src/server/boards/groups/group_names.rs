//! Names of groups, the same in legends, tooltips, tables and files: the values of those keys in which the groups that were found differ.

use std::collections::HashSet;

use serde_json::Value;

use crate::server::boards::canonical_json::write_value;
use crate::server::boards::runs::search::RunField;

/// Characters of a value in a name.
const MAX_VALUE_CHARS: usize = 60;
/// Between the values of a name.
const SEPARATOR: &str = " · ";
/// A group by no keys.
const ALL_RUNS: &str = "all runs";

/// Of each key of a group its name, such as `config.lr`, and the value of all members; `None`: they do not have the key.
pub type GroupKey = Vec<(String, Option<Value>)>;

/// The places of those keys in which the groups differ: what all have in common distinguishes none. A group that is alone has all keys.
pub fn keys_in_names(groups: &[&GroupKey]) -> Vec<usize> {
    let Some((first, others)) = groups.split_first() else { return Vec::new() };
    let differs = |at: &usize| {
        let of_first = first[*at].1.as_ref().map(text);
        others.iter().any(|group| group[*at].1.as_ref().map(text) != of_first)
    };
    (0..first.len()).filter(|at| others.is_empty() || differs(at)).collect()
}

/// The name of each group. `keys`: those of the groups, in their order.
pub fn group_names(groups: &[&GroupKey], keys: &[RunField]) -> Vec<String> {
    let names: Vec<String> = keys.iter().map(|key| key_name(key, keys)).collect();
    let shown: Vec<(usize, &str)> = keys_in_names(groups).into_iter().map(|at| (at, names[at].as_str())).collect();
    let is_named = keys_to_name(groups, &shown);
    let (is_alone, tags) = (groups.len() == 1, RunField::Document("tags".to_owned()));
    let name = |group: &&GroupKey| {
        let part = |((at, key), is_named): (&(usize, &str), &bool)| match &group[*at].1 {
            Some(value) => Some(value_part((key, keys[*at] == tags), value, *is_named)),
            // Only beside groups that have the key does it say something.
            None => (!is_alone).then(|| ["no ", key].concat()),
        };
        let parts: Vec<String> = shown.iter().zip(&is_named).filter_map(part).collect();
        match (parts.is_empty(), shown.first()) {
            (false, _) => parts.join(SEPARATOR),
            (true, Some((_, key))) => ["no ", *key].concat(),
            (true, None) => ALL_RUNS.to_owned(),
        }
    };
    groups.iter().map(name).collect()
}

/// Whether values of these keys are unclear without the name of their key: a number could be one of any key, and so could a text that
/// other keys have, too.
fn keys_to_name(groups: &[&GroupKey], shown: &[(usize, &str)]) -> Vec<bool> {
    // The texts of a key that has nothing else.
    let texts = |(at, _): &(usize, &str)| -> Option<HashSet<&str>> {
        let values = groups.iter().filter_map(|group| group[*at].1.as_ref());
        values.map(|value| value.as_str().filter(|text| is_plain(text))).collect()
    };
    let texts: Vec<_> = shown.iter().map(texts).collect();
    let is_unclear = |(at, own): (usize, &Option<HashSet<&str>>)| {
        let Some(own) = own else { return true };
        texts.iter().enumerate().any(|(other, texts)| other != at && texts.as_ref().is_some_and(|texts| !texts.is_disjoint(own)))
    };
    texts.iter().enumerate().map(is_unclear).collect()
}

/// The name of a key within names: without its space, unless another one is called the same.
fn key_name(key: &RunField, keys: &[RunField]) -> String {
    let is_shared = keys.iter().any(|other| other != key && short_name(other) == short_name(key));
    if is_shared { key.to_string() } else { short_name(key).to_owned() }
}

fn short_name(key: &RunField) -> &str {
    match key {
        RunField::Config(key) | RunField::Document(key) | RunField::Metric(key, _) => key,
    }
}

/// A value as people read it. A text that would be read as another value stands in quotes.
fn value_part((key, is_tags): (&str, bool), value: &Value, is_named: bool) -> String {
    let label = match value {
        Value::Array(tags) if is_tags => tags.iter().map(tag).collect::<Vec<_>>().join(", "),
        // It would be read as a missing value.
        Value::String(text) if !is_named && text.strip_prefix("no ") == Some(key) => format!("\"{text}\""),
        Value::String(text) if is_plain(text) => text.clone(),
        value => text(value),
    };
    if is_named { [key, " ", &cut(&label)].concat() } else { cut(&label) }
}

/// One of several tags. One that would be read as others stands in quotes.
fn tag(value: &Value) -> String {
    let is_clear = |text: &&str| is_trimmed(text) && !text.contains(',') && !text.starts_with('"');
    value.as_str().filter(is_clear).map_or_else(|| text(value), str::to_owned)
}

/// The same for equal values only.
fn text(value: &Value) -> String {
    let mut text = String::new();
    write_value(&mut text, value);
    text
}

fn cut(label: &str) -> String {
    match label.char_indices().nth(MAX_VALUE_CHARS) {
        Some((end, _)) => format!("{}…", &label[..end]),
        None => label.to_owned(),
    }
}

fn is_plain(text: &str) -> bool {
    let is_json = || serde_json::from_str::<Value>(text).is_ok();
    is_trimmed(text) && !is_json()
}

fn is_trimmed(text: &str) -> bool {
    let is_edged = text.starts_with(char::is_whitespace) || text.ends_with(char::is_whitespace);
    !text.is_empty() && !is_edged && !text.contains(char::is_control)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn names(by: &[&str], configs: &[Value]) -> Vec<String> {
        let keys: Vec<RunField> = by.iter().map(|key| RunField::Config((*key).to_owned())).collect();
        let key = |config: &Value| -> GroupKey { by.iter().map(|key| (format!("config.{key}"), config.get(key).cloned())).collect() };
        let groups: Vec<GroupKey> = configs.iter().map(key).collect();
        group_names(&groups.iter().collect::<Vec<_>>(), &keys)
    }

    #[test]
    fn names_keep_the_keys_that_differ() {
        let sweep = [
            json!({"model": "resnet18", "lr": 0.01, "batch": 128}),
            json!({"model": "resnet18", "lr": 0.01, "batch": 32}),
            json!({"model": "resnet18", "lr": 0.1, "batch": 128.0, "crash_at": 80}),
        ];
        let by = ["crash_at", "model", "diverge_at", "batch", "lr"];
        assert_eq!(names(&by, &sweep[..2]), ["batch 128", "batch 32"]);
        let all = ["no crash_at · batch 128 · lr 0.01", "no crash_at · batch 32 · lr 0.01", "crash_at 80 · batch 128 · lr 0.1"];
        assert_eq!(names(&by, &sweep), all);
        assert_eq!(names(&by, &sweep[..1]), ["resnet18 · batch 128 · lr 0.01"], "alone it has all keys that it has");
        assert_eq!((names(&["x"], &sweep[..1]), names(&[], &sweep[..1])), (vec!["no x".to_owned()], vec!["all runs".to_owned()]));
    }

    #[test]
    fn texts_are_named_where_they_are_unclear() {
        let models =
            [json!({"encoder": "cnn", "decoder": "mlp", "opt": "adam"}), json!({"encoder": "mlp", "decoder": "lstm", "opt": "sgd"})];
        assert_eq!(names(&["encoder", "opt"], &models), ["cnn · adam", "mlp · sgd"]);
        assert_eq!(names(&["encoder", "decoder"], &models), ["encoder cnn · decoder mlp", "encoder mlp · decoder lstm"]);
        let odd = [json!({"opt": "adam"}), json!({"opt": 5}), json!({"opt": "no opt"}), json!({})];
        assert_eq!(names(&["opt"], &odd), ["opt adam", "opt 5", "opt no opt", "no opt"]);
        let texts = [json!({"opt": "adam"}), json!({"opt": "no opt"}), json!({})];
        assert_eq!(names(&["opt"], &texts), ["adam", "\"no opt\"", "no opt"]);
    }

    #[test]
    fn other_groups_have_other_names() {
        let by = [RunField::Document("tags".into())];
        let tagged = |tags: Value| vec![("run.tags".to_owned(), Some(tags))];
        let groups = [tagged(json!(["a, b"])), tagged(json!(["a", "b"])), tagged(json!(["\"a, b\""])), tagged(json!(["1"]))];
        let named = group_names(&groups.iter().collect::<Vec<_>>(), &by);
        assert_eq!(named, ["tags \"a, b\"", "tags a, b", "tags \"\\\"a, b\\\"\"", "tags 1"]);
        // Keys of one name have it whole.
        let by = [RunField::Config("group".into()), RunField::Document("group".into())];
        let key =
            |config: &str, run: &str| vec![("config.group".to_owned(), Some(json!(config))), ("run.group".to_owned(), Some(json!(run)))];
        let groups = [key("x", "y"), key("y", "x")];
        let named = group_names(&groups.iter().collect::<Vec<_>>(), &by);
        assert_eq!(named, ["config.group x · run.group y", "config.group y · run.group x"]);
    }

    #[test]
    fn long_values_are_cut() {
        let long = |end: &str| json!({ "x": format!("{}{end}", "ö".repeat(60)) });
        let name = format!("{}…", "ö".repeat(60));
        assert_eq!(names(&["x"], &[long("a"), long("b")]), [name.clone(), name]);
    }
}
