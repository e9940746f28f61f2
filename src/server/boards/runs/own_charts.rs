//! The metrics of a run that have a chart of their own, because another name of the run feeds the line of their name.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::log::place::{numbered_ids, own_place_of_run, place_of_run};
use crate::protocol::{CellId, RunId};
use crate::server::boards::metrics::{MetricSettings, StepMetrics};
use crate::server::store::{Index, RunRecord};

/// By metric: the cell of its chart, and the metric that feeds the line of its name.
pub fn own_charts(index: &Index, run: &RunRecord, settings: &MetricSettings) -> Map<String, Value> {
    let steps = StepMetrics::of_run(&run.keys);
    let chart = |metric: &Arc<str>| {
        let place = place_of_run(metric, settings, &steps);
        let mut lines = line_cells(index, &run.board, &place.chart);
        let taken_by = lines.next().and_then(|line| fed_by(index, &line, &run.id, &place.line)).filter(|other| *other != metric)?;
        let own = own_place_of_run(metric, settings, &steps);
        let mut own_lines = line_cells(index, &run.board, &own.chart);
        let cell = own_lines.find(|line| fed_by(index, line, &run.id, &own.line) == Some(metric))?;
        (!place.is_counter).then(|| (metric.to_string(), json!({ "cell": cell, "takenBy": taken_by })))
    };
    let cells = index.board(&run.board).into_iter().flat_map(|board| board.cells.keys());
    let series = cells.flat_map(|cell| index.series_of_run(cell, &run.id));
    // In the order of their names, each once.
    let metrics: BTreeMap<&Arc<str>, ()> = series.filter_map(|series| Some((series.metric.as_ref()?, ()))).collect();
    metrics.into_keys().filter_map(chart).collect()
}

/// The cells of a chart that are lines of the board, as `log` tries them.
fn line_cells<'a>(index: &'a Index, board: &'a str, chart: &'a str) -> impl Iterator<Item = CellId> + 'a {
    numbered_ids(board, chart).filter(|id| index.cell(id).is_some_and(|record| *record.board == *board && record.is_line()))
}

/// The metric whose points a line of a run has.
fn fed_by<'a>(index: &'a Index, cell: &CellId, run: &RunId, line: &str) -> Option<&'a Arc<str>> {
    index.series_of_run(cell, run).iter().find(|series| *series.id.name == *line)?.metric.as_ref()
}
