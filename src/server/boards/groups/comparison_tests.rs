//! Verdicts on differences of small groups.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::json;

use super::comparison::{BaselineSample, Comparison, ComparisonRules, compare};
use super::sample::GroupSample;
use super::summary::{RunSummary, SummaryValue};
use crate::protocol::{Direction, IntervalKind, RunId, Verdict};
use crate::server::store::RunRecord;

/// A group of finished runs with these numbers, whose seeds count from `seed`.
fn sample(numbers: &[f64], seed: usize) -> GroupSample {
    of(numbers, |at| json!(seed + at), 100.0)
}

fn of(numbers: &[f64], seed: impl Fn(usize) -> serde_json::Value, last_step: f64) -> GroupSample {
    let mut summaries = HashMap::new();
    let runs: Vec<_> = numbers
        .iter()
        .enumerate()
        .map(|(at, number)| {
            let id = RunId::parse(&format!("r{at}")).unwrap();
            let value = if number.is_finite() { SummaryValue::Finite(*number) } else { SummaryValue::Diverged };
            summaries.insert(id.clone(), RunSummary { value, last_step: Some(last_step) });
            let keys = json!({"status": "finished", "config": {"seed": seed(at)}});
            Arc::new(RunRecord::new("b".into(), id, keys.as_object().unwrap().clone()))
        })
        .collect();
    GroupSample::of(&runs, &summaries, true)
}

fn rules(direction: Option<Direction>) -> ComparisonRules {
    ComparisonRules { direction, confidence: 0.95, needs_equal_ends: true, by: vec!["config.lr".to_owned()] }
}

fn with(group: &GroupSample, base: GroupSample, is_run: bool) -> Comparison {
    compare(group, &BaselineSample { sample: base, is_run }, &rules(Some(Direction::Max)))
}

const HIGH: [f64; 3] = [0.912, 0.921, 0.917];
const LOW: [f64; 3] = [0.903, 0.899, 0.908];

fn kind(comparison: &Comparison) -> IntervalKind {
    comparison.difference.unwrap().interval
}

#[test]
fn a_verdict_needs_three_runs_each_and_no_member_that_diverged() {
    assert_eq!(with(&sample(&HIGH, 0), sample(&LOW, 9), false).verdict, Verdict::Better);
    assert_eq!(with(&sample(&LOW, 0), sample(&HIGH, 9), false).verdict, Verdict::Worse);
    let two = with(&sample(&HIGH[..2], 0), sample(&LOW, 9), false);
    assert_eq!((two.verdict, two.notes), (Verdict::CannotTell, vec!["2 vs 3 runs: 3 each are needed to tell".to_owned()]));
    // Only what could be better or worse counts among many comparisons.
    let judged = |group: &GroupSample, base| with(group, base, false).is_judged;
    assert!(judged(&sample(&HIGH, 0), sample(&LOW, 9)) && !judged(&sample(&HIGH[..2], 0), sample(&LOW, 9)));
    assert!(!judged(&sample(&HIGH, 0), of(&LOW, |seed| json!(seed), 200.0)), "not comparable");
    assert!(!judged(&sample(&[HIGH[0], HIGH[1], HIGH[2], f64::NAN], 0), sample(&LOW, 9)), "a member has diverged");
    let diverged = [HIGH[0], HIGH[1], HIGH[2], f64::NAN];
    let diverged = with(&sample(&LOW, 0), sample(&diverged, 9), false);
    assert_eq!((diverged.verdict, &*diverged.notes[0]), (Verdict::CannotTell, "baseline: 1 of 4 diverged"));
    let equal = with(&sample(&[1.0; 3], 0), sample(&[2.0; 3], 9), false);
    assert_eq!((equal.verdict, kind(&equal), equal.notes), (Verdict::CannotTell, IntervalKind::None, vec!["no spread".to_owned()]));
    let unknown = compare(&sample(&HIGH, 0), &BaselineSample { sample: sample(&LOW, 9), is_run: false }, &rules(None));
    assert_eq!((unknown.verdict, kind(&unknown)), (Verdict::None, IntervalKind::Welch));
}

#[test]
fn a_lower_loss_is_better() {
    let base = BaselineSample { sample: sample(&HIGH, 9), is_run: false };
    assert_eq!(compare(&sample(&LOW, 0), &base, &rules(Some(Direction::Min))).verdict, Verdict::Better);
}

#[test]
fn single_runs_are_predicted_or_have_no_interval() {
    let one_each = with(&sample(&HIGH[..1], 0), sample(&LOW[..1], 0), true);
    assert_eq!((one_each.difference.unwrap().half_width, one_each.notes), (None, vec!["1 run each: no interval".to_owned()]));
    let from_run = with(&sample(&HIGH, 0), sample(&[0.5], 0), true);
    assert_eq!((kind(&from_run), from_run.verdict), (IntervalKind::Prediction, Verdict::Better));
    // A group of one run is no baseline run: both sides need three.
    let from_group = with(&sample(&HIGH, 0), sample(&[0.5], 0), false);
    assert_eq!((kind(&from_group), from_group.verdict), (IntervalKind::Prediction, Verdict::CannotTell));
    let to_one = with(&sample(&[0.5], 0), sample(&HIGH, 0), false).difference.unwrap();
    assert!(to_one.value < 0.0 && to_one.half_width == from_group.difference.unwrap().half_width);
}

#[test]
fn a_side_without_numbers_says_why() {
    let none = with(&sample(&[f64::NAN; 3], 0), sample(&LOW, 0), false);
    assert_eq!((none.difference, none.verdict, none.notes), (None, Verdict::None, vec!["3 of 3 diverged".to_owned()]));
    let base = with(&sample(&HIGH, 0), sample(&[f64::NAN; 3], 0), false);
    assert_eq!((base.difference, base.notes), (None, vec!["baseline: 3 of 3 diverged".to_owned()]));
}

#[test]
fn a_curve_that_cannot_be_read_forbids_a_verdict() {
    let unread = |numbers: &[f64], seed| GroupSample { unread: 1, runs: 4, ..sample(numbers, seed) };
    assert_eq!(with(&unread(&HIGH, 0), sample(&LOW, 9), false).verdict, Verdict::CannotTell);
    let base = with(&sample(&HIGH, 0), unread(&LOW, 9), false);
    assert_eq!((base.verdict, &*base.notes[0]), (Verdict::CannotTell, "baseline: 1 of 4 too long or being counted again"));
}

#[test]
fn a_run_as_baseline_needs_three_runs_on_the_other_side() {
    let two = with(&sample(&HIGH[..2], 0), sample(&[0.5], 0), true);
    assert_eq!((two.verdict, &two.notes), (Verdict::CannotTell, &vec!["2 runs: 3 are needed to tell".to_owned()]));
    let failed = GroupSample { failed: 1, ..sample(&[0.5], 0) };
    assert_eq!(with(&sample(&HIGH, 0), failed, true).notes, ["baseline: 1 of 1 failed"]);
}

#[test]
fn differences_that_are_equal_but_for_rounding_have_no_spread() {
    let equal = with(&sample(&[0.92, 0.93, 0.94], 0), sample(&[0.91, 0.92, 0.93], 0), false);
    assert_eq!((equal.verdict, kind(&equal), equal.notes), (Verdict::CannotTell, IntervalKind::None, vec!["no spread".to_owned()]));
}

#[test]
fn pairs_need_the_same_seeds_each_once() {
    let kind_of = |seed: fn(usize) -> serde_json::Value| kind(&with(&of(&HIGH, seed, 100.0), sample(&LOW, 0), false));
    assert_eq!(kind_of(|at| json!(2 - at)), IntervalKind::Paired);
    assert_eq!(kind_of(|at| json!(2.0 - at as f64)), IntervalKind::Paired, "1 and 1.0 are one seed");
    assert_eq!(kind_of(|_| json!(0)), IntervalKind::Welch);
    assert_eq!(kind_of(|at| json!(at.to_string())), IntervalKind::Welch, "texts are other seeds");
    assert_eq!(kind(&with(&sample(&HIGH[..2], 0), sample(&LOW, 0), false)), IntervalKind::Welch);
    // By seed, not by place: 0.917 - 0.903, 0.921 - 0.899, 0.912 - 0.908.
    let paired = with(&of(&HIGH, |at| json!(2 - at), 100.0), sample(&LOW, 0), false).difference.unwrap();
    assert!((paired.half_width.unwrap() - 4.302652729749462 * 0.009018499505645797 / 3_f64.sqrt()).abs() < 1e-12, "{paired:?}");
}

#[test]
fn curves_that_end_within_a_hundredth_are_compared() {
    let ends = |step: f64| with(&of(&HIGH, |at| json!(at), step), sample(&LOW, 9), false);
    assert_eq!([ends(101.0).verdict, ends(99.0).verdict], [Verdict::Better; 2]);
    let other = ends(102.0);
    assert_eq!((other.verdict, &*other.notes[0]), (Verdict::NotComparable, "last steps from 100 to 102: not comparable"));
    let at_step = ComparisonRules { needs_equal_ends: false, ..rules(Some(Direction::Max)) };
    let base = BaselineSample { sample: sample(&LOW, 9), is_run: false };
    assert_eq!(compare(&of(&HIGH, |at| json!(at), 500.0), &base, &at_step).verdict, Verdict::Better);
}
