//! The order of the rows of a table.

use std::cmp::Reverse;
use std::collections::HashMap;

use serde_json::Value;

use super::FoundGroups;
use super::group_cells::group_cells;
use super::membership::RunGroup;
use super::query::RunGroupsQuery;
use crate::protocol::{ApiError, Direction, ErrorKind, GroupCell, GroupRow, Verdict};
use crate::server::boards::query::filter::SortKey;
use crate::server::boards::query::number::ExactNumber;
use crate::server::boards::runs::search::RunField;
use crate::server::cpu_pool::CancelFlag;
use crate::server::store::Store;

const COLUMNS: [&str; 13] =
    ["label", "index", "runs", "used", "running", "failed", "diverged", "mean", "std", "half_width", "last_step", "difference", "verdict"];

/// The columns to sort by, each with whether it descends.
pub struct RowOrder<'a> {
    pub columns: &'a [(String, bool)],
    pub direction: Option<Direction>,
    /// Names of the keys that are grouped by, and of the secondary metrics: they are columns, too.
    pub keys: &'a [String],
    pub secondary: &'a [String],
    pub further: &'a [SortedKey],
}

/// A key that is no column of the table, and what the members of each group have there.
pub struct SortedKey {
    /// As the query has it.
    name: String,
    pub key: String,
    /// In the order of the groups.
    cells: Vec<Option<GroupCell>>,
}

impl SortedKey {
    /// `fields`: each with its name in the query. 503 once the `client` has gone.
    pub fn read(fields: &[(String, RunField)], groups: &[RunGroup], client: &CancelFlag) -> Result<Vec<Self>, ApiError> {
        let read = |(name, field): &(String, RunField)| {
            let cell = |group| Ok(group_cells(group, std::slice::from_ref(field), client)?.pop().flatten());
            let cells = groups.iter().map(cell).collect::<Result<_, ApiError>>()?;
            Ok(Self { name: name.clone(), key: field.to_string(), cells })
        };
        fields.iter().map(read).collect()
    }

    /// How many groups have several values.
    pub fn mixed(&self) -> usize {
        self.cells.iter().filter(|cell| matches!(cell, Some(GroupCell::Distinct(_)))).count()
    }

    /// What all members of the group in this place have; nothing where they differ.
    fn shared_value(&self, place: usize) -> SortKey {
        match self.cells.get(place) {
            Some(Some(GroupCell::Value(value))) => SortKey::of(Some(value)),
            _ => SortKey::Absent,
        }
    }
}

/// Whether a name is a column of every table of groups.
fn is_column(name: &str) -> bool {
    COLUMNS.contains(&name)
}

/// The keys that rows are sorted by beside the columns of every table and the keys of `by`, each with its name in the query. A name that is no
/// key of the board has none.
pub fn sort_fields(
    (store, board): (&Store, &str),
    found: &FoundGroups,
    query: &RunGroupsQuery,
    is_public: bool,
) -> Vec<(String, RunField)> {
    let Some(first) = found.groups.first() else { return Vec::new() };
    let is_key = |name: &&String| {
        let is_secondary = |metric: &String| metric == *name || name.strip_prefix("metrics.") == Some(metric);
        !is_column(name) && !first.key.iter().any(|(key, _)| key == *name) && !query.secondary.iter().any(is_secondary)
    };
    let field = |name: &String| {
        let field = found.known.resolve(store, board, std::slice::from_ref(name), "sort", is_public).ok()?.pop();
        field.filter(|field| !matches!(field, RunField::Metric(..))).map(|field| (name.clone(), field))
    };
    query.sort.iter().map(|(name, _)| name).filter(is_key).filter_map(field).collect()
}

/// All rows have the same direction in one column.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Directed {
    Up(SortKey),
    Down(Reverse<SortKey>),
}

impl RowOrder<'_> {
    /// Sorts rows, which are in the order of the groups. Those without the value come last, and so do those whose members have
    /// several. Without columns, and among rows of one verdict or one value of a further key, the best mean is first; where no better end is
    /// known, the largest group. 400: there is no such column; a table without rows has all.
    pub fn sort(&self, rows: &mut [GroupRow]) -> Result<(), ApiError> {
        if rows.is_empty() {
            return Ok(());
        }
        let is_column =
            |name: &String| is_column(name) || self.keys.contains(name) || self.secondary(name).is_some() || self.further(name).is_some();
        if let Some((name, _)) = self.columns.iter().find(|(name, _)| !is_column(name)) {
            let name: String = name.chars().take(80).collect();
            let known = format!("known are {}, keys of configurations and of documents, and secondary metrics", COLUMNS.join(", "));
            return Err(ErrorKind::BadRequest.with(format!("'sort' names the column '{name}'; {known}.")).at("sort", known));
        }
        let by_default = match self.direction {
            Some(direction) => [("mean".to_owned(), direction == Direction::Max)],
            None => [("runs".to_owned(), true)],
        };
        let columns = if self.columns.is_empty() { &by_default } else { self.columns };
        // Many rows have the same verdict, and the same value of a key.
        let is_shared = columns.iter().any(|(name, _)| name == "verdict" || self.further(name).is_some());
        let further = if is_shared { &by_default[..] } else { &[] };
        // By the index, of which each group has one of its own: rows move while they are sorted.
        let places: HashMap<u32, usize> = rows.iter().enumerate().map(|(place, row)| (row.index, place)).collect();
        rows.sort_by_cached_key(|row| {
            let directed = columns.iter().chain(further).map(|(name, descends)| {
                let key = match self.further(name) {
                    Some(further) => further.shared_value(places[&row.index]),
                    None => self.key(row, name),
                };
                (key == SortKey::Absent, if *descends { Directed::Down(Reverse(key)) } else { Directed::Up(key) })
            });
            (directed.collect::<Vec<_>>(), row.index)
        });
        Ok(())
    }

    /// The place of the secondary metric of this name, or of `metrics.` and its name, which may be that of another column.
    fn secondary(&self, column: &str) -> Option<usize> {
        let is_named = |name: &str| self.secondary.iter().position(|metric| metric == name);
        is_named(column).or_else(|| is_named(column.strip_prefix("metrics.")?))
    }

    fn further(&self, column: &str) -> Option<&SortedKey> {
        self.further.iter().find(|further| further.name == column)
    }

    fn key(&self, row: &GroupRow, column: &str) -> SortKey {
        let count = |count: u32| SortKey::Number(ExactNumber::Whole(count.into()));
        let number = |number: Option<f64>| number.map_or(SortKey::Absent, |number| SortKey::Number(ExactNumber::of_double(number)));
        match column {
            "label" => SortKey::of(Some(&Value::String(row.label.clone()))),
            "index" => count(row.index),
            "runs" => count(row.runs),
            "used" => count(row.used),
            "running" => count(row.running),
            "failed" => count(row.failed),
            "diverged" => count(row.diverged),
            "mean" => number(row.mean),
            "std" => number(row.std),
            "half_width" => number(row.half_width),
            "last_step" => number(row.last_steps.map(|(_, last)| last)),
            "difference" => number(row.difference.map(|difference| difference.value)),
            "verdict" => verdict_rank(row.verdict).map_or(SortKey::Absent, count),
            column if self.keys.iter().any(|key| key == column) => SortKey::of(row.key.get(column)),
            column => number(self.secondary(column).and_then(|at| row.secondary.get(at)?.mean)),
        }
    }
}

/// From what is worse to what is better; in between what is not known, the less the lower. `None`: nothing was compared.
fn verdict_rank(verdict: Verdict) -> Option<u32> {
    match verdict {
        Verdict::None => None,
        Verdict::Worse => Some(0),
        Verdict::NotComparable => Some(1),
        Verdict::TooEarly => Some(2),
        Verdict::CannotTell => Some(3),
        Verdict::Baseline => Some(4),
        Verdict::Better => Some(5),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn verdicts_ascend_from_worse_to_better_and_their_rows_by_the_mean() {
        let row = |(index, (verdict, mean)): (usize, (Verdict, f64))| -> GroupRow {
            let row = json!({
                "id": "g5cb445967725", "index": index, "label": "", "key": {}, "cells": [], "mixed": {}, "runs": 3, "ids": [], "used": 3, "running": 0, "failed": 0,
                "diverged": 0, "non_finite": 0, "without": 0, "mean": mean, "std": null, "half_width": null, "last_steps": null, "secondary": [],
                "is_baseline": false, "difference": null, "verdict": verdict, "is_best": false, "notes": []
            });
            serde_json::from_value(row).unwrap()
        };
        let verdicts = [
            (Verdict::None, 9.0),
            (Verdict::Worse, 0.5),
            (Verdict::Better, 0.3),
            (Verdict::Baseline, 0.4),
            (Verdict::Better, 0.2),
            (Verdict::TooEarly, 0.1),
            (Verdict::CannotTell, 0.4),
            (Verdict::NotComparable, 0.1),
        ];
        let sorted = |descends| {
            let mut rows: Vec<GroupRow> = verdicts.into_iter().enumerate().map(row).collect();
            let columns = [("verdict".to_owned(), descends)];
            RowOrder { columns: &columns, direction: Some(Direction::Min), keys: &[], secondary: &[], further: &[] }
                .sort(&mut rows)
                .unwrap();
            rows.iter().map(|row| row.index).collect::<Vec<_>>()
        };
        assert_eq!((sorted(true), sorted(false)), (vec![4, 2, 3, 6, 5, 7, 1, 0], vec![1, 7, 5, 6, 3, 4, 2, 0]));
    }

    #[test]
    fn a_secondary_metric_may_have_the_name_of_a_column() {
        let secondary = ["mean".to_owned(), "loss".to_owned()];
        let order = RowOrder { columns: &[], direction: None, keys: &[], secondary: &secondary, further: &[] };
        assert_eq!(["metrics.mean", "loss", "metrics.loss", "acc"].map(|name| order.secondary(name)), [Some(0), Some(1), Some(1), None]);
    }
}
