//! The last line of the panel: which runs are drawn and why, archived runs, and deletions that can be undone.

use leptos::prelude::*;

use super::columns::columns_of;
use super::diff::{Compared, DiffColumns};
use super::requests::{file_link, groups_file_link};
use super::rules::show_text;
use crate::app::erased::Erase;
use crate::app::state::{ColumnList, use_dashboard};
use crate::browser::dom;
use crate::protocol::RunId;
use crate::protocol::groups::Band;

/// `20 of 31 shown: newest 20`; nothing where all are shown. `beside`: pinned runs beside those of the rule.
fn shown_text(shown: usize, total: usize, rule: &str, beside: usize) -> String {
    let pinned = if beside > 0 { [", and ", &beside.to_string(), " pinned"].concat() } else { String::new() };
    if shown == total && beside == 0 {
        return String::new();
    }
    [&shown.to_string(), " of ", &total.to_string(), " shown: ", rule, &pinned].concat()
}

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
        // Pinned runs are drawn, whether the rule finds them or not.
        let is_beside = |id: &RunId| {
            let is_pinned = runs.comparison.with(|comparison| comparison.pinned.iter().any(|pinned| pinned == id.as_str()));
            is_pinned && runs.found.with(|found| found.as_ref().is_some_and(|found| found.iter().all(|run| run.id != *id)))
        };
        let beside = runs.drawn.with(|drawn| drawn.iter().filter(|id| is_beside(id)).count());
        shown_text(drawn - beside, total as usize, &rule, beside)
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
    // The table as it is shown: of groups, or of runs.
    let board = StoredValue::new(dashboard.page().board.clone());
    let of_groups = move |ending: &'static str| {
        let columns = runs.rows.with(|rows| columns_of(rows, &ColumnList::default(), Band::default()));
        let keys = columns.iter().filter(|column| column.of_group.is_some()).map(|column| column.key.as_str());
        board.with_value(|board| runs.comparison.with(|shown| groups_file_link(board, shown, keys, ending)))
    };
    let csv = move || of_groups("csv").unwrap_or_else(|| board.with_value(|board| runs.comparison.with(|shown| file_link(board, shown))));
    let latex = move || {
        of_groups("tex").map(|address| {
            view! {
                <button
                    type="button"
                    class="quiet"
                    title="The groups as a table of LaTeX (booktabs)"
                    on:click=move |_| dom::download(&address, "")
                >
                    "Save LaTeX"
                </button>
            }
        })
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
            <button
                type="button"
                class="quiet"
                title="The table as comma-separated values: of groups, or of all runs that are found"
                on:click=move |_| dom::download(&untrack(csv), "")
            >
                "Save CSV"
            </button>
            {latex}
        </div>
    }
    .erase_built()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pinned_run_is_counted_beside_the_rule() {
        assert_eq!(shown_text(20, 31, "newest 20", 0), "20 of 31 shown: newest 20");
        assert_eq!(shown_text(5, 5, "newest 20", 1), "5 of 5 shown: newest 20, and 1 pinned");
        assert_eq!(shown_text(5, 5, "newest 20", 0), "");
    }
}
