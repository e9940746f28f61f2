//! The sentences beside a row and below a table. Each is short and says one thing.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::hidden_members::HiddenMembers;
use super::non_finite::NonFiniteMembers;
use super::sample::GroupSample;
use crate::statistics::CONFIDENCE;

/// Names of keys in one sentence.
const MAX_NAMES: usize = 3;

/// `2 of 3`
fn of_members(count: u32, sample: &GroupSample) -> String {
    format!("{count} of {}", sample.runs)
}

pub fn still_running(sample: &GroupSample, is_judged: bool) -> String {
    let end = if is_judged { ": too early to tell" } else { "" };
    format!("{} still running{end}", of_members(sample.running, sample))
}

pub fn diverged(sample: &GroupSample) -> String {
    format!("{} diverged", of_members(sample.diverged, sample))
}

/// Of members whose number does not show it.
pub fn non_finite(members: &NonFiniteMembers, sample: &GroupSample) -> Option<String> {
    Some(format!("{} diverged in {}", of_members(members.hidden, sample), one_of(&members.metrics)?))
}

/// The metric, if it is one.
fn one_of(metrics: &BTreeSet<String>) -> Option<&str> {
    let mut all = metrics.iter();
    match (all.next()?, all.next()) {
        (metric, None) => Some(metric),
        _ => Some("other metrics"),
    }
}

pub fn failed(sample: &GroupSample) -> String {
    format!("{} failed", of_members(sample.failed, sample))
}

/// `1 failed and 2 diverged, left out by the search`: the group looks better than it is.
pub fn hidden(members: &HiddenMembers) -> String {
    let elsewhere = one_of(&members.metrics).map(|metric| format!("diverged in {metric}")).unwrap_or_default();
    let parts = [(members.failed, "failed"), (members.diverged, "diverged"), (members.diverged_elsewhere, &elsewhere)];
    let parts: Vec<String> = parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    format!("{}, left out by the search", parts.join(" and "))
}

/// `2 groups are not shown, …: 1, 10`, of their labels.
pub fn hidden_groups(labels: &[String]) -> Option<String> {
    let more = if labels.len() > MAX_NAMES { ", …" } else { "" };
    let names = labels.iter().take(MAX_NAMES).map(String::as_str).collect::<Vec<_>>().join(", ");
    match labels.len() {
        0 => None,
        1 => Some(format!("1 group is not shown, since all its runs failed or diverged and the search leaves them out: {names}")),
        many => Some(format!(
            "{many} groups are not shown, since all their runs failed or diverged and the search leaves them out: {names}{more}"
        )),
    }
}

/// `groups mix 2 values of model`, from [`super::mixed_keys`] of the groups.
pub fn mixed<'a>(groups: impl Iterator<Item = &'a Map<String, Value>>) -> Option<String> {
    let mut keys: BTreeMap<&str, u64> = BTreeMap::new();
    for (key, count) in groups.flatten() {
        let most = keys.entry(key.strip_prefix("config.").unwrap_or(key)).or_default();
        *most = count.as_u64().unwrap_or_default().max(*most);
    }
    let names: Vec<&str> = keys.keys().copied().take(MAX_NAMES).collect();
    let more = match keys.len() - names.len() {
        0 => String::new(),
        1 => " and 1 more key".to_owned(),
        more => format!(" and {more} more keys"),
    };
    match (keys.first_key_value()?, keys.len()) {
        ((key, count), 1) => Some(format!("groups mix {count} values of {key}")),
        _ => Some(format!("groups mix values of {}{more}", names.join(", "))),
    }
}

/// `2 groups have several values of batch and come last`
pub fn sorted_last(key: &str, mixed: usize, groups: usize) -> Option<String> {
    let key = key.split_once('.').map_or(key, |(_, key)| key);
    match mixed {
        0 => None,
        mixed if mixed == groups => Some(format!("all groups have several values of {key}: their order is that of the mean")),
        1 => Some(format!("1 group has several values of {key} and comes last")),
        mixed => Some(format!("{mixed} groups have several values of {key} and come last")),
    }
}

pub fn without(sample: &GroupSample) -> String {
    format!("{} without this number", of_members(sample.without, sample))
}

pub fn unread(sample: &GroupSample) -> String {
    format!("{} too long or being counted again", of_members(sample.unread, sample))
}

/// The same of what a group is compared with.
pub fn of_baseline(note: String) -> String {
    format!("baseline: {note}")
}

pub fn not_comparable(low: f64, high: f64) -> String {
    format!("last steps from {low} to {high}: not comparable")
}

pub const NO_SPREAD: &str = "no spread";
pub const ONE_RUN_EACH: &str = "1 run each: no interval";
pub const PAIRED: &str = "paired by seed";

pub fn too_few(n: u32, baseline: u32) -> String {
    format!("{n} vs {baseline} runs: 3 each are needed to tell")
}

/// Beside a run as the baseline.
pub fn too_few_for_run(n: u32) -> String {
    let runs = if n == 1 { "run" } else { "runs" };
    format!("{n} {runs}: 3 are needed to tell")
}

/// `±0.009 now; with 9 runs each about ±0.004`
pub fn precision(now: f64, runs: u32, then: f64) -> String {
    format!("±{} now; with {runs} runs each about ±{}", one_digit(now), one_digit(then))
}

pub fn best_of(groups: usize) -> String {
    format!("best of {groups}: expect less when repeated")
}

pub fn comparisons(count: u32, confidence: f64, expected: f64) -> String {
    if confidence > CONFIDENCE {
        // As many decimals as leave a digit that is not 9.
        let decimals = (1.0 - (100.0 * (1.0 - confidence)).log10().floor()).max(2.0);
        return format!("{count} comparisons at {} % each: 95 % together", plain(100.0 * confidence, decimals as usize));
    }
    format!("{count} comparisons at 95 %: expect {} by chance", plain(expected, 2))
}

pub const BEST_IS_BIASED: &str = "'best' looks better the more often a run was evaluated: prefer 'last'";

pub fn no_metric(metric: Option<&str>) -> String {
    match metric {
        None => "no run has logged a metric".to_owned(),
        Some(metric) => format!("no run found has logged '{metric}'"),
    }
}

pub fn no_direction(metric: &str) -> String {
    format!("neither the name nor the board says which end of '{metric}' is better")
}

pub const NO_BASELINE: &str = "the baseline is not among the runs found";
pub const BASELINE_IS_MEMBER: &str = "compared without the baseline, which is a member";

/// `1 still running and 2 failed: in the curves as far as they go, not in these means`; `None` if there is none. Killed ones are among the
/// failed ones.
pub fn left_out(running: u32, failed: u32) -> Option<String> {
    let running = (running > 0).then(|| format!("{running} still running"));
    let failed = (failed > 0).then(|| format!("{failed} failed"));
    let parts: Vec<String> = running.into_iter().chain(failed).collect();
    (!parts.is_empty()).then(|| format!("{}: in the curves as far as they go, not in these means", parts.join(" and ")))
}

/// With one significant digit.
pub fn one_digit(number: f64) -> String {
    if number == 0.0 || !number.is_finite() {
        return number.to_string();
    }
    let text = format!("{number:.0e}");
    let Some(exponent) = text.split_once('e').and_then(|(_, exponent)| exponent.parse::<i32>().ok()) else { return text };
    match exponent {
        -5..0 => format!("{number:.*}", exponent.unsigned_abs() as usize),
        // The digit of the text, which rounding may have carried.
        0..=5 => text.parse::<f64>().map_or(text, |rounded| rounded.to_string()),
        _ => text,
    }
}

/// With so many decimals at most.
fn plain(number: f64, decimals: usize) -> String {
    let text = format!("{number:.decimals$}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_have_one_digit() {
        let list = [0.009, 0.0094, 0.0096, 0.5, 0.96, 1.0, 1.6, 9.7, 23.0, 4321.0, 1e7, 2.4e-7, 0.0];
        let expected = ["0.009", "0.009", "0.01", "0.5", "1", "1", "2", "10", "20", "4000", "1e7", "2e-7", "0"];
        assert_eq!(list.map(one_digit), expected);
    }

    #[test]
    fn members_that_are_left_out_are_said_by_their_state() {
        assert_eq!(left_out(0, 2).unwrap(), "2 failed: in the curves as far as they go, not in these means");
        assert_eq!(left_out(1, 0).unwrap(), "1 still running: in the curves as far as they go, not in these means");
        assert_eq!(
            (left_out(1, 2).unwrap(), left_out(0, 0)),
            ("1 still running and 2 failed: in the curves as far as they go, not in these means".into(), None)
        );
    }

    #[test]
    fn mixed_values_are_said_once() {
        let groups = |list: &[Value]| list.iter().map(|group| group.as_object().cloned().unwrap()).collect::<Vec<_>>();
        let say = |list: &[Value]| mixed(groups(list).iter());
        assert_eq!(say(&[json!({}), json!({})]), None);
        assert_eq!(say(&[json!({ "config.model": 2 }), json!({ "config.model": 3 })]).unwrap(), "groups mix 3 values of model");
        let many = json!({ "config.a": 2, "config.b": 2, "config.c": 2, "config.d": 2 });
        assert_eq!(say(&[many]).unwrap(), "groups mix values of a, b, c and 1 more key");
    }

    #[test]
    fn many_comparisons_are_said() {
        assert_eq!(comparisons(12, 0.95, 0.6), "12 comparisons at 95 %: expect 0.6 by chance");
        assert_eq!(comparisons(3, 0.95, 0.15), "3 comparisons at 95 %: expect 0.15 by chance");
        assert_eq!(comparisons(12, 1.0 - 0.05 / 12.0, 0.05), "12 comparisons at 99.58 % each: 95 % together");
        assert_eq!(comparisons(1000, 1.0 - 0.05 / 1000.0, 0.05), "1000 comparisons at 99.995 % each: 95 % together");
        assert_eq!(comparisons(100_000, 1.0 - 0.05 / 100_000.0, 0.05), "100000 comparisons at 99.99995 % each: 95 % together");
        assert_eq!(precision(0.0091, 9, 0.0042), "±0.009 now; with 9 runs each about ±0.004");
    }
}
