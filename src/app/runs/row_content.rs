//! What a row of the table shows.

use std::collections::HashMap;

use leptos::prelude::*;

use super::cell_text::{number, number_text, step_text, value_text};
use super::columns::{ColumnRole, ShownColumn, Spread};
use super::run_state::{RunState, non_finite_text};
use super::selection::is_selected;
use super::short_names::short_alone;
use super::window::WindowRow;
use crate::app::charts::use_charts;
use crate::app::state::{Dashboard, RowKey, second_line};
use crate::charts::palette;
use crate::protocol::{GroupCell, GroupDifference, GroupRow, Run, TableRow, Verdict, group_letter};

/// The mark of a run with a warning.
pub const TWO_WRITERS: &str = "two writers";

/// The word of the mark of a run of which a metric ends without a finite value, and of its group.
const DIVERGED: &str = "diverged";

#[derive(Clone, Debug, Default, PartialEq)]
pub enum RowKind {
    #[default]
    Run,
    Group {
        is_open: bool,
    },
    /// The height of rows that are not in the document, in CSS pixels.
    Space(String),
}

/// A class, and the text.
pub type Cell = (&'static str, String);

/// The width of the value of a metric that stays in sight, in CSS pixels, as the style sheet has it: its step stands behind it.
const FIXED_VALUE: usize = 88;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct RowContent {
    pub kind: RowKind,
    pub index: usize,
    pub id: String,
    pub name: String,
    /// The name as it is shown: cut where it is like the others.
    pub short: String,
    pub class: String,
    pub style: String,
    pub letter: String,
    /// Words of states, with how many runs have them; the number is empty in the row of a run.
    pub states: Vec<(&'static str, String)>,
    /// `pinned`, `baseline`, `solo`, [`TWO_WRITERS`].
    pub marks: Vec<&'static str>,
    pub is_drawn: bool,
    pub is_selected: bool,
    pub is_archived: bool,
    pub tab_index: &'static str,
    /// The level within groups; without groups rows have none.
    pub level: Option<&'static str>,
    pub cells: Vec<Cell>,
    /// Of the first cells, which stay in sight: how far behind the name they stand, in CSS pixels.
    pub lefts: Vec<usize>,
    /// What stands below the numbers of a group, and all that is to be said of it.
    pub line: String,
    pub title: String,
    /// The number of columns.
    pub span: usize,
}

/// The variable that holds the colour of a slot.
pub fn series_color(colour: usize) -> String {
    ["--series:var(--s", &palette::place(colour).to_string(), ")"].concat()
}

/// The cells of a row take so many columns, that of the name included.
fn span(columns: &[ShownColumn]) -> usize {
    1 + columns.iter().map(ShownColumn::span).sum::<usize>()
}

pub fn content_of(dashboard: Dashboard, row: &WindowRow, columns: &[ShownColumn], names: &HashMap<String, String>) -> RowContent {
    let runs = dashboard.runs;
    let found = runs.rows.with(|rows| {
        let place = rows.place(row.index)?;
        let section = rows.sections.get(place.section)?;
        let known = place.row.and_then(|at| section.rows.get(at)?.clone());
        Some((section.group.clone(), place.row.is_none().then_some((section.is_open, section.is_tall)), known))
    });
    let span = span(columns);
    let content = RowContent { index: row.index, span, ..RowContent::default() };
    match (&row.key, found) {
        (RowKey::Gap(_), _) => RowContent { kind: RowKind::Space((row.gap as u64).to_string()), ..content },
        (RowKey::Group(_), Some((Some(group), Some(shape), _))) => {
            with_short(group_content(dashboard, &group, shape, columns, content), names)
        }
        (RowKey::Run(_), Some((group, None, Some(known)))) => {
            with_short(run_content(dashboard, &known, group.as_deref(), columns, content), names)
        }
        _ => RowContent { class: "missing".to_owned(), cells: vec![("", String::new()); span - 1], ..content },
    }
}

/// With the name as it is shown.
fn with_short(content: RowContent, names: &HashMap<String, String>) -> RowContent {
    let short = names.get(&content.name).cloned().unwrap_or_else(|| short_alone(&content.name));
    RowContent { short, ..content }
}

/// Whether a row is the one that Tab leads to: the current one, otherwise the first.
fn tab_index(dashboard: Dashboard, key: &RowKey, index: usize) -> &'static str {
    let is_current = dashboard.runs.current.with(|current| current.as_ref().map_or(index == 0, |current| current == key));
    if is_current { "0" } else { "-1" }
}

fn run_content(dashboard: Dashboard, row: &TableRow, group: Option<&GroupRow>, columns: &[ShownColumn], content: RowContent) -> RowContent {
    let (runs, charts) = (dashboard.runs, use_charts());
    let id = &row.run.id;
    // Events are newer than rows.
    let run: Run = runs.list.with(|list| list.get(id).cloned()).unwrap_or_else(|| row.run.clone());
    let is_drawn = runs.is_drawn(id);
    let is_selected = is_selected(runs, id);
    let is_highlighted = charts.highlighted_run.with(|highlighted| highlighted.as_ref() == Some(id));
    let mut class = String::from(if group.is_some() { "member" } else { "" });
    for (name, is_true) in [(" lit", is_highlighted), (" not-drawn", !is_drawn), (" selected", is_selected)] {
        class.push_str(if is_true { name } else { "" });
    }
    let colour = group.map_or_else(|| runs.colour(&run), |group| group.index as usize);
    let state = RunState::of(&run, runs.now_ms.get()).word();
    // A check mark would hide it.
    let is_hidden = run.non_finite.is_some() && state == RunState::Finished.word();
    let states = [(state, !is_hidden), (DIVERGED, run.non_finite.is_some())];
    let states = states.into_iter().filter(|(_, is_true)| *is_true).map(|(word, _)| (word, String::new())).collect();
    let letter = runs.colours.with(|colours| colours.value(id).filter(|_| group.is_none()).map(|(_, value)| value.letter.clone()));
    RowContent {
        id: id.to_string(),
        class: class.trim_start().to_owned(),
        style: series_color(colour),
        letter: letter.unwrap_or_default(),
        states,
        title: run.non_finite.as_ref().map(non_finite_text).unwrap_or_default(),
        marks: marks(dashboard, id.as_str()).into_iter().chain(run.has_warning.then_some(TWO_WRITERS)).collect(),
        is_drawn,
        is_selected,
        is_archived: run.archived,
        tab_index: tab_index(dashboard, &RowKey::Run(id.clone()), content.index),
        level: group.map(|_| "2"),
        cells: columns.iter().flat_map(|column| run_cells(row, column)).collect(),
        lefts: lefts(columns),
        name: run.name,
        ..content
    }
}

/// Where the cells of the columns that stay in sight begin.
fn lefts(columns: &[ShownColumn]) -> Vec<usize> {
    let of_column = |column: &ShownColumn| {
        let left = column.left?;
        Some(std::iter::successors(Some(left), |left| Some(left + FIXED_VALUE)).take(column.span()))
    };
    columns.iter().map_while(of_column).flatten().collect()
}

fn marks(dashboard: Dashboard, id: &str) -> Vec<&'static str> {
    dashboard.runs.comparison.with(|comparison| {
        let is_pinned = comparison.pinned.iter().any(|pinned| pinned == id);
        let is_baseline = comparison.baseline.as_deref() == Some(id);
        let is_solo = comparison.solo.as_deref() == Some(id);
        let marks = [("pinned", is_pinned), ("baseline", is_baseline), ("solo", is_solo)];
        marks.into_iter().filter(|(_, is_true)| *is_true).map(|(mark, _)| mark).collect()
    })
}

/// The value of a column; that of a metric with its step.
fn run_cells(row: &TableRow, column: &ShownColumn) -> Vec<Cell> {
    let value = column.at.and_then(|at| row.cells.get(at)?.as_ref());
    let text = || value.map(value_text).unwrap_or_default();
    match column.role {
        ColumnRole::Text => vec![("plain", text())],
        ColumnRole::Number => vec![("number", text())],
        ColumnRole::Count => vec![("number count", text())],
        ColumnRole::Difference => vec![("value", String::new()), ("note", String::new())],
        ColumnRole::Verdict => vec![("plain verdict", String::new())],
        ColumnRole::Metric => {
            let number = value.and_then(number).map(|value| number_text(value, column.decimals));
            let step = column.at.and_then(|at| row.steps.get(at).copied().flatten()).map(|step| ["@", &step_text(step)].concat());
            vec![("value", number.unwrap_or_default()), ("note", step.unwrap_or_default())]
        }
    }
}

/// The number of runs of a group, its mean, and its difference from the baseline.
fn group_cells(group: &GroupRow, column: &ShownColumn) -> Vec<Cell> {
    let number = |value: Option<f64>| value.map(|value| number_text(value, column.decimals)).unwrap_or_default();
    let spread = |value: Option<f64>| value.map(|value| ["± ", &number_text(value, column.decimals)].concat()).unwrap_or_default();
    match column.role {
        ColumnRole::Text => vec![key_cell(group, column, ["plain", "plain mixed"])],
        ColumnRole::Number => vec![key_cell(group, column, ["number", "number mixed"])],
        ColumnRole::Count if group.used == group.runs => vec![("number count", group.runs.to_string())],
        ColumnRole::Count => vec![("number count", [&group.used.to_string(), " of ", &group.runs.to_string()].concat())],
        ColumnRole::Metric => {
            let of_further = |place: usize| {
                let further = group.secondary.get(place);
                further.map_or((None, None, None, 0), |further| (further.mean, further.std, further.half_width, further.used))
            };
            let (mean, std, half_width, used) = column.secondary.map_or((group.mean, group.std, group.half_width, group.used), of_further);
            let width = match column.spread {
                Spread::T95 => half_width,
                Spread::Std => std,
                Spread::StdErr => std.map(|std| std / f64::from(used).sqrt()),
            };
            vec![("value", number(mean)), ("note", spread(width))]
        }
        ColumnRole::Difference => {
            let Some(GroupDifference { value, half_width, .. }) = group.difference.filter(|_| !group.is_baseline) else {
                return vec![("value", String::new()), ("note", String::new())];
            };
            let sign = if value > 0.0 { "+" } else { "" };
            let (class, note) = match group.verdict {
                Verdict::Better => ("value better", "note better"),
                Verdict::Worse => ("value worse", "note worse"),
                _ => ("value unsure", "note unsure"),
            };
            vec![(class, [sign, &number(Some(value))].concat()), (note, spread(half_width))]
        }
        ColumnRole::Verdict => {
            let class = match group.verdict {
                Verdict::Better => "plain verdict better",
                Verdict::Worse => "plain verdict worse",
                _ => "plain verdict unsure",
            };
            vec![(class, group.verdict.word().to_owned())]
        }
    }
}

/// What the members have under a key that is not grouped by: its value, or `2 values`. The classes are those of both.
fn key_cell(group: &GroupRow, column: &ShownColumn, classes: [&'static str; 2]) -> Cell {
    match column.of_group.and_then(|at| group.cells.get(at)?.as_ref()) {
        None => (classes[0], String::new()),
        Some(GroupCell::Value(value)) => (classes[0], value_text(value)),
        Some(GroupCell::Distinct(count)) => (classes[1], [&count.to_string(), " values"].concat()),
    }
}

/// All that is to be said of a group, and what its verdict means.
fn title(group: &GroupRow) -> String {
    let meaning = match group.verdict {
        Verdict::Better | Verdict::Worse => "The interval of the difference does not contain 0.",
        Verdict::CannotTell => {
            "can’t tell: there are too few runs, or the interval of the difference contains 0.\n\
             ‘±a now; with n runs each about ±b’: half the interval’s width now, and with n runs in both groups."
        }
        _ => "",
    };
    let lines = group.notes.iter().map(String::as_str).chain(Some(meaning).filter(|meaning| !meaning.is_empty()));
    lines.collect::<Vec<_>>().join("\n")
}

fn group_content(
    dashboard: Dashboard,
    group: &GroupRow,
    (is_open, is_tall): (bool, bool),
    columns: &[ShownColumn],
    content: RowContent,
) -> RowContent {
    let id = group.id.to_string();
    let is_drawn = dashboard
        .runs
        .comparison
        .with(|comparison| !comparison.hidden_groups.contains(&id) && comparison.solo.as_ref().is_none_or(|solo| *solo == id));
    let line = second_line(group);
    let states = [("running", group.running), ("failed", group.failed), (DIVERGED, group.non_finite)];
    let is_lit = use_charts().highlighted_group.with(|highlighted| *highlighted == Some(group.id));
    let mut class = String::from("group");
    for (name, is_true) in [(" lit", is_lit), (" not-drawn", !is_drawn), (" tall", is_tall), (" best", group.is_best)] {
        class.push_str(if is_true { name } else { "" });
    }
    RowContent {
        kind: RowKind::Group { is_open },
        name: group.label.clone(),
        class,
        style: series_color(group.index as usize),
        letter: group_letter(group.index),
        states: states.into_iter().filter(|(_, count)| *count > 0).map(|(word, count)| (word, count.to_string())).collect(),
        // The baseline is said in the column of verdicts.
        marks: marks(dashboard, &id).into_iter().filter(|mark| *mark != "baseline").collect(),
        is_drawn,
        tab_index: tab_index(dashboard, &RowKey::Group(group.id), content.index),
        level: Some("1"),
        cells: columns.iter().flat_map(|column| group_cells(group, column)).collect(),
        line: line.unwrap_or_default(),
        title: title(group),
        id,
        ..content
    }
}
