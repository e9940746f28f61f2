//! What a client sent for a cell: parsed, checked, and split into `value` (kept as JSON text) and everything else.

use std::fmt;
use std::sync::Arc;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::sent::{LineValue, parse_line_value, quote_tokens};
use super::size::{KEYS_BYTES, check_keys};
use super::{DOCUMENT_BYTES, MAIN, charts};
use crate::protocol::{ApiError, CellId, ErrorKind};
use crate::server::kinds::{Content, sort_of};

/// Containers within containers: what `value` may hold. serde_json itself stops at 128 for everything else.
const DEPTH: usize = 128;
/// Keys that are the server's: a client that sends back a document it got sends them along, and they are passed over.
const OURS: [&str; 3] = ["rev", "createdAt", "updatedAt"];
const BOARD_NAME: usize = 64;
/// Cells in one request: others wait for it.
const MANY: usize = 1000;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Draft {
    pub id: Option<CellId>,
    pub board: Option<Arc<str>>,
    pub keys: Map<String, Value>,
    pub value: Option<Arc<str>>,
    /// The value, where it is known to be that of a line.
    pub line: Option<Arc<LineValue>>,
    /// Points for a line, as JSON text.
    pub append: Option<Arc<str>>,
    /// The body that it came in.
    body: usize,
}

impl Draft {
    /// About how much storing it will write, but for the points of a line.
    pub fn bytes(&self) -> usize {
        256 + self.body
    }

    pub fn from_value(value: Value) -> Result<Self, ApiError> {
        parse_one(value.to_string().as_bytes())
    }

    /// `body` is an upper bound of its size in bytes.
    fn check(raw: Raw, body: usize) -> Result<Self, ApiError> {
        let Raw { mut keys, value, append } = raw;
        if body > KEYS_BYTES {
            check_keys(&keys)?;
        }
        OURS.iter().for_each(|key| drop(keys.shift_remove(*key)));
        for (key, rule, fits) in RULES {
            match keys.get(*key) {
                Some(value) if !fits(value) => return Err(wrong(key, rule, value)),
                _ => {}
            }
        }
        let id = match keys.shift_remove("_id") {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(CellId::parse(&text).ok_or_else(|| {
                let rule = "must be 1 to 64 letters, digits, '-' or '_'";
                ErrorKind::BadRequest.with(format!("'_id' {rule}.")).at("_id", rule)
            })?),
            Some(other) => return Err(wrong("_id", "must be a string", &other)),
        };
        let board = match keys.shift_remove("board") {
            None | Some(Value::Null) => None,
            Some(Value::String(name)) => Some(Arc::from(board_name(&name)?)),
            Some(other) => return Err(wrong("board", "must be a string", &other)),
        };
        if let Some(value) = &value {
            check_depth(value)?;
            check_text(value)?;
        }
        let is_picture = keys.get("type").and_then(Value::as_str) == Some("img");
        if !is_picture && value.as_ref().is_some_and(|value| value.len() > DOCUMENT_BYTES && !value.starts_with("\"data:image/")) {
            let rule = format!("may have {} MiB", DOCUMENT_BYTES >> 20);
            return Err(ErrorKind::PayloadTooLarge
                .with(format!("'value' {rule}; send large results as pictures or in parts."))
                .at("value", rule));
        }
        if let Some(chart) = keys.get("chart") {
            charts::check(&charts::read(chart)?, "chart")?;
        }
        // A patch of the type or of the value alone is checked against what results from it, where that is known.
        if let Some(kind) = keys.get("type").and_then(Value::as_str) {
            Content::read(kind, value.as_deref())?;
        }
        let is_line = keys.get("type").and_then(Value::as_str) == Some("line");
        let line = value.as_deref().filter(|_| is_line).map(parse_line_value).transpose()?.map(Arc::new);
        Ok(Self { id, board, keys, value, line, append, body })
    }
}

/// An empty name means the main board.
pub fn board_name(name: &str) -> Result<&str, ApiError> {
    let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    match name {
        "" => Ok(MAIN),
        _ if name.len() <= BOARD_NAME && plain && !name.starts_with('.') => Ok(name),
        _ => {
            let rule = "must be 1 to 64 letters, digits, '-', '_' or '.', and not begin with '.'";
            Err(ErrorKind::BadRequest.with(format!("'board' {rule}.")).at("board", rule))
        }
    }
}

type Rule = (&'static str, &'static str, fn(&Value) -> bool);

const RULES: &[Rule] = &[
    ("name", "must be a string", is_text),
    ("type", "must be a string", is_text),
    ("description", "must be a string", is_text),
    ("pos", "must be a number", |value| value.is_null() || value.is_number()),
    ("layout", "must be an object", |value| value.is_null() || value.is_object()),
    ("chart", "must be an object", |value| value.is_null() || value.is_object()),
];

fn is_text(value: &Value) -> bool {
    value.is_null() || value.is_string()
}

fn wrong(key: &str, rule: &str, found: &Value) -> ApiError {
    ErrorKind::BadRequest.with(format!("'{key}' {rule}, not {}.", sort_of(found))).at(key, rule)
}

/// A body that is one object.
pub fn parse_one(body: &[u8]) -> Result<Draft, ApiError> {
    match parse(body)? {
        Body::One(raw) => Draft::check(raw, body.len()),
        Body::Many(_) => Err(ErrorKind::BadRequest.with("The body must be one JSON object, not an array.")),
    }
}

/// A body that is one object (`false`) or an array of them (`true`).
pub fn parse_many(body: &[u8]) -> Result<(Vec<Draft>, bool), ApiError> {
    match parse(body)? {
        Body::One(raw) => Ok((vec![Draft::check(raw, body.len())?], false)),
        Body::Many(raws) if raws.len() > MANY => {
            let message = format!("An array may have {MANY} cells; nothing was created. Send them in several requests.");
            Err(ErrorKind::PayloadTooLarge.with(message))
        }
        Body::Many(raws) => Ok((raws.into_iter().map(|raw| Draft::check(raw, body.len())).collect::<Result<_, _>>()?, true)),
    }
}

fn parse(body: &[u8]) -> Result<Body, ApiError> {
    let text = std::str::from_utf8(body).map_err(|why| {
        ErrorKind::BadRequest.with(format!("The body is not UTF-8 text: byte {} is not part of a character.", why.valid_up_to()))
    })?;
    parse_text(text).or_else(|why| {
        let (line, column) = (why.line(), why.column());
        if why.is_data() || !is_not_a_number(text, line, column) {
            return Err(ErrorKind::BadRequest.with(match () {
                () if text.trim().is_empty() => "The body is empty; send a JSON object.".to_owned(),
                () if why.is_eof() => format!("The body is not a JSON object: it ends before it is complete, in line {line}."),
                () => format!("The body is not a JSON object: {why}."),
            }));
        }
        // Python's json.dumps writes such tokens. Among points they are what they say; in other values they are not JSON.
        if let Some(Ok(body)) = quote_tokens(text).map(|text| parse_text(&text))
            && body.is_of_lines()
        {
            return Ok(body);
        }
        let hint = "NaN and Infinity are not JSON; send null, or the strings \"NaN\", \"Infinity\", \"-Infinity\"";
        Err(ErrorKind::BadRequest.with(format!("The body is not JSON: {hint} (line {line} column {column}).")))
    })
}

fn parse_text(text: &str) -> serde_json::Result<Body> {
    let mut json = serde_json::Deserializer::from_str(text);
    let body = json.deserialize_any(BodyVisitor)?;
    json.end().map(|()| body)
}

/// True when the parser stopped in one of the tokens that Python's `json.dumps` writes.
fn is_not_a_number(text: &str, line: usize, column: usize) -> bool {
    let line = text.lines().nth(line.saturating_sub(1)).unwrap_or_default();
    let start = column.saturating_sub(2).min(line.len());
    let rest = &line.as_bytes()[start..];
    ["NaN", "Infinity"].iter().any(|token| rest.windows(token.len()).take(3).any(|part| part == token.as_bytes()))
}

/// Every place in `json` (which is valid) is within at most `DEPTH` arrays and objects.
fn check_depth(json: &str) -> Result<(), ApiError> {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => depth += 1,
            b']' | b'}' if !in_string => depth -= 1,
            _ => {}
        }
        if depth > DEPTH {
            let rule = format!("may be nested {DEPTH} deep");
            return Err(ErrorKind::BadRequest.with(format!("'value' {rule}.")).at("value", rule));
        }
    }
    Ok(())
}

/// Escapes in texts stand for characters: half of a pair, which Python writes for bytes that are no text, does not.
fn check_text(json: &str) -> Result<(), ApiError> {
    if !json.contains("\\ud") && !json.contains("\\uD") {
        return Ok(());
    }
    match serde_json::from_str::<Value>(json) {
        Err(why) if why.to_string().contains("surrogate") || why.to_string().contains("hex escape") => {
            let rule = "has an escape that stands for half a character";
            Err(ErrorKind::BadRequest.with(format!("'value' {rule}: {why}.")).at("value", rule))
        }
        _ => Ok(()),
    }
}

#[derive(Default)]
struct Raw {
    keys: Map<String, Value>,
    value: Option<Arc<str>>,
    append: Option<Arc<str>>,
}

enum Body {
    One(Raw),
    Many(Vec<Raw>),
}

impl Body {
    /// Its values are points.
    fn is_of_lines(&self) -> bool {
        let is_line = |raw: &Raw| match (&raw.append, &raw.value) {
            (Some(_), _) => true,
            (None, Some(value)) => {
                raw.keys.get("type").map_or_else(|| value.trim_start_matches(['{', ' ']).starts_with("\"series\""), |kind| kind == "line")
            }
            (None, None) => false,
        };
        match self {
            Self::One(raw) => is_line(raw),
            Self::Many(raws) => raws.iter().all(is_line),
        }
    }
}

struct BodyVisitor;

impl<'de> Visitor<'de> for BodyVisitor {
    type Value = Body;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Body, A::Error> {
        RawSeed.visit_map(map).map(Body::One)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Body, A::Error> {
        let mut raws = Vec::new();
        while let Some(raw) = items.next_element_seed(RawSeed)? {
            raws.push(raw);
        }
        Ok(Body::Many(raws))
    }
}

struct RawSeed;

impl<'de> DeserializeSeed<'de> for RawSeed {
    type Value = Raw;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Raw, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for RawSeed {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw, A::Error> {
        let mut raw = Raw::default();
        while let Some(key) = map.next_key::<String>()? {
            if key == "value" || key == "append" {
                // Line ends can only stand between tokens; without them every frame is one line.
                let json = map.next_value::<Box<RawValue>>()?;
                let text = if json.get().contains(['\n', '\r']) { json.get().replace(['\n', '\r'], " ").into() } else { json.get().into() };
                *(if key == "value" { &mut raw.value } else { &mut raw.append }) = Some(text);
            } else if key.len() > 256 {
                return Err(A::Error::custom("a key may have 256 bytes"));
            } else {
                raw.keys.insert(key, map.next_value()?);
            }
        }
        Ok(raw)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
    }

    #[test]
    fn only_the_value_may_be_large() {
        let large = "x".repeat(KEYS_BYTES + 1);
        assert_eq!(parse_one(format!(r#"{{"description":"{large}"}}"#).as_bytes()).unwrap_err().code, 413);
        assert!(parse_one(format!(r#"{{"value":"{large}"}}"#).as_bytes()).is_ok());
        assert_eq!(parse_many(format!("[{}{{}}]", "{},".repeat(MANY)).as_bytes()).unwrap_err().code, 413);
    }

    #[test]
    fn depth_is_bounded_everywhere() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(parse_one(format!(r#"{{"value":{}}}"#, nested(DEPTH)).as_bytes()).is_ok());
        assert!(message(&format!(r#"{{"value":{}}}"#, nested(DEPTH + 1))).contains("nested"));
        assert!(message(&format!(r#"{{"value":{}}}"#, nested(1_000_000))).contains("nested"));
        assert!(message(&format!(r#"{{"other":{}}}"#, nested(1_000_000))).contains("recursion limit"));
        assert!(parse_one(format!(r#"{{"value":"{}\"["}}"#, "[".repeat(500)).as_bytes()).is_ok(), "brackets in a text do not count");
    }
}
