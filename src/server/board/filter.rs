//! Whether a cell matches a query, and in which order cells stand. `query.rs` reads the queries.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::Value;

use crate::server::store::{Held, Record, timestamp};

#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    Field(String, Test, String),
    OneOf { field: String, among: Vec<String>, negated: bool },
    Or(Vec<Vec<Condition>>),
    And(Vec<Vec<Condition>>),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Test {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// As [`Cell::compare`](crate::protocol::Cell::compare): by place, then by creation.
pub fn by_place(a: &Record, b: &Record) -> Ordering {
    let place = |record: &Record| record.order().unwrap_or(f64::INFINITY);
    place(a).total_cmp(&place(b)).then(a.born.cmp(&b.born))
}

pub fn all(conditions: &[Condition], record: &Record) -> bool {
    conditions.iter().all(|condition| matches(condition, record))
}

fn matches(condition: &Condition, record: &Record) -> bool {
    match condition {
        Condition::Or(groups) => groups.iter().any(|group| all(group, record)),
        Condition::And(groups) => groups.iter().all(|group| all(group, record)),
        Condition::OneOf { field, among, negated } => {
            let value = lookup(record, field);
            among.iter().any(|operand| equal(value.as_deref(), operand)) != *negated
        }
        Condition::Field(field, test, operand) => {
            let value = lookup(record, field);
            let value = value.as_deref();
            match test {
                Test::Equal => equal(value, operand),
                Test::NotEqual => !equal(value, operand),
                Test::Less => compare(value, operand).is_some_and(Ordering::is_lt),
                Test::LessOrEqual => compare(value, operand).is_some_and(Ordering::is_le),
                Test::Greater => compare(value, operand).is_some_and(Ordering::is_gt),
                Test::GreaterOrEqual => compare(value, operand).is_some_and(Ordering::is_ge),
            }
        }
    }
}

/// A field of the document, `a.b` within objects. Values that are only on disk count as absent.
pub fn lookup<'a>(record: &'a Record, field: &str) -> Option<Cow<'a, Value>> {
    let (head, rest) = field.split_once('.').map_or((field, None), |(head, rest)| (head, Some(rest)));
    let root: Cow<Value> = match head {
        "_id" => Cow::Owned(record.id.as_str().into()),
        "board" => Cow::Owned((*record.board).into()),
        "rev" => Cow::Owned(record.rev.into()),
        "createdAt" => Cow::Owned(timestamp(record.created_ms).into()),
        "updatedAt" => Cow::Owned(timestamp(record.updated_ms).into()),
        "value" => match &record.value {
            Held::Inline(json) => Cow::Owned(serde_json::from_str(json).ok()?),
            _ => return None,
        },
        // A key with a dot in it is a key, too.
        _ => match record.keys.get(field) {
            Some(whole) => return Some(Cow::Borrowed(whole)),
            None => Cow::Borrowed(record.keys.get(head)?),
        },
    };
    let Some(rest) = rest else { return Some(root) };
    let pointer = rest.split('.').fold(String::new(), |pointer, part| pointer + "/" + &part.replace('~', "~0").replace('/', "~1"));
    match root {
        Cow::Borrowed(root) => root.pointer(&pointer).map(Cow::Borrowed),
        Cow::Owned(root) => root.pointer(&pointer).cloned().map(Cow::Owned),
    }
}

/// Query values are texts: they are compared with what stands there by its own kind. A list matches by any of its items.
fn equal(value: Option<&Value>, operand: &str) -> bool {
    match value {
        None | Some(Value::Null) => operand == "null",
        Some(Value::Bool(value)) => operand == if *value { "true" } else { "false" },
        Some(Value::String(value)) => value == operand,
        Some(Value::Number(value)) => {
            value.to_string() == operand || operand.parse().is_ok_and(|operand: f64| value.as_f64() == Some(operand))
        }
        Some(Value::Array(items)) => items.iter().any(|item| equal(Some(item), operand)),
        Some(Value::Object(_)) => false,
    }
}

fn compare(value: Option<&Value>, operand: &str) -> Option<Ordering> {
    match value? {
        Value::Number(value) => value.as_f64()?.partial_cmp(&operand.parse().ok()?),
        Value::String(value) => Some(value.as_str().cmp(operand)),
        _ => None,
    }
}

/// NeDB's order of kinds: absent, null, numbers, texts, booleans, lists and objects.
pub fn compare_for_sort(a: Option<&Value>, b: Option<&Value>) -> Ordering {
    let rank = |value: Option<&Value>| match value {
        None => 0,
        Some(Value::Null) => 1,
        Some(Value::Number(_)) => 2,
        Some(Value::String(_)) => 3,
        Some(Value::Bool(_)) => 4,
        Some(Value::Array(_)) => 5,
        Some(Value::Object(_)) => 6,
    };
    match (a, b) {
        (Some(Value::Number(a)), Some(Value::Number(b))) => a.as_f64().unwrap_or(0.0).total_cmp(&b.as_f64().unwrap_or(0.0)),
        (Some(Value::String(a)), Some(Value::String(b))) => a.cmp(b),
        (Some(Value::Bool(a)), Some(Value::Bool(b))) => a.cmp(b),
        _ => rank(a).cmp(&rank(b)),
    }
}
