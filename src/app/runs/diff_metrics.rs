//! The metrics in a comparison of configurations: a number for each column, its difference from the reference, and the best one.

use super::cell_text::{MISSING, common_decimals, number, number_text};
use super::columns::metric_of;
use super::diff_rows::{DiffCell, DiffRow};
use crate::app::state::RunRows;
use crate::protocol::{ColumnKind, Direction, RunTable, TableColumn, TableRow};

/// A metric, and its number in each column.
#[derive(Clone, Debug, PartialEq)]
pub struct ComparedMetric {
    pub name: String,
    pub direction: Option<Direction>,
    pub values: Vec<Option<f64>>,
}

/// Those of runs, in the order of the table: the goal first. `columns`: the ids of the runs.
pub fn metrics_of_runs(table: &RunTable, columns: &[String]) -> Vec<ComparedMetric> {
    let rows: Vec<Option<&TableRow>> = columns.iter().map(|id| table.rows.iter().find(|row| row.run.id.as_str() == id)).collect();
    let metrics = table.columns.iter().enumerate().filter(|(_, column)| column.kind == ColumnKind::Metric);
    let metric = |(at, column): (usize, &TableColumn)| {
        let (name, statistic) = metric_of(column);
        let value = |row: &Option<&TableRow>| row.and_then(|row| number(row.cells.get(at)?.as_ref()?));
        ComparedMetric { name: [&name, " ", statistic].concat(), direction: column.direction, values: rows.iter().map(value).collect() }
    };
    metrics.map(metric).collect()
}

/// The means of groups that the table has. `columns`: the ids of the groups.
pub fn metrics_of_groups(rows: &RunRows, columns: &[String]) -> Vec<ComparedMetric> {
    let Some(groups) = &rows.groups else { return Vec::new() };
    let known = rows.sections.iter().filter_map(|section| section.group.as_ref());
    let found: Vec<_> = columns.iter().map(|id| known.clone().find(|group| group.id.to_string() == *id)).collect();
    let mean_of = |name: &str| [name, " mean"].concat();
    let first = groups.metric.as_ref().map(|name| ComparedMetric {
        name: mean_of(name),
        direction: groups.direction,
        values: found.iter().map(|group| group.and_then(|group| group.mean)).collect(),
    });
    let summaries = found.iter().flatten().next().map(|group| &group.secondary[..]).unwrap_or_default();
    let further = summaries.iter().enumerate().map(|(place, summary)| ComparedMetric {
        name: mean_of(&summary.metric),
        direction: None,
        values: found.iter().map(|group| group.and_then(|group| group.secondary.get(place)?.mean)).collect(),
    });
    first.into_iter().chain(further).collect()
}

/// The rows of metrics. `reference`: the column that the others are compared with.
pub fn metric_rows(metrics: &[ComparedMetric], reference: usize) -> Vec<DiffRow> {
    metrics.iter().filter(|metric| metric.values.iter().any(Option::is_some)).map(|metric| metric_row(metric, reference)).collect()
}

fn metric_row(metric: &ComparedMetric, reference: usize) -> DiffRow {
    let finite = || metric.values.iter().flatten().copied().filter(|value| value.is_finite());
    let decimals = common_decimals(finite());
    let best = match metric.direction {
        Some(Direction::Min) => finite().reduce(f64::min),
        Some(Direction::Max) => finite().reduce(f64::max),
        None => None,
    };
    let best = best.filter(|best| finite().any(|value| value != *best));
    let of_reference = metric.values.get(reference).copied().flatten();
    let cell = |(at, value): (usize, &Option<f64>)| {
        let difference = value.zip(of_reference).filter(|_| at != reference).map(|(value, other)| value - other);
        let signed = |difference: f64| [if difference > 0.0 { "+" } else { "" }, &number_text(difference, decimals)].concat();
        DiffCell {
            text: value.map_or_else(|| MISSING.to_owned(), |value| number_text(value, decimals)),
            type_name: "",
            class: match (at == reference, value.is_some() && *value == best) {
                (true, true) => "reference best",
                (true, false) => "reference",
                (false, true) => "best",
                (false, false) => "",
            },
            note: difference.filter(|difference| difference.is_finite()).map(signed).unwrap_or_default(),
        }
    };
    DiffRow { key: metric.name.clone(), cells: metric.values.iter().enumerate().map(cell).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_is_marked_and_differences_are_from_the_reference() {
        let metric = |direction, values: &[Option<f64>]| ComparedMetric { name: "acc".into(), direction, values: values.into() };
        let texts = |metric: ComparedMetric, reference| {
            let row = metric_rows(&[metric], reference).pop().unwrap();
            row.cells.into_iter().map(|cell| [cell.text.as_str(), " ", &cell.note, " ", cell.class].concat()).collect::<Vec<_>>()
        };
        let values = [Some(0.9), Some(0.95), None, Some(f64::NAN)];
        assert_eq!(texts(metric(Some(Direction::Max), &values), 0), ["0.90000  reference", "0.95000 +0.05000 best", "–  ", "NaN  "]);
        assert_eq!(texts(metric(Some(Direction::Min), &values), 1)[..2], ["0.90000 −0.05000 best", "0.95000  reference"]);
        assert_eq!(texts(metric(None, &values), 2)[..2], ["0.90000  ", "0.95000  "]);
        assert_eq!(texts(metric(Some(Direction::Max), &[Some(1.0), Some(1.0)]), 0)[1], "1.0000 0.0000 ", "none is better than another");
        assert!(metric_rows(&[metric(None, &[None, None])], 0).is_empty());
    }
}
