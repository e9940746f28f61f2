//! The numbers of one group: those that are in its mean, and how many members are not.

use std::collections::HashMap;
use std::sync::Arc;

use super::summary::{RunSummary, SummaryValue};
use crate::protocol::{Direction, RunId, RunStatus, SecondaryMean};
use crate::server::store::RunRecord;
use crate::statistics::{CriticalValues, Moments};

/// The best of so many groups or more is marked.
const MIN_BEST_OF: usize = 3;

/// A group under comparison, or a single run.
#[derive(Clone, Debug)]
pub struct GroupSample {
    /// Members whose number is in the mean, the oldest first, with that number.
    pub used: Vec<(Arc<RunRecord>, f64)>,
    pub moments: Moments,
    /// Number of members.
    pub runs: u32,
    pub running: u32,
    /// Failed and killed ones.
    pub failed: u32,
    pub diverged: u32,
    pub without: u32,
    /// Those whose number could not be read.
    pub unread: u32,
    /// Members that have diverged and that the search leaves out because of it.
    pub hidden_diverged: u32,
    /// The first and the last of the last steps of the members in the mean.
    pub last_steps: Option<(f64, f64)>,
}

impl GroupSample {
    /// `is_finished`: only runs that have finished are in the mean.
    pub fn of(runs: &[Arc<RunRecord>], summaries: &HashMap<RunId, RunSummary>, is_finished: bool) -> Self {
        let (mut used, mut running, mut failed, mut diverged, mut without, mut unread) = (Vec::new(), 0, 0, 0, 0, 0);
        let mut last_steps: Option<(f64, f64)> = None;
        for run in runs {
            let status = RunStatus::parse(run.text("status")).unwrap_or_default();
            running += u32::from(status == RunStatus::Running);
            failed += u32::from(status.has_failed());
            if is_finished && status != RunStatus::Finished {
                continue;
            }
            let summary = summaries.get(&run.id).copied().unwrap_or(RunSummary::MISSING);
            match summary.value {
                SummaryValue::Finite(value) => {
                    used.push((run.clone(), value));
                    if let Some(step) = summary.last_step {
                        let (low, high) = last_steps.unwrap_or((step, step));
                        last_steps = Some((low.min(step), high.max(step)));
                    }
                }
                SummaryValue::Diverged => diverged += 1,
                SummaryValue::Missing => without += 1,
                SummaryValue::Unread => unread += 1,
            }
        }
        let values: Vec<f64> = used.iter().map(|(_, value)| *value).collect();
        let (moments, runs) = (Moments::of(&values), runs.len() as u32);
        Self { moments, used, runs, running, failed, diverged, without, unread, hidden_diverged: 0, last_steps }
    }

    /// Number of members in the mean.
    pub fn n(&self) -> u32 {
        self.used.len() as u32
    }

    pub fn mean(&self) -> Option<f64> {
        Some(self.moments.mean).filter(|mean| mean.is_finite())
    }

    pub fn std(&self) -> Option<f64> {
        Some(self.moments.std).filter(|std| std.is_finite())
    }
}

/// Which group has the best mean, of how many. `None` of few groups, and without a better end. Groups with running members take no part.
pub fn best_of(samples: &[GroupSample], direction: Option<Direction>) -> Option<(usize, usize)> {
    let direction = direction?;
    let means = samples.iter().enumerate().filter(|(_, sample)| sample.running == 0);
    let means: Vec<(usize, f64)> = means.filter_map(|(at, sample)| Some((at, sample.mean()?))).collect();
    let better = |one: &(usize, f64), other: &(usize, f64)| match direction {
        Direction::Min => one.1.total_cmp(&other.1),
        Direction::Max => other.1.total_cmp(&one.1),
    };
    let best = means.iter().copied().min_by(better)?;
    (means.len() >= MIN_BEST_OF).then_some((best.0, means.len()))
}

/// Of the members that are in the mean of the row.
pub fn secondary_mean(
    metric: &str,
    sample: &GroupSample,
    summaries: &HashMap<RunId, RunSummary>,
    critical: &mut CriticalValues,
) -> SecondaryMean {
    let values: Vec<f64> = sample.used.iter().filter_map(|(run, _)| summaries.get(&run.id)?.finite()).collect();
    let (moments, used) = (Moments::of(&values), values.len());
    let half_width = if used >= 2 { critical.get(used as u64 - 1) * moments.standard_error() } else { f64::NAN };
    let finite = |number: f64| Some(number).filter(|number| number.is_finite());
    SecondaryMean {
        metric: metric.to_owned(),
        used: used as u32,
        mean: finite(moments.mean),
        std: finite(moments.std),
        half_width: finite(half_width),
    }
}
