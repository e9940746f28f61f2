//! Suggestions for the search of runs: names where a name is typed, values behind an operator.

use serde_json::Value;

use super::cell_text::value_text;
use crate::protocol::ColumnKind;

/// Suggestions at a time.
const MAX_SUGGESTIONS: usize = 8;
/// Names of documents that readers search by.
const DOCUMENT_NAMES: [&str; 10] = ["status", "tag", "group", "name", "age", "took", "has", "job_type", "host", "notes"];
const STATUSES: [&str; 7] = ["running", "finished", "failed", "killed", "diverged", "silent", "lost"];

/// What scripts write of the result of a run.
pub const SUMMARY: &str = "summary.";

/// A name that searches take, and some of its values.
#[derive(Clone, Debug, PartialEq)]
pub struct SearchName {
    pub name: String,
    pub values: Vec<String>,
    pub kind: ColumnKind,
    /// Runs differ in it.
    pub is_differing: bool,
}

/// A text that can take the place of the word at the caret.
#[derive(Clone, Debug, PartialEq)]
pub struct Suggestion {
    pub text: String,
    /// The word, in bytes of the search.
    pub range: (usize, usize),
}

/// The names of a board, from what `run-keys` answers.
pub fn read_names(keys: &Value) -> Vec<SearchName> {
    let name = |kind: ColumnKind| {
        move |entry: &Value| {
            let values = entry["values"].as_array().into_iter().flatten().map(|value| value_text(value.get("value").unwrap_or(value)));
            let is_differing = entry["distinct"].as_u64().is_some_and(|distinct| distinct > 1);
            Some(SearchName { name: entry["key"].as_str()?.to_owned(), values: values.collect(), kind, is_differing })
        }
    };
    let list = |key: &str| keys[key].as_array().cloned().unwrap_or_default();
    let mut names: Vec<SearchName> = list("config").iter().filter_map(name(ColumnKind::Config)).collect();
    names.extend(list("metrics").iter().filter_map(name(ColumnKind::Metric)));
    // With their space: a metric of the same name comes first.
    let of_summary = |name: SearchName| SearchName { name: [SUMMARY, &name.name].concat(), ..name };
    names.extend(list("summary").iter().filter_map(name(ColumnKind::Document)).map(of_summary));
    names.extend(DOCUMENT_NAMES.iter().map(|name| SearchName {
        name: (*name).to_owned(),
        values: if *name == "status" { STATUSES.map(str::to_owned).into() } else { Vec::new() },
        kind: ColumnKind::Document,
        is_differing: false,
    }));
    names
}

/// Whether the search ends in a word that is a part of a name, or a name without an operator.
pub fn is_part_of_name(search: &str, names: &[SearchName]) -> bool {
    let word = search.rsplit(|c: char| c.is_whitespace() || matches!(c, '(' | '|')).next().unwrap_or_default();
    let word = word.trim_start_matches(['-', '"']).to_lowercase();
    !word.is_empty() && names.iter().any(|name| name.name.to_lowercase().contains(&word))
}

/// What may take the place of the word before the caret, which is in bytes.
pub fn suggest(search: &str, caret: usize, names: &[SearchName]) -> Vec<Suggestion> {
    let before = search.get(..caret).unwrap_or(search);
    let start = before.rfind(|c: char| c.is_whitespace() || matches!(c, '(' | '|')).map_or(0, |at| at + 1);
    let start = start + usize::from(before[start..].starts_with('-'));
    let word = &before[start..];
    let is_sign = |c: char| matches!(c, '<' | '>' | '=' | ':' | '!');
    let Some(sign) = word.find(is_sign) else {
        let lower = word.to_lowercase();
        let matches = |name: &&SearchName| !lower.is_empty() && name.name.to_lowercase().contains(&lower) && name.name != word;
        let begins = |name: &&SearchName| name.name.to_lowercase().starts_with(&lower);
        let found: Vec<&SearchName> = names.iter().filter(matches).collect();
        let ordered = found.iter().filter(|name| begins(name)).chain(found.iter().filter(|name| !begins(name)));
        let suggestion = |name: &&SearchName| Suggestion { text: quoted(&name.name), range: (start, before.len()) };
        return ordered.map(suggestion).take(MAX_SUGGESTIONS).collect();
    };
    let typed = word[sign..].trim_start_matches(is_sign);
    let at = before.len() - typed.len();
    let name = word[..sign].trim_matches('"');
    let short = |full: &str| full == name || full.strip_suffix(name).is_some_and(|rest| rest.ends_with('.'));
    let values = names.iter().filter(|known| short(&known.name)).flat_map(|known| &known.values);
    let matches = |value: &&String| value.to_lowercase().starts_with(&typed.to_lowercase()) && *value != typed;
    values.filter(matches).map(|value| Suggestion { text: quoted(value), range: (at, before.len()) }).take(MAX_SUGGESTIONS).collect()
}

/// In quotes, if the text has characters that end a word.
pub fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '/' | '-' | '+' | '*');
    if !text.is_empty() && text.chars().all(is_plain) && !text.starts_with(['-', '/']) {
        return text.to_owned();
    }
    ["\"", &text.replace('\\', "\\\\").replace('"', "\\\""), "\""].concat()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn names() -> Vec<SearchName> {
        read_names(&json!({
            "config": [{"key": "opt.lr", "values": [0.1, 0.01]}, {"key": "model", "values": ["vit small", "resnet"]}],
            "metrics": [{"key": "val/loss"}, {"key": "train/loss"}],
            "summary": [{"key": "final_acc"}],
        }))
    }

    fn texts(search: &str) -> Vec<String> {
        suggest(search, search.len(), &names()).into_iter().map(|suggestion| suggestion.text).collect()
    }

    #[test]
    fn a_search_that_ends_in_a_part_of_a_name_is_not_complete() {
        let is_part = |search: &str| is_part_of_name(search, &names());
        assert!(is_part("l") && is_part("lr") && is_part("status:failed -(mod") && is_part("\"opt."));
        assert!(!is_part("") && !is_part("lr>") && !is_part("lr=0.1") && !is_part("lr ") && !is_part("first"));
    }

    #[test]
    fn names_and_values_are_suggested() {
        assert_eq!(texts("acc"), ["summary.final_acc"]);
        assert_eq!(texts("lo"), ["val/loss", "train/loss"]);
        assert_eq!(texts("status:finished -(mo"), ["model"]);
        assert_eq!(texts("model:v"), ["\"vit small\""]);
        assert_eq!(texts("-lr="), ["0.1", "0.01"], "a part of a name");
        assert_eq!(texts("status:f"), ["finished", "failed"]);
        assert_eq!(texts("-status:d"), ["diverged"]);
        assert!(texts("").is_empty() && texts("zzz").is_empty() && texts("model ").is_empty());
        let first = suggest("a va b", 4, &names());
        assert_eq!(first, [Suggestion { text: "val/loss".into(), range: (2, 4) }]);
    }
}
