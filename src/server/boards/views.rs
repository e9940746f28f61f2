//! Views of a board.

use serde_json::{Map, Value};

use super::board_list::{BoardList, wrong};
use super::layout_rules::{check_patch, check_section_name};
use crate::protocol::ApiError;
use crate::server::limits::{MAX_LAYOUT_SECTIONS, MAX_VIEW_NAME_CHARS, MAX_VIEW_QUERY_BYTES, MAX_VIEWS_PER_BOARD};

const KEYS: [&str; 5] = ["_id", "name", "query", "layout", "folded"];

pub const VIEWS: BoardList = BoardList { key: "views", noun: "view", max_items: MAX_VIEWS_PER_BOARD, check };

/// `{name, query, layout?, folded?}`.
fn check(keys: &Map<String, Value>) -> Result<(), ApiError> {
    for (key, value) in keys {
        match (key.as_str(), value) {
            ("_id", _) => {}
            ("name", Value::String(name)) if is_line(name, 1, MAX_VIEW_NAME_CHARS) => {}
            ("name", _) => {
                return Err(wrong(key, &format!("must have 1 to {MAX_VIEW_NAME_CHARS} characters and no control characters")));
            }
            ("query", Value::String(query)) if query.len() <= MAX_VIEW_QUERY_BYTES && is_query(query) => {}
            ("query", _) => {
                let rule = format!("must be the query of an address without '?', up to {MAX_VIEW_QUERY_BYTES} bytes, such as q=lr%3C0.1");
                return Err(wrong(key, &rule));
            }
            ("layout", layout) => check_patch(layout)?,
            ("folded", Value::Array(names)) if names.len() <= MAX_LAYOUT_SECTIONS => {
                let named = names.iter().filter(|name| *name != "");
                named.into_iter().try_for_each(|name| check_section_name(name, "folded"))?;
            }
            ("folded", _) => return Err(wrong(key, &format!("must be an array of up to {MAX_LAYOUT_SECTIONS} names of sections"))),
            (key, _) => return Err(wrong(key, &format!("is unknown here; known are {}", KEYS.join(", ")))),
        }
    }
    match ["name", "query"].into_iter().find(|key| !keys.contains_key(*key)) {
        Some(missing) => Err(wrong(missing, "is needed")),
        None => Ok(()),
    }
}

fn is_line(text: &str, least: usize, most: usize) -> bool {
    (least..=most).contains(&text.chars().count()) && !text.contains(char::is_control)
}

/// Whether the text can stand in an address as it is.
fn is_query(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'#' | b'"' | b'<' | b'>')) && !text.starts_with('?')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_has_a_name_and_a_query() {
        for body in [
            r#"{"name":"Best","query":""}"#,
            r#"{"name":"größe","query":"q=lr%3C0.1&by=lr","folded":["","train"],"layout":{"density":4,"cells":{"loss":{"width":12}}}}"#,
        ] {
            assert!(VIEWS.parse(body.as_bytes()).is_ok(), "{body}");
        }
        for (body, why) in [
            (r#"{"query":""}"#, "'name' is needed"),
            (r#"{"name":"a"}"#, "'query' is needed"),
            (r#"{"name":"","query":""}"#, "'name' must have 1 to 120 characters and no control characters"),
            (r#"{"name":"a","query":"?q=1"}"#, "'query' must be the query of an address without '?', up to 4096 bytes, such as q=lr%3C0.1"),
            (
                r#"{"name":"a","query":"q=a b"}"#,
                "'query' must be the query of an address without '?', up to 4096 bytes, such as q=lr%3C0.1",
            ),
            (
                r#"{"name":"a","query":"q=1#token=x"}"#,
                "'query' must be the query of an address without '?', up to 4096 bytes, such as q=lr%3C0.1",
            ),
            (r#"{"name":"a","query":"","layout":{"density":5}}"#, "'density' must be 2, 3, 4 or 6"),
            (r#"{"name":"a","query":"","folded":"train"}"#, "'folded' must be an array of up to 1000 names of sections"),
            (r#"{"name":"a","query":"","folded":[1]}"#, "'folded' must be a string, not a number"),
            (r#"{"name":"a","query":"","url":"x"}"#, "'url' is unknown here; known are _id, name, query, layout, folded"),
        ] {
            assert_eq!(VIEWS.parse(body.as_bytes()).unwrap_err().message, format!("{why}; nothing was changed."), "{body}");
        }
    }
}
