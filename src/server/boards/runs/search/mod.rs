//! The search language of runs: `lr<0.01 tag:ok -status:failed val/acc.max>=0.9 /^vit/ (model=a | model=b)`.
//!
//! A search is parsed ([`parse()`]), its names are looked up among the keys of a board
//! ([`ParsedSearch::resolve`]), and each run is tested ([`Search::matches`]). This module is pure: a board
//! gives its keys by [`KeyCatalog`], a run its values by [`RunFields`].

mod evaluate;
mod key;
mod operand;
mod parse;
mod status;
mod suggest;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value;

pub use evaluate::{SearchBudget, document_key_cost};
pub use key::{RunField, Statistic};
pub use parse::parse;
pub use status::{DIVERGED, SILENCES};

use crate::protocol::{ApiError, ErrorData, ErrorKind};
use key::KeyName;
use operand::{Comparison, Operand, TextTest};

/// The keys of a board, to look up the names of a search.
pub trait KeyCatalog {
    /// Whether documents of runs may have this key (`status`, `git.commit`).
    fn has_document_key(&self, key: &str) -> bool;
    /// Whether the configuration of a run has this key; `opt.lr` is `lr` within `opt`.
    fn has_config_key(&self, key: &str) -> bool;
    /// Whether a run has logged this metric.
    fn has_metric(&self, name: &str) -> bool;
    /// Whether all runs that have this key of the configuration have a number there.
    fn is_numeric(&self, key: &str) -> bool;
    /// All names, for the suggestions of an error: `status`, `config.lr`, `metrics.loss`.
    fn names(&self) -> Vec<String>;
}

/// The values of a run, by the keys of its board. `None`: the run does not have the key.
pub trait RunFields {
    fn document(&self, key: &str) -> Option<Cow<'_, Value>>;
    /// What the key `status` is compared with: the status, whether the run has fallen silent, and whether it has diverged.
    fn statuses(&self) -> Vec<&str>;
    fn config(&self, key: &str) -> Option<Cow<'_, Value>>;
    /// A statistic of a metric over the run's curve; it may be NaN or infinite.
    fn metric(&self, name: &str, statistic: Statistic) -> Option<f64>;
}

/// A condition of a search. `K` is a name as it was written, or the field that it stands for.
#[derive(Clone, Debug)]
enum Expression<K> {
    All(Vec<Expression<K>>),
    Any(Vec<Expression<K>>),
    Not(Box<Expression<K>>),
    /// The name or the id of the run.
    Text(TextTest),
    Compare(K, Comparison, Operand),
    /// Whether the run has the key; `None`: no run of the board has it.
    Has(Option<K>),
}

/// A parsed search, whose names are not looked up yet.
#[derive(Clone, Debug)]
pub struct ParsedSearch(Expression<KeyName>);

/// A search over the runs of one board. The default matches every run.
#[derive(Clone, Debug)]
pub struct Search {
    expression: Expression<RunField>,
    /// The field of each name, as it was written.
    pub resolved: BTreeMap<String, RunField>,
}

impl Default for Search {
    fn default() -> Self {
        Self { expression: Expression::All(Vec::new()), resolved: BTreeMap::new() }
    }
}

impl ParsedSearch {
    /// Looks up the names. Error: no run of the board has such a key; the error suggests similar ones.
    pub fn resolve(self, keys: &impl KeyCatalog) -> Result<Search, SearchError> {
        let mut resolved = BTreeMap::new();
        let expression = resolve(self.0, keys, &mut resolved)?;
        Ok(Search { expression, resolved })
    }
}

impl ParsedSearch {
    /// The search without its conditions on the status alone, however they are written; `None` if it has none.
    pub fn without_status(&self) -> Option<Self> {
        let mut conditions = Vec::new();
        add_conditions(&self.0, false, &mut conditions);
        let count = conditions.len();
        conditions.retain(|condition| !is_of_status(condition));
        (conditions.len() < count).then_some(Self(Expression::All(conditions)))
    }

    /// Whether a condition on the status holds for one of these words.
    pub fn asks_for_status(&self, words: &[&str]) -> bool {
        fn asks(expression: &Expression<KeyName>, words: &[&str]) -> bool {
            match expression {
                Expression::All(parts) | Expression::Any(parts) => parts.iter().any(|part| asks(part, words)),
                Expression::Not(part) => asks(part, words),
                Expression::Compare(name, comparison, operand) => {
                    name.is_status() && words.iter().any(|word| evaluate::is_status(word, *comparison, operand))
                }
                Expression::Text(_) | Expression::Has(_) => false,
            }
        }
        asks(&self.0, words)
    }

    /// Whether a name is one of these, whatever its space.
    pub fn names_one_of(&self, names: &[&str]) -> bool {
        fn is_in(expression: &Expression<KeyName>, names: &[&str]) -> bool {
            match expression {
                Expression::All(parts) | Expression::Any(parts) => parts.iter().any(|part| is_in(part, names)),
                Expression::Not(part) => is_in(part, names),
                Expression::Text(_) | Expression::Has(None) => false,
                Expression::Compare(name, ..) | Expression::Has(Some(name)) => names.contains(&name.bare()),
            }
        }
        is_in(&self.0, names)
    }
}

/// The conditions that all must hold: `a -(b | c)` is `a`, `-b` and `-c`.
fn add_conditions(expression: &Expression<KeyName>, is_negated: bool, found: &mut Vec<Expression<KeyName>>) {
    match (expression, is_negated) {
        (Expression::All(parts), false) | (Expression::Any(parts), true) => {
            parts.iter().for_each(|part| add_conditions(part, is_negated, found));
        }
        (Expression::Not(part), _) => add_conditions(part, !is_negated, found),
        (other, false) => found.push(other.clone()),
        (other, true) => found.push(Expression::Not(Box::new(other.clone()))),
    }
}

/// Whether it depends on the status of a run alone.
fn is_of_status(condition: &Expression<KeyName>) -> bool {
    match condition {
        Expression::All(parts) | Expression::Any(parts) => !parts.is_empty() && parts.iter().all(is_of_status),
        Expression::Not(part) => is_of_status(part),
        Expression::Compare(name, ..) => name.is_status(),
        Expression::Text(_) | Expression::Has(_) => false,
    }
}

impl Search {
    /// Whether the run matches. After the last run, check that the budget is not spent.
    pub fn matches(&self, run: &impl RunFields, budget: &SearchBudget) -> bool {
        evaluate::evaluate(&self.expression, run, budget) == Some(true)
    }

    /// Whether every run matches.
    pub fn is_empty(&self) -> bool {
        matches!(&self.expression, Expression::All(parts) if parts.is_empty())
    }
}

fn resolve(
    expression: Expression<KeyName>,
    keys: &impl KeyCatalog,
    resolved: &mut BTreeMap<String, RunField>,
) -> Result<Expression<RunField>, SearchError> {
    let mut all = |parts: Vec<_>| parts.into_iter().map(|part| resolve(part, keys, resolved)).collect::<Result<Vec<_>, _>>();
    Ok(match expression {
        Expression::All(parts) => Expression::All(all(parts)?),
        Expression::Any(parts) => Expression::Any(all(parts)?),
        Expression::Not(part) => Expression::Not(Box::new(resolve(*part, keys, resolved)?)),
        Expression::Text(test) => Expression::Text(test),
        Expression::Compare(name, comparison, operand) => {
            let field = name.resolve(keys)?;
            operand.check(&field, comparison, keys)?;
            resolved.insert(name.written, field.clone());
            Expression::Compare(field, comparison, operand)
        }
        Expression::Has(name) => {
            let field = name.as_ref().and_then(|name| name.find(keys));
            if let (Some(name), Some(field)) = (name, &field) {
                resolved.insert(name.written, field.clone());
            }
            Expression::Has(field)
        }
    })
}

/// The field of a name, such as a key to sort by. The error suggests similar ones.
pub fn resolve_name(name: &str, keys: &impl KeyCatalog) -> Result<RunField, SearchError> {
    parse::parse_name(name)?.resolve(keys)
}

/// Whether a name, such as a key to sort by, is one of these, whatever its space and quotes.
pub fn is_one_of(name: &str, names: &[&str]) -> bool {
    parse::parse_name(name).is_ok_and(|name| names.contains(&name.bare()))
}

/// What is wrong with a search or a name.
#[derive(Clone, Debug, PartialEq)]
pub struct SearchError {
    /// Of the place, in characters from 1.
    column: usize,
    /// Ends a sentence.
    rule: String,
    /// Names that could stand there instead.
    near: Vec<String>,
}

impl SearchError {
    fn new(column: usize, rule: impl Into<String>) -> Self {
        Self { column, rule: rule.into(), near: Vec::new() }
    }

    fn with_near(self, near: Vec<String>) -> Self {
        Self { near, ..self }
    }

    /// 400 for the parameter of a query that holds the search or the name.
    pub fn in_parameter(self, parameter: &str) -> ApiError {
        let Self { column, rule, near } = self;
        let field_rule = format!("column {column}: {rule}");
        let error = ErrorKind::BadRequest.with(format!("'{parameter}' has an error in column {column}: {rule}.")).at(parameter, field_rule);
        ApiError { data: Box::new(ErrorData { column: u32::try_from(column).ok(), near, ..ErrorData::default() }), ..error }
    }
}
