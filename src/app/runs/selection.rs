//! The chosen runs, for actions on many.

use leptos::prelude::*;

use crate::app::state::{Dashboard, RowKey};
use crate::protocol::RunId;

/// Removes an item that is in the list, or adds it.
pub fn toggle_item<T: PartialEq>(list: &mut Vec<T>, item: T) {
    match list.iter().position(|known| *known == item) {
        Some(at) => drop(list.remove(at)),
        None => list.push(item),
    }
}

pub fn toggle(dashboard: Dashboard, id: &RunId) {
    dashboard.runs.selected.update(|selected| toggle_item(selected, id.clone()));
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
    runs.selected.update(|selected| {
        for id in between {
            if !selected.contains(&id) {
                selected.push(id);
            }
        }
    });
}
