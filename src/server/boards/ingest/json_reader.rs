//! A pull parser for JSON: exact numbers, Python's `NaN` tokens, and errors with path and position.
//!
//! serde_json does not fit: it rejects `NaN` and `Infinity`, which Python's `json.dumps` writes, its errors
//! have no path, and its numbers are off by the last bit without a feature that the page would carry too.

use std::borrow::Cow;

use crate::protocol::{ApiError, ErrorKind};

/// Maximum nesting of skipped values.
const MAX_DEPTH: usize = 128;
/// Maximum characters of a key in the path of an error.
const MAX_PATH_CHARS: usize = 200;
/// Maximum characters of an invalid token in an error.
const MAX_WORD_CHARS: usize = 20;

/// A fault of the input, and its place.
pub(crate) struct ParseError {
    kind: ErrorKind,
    /// Path such as `train[3][0]`; empty for the whole text.
    path: String,
    /// Continues the path: `must be a number`.
    rule: String,
    /// Offset in the text, in bytes.
    at: usize,
}

pub(crate) type ParseResult<T> = Result<T, Box<ParseError>>;

impl ParseError {
    pub(crate) fn in_path(mut self: Box<Self>, outer: &str) -> Box<Self> {
        let joint = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        self.path = [outer, joint, &self.path].concat();
        self
    }

    /// Adds to the rule.
    pub(crate) fn append_hint(&mut self, hint: &str) {
        self.rule.push_str(hint);
    }

    /// The error for the client. `text`: the parsed text. `first_line`: the number of its first line.
    pub(crate) fn into_api_error(self, text: &str, first_line: usize) -> ApiError {
        let before = &text.as_bytes()[..self.at.min(text.len())];
        let line = first_line + before.iter().filter(|byte| **byte == b'\n').count();
        let column = 1 + before.iter().rev().take_while(|byte| **byte != b'\n').count();
        let subject = if self.path.is_empty() { "The body".to_owned() } else { format!("'{}'", self.path) };
        let error = self.kind.with(format!("{subject} {} (line {line} column {column}).", self.rule));
        if self.path.is_empty() { error } else { error.at(&self.path, self.rule) }
    }
}

pub(crate) struct JsonReader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> JsonReader<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    pub(crate) fn at(&self) -> usize {
        self.at
    }

    pub(crate) fn back_to(&mut self, at: usize) {
        self.at = at;
    }

    pub(crate) fn error(&self, rule: impl Into<String>) -> Box<ParseError> {
        self.error_of(ErrorKind::BadRequest, rule)
    }

    pub(crate) fn error_of(&self, kind: ErrorKind, rule: impl Into<String>) -> Box<ParseError> {
        Box::new(ParseError { kind, path: String::new(), rule: rule.into(), at: self.at })
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// The first byte of the next token; `None` at the end.
    pub(crate) fn peek(&mut self) -> Option<u8> {
        loop {
            match self.byte() {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.at += 1,
                other => return other,
            }
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        let taken = self.peek() == Some(byte);
        self.at += usize::from(taken);
        taken
    }

    /// Nothing but white space may follow.
    pub(crate) fn end(&mut self) -> ParseResult<()> {
        if self.peek().is_none() { Ok(()) } else { Err(self.error("goes on after its end")) }
    }

    /// The next token in words, for an error.
    pub(crate) fn found(&mut self) -> String {
        let found = match self.peek() {
            None => "the end",
            Some(b'"') => "a string",
            Some(b'[') => "an array",
            Some(b'{') => "an object",
            Some(_) if self.is_number() => "a number",
            Some(_) => {
                // The word as it is written, so that 'nan' is not reported as 'null', or one character.
                let rest = &self.text[self.at..];
                let word = rest.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '+' | '_' | '.')).unwrap_or(rest.len());
                let word: String = rest[..word].chars().take(MAX_WORD_CHARS).collect();
                return match &*word {
                    "true" | "false" => "a boolean".to_owned(),
                    "null" | "NaN" | "Infinity" | "-Infinity" => word,
                    "" => format!("'{}'", rest.chars().next().unwrap_or_default().escape_debug()),
                    _ => format!("'{word}'"),
                };
            }
        };
        found.to_owned()
    }

    /// Whether a number begins here; it may still be invalid.
    fn is_number(&self) -> bool {
        let bytes = &self.text.as_bytes()[self.at..];
        matches!(bytes, [b'0'..=b'9', ..] | [b'-', b'0'..=b'9', ..])
    }

    /// The error for a token in place of an item or key.
    fn misplaced(&mut self, wanted: &str, is_first: bool) -> Box<ParseError> {
        let found = self.found();
        match (is_first, self.byte()) {
            (false, Some(end @ (b']' | b'}'))) => {
                let end = char::from(end);
                self.error(format!("is not JSON: nothing comes between the last ',' and '{end}'; leave that ',' out"))
            }
            _ => self.error(format!("is not JSON: expected {wanted}, found {found}")),
        }
    }

    /// Takes `word` if it stands here.
    pub(crate) fn word(&mut self, word: &str) -> bool {
        self.peek();
        let found = self.text.as_bytes()[self.at..].starts_with(word.as_bytes());
        self.at += if found { word.len() } else { 0 };
        found
    }

    /// Calls `each` at every item of the array that begins here.
    pub(crate) fn items(&mut self, mut each: impl FnMut(&mut Self) -> ParseResult<()>) -> ParseResult<()> {
        if !self.take(b'[') {
            let found = self.found();
            return Err(self.error(format!("must be an array, not {found}")));
        }
        if self.take(b']') {
            return Ok(());
        }
        let mut index = 0_usize;
        loop {
            if matches!(self.peek(), None | Some(b',' | b']' | b'}' | b':')) {
                return Err(self.misplaced("an item", index == 0));
            }
            each(self).map_err(|error| error.in_path(&format!("[{index}]")))?;
            index += 1;
            if self.take(b']') {
                return Ok(());
            } else if !self.take(b',') {
                let found = self.found();
                return Err(self.error(format!("is not JSON: expected ',' or ']', found {found}")));
            }
        }
    }

    /// Calls `each` with every key of the object that begins here, at the key's value.
    pub(crate) fn keys(&mut self, mut each: impl FnMut(&mut Self, Cow<'a, str>) -> ParseResult<()>) -> ParseResult<()> {
        if !self.take(b'{') {
            let found = self.found();
            return Err(self.error(format!("must be an object, not {found}")));
        }
        if self.take(b'}') {
            return Ok(());
        }
        let mut is_first = true;
        loop {
            if self.peek() != Some(b'"') {
                return Err(self.misplaced("a key in double quotes", is_first));
            }
            is_first = false;
            let key = self.string()?;
            if !self.take(b':') {
                let found = self.found();
                return Err(self.error(format!("is not JSON: expected ':' after a key, found {found}")));
            }
            // For the path of an error. Copies only a key with escapes.
            let path_key = key.clone();
            each(self, key).map_err(|wrong| {
                wrong.in_path(path_key.char_indices().nth(MAX_PATH_CHARS).map_or(&*path_key, |(end, _)| &path_key[..end]))
            })?;
            if self.take(b'}') {
                return Ok(());
            } else if !self.take(b',') {
                let found = self.found();
                return Err(self.error(format!("is not JSON: expected ',' or '}}', found {found}")));
            }
        }
    }

    pub(crate) fn string(&mut self) -> ParseResult<Cow<'a, str>> {
        if !self.take(b'"') {
            let found = self.found();
            return Err(self.error(format!("must be a string, not {found}")));
        }
        let start = self.at;
        let mut plain = true;
        loop {
            match self.byte() {
                Some(b'"') => break,
                Some(b'\\') => {
                    plain = false;
                    self.at += 2;
                }
                Some(0x20..) => self.at += 1,
                Some(_) => return Err(self.error("is not JSON: a control character within a string must be escaped")),
                None => {
                    self.at = self.text.len();
                    return Err(self.error("is not JSON: a string does not end"));
                }
            }
        }
        let end = self.at;
        self.at += 1;
        if plain {
            return Ok(Cow::Borrowed(&self.text[start..end]));
        }
        serde_json::from_str(&self.text[start - 1..=end]).map(Cow::Owned).map_err(|_| {
            self.at = start;
            self.error("is not JSON: a string has an escape that stands for no character")
        })
    }

    /// A JSON number, correctly rounded. The caller checked that one begins here.
    fn number(&mut self) -> ParseResult<f64> {
        let (start, bytes) = (self.at, self.text.as_bytes());
        let is_negative = bytes[start] == b'-';
        let mut at = start + usize::from(is_negative);
        let (mut digits, mut point, mut exponent) = (0_u64, 0_usize, false);
        let whole = at;
        let run = |at: &mut usize, digits: &mut u64| {
            let from = *at;
            while let Some(digit @ b'0'..=b'9') = bytes.get(*at) {
                *digits = digits.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
                *at += 1;
            }
            *at - from
        };
        let mut valid = run(&mut at, &mut digits) > 0 && (bytes[whole] != b'0' || at == whole + 1);
        if valid && bytes.get(at) == Some(&b'.') {
            at += 1;
            point = run(&mut at, &mut digits);
            valid = point > 0;
        }
        let length = at - whole;
        if valid && matches!(bytes.get(at), Some(b'e' | b'E')) {
            exponent = true;
            at += 1 + usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
            valid = run(&mut at, &mut 0) > 0;
        }
        if !valid {
            return Err(self.error("is not JSON: a number is not written as JSON wants it"));
        }
        self.at = at;
        // Digits and power of ten are exact as f64, so that the one division rounds correctly
        // (Clinger: "How to Read Floating Point Numbers Accurately", PLDI 1990).
        if !exponent && length <= 16 && point < POWERS.len() {
            let number = digits as f64 / POWERS[point];
            return Ok(if is_negative { -number } else { number });
        }
        let number: f64 = self.text[start..at].parse().expect("JSON's numbers are Rust's");
        if number.is_finite() {
            return Ok(number);
        }
        self.at = start;
        Err(self.error("is too large for a double; infinity is written as \"Infinity\""))
    }

    /// A value: a number, or NaN and infinity as Python's tokens or as strings. `null` is NaN, as in
    /// JavaScript.
    pub(crate) fn value(&mut self) -> ParseResult<f64> {
        const RULE: &str = "must be a number, null, \"NaN\", \"Infinity\" or \"-Infinity\"";
        match self.peek() {
            Some(b'0'..=b'9') => self.number(),
            Some(b'-') if self.word("-Infinity") => Ok(f64::NEG_INFINITY),
            Some(b'-') if self.is_number() => self.number(),
            Some(b'n') if self.word("null") => Ok(f64::NAN),
            Some(b'N') if self.word("NaN") => Ok(f64::NAN),
            Some(b'I') if self.word("Infinity") => Ok(f64::INFINITY),
            Some(b'"') => {
                let at = self.at;
                let text = self.string()?;
                if text.eq_ignore_ascii_case("nan") {
                    return Ok(f64::NAN);
                }
                match &*text {
                    "Infinity" | "inf" | "+inf" | "+Infinity" => Ok(f64::INFINITY),
                    "-Infinity" | "-inf" => Ok(f64::NEG_INFINITY),
                    _ => {
                        self.at = at;
                        Err(self.error(format!("{RULE}, not another string")))
                    }
                }
            }
            _ => {
                let found = self.found();
                Err(self.error(format!("{RULE}, not {found}")))
            }
        }
    }

    /// A finite number.
    pub(crate) fn finite(&mut self) -> ParseResult<f64> {
        self.peek();
        if self.is_number() {
            return self.number();
        }
        let found = self.found();
        Err(self.error(format!("must be a finite number, not {found}")))
    }

    /// A wall time: seconds since 1970, at most `max` before or after it.
    pub(crate) fn time(&mut self, max: f64) -> ParseResult<f64> {
        self.peek();
        let at = self.at;
        let time = self.finite()?;
        if time.abs() <= max {
            return Ok(time);
        }
        self.at = at;
        Err(self.error(format!("must be seconds since 1970, from -{max:e} to {max:e} (milliseconds are divided by 1000)")))
    }

    /// Skips one value. Returns the keys if it is an object.
    pub(crate) fn skip(&mut self) -> ParseResult<Vec<Cow<'a, str>>> {
        self.skip_nested(MAX_DEPTH)
    }

    fn skip_nested(&mut self, depth: usize) -> ParseResult<Vec<Cow<'a, str>>> {
        let mut keys = Vec::new();
        match self.peek() {
            Some(b'[' | b'{') if depth == 0 => return Err(self.error(format!("may be nested {MAX_DEPTH} deep"))),
            Some(b'[') => self.items(|reader| reader.skip_nested(depth - 1).map(drop))?,
            Some(b'{') => self.keys(|reader, key| {
                keys.push(key);
                reader.skip_nested(depth - 1).map(drop)
            })?,
            Some(b'"') => drop(self.string()?),
            _ if self.word("true") || self.word("false") => {}
            Some(b'N' | b'I' | b'-' | b'n' | b'0'..=b'9') => drop(self.value()?),
            _ => return Err(self.misplaced("a value", true)),
        }
        Ok(keys)
    }
}

/// Powers of ten, which are exact as f64 up to 10^22.
const POWERS: [f64; 17] = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16];
