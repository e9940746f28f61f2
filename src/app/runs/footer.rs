//! The last line of the panel: which runs are drawn and why, archived runs, and deletions that can be undone.

use leptos::prelude::*;

use super::diff::{Compared, DiffColumns};
use super::requests::csv_link;
use super::rules::show_text;
use crate::app::erased::Erase;
use crate::app::state::use_dashboard;
use crate::browser::dom;

#[component]
pub fn Footer(compared: Compared) -> impl IntoView {
    let dashboard = use_dashboard();
    let runs = dashboard.runs;
    let is_archived = move || runs.comparison.with(|comparison| comparison.is_archived);
    let rule = move || {
        if let Some(hint) = runs.hint.get() {
            return hint.to_owned();
        }
        let (total, archived, groups) = runs.rows.with(|rows| {
            let table = &rows.table;
            (table.total.max(rows.count() as u32), table.archived, rows.groups.is_some())
        });
        if is_archived() {
            return if total == 0 { "No archived run is found." } else { "These runs are archived." }.to_owned();
        }
        if !runs.has_any() {
            let word = if archived > 0 { "All runs are archived." } else { "All runs are deleted." };
            return word.to_owned();
        }
        if total == 0 {
            return "No run matches the search.".to_owned();
        }
        if groups {
            return String::new();
        }
        let drawn = runs.drawn.with(Vec::len);
        let rule = runs.comparison.with(|comparison| show_text(&comparison.show));
        if drawn as u32 == total { String::new() } else { [&drawn.to_string(), " of ", &total.to_string(), " shown: ", &rule].concat() }
    };
    let archived = move || {
        let archived = runs.rows.with(|rows| rows.table.archived);
        if is_archived() { "Back to runs".to_owned() } else { [&archived.to_string(), " archived"].concat() }
    };
    let has_archived = move || is_archived() || runs.rows.with(|rows| rows.table.archived > 0);
    let toggle_archived = move |_| {
        runs.selected.set(Vec::new());
        runs.update_comparison(|comparison| comparison.is_archived ^= true);
    };
    let undo = move || {
        let deletion = runs.deletions.with(|list| list.last().cloned())?;
        Some(view! {
            <span>
                {["Deleted ", &deletion.name, ". "].concat()}
                <button type="button" on:click=move |_| dashboard.restore_runs(&deletion)>
                    "Undo"
                </button>
            </span>
        })
    };
    let compare = move || {
        let columns = DiffColumns::of_groups(dashboard)?;
        Some(view! {
            <button type="button" class="quiet" on:click=move |_| compared.set(Some(columns.clone()))>
                "Compare configurations"
            </button>
        })
    };
    let copy_csv = move |_| {
        let link = runs.comparison.with_untracked(|comparison| csv_link(&dashboard.page().board, comparison));
        dashboard.copy(dom::root() + &link, "the link to the CSV");
    };
    let copy_link = move |_| {
        if let Ok(link) = window().location().href() {
            dashboard.copy(link, "the link to this view");
        }
    };
    view! {
        <div class="runs-footer">
            <span role="status">{rule}</span>
            {undo}
            <button type="button" class="quiet" hidden=move || !has_archived() on:click=toggle_archived>
                {archived}
            </button>
            {compare}
            <button
                type="button"
                class="quiet"
                title="Copy the link to this view: search, groups, baseline, what is hidden for you, and zoom"
                on:click=copy_link
            >
                "Copy link"
            </button>
            <button type="button" class="quiet" title="Copy a link to these runs as CSV" on:click=copy_csv>
                "CSV"
            </button>
        </div>
    }
    .erase()
}
