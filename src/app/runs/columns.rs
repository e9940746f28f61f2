//! The columns of the table: keys in which the runs differ, metrics, and with groups their size and their difference from the baseline.

use super::cell_text::{common_decimals, number, step_text};
use super::key_text::STATISTICS;
use crate::app::state::{ColumnList, RunRows, nearest_statistic};
use crate::protocol::groups::Band;
use crate::protocol::{ColumnKind, Direction, IntervalKind, RunGroups, SummaryKind, TableColumn, ValueType};

/// More columns than a reader can compare; the others can be searched and sorted by.
pub const MAX_COLUMNS: usize = 14;
/// Keys in which repetitions of a run differ.
const SEED_WORDS: [&str; 6] = ["seed", "fold", "repeat", "trial", "random_state", "rng"];

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ColumnRole {
    /// A number of a configuration or of a document.
    Number,
    /// Another value of these.
    #[default]
    Text,
    /// A metric, with its step in a column of its own.
    Metric,
    /// The number of runs of a group; of a run its seed.
    Count,
    /// The difference of a group from the baseline.
    Difference,
    /// Whether it is real.
    Verdict,
}

/// A column that is shown.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ShownColumn {
    pub role: ColumnRole,
    /// Its place among the cells of a row; `None`: runs have no such value.
    pub at: Option<usize>,
    /// What the server sorts by.
    pub key: String,
    /// The name of the key or metric.
    pub name: String,
    /// What is shown of it: the statistic of a metric, what `±` means.
    pub note: String,
    pub direction: Option<Direction>,
    /// Those of all numbers of the column; `None`: each has its own.
    pub decimals: Option<i32>,
    /// Beside groups what `±` behind the mean is.
    pub spread: Spread,
    /// Beside groups the place of a further key among theirs.
    pub of_group: Option<usize>,
    /// Beside groups the place of a further metric among theirs.
    pub secondary: Option<usize>,
    /// It stays in sight, so many CSS pixels behind the name.
    pub left: Option<usize>,
}

impl ShownColumn {
    /// Columns of the document.
    pub fn span(&self) -> usize {
        if matches!(self.role, ColumnRole::Metric | ColumnRole::Difference) { 2 } else { 1 }
    }

    /// The width of a column that stays in sight, in CSS pixels, as the style sheet has it.
    fn fixed_width(&self) -> usize {
        if self.role == ColumnRole::Metric { 144 } else { 96 }
    }

    /// Whether the better end, or the larger number, is the first one.
    pub fn begins_descending(&self) -> bool {
        match self.role {
            ColumnRole::Metric => self.direction != Some(Direction::Min),
            ColumnRole::Count | ColumnRole::Difference | ColumnRole::Verdict => true,
            ColumnRole::Number | ColumnRole::Text => false,
        }
    }
}

/// The columns, as the reader has chosen them, else configuration before metrics, as the server has ordered them.
pub fn columns_of(rows: &RunRows, chosen: &ColumnList, band: Band) -> Vec<ShownColumn> {
    if let Some(groups) = &rows.groups {
        return grouped_columns(rows, groups, Spread::of(band));
    }
    let most = if chosen.is_default() { MAX_COLUMNS } else { ColumnList::MAX_KEYS };
    let mut columns: Vec<_> = rows.table.columns.iter().enumerate().take(most).map(|(at, column)| of_runs(rows, at, column)).collect();
    let mut left = 0;
    for column in columns.iter_mut().take(chosen.fixed) {
        column.left = Some(left);
        left += column.fixed_width();
    }
    columns
}

fn of_runs(rows: &RunRows, at: usize, column: &TableColumn) -> ShownColumn {
    let is_metric = column.kind == ColumnKind::Metric;
    let role = match column.value_type {
        _ if is_metric => ColumnRole::Metric,
        ValueType::Number => ColumnRole::Number,
        _ => ColumnRole::Text,
    };
    let (name, statistic) = if is_metric { metric_of(column) } else { (column.label.clone(), "") };
    let loaded = rows.sections.iter().flat_map(|section| section.rows.iter().flatten());
    let values = loaded.filter_map(|row| row.cells.get(at)?.as_ref().and_then(number));
    let decimals = if is_metric { common_decimals(values) } else { None };
    let (key, note) = (column.key.clone(), statistic.to_owned());
    ShownColumn { role, at: Some(at), key, name, note, direction: column.direction, decimals, ..ShownColumn::default() }
}

/// The name of a metric, and the statistic of its column.
pub fn metric_of(column: &TableColumn) -> (String, &'static str) {
    let statistic = column.key.rsplit('.').next().and_then(|last| STATISTICS.iter().find(|known| **known == last)).unwrap_or(&"last");
    let name = column.label.strip_suffix(statistic).map_or(column.label.as_str(), str::trim_end);
    (name.to_owned(), statistic)
}

/// What `±` behind a mean is: that of the bands in the charts, where it is one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Spread {
    #[default]
    T95,
    Std,
    StdErr,
}

impl Spread {
    fn of(band: Band) -> Self {
        match band {
            Band::T95 => Self::T95,
            Band::StdErr => Self::StdErr,
            Band::None | Band::Std | Band::MinMax | Band::Iqr => Self::Std,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::T95 => ", mean ± 95 % t",
            Self::Std => ", mean ± std",
            Self::StdErr => ", mean ± std error",
        }
    }
}

/// Beside groups: the keys that are not grouped by, the metric of the comparison and further ones by the same statistic, the difference.
fn grouped_columns(rows: &RunRows, groups: &RunGroups, spread: Spread) -> Vec<ShownColumn> {
    let table = rows.table.columns.iter().enumerate();
    let keys = || table.clone().filter(|(_, column)| column.kind != ColumnKind::Metric && !groups.by.contains(&column.key));
    let is_seed = |column: &TableColumn| {
        let last = column.label.rsplit('.').next().unwrap_or_default().to_lowercase();
        SEED_WORDS.iter().any(|word| last.ends_with(word))
    };
    let seed = keys().find(|(_, column)| is_seed(column));
    let mut columns = vec![ShownColumn {
        role: ColumnRole::Count,
        at: seed.map(|(at, _)| at),
        key: "runs".to_owned(),
        name: "n".to_owned(),
        note: seed.map(|(_, column)| column.label.clone()).unwrap_or_default(),
        ..ShownColumn::default()
    }];
    // The seed has its place below the number of runs.
    let others = || keys().filter(|(at, _)| seed.is_none_or(|(seed, _)| seed != *at));
    let further_keys = groups.columns.iter().enumerate().filter_map(|(place, key)| {
        let (at, column) = others().find(|(_, column)| column.key == *key)?;
        Some(ShownColumn { of_group: Some(place), ..of_runs(rows, at, column) })
    });
    let mut further_keys: Vec<_> = further_keys.collect();
    // The difference is what groups are compared for: it and its verdict stand before all that is further.
    if groups.baseline.is_none() {
        columns.append(&mut further_keys);
    }
    let metric = groups.metric.clone().unwrap_or_default();
    let statistic = nearest_statistic(groups.stat, groups.direction);
    let of_metric = table.clone().find(|(_, column)| column.kind == ColumnKind::Metric && metric_of(column) == (metric.clone(), statistic));
    let means = rows.sections.iter().filter_map(|section| section.group.as_ref()?.mean);
    let decimals = common_decimals(means);
    let what = summary_name(groups);
    if !metric.is_empty() {
        columns.push(ShownColumn {
            role: ColumnRole::Metric,
            at: of_metric.map(|(at, _)| at),
            key: "mean".to_owned(),
            name: metric.clone(),
            note: [&what, spread.name()].concat(),
            spread,
            direction: groups.direction,
            decimals,
            ..ShownColumn::default()
        });
    }
    if let Some(baseline) = &groups.baseline {
        let percent = crate::charts::format_significant(groups.confidence * 100.0, 4);
        columns.push(ShownColumn {
            role: ColumnRole::Difference,
            at: None,
            key: "difference".to_owned(),
            name: [&metric, " − baseline"].concat(),
            note: ["± ", interval_name(rows, baseline.is_run), &percent, " %"].concat(),
            direction: groups.direction,
            decimals,
            ..ShownColumn::default()
        });
        let together = if groups.confidence > 0.95 { "95 % together" } else { "95 % each" };
        columns.push(ShownColumn {
            role: ColumnRole::Verdict,
            key: "verdict".to_owned(),
            name: "Verdict".to_owned(),
            note: if groups.comparisons > 1 { together } else { "at 95 %" }.to_owned(),
            ..ShownColumn::default()
        });
    }
    columns.append(&mut further_keys);
    let summaries = |place: usize| rows.sections.iter().filter_map(move |section| section.group.as_ref()?.secondary.get(place));
    for place in 0.. {
        let Some(first) = summaries(place).next() else { break };
        let is_of = |column: &TableColumn, statistic: &str| {
            column.kind == ColumnKind::Metric && metric_of(column) == (first.metric.clone(), statistic)
        };
        let of_runs = table.clone().find(|(_, column)| STATISTICS.iter().any(|statistic| is_of(column, statistic)));
        columns.push(ShownColumn {
            role: ColumnRole::Metric,
            at: of_runs.map(|(at, _)| at),
            name: first.metric.clone(),
            note: [&what, spread.name()].concat(),
            spread,
            decimals: common_decimals(summaries(place).filter_map(|summary| summary.mean)),
            secondary: Some(place),
            ..ShownColumn::default()
        });
    }
    columns
}

/// What a number of a run is: `last`, `at step 400`.
fn summary_name(groups: &RunGroups) -> String {
    match (groups.stat, groups.at) {
        (SummaryKind::Mean10, _) => "last 10 %".to_owned(),
        (SummaryKind::Step, Some(step)) => ["at step ", &step_text(step)].concat(),
        _ => nearest_statistic(groups.stat, groups.direction).to_owned(),
    }
}

/// The metric that groups are compared by, and what is taken of it: `acc/val, last`.
pub fn metric_of_groups(groups: &RunGroups) -> String {
    [groups.metric.as_deref().unwrap_or_default(), ", ", &summary_name(groups)].concat()
}

/// The name of the intervals of the rows.
fn interval_name(rows: &RunRows, is_run: bool) -> &'static str {
    let known = || rows.sections.iter().filter_map(|section| Some(section.group.as_ref()?.difference?.interval));
    let has = |kind: IntervalKind| known().any(|interval| interval == kind);
    match (has(IntervalKind::Welch), has(IntervalKind::Paired)) {
        _ if is_run => "prediction ",
        (true, true) => "Welch or paired t ",
        (_, true) => "paired t ",
        (_, false) => "Welch ",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Baseline;

    fn column(key: &str, label: &str) -> TableColumn {
        let kind = if key.starts_with("metrics.") { ColumnKind::Metric } else { ColumnKind::Config };
        TableColumn { key: key.into(), label: label.into(), kind, value_type: ValueType::Number, distinct: 2, runs: 2, direction: None }
    }

    #[test]
    fn a_metric_has_its_statistic_apart() {
        assert_eq!(metric_of(&column("metrics.val/acc.max", "val/acc max")), ("val/acc".into(), "max"));
        assert_eq!(metric_of(&column("metrics.loss.last", "loss")), ("loss".into(), "last"));
        assert_eq!(metric_of(&column("metrics.loss", "loss")), ("loss".into(), "last"));
    }

    #[test]
    fn fixed_columns_stand_beside_each_other() {
        let mut rows = RunRows::default();
        rows.table.columns = vec![column("metrics.acc.max", "acc max"), column("config.lr", "lr"), column("config.wd", "wd")];
        let chosen = ColumnList { keys: vec!["a".into()], fixed: 2 };
        let lefts: Vec<_> = columns_of(&rows, &chosen, Band::T95).iter().map(|column| column.left).collect();
        assert_eq!(lefts, [Some(0), Some(144), None]);
    }

    #[test]
    fn groups_have_their_size_and_no_column_of_their_keys() {
        let mut rows = RunRows::default();
        rows.table.columns = vec![
            column("config.lr", "lr"),
            column("config.opt.seed", "opt.seed"),
            column("config.wd", "wd"),
            column("metrics.acc.max", "acc max"),
            column("metrics.acc.last", "acc"),
        ];
        let names = |rows: &RunRows| {
            let columns = columns_of(rows, &ColumnList::default(), Band::T95);
            columns.into_iter().map(|column| column.name).collect::<Vec<_>>()
        };
        assert_eq!(names(&rows), ["lr", "opt.seed", "wd", "acc", "acc"]);
        // The order is that of the cells of groups; a key that is grouped by, the seed and what the table of runs has not got are left out.
        let (by, columns) = (vec!["config.lr".into()], ["config.out", "config.opt.seed", "config.wd"].map(str::to_owned).to_vec());
        rows.groups = Some(RunGroups { metric: Some("acc".into()), by, columns, ..RunGroups::default() }.into());
        let of_band = |band| columns_of(&rows, &ColumnList::default(), band);
        let columns = of_band(Band::T95);
        assert_eq!(names(&rows), ["n", "wd", "acc"]);
        let places = [(0, Some(1), None), (1, Some(2), Some(2)), (2, Some(4), None)];
        assert_eq!([0, 1, 2].map(|at: usize| (at, columns[at].at, columns[at].of_group)), places);
        // What the table says of a mean is what the band in the charts is.
        let notes = [Band::T95, Band::StdErr, Band::Std, Band::Iqr].map(|band| of_band(band)[2].note.clone());
        let judged = |confidence, comparisons| {
            let baseline = Some(Baseline { id: "a".into(), label: "a".into(), is_run: true, used: 1, mean: None });
            let mut rows = rows.clone();
            let (metric, columns) = (Some("acc".into()), vec!["config.wd".to_owned()]);
            rows.groups = Some(RunGroups { metric, baseline, confidence, comparisons, columns, ..RunGroups::default() }.into());
            let columns = columns_of(&rows, &ColumnList::default(), Band::T95);
            let [.., verdict, key] = &columns[..] else { panic!("{columns:?}") };
            assert_eq!(key.name, "wd", "what groups are compared for stands before it");
            (verdict.key.clone(), verdict.role, verdict.begins_descending(), verdict.note.clone())
        };
        assert_eq!(judged(0.95, 1), ("verdict".to_owned(), ColumnRole::Verdict, true, "at 95 %".to_owned()));
        assert_eq!([judged(0.95, 12).3, judged(0.9958, 12).3], ["95 % each", "95 % together"]);
        assert_eq!(notes, ["last, mean ± 95 % t", "last, mean ± std error", "last, mean ± std", "last, mean ± std"]);
    }
}
