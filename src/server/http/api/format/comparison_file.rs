//! The comparison of groups as a file: LaTeX with the rules of `booktabs`, for a paper, and comma-separated values.

use std::fmt::Write;

use serde_json::Value;

use crate::charts::csv::Csv;
use crate::charts::format_ungrouped;
use crate::protocol::{GroupCell, GroupRow, RunGroups};

/// Digits of a mean without a deviation.
const PLAIN_DIGITS: i32 = 5;
/// Decimals of a number in LaTeX at most; one that needs more has a power of ten.
const MAX_DECIMALS: i32 = 6;
/// A double has 15 digits.
const MAX_SCALED_DECIMALS: i32 = 14;
/// So has one that is not below this.
const MAX_PLAIN: f64 = 1e9;

/// A `tabular`: keys, mean ± standard deviation, other metrics, runs in the mean, and with a baseline the difference ± its interval and the
/// verdict. Further keys stand behind the name. `secondary`: the other metrics.
pub fn latex(table: &RunGroups, secondary: &[String]) -> String {
    // Without groups no key is in their names.
    let keys = if table.groups.is_empty() { &table.by } else { &table.named_by };
    let named_by: Vec<&str> = keys.iter().map(|key| short(key)).collect();
    let mut heads = vec![guarded(escaped(&named_by.join(" · ")))];
    heads.extend(table.columns.iter().map(|key| escaped(short(key))));
    heads.push(escaped(table.metric.as_deref().unwrap_or("value")));
    heads.extend(secondary.iter().map(|metric| escaped(metric)));
    heads.push("runs".to_owned());
    if table.baseline.is_some() {
        heads.extend(["difference".to_owned(), "verdict".to_owned()]);
    }
    let mut out = String::from("% \\usepackage{booktabs}\n");
    // Writing into a string cannot fail.
    let keys = "l".repeat(1 + table.columns.len());
    let numbers = "r".repeat(heads.len() - keys.len() - usize::from(table.baseline.is_some()));
    let _ = writeln!(out, "\\begin{{tabular}}{{{keys}{numbers}{}}}", if table.baseline.is_some() { "l" } else { "" });
    let _ = writeln!(out, "\\toprule\n{} \\\\\n\\midrule", heads.join(" & "));
    for row in &table.groups {
        let label = escaped(if row.label.is_empty() { "all runs" } else { &row.label });
        let mut cells = vec![if row.is_best { format!("\\textbf{{{label}}}") } else { guarded(label) }];
        cells.extend(row.cells.iter().map(|cell| escaped(&cell_text(cell.as_ref()))));
        cells.push(with_deviation(row.mean, row.std));
        cells.extend(secondary.iter().enumerate().map(|(at, _)| {
            let other = row.secondary.get(at);
            with_deviation(other.and_then(|other| other.mean), other.and_then(|other| other.std))
        }));
        cells.push(if row.used == row.runs { row.runs.to_string() } else { format!("{} of {}", row.used, row.runs) });
        if table.baseline.is_some() {
            let difference = row.difference.filter(|_| !row.is_baseline);
            let sign = if difference.is_some_and(|difference| difference.value > 0.0) { "+" } else { "" };
            let text =
                with_deviation(difference.map(|difference| difference.value), difference.and_then(|difference| difference.half_width));
            cells.push(text.replacen('$', &["$", sign].concat(), 1));
            cells.push(verdict(row));
        }
        let _ = writeln!(out, "{} \\\\", cells.join(" & "));
    }
    out.push_str("\\bottomrule\n\\end{tabular}\n% Mean and standard deviation over runs.");
    if let Some(baseline) = &table.baseline {
        let percent = format_ungrouped(table.confidence * 100.0, 4);
        let _ = write!(out, " Differences are from {}, with intervals of {percent} %.", one_line(&baseline.label));
    }
    if (table.groups.len() as u32) < table.total {
        let _ = write!(out, "\n% {} of {} groups: $limit and $skip choose others.", table.groups.len(), table.total);
    }
    for note in &table.notes {
        let _ = write!(out, "\n% {}", one_line(note));
    }
    for row in table.groups.iter().filter(|row| !row.notes.is_empty()) {
        let label = if row.label.is_empty() { "all runs" } else { &row.label };
        let _ = write!(out, "\n% {}: {}", one_line(label), one_line(&row.notes.join("; ")));
    }
    out.push('\n');
    out
}

/// One line for each group; empty where there is no value. The keys that are grouped by and further ones stand behind the name, other metrics
/// behind the first; notes are last.
pub fn csv(table: &RunGroups, secondary: &[String]) -> String {
    let mut csv = Csv::default();
    csv.text("group");
    table.by.iter().chain(&table.columns).for_each(|key| csv.text(key));
    for name in ["runs", "used", "mean", "std", "half_width", "difference", "difference_half_width", "verdict"] {
        csv.text(name);
    }
    for metric in secondary {
        ["mean", "std", "half_width"].iter().for_each(|what| csv.text(&format!("{metric} {what}")));
    }
    csv.text("notes");
    csv.end();
    for row in &table.groups {
        csv.text(&row.label);
        table.by.iter().for_each(|key| csv.text(&row.key.get(key).map(value_text).unwrap_or_default()));
        row.cells.iter().for_each(|cell| csv.text(&cell_text(cell.as_ref())));
        [row.runs, row.used].iter().for_each(|count| csv.number_text(&count.to_string()));
        let difference = row.difference;
        for number in [row.mean, row.std, row.half_width, difference.map(|it| it.value), difference.and_then(|it| it.half_width)] {
            number_or_nothing(&mut csv, number);
        }
        csv.text(&verdict(row));
        for other in &row.secondary {
            [other.mean, other.std, other.half_width].into_iter().for_each(|number| number_or_nothing(&mut csv, number));
        }
        csv.text(&row.notes.join("; "));
        csv.end();
    }
    csv.into_text()
}

/// The name of a key without its space.
fn short(key: &str) -> &str {
    key.strip_prefix("config.").or_else(|| key.strip_prefix("run.")).unwrap_or(key)
}

/// `resnet18`, `2 values`, or nothing.
fn cell_text(cell: Option<&GroupCell>) -> String {
    match cell {
        None => String::new(),
        Some(GroupCell::Value(value)) => value_text(value),
        Some(GroupCell::Distinct(count)) => format!("{count} values"),
    }
}

fn value_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn number_or_nothing(csv: &mut Csv, number: Option<f64>) {
    match number {
        Some(number) => csv.number(number),
        None => csv.text(""),
    }
}

/// With the apostrophe that every program reads.
fn verdict(row: &GroupRow) -> String {
    row.verdict.word().replace('’', "'")
}

/// A number in math, rounded to the two leading digits of its deviation; a dash for none.
fn with_deviation(mean: Option<f64>, deviation: Option<f64>) -> String {
    let Some(mean) = mean else { return "--".to_owned() };
    let Some(deviation) = deviation.filter(|deviation| *deviation > 0.0 && deviation.is_finite()) else {
        return format!("${}$", in_math(mean, PLAIN_DIGITS));
    };
    let decimals = 1 - deviation.log10().floor() as i32;
    let size = mean.abs().max(deviation);
    if decimals <= MAX_DECIMALS && size < MAX_PLAIN {
        let decimals = decimals.max(0) as usize;
        return format!("${} \\pm {deviation:.decimals$}$", rounded(mean, decimals));
    }
    // In two steps, since a power of ten may be below the least number.
    let power = size.log10().floor() as i32;
    let scaled = |number: f64| number * 10f64.powi(-power / 2) * 10f64.powi(-power + power / 2);
    let decimals = (decimals + power).max(0);
    if decimals > MAX_SCALED_DECIMALS {
        return format!("${} \\pm {}$", in_math(mean, MAX_SCALED_DECIMALS + 1), in_math(deviation, 2));
    }
    let decimals = decimals as usize;
    let [mean, deviation] = [scaled(mean), scaled(deviation)].map(|number| rounded(number, decimals));
    if power == 0 { format!("${mean} \\pm {deviation}$") } else { format!("$({mean} \\pm {deviation}) \\times 10^{{{power}}}$") }
}

/// What is 0 once it is rounded has no sign.
fn rounded(number: f64, decimals: usize) -> String {
    let text = format!("{number:.decimals$}");
    if text.bytes().any(|byte| (b'1'..=b'9').contains(&byte)) { text } else { text.trim_start_matches('-').to_owned() }
}

/// A number with so many digits, and a power of ten where it is very large or small.
fn in_math(number: f64, digits: i32) -> String {
    let text = format_ungrouped(number, digits);
    match text.split_once('e') {
        Some((digits, power)) => format!("{digits} \\times 10^{{{}}}", power.trim_start_matches('+')),
        None => text,
    }
}

/// In a comment.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The first cell of a row: `[64, 64]` would be an option of the line end before it, and so would a star.
fn guarded(label: String) -> String {
    if label.starts_with(['[', '*']) { format!("{{}}{label}") } else { label }
}

/// A text that LaTeX prints as it is.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in one_line(text).chars() {
        match c {
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => out.extend(['\\', c]),
            '\\' => out.push_str("\\textbackslash{}"),
            '~' => out.push_str("\\textasciitilde{}"),
            '<' => out.push_str("\\textless{}"),
            '>' => out.push_str("\\textgreater{}"),
            '|' => out.push_str("\\textbar{}"),
            '^' => out.push_str("\\textasciicircum{}"),
            '·' => out.push_str("$\\cdot$"),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn row(label: &str, mean: Option<f64>, std: Option<f64>, rest: serde_json::Value) -> serde_json::Value {
        let mut row = json!({
            "id": "g5cb445967725", "index": 0, "label": label, "key": {}, "cells": [], "mixed": {}, "runs": 3, "ids": [], "used": 3, "running": 0, "failed": 0,
            "diverged": 0, "non_finite": 0, "without": 0, "mean": mean, "std": std, "half_width": null, "last_steps": null, "secondary": [],
            "is_baseline": false, "difference": null, "verdict": "none", "is_best": false, "notes": []
        });
        for (key, value) in rest.as_object().unwrap() {
            row[key] = value.clone();
        }
        row
    }

    fn table() -> RunGroups {
        let difference = json!({"value": 0.119, "half_width": 0.026, "interval": "welch", "n": [3, 3]});
        let rows = [
            row(
                "0.1 · adam_w",
                Some(0.953_21),
                Some(0.003_14),
                json!({"is_best": true, "difference": difference, "verdict": "better", "notes": ["1 of 3 failed", "best of 3"]}),
            ),
            row("0.01 & 5%", Some(0.834), None, json!({"is_baseline": true, "verdict": "baseline", "used": 1})),
            row("", None, None, json!({})),
        ];
        serde_json::from_value(json!({
            "run_seq": 1, "metric": "val/acc", "direction": "max", "stat": "last", "at": null, "total": 3, "runs": 9, "by": ["config.lr", "config.opt_name"],
            "named_by": ["config.lr", "config.opt_name"], "columns": [], "groups": rows,
            "baseline": {"id": "g5cb445967725", "label": "0.01\n& 5%", "is_run": false, "used": 1, "mean": 0.834},
            "comparisons": 1, "expected_by_chance": 0.05, "confidence": 0.95, "notes": ["Groups mix 2 models."], "proposed": []
        }))
        .unwrap()
    }

    #[test]
    fn groups_are_a_tabular_in_which_texts_are_texts() {
        let expected = "% \\usepackage{booktabs}\n\\begin{tabular}{lrrrl}\n\\toprule\n\
            lr $\\cdot$ opt\\_name & val/acc & runs & difference & verdict \\\\\n\\midrule\n\
            \\textbf{0.1 $\\cdot$ adam\\_w} & $0.9532 \\pm 0.0031$ & 3 & $+0.119 \\pm 0.026$ & better \\\\\n\
            0.01 \\& 5\\% & $0.834$ & 1 of 3 & -- & baseline \\\\\n\
            all runs & -- & 3 & -- &  \\\\\n\\bottomrule\n\\end{tabular}\n\
            % Mean and standard deviation over runs. Differences are from 0.01 & 5%, with intervals of 95 %.\n% Groups mix 2 models.\n% 0.1 · adam_w: 1 of 3 failed; best of 3\n";
        assert_eq!(latex(&table(), &[]), expected);
        assert_eq!(escaped("\\input{x}\n^~"), "\\textbackslash{}input\\{x\\} \\textasciicircum{}\\textasciitilde{}");
        assert_eq!(escaped("<1|x>"), "\\textless{}1\\textbar{}x\\textgreater{}");
    }

    #[test]
    fn a_label_is_no_option_of_the_line_end_before_it() {
        let mut table = table();
        (table.groups[0].label, table.groups[0].is_best, table.groups[1].label) = ("[64, 64]".into(), false, "*".into());
        table.named_by = vec!["config.[a]".into()];
        let lines: Vec<String> = latex(&table, &[]).lines().map(str::to_owned).collect();
        assert!(lines[3].starts_with("{}[a] & ") && lines[5].starts_with("{}[64, 64] & ") && lines[6].starts_with("{}* & "), "{lines:?}");
    }

    #[test]
    fn numbers_of_any_size_are_rounded_to_their_deviation() {
        let written = |mean: f64, std: f64| with_deviation(Some(mean), Some(std).filter(|std| *std > 0.0));
        for (mean, std, expected) in [
            (123_456.0, 1234.0, "$123456 \\pm 1234$"),
            (-0.000_123, 0.000_045, "$-0.000123 \\pm 0.000045$"),
            (2e-14, 3e-15, "$(2.00 \\pm 0.30) \\times 10^{-14}$"),
            (0.0, 4e-9, "$(0.0 \\pm 4.0) \\times 10^{-9}$"),
            (1.5e300, 2e299, "$(1.50 \\pm 0.20) \\times 10^{300}$"),
            (3e-310, 1e-311, "$(3.00 \\pm 0.10) \\times 10^{-310}$"),
            (0.5, 7e-9, "$(5.000000000 \\pm 0.000000070) \\times 10^{-1}$"),
            (2.3, 3e-7, "$2.30000000 \\pm 0.00000030$"),
            (1e10, 300.0, "$(1.000000000 \\pm 0.000000030) \\times 10^{10}$"),
            (1.0, 1e-20, "$1 \\pm 1 \\times 10^{-20}$"),
            (-1e-8, 0.01, "$0.000 \\pm 0.010$"),
            (1e-7, 0.0, "$1 \\times 10^{-7}$"),
            (-1.25e20, 0.0, "$-1.25 \\times 10^{20}$"),
        ] {
            assert_eq!(written(mean, std), expected);
        }
    }

    #[test]
    fn a_part_of_the_groups_says_so_and_other_metrics_have_columns() {
        let mut table = table();
        table.total = 120;
        assert!(latex(&table, &[]).contains("\n% 3 of 120 groups: $limit and $skip choose others.\n"));
        for row in &mut table.groups {
            let other = json!({ "metric": "val/f1", "used": 3, "mean": 0.5, "std": null, "half_width": 0.1 });
            row.secondary = vec![serde_json::from_value(other).unwrap()];
        }
        let lines: Vec<String> = csv(&table, &["val/f1".to_owned()]).lines().map(str::to_owned).collect();
        assert!(lines[0].ends_with(",verdict,val/f1 mean,val/f1 std,val/f1 half_width,notes"), "{}", lines[0]);
        assert!(lines[1].ends_with(",better,0.5,,0.1,1 of 3 failed; best of 3"), "{}", lines[1]);
    }

    #[test]
    fn groups_are_lines_of_a_sheet() {
        let lines: Vec<String> = csv(&table(), &[]).lines().map(str::to_owned).collect();
        let head = "group,config.lr,config.opt_name,runs,used,mean,std,half_width,difference,difference_half_width,verdict,notes";
        assert_eq!(lines[0], head);
        assert_eq!(lines[1], "0.1 · adam_w,,,3,3,0.95321,0.00314,,0.119,0.026,better,1 of 3 failed; best of 3");
        assert_eq!(lines[3], ",,,3,3,,,,,,,");
    }

    #[test]
    fn further_keys_have_columns() {
        let mut table = table();
        table.columns = vec!["config.model".into(), "run.group".into()];
        table.groups[0].key = json!({"config.lr": 0.1, "config.opt_name": "adam_w"}).as_object().cloned().unwrap();
        table.groups[0].cells = vec![Some(GroupCell::Value(json!("resnet_18"))), Some(GroupCell::Distinct(2))];
        table.groups[1].cells = vec![None, Some(GroupCell::Value(json!([1, 2])))];
        let lines: Vec<String> = csv(&table, &[]).lines().map(str::to_owned).collect();
        assert!(lines[0].starts_with("group,config.lr,config.opt_name,config.model,run.group,runs,"), "{}", lines[0]);
        assert!(lines[1].starts_with("0.1 · adam_w,0.1,adam_w,resnet_18,2 values,3,3,"), "{}", lines[1]);
        assert!(lines[2].starts_with("0.01 & 5%,,,,\"[1,2]\",3,1,"), "{}", lines[2]);
        let latex = latex(&table, &[]);
        assert!(latex.contains("{lllrrrl}") && latex.contains("opt\\_name & model & group & val/acc & runs"), "{latex}");
        assert!(latex.contains(" & resnet\\_18 & 2 values & $0.9532"), "{latex}");
    }
}
