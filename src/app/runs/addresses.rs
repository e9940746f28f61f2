//! The addresses of what is loaded beside the rows of all runs: those of a group, counts, the runs of the rule, a linked run, and colours.

use leptos::prelude::*;

use super::requests::RowQuery;
use crate::app::state::{RowKey, RowSection, RunRows, RunsState};
use crate::protocol::{GroupId, RunId};
use crate::routes::{encoded, of_runs};
use crate::sorting;

/// The address of the runs that the rule shows; `None` if the events of the page are enough.
pub fn rule_address(board: &str, runs: RunsState, query: &RowQuery) -> Option<String> {
    runs.comparison.with_untracked(|comparison| Some(query.of_rule(board, &comparison.show, RunsState::rule_limit(comparison)?)))
}

/// The address of the run that the board is narrowed to; `None` if the list or a loaded row has it.
pub fn linked_address(board: &str, runs: RunsState) -> Option<String> {
    let id = runs.comparison.with_untracked(|comparison| comparison.run.clone())?;
    let is_known =
        runs.list.with_untracked(|list| list.get(&id).is_some()) || runs.rows.with_untracked(|rows| rows.runs().any(|run| run.id == id));
    (!is_known).then(|| of_runs(board, "run-table", &["$limit=1&archived=true&columns=run.name&runs=", id.as_str()].concat()))
}

/// The address of the colours of the runs that are drawn and of those in sight; `None` if each has its own.
pub fn colours_address(board: &str, runs: RunsState, rows: &RunRows, window: std::ops::Range<usize>) -> Option<String> {
    let by = runs.comparison.with_untracked(|comparison| comparison.colour_by.clone().filter(|_| comparison.by.is_empty()))?;
    let mut ids = runs.drawn.get_untracked();
    let in_sight = window.filter_map(|index| match rows.key(index)? {
        RowKey::Run(id) => Some(id),
        _ => None,
    });
    for id in in_sight {
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    // The same runs have the same address, in whatever order the table has them.
    let mut ids: Vec<&str> = ids.iter().map(RunId::as_str).collect();
    sorting::sort_by(&mut ids, |a, b| a.cmp(b));
    let ids = ids.join(",");
    (!ids.is_empty()).then(|| of_runs(board, "run-colours", &["by=", &encoded(&by), "&runs=", &ids].concat()))
}

/// The address of the counts and columns beside groups.
pub fn counts_address(board: &str, query: &RowQuery) -> String {
    query.table(board, None, "", 0, 1)
}

/// The address of a page of a group's runs, with the columns of the table. `None`: the group is not there.
pub fn members_address(board: &str, rows: &RunRows, query: &RowQuery, id: GroupId, page: usize) -> Option<String> {
    let group = rows.sections.iter().find_map(|section| section.group.as_ref().filter(|group| group.id == id))?;
    Some(query.table(board, Some(group), &column_keys(rows), page * RowSection::PAGE, RowSection::PAGE))
}

/// The keys of all columns, so that members of every group have the same ones.
fn column_keys(rows: &RunRows) -> String {
    rows.table.columns.iter().map(|column| column.key.as_str()).collect::<Vec<_>>().join(",")
}
