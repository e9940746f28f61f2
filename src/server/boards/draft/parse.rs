//! Parses request bodies with documents, within limits that hold while the body is read.

use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use super::{Draft, RawDocument};
use crate::protocol::{ApiError, ErrorKind};
use crate::server::boards::ingest::quote_tokens;
use crate::server::limits::{MAX_CELLS_PER_REQUEST, MAX_KEY_NAME_BYTES, MAX_KEYS_BYTES, MAX_NESTED_VALUES};

/// Parses a body with one object.
pub fn parse_one(body: &[u8]) -> Result<Draft, ApiError> {
    match parse(body, false)? {
        Body::One(raw) => Draft::check(raw, body.len()),
        Body::Many(_) => Err(no_list()),
    }
}

/// Parses a body with one object (`false`) or an array of them (`true`).
pub fn parse_many(body: &[u8]) -> Result<(Vec<Draft>, bool), ApiError> {
    match parse(body, true)? {
        Body::One(raw) => Ok((vec![Draft::check(raw, body.len())?], false)),
        Body::Many(raws) => Ok((raws.into_iter().map(|raw| Draft::check(raw, body.len())).collect::<Result<_, _>>()?, true)),
    }
}

fn no_list() -> ApiError {
    ErrorKind::BadRequest.with("The body must be one JSON object, not an array.")
}

fn parse(body: &[u8], allows_list: bool) -> Result<Body, ApiError> {
    let text = std::str::from_utf8(body).map_err(|why| {
        ErrorKind::BadRequest.with(format!("The body is not UTF-8 text: byte {} is not part of a character.", why.valid_up_to()))
    })?;
    parse_text(text, allows_list).or_else(|failure| {
        let why = match failure {
            ParseFailure::Rejected(error) => return Err(error),
            ParseFailure::Json(why) => why,
        };
        let (line, column) = (why.line(), why.column());
        if why.is_data() || !is_not_a_number(text, line, column) {
            return Err(ErrorKind::BadRequest.with(match () {
                () if text.trim().is_empty() => "The body is empty; send a JSON object.".to_owned(),
                () if why.is_eof() => format!("The body is not a JSON object: it ends before it is complete, in line {line}."),
                () => format!("The body is not a JSON object: {why}."),
            }));
        }
        // Tokens of Python's json.dumps. They are allowed among points, and an error elsewhere.
        if let Some(Ok(body)) = quote_tokens(text).map(|text| parse_text(&text, allows_list))
            && body.is_of_lines()
        {
            return Ok(body);
        }
        let hint = "NaN and Infinity are not JSON; send null, or the strings \"NaN\", \"Infinity\", \"-Infinity\"";
        Err(ErrorKind::BadRequest.with(format!("The body is not JSON: {hint} (line {line} column {column}).")))
    })
}

/// Why a body is rejected: it is not JSON, or a part of it is invalid.
enum ParseFailure {
    Json(serde_json::Error),
    Rejected(ApiError),
}

fn parse_text(text: &str, allows_list: bool) -> Result<Body, ParseFailure> {
    let limits = BodyLimits { text, allows_list, values_left: RefCell::new(MAX_NESTED_VALUES), failure: RefCell::default() };
    let mut json = serde_json::Deserializer::from_str(text);
    let body = json.deserialize_any(BodySeed(&limits)).and_then(|body| json.end().map(|()| body));
    body.map_err(|why| limits.failure.take().map_or(ParseFailure::Json(why), ParseFailure::Rejected))
}

/// Whether the parser stopped at a token for NaN or infinity, as Python's `json.dumps` writes them.
fn is_not_a_number(text: &str, line: usize, column: usize) -> bool {
    let line = text.lines().nth(line.saturating_sub(1)).unwrap_or_default();
    let start = column.saturating_sub(2).min(line.len());
    let rest = &line.as_bytes()[start..];
    ["nan", "inf"].iter().any(|token| rest.windows(token.len()).take(3).any(|part| part.eq_ignore_ascii_case(token.as_bytes())))
}

/// The limits of a body, enforced while it is parsed.
struct BodyLimits<'a> {
    text: &'a str,
    allows_list: bool,
    /// Number of JSON values that may follow.
    values_left: RefCell<usize>,
    failure: RefCell<Option<ApiError>>,
}

impl BodyLimits<'_> {
    /// Stops the parser with this error.
    fn fail<E: serde::de::Error>(&self, error: ApiError) -> E {
        self.failure.replace(Some(error));
        E::custom("rejected")
    }

    /// Reads a key beside `value`. `bytes`: the size of such keys so far.
    fn read(&self, key: &str, json: &str, bytes: &mut usize) -> Result<Value, ApiError> {
        let (size, parts) = measure(json);
        *bytes += key.len() + size;
        let values_left = self.values_left.borrow().checked_sub(parts + 1);
        if *bytes > MAX_KEYS_BYTES {
            let rule = format!("may have {} KiB in all; large results belong into 'value'", MAX_KEYS_BYTES >> 10);
            return Err(ErrorKind::PayloadTooLarge.with(format!("The keys beside 'value' {rule}.")));
        }
        let Some(values_left) = values_left else {
            let rule = format!(
                "may have {MAX_NESTED_VALUES} values in one body, those within lists and objects included; large results belong into 'value'"
            );
            return Err(ErrorKind::PayloadTooLarge.with(format!("The keys beside 'value' {rule}.")));
        };
        self.values_left.replace(values_left);
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

/// The size of valid JSON without white space, in bytes, and an upper bound of its number of values.
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

enum Body {
    One(RawDocument),
    Many(Vec<RawDocument>),
}

impl Body {
    /// Whether all values of the body are points.
    fn is_of_lines(&self) -> bool {
        let is_line = |raw: &RawDocument| match (&raw.append, &raw.value) {
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

struct BodySeed<'a>(&'a BodyLimits<'a>);

impl<'de> Visitor<'de> for BodySeed<'_> {
    type Value = Body;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Body, A::Error> {
        DocumentSeed(self.0).visit_map(map).map(Body::One)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Body, A::Error> {
        if !self.0.allows_list {
            return Err(self.0.fail(no_list()));
        }
        let mut raws = Vec::new();
        while let Some(raw) = items.next_element_seed(DocumentSeed(self.0))? {
            if raws.len() == MAX_CELLS_PER_REQUEST {
                let message =
                    format!("An array may have {MAX_CELLS_PER_REQUEST} cells; nothing was created. Send them in several requests.");
                return Err(self.0.fail(ErrorKind::PayloadTooLarge.with(message)));
            }
            raws.push(raw);
        }
        Ok(Body::Many(raws))
    }
}

struct DocumentSeed<'a>(&'a BodyLimits<'a>);

impl<'de> DeserializeSeed<'de> for DocumentSeed<'_> {
    type Value = RawDocument;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<RawDocument, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for DocumentSeed<'_> {
    type Value = RawDocument;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawDocument, A::Error> {
        let (mut raw, mut bytes) = (RawDocument::default(), 0);
        while let Some(key) = map.next_key::<String>()? {
            if key.len() > MAX_KEY_NAME_BYTES {
                return Err(self.0.fail(ErrorKind::BadRequest.with(format!("A key may have {MAX_KEY_NAME_BYTES} bytes."))));
            }
            let json = map.next_value::<&'de RawValue>()?.get();
            if key == "value" || key == "append" {
                // Line ends occur only between tokens. Without them an event is one line.
                let text = if json.contains(['\n', '\r']) { json.replace(['\n', '\r'], " ").into() } else { json.into() };
                *(if key == "value" { &mut raw.value } else { &mut raw.append }) = Some(text);
            } else {
                let value = self.0.read(&key, json, &mut bytes).map_err(|error| self.0.fail(error))?;
                raw.keys.insert(key, value);
            }
        }
        Ok(raw)
    }
}
