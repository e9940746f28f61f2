//! The runs of the board: what the page knows of them, and which it draws.

use leptos::prelude::*;

use super::Dashboard;
use super::comparison::Comparison;
use crate::protocol::{Run, RunEvent, RunId, RunList, RunListChange};

#[derive(Clone, Copy)]
pub struct RunsState {
    /// As the events have made it.
    pub list: RwSignal<RunList>,
    pub comparison: RwSignal<Comparison>,
    /// The runs that this tab shows although they are not among the newest, and for readers with read-only access also those that it hides.
    pub choices: RwSignal<Vec<(RunId, bool)>>,
    /// The run whose details are shown.
    pub opened: RwSignal<Option<RunId>>,
    /// The name of that run is being edited.
    pub renaming: RwSignal<bool>,
    /// The row of the list that Tab leads to.
    pub current: RwSignal<Option<RunId>>,
    /// Unix time of the server in milliseconds, as far as this browser knows. It advances in steps of some seconds.
    pub now_ms: RwSignal<f64>,
    /// The runs that are drawn, the newest first.
    pub drawn: Memo<Vec<RunId>>,
}

impl RunsState {
    pub fn new(list: RunList, comparison: Comparison, now_ms: f64, may_write: bool) -> Self {
        let list = RwSignal::new(list);
        let choices = RwSignal::new(Vec::new());
        let drawn = Memo::new(move |_| list.with(|list| choices.with(|choices| drawn_runs(list, choices, may_write))));
        let (opened, current) = (RwSignal::new(None), RwSignal::new(None));
        let comparison = RwSignal::new(comparison);
        Self { list, comparison, choices, opened, renaming: RwSignal::new(false), current, now_ms: RwSignal::new(now_ms), drawn }
    }

    pub fn is_drawn(self, id: &RunId) -> bool {
        self.drawn.with(|drawn| drawn.contains(id))
    }

    /// The ids of the runs that the list shows, the newest first.
    pub fn listed(self) -> Vec<RunId> {
        self.list.with(|list| list.runs.iter().filter(|run| !run.archived).map(|run| run.id.clone()).collect())
    }
}

impl Dashboard {
    pub fn apply_to_runs(self, event: RunEvent) {
        self.runs.list.maybe_update(|list| list.apply(event) != RunListChange::None);
        self.charts.refresh_groups();
    }

    /// Hands the charts and the connection the runs that are drawn, whenever they change.
    pub fn draw_runs(self) {
        Effect::new(move |before: Option<Vec<RunId>>| {
            let runs = self.runs;
            let drawn = runs.drawn.get();
            let count = runs.list.with(|list| list.runs.len());
            self.charts.set_runs(self.runs_in_charts(), count);
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

/// Hidden runs are hidden for everyone who may write. Readers with read-only access have their own choice.
fn drawn_runs(list: &RunList, choices: &[(RunId, bool)], may_write: bool) -> Vec<RunId> {
    let mut newer = 0;
    let mut is_drawn = |run: &&Run| {
        let is_default = !run.hidden && !run.archived && newer < RunList::MAX_DRAWN;
        newer += usize::from(!run.hidden && !run.archived);
        match choices.iter().find(|(id, _)| *id == run.id) {
            Some((_, is_shown)) if !may_write || !run.hidden => *is_shown,
            _ => is_default,
        }
    };
    list.runs.iter().filter(|run| is_drawn(run)).map(|run| run.id.clone()).collect()
}
