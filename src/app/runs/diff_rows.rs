//! The rows of a comparison of configurations, from the reply of `run-diff`.

use serde_json::Value;

use super::cell_text::MISSING;
use super::key_text::short_key;

/// A key, and its value in each column.
#[derive(Clone, Debug, PartialEq)]
pub struct DiffRow {
    pub key: String,
    pub cells: Vec<DiffCell>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct DiffCell {
    /// As in JSON: all digits, and texts in quotes.
    pub text: String,
    /// The type, if it is another one than that of the reference.
    pub type_name: &'static str,
    /// `reference` in its column, `changed` if it differs from that, else empty; of a metric `best`.
    pub class: &'static str,
    /// The difference of a metric from the reference.
    pub note: String,
}

/// The ids of the columns.
pub fn columns(diff: &Value) -> Vec<String> {
    diff["columns"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Keys in which the columns differ, in the order of the reply, then those in which all members of each group differ.
pub fn different_rows(diff: &Value) -> Vec<DiffRow> {
    let columns = columns(diff);
    let reference = diff["reference"].as_str().unwrap_or_default();
    let known = diff["different"].as_object();
    let varied = diff["varied"].as_object().into_iter().flatten().map(|(key, _)| key);
    let only_varied = varied.filter(|key| known.is_none_or(|known| !known.contains_key(*key)));
    let keys = known.into_iter().flatten().map(|(key, _)| key).chain(only_varied);
    let row = |key: &String| {
        let values = &diff["different"][key];
        let changed = diff["changed"][key].as_array();
        let cell = |id: &String| DiffCell {
            text: match (diff["varied"][key][id].as_u64(), values.get(id)) {
                (Some(count), _) => [&count.to_string(), " values"].concat(),
                (None, Some(value)) => value.to_string(),
                (None, None) => MISSING.to_owned(),
            },
            type_name: values.get(id).zip(values.get(reference)).map_or("", |(value, reference)| other_type(value, reference)),
            class: match changed {
                _ if id == reference => "reference",
                Some(changed) if changed.iter().any(|column| column.as_str() == Some(id)) => "changed",
                _ => "",
            },
            note: String::new(),
        };
        DiffRow { key: short_key(key), cells: columns.iter().map(cell).collect() }
    };
    keys.map(row).collect()
}

/// Keys that all columns have with the same value.
pub fn equal_rows(diff: &Value) -> Vec<DiffRow> {
    let columns = columns(diff);
    let class = |id: &String| if diff["reference"].as_str() == Some(id) { "reference" } else { "" };
    let row = |(key, value): (&String, &Value)| {
        let cell = |id| DiffCell { text: value.to_string(), type_name: "", class: class(id), note: String::new() };
        DiffRow { key: short_key(key), cells: columns.iter().map(cell).collect() }
    };
    diff["equal"].as_object().into_iter().flatten().map(row).collect()
}

fn other_type(value: &Value, reference: &Value) -> &'static str {
    let name = type_name(value);
    if name == type_name(reference) { "" } else { name }
}

/// Empty where the value says its type itself.
fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Number(_) => "number",
        Value::String(_) => "text",
        Value::Array(_) => "list",
        Value::Null | Value::Bool(_) | Value::Object(_) => "",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn cells_say_what_differs_from_the_reference() {
        let diff = json!({
            "columns": ["a", "b", "c"],
            "reference": "a",
            "different": {"config.crop": {"a": 4, "b": "4"}, "git.commit": {"a": "x", "b": "x", "c": "y"}},
            "changed": {"config.crop": ["b", "c"], "git.commit": ["c"]},
            "varied": {},
            "equal": {"config.lr": 1e-5, "tags": ["t"]},
        });
        let rows = different_rows(&diff);
        assert_eq!(rows.iter().map(|row| row.key.as_str()).collect::<Vec<_>>(), ["crop", "git.commit"]);
        let shown = |row: &DiffRow| {
            row.cells
                .iter()
                .map(|cell| format!("{} {}{}", cell.type_name, cell.text, if cell.class == "changed" { "!" } else { "" }))
                .collect::<Vec<_>>()
        };
        assert_eq!(shown(&rows[0]), [" 4", "text \"4\"!", " –!"]);
        assert_eq!(shown(&rows[1]), [" \"x\"", " \"x\"", " \"y\"!"]);
        let equal = equal_rows(&diff);
        assert_eq!((equal[0].key.as_str(), equal[0].cells[2].text.as_str(), equal[1].key.as_str()), ("lr", "0.00001", "tags"));
        assert_eq!((equal[0].cells[0].class, rows[0].cells[0].class), ("reference", "reference"));
    }

    #[test]
    fn keys_in_which_members_of_groups_differ_are_counted() {
        let diff = json!({
            "columns": ["g1", "g2"],
            "reference": "g1",
            "different": {"config.warmup": {"g2": 5}},
            "changed": {"config.warmup": ["g2"]},
            "varied": {"config.warmup": {"g1": 2}, "config.seed": {"g1": 3, "g2": 4}},
            "equal": {},
        });
        let rows = different_rows(&diff);
        let texts = |at: usize| rows[at].cells.iter().map(|cell| cell.text.as_str()).collect::<Vec<_>>();
        assert_eq!((rows.len(), texts(0), texts(1)), (2, vec!["2 values", "5"], vec!["3 values", "4 values"]));
        assert!(rows[1].cells[1].class.is_empty() && different_rows(&json!(null)).is_empty() && equal_rows(&json!({})).is_empty());
    }
}
