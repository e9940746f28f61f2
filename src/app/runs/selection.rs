//! The chosen runs, for actions on many.

use leptos::prelude::*;

use crate::app::signals::SetIfChanged;
use crate::app::state::{Dashboard, RowKey, RunsState};
use crate::protocol::RunId;

/// Removes an item that is in the list, or adds it.
pub fn toggle_item<T: PartialEq>(list: &mut Vec<T>, item: T) {
    match list.iter().position(|known| *known == item) {
        Some(at) => drop(list.remove(at)),
        None => list.push(item),
    }
}

pub fn toggle(dashboard: Dashboard, id: &RunId) {
    let runs = dashboard.runs;
    if runs.is_all_selected.get_untracked() {
        // One of all is left out: the others are those whose rows are loaded now.
        select_all(runs, true);
        runs.is_all_selected.set(false);
        return runs.selected.update(|selected| selected.retain(|known| known != id));
    }
    runs.selected.update(|selected| toggle_item(selected, id.clone()));
}

/// Chooses all runs that were found, or none.
pub fn select_all(runs: RunsState, is_all: bool) {
    let all = || runs.rows.with_untracked(|rows| rows.runs().map(|run| run.id.clone()).collect());
    runs.selected.set(if is_all { all() } else { Vec::new() });
    runs.is_all_selected.set_if_changed(is_all);
}

/// Whether all that were found are chosen: not after the last one has been left out. Tracks them.
pub fn is_all_selected(runs: RunsState) -> bool {
    runs.is_all_selected.get() && !runs.selected.with(Vec::is_empty)
}

/// Whether a run is among the chosen ones. Tracks them.
pub fn is_selected(runs: RunsState, id: &RunId) -> bool {
    let is_all = is_all_selected(runs);
    is_all || runs.selected.with(|selected| selected.contains(id))
}

/// Chooses the rows from the one that was chosen last to this one.
pub fn extend_to(dashboard: Dashboard, id: &RunId) {
    let runs = dashboard.runs;
    let from = runs.selected.get_untracked().last().cloned();
    let between = runs.rows.with_untracked(|rows| {
        let index = |id: &RunId| Some(rows.index(rows.find(&RowKey::Run(id.clone()))?));
        let (to, from) = (index(id)?, index(&from?)?);
        let key = |index: usize| match rows.key(index) {
            Some(RowKey::Run(id)) => Some(id),
            _ => None,
        };
        Some((from.min(to)..=from.max(to)).filter_map(key).collect::<Vec<_>>())
    });
    let Some(between) = between else { return toggle(dashboard, id) };
    runs.is_all_selected.set_if_changed(false);
    runs.selected.update(|selected| {
        for id in between {
            if !selected.contains(&id) {
                selected.push(id);
            }
        }
    });
}
