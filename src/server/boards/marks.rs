//! Marks on the charts of a board.

use serde_json::{Map, Value};

use super::board_list::{BoardList, wrong};
use crate::protocol::RunId;
use crate::server::limits::{MAX_MARK_TEXT_CHARS, MAX_MARKS_PER_BOARD, MAX_TIME_SECONDS};

const KEYS: [&str; 6] = ["_id", "run", "step", "time", "text", "colour"];

pub const MARKS: BoardList = BoardList { key: "marks", noun: "mark", max_items: MAX_MARKS_PER_BOARD, check };

/// `{run?, step or time, text, colour?}`.
fn check(keys: &Map<String, Value>) -> Result<(), crate::protocol::ApiError> {
    for (key, value) in keys {
        let is_valid = match key.as_str() {
            "_id" => true,
            "run" => value.as_str().and_then(RunId::parse).is_some(),
            "step" => value.is_number(),
            "time" => value.as_f64().is_some_and(|seconds| seconds.abs() <= MAX_TIME_SECONDS),
            "text" => value
                .as_str()
                .is_some_and(|text| (1..=MAX_MARK_TEXT_CHARS).contains(&text.chars().count()) && !text.contains(char::is_control)),
            "colour" => value.as_u64().is_some_and(|colour| colour < 8),
            _ => return Err(wrong(key, &format!("is unknown here; known are {}", KEYS.join(", ")))),
        };
        if !is_valid {
            return Err(wrong(key, rule_of(key)));
        }
    }
    if !keys.contains_key("text") {
        return Err(wrong("text", "is needed: what the mark says"));
    }
    match (keys.contains_key("step"), keys.contains_key("time")) {
        (true, false) | (false, true) => Ok(()),
        _ => Err(wrong("step", "or 'time' is needed, one of them")),
    }
}

fn rule_of(key: &str) -> &'static str {
    match key {
        "run" => "must be the id of a run",
        "step" => "must be a number",
        "time" => "must be seconds since 1970, within 1e11",
        "text" => "must have 1 to 200 characters and no control characters",
        _ => "must be an integer from 0 to 7",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_says_where_it_stands() {
        for body in [r#"{"step":3,"text":"new rate"}"#, r#"{"time":1.5e9,"text":"x","run":"first","colour":7,"_id":"m-1","step":null}"#] {
            assert!(MARKS.parse(body.as_bytes()).is_ok(), "{body}");
        }
        for (body, why) in [
            (r#"{"step":3}"#, "'text' is needed: what the mark says"),
            (r#"{"text":"x"}"#, "'step' or 'time' is needed, one of them"),
            (r#"{"text":"x","step":1,"time":1}"#, "'step' or 'time' is needed, one of them"),
            (r#"{"text":"","step":1}"#, "'text' must have 1 to 200 characters and no control characters"),
            (r#"{"text":"a\nb","step":1}"#, "'text' must have 1 to 200 characters and no control characters"),
            (r#"{"text":"x","step":"1"}"#, "'step' must be a number"),
            (r#"{"text":"x","time":1e12}"#, "'time' must be seconds since 1970, within 1e11"),
            (r#"{"text":"x","step":1,"run":"a/b"}"#, "'run' must be the id of a run"),
            (r#"{"text":"x","step":1,"colour":8}"#, "'colour' must be an integer from 0 to 7"),
            (r#"{"text":"x","step":1,"color":1}"#, "'color' is unknown here; known are _id, run, step, time, text, colour"),
            (r#"{"text":"x","step":1,"_id":"a b"}"#, "'_id' must be 1 to 64 letters, digits, '-' or '_'"),
        ] {
            assert_eq!(MARKS.parse(body.as_bytes()).unwrap_err().message, format!("{why}; nothing was changed."), "{body}");
        }
        for (rule, bound) in [(rule_of("text"), MAX_MARK_TEXT_CHARS.to_string()), (rule_of("time"), format!("{MAX_TIME_SECONDS:e}"))] {
            assert!(rule.contains(&bound), "{rule}");
        }
    }
}
