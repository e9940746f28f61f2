//! The column of the metric that groups are compared by: members show their own values below the mean.

use crate::protocol::{ColumnKind, Direction, RunGroups, RunTable, SummaryKind, TableColumn, ValueType};

/// The statistic of the column of runs that a summary is nearest to.
pub fn nearest_statistic(kind: SummaryKind, direction: Option<Direction>) -> &'static str {
    match (kind, direction) {
        (SummaryKind::Best, Some(Direction::Min)) => "min",
        (SummaryKind::Best, Some(Direction::Max)) => "max",
        _ => "last",
    }
}

/// Adds the column to the table, if it does not have it. Returns whether it does now.
pub fn add_compared_column(table: &mut RunTable, groups: &RunGroups) -> bool {
    let Some(metric) = &groups.metric else { return false };
    let statistic = nearest_statistic(groups.stat, groups.direction);
    let label = if statistic == "last" { metric.clone() } else { [metric, " ", statistic].concat() };
    if table.columns.iter().any(|column| column.kind == ColumnKind::Metric && column.label == label) {
        return false;
    }
    let quoted = ["\"", &metric.replace('\\', "\\\\").replace('"', "\\\""), "\""].concat();
    table.columns.push(TableColumn {
        key: ["metrics.", &quoted, ".", statistic].concat(),
        label,
        kind: ColumnKind::Metric,
        value_type: ValueType::Number,
        distinct: 0,
        runs: 0,
        direction: groups.direction,
    });
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_compared_metric_has_a_column_once() {
        let mut table = RunTable::default();
        let groups = RunGroups { metric: Some("a \"b".into()), ..RunGroups::default() };
        assert!(add_compared_column(&mut table, &groups) && !add_compared_column(&mut table, &groups));
        assert_eq!((table.columns[0].key.as_str(), table.columns[0].label.as_str()), ("metrics.\"a \\\"b\".last", "a \"b"));
        let best = RunGroups { stat: SummaryKind::Best, direction: Some(Direction::Min), ..groups };
        assert!(add_compared_column(&mut table, &best));
        assert_eq!(table.columns[1].label, "a \"b min");
        assert!(!add_compared_column(&mut table, &RunGroups::default()), "there is no metric");
    }
}
