//! The query language of Feathers, in the bracket syntax of `qs`:
//! `?pos[$gt]=3&$or[0][name]=a&$sort[pos]=-1&$select[]=name`.

pub mod filter;
pub mod number;
mod parse;
pub mod selection;
#[cfg(test)]
mod tests;

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::value::RawValue;

use crate::protocol::ApiError;
use crate::server::store::{DAMAGED, Record};
use filter::{CandidateCell, Condition, Field, QueryBudget, QueryFields, SortKey, Test, grid_order};

/// Maximum estimated cost of a query that runs on the threads of requests: less than a millisecond.
const MAX_INLINE_COST: usize = 2000;
/// Estimated cost of parsing one value.
const PARSE_COST: usize = 100;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Query {
    filter: Arc<[Condition]>,
    sort: Vec<(Field, bool)>,
    select: Option<Vec<String>>,
    limit: Option<usize>,
    skip: usize,
    /// `$page=true`: the response is `{total, limit, skip, data}` instead of an array.
    pub paged: bool,
}

impl Query {
    /// Whether every cell matches: changing or removing many is an error then.
    pub fn is_empty(&self) -> bool {
        self.filter.is_empty()
    }

    /// Whether one cell matches. 400: the query costs too much.
    pub fn matches(&self, record: &Record) -> Result<bool, ApiError> {
        let budget = QueryBudget::one_cell();
        let matches = CandidateCell::new(record, &budget).matches_all(&self.filter);
        budget.check().map(|()| matches)
    }

    /// Whether one cell matches; `None` once the budget is spent.
    pub fn matches_within(&self, record: &Record, budget: &QueryBudget) -> Option<bool> {
        if self.board().is_some_and(|board| board != &*record.board) {
            return Some(false);
        }
        let matches = CandidateCell::new(record, budget).matches_all(&self.filter);
        (!budget.is_spent()).then_some(matches)
    }

    /// The board that the query is limited to, if it names one.
    pub fn board(&self) -> Option<&str> {
        self.filter.iter().find_map(|condition| match condition {
            Condition::Field(field, Test::Equal, board) if field.name == "board" => Some(board.text.as_str()),
            _ => None,
        })
    }

    /// Whether the query costs little on so many cells.
    pub fn is_cheap(&self, cells: usize) -> bool {
        let parses = self.filter.iter().any(Condition::needs_value) || self.sort.iter().any(|(field, _)| field.needs_value());
        let each = 1 + self.filter.len() + self.sort.len() + if parses { PARSE_COST } else { 0 };
        // A group may hold many conditions.
        let is_plain = self.filter.iter().all(|condition| matches!(condition, Condition::Field(..)));
        cells <= 1 || (is_plain && cells.saturating_mul(each) <= MAX_INLINE_COST)
    }

    /// Whether the response is a page of the result. Changes of many cells take no page.
    pub fn is_paged(&self) -> bool {
        self.limit.is_some() || self.skip > 0
    }

    /// The records that match, in order. Stops with none once `is_cancelled`. 400: the query costs
    /// more than the budget.
    pub fn select(
        &self,
        records: Vec<Arc<Record>>,
        budget: &QueryBudget,
        is_cancelled: impl Fn() -> bool,
    ) -> Result<Vec<Arc<Record>>, ApiError> {
        // Sort keys are looked up once for each record, while its parsed value is at hand.
        let mut found: Vec<(Vec<SortKey>, Arc<Record>)> = Vec::new();
        for record in records {
            let candidate = CandidateCell::new(&record, budget);
            let matches = candidate.matches_all(&self.filter);
            let keys = if matches { self.sort.iter().map(|(field, _)| candidate.sort_key(field)).collect() } else { Vec::new() };
            budget.check()?;
            drop(candidate);
            if matches {
                found.push((keys, record));
            }
            if is_cancelled() {
                return Ok(Vec::new());
            }
        }
        found.sort_by(|(a, one), (b, other)| {
            let turned = |(at, (_, descending)): (usize, &(Field, bool))| {
                let order = a[at].cmp(&b[at]);
                if *descending { order.reverse() } else { order }
            };
            let sorted = self.sort.iter().enumerate().map(turned).find(|order| order.is_ne());
            sorted.unwrap_or(Ordering::Equal).then_with(|| grid_order(one, other))
        });
        Ok(found.into_iter().map(|(_, record)| record).collect())
    }

    /// The conditions, all of which must hold.
    pub fn conditions(&self) -> &[Condition] {
        &self.filter
    }

    /// The fields of `$sort`, each with whether it descends.
    pub fn sort_fields(&self) -> &[(Field, bool)] {
        &self.sort
    }

    pub fn page<T>(&self, records: Vec<T>) -> impl Iterator<Item = T> {
        records.into_iter().skip(self.skip).take(self.limit.unwrap_or(usize::MAX))
    }

    /// `limit` and `skip` for the body of a page.
    pub fn bounds(&self, total: usize) -> (usize, usize) {
        (self.limit.unwrap_or(total), self.skip)
    }

    /// Whether `$select` includes the key.
    pub fn selects(&self, key: &str) -> bool {
        self.select.as_ref().is_none_or(|select| select.iter().any(|selected| selected == key || selected.starts_with(&format!("{key}."))))
    }

    /// Whether [`Self::project`] has anything to do.
    pub fn is_projection(&self) -> bool {
        self.select.is_some()
    }

    /// The document reduced to `$select` and `_id`, or as it is.
    pub fn project(&self, document: String) -> String {
        let Some(select) = &self.select else { return document };
        // Raw JSON: a number beyond f64 comes back as it was sent.
        let mut keys: BTreeMap<String, &RawValue> = serde_json::from_str(&document).unwrap_or_default();
        let has_value = self.selects("value");
        keys.retain(|key, _| key == "_id" || (key == DAMAGED && has_value) || select.iter().any(|selected| selected == key));
        serde_json::to_string(&keys).unwrap_or_default()
    }
}
