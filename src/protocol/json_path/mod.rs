//! A place within a `value`: reads what must be there, and says exactly where something else is.
//!
//! The value stays text, and no tree is made of it: whatever is read of it takes no more memory than what is kept. That it is JSON was found out when it came.

mod number_list;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;

use serde_json::Value;

pub use number_list::NumberList;

use super::{ApiError, ErrorKind, parse_json};

const OUT_OF_RANGE: &str = "a number that no double can hold; send \"Infinity\" or \"-Infinity\"";

/// More than the keys of any kind of chart.
const MAX_INDEXED_KEYS: usize = 32;

/// A piece of the value and the way to it; nothing is written out unless something is wrong.
#[derive(Clone, Copy)]
pub struct JsonPath<'a> {
    json: &'a str,
    way: Way<'a>,
}

#[derive(Clone, Copy)]
enum Way<'a> {
    /// With the index of its keys, if it has one.
    Root(Option<&'a [(&'a str, &'a str)]>),
    Key(&'a JsonPath<'a>, &'a str),
    Item(&'a JsonPath<'a>, usize),
}

impl<'a> JsonPath<'a> {
    /// `json` is one value of JSON.
    pub fn root(json: &'a str) -> Self {
        Self { json: json.trim_ascii(), way: Way::Root(None) }
    }

    /// The same with the [`index`] of `json`, for a value that may be large and of which several keys are read.
    pub fn indexed(json: &'a str, index: Option<&'a [(&'a str, &'a str)]>) -> Self {
        Self { json: json.trim_ascii(), way: Way::Root(index) }
    }

    fn is_null(&self) -> bool {
        self.json == "null"
    }

    /// What stands under this key, `null` too; the last one where there are several.
    pub fn entry(&'a self, key: &'a str) -> Option<JsonPath<'a>> {
        let is_found = |(raw, _): &(&str, &str)| unquoted(raw) == key;
        let found = match self.way {
            Way::Root(Some(index)) => index.iter().copied().rfind(is_found),
            _ => pairs(self.json).filter(is_found).last(),
        };
        found.map(|(_, json)| JsonPath { json, way: Way::Key(self, key) })
    }

    /// What stands under this key; `null` and a missing key are the same.
    pub fn get(&'a self, key: &'a str) -> Option<JsonPath<'a>> {
        self.entry(key).filter(|node| !node.is_null())
    }

    pub fn need(&'a self, key: &'a str) -> Result<JsonPath<'a>, ApiError> {
        self.get(key).ok_or_else(|| {
            let missing = JsonPath { json: "null", way: Way::Key(self, key) };
            ErrorKind::BadRequest.with(format!("{missing} is missing.")).at(&missing.to_string(), "is missing")
        })
    }

    pub fn is_list(&self) -> bool {
        self.json.starts_with('[')
    }

    pub fn is_object(&self) -> bool {
        self.json.starts_with('{')
    }

    fn is_number(&self) -> bool {
        matches!(self.json.as_bytes().first(), Some(b'-' | b'0'..=b'9'))
    }

    /// How many items a list has.
    pub fn count(&self) -> usize {
        parts(self.json).count()
    }

    pub fn items(&'a self) -> Result<impl Iterator<Item = JsonPath<'a>>, ApiError> {
        if !self.is_list() {
            return Err(self.type_error("must be an array"));
        }
        Ok(parts(self.json).enumerate().map(move |(at, json)| JsonPath { json, way: Way::Item(self, at) }))
    }

    /// Calls `each` with every key and what stands there.
    pub fn entries(&self, mut each: impl FnMut(&str, JsonPath) -> Result<(), ApiError>) -> Result<(), ApiError> {
        if !self.is_object() {
            return Err(self.type_error("must be an object"));
        }
        for (raw, json) in pairs(self.json) {
            let key = unquoted(raw);
            each(&key, JsonPath { json, way: Way::Key(self, &key) })?;
        }
        Ok(())
    }

    /// A number, or the text "NaN", "Infinity" or "-Infinity", which JSON has no numbers for; `null` is NaN, as JavaScript writes it.
    pub fn number(&self) -> Result<f64, ApiError> {
        match self.json.as_bytes().first() {
            _ if self.is_number() => self.double(),
            Some(b'n') => Ok(f64::NAN),
            Some(b'"') => {
                word(&unquoted(self.json)).ok_or_else(|| self.type_error("must be a number, or \"NaN\", \"Infinity\" or \"-Infinity\""))
            }
            _ => Err(self.type_error("must be a number")),
        }
    }

    fn double(&self) -> Result<f64, ApiError> {
        nearest_double(self.json).ok_or_else(|| self.wrong(&["is ", OUT_OF_RANGE].concat()))
    }

    pub fn finite(&self) -> Result<f64, ApiError> {
        Some(self.number()?).filter(|number| number.is_finite()).ok_or_else(|| self.wrong("must be a finite number"))
    }

    pub fn text(&self) -> Result<Cow<'a, str>, ApiError> {
        if self.json.starts_with('"') { Ok(unquoted(self.json)) } else { Err(self.type_error("must be a string")) }
    }

    pub fn flag(&self) -> Result<bool, ApiError> {
        match self.json {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(self.type_error("must be true or false")),
        }
    }

    /// A text, or a number or boolean, which may name something too.
    pub fn label(&self) -> Result<String, ApiError> {
        match self.scalar()? {
            Some(Value::String(text)) => Ok(text),
            Some(Value::Null) => Ok(String::new()),
            Some(other) => Ok(other.to_string()),
            None => Err(self.type_error("must be a string or a number")),
        }
    }

    /// A text, a number, a boolean or null; `None` where a list or an object is.
    pub fn scalar(&self) -> Result<Option<Value>, ApiError> {
        if self.is_list() || self.is_object() {
            return Ok(None);
        }
        self.scalar_fits()?;
        Ok(parse_json(self.json).ok())
    }

    /// As [`Self::scalar`], of which nothing is kept.
    pub fn scalar_fits(&self) -> Result<(), ApiError> {
        if self.is_number() { self.double().map(drop) } else { Ok(()) }
    }

    pub fn numbers(&self) -> Result<Vec<f64>, ApiError> {
        let mut list = NumberList::with_capacity(self.count());
        self.items()?.try_for_each(|item| list.push(&item))?;
        list.read(self)
    }

    /// One number for each of something, counted before they take memory.
    pub fn numbers_as(&self, wanted: usize, each: &str) -> Result<Vec<f64>, ApiError> {
        drop(self.items()?);
        self.check_len(self.count(), wanted, each)?;
        self.numbers()
    }

    /// One label for each of something.
    pub fn labels_as(&self, wanted: usize, each: &str) -> Result<Vec<String>, ApiError> {
        let items = self.items()?;
        self.check_len(self.count(), wanted, each)?;
        items.map(|item| item.label()).collect()
    }

    /// At most so many; `what` names them.
    pub fn labels(&self, most: usize, what: &str, instead: &str) -> Result<Vec<String>, ApiError> {
        let items = self.items()?;
        self.check_max_len(self.count(), most, what, instead)?;
        items.map(|item| item.label()).collect()
    }

    /// The text under a key that may be missing.
    pub fn optional_text(&'a self, key: &'a str) -> Result<String, ApiError> {
        match self.get(key) {
            Some(node) => node.text().map(Cow::into_owned),
            None => Ok(String::new()),
        }
    }

    pub fn wrong(&self, rule: &str) -> ApiError {
        let path = self.to_string();
        ErrorKind::BadRequest.with(format!("{path} {rule}.")).at(&path, rule)
    }

    /// As [`Self::wrong`], and what is there instead.
    pub fn type_error(&self, rule: &str) -> ApiError {
        let path = self.to_string();
        ErrorKind::BadRequest.with(format!("{path} {rule}, not {}.", self.sort())).at(&path, rule)
    }

    fn sort(&self) -> &'static str {
        match self.json.as_bytes().first() {
            Some(b'[') => "an array",
            Some(b'{') => "an object",
            Some(b'"') => "a string",
            Some(b't' | b'f') => "a boolean",
            Some(b'n') => "null",
            _ => "a number",
        }
    }

    /// Holds a list to its length; `each` says what each item stands for.
    pub fn check_len(&self, found: usize, wanted: usize, each: &str) -> Result<(), ApiError> {
        match found == wanted {
            true => Ok(()),
            false => {
                let items = if wanted == 1 { "item" } else { "items" };
                Err(self.wrong(&format!("must have {wanted} {items}, one for each {each}, not {found}")))
            }
        }
    }

    pub fn check_max_len(&self, found: usize, most: usize, what: &str, instead: &str) -> Result<(), ApiError> {
        match found <= most {
            true => Ok(()),
            false => {
                let (path, rule) = (self.to_string(), format!("may have {most} {what}, not {found}"));
                Err(ErrorKind::BadRequest.with(format!("{path} {rule}; {instead}.")).at(&path, rule))
            }
        }
    }
}

/// The keys of an object, with their quotes, and what stands there; `None` where they are too many to be held.
pub fn index(json: &str) -> Option<Vec<(&str, &str)>> {
    let index: Vec<_> = pairs(json.trim_ascii()).take(MAX_INDEXED_KEYS + 1).collect();
    (index.len() <= MAX_INDEXED_KEYS).then_some(index)
}

/// The items of a list, as text; none of what is no list.
fn parts(json: &str) -> impl Iterator<Item = &str> {
    let mut rest = json.strip_prefix('[').unwrap_or("]");
    std::iter::from_fn(move || {
        let (part, after) = first(rest)?;
        rest = after;
        Some(part)
    })
}

/// The keys of an object, with their quotes, and what stands there; none of what is no object.
fn pairs(json: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = json.strip_prefix('{').unwrap_or("}");
    std::iter::from_fn(move || {
        let (key, after) = first(rest)?;
        let (value, after) = first(after)?;
        rest = after;
        Some((key, value))
    })
}

/// The first value of what stands in a list or an object behind a bracket, a comma or a colon, and what comes after it; `None` at the end.
fn first(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_ascii_start();
    let text = text.strip_prefix([',', ':']).map_or(text, str::trim_ascii_start);
    let bytes = text.as_bytes();
    let end = match bytes.first()? {
        b']' | b'}' => return None,
        b'"' => string_end(bytes, 0),
        b'[' | b'{' => {
            let (mut at, mut depth) = (0, 0_usize);
            loop {
                match bytes.get(at) {
                    None => break at,
                    Some(b'"') => at = string_end(bytes, at),
                    Some(byte) => {
                        match byte {
                            b'[' | b'{' => depth += 1,
                            b']' | b'}' => depth -= 1,
                            _ => {}
                        }
                        at += 1;
                    }
                }
                if depth == 0 {
                    break at;
                }
            }
        }
        _ => bytes.iter().position(|byte| matches!(byte, b',' | b']' | b'}' | b' ' | b'\n' | b'\r' | b'\t')).unwrap_or(bytes.len()),
    };
    Some((&text[..end], &text[end..]))
}

/// Behind the quote that ends the string which begins at `start`.
fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// A string of JSON as what it means.
fn unquoted(json: &str) -> Cow<'_, str> {
    let inner = json.get(1..json.len().saturating_sub(1)).unwrap_or_default();
    if inner.contains('\\') { Cow::Owned(parse_json(json).unwrap_or_default()) } else { Cow::Borrowed(inner) }
}

/// Whether serde_json reads the double next to a number of JSON. In the page it does up to 15 digits: the reader of `std`, which is exact,
/// has tables of 10 KB. The browser has a reader, too.
fn is_read_exactly(number: &str) -> bool {
    cfg!(not(target_arch = "wasm32")) || (number.len() <= 15 && !number.contains(['e', 'E']))
}

/// The double next to a number of JSON; `None` where that is infinite.
fn nearest_double(number: &str) -> Option<f64> {
    if is_read_exactly(number) { parse_json(number).ok() } else { nearest_doubles(number)?.pop() }
}

/// The doubles next to numbers of JSON, which have commas between them; `None` where one is infinite.
fn nearest_doubles(numbers: &str) -> Option<Vec<f64>> {
    let list = ["[", numbers, "]"].concat();
    #[cfg(target_arch = "wasm32")]
    {
        let list = js_sys::JSON::parse(&list).ok()?;
        Some(js_sys::Float64Array::new(&list).to_vec()).filter(|numbers| numbers.iter().all(|number| number.is_finite()))
    }
    #[cfg(not(target_arch = "wasm32"))]
    parse_json(&list).ok()
}

/// What JSON has no numbers for.
fn word(text: &str) -> Option<f64> {
    match text {
        "NaN" => Some(f64::NAN),
        "Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        _ => None,
    }
}

/// A number as the kinds of cells read it; `None` for everything that is none.
pub fn plain_number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::Null => Some(f64::NAN),
        Value::String(text) => word(text),
        _ => None,
    }
}

/// The way as in JavaScript: `value.rows[3]["two words"]`.
impl fmt::Display for JsonPath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.way {
            Way::Root(_) => f.write_str("value"),
            Way::Item(parent, at) => write!(f, "{parent}[{at}]"),
            Way::Key(parent, key) => {
                let starts_well = key.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
                match starts_well && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
                    true => write!(f, "{parent}.{key}"),
                    false => write!(f, "{parent}[{}]", Value::from(key.chars().take(80).collect::<String>())),
                }
            }
        }
    }
}

/// What a piece of JSON is, for sentences about what it should be.
pub fn json_type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}
