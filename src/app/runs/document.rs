//! What the page shows of a run's document.

use serde_json::Value;

/// The keys that the page shows, in this order; `config` has a table of its own, tags and notes stand below the name.
const SHOWN: [&str; 10] = ["group", "job_type", "parent", "fork", "source", "host", "command", "git", "python", "exit"];

/// A row of a table: a key, and its value as text.
pub type Row = (String, String);

/// The shown keys that the document has.
pub fn about(document: &Value) -> Vec<Row> {
    let mut rows = Vec::new();
    for key in SHOWN {
        match document.get(key) {
            Some(_) if key == "command" => rows.extend(command(document).map(|line| (key.to_owned(), line))),
            Some(value) => push_rows(key, value, &mut rows),
            None => {}
        }
    }
    rows
}

/// The configuration, in the order of its keys.
pub fn config(document: &Value) -> Vec<Row> {
    let mut rows = Vec::new();
    if let Some(Value::Object(keys)) = document.get("config") {
        keys.iter().for_each(|(key, value)| push_rows(key, value, &mut rows));
    }
    rows
}

/// The metrics that have a chart of their own, each with the one that feeds the line of its name.
pub fn own_charts(document: &Value) -> Vec<Row> {
    let row = |(metric, own): (&String, &Value)| Some((metric.clone(), ["its line shows ", own["takenBy"].as_str()?].concat()));
    document["ownCharts"].as_object().into_iter().flatten().filter_map(row).collect()
}

/// The command as a POSIX shell reads it: with quotes around words that have other characters than these.
pub fn command(document: &Value) -> Option<String> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./=:,+@%".contains(&byte);
    let word = |word: &str| {
        if !word.is_empty() && word.bytes().all(is_plain) { word.to_owned() } else { ["'", &word.replace('\'', "'\\''"), "'"].concat() }
    };
    let words: Vec<_> = match document.get("command")? {
        Value::String(line) => return Some(line.clone()).filter(|line| !line.is_empty()),
        Value::Array(words) => words.iter().filter_map(Value::as_str).map(word).collect(),
        _ => return None,
    };
    Some(words.join(" ")).filter(|line| !line.is_empty())
}

/// One row for each value that is no object: `opt.lr`. Empty values have none. The server bounds depth and number of the keys.
fn push_rows(key: &str, value: &Value, rows: &mut Vec<Row>) {
    let text = match value {
        Value::Null => return,
        Value::Object(keys) => {
            keys.iter().for_each(|(inner, value)| push_rows(&[key, ".", inner].concat(), value, rows));
            return;
        }
        Value::String(text) => text.clone(),
        Value::Array(list) if list.iter().all(Value::is_string) => list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    };
    if !text.is_empty() {
        rows.push((key.to_owned(), text));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn texts(rows: &[Row]) -> Vec<String> {
        rows.iter().map(|(key, value)| format!("{key}={value}")).collect()
    }

    #[test]
    fn nested_keys_are_rows() {
        let document = json!({
            "config": {"opt": {"lr": 0.001, "betas": [0.9, 0.99]}, "model": "vit", "debug": false, "none": null, "empty": {}, "layers": ["a", "b"]},
            "git": {"commit": "abc", "dirty": true}, "tags": ["ok", "long"], "command": ["python", "train.py"], "notes": "", "x": 1
        });
        let config = texts(&config(&document));
        assert_eq!(config.len(), 5);
        for row in ["opt.lr=0.001", "opt.betas=[0.9,0.99]", "model=vit", "debug=false", "layers=a, b"] {
            assert!(config.iter().any(|known| known == row), "{row}: {config:?}");
        }
        assert_eq!(texts(&about(&document)), ["command=python train.py", "git.commit=abc", "git.dirty=true"]);
        assert!(about(&json!(null)).is_empty() && super::config(&json!({"config": 3})).is_empty());
    }

    #[test]
    fn metrics_with_a_chart_of_their_own_name_the_other_one() {
        let document = json!({"ownCharts": {"val/loss": {"cell": "a-val_loss", "takenBy": "loss/val"}}});
        assert_eq!(texts(&own_charts(&document)), ["val/loss=its line shows loss/val"]);
        assert!(own_charts(&json!({})).is_empty());
    }

    #[test]
    fn a_command_can_be_pasted_into_a_shell() {
        let command = |command: Value| super::command(&json!({ "command": command }));
        assert_eq!(command(json!(["python", "train.py", "--lr=1e-3"])).as_deref(), Some("python train.py --lr=1e-3"));
        assert_eq!(command(json!(["a b", "it's", "", "$x"])).as_deref(), Some(r"'a b' 'it'\''s' '' '$x'"));
        assert_eq!(command(json!("python -c 'x'")).as_deref(), Some("python -c 'x'"));
        assert_eq!((command(json!([])), command(json!(3)), super::command(&json!(null))), (None, None, None));
    }
}
