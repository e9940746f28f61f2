//! The comparison of groups as a file: LaTeX with the rules of `booktabs`, for a paper, and comma-separated values.

use std::fmt::Write;

use crate::charts::csv::Csv;
use crate::charts::format_ungrouped;
use crate::protocol::{GroupRow, RunGroups};

/// Digits of a mean without a deviation.
const PLAIN_DIGITS: i32 = 5;
/// Decimals of a number in LaTeX at most.
const MAX_DECIMALS: i32 = 12;

/// A `tabular`: keys, mean ± standard deviation, other metrics, runs in the mean, and with a baseline the difference ± its interval and the
/// verdict. `keys`: the head of the first column.
pub fn latex(table: &RunGroups, keys: &str) -> String {
    let mut heads = vec![escaped(keys), escaped(table.metric.as_deref().unwrap_or("value"))];
    let secondary = table.groups.iter().max_by_key(|row| row.secondary.len()).map_or(&[][..], |row| &row.secondary);
    heads.extend(secondary.iter().map(|other| escaped(&other.metric)));
    heads.push("runs".to_owned());
    if table.baseline.is_some() {
        heads.extend(["difference".to_owned(), "verdict".to_owned()]);
    }
    let mut out = String::from("% \\usepackage{booktabs}\n");
    // Writing into a string cannot fail.
    let aligned = "r".repeat(heads.len() - 1 - usize::from(table.baseline.is_some()));
    let _ = writeln!(out, "\\begin{{tabular}}{{l{aligned}{}}}", if table.baseline.is_some() { "l" } else { "" });
    let _ = writeln!(out, "\\toprule\n{} \\\\\n\\midrule", heads.join(" & "));
    for row in &table.groups {
        let label = escaped(if row.label.is_empty() { "all runs" } else { &row.label });
        let mut cells = vec![if row.is_best { format!("\\textbf{{{label}}}") } else { label }];
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
    for note in &table.notes {
        let _ = write!(out, "\n% {}", one_line(note));
    }
    out.push('\n');
    out
}

/// One line for each group; empty where there is no number.
pub fn csv(table: &RunGroups) -> String {
    let mut csv = Csv::default();
    for name in ["group", "runs", "used", "mean", "std", "half_width", "difference", "difference_half_width", "verdict"] {
        csv.text(name);
    }
    csv.end();
    for row in &table.groups {
        csv.text(&row.label);
        [row.runs, row.used].iter().for_each(|count| csv.number_text(&count.to_string()));
        let difference = row.difference;
        for number in [row.mean, row.std, row.half_width, difference.map(|it| it.value), difference.and_then(|it| it.half_width)] {
            match number {
                Some(number) => csv.number(number),
                None => csv.text(""),
            }
        }
        csv.text(&verdict(row));
        csv.end();
    }
    csv.into_text()
}

/// With the apostrophe that every program reads.
fn verdict(row: &GroupRow) -> String {
    row.verdict.word().replace('’', "'")
}

/// A number in math, rounded to the two leading digits of its deviation; a dash for none.
fn with_deviation(mean: Option<f64>, deviation: Option<f64>) -> String {
    let Some(mean) = mean else { return "--".to_owned() };
    match deviation.filter(|deviation| *deviation > 0.0 && deviation.is_finite()) {
        Some(deviation) => {
            let decimals = (1 - deviation.log10().floor() as i32).clamp(0, MAX_DECIMALS) as usize;
            format!("${mean:.decimals$} \\pm {deviation:.decimals$}$")
        }
        None => format!("${}$", format_ungrouped(mean, PLAIN_DIGITS)),
    }
}

/// In a comment.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A text that LaTeX prints as it is.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in one_line(text).chars() {
        match c {
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => out.extend(['\\', c]),
            '\\' => out.push_str("\\textbackslash{}"),
            '~' => out.push_str("\\textasciitilde{}"),
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
            "id": "g5cb445967725", "index": 0, "label": label, "key": {}, "mixed": {}, "runs": 3, "ids": [], "used": 3, "running": 0, "failed": 0,
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
            row("0.1 · adam_w", Some(0.953_21), Some(0.003_14), json!({"is_best": true, "difference": difference, "verdict": "better"})),
            row("0.01 & 5%", Some(0.834), None, json!({"is_baseline": true, "verdict": "baseline", "used": 1})),
            row("", None, None, json!({})),
        ];
        serde_json::from_value(json!({
            "run_seq": 1, "metric": "val/acc", "direction": "max", "stat": "last", "at": null, "total": 3, "runs": 9, "groups": rows,
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
            % Mean and standard deviation over runs. Differences are from 0.01 & 5%, with intervals of 95 %.\n% Groups mix 2 models.\n";
        assert_eq!(latex(&table(), "lr · opt_name"), expected);
        assert_eq!(escaped("\\input{x}\n^~"), "\\textbackslash{}input\\{x\\} \\textasciicircum{}\\textasciitilde{}");
    }

    #[test]
    fn groups_are_lines_of_a_sheet() {
        let lines: Vec<String> = csv(&table()).lines().map(str::to_owned).collect();
        assert_eq!(lines[0], "group,runs,used,mean,std,half_width,difference,difference_half_width,verdict");
        assert_eq!(lines[1], "0.1 · adam_w,3,3,0.95321,0.00314,,0.119,0.026,better");
        assert_eq!(lines[3], ",3,3,,,,,,");
    }
}
