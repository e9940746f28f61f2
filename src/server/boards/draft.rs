//! What a client sent for a cell: parsed, checked, and split into `value` (kept as JSON text) and everything else.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::ingest::{LineValue, parse_line_value, quote_tokens};
use super::size::{KEYS_BYTES, check_keys_size};
use super::{DOCUMENT_BYTES, MAIN, chart_settings};
use crate::protocol::{ApiError, CellId, ErrorKind};
use crate::server::cells::{Content, sort_of};

/// Containers within containers: what `value` may hold. serde_json itself stops at 128 for everything else.
const DEPTH: usize = 128;
/// Keys that are the server's: a client that sends back a document it got sends them along, and they are passed over.
const OURS: [&str; 3] = ["rev", "createdAt", "updatedAt"];
const BOARD_NAME: usize = 64;
const KEY_BYTES: usize = 256;
/// Cells in one request: others wait for it.
const MANY: usize = 1000;
/// Values within values, of all keys beside 'value' in one body: each takes forty times the memory of the two bytes that it may have.
const PARTS: usize = 1 << 18;

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

    /// The type that the draft sets; `None` if it sets none or removes it.
    pub fn kind(&self) -> Option<&str> {
        self.keys.get("type").and_then(Value::as_str)
    }

    pub fn has_type(&self) -> bool {
        self.keys.contains_key("type")
    }

    pub fn from_value(value: Value) -> Result<Self, ApiError> {
        parse_one(value.to_string().as_bytes())
    }

    /// `body` is an upper bound of its size in bytes.
    fn check(raw: Raw, body: usize) -> Result<Self, ApiError> {
        let Raw { mut keys, value, append } = raw;
        if body > KEYS_BYTES {
            check_keys_size(&keys)?;
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
        if !is_picture && value.as_ref().is_some_and(|value| value.len() > DOCUMENT_BYTES && !is_picture_uri(value)) {
            let rule = format!("may have {} MiB", DOCUMENT_BYTES >> 20);
            return Err(ErrorKind::PayloadTooLarge
                .with(format!("'value' {rule}; send large results as pictures or in parts."))
                .at("value", rule));
        }
        if let Some(chart) = keys.get("chart") {
            chart_settings::check(&chart_settings::read(chart)?, "chart")?;
        }
        // A patch of the type or of the value alone is checked against what results from it, where that is known.
        if let Some(kind) = keys.get("type").and_then(Value::as_str) {
            Content::check(kind, value.as_deref())?;
        }
        let is_line = keys.get("type").and_then(Value::as_str) == Some("line");
        let line = value.as_deref().filter(|_| is_line).map(parse_line_value).transpose()?.map(Arc::new);
        Ok(Self { id, board, keys, value, line, append, body })
    }
}

/// As browsers know one, whatever its case.
fn is_picture_uri(json: &str) -> bool {
    const START: &str = "\"data:image/";
    json.get(..START.len()).is_some_and(|start| start.eq_ignore_ascii_case(START))
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
    match parse(body, false)? {
        Body::One(raw) => Draft::check(raw, body.len()),
        Body::Many(_) => Err(no_list()),
    }
}

/// A body that is one object (`false`) or an array of them (`true`).
pub fn parse_many(body: &[u8]) -> Result<(Vec<Draft>, bool), ApiError> {
    match parse(body, true)? {
        Body::One(raw) => Ok((vec![Draft::check(raw, body.len())?], false)),
        Body::Many(raws) => Ok((raws.into_iter().map(|raw| Draft::check(raw, body.len())).collect::<Result<_, _>>()?, true)),
    }
}

fn no_list() -> ApiError {
    ErrorKind::BadRequest.with("The body must be one JSON object, not an array.")
}

fn parse(body: &[u8], many: bool) -> Result<Body, ApiError> {
    let text = std::str::from_utf8(body).map_err(|why| {
        ErrorKind::BadRequest.with(format!("The body is not UTF-8 text: byte {} is not part of a character.", why.valid_up_to()))
    })?;
    parse_text(text, many).or_else(|refused| {
        let why = match refused {
            Refused::Told(error) => return Err(error),
            Refused::Json(why) => why,
        };
        let (line, column) = (why.line(), why.column());
        if why.is_data() || !is_not_a_number(text, line, column) {
            return Err(ErrorKind::BadRequest.with(match () {
                () if text.trim().is_empty() => "The body is empty; send a JSON object.".to_owned(),
                () if why.is_eof() => format!("The body is not a JSON object: it ends before it is complete, in line {line}."),
                () => format!("The body is not a JSON object: {why}."),
            }));
        }
        // Python's json.dumps writes such tokens. Among points they are what they say; in other values they are not JSON.
        if let Some(Ok(body)) = quote_tokens(text).map(|text| parse_text(&text, many))
            && body.is_of_lines()
        {
            return Ok(body);
        }
        let hint = "NaN and Infinity are not JSON; send null, or the strings \"NaN\", \"Infinity\", \"-Infinity\"";
        Err(ErrorKind::BadRequest.with(format!("The body is not JSON: {hint} (line {line} column {column}).")))
    })
}

/// Why a body is none: it is no JSON, or something in it may not be.
enum Refused {
    Json(serde_json::Error),
    Told(ApiError),
}

fn parse_text(text: &str, many: bool) -> Result<Body, Refused> {
    let limits = Limits { text, many, left: RefCell::new(PARTS), refused: RefCell::default() };
    let mut json = serde_json::Deserializer::from_str(text);
    let body = json.deserialize_any(BodySeed(&limits)).and_then(|body| json.end().map(|()| body));
    body.map_err(|why| limits.refused.take().map_or(Refused::Json(why), Refused::Told))
}

/// True when the parser stopped in one of the tokens that Python's `json.dumps` writes.
fn is_not_a_number(text: &str, line: usize, column: usize) -> bool {
    let line = text.lines().nth(line.saturating_sub(1)).unwrap_or_default();
    let start = column.saturating_sub(2).min(line.len());
    let rest = &line.as_bytes()[start..];
    ["nan", "inf"].iter().any(|token| rest.windows(token.len()).take(3).any(|part| part.eq_ignore_ascii_case(token.as_bytes())))
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
    let (bytes, mut at, mut high) = (json.as_bytes(), 0, None);
    while let Some(found) = bytes[at..].iter().position(|byte| *byte == b'\\').map(|beyond| at + beyond) {
        let code = json.get(found + 2..found + 6).filter(|_| bytes[found + 1] == b'u').and_then(|hex| u16::from_str_radix(hex, 16).ok());
        let follows = high == Some(found);
        match (follows, code) {
            (false, Some(0xd800..=0xdbff)) => high = Some(found + 6),
            (true, Some(0xdc00..=0xdfff)) => high = None,
            (true, _) | (_, Some(0xdc00..=0xdfff)) => return Err(half(found)),
            _ if high.is_some() => return Err(half(found)),
            _ => {}
        }
        at = found + if code.is_some() { 6 } else { 2 };
    }
    high.map_or(Ok(()), |end| Err(half(end)))
}

fn half(at: usize) -> ApiError {
    let rule = format!("has an escape that stands for half a character, near its character {at}");
    ErrorKind::BadRequest.with(format!("'value' {rule}.")).at("value", rule)
}

/// What may be in a body, known while it is parsed: nothing is made of what is too much.
struct Limits<'a> {
    text: &'a str,
    many: bool,
    /// Parts that may still come.
    left: RefCell<usize>,
    refused: RefCell<Option<ApiError>>,
}

impl Limits<'_> {
    /// Ends the parser.
    fn refuse<E: serde::de::Error>(&self, error: ApiError) -> E {
        self.refused.replace(Some(error));
        E::custom("refused")
    }

    /// A key beside 'value'. `bytes` of such keys came before it.
    fn read(&self, key: &str, json: &str, bytes: &mut usize) -> Result<Value, ApiError> {
        let (size, parts) = measure(json);
        *bytes += key.len() + size;
        let left = self.left.borrow().checked_sub(parts + 1);
        if *bytes > KEYS_BYTES {
            let rule = format!("may have {} KiB in all; large results belong into 'value'", KEYS_BYTES >> 10);
            return Err(ErrorKind::PayloadTooLarge.with(format!("The keys beside 'value' {rule}.")));
        }
        let Some(left) = left else {
            let rule =
                format!("may have {PARTS} values in one body, those within lists and objects included; large results belong into 'value'");
            return Err(ErrorKind::PayloadTooLarge.with(format!("The keys beside 'value' {rule}.")));
        };
        self.left.replace(left);
        serde_json::from_str(json).map_err(|why| {
            let why = why.to_string();
            let why = why.split(" at line").next().unwrap_or_default();
            let before = &self.text[..json.as_ptr().addr().saturating_sub(self.text.as_ptr().addr()).min(self.text.len())];
            let line = 1 + before.matches('\n').count();
            let column = 1 + before.rsplit('\n').next().unwrap_or_default().len();
            let rule = format!("cannot be read: {why}");
            ErrorKind::BadRequest.with(format!("'{key}' {rule} (line {line} column {column}).")).at(key, rule)
        })
    }
}

/// The bytes of `json` (which is valid) without the space between its parts, and how many values it has at most.
fn measure(json: &str) -> (usize, usize) {
    let (mut bytes, mut parts, mut in_string, mut escaped) = (0, 1, false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b' ' | b'\n' | b'\r' | b'\t' => continue,
            b',' | b'[' | b'{' | b':' => parts += 1,
            _ => {}
        }
        bytes += 1;
    }
    (bytes, parts)
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

struct BodySeed<'a>(&'a Limits<'a>);

impl<'de> Visitor<'de> for BodySeed<'_> {
    type Value = Body;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Body, A::Error> {
        RawSeed(self.0).visit_map(map).map(Body::One)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Body, A::Error> {
        if !self.0.many {
            return Err(self.0.refuse(no_list()));
        }
        let mut raws = Vec::new();
        while let Some(raw) = items.next_element_seed(RawSeed(self.0))? {
            if raws.len() == MANY {
                let message = format!("An array may have {MANY} cells; nothing was created. Send them in several requests.");
                return Err(self.0.refuse(ErrorKind::PayloadTooLarge.with(message)));
            }
            raws.push(raw);
        }
        Ok(Body::Many(raws))
    }
}

struct RawSeed<'a>(&'a Limits<'a>);

impl<'de> DeserializeSeed<'de> for RawSeed<'_> {
    type Value = Raw;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Raw, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for RawSeed<'_> {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw, A::Error> {
        let (mut raw, mut bytes) = (Raw::default(), 0);
        while let Some(key) = map.next_key::<String>()? {
            if key.len() > KEY_BYTES {
                return Err(self.0.refuse(ErrorKind::BadRequest.with(format!("A key may have {KEY_BYTES} bytes."))));
            }
            let json = map.next_value::<&'de RawValue>()?.get();
            if key == "value" || key == "append" {
                // Line ends can only stand between tokens; without them every frame is one line.
                let text = if json.contains(['\n', '\r']) { json.replace(['\n', '\r'], " ").into() } else { json.into() };
                *(if key == "value" { &mut raw.value } else { &mut raw.append }) = Some(text);
            } else {
                let value = self.0.read(&key, json, &mut bytes).map_err(|error| self.0.refuse(error))?;
                raw.keys.insert(key, value);
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
        let large = "x".repeat(KEYS_BYTES + 1);
        assert_eq!(parse_one(format!(r#"{{"description":"{large}"}}"#).as_bytes()).unwrap_err().code, 413);
        assert!(parse_one(format!(r#"{{"value":"{large}"}}"#).as_bytes()).is_ok());
        assert_eq!(parse_many(format!("[{}{{}}]", "{},".repeat(MANY)).as_bytes()).unwrap_err().code, 413);
        // Before it has an end, and whatever follows.
        assert_eq!(parse_many(format!("[{}{{}},nonsense", "{},".repeat(MANY)).as_bytes()).unwrap_err().code, 413);
        assert_eq!(parse_one(format!(r#"{{"x":[{}0]}}"#, "0,".repeat(KEYS_BYTES / 2)).as_bytes()).unwrap_err().code, 413);
        assert!(parse_one(b"[nonsense").unwrap_err().message.contains("not an array"));
        let spaced = format!("{{\"x\":[{}0]}}", "0,\n                ".repeat(KEYS_BYTES / 8));
        assert!(spaced.len() > KEYS_BYTES && parse_one(spaced.as_bytes()).is_ok(), "space is not counted");
        let each = format!(r#"{{"x":[{}0]}}"#, "0,".repeat(PARTS / 8));
        let error = parse_many(format!("[{}]", [each.as_str(); 8].join(",")).as_bytes()).unwrap_err();
        assert!(error.code == 413 && error.message.contains("262144 values"), "{error}");
        assert!(parse_many(format!("[{}]", [each.as_str(); 7].join(",")).as_bytes()).is_ok());
        assert!(message(&format!(r#"{{"{}":1}}"#, "k".repeat(257))).contains("256 bytes"));
    }

    #[test]
    fn depth_is_bounded_everywhere() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(parse_one(format!(r#"{{"value":{}}}"#, nested(DEPTH)).as_bytes()).is_ok());
        assert!(message(&format!(r#"{{"value":{}}}"#, nested(DEPTH + 1))).contains("nested"));
        assert!(message(&format!(r#"{{"value":{}}}"#, nested(1_000_000))).contains("nested"));
        assert!(message(&format!(r#"{{"other":{}}}"#, nested(1_000_000))).contains("256 KiB"));
        let deep = parse_one(format!("{{\"a\":1,\n \"other\": {}}}", nested(1000)).as_bytes()).unwrap_err();
        assert_eq!((deep.code, deep.message.as_str()), (400, "'other' cannot be read: recursion limit exceeded (line 2 column 11)."));
        assert!(parse_one(format!(r#"{{"value":"{}\"["}}"#, "[".repeat(500)).as_bytes()).is_ok(), "brackets in a text do not count");
    }
}
