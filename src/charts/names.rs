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

/// Names are not made narrower than this, in CSS pixels.
const MIN_ROOM: f64 = 40.0;

/// Between the values of a name, such as that of a group of runs.
const SEPARATOR: &str = " · ";

/// The names of one chart, none wider than `room` CSS pixels (by [`text_width`], of at least 40). What differs between them stays to be seen,
/// with the beginning and the end of what they share; names that fit stay whole. Nothing is cut inside of what a reader takes for one character.
pub fn shorten_names<S: AsRef<str>>(names: &[S], room: f64) -> Vec<String> {
    if let Some(short) = shorten_parts(names, room, false) {
        return short;
    }
    let mut shown: Vec<String> = names.iter().map(|name| name.as_ref().to_owned()).collect();
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    let mut groups: Vec<Vec<usize>> = vec![(0..names.len()).collect()];
    for _ in 0..MAX_ROUNDS {
        let mut alike: Vec<Vec<usize>> = Vec::new();
        for group in &groups {
            shorten_group(&names, group, room.max(MIN_ROOM), &mut shown);
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
    if let Some(short) = shorten_parts(names, room, true) {
        return short;
    }
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
        .map(|(name, short)| match is_wide(name) {
            true if short.starts_with(ELLIPSIS) => short,
            true => [ELLIPSIS, &short].concat(),
            false => name.as_ref().to_owned(),
        })
        .collect()
}

/// Names of the same parts that differ in several of them: each of these parts keeps what differs between it and the others in its place.
/// What all have in common gets the room that is left; with `leads` nothing of it stands in front. `None` for other names, and if all fit.
fn shorten_parts<S: AsRef<str>>(names: &[S], room: f64, leads: bool) -> Option<Vec<String>> {
    let is_wide = |name: &S| text_width(name.as_ref()) > room;
    if !names.iter().any(is_wide) {
        return None;
    }
    let rows: Vec<Vec<&str>> = names.iter().map(|name| split_parts(name.as_ref())).collect();
    let first = rows.first()?;
    let differs: Vec<bool> = (0..first.len()).map(|at| rows.iter().any(|row| row.get(at) != Some(&first[at]))).collect();
    let (own, common): (Vec<usize>, Vec<usize>) = (0..first.len()).step_by(2).partition(|at| differs[*at]);
    let is_alike = rows.iter().all(|row| row.len() == first.len()) && differs.iter().skip(1).step_by(2).all(|differs| !differs);
    if own.len() < 2 || !is_alike {
        return None;
    }
    let mut shown = differs.clone();
    // What is around the parts that differ is the same in all names.
    let around = |shown: &[bool]| text_width(&join_parts(first, shown, |at| if differs[at] { "" } else { first[at] }));
    let widest = |at: &usize| rows.iter().map(|row| text_width(row[*at])).fold(0.0, f64::max);
    let by_width = |places: Vec<usize>| {
        let mut places: Vec<(usize, f64)> = places.into_iter().map(|at| (at, widest(&at))).collect();
        sorting::sort_by(&mut places, |one, other| one.1.total_cmp(&other.1));
        places
    };
    let mut left = room - around(&shown);
    let mut short: Vec<Vec<String>> = vec![Vec::new(); first.len()];
    // The narrowest first: what it does not need the wider ones get.
    let own = by_width(own);
    let mut is_cut = false;
    for (turn, (at, wide)) in own.iter().enumerate() {
        let share = wide.min(left / (own.len() - turn) as f64);
        left -= share;
        is_cut |= share < *wide;
        short[*at] = shorten_column(rows.iter().map(|row| row[*at]), share, leads);
    }
    let widths = (0..rows.len()).map(|row| own.iter().map(|(at, _)| text_width(&short[*at][row])).sum());
    let widest_own = widths.fold(0.0, f64::max);
    let begin = own.iter().map(|(at, _)| *at).min().filter(|_| leads).unwrap_or(0);
    for (at, _) in by_width(common.into_iter().filter(|at| *at >= begin).collect()) {
        shown[at] = true;
        shown[at] = !is_cut && widest_own + around(&shown) <= room;
    }
    let name = |(row, whole): (usize, &S)| {
        let text = |at: usize| short[at].get(row).map_or(first[at], String::as_str);
        if is_wide(whole) { join_parts(first, &shown, text) } else { whole.as_ref().to_owned() }
    };
    let short: Vec<String> = names.iter().enumerate().map(name).collect();
    // Many parts need more than there is, however short each of them is.
    short.iter().all(|name| text_width(name) <= room.max(MIN_ROOM)).then_some(short)
}

/// The names of groups without the words that each of their values begins with in all of them: of `batch 16 · lr 0.1` the `16 · 0.1`. A
/// name that is alone stays.
pub fn without_shared_words(names: &[&str]) -> Vec<String> {
    let rows: Vec<Vec<&str>> = names.iter().map(|name| name.split(SEPARATOR).collect()).collect();
    let Some((first, others)) = rows.split_first().filter(|(_, others)| !others.is_empty()) else {
        return names.iter().map(|name| (*name).to_owned()).collect();
    };
    let shared = |at: usize| {
        let words = first[at].rfind(' ').map_or("", |end| &first[at][..=end]);
        let is_shared = |words: &str| others.iter().all(|other| other.get(at).is_some_and(|value| value.starts_with(words)));
        let mut ends = words.match_indices(' ').map(|(end, _)| end + 1);
        ends.rfind(|end| is_shared(&words[..*end])).unwrap_or(0)
    };
    let cuts: Vec<usize> = (0..first.len()).map(shared).collect();
    let values = |row: &Vec<&str>| {
        let value = |(at, value): (usize, &&str)| value[cuts.get(at).copied().unwrap_or(0)..].to_owned();
        row.iter().enumerate().map(value).collect::<Vec<_>>().join(SEPARATOR)
    };
    rows.iter().map(values).collect()
}

/// The values of a name, else its words, and in between what separates them.
fn split_parts(name: &str) -> Vec<&str> {
    if name.contains(SEPARATOR) {
        return name.split(SEPARATOR).flat_map(|value| [SEPARATOR, value]).skip(1).collect();
    }
    let is_exponent = |at: usize| at > 1 && matches!(name.as_bytes()[at - 1], b'e' | b'E') && name.as_bytes()[at - 2].is_ascii_digit();
    let (mut parts, mut begin) = (Vec::new(), 0);
    for (at, _) in name.match_indices(['-', '_', '/', ',', ' ']).filter(|(at, _)| !is_exponent(*at)) {
        parts.extend([&name[begin..at], &name[at..at + 1]]);
        begin = at + 1;
    }
    parts.push(&name[begin..]);
    parts
}

/// The parts that are shown, with a mark for those between them that are not.
fn join_parts<'a>(parts: &[&str], shown: &[bool], text: impl Fn(usize) -> &'a str) -> String {
    let (mut name, mut is_cut) = (String::new(), false);
    for at in (0..parts.len()).step_by(2) {
        if !shown[at] {
            name.push_str(if is_cut { "" } else { ELLIPSIS });
        } else {
            name.push_str(if is_cut || at == 0 { "" } else { parts[at - 1] });
            name.push_str(text(at));
        }
        is_cut = !shown[at];
    }
    // A part may begin or end with a mark of its own.
    name.replace("……", ELLIPSIS).replace("……", ELLIPSIS)
}

/// The parts in one place of the names, which may be there several times.
fn shorten_column<'a>(parts: impl Iterator<Item = &'a str>, room: f64, leads: bool) -> Vec<String> {
    let parts: Vec<&str> = parts.collect();
    let mut distinct = parts.clone();
    sorting::sort(&mut distinct);
    distinct.dedup();
    let short = if leads { lead_with_difference(&distinct, room) } else { shorten_names(&distinct, room) };
    parts.iter().map(|part| distinct.binary_search(part).map_or_else(|_| (*part).to_owned(), |at| short[at].clone())).collect()
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
    let cuts = [before, after].iter().filter(|side| !side.is_empty()).count() as f64;
    let left = room - text_width(&own.concat()) - cuts * text_width(ELLIPSIS);
    if left < 0.0 {
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
    fn names_of_many_parts_are_no_wider_than_their_room() {
        let names = ["0.001 · adam · resnet50 · 64 · cifar10 · mixup", "0.01 · sgd · resnet18 · 128 · cifar100 · cutmix"];
        for room in [40.0, 90.0, 165.0, 400.0] {
            let short = shorten_names(&names, room);
            assert!(short.iter().all(|name| text_width(name) <= room) && short[0] != short[1], "{room}: {short:?}");
        }
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
    fn each_part_that_differs_stays_to_be_seen() {
        let name =
            |rate: &str, decay: &str, batch: u32| format!("vit-large-patch16-384 · {rate} · adamw-with-{decay}-weight-decay · {batch}");
        let mut names = Vec::new();
        for rate in ["0.1", "0.001"] {
            for decay in ["decoupled", "l2"] {
                names.extend([64, 128].map(|batch| name(rate, decay, batch)));
            }
        }
        let words: Vec<String> = names.iter().map(|name| name.replace(" · ", "-")).collect();
        for names in [&names, &words] {
            for shown in [lead_with_difference(names, 185.0), shorten_names(names, 185.0)] {
                let (one, other) = (&shown[2], &shown[5]);
                assert!(one.contains("0.1") && one.contains("l2") && one.ends_with("64"), "{shown:?}");
                assert!(other.contains("0.001") && other.contains("decoupled") && other.ends_with("128"), "{shown:?}");
                let mut distinct = shown.clone();
                distinct.sort();
                distinct.dedup();
                assert_eq!(distinct.len(), names.len(), "{shown:?}");
                assert!(shown.iter().all(|name| text_width(name) <= 185.0 && !name.contains("……")), "{shown:?}");
            }
            assert!(lead_with_difference(names, 185.0)[0].starts_with("…0.1"));
        }
        // There is room for most of what they have in common, except in front.
        let (whole, led) = (shorten_names(&words, 400.0), lead_with_difference(&words, 400.0));
        assert!(whole[1].starts_with("vit-") && led[1].starts_with("…0.1-"), "{whole:?} {led:?}");
        assert_eq!(shorten_names(&["0.1 · sgd", "0.01 · adam"], 165.0), ["0.1 · sgd", "0.01 · adam"]);
    }

    #[test]
    fn words_that_all_groups_share_are_left_out() {
        let names = ["batch 16 · lr 0.1 · cnn", "batch 64 · lr 0.1 · mlp"];
        assert_eq!(without_shared_words(&names), ["16 · 0.1 · cnn", "64 · 0.1 · mlp"]);
        assert_eq!(without_shared_words(&["no lr", "lr 0.1"]), ["no lr", "lr 0.1"]);
        assert_eq!(without_shared_words(&["tags a b", "tags a c"]), ["b", "c"]);
        assert_eq!(without_shared_words(&["lr 0.1"]), ["lr 0.1"]);
        assert_eq!(without_shared_words(&["lr 0.1 · a", "lr 0.2"]), ["0.1 · a", "0.2"]);
    }

    #[test]
    fn words_of_runs_are_parts_and_exponents_are_none() {
        assert_eq!(split_parts("vit_b-lr1e-3"), ["vit", "_", "b", "-", "lr1e-3"]);
        assert_eq!(split_parts("a-b · c"), ["a-b", " · ", "c"]);
        let name = |size: u32, rate: &str, seed: u32| format!("vit-base-patch16-{size}-augreg-lr{rate}-seed{seed}");
        let names = [name(224, "1e-3", 0), name(384, "1e-4", 0), name(224, "1e-4", 1), name(224, "1e-3", 1)];
        let whole = ["…224-augreg-lr1e-3-seed0", "…384-augreg-lr1e-4-seed0", "…224-augreg-lr1e-4-seed1", "…224-augreg-lr1e-3-seed1"];
        assert_eq!(lead_with_difference(&names, 185.0), whole);
        assert_eq!(lead_with_difference(&names, 145.0), whole.map(|name| name.replace("-augreg-", "…")));
        // Names of other parts have no places in common.
        assert!(shorten_parts(&["a-very-long-name-of-a-run-that-is-alone", "b", "c-d"], 100.0, true).is_none());
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
