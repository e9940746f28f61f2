//! A document from a client: parsed, checked, and split into `value` (as JSON text) and other keys.

mod parse;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde_json::{Map, Value};

use super::ingest::{LineValue, parse_line_value};
use super::size::check_keys_size;
use super::{chart_settings, layout_rules};
use crate::protocol::json_path::json_type_name;
use crate::protocol::{ApiError, CellId, ErrorKind, MAIN_BOARD};
use crate::server::cells::CellValue;
use crate::server::limits::{MAX_BOARD_NAME_CHARS, MAX_KEYS_BYTES, MAX_VALUE_BYTES, MAX_VALUE_DEPTH};
pub use parse::{parse_many, parse_one};

/// Keys that the server sets. They are ignored, because clients send back documents that they read.
const SERVER_KEYS: [&str; 3] = ["rev", "createdAt", "updatedAt"];

/// The keys of a document before they are checked.
#[derive(Default)]
struct RawDocument {
    keys: Map<String, Value>,
    value: Option<Arc<str>>,
    append: Option<Arc<str>>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Draft {
    pub id: Option<CellId>,
    pub board: Option<Arc<str>>,
    pub keys: Map<String, Value>,
    pub value: Option<Arc<str>>,
    /// The value as points, if the draft is a line.
    pub line: Option<Arc<LineValue>>,
    /// Points for a line, as JSON text.
    pub append: Option<Arc<str>>,
    /// Size of the request body, in bytes.
    body: usize,
}

impl Draft {
    /// Estimate of the bytes to be written, without the points of a line.
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

    /// `body`: an upper bound of the size of the document, in bytes.
    fn check(raw: RawDocument, body: usize) -> Result<Self, ApiError> {
        let RawDocument { mut keys, value, append } = raw;
        if body > MAX_KEYS_BYTES {
            check_keys_size(&keys)?;
        }
        SERVER_KEYS.iter().for_each(|key| drop(keys.shift_remove(*key)));
        for (key, rule, fits) in RULES {
            match keys.get(*key) {
                Some(value) if !fits(value) => return Err(type_error(key, rule, value)),
                _ => {}
            }
        }
        let id = match keys.shift_remove("_id") {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(CellId::parse(&text).ok_or_else(|| {
                let rule = "must be 1 to 64 letters, digits, '-' or '_'";
                ErrorKind::BadRequest.with(format!("'_id' {rule}.")).at("_id", rule)
            })?),
            Some(other) => return Err(type_error("_id", "must be a string", &other)),
        };
        let board = match keys.shift_remove("board") {
            None | Some(Value::Null) => None,
            Some(Value::String(name)) => Some(Arc::from(board_name(&name)?)),
            Some(other) => return Err(type_error("board", "must be a string", &other)),
        };
        if let Some(value) = &value {
            check_depth(value)?;
            check_text(value)?;
        }
        let is_picture = keys.get("type").and_then(Value::as_str) == Some("img");
        if !is_picture && value.as_ref().is_some_and(|value| value.len() > MAX_VALUE_BYTES && !is_picture_uri(value)) {
            let rule = format!("may have {} MiB", MAX_VALUE_BYTES >> 20);
            return Err(ErrorKind::PayloadTooLarge
                .with(format!("'value' {rule}; send large results as pictures or in parts."))
                .at("value", rule));
        }
        if let Some(layout) = keys.get("layout").filter(|layout| !layout.is_null()) {
            layout_rules::check_cell(layout)?;
        }
        if let Some(chart) = keys.get("chart") {
            chart_settings::check(&chart_settings::read(chart)?, "chart")?;
        }
        // A patch of the type or the value alone is checked where the other one is known.
        if let Some(kind) = keys.get("type").and_then(Value::as_str) {
            CellValue::check(kind, value.as_deref())?;
        }
        let is_line = keys.get("type").and_then(Value::as_str) == Some("line");
        let line = value.as_deref().filter(|_| is_line).map(parse_line_value).transpose()?.map(Arc::new);
        Ok(Self { id, board, keys, value, line, append, body })
    }
}

/// Whether it is a `data:` URI of an image, in any case.
fn is_picture_uri(json: &str) -> bool {
    const START: &str = "\"data:image/";
    json.get(..START.len()).is_some_and(|start| start.eq_ignore_ascii_case(START))
}

/// An empty name means the main board.
pub fn board_name(name: &str) -> Result<&str, ApiError> {
    let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    match name {
        "" => Ok(MAIN_BOARD),
        _ if name.len() <= MAX_BOARD_NAME_CHARS && plain && !name.starts_with('.') => Ok(name),
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
    ("chart", "must be an object", |value| value.is_null() || value.is_object()),
];

fn is_text(value: &Value) -> bool {
    value.is_null() || value.is_string()
}

fn type_error(key: &str, rule: &str, found: &Value) -> ApiError {
    ErrorKind::BadRequest.with(format!("'{key}' {rule}, not {}.", json_type_name(found))).at(key, rule)
}

/// Checks the nesting of valid JSON.
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
        if depth > MAX_VALUE_DEPTH {
            let rule = format!("may be nested {MAX_VALUE_DEPTH} deep");
            return Err(ErrorKind::BadRequest.with(format!("'value' {rule}.")).at("value", rule));
        }
    }
    Ok(())
}

/// Rejects lone UTF-16 surrogates in string escapes, which Python writes for undecodable bytes.
fn check_text(json: &str) -> Result<(), ApiError> {
    let (bytes, mut at, mut high) = (json.as_bytes(), 0, None);
    while let Some(found) = bytes[at..].iter().position(|byte| *byte == b'\\').map(|beyond| at + beyond) {
        let code = json.get(found + 2..found + 6).filter(|_| bytes[found + 1] == b'u').and_then(|hex| u16::from_str_radix(hex, 16).ok());
        let follows = high == Some(found);
        match (follows, code) {
            (false, Some(0xd800..=0xdbff)) => high = Some(found + 6),
            (true, Some(0xdc00..=0xdfff)) => high = None,
            (true, _) | (_, Some(0xdc00..=0xdfff)) => return Err(lone_surrogate(found)),
            _ if high.is_some() => return Err(lone_surrogate(found)),
            _ => {}
        }
        at = found + if code.is_some() { 6 } else { 2 };
    }
    high.map_or(Ok(()), |end| Err(lone_surrogate(end)))
}

fn lone_surrogate(at: usize) -> ApiError {
    let rule = format!("has an escape that stands for half a character, near its character {at}");
    ErrorKind::BadRequest.with(format!("'value' {rule}.")).at("value", rule)
}
