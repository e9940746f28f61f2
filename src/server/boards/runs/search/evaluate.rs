//! Tests a run, in the logic of SQL: a condition on a key that the run does not have is neither true
//! nor false, and stays so when it is negated.

use std::borrow::Cow;
use std::cell::Cell;
use std::cmp::Ordering;

use serde_json::Value;

use super::operand::{Comparison, Operand};
use super::{Expression, RunField, RunFields};
use crate::protocol::{ApiError, ErrorKind};
use crate::server::boards::query::number::ExactNumber;

/// Steps of looking up a metric.
const METRIC_COST: u64 = 4;
/// Steps of a key that is derived from times: they are parsed.
const DERIVED_COST: u64 = 20;

/// Steps of looking up a key of documents.
pub fn document_key_cost(key: &str) -> u64 {
    match key {
        "took" | "age" | "state" | "silentSince" | "heartbeatAt" | "createdAt" | "updatedAt" => DERIVED_COST,
        _ => 1,
    }
}

/// The steps that a search may take over all runs: a comparison is one, a pattern several for each
/// byte of a text.
pub struct SearchBudget(Cell<u64>);

impl SearchBudget {
    /// For all runs of a board: about a second.
    pub fn whole() -> Self {
        Self(Cell::new(50_000_000))
    }

    /// For the runs that changed since a search ran, in the writer: about 50 ms.
    pub fn in_writer() -> Self {
        Self(Cell::new(2_000_000))
    }

    fn spend(&self, steps: u64) -> bool {
        let left = self.0.get().checked_sub(steps);
        self.0.set(left.unwrap_or(0));
        left.is_some()
    }

    #[cfg(test)]
    pub fn left(&self) -> u64 {
        self.0.get()
    }

    pub fn is_spent(&self) -> bool {
        self.0.get() == 0
    }

    /// 400 once the budget is spent.
    pub fn check(&self) -> Result<(), ApiError> {
        if !self.is_spent() {
            return Ok(());
        }
        Err(ErrorKind::BadRequest
            .with("The search looks at more than it may: use fewer or simpler patterns, or fewer conditions.")
            .at("q", "costs too much"))
    }
}

/// `None`: the run does not have a key that decides.
pub(super) fn evaluate(expression: &Expression<RunField>, run: &impl RunFields, budget: &SearchBudget) -> Option<bool> {
    match expression {
        Expression::All(parts) => fold(parts, run, budget, true),
        Expression::Any(parts) => fold(parts, run, budget, false),
        Expression::Not(part) => evaluate(part, run, budget).map(|matches| !matches),
        Expression::Text(test) => {
            let matches = |key: &str| {
                let value = run.document(key);
                let text = value.as_deref().and_then(Value::as_str).unwrap_or_default();
                budget.spend(test.cost(text)) && test.matches(text)
            };
            Some(matches("name") || matches("_id"))
        }
        Expression::Compare(field, comparison, operand) => {
            let cost = match field {
                RunField::Document(_) if field.is_status() => DERIVED_COST,
                RunField::Document(key) => document_key_cost(key),
                RunField::Config(_) => 1,
                RunField::Metric(..) => METRIC_COST,
            };
            if !budget.spend(cost) {
                return None;
            }
            match field {
                RunField::Document(_) if field.is_status() => {
                    let is_one = |word: &str| compare(&word.into(), *comparison, operand, budget) == Some(true);
                    Some(run.statuses().into_iter().any(is_one))
                }
                RunField::Document(key) => compare(&*run.document(key)?, *comparison, operand, budget),
                RunField::Config(key) => compare(&*run.config(key)?, *comparison, operand, budget),
                RunField::Metric(name, statistic) => compare_real(run.metric(name, *statistic)?, *comparison, operand),
            }
        }
        Expression::Has(field) => Some(field.as_ref().is_some_and(|field| has(field, run))),
    }
}

/// Whether a condition holds for a status.
pub(super) fn is_status(word: &str, comparison: Comparison, operand: &Operand) -> bool {
    compare(&word.into(), comparison, operand, &SearchBudget::whole()) == Some(true)
}

fn has(field: &RunField, run: &impl RunFields) -> bool {
    let is_set = |value: Option<Cow<Value>>| match value.as_deref() {
        None | Some(Value::Null) => false,
        Some(Value::Array(items)) => !items.is_empty(),
        Some(_) => true,
    };
    match field {
        RunField::Document(key) => is_set(run.document(key)),
        RunField::Config(key) => run.config(key).is_some(),
        RunField::Metric(name, statistic) => run.metric(name, *statistic).is_some(),
    }
}

/// All of the parts, or any of them: `decides` is the result of a part that settles it.
fn fold(parts: &[Expression<RunField>], run: &impl RunFields, budget: &SearchBudget, is_all: bool) -> Option<bool> {
    let mut is_known = true;
    for part in parts {
        match evaluate(part, run, budget) {
            Some(matches) if matches != is_all => return Some(matches),
            Some(_) => {}
            None => is_known = false,
        }
    }
    is_known.then_some(is_all)
}

fn compare(value: &Value, comparison: Comparison, operand: &Operand, budget: &SearchBudget) -> Option<bool> {
    match value {
        Value::Array(items) => {
            budget.spend(items.len() as u64);
            Some(items.iter().any(|item| compare(item, comparison, operand, budget) == Some(true)))
        }
        Value::Object(_) => None,
        Value::Null => is_equality(comparison).then(|| matches!(&*operand.lower, "null" | "none")),
        Value::Bool(flag) => is_equality(comparison).then(|| operand.lower == if *flag { "true" } else { "false" }),
        Value::Number(number) => match &operand.pattern {
            Some(pattern) => Some(pattern.matches(&number.to_string())),
            None if is_equality(comparison) => Some(operand.number == Some(ExactNumber::of(number))),
            None => Some(ordered(ExactNumber::of(number).cmp(&operand.number?), comparison)),
        },
        // Reading the text costs as its length, whatever it is compared with.
        Value::String(text) if !budget.spend(text.len() as u64 / 8) => None,
        Value::String(text) => match (comparison, &operand.pattern) {
            (Comparison::Matches, Some(pattern)) => Some(budget.spend(pattern.cost(text)) && pattern.matches(text)),
            (Comparison::Matches, None) if text.is_ascii() => Some(text.eq_ignore_ascii_case(&operand.lower)),
            (Comparison::Matches, None) => Some(text.to_lowercase() == operand.lower),
            (Comparison::Equal, _) => Some(*text == operand.text),
            // A number is compared with numbers; other texts, such as times, by their characters.
            _ => match (operand.number, ExactNumber::parse(text)) {
                (Some(operand), Some(number)) => Some(ordered(number.cmp(&operand), comparison)),
                (Some(_), None) => None,
                (None, _) => Some(ordered(text.as_str().cmp(&operand.text), comparison)),
            },
        },
    }
}

fn is_equality(comparison: Comparison) -> bool {
    matches!(comparison, Comparison::Matches | Comparison::Equal)
}

fn ordered(order: Ordering, comparison: Comparison) -> bool {
    match comparison {
        Comparison::Matches | Comparison::Equal => order.is_eq(),
        Comparison::Less => order.is_lt(),
        Comparison::LessOrEqual => order.is_le(),
        Comparison::Greater => order.is_gt(),
        Comparison::GreaterOrEqual => order.is_ge(),
    }
}

/// NaN equals NaN and is neither less nor greater than a number.
fn compare_real(value: f64, comparison: Comparison, operand: &Operand) -> Option<bool> {
    let Some(wanted) = operand.real else { return is_equality(comparison).then_some(false) };
    Some(match value.partial_cmp(&wanted) {
        Some(order) => ordered(order, comparison),
        None => is_equality(comparison) && value.is_nan() && wanted.is_nan(),
    })
}
