//! Whether a group differs from the baseline.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use super::hidden_members::HiddenMembers;
use super::membership::value_identity;
use super::notes;
use super::sample::GroupSample;
use crate::protocol::{Direction, GroupDifference, IntervalKind, Verdict};
use crate::server::boards::runs::flat_config::for_each_value;
use crate::server::boards::runs::is_seed;
use crate::server::boards::runs::search::RunField;
use crate::server::store::RunRecord;
use crate::statistics::difference::{Difference, paired, prediction, welch};
use crate::statistics::planning::{half_width_with, paired_half_width_with};

/// Fewer numbers on one side are not judged.
const MIN_JUDGED: u32 = 3;
/// Curves that end within this part of their last step are compared.
const MAX_STEP_DIFFERENCE: f64 = 0.01;
/// The precision is planned for so many times the runs, and for so many runs at most.
const PLANNED_TIMES: u32 = 3;
const MAX_PLANNED: u32 = 30;

/// How differences are judged.
#[derive(Clone, Debug)]
pub struct ComparisonRules {
    pub direction: Option<Direction>,
    pub confidence: f64,
    /// Whether the numbers depend on where the curves end: not if they are those at a step.
    pub needs_equal_ends: bool,
    /// Names of the keys that are grouped by: they are no seeds.
    pub by: Vec<String>,
}

/// A group beside the baseline.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// `None` if one side has no number.
    pub difference: Option<GroupDifference>,
    pub verdict: Verdict,
    /// Whether its interval could give a verdict: others leave nought without one, and do not count among many comparisons.
    pub is_judged: bool,
    /// The most important one first.
    pub notes: Vec<String>,
}

/// What a group is compared with: another group, or a single run.
#[derive(Clone, Debug)]
pub struct BaselineSample {
    pub sample: GroupSample,
    pub is_run: bool,
}

/// An interval of a difference, or why there is none.
enum Interval {
    Found(IntervalKind, Difference),
    NoSpread,
    TooFew,
}

/// Compares the numbers of a group with those of the baseline.
pub fn compare(group: &GroupSample, baseline: &BaselineSample, rules: &ComparisonRules) -> Comparison {
    let base = &baseline.sample;
    if group.n() == 0 || base.n() == 0 {
        let is_early = group.running > 0 || base.running > 0;
        let verdict = if is_early { Verdict::TooEarly } else { Verdict::None };
        let mut notes = running_notes(group, base);
        notes.extend(exclusion_notes(group, baseline));
        return Comparison { difference: None, verdict, is_judged: false, notes };
    }
    let interval = interval(group, baseline, rules);
    let value = Some(group.moments.mean_difference(&base.moments)).filter(|value| value.is_finite());
    let (kind, half_width) = match &interval {
        Interval::Found(kind, difference) => (*kind, Some(difference.half_width).filter(|width| width.is_finite())),
        _ => (IntervalKind::None, None),
    };
    let mut notes = running_notes(group, base);
    let (verdict, is_judged) = judge(group, baseline, rules, &interval, &mut notes);
    if kind == IntervalKind::Paired {
        notes.push(notes::PAIRED.to_owned());
    }
    let n = (group.n(), base.n());
    let difference = value.map(|value| GroupDifference { value, half_width, interval: kind, n });
    Comparison { difference, verdict, is_judged, notes }
}

fn running_notes(group: &GroupSample, base: &GroupSample) -> Vec<String> {
    let own = (group.running > 0).then(|| notes::still_running(group, true));
    let of_base = (base.running > 0).then(|| notes::of_baseline(notes::still_running(base, true)));
    own.into_iter().chain(of_base).collect()
}

/// Members without a number that forbid a verdict. Those of the group that the search leaves out are said in its row anyway.
fn exclusion_notes(group: &GroupSample, baseline: &BaselineSample) -> Vec<String> {
    let base = &baseline.sample;
    let own = (group.diverged > 0).then(|| notes::diverged(group));
    let of_base = [
        (base.diverged > 0).then(|| notes::diverged(base)),
        (base.hidden_diverged > 0).then(|| notes::hidden(&HiddenMembers { diverged: base.hidden_diverged, ..HiddenMembers::default() })),
        (base.unread > 0).then(|| notes::unread(base)),
        (baseline.is_run && base.failed > 0).then(|| notes::failed(base)),
    ];
    own.into_iter().chain(of_base.into_iter().flatten().map(notes::of_baseline)).collect()
}

/// The verdict, and whether the interval could give one.
fn judge(
    group: &GroupSample,
    baseline: &BaselineSample,
    rules: &ComparisonRules,
    interval: &Interval,
    said: &mut Vec<String>,
) -> (Verdict, bool) {
    let base = &baseline.sample;
    let is_early = !said.is_empty();
    let ends = rules.needs_equal_ends.then(|| different_ends(group, base)).flatten();
    said.extend(ends.map(|(low, high)| notes::not_comparable(low, high)));
    // Without those that diverged, the others are a choice of the good ones, also where it is the search that leaves them out.
    let is_selected = [group, base].iter().any(|sample| sample.diverged > 0 || sample.hidden_diverged > 0 || sample.unread > 0);
    said.extend(exclusion_notes(group, baseline));
    let needed = if baseline.is_run { group.n() } else { group.n().min(base.n()) };
    let found = match interval {
        Interval::Found(_, difference) => Some(difference),
        Interval::NoSpread => {
            said.push(notes::NO_SPREAD.to_owned());
            None
        }
        Interval::TooFew => {
            said.push(notes::ONE_RUN_EACH.to_owned());
            None
        }
    };
    let judged = found.filter(|_| needed >= MIN_JUDGED);
    if found.is_some() && judged.is_none() {
        said.push(if baseline.is_run { notes::too_few_for_run(group.n()) } else { notes::too_few(group.n(), base.n()) });
    }
    let is_judged = judged.is_some() && !is_early && ends.is_none() && !is_selected;
    let verdict = match judged {
        _ if is_early => Verdict::TooEarly,
        _ if ends.is_some() => Verdict::NotComparable,
        Some(difference) if difference.leaves_nought() && !is_selected => match rules.direction {
            None => Verdict::None,
            Some(Direction::Min) if difference.value < 0.0 => Verdict::Better,
            Some(Direction::Max) if difference.value > 0.0 => Verdict::Better,
            Some(_) => Verdict::Worse,
        },
        Some(difference) if !difference.leaves_nought() => {
            said.extend(planned(group, baseline, interval, rules.confidence));
            Verdict::CannotTell
        }
        _ => Verdict::CannotTell,
    };
    (verdict, is_judged)
}

/// What more runs would give, where both sides are groups.
fn planned(group: &GroupSample, baseline: &BaselineSample, interval: &Interval, confidence: f64) -> Option<String> {
    let base = &baseline.sample;
    let runs = PLANNED_TIMES * group.n().max(base.n());
    let (now, then) = match interval {
        _ if runs > MAX_PLANNED => return None,
        Interval::Found(IntervalKind::Welch, now) => {
            (now.half_width, half_width_with(&group.moments, &base.moments, u64::from(runs), confidence)?)
        }
        Interval::Found(IntervalKind::Paired, now) => (now.half_width, paired_half_width_with(now, u64::from(runs), confidence)),
        _ => return None,
    };
    (then < now).then(|| notes::precision(now, runs, then))
}

/// The first and the last of all last steps, if they are too far from each other.
fn different_ends(group: &GroupSample, base: &GroupSample) -> Option<(f64, f64)> {
    let (one, other) = (group.last_steps?, base.last_steps?);
    let (low, high) = (one.0.min(other.0), one.1.max(other.1));
    (high - low > MAX_STEP_DIFFERENCE * low.abs().max(high.abs())).then_some((low, high))
}

fn interval(group: &GroupSample, baseline: &BaselineSample, rules: &ComparisonRules) -> Interval {
    let (base, confidence) = (&baseline.sample, rules.confidence);
    let found =
        |kind, difference: Option<Difference>| difference.map_or(Interval::NoSpread, |difference| Interval::Found(kind, difference));
    match (&group.used[..], &base.used[..]) {
        ([_], [_]) => Interval::TooFew,
        (_, [(_, number)]) => found(IntervalKind::Prediction, prediction(&group.moments, *number, confidence)),
        ([(_, number)], _) => {
            let difference = prediction(&base.moments, *number, confidence);
            found(IntervalKind::Prediction, difference.map(|found| Difference { value: -found.value, ..found }))
        }
        _ => match pairs(group, base, &rules.by) {
            Some(pairs) => found(IntervalKind::Paired, paired(&pairs, confidence)),
            None => found(IntervalKind::Welch, welch(&group.moments, &base.moments, confidence)),
        },
    }
}

/// The numbers of runs with the same seeds, if both sides have the same ones, each once. All keys that are seeds of one of these runs
/// count, so that other groups do not matter.
fn pairs(group: &GroupSample, base: &GroupSample, by: &[String]) -> Option<Vec<(f64, f64)>> {
    if group.n() != base.n() {
        return None;
    }
    let mut keys = BTreeSet::new();
    for (run, _) in group.used.iter().chain(&base.used) {
        if let Some(config) = run.keys.get("config").and_then(Value::as_object) {
            for_each_value(config, &mut |key, _| {
                if is_seed(key) && !keys.contains(key) {
                    keys.insert(key.to_owned());
                }
            });
        }
    }
    let seeds: Vec<RunField> = keys.into_iter().map(RunField::Config).filter(|field| !by.contains(&field.to_string())).collect();
    if seeds.is_empty() {
        return None;
    }
    let by_seed = |sample: &GroupSample| {
        let seeded: Option<HashMap<String, f64>> = sample.used.iter().map(|(run, number)| Some((seed_of(run, &seeds)?, *number))).collect();
        seeded.filter(|seeded| seeded.len() == sample.used.len())
    };
    let (own, other) = (by_seed(group)?, by_seed(base)?);
    own.into_iter().map(|(seed, number)| Some((number, *other.get(&seed)?))).collect()
}

/// The values of all keys that are seeds; `None` if one of them is missing.
fn seed_of(run: &RunRecord, seeds: &[RunField]) -> Option<String> {
    seeds.iter().map(|field| value_identity(run, field)).collect::<Option<Vec<_>>>().map(|values| values.join("\n"))
}
