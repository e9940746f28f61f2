use super::*;
use crate::server::limits::{MAX_CELLS_PER_REQUEST, MAX_NESTED_VALUES};

fn message(body: &str) -> String {
    parse_one(body.as_bytes()).unwrap_err().message
}

#[test]
fn the_value_is_kept_as_it_was_written() {
    let draft = parse_one(br#"{"name":"a","value":{"x":[1e5,0.10,-0.0]},"pos":1.50,"age":32}"#).unwrap();
    assert_eq!(draft.value.as_deref(), Some(r#"{"x":[1e5,0.10,-0.0]}"#));
    assert_eq!(Value::Object(draft.keys).to_string(), r#"{"name":"a","pos":1.5,"age":32}"#);
}

#[test]
fn what_is_the_servers_is_passed_over() {
    let draft = parse_one(br#"{"_id":"abc","rev":7,"createdAt":"x","board":"b"}"#).unwrap();
    assert!(draft.keys.is_empty());
    assert_eq!((draft.id.unwrap().as_str(), draft.board.as_deref()), ("abc", Some("b")));
}

#[test]
fn wrong_types_name_the_field() {
    let error = parse_one(br#"{"pos":"3"}"#).unwrap_err();
    assert_eq!((error.code, error.message.as_str()), (400, "'pos' must be a number, not a string."));
    assert_eq!(error.errors.0["pos"], "must be a number");
    assert_eq!(message(r#"{"name":5}"#), "'name' must be a string, not a number.");
    assert_eq!(parse_one(br#"{"_id":"a/b"}"#).unwrap_err().errors.0.len(), 1);
    assert_eq!(message(r#"{"board":"../x"}"#).split_whitespace().next(), Some("'board'"));
}

#[test]
fn broken_bodies_say_where() {
    assert!(message("{\"a\":\n 1,}").contains("line 2 column 4"), "{}", message("{\"a\":\n 1,}"));
    assert!(message(r#"{"loss": NaN}"#).contains("NaN and Infinity are not JSON"));
    for token in ["nan", "-nan", "inf", "-inf", "Inf", "NAN", "-INF", "-Infinity"] {
        for body in
            [format!(r#"{{"loss": {token}}}"#), format!(r#"{{"value":[1,{token}]}}"#), format!(r#"{{"append":{{"l":[{token},nan]}}}}"#)]
        {
            assert!(message(&body).contains("NaN and Infinity are not JSON"), "{body}: {}", message(&body));
        }
    }
    assert!(message(r#"{"note": nul}"#).contains("line 1 column 13"), "{}", message(r#"{"note": nul}"#));
    assert!(message(r#"{"value": [1, -Infinity]}"#).contains("NaN and Infinity are not JSON"));
    assert!(message("[]").contains("not an array"));
    assert!(message("3").contains("not a JSON object"));
    assert_eq!(message(" "), "The body is empty; send a JSON object.");
    assert_eq!(message("{\"name\":\n"), "The body is not a JSON object: it ends before it is complete, in line 2.");
    assert!(message("{} {}").contains("trailing"));
    assert!(parse_one(b"{\"a\":\"\xff\"}").unwrap_err().message.contains("byte 6"));
    assert!(parse_many(br#"[{"name":"a"}, 7]"#).is_err());
}

#[test]
fn among_points_python_may_write_nan() {
    let draft = parse_one(br#"{"type":"line","name":"\"NaN","value":{"series":{"a":[NaN,-Infinity, Infinity]}}}"#).unwrap();
    assert_eq!(draft.value.as_deref(), Some(r#"{"series":{"a":["NaN","-Infinity", "Infinity"]}}"#));
    assert_eq!(draft.keys["name"], "\"NaN");
    assert!(draft.line.is_some());
    assert!(parse_one(br#"{"append":{"a":[[1,NaN]]}}"#).unwrap().append.is_some());
    assert!(message(r#"{"type":"table","value":[NaN]}"#).contains("not JSON"));
}

#[test]
fn half_a_character_is_refused() {
    assert!(message(r#"{"value":"a \ud800 b"}"#).contains("half a character"));
    assert!(parse_one(r#"{"value":"a \ud83d\ude00 b \\ud800"}"#.as_bytes()).is_ok());
    for half in [r"\udc00", r"\ud800\n", r"\ud800x", r"\ud800\u0041", r"\ud800\ud800\udc00", r"\ude00\ud83d"] {
        assert!(message(&format!(r#"{{"value":["{half}"]}}"#)).contains("half a character"), "{half}");
        assert!(message(&format!(r#"{{"note":"{half}"}}"#)).contains("'note' cannot be read"), "{half}");
    }
    assert!(parse_one(r#"{"value":["\uD83D\uDE00\uD83D\uDE00","\u00e9\\\ud83d\ude00\"","\\"]}"#.as_bytes()).is_ok());
}

#[test]
fn only_the_value_may_be_large() {
    let large = "x".repeat(MAX_KEYS_BYTES + 1);
    assert_eq!(parse_one(format!(r#"{{"description":"{large}"}}"#).as_bytes()).unwrap_err().code, 413);
    assert!(parse_one(format!(r#"{{"value":"{large}"}}"#).as_bytes()).is_ok());
    assert_eq!(parse_many(format!("[{}{{}}]", "{},".repeat(MAX_CELLS_PER_REQUEST)).as_bytes()).unwrap_err().code, 413);
    // Before it has an end, and whatever follows.
    assert_eq!(parse_many(format!("[{}{{}},nonsense", "{},".repeat(MAX_CELLS_PER_REQUEST)).as_bytes()).unwrap_err().code, 413);
    assert_eq!(parse_one(format!(r#"{{"x":[{}0]}}"#, "0,".repeat(MAX_KEYS_BYTES / 2)).as_bytes()).unwrap_err().code, 413);
    assert!(parse_one(b"[nonsense").unwrap_err().message.contains("not an array"));
    let spaced = format!("{{\"x\":[{}0]}}", "0,\n                ".repeat(MAX_KEYS_BYTES / 8));
    assert!(spaced.len() > MAX_KEYS_BYTES && parse_one(spaced.as_bytes()).is_ok(), "space is not counted");
    let each = format!(r#"{{"x":[{}0]}}"#, "0,".repeat(MAX_NESTED_VALUES / 8));
    let error = parse_many(format!("[{}]", [each.as_str(); 8].join(",")).as_bytes()).unwrap_err();
    assert!(error.code == 413 && error.message.contains("262144 values"), "{error}");
    assert!(parse_many(format!("[{}]", [each.as_str(); 7].join(",")).as_bytes()).is_ok());
    assert!(message(&format!(r#"{{"{}":1}}"#, "k".repeat(257))).contains("256 bytes"));
}

#[test]
fn depth_is_bounded_everywhere() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(parse_one(format!(r#"{{"value":{}}}"#, nested(MAX_VALUE_DEPTH)).as_bytes()).is_ok());
    assert!(message(&format!(r#"{{"value":{}}}"#, nested(MAX_VALUE_DEPTH + 1))).contains("nested"));
    assert!(message(&format!(r#"{{"value":{}}}"#, nested(1_000_000))).contains("nested"));
    assert!(message(&format!(r#"{{"other":{}}}"#, nested(1_000_000))).contains("256 KiB"));
    let deep = parse_one(format!("{{\"a\":1,\n \"other\": {}}}", nested(1000)).as_bytes()).unwrap_err();
    assert_eq!((deep.code, deep.message.as_str()), (400, "'other' cannot be read: recursion limit exceeded (line 2 column 11)."));
    assert!(parse_one(format!(r#"{{"value":"{}\"["}}"#, "[".repeat(500)).as_bytes()).is_ok(), "brackets in a text do not count");
}
