//! Long names made short, each by what it has in common with the others: runs often differ somewhere in the middle.

use unicode_segmentation::UnicodeSegmentation;

use super::text_metrics::text_width;
use crate::sorting;

const ELLIPSIS: &str = "…";
/// Maximum rounds of shortening for names that still look alike.
const MAX_ROUNDS: usize = 4;
/// How far before its first difference a word may begin.
const MAX_WORD: usize = 12;
/// A shorter beginning that names share is not worth its mark.
const MIN_PREFIX: usize = 4;

/// The names of one chart, none wider than `room` CSS pixels (by [`text_width`], of at least 40). What differs between them stays to be seen,
/// with the beginning and the end of what they share; names that fit stay whole. Nothing is cut inside of what a reader takes for one character.
pub fn shorten_names<S: AsRef<str>>(names: &[S], room: f64) -> Vec<String> {
    let mut shown: Vec<String> = names.iter().map(|name| name.as_ref().to_owned()).collect();
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    let mut groups: Vec<Vec<usize>> = vec![(0..names.len()).collect()];
    for _ in 0..MAX_ROUNDS {
        let mut alike: Vec<Vec<usize>> = Vec::new();
        for group in &groups {
            shorten_group(&names, group, room.max(40.0), &mut shown);
            let mut order = group.clone();
            sorting::sort_by(&mut order, |a, b| shown[*a].cmp(&shown[*b]));
            let same = order.chunk_by(|a, b| shown[*a] == shown[*b]).filter(|same| same.len() > 1 && same.len() < group.len());
            alike.extend(same.map(<[usize]>::to_vec));
        }
        if alike.is_empty() {
            break;
        }
        groups = alike;
    }
    shown
}

/// The same, but where a name is cut, what all of them begin with is left out: a column may be narrower than `room`, and shows the
/// beginning.
pub fn lead_with_difference<S: AsRef<str>>(names: &[S], room: f64) -> Vec<String> {
    let is_wide = |name: &S| text_width(name.as_ref()) > room;
    let split: Vec<Vec<&str>> = names.iter().map(|name| name.as_ref().graphemes(true).collect()).collect();
    let prefix = match split.split_first() {
        Some((first, others)) if !others.is_empty() && names.iter().any(is_wide) => shared_words(first, others),
        _ => 0,
    };
    if prefix < MIN_PREFIX {
        return shorten_names(names, room);
    }
    let rests: Vec<String> = split.iter().map(|name| name[prefix..].concat()).collect();
    let short = shorten_names(&rests, room - text_width(ELLIPSIS));
    names
        .iter()
        .zip(short)
        .map(|(name, short)| if is_wide(name) { [ELLIPSIS, &short].concat() } else { name.as_ref().to_owned() })
        .collect()
}

/// How much of the beginning is the same in all, up to the beginning of a word or number.
fn shared_words(first: &[&str], others: &[Vec<&str>]) -> usize {
    let common = |other: &Vec<&str>| first.iter().zip(other).take_while(|(a, b)| a == b).count();
    let prefix = others.iter().map(common).min().unwrap_or(0);
    prefix - first[..prefix].iter().rev().take(MAX_WORD).position(joins).unwrap_or(0)
}

/// Whether a part stands between words.
fn joins(part: &&str) -> bool {
    !part.chars().all(char::is_alphanumeric) && *part != "."
}

/// One name that has no others beside it.
pub fn shorten_name(name: &str, room: f64) -> String {
    shorten_names(&[name], room).pop().unwrap_or_default()
}

/// Makes the long ones of a group short, by what all of the group have in common.
fn shorten_group(names: &[&str], group: &[usize], room: f64, shown: &mut [String]) {
    if group.iter().all(|at| text_width(names[*at]) <= room) {
        return;
    }
    let split: Vec<Vec<&str>> = group.iter().map(|at| names[*at].graphemes(true).collect()).collect();
    let (first, others) = match split.split_first() {
        Some((first, others)) if !others.is_empty() => (first, others),
        // Alone: its middle is what matters least.
        _ => {
            group.iter().zip(&split).for_each(|(at, name)| shown[*at] = keep_both_ends(name, room));
            return;
        }
    };
    let prefix_all = others.iter().map(|other| first.iter().zip(other).take_while(|(a, b)| a == b).count()).min().unwrap_or(0);
    let prefix = shared_words(first, others);
    let last: Vec<&str> = first.iter().rev().copied().collect();
    let common_end = |other: &Vec<&str>| last.iter().zip(other.iter().rev()).take_while(|(a, b)| a == b).count();
    let shortest = split.iter().map(Vec::len).min().unwrap_or(0);
    let mut suffix = others.iter().map(common_end).min().unwrap_or(0).min(shortest - prefix_all);
    // From the beginning of a word or number to the end of one.
    suffix -= last[..suffix].iter().rev().take(MAX_WORD).position(joins).unwrap_or(0);
    for (at, name) in group.iter().zip(&split) {
        shown[*at] = if text_width(names[*at]) <= room { names[*at].to_owned() } else { keep_own_part(name, prefix, suffix, room) };
    }
}

/// A name by its own part, and as much of both sides of it as there is room for.
fn keep_own_part(name: &[&str], prefix: usize, suffix: usize, room: f64) -> String {
    let (before, rest) = name.split_at(prefix);
    let (own, after) = rest.split_at(rest.len() - suffix);
    let left = room - text_width(&own.concat()) - 2.0 * text_width(ELLIPSIS);
    if left < 0.0 {
        let cuts = [before, after].iter().filter(|side| !side.is_empty()).count() as f64;
        let own = keep_both_ends(own, room - cuts * text_width(ELLIPSIS));
        return [if before.is_empty() { "" } else { ELLIPSIS }, &own, if after.is_empty() { "" } else { ELLIPSIS }].concat();
    }
    // What one side does not need the other gets.
    let needs = |side: &[&str]| text_width(&side.concat());
    let head = (left - needs(after)).max(left / 2.0);
    let tail = (left - needs(before)).max(left / 2.0);
    let (head, tail) = (count_fitting(before.iter(), head), count_fitting(after.iter().rev(), tail));
    let mark = |is_cut: bool| if is_cut { ELLIPSIS } else { "" };
    [&before[..head].concat(), mark(head < before.len()), &own.concat(), mark(tail < after.len()), &after[after.len() - tail..].concat()]
        .concat()
}

/// The beginning and the end of a text that is too wide.
fn keep_both_ends(name: &[&str], room: f64) -> String {
    if text_width(&name.concat()) <= room {
        return name.concat();
    }
    let half = (room - text_width(ELLIPSIS)) / 2.0;
    let head = count_fitting(name.iter(), half);
    let tail = count_fitting(name[head..].iter().rev(), half);
    [&name[..head].concat(), ELLIPSIS, &name[name.len() - tail..].concat()].concat()
}

/// How many of these fit.
fn count_fitting<'a>(parts: impl Iterator<Item = &'a &'a str>, room: f64) -> usize {
    let mut used = 0.0;
    parts
        .take_while(|part| {
            used += text_width(part);
            used <= room
        })
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(names: &[String], room: f64) -> Vec<String> {
        let shown = shorten_names(names, room);
        let mut distinct = shown.clone();
        distinct.sort();
        distinct.dedup();
        assert_eq!(distinct.len(), names.len(), "{shown:?}");
        for (name, shown) in names.iter().zip(&shown) {
            assert!(text_width(shown) <= room + 1e-9, "{shown} is {} wide", text_width(shown));
            let whole: Vec<&str> = name.graphemes(true).collect();
            let known = |part: &str| part.graphemes(true).all(|part| whole.contains(&part));
            assert!(shown.split(ELLIPSIS).all(known), "{shown} is not of {name}");
        }
        shown
    }

    #[test]
    fn what_differs_stays_to_be_seen() {
        let (prefix, suffix) = ("p".repeat(60), "s".repeat(60));
        let runs: Vec<_> = (0..50).map(|run| format!("{prefix}-run{run}-{suffix}")).collect();
        let shown = check(&runs, 200.0);
        assert!(shown[17].contains("…run17…") && shown[17].starts_with("ppp") && shown[17].ends_with("sss"), "{}", shown[17]);
        let rates: Vec<_> =
            ["0.1", "0.15", "0.001"].map(|rate| format!("resnet50-imagenet-augmented-lr={rate}-with-a-long-tail-of-settings")).into();
        assert!(check(&rates, 180.0)[1].contains("0.15"));
        assert_eq!(shorten_names(&["train", "val"], 200.0), ["train", "val"]);
    }

    #[test]
    fn a_name_that_is_cut_begins_with_its_difference() {
        let names: Vec<_> = ["0.1", "0.15", "0.001"].map(|rate| format!("resnet50-imagenet-augmented-lr={rate}-with-a-long-tail")).into();
        let shown = lead_with_difference(&names, 180.0);
        assert!(shown.iter().all(|name| name.starts_with("…0.") && text_width(name) <= 180.0), "{shown:?}");
        assert!(shown[0].starts_with("…0.1-") && shown[1].starts_with("…0.15-"), "{shown:?}");
        assert_eq!(lead_with_difference(&["run-1", "run-2"], 180.0), ["run-1", "run-2"]);
        let mixed = ["experiment-long-name-one-and-more-words", "experiment-b"];
        let shown = lead_with_difference(&mixed, 180.0);
        assert!(shown[0].starts_with("…long-name-") && shown[1] == "experiment-b", "{shown:?}");
        assert_eq!(lead_with_difference::<&str>(&[], 100.0), Vec::<String>::new());
    }

    #[test]
    fn groups_of_names_stay_distinct() {
        let mut names: Vec<_> = (0..20).map(|at| format!("a{}{at}{}", "x".repeat(80), "y".repeat(80))).collect();
        names.extend((0..20).map(|at| format!("b{}{at}{}", "x".repeat(80), "y".repeat(80))));
        names.push("loss".into());
        check(&names, 150.0);
    }

    #[test]
    fn characters_of_every_script_stay_whole() {
        for part in ["模型训练", "נסיון", "👨‍👩‍👧‍👦", "e\u{301}", "🇩🇪🇺🇸", "تجربة"] {
            let names: Vec<_> = (0..10).map(|at| format!("{}{at}{}", part.repeat(30), part.repeat(30))).collect();
            check(&names, 260.0);
        }
        assert_eq!(shorten_names::<&str>(&[], 100.0), Vec::<String>::new());
        assert_eq!(shorten_name("", 100.0), "");
        assert!(shorten_name(&"ab".repeat(70), 100.0).contains(ELLIPSIS));
    }
}
