//! A place within a `value`: reads what must be there, and says exactly where something else is.

use std::fmt;

use serde_json::Value;

use crate::protocol::{ApiError, ErrorKind};

/// A piece of the value and the way to it; nothing is written out unless something is wrong.
#[derive(Clone, Copy)]
pub struct Node<'a> {
    value: &'a Value,
    way: Way<'a>,
}

#[derive(Clone, Copy)]
enum Way<'a> {
    Root,
    Key(&'a Node<'a>, &'a str),
    Item(&'a Node<'a>, usize),
}

impl<'a> Node<'a> {
    pub fn root(value: &'a Value) -> Self {
        Self { value, way: Way::Root }
    }

    /// What stands under this key, `null` too.
    pub fn entry(&'a self, key: &'a str) -> Option<Node<'a>> {
        self.value.get(key).map(|value| Node { value, way: Way::Key(self, key) })
    }

    /// What stands under this key; `null` and a missing key are the same.
    pub fn get(&'a self, key: &'a str) -> Option<Node<'a>> {
        self.entry(key).filter(|node| !node.value.is_null())
    }

    pub fn need(&'a self, key: &'a str) -> Result<Node<'a>, ApiError> {
        self.get(key).ok_or_else(|| {
            let missing = Node { value: &Value::Null, way: Way::Key(self, key) };
            ErrorKind::BadRequest.with(format!("{missing} is missing.")).at(&missing.to_string(), "is missing")
        })
    }

    pub fn is_list(&self) -> bool {
        self.value.is_array()
    }

    pub fn is_object(&self) -> bool {
        self.value.is_object()
    }

    pub fn items(&'a self) -> Result<impl ExactSizeIterator<Item = Node<'a>>, ApiError> {
        let list = self.value.as_array().ok_or_else(|| self.is_no("must be an array"))?;
        Ok(list.iter().enumerate().map(move |(at, value)| Node { value, way: Way::Item(self, at) }))
    }

    pub fn entries(&'a self) -> Result<impl Iterator<Item = (&'a str, Node<'a>)>, ApiError> {
        let object = self.value.as_object().ok_or_else(|| self.is_no("must be an object"))?;
        Ok(object.iter().map(move |(key, value)| (key.as_str(), Node { value, way: Way::Key(self, key) })))
    }

    /// A number, or the text "NaN", "Infinity" or "-Infinity", which JSON has no numbers for; `null` is NaN, as JavaScript writes it.
    pub fn number(&self) -> Result<f64, ApiError> {
        plain_number(self.value).ok_or_else(|| match self.value {
            Value::String(_) => self.is_no("must be a number, or \"NaN\", \"Infinity\" or \"-Infinity\""),
            _ => self.is_no("must be a number"),
        })
    }

    pub fn finite(&self) -> Result<f64, ApiError> {
        self.number()?;
        self.value.as_f64().filter(|number| number.is_finite()).ok_or_else(|| self.wrong("must be a finite number"))
    }

    pub fn text(&self) -> Result<&'a str, ApiError> {
        self.value.as_str().ok_or_else(|| self.is_no("must be a string"))
    }

    pub fn flag(&self) -> Result<bool, ApiError> {
        self.value.as_bool().ok_or_else(|| self.is_no("must be true or false"))
    }

    /// A text, or a number or boolean, which may name something too.
    pub fn label(&self) -> Result<String, ApiError> {
        match self.value {
            Value::String(text) => Ok(text.clone()),
            Value::Number(_) | Value::Bool(_) => Ok(self.value.to_string()),
            Value::Null => Ok(String::new()),
            _ => Err(self.is_no("must be a string or a number")),
        }
    }

    pub fn numbers(&self) -> Result<Vec<f64>, ApiError> {
        self.items()?.map(|item| item.number()).collect()
    }

    pub fn labels(&self) -> Result<Vec<String>, ApiError> {
        self.items()?.map(|item| item.label()).collect()
    }

    /// The text under a key that may be missing.
    pub fn optional_text(&'a self, key: &'a str) -> Result<String, ApiError> {
        match self.get(key) {
            Some(node) => node.text().map(str::to_owned),
            None => Ok(String::new()),
        }
    }

    pub fn json(&self) -> &'a Value {
        self.value
    }

    pub fn wrong(&self, rule: &str) -> ApiError {
        let path = self.to_string();
        ErrorKind::BadRequest.with(format!("{path} {rule}.")).at(&path, rule)
    }

    /// As [`Self::wrong`], and what is there instead.
    pub fn is_no(&self, rule: &str) -> ApiError {
        let path = self.to_string();
        ErrorKind::BadRequest.with(format!("{path} {rule}, not {}.", sort_of(self.value))).at(&path, rule)
    }

    /// Holds a list to its length; `each` says what each item stands for.
    pub fn must_have(&self, found: usize, wanted: usize, each: &str) -> Result<(), ApiError> {
        match found == wanted {
            true => Ok(()),
            false => {
                let items = if wanted == 1 { "item" } else { "items" };
                Err(self.wrong(&format!("must have {wanted} {items}, one for each {each}, not {found}")))
            }
        }
    }

    pub fn may_have(&self, found: usize, most: usize, what: &str, instead: &str) -> Result<(), ApiError> {
        match found <= most {
            true => Ok(()),
            false => {
                let (path, rule) = (self.to_string(), format!("may have {most} {what}, not {found}"));
                Err(ErrorKind::BadRequest.with(format!("{path} {rule}; {instead}.")).at(&path, rule))
            }
        }
    }
}

/// A number as the kinds of cells read it; `None` for everything that is none.
pub fn plain_number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::Null => Some(f64::NAN),
        Value::String(text) => match text.as_str() {
            "NaN" => Some(f64::NAN),
            "Infinity" => Some(f64::INFINITY),
            "-Infinity" => Some(f64::NEG_INFINITY),
            _ => None,
        },
        _ => None,
    }
}

/// The way as in JavaScript: `value.rows[3]["two words"]`.
impl fmt::Display for Node<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.way {
            Way::Root => f.write_str("value"),
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
pub fn sort_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_wrong_is_named_with_its_path() {
        let value = json!({"rows": [[1, 2], [3, "x"]], "two words": {"a": true}});
        let root = Node::root(&value);
        let rows = root.need("rows").unwrap();
        let wrong = rows.items().unwrap().map(|row| row.numbers()).find_map(Result::err).unwrap();
        assert_eq!(wrong.message, "value.rows[1][1] must be a number, or \"NaN\", \"Infinity\" or \"-Infinity\", not a string.");
        assert_eq!(wrong.errors.0.keys().next().unwrap(), "value.rows[1][1]");
        let inner = root.need("two words").unwrap();
        assert_eq!(inner.need("a").unwrap().number().unwrap_err().message, "value[\"two words\"].a must be a number, not a boolean.");
        assert_eq!(inner.need("b").err().unwrap().message, "value[\"two words\"].b is missing.");
        assert_eq!((wrong.code, root.items().err().unwrap().message.as_str()), (400, "value must be an array, not an object."));
    }

    #[test]
    fn what_json_has_no_numbers_for_is_a_text() {
        let value = json!(["NaN", "Infinity", "-Infinity", null, 1e308, "nan"]);
        let root = Node::root(&value);
        let read: Vec<_> = root.items().unwrap().map(|item| item.number()).collect();
        assert!(read[0].as_ref().unwrap().is_nan() && read[3].as_ref().unwrap().is_nan());
        assert_eq!((read[1].as_ref().ok(), read[2].as_ref().ok()), (Some(&f64::INFINITY), Some(&f64::NEG_INFINITY)));
        assert!(read[5].is_err());
        assert!(root.items().unwrap().map(|item| item.finite()).filter(Result::is_ok).count() == 1);
    }
}
