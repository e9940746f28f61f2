//! The runs of the board: what the page knows of them, how they are compared, and which are drawn.

use leptos::prelude::*;

use super::Dashboard;
use super::comparison::{Comparison, ShowRule};
use super::run_colours::RunColours;
use super::run_rows::{RowKey, RunRows};
use super::runs_drawn::{DrawnQuery, drawn_runs, in_table_order};
use crate::protocol::{Run, RunEvent, RunId, RunList, RunListChange};

/// What was deleted here, and can be brought back.
#[derive(Clone, Debug, PartialEq)]
pub struct Deletion {
    /// The name of the run, or how many there were.
    pub name: String,
    /// The address of the POST that brings it back.
    pub restore: String,
}

#[derive(Clone, Copy)]
pub struct RunsState {
    /// The newest runs, as the events have made them.
    pub list: RwSignal<RunList>,
    pub comparison: RwSignal<Comparison>,
    /// The comparison that the page began with, and for which its first rows were found.
    pub first_comparison: StoredValue<Comparison>,
    /// The rows of the panel.
    pub rows: RwSignal<RunRows>,
    /// The colours of runs by a key.
    pub colours: RwSignal<RunColours>,
    /// The runs that the rule of [`Comparison::show`] has found on the server; `None` while it needs none.
    pub found: RwSignal<Option<Vec<Run>>>,
    /// The run that the address names, if it is neither in the list nor in a loaded row.
    pub linked: RwSignal<Option<Run>>,
    /// Counts the changes of runs and of their points, by which loaded rows are out of date.
    pub changes: RwSignal<u64>,
    /// The runs that this tab shows although the rule does not, and for readers with read-only access also those that it hides.
    pub choices: RwSignal<Vec<(RunId, bool)>>,
    /// The run that the board is narrowed to, as long as it exists.
    pub opened: Memo<Option<RunId>>,
    /// The name of that run is being edited.
    pub renaming: RwSignal<bool>,
    /// The row of the panel that Tab leads to.
    pub current: RwSignal<Option<RowKey>>,
    /// The row that takes the focus as soon as it is in the document.
    pub focus_due: RwSignal<Option<RowKey>>,
    /// The chosen runs, for actions on many.
    pub selected: RwSignal<Vec<RunId>>,
    /// All runs that were found are chosen, also those whose rows are not loaded.
    pub is_all_selected: RwSignal<bool>,
    /// Why the last key did nothing; until the focus moves.
    pub hint: RwSignal<Option<&'static str>>,
    /// The newest last.
    pub deletions: RwSignal<Vec<Deletion>>,
    /// Unix time of the server in milliseconds, as far as this browser knows. It advances in steps of some seconds.
    pub now_ms: RwSignal<f64>,
    /// The runs that are drawn, the newest first.
    pub drawn: Memo<Vec<RunId>>,
    /// The same in the order of the table.
    pub drawn_in_order: Memo<Vec<RunId>>,
}

impl RunsState {
    pub fn new(list: RunList, rows: RunRows, comparison: Comparison, now_ms: f64, may_write: bool) -> Self {
        let first_comparison = StoredValue::new(comparison.clone());
        let (list, rows, comparison) = (RwSignal::new(list), RwSignal::new(rows), RwSignal::new(comparison));
        let (found, choices) = (RwSignal::new(None), RwSignal::new(Vec::new()));
        let linked = RwSignal::new(None::<Run>);
        let is_known = move |id: &RunId| {
            list.with(|list| list.get(id).is_some())
                || rows.with(|rows| rows.runs().any(|run| run.id == *id))
                || linked.with(|linked| linked.as_ref().is_some_and(|run| run.id == *id))
        };
        let opened = Memo::new(move |_| comparison.with(|comparison| comparison.run.clone()).filter(is_known));
        let drawn = Memo::new(move |_| {
            let query = |list: &RunList, rows: &RunRows, found: &Option<Vec<Run>>, comparison: &Comparison, choices: &[(RunId, bool)]| {
                drawn_runs(&DrawnQuery { list, rows, found: found.as_deref(), comparison, choices, may_write, opened: opened.get() })
            };
            let with_choices = |choices: &Vec<(RunId, bool)>| {
                list.with(|list| {
                    rows.with(|rows| found.with(|found| comparison.with(|comparison| query(list, rows, found, comparison, choices))))
                })
            };
            choices.with(with_choices)
        });
        let drawn_in_order =
            Memo::new(move |_| rows.with(|rows| comparison.with(|comparison| in_table_order(drawn.get(), rows, comparison))));
        Self {
            list,
            comparison,
            first_comparison,
            rows,
            colours: RwSignal::new(RunColours::default()),
            found,
            linked,
            changes: RwSignal::new(0),
            choices,
            opened,
            renaming: RwSignal::new(false),
            current: RwSignal::new(None),
            focus_due: RwSignal::new(None),
            selected: RwSignal::new(Vec::new()),
            is_all_selected: RwSignal::new(false),
            hint: RwSignal::new(None),
            deletions: RwSignal::new(Vec::new()),
            now_ms: RwSignal::new(now_ms),
            drawn,
            drawn_in_order,
        }
    }

    /// The slot of the colour of a run: that of its value, or its own.
    pub fn colour(self, run: &Run) -> usize {
        self.colours.with(|colours| colours.slot(&run.id, run.colour))
    }

    pub fn is_drawn(self, id: &RunId) -> bool {
        self.drawn.with(|drawn| drawn.contains(id))
    }

    /// What is known of a run: that of the events before that of the rows. Tracks both.
    pub fn run(self, id: &RunId) -> Option<Run> {
        let of_list = self.list.with(|list| list.get(id).cloned());
        let of_rows = || self.rows.with(|rows| rows.runs().find(|run| run.id == *id).cloned());
        let of_rule = || self.found.with(|found| found.iter().flatten().find(|run| run.id == *id).cloned());
        let of_link = || self.linked.with(|linked| linked.clone().filter(|run| run.id == *id));
        of_list.or_else(of_rows).or_else(of_rule).or_else(of_link)
    }

    pub fn run_untracked(self, id: &RunId) -> Option<Run> {
        untrack(|| self.run(id))
    }

    /// Points or runs have changed: what is loaded is out of date.
    pub fn mark_changed(self) {
        self.changes.update(|changes| *changes += 1);
    }

    /// Whether the board has runs that are not archived.
    pub fn has_any(self) -> bool {
        self.rows.with(|rows| rows.table.all > 0) || self.list.with(|list| list.runs.iter().any(|run| !run.archived))
    }

    /// Whether the panel of runs is there. After the last run is removed it stays, so that the run can be brought back.
    pub fn has_panel(self) -> bool {
        self.has_any() || self.rows.with(|rows| rows.table.archived > 0) || self.deletions.with(|list| !list.is_empty())
    }

    /// Whether no run matches the search.
    pub fn is_none_found(self) -> bool {
        let is_searched = self.comparison.with(|comparison| !comparison.q.is_empty());
        is_searched && self.rows.with(|rows| rows.table.total == 0 && rows.count() == 0 && rows.table.all > 0)
    }

    pub fn update_comparison(self, change: impl FnOnce(&mut Comparison)) {
        let mut comparison = self.comparison.get_untracked();
        change(&mut comparison);
        if self.comparison.with_untracked(|before| *before != comparison) {
            self.comparison.set(comparison);
        }
    }

    /// How many runs the rule asks the server for; `None` if the events of the page are enough.
    pub fn rule_limit(comparison: &Comparison) -> Option<u32> {
        match comparison.show {
            ShowRule::Newest(_) if comparison.q.is_empty() => None,
            ShowRule::Newest(runs) | ShowRule::First(runs) => Some(runs),
            ShowRule::All => Some(ShowRule::MAX_RUNS),
            ShowRule::These(_) => None,
        }
    }
}

impl Dashboard {
    pub fn apply_to_runs(self, event: RunEvent) {
        let runs = self.runs;
        if let RunEvent::Changed { removed, .. } = &event
            && !removed.is_empty()
        {
            runs.rows.update(|rows| rows.remove(removed));
            runs.linked.maybe_update(|linked| linked.take_if(|run| removed.contains(&run.id)).is_some());
            runs.selected.maybe_update(|selected| {
                let before = selected.len();
                selected.retain(|id| !removed.contains(id));
                selected.len() != before
            });
        }
        runs.list.maybe_update(|list| list.apply(event) != RunListChange::None);
        runs.mark_changed();
        self.charts.refresh_groups();
    }

    /// Hands the charts and the connection the runs that are drawn, whenever they change.
    pub fn draw_runs(self) {
        Effect::new(move |_| self.settings.with(|settings| self.charts.set_marks(&settings.marks)));
        Effect::new(move |before: Option<Vec<RunId>>| {
            let runs = self.runs;
            let drawn = runs.drawn.get();
            let count = runs.list.with(|list| list.runs.len());
            self.charts.set_colour_key(runs.colours.with(|colours| colours.by.clone()));
            self.charts.set_runs(self.runs_in_charts(), count, runs.is_none_found());
            if before.as_ref() != Some(&drawn) {
                self.connection.with_value(|connection| {
                    if let Some(connection) = connection {
                        connection.subscribe();
                    }
                });
            }
            drawn
        });
    }
}
