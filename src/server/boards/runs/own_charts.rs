//! The metrics of a run that have a chart of their own, because another name of the run feeds the line of their name.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::log::place::{numbered_ids, own_place_of_run, place_of_run};
use super::metric_table::Directions;
use super::run_view::RunView;
use crate::protocol::CellId;
use crate::server::boards::Boards;
use crate::server::boards::metrics::{MetricSettings, StepMetrics};
use crate::server::store::{Index, RunRecord};

/// A line of a run: its name, and the metric whose points it has.
type Line = (Arc<str>, Option<Arc<str>>);

/// The lines of a run, as they were read at one time.
struct RunLines<'a> {
    run: &'a RunRecord,
    /// Of each cell of the board that is a line, also of those that have none of the run.
    cells: HashMap<CellId, Vec<Line>>,
}

impl<'a> RunLines<'a> {
    fn read(index: &Index, run: &'a RunRecord) -> Self {
        let cells = index.board(&run.board).into_iter().flat_map(|board| &board.cells).filter(|(_, record)| record.is_line());
        let lines =
            |cell| index.series_of_run(cell, &run.id).iter().map(|series| (series.id.name.clone(), series.metric.clone())).collect();
        Self { run, cells: cells.map(|(cell, _)| (cell.clone(), lines(cell))).collect() }
    }

    /// By metric: the cell of its chart, and the metric that feeds the line of its name.
    fn own_charts(&self, settings: &MetricSettings) -> Map<String, Value> {
        // In the order of their names, each with its lines.
        let mut metrics: BTreeMap<&Arc<str>, Vec<&str>> = BTreeMap::new();
        for (line, metric) in self.cells.values().flatten() {
            if let Some(metric) = metric {
                metrics.entry(metric).or_default().push(line);
            }
        }
        let steps = StepMetrics::of_run(&self.run.keys);
        let chart = |(metric, lines): (&Arc<str>, Vec<&str>)| {
            let own = own_place_of_run(metric, settings, &steps);
            // Of most metrics this says it, and ids of cells take longer.
            if !lines.contains(&own.line.as_str()) {
                return None;
            }
            let place = place_of_run(metric, settings, &steps);
            let fed_by = |cell: &CellId, line: &str| self.cells[cell].iter().find(|(name, _)| **name == *line)?.1.as_ref();
            let taken_by = fed_by(&self.line_cells(&place.chart).next()?, &place.line).filter(|other| *other != metric)?;
            let cell = self.line_cells(&own.chart).find(|cell| fed_by(cell, &own.line) == Some(metric))?;
            (!place.is_counter).then(|| (metric.to_string(), json!({ "cell": cell, "takenBy": taken_by })))
        };
        metrics.into_iter().filter_map(chart).collect()
    }

    /// The cells of a chart that are lines of the board, as `log` tries them.
    fn line_cells(&self, chart: &str) -> impl Iterator<Item = CellId> {
        numbered_ids(&self.run.board, chart).filter(|id| self.cells.contains_key(id))
    }
}

impl Boards {
    /// The run with the metrics that have a chart of their own. Of a run with many metrics this takes a while: the index is released before.
    pub fn with_own_charts(&self, run: RunView) -> RunView {
        let (lines, directions) = {
            let index = self.store.index();
            let document = index.board(&run.record.board).and_then(|board| board.document.as_ref());
            (RunLines::read(&index, &run.record), Directions::of(document.map(|document| &document.keys)))
        };
        let own_charts = lines.own_charts(directions.settings());
        run.with_own_charts(own_charts)
    }
}
