//! The table of groups of runs.

use std::collections::BTreeMap;

use serde_json::Value;
use utoipa::ToSchema;

use crate::server::http::openapi::shape::{shape, words};

/// A page of groups of runs, compared by one summary of one metric.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RunGroups {
    /// Number of an event of runs that the groups contain.
    run_seq: u64,
    #[schema(required = true)]
    metric: Option<String>,
    /// Its better end, `min` or `max`, where it is known.
    #[schema(required = true)]
    direction: Option<String>,
    #[schema(inline)]
    stat: SummaryKind,
    #[schema(required = true)]
    at: Option<f64>,
    /// Groups that were found, on all pages.
    total: u64,
    /// Members of all groups.
    runs: u64,
    /// The keys that are grouped by.
    #[schema(max_items = 8)]
    by: Vec<String>,
    /// Those of them in which the groups differ: labels have their values.
    #[schema(max_items = 8)]
    named_by: Vec<String>,
    /// Further keys, of which rows have cells.
    #[schema(max_items = 100)]
    columns: Vec<String>,
    #[schema(max_items = 200)]
    groups: Vec<GroupRow>,
    #[schema(required = true)]
    baseline: Option<Baseline>,
    /// Intervals of differences that could give a verdict, over all pages.
    comparisons: u64,
    /// Of so many intervals how many leave nought by chance alone.
    expected_by_chance: f64,
    /// Of each interval of a difference.
    confidence: f64,
    /// What holds for the whole table, in sentences.
    notes: Vec<String>,
    /// Without `by`: names of keys that leave runs together which differ in their seed only.
    #[schema(max_items = 8)]
    proposed: Vec<String>,
}

shape! {
    /// One number for the curve of a run.
    SummaryKind: words(["last", "best", "step", "mean10"]);
}

/// One group.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupRow {
    /// Depends on the keys and their values only.
    #[schema(pattern = "^g[0-9a-f]{12}$")]
    id: String,
    /// Place by age among the groups that were found.
    index: u64,
    /// The values of the keys in which the groups differ: `lr 0.01 · adam`.
    label: String,
    /// By name of the key, such as `config.lr`. A key that the members do not have is left out.
    key: BTreeMap<String, Value>,
    /// For each of the further keys `{"value": …}` that all members have, `{"distinct": 2}` values, of which a missing one
    /// is one, or `null` if no member has the key.
    cells: Vec<Value>,
    /// Of other keys in which members differ, but for seeds, the number of their values.
    mixed: BTreeMap<String, u64>,
    /// Members.
    runs: u64,
    /// The oldest members.
    #[schema(max_items = 20)]
    ids: Vec<String>,
    /// Members whose number is in the mean.
    used: u64,
    running: u64,
    /// Failed and killed ones.
    failed: u64,
    /// Members whose number would count but is not finite.
    diverged: u64,
    /// Members of which a metric, not only this one, ends without a finite value; also those whose number does not count.
    non_finite: u64,
    /// Members whose number would count but is not there.
    without: u64,
    #[schema(required = true)]
    mean: Option<f64>,
    /// With the divisor n − 1.
    #[schema(required = true)]
    std: Option<f64>,
    /// Of the 95 % t interval of the mean.
    #[schema(required = true)]
    half_width: Option<f64>,
    /// The first and the last of the last steps of the members in the mean.
    #[schema(required = true, min_items = 2, max_items = 2)]
    last_steps: Option<Vec<f64>>,
    secondary: Vec<SecondaryMean>,
    is_baseline: bool,
    #[schema(required = true)]
    difference: Option<GroupDifference>,
    #[schema(inline)]
    verdict: Verdict,
    /// The best mean of three groups or more.
    is_best: bool,
    /// What must be known to read the row, the most important first.
    notes: Vec<String>,
}

/// Another metric of the same members.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SecondaryMean {
    metric: String,
    used: u64,
    #[schema(required = true)]
    mean: Option<f64>,
    #[schema(required = true)]
    std: Option<f64>,
    /// Of the 95 % t interval of the mean.
    #[schema(required = true)]
    half_width: Option<f64>,
}

/// What groups are compared with.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// Of the group or of the run.
    id: String,
    label: String,
    is_run: bool,
    used: u64,
    #[schema(required = true)]
    mean: Option<f64>,
}

/// The mean of the group less that of the baseline.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupDifference {
    value: f64,
    #[schema(required = true)]
    half_width: Option<f64>,
    #[schema(inline)]
    interval: IntervalKind,
    /// Numbers of the group and of the baseline.
    #[schema(min_items = 2, max_items = 2)]
    n: Vec<u64>,
}

shape! {
    /// What the interval is: Welch's, that of pairs with the same seed, or where a next run would be.
    IntervalKind: words(["none", "welch", "paired", "prediction"]);
}

shape! {
    /// Whether the difference is real.
    Verdict: words(["none", "baseline", "better", "worse", "cannotTell", "tooEarly", "notComparable"]);
}
