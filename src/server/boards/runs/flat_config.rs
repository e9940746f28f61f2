//! The configuration of a run as a flat list of keys and values, and its bounds.

use std::collections::HashSet;

use serde_json::{Map, Value};

use crate::protocol::{ApiError, ErrorKind};
use crate::server::limits::{MAX_CONFIG_BYTES, MAX_CONFIG_DEPTH, MAX_CONFIG_KEYS};

/// Calls `each` with every value that is no object, and with every empty object, in the order of the document. Its key is the path to
/// it, with dots: `opt.lr` is `lr` within `opt`. Arrays are values.
pub fn for_each_value<'a>(config: &'a Map<String, Value>, each: &mut impl FnMut(&str, &'a Value)) {
    fn visit<'a>(keys: &'a Map<String, Value>, path: &mut String, each: &mut impl FnMut(&str, &'a Value)) {
        let start = path.len();
        for (key, value) in keys {
            if start > 0 {
                path.push('.');
            }
            path.push_str(key);
            match value {
                Value::Object(inner) if !inner.is_empty() => visit(inner, path, each),
                _ => each(path, value),
            }
            path.truncate(start);
        }
    }
    visit(config, &mut String::new(), each);
}

/// Calls `each` once with each key of an object, such as the configuration of a run; what is no object has none.
/// `{"a.b": 1, "a": {"b": 2}}` has one key twice: the value that a search finds is counted.
pub fn for_each_key(object: Option<&Value>, each: &mut impl FnMut(&str, &Value)) {
    let Some(keys) = object.and_then(Value::as_object) else { return };
    if !has_dotted_key(keys) {
        return for_each_value(keys, each);
    }
    let mut seen = HashSet::new();
    for_each_value(keys, &mut |key, value| {
        if seen.insert(key.to_owned()) {
            each(key, value_of(keys, key).unwrap_or(value));
        }
    });
}

fn has_dotted_key(keys: &Map<String, Value>) -> bool {
    keys.iter().any(|(key, value)| key.contains('.') || value.as_object().is_some_and(has_dotted_key))
}

/// The value of a flat key; `None` if the configuration does not have it. A key with a dot in it is found, too.
pub fn value_of<'a>(config: &'a Map<String, Value>, key: &str) -> Option<&'a Value> {
    if let Some(value) = config.get(key) {
        return Some(value);
    }
    let dots = key.char_indices().filter(|(_, char)| *char == '.').map(|(at, _)| at);
    dots.filter_map(|at| Some((config.get(&key[..at])?.as_object()?, &key[at + 1..]))).find_map(|(inner, rest)| value_of(inner, rest))
}

/// Checks the bounds of a configuration. 413: it has too many keys, levels or bytes.
pub fn check_config(config: &Map<String, Value>) -> Result<(), ApiError> {
    let too_large = |rule: String| Err(ErrorKind::PayloadTooLarge.with(format!("'config' {rule}.")).at("config", rule));
    if !config.values().all(|value| has_levels(value, MAX_CONFIG_DEPTH - 1)) {
        return too_large(format!("may have {MAX_CONFIG_DEPTH} levels of objects and arrays"));
    }
    let mut keys = 0;
    for_each_value(config, &mut |_, _| keys += 1);
    if keys > MAX_CONFIG_KEYS {
        return too_large(format!("may have {MAX_CONFIG_KEYS} keys; this one has {keys}"));
    }
    match serde_json::to_string(config) {
        Ok(text) if text.len() <= MAX_CONFIG_BYTES => Ok(()),
        _ => too_large(format!("may have {} KiB; log large results as values", MAX_CONFIG_BYTES >> 10)),
    }
}

/// Whether objects and arrays are nested at most so deep.
fn has_levels(value: &Value, most: usize) -> bool {
    match value {
        Value::Object(keys) => most > 0 && keys.values().all(|value| has_levels(value, most - 1)),
        Value::Array(items) => most > 0 && items.iter().all(|value| has_levels(value, most - 1)),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn keys_are_paths() {
        let config =
            object(json!({"lr": 0.1, "opt": {"name": "sgd", "betas": [0.9, 0.99], "more": {}}, "a.b": 1, "a": {"b.c": {"d": null}}}));
        let mut keys = Vec::new();
        for_each_value(&config, &mut |key, value| keys.push((key.to_owned(), value.clone())));
        let expected = [
            ("lr", json!(0.1)),
            ("opt.name", json!("sgd")),
            ("opt.betas", json!([0.9, 0.99])),
            ("opt.more", json!({})),
            ("a.b", json!(1)),
            ("a.b.c.d", json!(null)),
        ];
        assert_eq!(keys, expected.map(|(key, value)| (key.to_owned(), value)));
        for (key, value) in &keys {
            assert_eq!(value_of(&config, key), Some(value), "{key}");
        }
        assert_eq!(value_of(&config, "opt"), config.get("opt"));
        assert_eq!([value_of(&config, "opt.x"), value_of(&config, "lr.x"), value_of(&config, ""), value_of(&config, "a.")], [None; 4]);
    }

    #[test]
    fn configurations_are_bounded() {
        let nested = |levels: usize| (1..levels).fold(json!({"x": 1}), |inner, _| json!({ "x": inner }));
        let message = |config: Value| check_config(&object(config)).err().map(|error| (error.code, error.message));
        assert_eq!(message(nested(16)), None);
        assert_eq!(message(nested(17)), Some((413, "'config' may have 16 levels of objects and arrays.".into())));
        let lists = (1..17).fold(json!([]), |inner, _| json!([inner]));
        assert!(message(json!({ "x": lists })).is_some());
        let many = |count: usize| Value::Object((0..count).map(|at| (at.to_string(), json!(at))).collect());
        assert_eq!(message(json!({ "x": many(500), "y": many(500) })), None);
        assert_eq!(message(many(1001)), Some((413, "'config' may have 1000 keys; this one has 1001.".into())));
        assert_eq!(message(json!({ "x": "y".repeat((256 << 10) - 8) })), None);
        let too_long = "'config' may have 256 KiB; log large results as values.";
        assert_eq!(message(json!({ "x": "y".repeat((256 << 10) - 7) })), Some((413, too_long.into())));
    }
}
