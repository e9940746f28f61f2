//! Which metrics the list of runs has columns for.

use crate::protocol::Run;
use crate::sorting;

/// More columns do not fit beside the names.
pub const MAX_COLUMNS: usize = 3;

/// Parts of names, the most telling first: what a training minimises, then what it is for.
const PREFERRED: [&str; 8] = ["loss", "acc", "f1", "auc", "reward", "return", "error", "ppl"];

/// The metrics of these runs that say most: losses and scores before others, validation before
/// training, then those that more runs have. Names descend in this order; of equal ones the
/// alphabet decides, so that the columns do not depend on the order of the runs.
pub fn choose_columns<'a>(runs: impl Iterator<Item = &'a Run>) -> Vec<String> {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for last in runs.flat_map(|run| &run.last).filter(|last| !is_secondary(&last.metric)) {
        match counts.iter_mut().find(|(metric, _)| *metric == last.metric) {
            Some((_, count)) => *count += 1,
            None => counts.push((&last.metric, 1)),
        }
    }
    let mut ranked: Vec<((usize, bool, usize), &str)> =
        counts.into_iter().map(|(metric, count)| ((rank(metric), is_of_training(metric), usize::MAX - count), metric)).collect();
    sorting::sort_by(&mut ranked, |one, other| one.cmp(other));
    // One column for each kind first: `val/loss` and `val/acc` before `train/loss`.
    let mut chosen: Vec<String> = Vec::new();
    for is_first_of_kind in [true, false] {
        let mut before = None;
        for ((rank, ..), metric) in &ranked {
            let is_first = before.replace(*rank) != Some(*rank);
            if is_first == is_first_of_kind && chosen.len() < MAX_COLUMNS {
                chosen.push((*metric).to_owned());
            }
        }
    }
    chosen
}

/// What says nothing about a run's success: the load of the machine, and counters.
fn is_secondary(metric: &str) -> bool {
    metric.starts_with("system/") || matches!(metric.rsplit('/').next(), Some("epoch" | "step" | "global_step" | "iter" | "iteration"))
}

/// Less is better.
fn rank(metric: &str) -> usize {
    let lower = metric.to_ascii_lowercase();
    PREFERRED.iter().position(|part| lower.contains(part)).unwrap_or(PREFERRED.len())
}

fn is_of_training(metric: &str) -> bool {
    metric.split(['/', '_']).any(|part| part.eq_ignore_ascii_case("train") || part.eq_ignore_ascii_case("training"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{LastValue, RunId, RunStatus};

    fn run(metrics: &[&str]) -> Run {
        Run {
            id: RunId::parse("a").unwrap(),
            name: String::new(),
            colour: 0,
            status: RunStatus::Running,
            hidden: false,
            archived: false,
            group: String::new(),
            tags: Vec::new(),
            created_order: 1,
            rev: 1,
            started_ms: 0,
            ended_ms: None,
            last_sign_ms: 0,
            interval: None,
            last: metrics.iter().map(|metric| LastValue { metric: (*metric).to_owned(), value: 1.0 }).collect(),
        }
    }

    #[test]
    fn losses_and_scores_of_validation_come_first() {
        let runs = [run(&["lr", "train/loss", "val/loss"]), run(&["epoch", "val/acc", "val/loss", "system/cpu"])];
        assert_eq!(choose_columns(runs.iter()), ["val/loss", "val/acc", "lr"]);
        assert!(choose_columns([run(&["epoch", "train/global_step", "system/cpu_percent"])].iter()).is_empty());
        assert_eq!(choose_columns([run(&["train/loss", "val/loss"])].iter()), ["val/loss", "train/loss"]);
        assert_eq!(choose_columns([run(&["b", "a"]), run(&["b", "c"])].iter()), ["b", "a", "c"], "what more runs have");
        assert!(choose_columns([].iter()).is_empty());
    }
}
