//! Matches cells against conditions, and sorts them.
//!
//! The value of a cell is parsed at most once, and only if a condition needs it. Each step is counted
//! against a budget, which bounds the time of a query.

use std::borrow::Cow;
use std::cell::{Cell, OnceCell};
use std::cmp::Ordering;
use std::collections::HashSet;

use serde_json::Value;

use super::number::ExactNumber;
use crate::protocol::{ApiError, ErrorKind};
use crate::server::store::{Record, StoredValue, timestamp};

#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    Field(Field, Test, Operand),
    OneOf { field: Field, among: ValueSet, negated: bool },
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

/// `a.b`: a key of the document, or `b` within the object `a`.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    pub name: String,
    head: String,
    rest: Vec<String>,
}

/// A text of the query, and its number if it is one.
#[derive(Clone, Debug, PartialEq)]
pub struct Operand {
    pub text: String,
    number: Option<ExactNumber>,
}

/// A list of operands as a set: lookup takes the same time for many as for few.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ValueSet {
    texts: HashSet<String>,
    numbers: HashSet<ExactNumber>,
}

/// The steps that a query may take. A step is an item of a list, a field, eight bytes of a parsed
/// value, or two bytes of a sort key.
pub struct QueryBudget(Cell<u64>);

impl QueryBudget {
    /// For all cells: about a second.
    pub fn whole() -> Self {
        Self(Cell::new(50_000_000))
    }

    /// For one cell, in the writer: about 20 ms.
    pub fn one_cell() -> Self {
        Self(Cell::new(1_000_000))
    }

    /// For all cells that changed since a query ran, in the writer: about 100 ms.
    pub fn in_writer() -> Self {
        Self(Cell::new(5_000_000))
    }

    /// On the threads of requests: less than a millisecond.
    pub fn inline() -> Self {
        Self(Cell::new(50_000))
    }

    pub fn spend(&self, steps: u64) -> bool {
        let left = self.0.get().checked_sub(steps);
        self.0.set(left.unwrap_or(0));
        left.is_some()
    }

    pub fn is_spent(&self) -> bool {
        self.0.get() == 0
    }

    /// 400 once the budget is spent.
    pub fn check(&self) -> Result<(), ApiError> {
        match self.0.get() {
            0 => Err(ErrorKind::BadRequest.with(
                "The query looks at more than it may: it compares too many values in too many cells. Use fewer conditions, or name a board (board=main).",
            )),
            _ => Ok(()),
        }
    }
}

/// A document under test.
pub trait QueryFields {
    /// A field of the document. A value that is only on disk counts as absent.
    fn lookup(&self, field: &Field) -> Option<Cow<'_, Value>>;

    fn budget(&self) -> &QueryBudget;

    fn matches_all(&self, conditions: &[Condition]) -> bool {
        conditions.iter().all(|condition| self.matches(condition))
    }

    fn matches(&self, condition: &Condition) -> bool {
        match condition {
            Condition::Or(groups) => groups.iter().any(|group| self.matches_all(group)),
            Condition::And(groups) => groups.iter().all(|group| self.matches_all(group)),
            Condition::OneOf { field, among, negated } => equal(self.budget(), self.lookup(field).as_deref(), among) != *negated,
            Condition::Field(field, test, operand) => {
                let value = self.lookup(field);
                let value = value.as_deref();
                match test {
                    Test::Equal => equal(self.budget(), value, operand),
                    Test::NotEqual => !equal(self.budget(), value, operand),
                    Test::Less => compare(value, operand).is_some_and(Ordering::is_lt),
                    Test::LessOrEqual => compare(value, operand).is_some_and(Ordering::is_le),
                    Test::Greater => compare(value, operand).is_some_and(Ordering::is_gt),
                    Test::GreaterOrEqual => compare(value, operand).is_some_and(Ordering::is_ge),
                }
            }
        }
    }

    /// The key for sorting by this field.
    fn sort_key(&self, field: &Field) -> SortKey {
        let key = SortKey::of(self.lookup(field).as_deref());
        if let SortKey::Text(text) = &key {
            self.budget().spend(text.len() as u64 / 2);
        }
        key
    }
}

/// A list matches if one of its items does.
fn equal(budget: &QueryBudget, value: Option<&Value>, wanted: &impl QueryValue) -> bool {
    if !budget.spend(1) {
        return false;
    }
    match value {
        None | Some(Value::Null) => wanted.word("null"),
        Some(Value::Bool(value)) => wanted.word(if *value { "true" } else { "false" }),
        Some(Value::String(value)) => wanted.word(value),
        Some(Value::Number(value)) => wanted.number(ExactNumber::of(value)),
        Some(Value::Array(items)) => items.iter().any(|item| equal(budget, Some(item), wanted)),
        Some(Value::Object(_)) => false,
    }
}

/// A cell under test, with its value once that is parsed.
pub struct CandidateCell<'a> {
    record: &'a Record,
    value: OnceCell<Option<Value>>,
    budget: &'a QueryBudget,
}

/// The order of the grid, as [`Cell::compare`](crate::protocol::Cell::compare).
pub fn grid_order(a: &Record, b: &Record) -> Ordering {
    let order = |record: &Record| record.order().unwrap_or(f64::INFINITY);
    order(a).total_cmp(&order(b)).then(a.created_order.cmp(&b.created_order))
}

impl Field {
    pub fn new(name: &str) -> Self {
        let mut parts = name.split('.').map(str::to_owned);
        let head = parts.next().unwrap_or_default();
        Self { name: name.to_owned(), head, rest: parts.collect() }
    }

    /// The parts of the name behind the first one.
    pub fn rest(&self) -> &[String] {
        &self.rest
    }

    pub fn head(&self) -> &str {
        &self.head
    }

    /// Whether the value must be parsed for it.
    pub fn needs_value(&self) -> bool {
        self.head == "value"
    }
}

impl Operand {
    pub fn new(text: String) -> Self {
        Self { number: ExactNumber::parse(&text), text }
    }
}

impl ValueSet {
    pub fn of(texts: Vec<String>) -> Self {
        Self { numbers: texts.iter().filter_map(|text| ExactNumber::parse(text)).collect(), texts: texts.into_iter().collect() }
    }
}

impl Condition {
    pub fn needs_value(&self) -> bool {
        match self {
            Self::Field(field, ..) | Self::OneOf { field, .. } => field.needs_value(),
            Self::Or(groups) | Self::And(groups) => groups.iter().flatten().any(Self::needs_value),
        }
    }
}

/// A text of a query, compared with JSON of any type.
trait QueryValue {
    fn word(&self, word: &str) -> bool;
    fn number(&self, number: ExactNumber) -> bool;
}

impl QueryValue for Operand {
    fn word(&self, word: &str) -> bool {
        self.text == word
    }

    fn number(&self, number: ExactNumber) -> bool {
        self.number == Some(number)
    }
}

impl QueryValue for ValueSet {
    fn word(&self, word: &str) -> bool {
        self.texts.contains(word)
    }

    fn number(&self, number: ExactNumber) -> bool {
        self.numbers.contains(&number)
    }
}

impl<'a> CandidateCell<'a> {
    pub fn new(record: &'a Record, budget: &'a QueryBudget) -> Self {
        Self { record, value: OnceCell::new(), budget }
    }

    fn parse(&self) -> Option<Value> {
        let StoredValue::Inline(json) = &self.record.value else { return None };
        self.budget.spend(json.len() as u64 / 8).then(|| serde_json::from_str(json).ok()).flatten()
    }
}

impl QueryFields for CandidateCell<'_> {
    fn budget(&self) -> &QueryBudget {
        self.budget
    }

    fn lookup(&self, field: &Field) -> Option<Cow<'_, Value>> {
        let record = self.record;
        self.budget.spend(1);
        let root: Cow<Value> = match field.head.as_str() {
            "_id" => Cow::Owned(record.id.as_str().into()),
            "board" => Cow::Owned((*record.board).into()),
            "rev" => Cow::Owned(record.rev.into()),
            "createdAt" => Cow::Owned(timestamp(record.created_ms).into()),
            "updatedAt" => Cow::Owned(timestamp(record.updated_ms).into()),
            "value" => Cow::Borrowed(self.value.get_or_init(|| self.parse()).as_ref()?),
            // A key may contain a dot.
            _ => match record.keys.get(&field.name) {
                Some(whole) => return Some(Cow::Borrowed(whole)),
                None => Cow::Borrowed(record.keys.get(&field.head)?),
            },
        };
        if field.rest.is_empty() {
            return Some(root);
        }
        let Cow::Borrowed(mut at) = root else { return None };
        for part in &field.rest {
            at = match at {
                Value::Object(keys) => keys.get(part)?,
                Value::Array(items) => items.get(part.parse::<usize>().ok()?)?,
                _ => return None,
            };
        }
        Some(Cow::Borrowed(at))
    }
}

fn compare(value: Option<&Value>, operand: &Operand) -> Option<Ordering> {
    match value? {
        Value::Number(value) => Some(ExactNumber::of(value).cmp(&operand.number?)),
        Value::String(value) => Some(value.as_str().cmp(&operand.text)),
        _ => None,
    }
}

/// A sort key. Types are ordered as in NeDB.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SortKey {
    Absent,
    Null,
    Number(ExactNumber),
    Text(String),
    Bool(bool),
    List,
    Object,
}

impl SortKey {
    pub fn of(value: Option<&Value>) -> Self {
        match value {
            None => Self::Absent,
            Some(Value::Null) => Self::Null,
            Some(Value::Number(number)) => Self::Number(ExactNumber::of(number)),
            Some(Value::String(text)) => Self::Text(text.clone()),
            Some(Value::Bool(flag)) => Self::Bool(*flag),
            Some(Value::Array(_)) => Self::List,
            Some(Value::Object(_)) => Self::Object,
        }
    }
}
