//! Values of keys as tables and groups show them.

use std::borrow::Cow;

use serde_json::Value;

use crate::server::limits::MAX_RUN_TABLE_TEXT_CHARS;

/// The value; a long text is cut, and a long list becomes the beginning of its JSON.
pub fn shortened(value: &Value) -> Value {
    let text = match value {
        Value::String(text) => Cow::Borrowed(text),
        Value::Array(_) | Value::Object(_) => Cow::Owned(value.to_string()),
        value => return value.clone(),
    };
    match text.char_indices().nth(MAX_RUN_TABLE_TEXT_CHARS) {
        Some((end, _)) => [&text[..end], "…"].concat().into(),
        None => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn long_values_are_cut() {
        for value in [json!(null), json!(0.5), json!("ü".repeat(MAX_RUN_TABLE_TEXT_CHARS)), json!([1, "a"]), json!({})] {
            assert_eq!(shortened(&value), value);
        }
        assert_eq!(shortened(&json!("ü".repeat(500))), json!(["ü".repeat(MAX_RUN_TABLE_TEXT_CHARS), "…".into()].concat()));
        let list = shortened(&json!(vec![1; 500]));
        assert!(list.as_str().is_some_and(|text| text.starts_with("[1,1,") && text.ends_with('…')), "{list}");
    }
}
