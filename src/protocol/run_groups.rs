//! The groups of runs as rows of a table: what `GET /boards/{board}/run-groups` answers, and what the page lists.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Direction, GroupId, RunId};

/// A page of groups, compared by one summary of one metric. Numbers are finite; what there is not is `None`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunGroups {
    /// Number of an event of runs that the groups contain, with all before it.
    pub run_seq: u64,
    /// The metric that is summarized; `None`: no run has logged one.
    pub metric: Option<String>,
    /// Its better end; `None`: neither its name nor the board says it.
    pub direction: Option<Direction>,
    /// `last`, `best`, `step` or `mean10`.
    pub stat: SummaryKind,
    /// The step, of `step`.
    pub at: Option<f64>,
    /// Groups that were found, on all pages.
    pub total: u32,
    /// Members of all groups.
    pub runs: u32,
    /// The keys that are grouped by, such as `config.lr`.
    pub by: Vec<String>,
    /// Those of them in which the groups differ: the names of groups have their values.
    pub named_by: Vec<String>,
    /// Further keys, of which rows have cells.
    pub columns: Vec<String>,
    pub groups: Vec<GroupRow>,
    /// What the differences are from; `None` without a baseline, or if it is not among the runs.
    pub baseline: Option<Baseline>,
    /// Intervals of differences that could give a verdict, over all pages.
    pub comparisons: u32,
    /// Of so many intervals how many leave nought by chance alone.
    pub expected_by_chance: f64,
    /// The confidence of each interval of a difference: 0.95, or more if it is corrected for many comparisons.
    pub confidence: f64,
    /// What holds for the whole table, one short sentence each.
    pub notes: Vec<String>,
    /// Without keys to group by: those that leave runs together which differ in their seed only.
    pub proposed: Vec<String>,
}

/// One number for the curve of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SummaryKind {
    /// The last value.
    #[default]
    Last,
    /// The lowest or the highest value, by the better end.
    Best,
    /// The value at a step.
    Step,
    /// The mean over the steps in the last tenth of the curve.
    Mean10,
}

impl SummaryKind {
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Last, Self::Best, Self::Step, Self::Mean10].into_iter().find(|kind| kind.as_str() == name)
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Last => "last",
            Self::Best => "best",
            Self::Step => "step",
            Self::Mean10 => "mean10",
        }
    }
}

/// One group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GroupRow {
    pub id: GroupId,
    /// Place by age among the groups found, from 0: it chooses letter and colour.
    pub index: u32,
    /// The values of the keys in which the groups differ, such as `lr 0.01 · adam`.
    pub label: String,
    /// By name of the key, such as `config.lr`. A key that the members do not have is left out.
    pub key: Map<String, Value>,
    /// Of each of the further keys what the members have; `None`: none of them has it.
    pub cells: Vec<Option<GroupCell>>,
    /// Of other keys in which members differ the number of their values: `{"config.model": 2}`. Seeds, and keys with a value of its own
    /// for each member, are left out.
    pub mixed: Map<String, Value>,
    /// Number of members.
    pub runs: u32,
    /// The oldest members, at most [`Self::MAX_IDS`].
    pub ids: Vec<RunId>,
    /// Members whose number is in the mean.
    pub used: u32,
    pub running: u32,
    /// Failed and killed members.
    pub failed: u32,
    /// Members whose number would count but is not finite.
    pub diverged: u32,
    /// Members of which a metric, not only this one, has no finite value at its end ([`super::NonFiniteEnd`]); also those whose number
    /// does not count.
    pub non_finite: u32,
    /// Members whose number would count but is not there: they did not log the metric, or not at this step.
    pub without: u32,
    pub mean: Option<f64>,
    /// Standard deviation with the divisor n − 1; of two numbers or more.
    pub std: Option<f64>,
    /// Of the 95 % t interval of the mean; of two numbers or more.
    pub half_width: Option<f64>,
    /// The first and the last of the last steps of the members in the mean.
    pub last_steps: Option<(f64, f64)>,
    /// Mean and deviation of other metrics, in the order of the query.
    pub secondary: Vec<SecondaryMean>,
    pub is_baseline: bool,
    /// From the baseline.
    pub difference: Option<GroupDifference>,
    pub verdict: Verdict,
    /// The best mean of three groups or more.
    pub is_best: bool,
    /// What must be known to read the row, one short sentence each, the most important one first.
    pub notes: Vec<String>,
}

impl GroupRow {
    pub const MAX_IDS: usize = 20;
}

/// What the members of a group have under a key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GroupCell {
    /// All have this value.
    Value(Value),
    /// They have so many values, of which a missing one is one.
    Distinct(u32),
}

/// Mean and deviation of another metric, by the same summary of the same members.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SecondaryMean {
    pub metric: String,
    pub used: u32,
    pub mean: Option<f64>,
    pub std: Option<f64>,
    /// Of the 95 % t interval of the mean.
    pub half_width: Option<f64>,
}

/// A group or a run that the groups are compared with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// The id of the group or of the run.
    pub id: String,
    /// The label of the group, or the name of the run.
    pub label: String,
    pub is_run: bool,
    pub used: u32,
    pub mean: Option<f64>,
}

/// The mean of a group less that of the baseline: `value` ± `half_width`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct GroupDifference {
    pub value: f64,
    /// `None`: there is no interval.
    pub half_width: Option<f64>,
    pub interval: IntervalKind,
    /// Numbers of the group and of the baseline.
    pub n: (u32, u32),
}

/// What an interval of a difference is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IntervalKind {
    None,
    /// Welch's interval for the difference of two means.
    Welch,
    /// The t interval of the mean difference of runs with the same seed.
    Paired,
    /// Where a next run of the group would be, from a single run.
    Prediction,
}

/// Whether a difference is real.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// There is nothing to compare, or no better end is known.
    None,
    Baseline,
    Better,
    Worse,
    CannotTell,
    /// Members are still running.
    TooEarly,
    /// The curves do not end at the same step.
    NotComparable,
}

impl Verdict {
    /// As tables have it; empty for none.
    pub const fn word(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Baseline => "baseline",
            Self::Better => "better",
            Self::Worse => "worse",
            Self::CannotTell => "can’t tell",
            Self::TooEarly => "too early",
            Self::NotComparable => "not comparable",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_read_as_it_is_written() {
        for name in ["last", "best", "step", "mean10"] {
            let kind = SummaryKind::parse(name).unwrap();
            assert_eq!((kind.as_str(), serde_json::to_value(kind).unwrap()), (name, name.into()));
        }
        assert_eq!(SummaryKind::parse("mean"), None);
    }
}
