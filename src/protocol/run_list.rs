//! The runs of a board as one page knows them, and the reducer that applies their events.

use serde::{Deserialize, Serialize};

use super::{Run, RunEvent, RunId};
use crate::sorting;

/// The newest runs of a board.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunList {
    /// Number of the last event of runs that was applied. Runs have numbers of their own, in the epoch of the board.
    pub run_seq: u64,
    /// The newest first, at most [`Self::MAX_RUNS`].
    pub runs: Vec<Run>,
}

/// What an event changed, so that a view updates only that.
#[derive(Clone, Debug, PartialEq)]
pub enum RunListChange {
    None,
    /// These runs have new content; the list has the same runs in the same order.
    Content(Vec<RunId>),
    /// Runs were added or removed; the content of others may have changed too.
    Arrangement,
}

impl RunList {
    pub const MAX_RUNS: usize = 100;
    /// How many runs are drawn unless somebody chooses others: the newest that are neither hidden nor archived.
    pub const MAX_DRAWN: usize = 20;

    pub fn get(&self, id: &RunId) -> Option<&Run> {
        self.runs.iter().find(|run| run.id == *id)
    }

    /// Applies one event. Events up to `run_seq` were applied before and are ignored, so that a repeated event does no harm.
    pub fn apply(&mut self, event: RunEvent) -> RunListChange {
        match event {
            RunEvent::All { run_seq, runs } => {
                *self = Self { run_seq, runs };
                self.arrange();
                RunListChange::Arrangement
            }
            RunEvent::Changed { run_seq, changed, removed } => {
                if run_seq <= self.run_seq {
                    return RunListChange::None;
                }
                self.run_seq = run_seq;
                self.change(changed, &removed)
            }
            RunEvent::Signs { signs } => {
                let mut known = Vec::new();
                for sign in signs {
                    if let Some(run) = self.runs.iter_mut().find(|run| run.id == sign.run) {
                        run.last_sign_ms = sign.last_sign_ms;
                        (run.last, run.non_finite) = (sign.last, sign.non_finite);
                        known.push(sign.run);
                    }
                }
                if known.is_empty() { RunListChange::None } else { RunListChange::Content(known) }
            }
        }
    }

    fn change(&mut self, changed: Vec<Run>, removed: &[RunId]) -> RunListChange {
        let before: Vec<u64> = self.runs.iter().map(|run| run.created_order).collect();
        self.runs.retain(|run| !removed.contains(&run.id));
        let mut ids = Vec::new();
        for run in changed {
            ids.push(run.id.clone());
            match self.runs.iter_mut().find(|known| known.id == run.id) {
                Some(known) => *known = run,
                None => self.runs.push(run),
            }
        }
        self.arrange();
        if !self.runs.iter().map(|run| run.created_order).eq(before) {
            return RunListChange::Arrangement;
        }
        // Of a full list the oldest runs are not shown.
        ids.retain(|id| self.get(id).is_some());
        if ids.is_empty() { RunListChange::None } else { RunListChange::Content(ids) }
    }

    fn arrange(&mut self) {
        sorting::sort_by(&mut self.runs, |a, b| b.created_order.cmp(&a.created_order));
        self.runs.truncate(Self::MAX_RUNS);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{LastValue, NonFiniteEnd, RunSign, RunStatus};

    fn id(text: &str) -> RunId {
        RunId::parse(text).unwrap()
    }

    fn run(name: &str, created_order: u64) -> Run {
        Run {
            id: id(name),
            name: name.into(),
            colour: 0,
            status: RunStatus::Running,
            hidden: false,
            archived: false,
            has_warning: false,
            group: String::new(),
            tags: Vec::new(),
            created_order,
            rev: 1,
            started_ms: 0,
            ended_ms: None,
            last_sign_ms: 0,
            interval: None,
            last: Vec::new(),
            non_finite: None,
        }
    }

    fn changed(run_seq: u64, changed: &[Run], removed: &[&str]) -> RunEvent {
        RunEvent::Changed { run_seq, changed: changed.to_vec(), removed: removed.iter().map(|name| id(name)).collect() }
    }

    fn names(list: &RunList) -> String {
        list.runs.iter().map(|run| run.id.as_str()).collect()
    }

    #[test]
    fn runs_are_sorted_newest_first() {
        let mut list = RunList::default();
        assert_eq!(list.apply(changed(1, &[run("a", 1)], &[])), RunListChange::Arrangement);
        assert_eq!(list.apply(changed(2, &[run("c", 3), run("b", 2)], &[])), RunListChange::Arrangement);
        assert_eq!((names(&list), list.run_seq), ("cba".into(), 2));
        assert_eq!(list.apply(changed(3, &[], &["b"])), RunListChange::Arrangement);
        assert_eq!(names(&list), "ca");
    }

    #[test]
    fn changes_of_known_runs_are_content() {
        let mut list = RunList { run_seq: 4, runs: vec![run("b", 2), run("a", 1)] };
        let renamed = Run { name: "first try".into(), rev: 2, ..run("a", 1) };
        assert_eq!(list.apply(changed(5, &[renamed], &[])), RunListChange::Content(vec![id("a")]));
        assert_eq!((list.get(&id("a")).unwrap().name.as_str(), names(&list)), ("first try", "ba".into()));
        // A removed run that another one of the same id follows in the same event.
        assert_eq!(list.apply(changed(6, &[run("a", 9)], &["a"])), RunListChange::Arrangement);
        assert_eq!(names(&list), "ab");
    }

    #[test]
    fn repeated_and_late_events_do_no_harm() {
        let mut list = RunList { run_seq: 4, runs: vec![run("a", 1)] };
        assert_eq!(list.apply(changed(4, &[], &["a"])), RunListChange::None);
        assert_eq!(list.apply(changed(5, &[], &["z"])), RunListChange::None);
        assert_eq!((list.run_seq, names(&list)), (5, "a".into()));
    }

    #[test]
    fn a_list_holds_the_newest_runs_only() {
        let runs: Vec<Run> = (0..150).map(|at| run(&format!("r{at}"), at)).collect();
        let mut list = RunList::default();
        list.apply(RunEvent::All { run_seq: 150, runs });
        let bounds = |list: &RunList| (list.runs.len(), list.runs[0].created_order, list.runs[99].created_order);
        assert_eq!(bounds(&list), (RunList::MAX_RUNS, 149, 50));
        // A change of a run that is too old changes nothing.
        assert_eq!(list.apply(changed(151, &[Run { rev: 2, ..run("r9", 9) }], &[])), RunListChange::None);
        assert_eq!(list.apply(changed(152, &[run("new", 150)], &[])), RunListChange::Arrangement);
        assert_eq!(bounds(&list), (RunList::MAX_RUNS, 150, 51));
    }

    #[test]
    fn signs_change_the_time_and_the_last_values() {
        let mut list = RunList { run_seq: 4, runs: vec![run("b", 2), run("a", 1)] };
        let last = vec![LastValue { metric: "loss".into(), value: 0.5 }];
        let non_finite = Some(NonFiniteEnd { metric: "loss".into(), step: Some(3.0), value: f64::INFINITY, metrics: 1 });
        let sign = |name| RunSign { run: id(name), last_sign_ms: 7, last: last.clone(), non_finite: non_finite.clone() };
        let change = list.apply(RunEvent::Signs { signs: vec![sign("a"), sign("unknown")] });
        assert_eq!(change, RunListChange::Content(vec![id("a")]));
        assert_eq!(
            list.get(&id("a")).unwrap(),
            &Run { last_sign_ms: 7, last: last.clone(), non_finite: non_finite.clone(), ..run("a", 1) }
        );
        assert_eq!((list.run_seq, list.get(&id("b")).unwrap().last_sign_ms), (4, 0));
        assert_eq!(list.apply(RunEvent::Signs { signs: vec![sign("unknown")] }), RunListChange::None);
    }

    #[test]
    fn a_snapshot_of_runs_replaces_all_also_in_an_older_epoch() {
        let mut list = RunList { run_seq: 90, runs: vec![run("old", 7)] };
        assert_eq!(list.apply(RunEvent::All { run_seq: 2, runs: vec![run("a", 1), run("b", 2)] }), RunListChange::Arrangement);
        assert_eq!((list.run_seq, names(&list)), (2, "ba".into()));
    }
}
