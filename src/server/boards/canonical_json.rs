//! JSON text that is the same for equal values only: numbers by value, so that 1 and 1.0 are one, and the keys of objects in order.

use std::fmt::Write as _;

use serde_json::Value;

use super::query::number::ExactNumber;

/// As JSON, with numbers by value and keys in order.
pub fn write_value(text: &mut String, value: &Value) {
    match value {
        Value::Null => text.push_str("null"),
        Value::Bool(value) => text.push_str(if *value { "true" } else { "false" }),
        Value::Number(number) => drop(match ExactNumber::of(number) {
            ExactNumber::Whole(whole) => write!(text, "{whole}"),
            ExactNumber::Real(real) => write!(text, "{real:?}"),
        }),
        Value::String(value) => write_text(text, value),
        Value::Array(items) => {
            text.push('[');
            for (at, item) in items.iter().enumerate() {
                text.push_str(if at > 0 { "," } else { "" });
                write_value(text, item);
            }
            text.push(']');
        }
        Value::Object(keys) => {
            let mut keys: Vec<_> = keys.iter().collect();
            keys.sort_by_key(|(key, _)| *key);
            text.push('{');
            for (at, (key, value)) in keys.into_iter().enumerate() {
                text.push_str(if at > 0 { "," } else { "" });
                write_text(text, key);
                text.push(':');
                write_value(text, value);
            }
            text.push('}');
        }
    }
}

pub fn write_text(text: &mut String, value: &str) {
    text.push_str(&serde_json::to_string(value).unwrap_or_default());
}

/// The same as a text.
pub fn canonical_json(value: &Value) -> String {
    let mut text = String::new();
    write_value(&mut text, value);
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn equal_values_have_one_text() {
        let one = json!({"b": [1, 2.0, {"y": 0.5, "x": null}], "a": "1"});
        let other = json!({"a": "1", "b": [1.0, 2, {"x": null, "y": 5e-1}]});
        assert_eq!(canonical_json(&one), canonical_json(&other));
        assert_eq!(canonical_json(&one), r#"{"a":"1","b":[1,2,{"x":null,"y":0.5}]}"#);
        for (one, other) in [(json!([1]), json!(["1"])), (json!([1, 2]), json!([2, 1])), (json!([]), json!({})), (json!([null]), json!([]))]
        {
            assert_ne!(canonical_json(&one), canonical_json(&other));
        }
    }
}
