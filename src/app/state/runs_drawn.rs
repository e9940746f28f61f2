//! Which runs the charts draw.

use std::collections::HashMap;

use super::comparison::{Comparison, ShowRule};
use super::run_rows::RunRows;
use crate::protocol::{Run, RunId, RunList};
use crate::sorting;

pub struct DrawnQuery<'a> {
    pub list: &'a RunList,
    pub rows: &'a RunRows,
    /// The runs that the rule has found on the server.
    pub found: Option<&'a [Run]>,
    pub comparison: &'a Comparison,
    /// What the eyes of rows have chosen in this tab.
    pub choices: &'a [(RunId, bool)],
    pub may_write: bool,
    /// The run that the board is narrowed to.
    pub opened: Option<RunId>,
}

/// The runs of the rule, the newest first. The eye of a row overrides the rule: hidden runs are hidden for everyone who may write, readers
/// with read-only access have their own choice. Pinned runs are always drawn.
pub fn drawn_runs(query: &DrawnQuery) -> Vec<RunId> {
    let DrawnQuery { list, rows, found, comparison, choices, may_write, opened } = query;
    if let Some(run) = opened {
        return vec![run.clone()];
    }
    let solo = comparison.solo.as_deref().and_then(RunId::parse);
    let of_rule = match (&comparison.show, found) {
        (ShowRule::Newest(runs), None) => newest(list, *runs),
        (ShowRule::These(runs), _) => runs.clone(),
        (_, Some(found)) => found.iter().filter(|run| !run.hidden).map(|run| run.id.clone()).collect(),
        // Until the server has answered.
        (_, None) => newest(list, ShowRule::DEFAULT_RUNS),
    };
    let is_drawn = |run: &Run| {
        if let Some(solo) = &solo {
            return run.id == *solo;
        }
        let is_pinned = comparison.pinned.iter().any(|id| id == run.id.as_str());
        match choices.iter().find(|(id, _)| *id == run.id) {
            Some((_, is_shown)) if !may_write || !run.hidden => *is_shown,
            _ => is_pinned || of_rule.contains(&run.id),
        }
    };
    let known = list.runs.iter().chain(found.iter().copied().flatten()).chain(rows.runs());
    let mut drawn: Vec<&Run> = Vec::new();
    for run in known {
        if is_drawn(run) && !drawn.iter().any(|known| known.id == run.id) {
            drawn.push(run);
        }
    }
    // A group, or a run that is not there, is drawn alone by the charts.
    if drawn.is_empty() && solo.is_some() {
        return of_rule;
    }
    sorting::sort_by(&mut drawn, |a, b| b.created_order.cmp(&a.created_order));
    drawn.into_iter().map(|run| run.id.clone()).collect()
}

/// The runs that are drawn in the order of the table, which legends have, too. It changes with each rank of a live run: what is requested
/// depends on which runs are drawn only.
pub fn in_table_order(mut drawn: Vec<RunId>, rows: &RunRows, comparison: &Comparison) -> Vec<RunId> {
    if !comparison.sort.is_empty() && comparison.by.is_empty() {
        let places: HashMap<&RunId, usize> = rows.runs().enumerate().map(|(place, run)| (&run.id, place)).collect();
        // What is not loaded is further down.
        let place = |run: &RunId| places.get(run).copied().unwrap_or(usize::MAX);
        sorting::sort_by(&mut drawn, |a, b| place(a).cmp(&place(b)));
    }
    drawn
}

fn newest(list: &RunList, runs: u32) -> Vec<RunId> {
    list.runs.iter().filter(|run| !run.hidden && !run.archived).take(runs as usize).map(|run| run.id.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::RunStatus;

    fn run(id: &str, created_order: u64) -> Run {
        Run {
            id: RunId::parse(id).unwrap(),
            name: id.into(),
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

    fn drawn(comparison: &str, found: Option<&[Run]>, choices: &[(&str, bool)], may_write: bool) -> String {
        let hidden = Run { hidden: true, ..run("d", 4) };
        let list = RunList { run_seq: 0, runs: vec![run("e", 5), hidden, run("c", 3), run("b", 2)] };
        let choices: Vec<_> = choices.iter().map(|(id, is_shown)| (RunId::parse(id).unwrap(), *is_shown)).collect();
        let comparison = Comparison::from_query(comparison);
        let rows = RunRows::default();
        let opened = comparison.run.clone();
        let query = DrawnQuery { list: &list, rows: &rows, found, comparison: &comparison, choices: &choices, may_write, opened };
        drawn_runs(&query).iter().map(RunId::as_str).collect()
    }

    #[test]
    fn the_rule_decides_and_the_eye_overrides_it() {
        assert_eq!(drawn("", None, &[], true), "ecb", "the newest that are not hidden");
        assert_eq!(drawn("show=newest:1", None, &[("b", true)], true), "eb");
        assert_eq!(drawn("show=these:b,c", None, &[], true), "cb");
        assert_eq!(drawn("show=first:2", Some(&[run("a", 1), run("c", 3)]), &[], true), "ca", "also a run that is not in the list");
        assert_eq!(drawn("", None, &[("d", true)], true), "ecb", "hidden for everyone");
        assert_eq!(drawn("", None, &[("d", true), ("e", false)], false), "dcb", "the reader's own choice");
    }

    #[test]
    fn a_run_alone_and_pinned_runs() {
        assert_eq!(drawn("solo=c", None, &[], true), "c");
        assert_eq!(drawn("show=newest:1&pin=b", None, &[], true), "eb");
        assert_eq!(drawn("run=b", None, &[], true), "b");
        assert_eq!(drawn("solo=g0123456789ab", None, &[], true), "ecb", "groups are drawn by the charts");
    }
}
