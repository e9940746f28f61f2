//! The statistics of the metrics of runs, taken from the summaries of their series.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::search::Statistic;
use crate::protocol::{CellId, Direction, RunId};
use crate::series::CurveValues;
use crate::server::boards::metrics::{MetricSettings, best_direction};
use crate::server::store::{Index, Series, Store, json_number};

/// The statistics of a metric of a run.
#[derive(Clone, Copy, Debug)]
pub struct MetricFigures {
    points: u64,
    /// Value and step of the last point.
    last: (f64, f64),
    /// Time of the last point, in seconds since 1970.
    time: f64,
    /// Of the curve's finite values.
    values: Option<CurveValues>,
    /// The first step of the gap in which the curve ends.
    gap_from: Option<f64>,
    direction: Option<Direction>,
}

impl MetricFigures {
    fn of(series: &Series, direction: Option<Direction>) -> Option<Self> {
        let (last, figures) = (series.last?, series.figures());
        Some(Self {
            points: series.count(),
            last: (last.y, last.x),
            time: last.t,
            values: figures.and_then(|figures| figures.values),
            gap_from: figures.and_then(|figures| figures.gap_from),
            direction,
        })
    }

    pub fn get(&self, statistic: Statistic) -> Option<f64> {
        match (statistic, self.direction) {
            (Statistic::Last, _) => Some(self.last.0),
            (Statistic::Min, _) | (Statistic::Best, Some(Direction::Min)) => Some(self.values?.min.value),
            (Statistic::Max, _) | (Statistic::Best, Some(Direction::Max)) => Some(self.values?.max.value),
            (Statistic::Mean, _) => Some(self.values?.mean),
            (Statistic::Best, None) => None,
        }
    }

    /// The step of a statistic. `None` of a mean, and where it is not known.
    pub fn step(&self, statistic: Statistic) -> Option<f64> {
        match (statistic, self.direction) {
            (Statistic::Last, _) => Some(self.last.1),
            (Statistic::Min, _) | (Statistic::Best, Some(Direction::Min)) => Some(self.values?.min.step),
            (Statistic::Max, _) | (Statistic::Best, Some(Direction::Max)) => Some(self.values?.max.step),
            (Statistic::Mean, _) | (Statistic::Best, None) => None,
        }
    }

    fn to_json(self) -> Value {
        let mut keys = json!({ "last": json_number(self.last.0), "lastStep": json_number(self.last.1), "points": self.points });
        if let Some(step) = self.gap_from {
            keys["nonFiniteFrom"] = json_number(step);
        }
        if let Some(CurveValues { min, max, mean, .. }) = self.values {
            for (key, number) in [("min", min.value), ("minStep", min.step), ("max", max.value), ("maxStep", max.step), ("mean", mean)] {
                keys[key] = json_number(number);
            }
            if let Some(best) = self.get(Statistic::Best) {
                keys["best"] = json_number(best);
            }
        }
        keys
    }
}

/// The cells of a board. Readers of many series look at one cell at a time, so that commits do not wait for them.
pub fn cells_of(store: &Store, board: &str) -> Vec<CellId> {
    store.index().board(board).map(|board| board.cells.keys().cloned().collect()).unwrap_or_default()
}

/// The metrics of some runs, by name.
#[derive(Debug, Default)]
pub struct MetricTable(BTreeMap<Arc<str>, HashMap<RunId, MetricFigures>>);

/// The settings that say which end of a metric is better.
pub struct Directions {
    settings: MetricSettings,
    /// The metric that runs are compared by, with its direction where the document has one.
    goal: Option<(String, Option<Direction>)>,
}

impl Directions {
    /// `document`: the keys of the board's document.
    pub fn of(document: Option<&Map<String, Value>>) -> Self {
        let metrics = document.and_then(|document| document.get("metrics")).unwrap_or(&Value::Null);
        let goal = document.and_then(|document| document.get("goal")).and_then(|goal| {
            let direction = goal.get("direction").and_then(Value::as_str).and_then(Direction::from_name);
            Some((goal.get("metric")?.as_str()?.to_owned(), direction))
        });
        // Settings were checked when they were written.
        Self { settings: MetricSettings::parse(metrics).unwrap_or_default(), goal }
    }

    /// The metric that the board names as its goal.
    pub fn goal(&self) -> Option<&str> {
        self.goal.as_ref().map(|(metric, _)| metric.as_str())
    }

    pub fn settings(&self) -> &MetricSettings {
        &self.settings
    }

    /// The better end of a metric, as the board or the name says it.
    pub fn direction(&self, metric: &str) -> Option<Direction> {
        let goal = self.goal.as_ref().filter(|(goal, _)| goal == metric).and_then(|(_, direction)| *direction);
        self.settings.of(metric).direction.or(goal).or_else(|| best_direction(metric))
    }
}

impl MetricTable {
    /// The metrics of these names of all runs of a board. Looks at each series of runs in the cells that have them.
    pub fn of_names(store: &Store, board: &str, names: &BTreeSet<String>, directions: &Directions) -> Self {
        let mut table = Self::default();
        if names.is_empty() {
            return table;
        }
        let known: HashMap<&str, Option<Direction>> = names.iter().map(|name| (name.as_str(), directions.direction(name))).collect();
        for cell in cells_of(store, board) {
            let index = store.index();
            let known_here = index.cell_series(&cell).filter(|series| names.iter().any(|name| series.has_run_metric(name)));
            for series in known_here.into_iter().flat_map(|series| series.of_runs()) {
                if let Some(direction) = series.metric.as_ref().and_then(|metric| known.get(&**metric)) {
                    table.add(series, *direction);
                }
            }
        }
        table
    }

    /// All metrics of these runs.
    pub fn of_runs(store: &Store, board: &str, runs: &[&RunId], directions: &Directions) -> Self {
        let (mut table, mut known) = (Self::default(), HashMap::new());
        for cell in cells_of(store, board) {
            table.add_cell(&store.index(), &cell, runs, directions, &mut known);
        }
        table
    }

    /// All metrics of one run.
    pub fn of_run_in(index: &Index, board: &str, run: &RunId, directions: &Directions) -> Self {
        let (mut table, mut known) = (Self::default(), HashMap::new());
        for cell in index.board(board).into_iter().flat_map(|board| board.cells.keys()) {
            table.add_cell(index, cell, &[run], directions, &mut known);
        }
        table
    }

    /// Adds the series of these runs in a cell. `known`: the directions of the metrics so far.
    fn add_cell(
        &mut self,
        index: &Index,
        cell: &CellId,
        runs: &[&RunId],
        directions: &Directions,
        known: &mut HashMap<Arc<str>, Option<Direction>>,
    ) {
        for series in runs.iter().flat_map(|run| index.series_of_run(cell, run)) {
            let Some(metric) = &series.metric else { continue };
            let direction = *known.entry(metric.clone()).or_insert_with(|| directions.direction(metric));
            self.add(series, direction);
        }
    }

    /// Where charts of a metric were changed, a run may have its metric in two cells: the one with the newest point counts.
    fn add(&mut self, series: &Series, direction: Option<Direction>) {
        let (Some(run), Some(metric)) = (&series.id.run, &series.metric) else { return };
        let Some(figures) = MetricFigures::of(series, direction) else { return };
        if !self.0.contains_key(metric) {
            self.0.insert(metric.clone(), HashMap::new());
        }
        let Some(runs) = self.0.get_mut(metric) else { return };
        match runs.get_mut(run) {
            Some(known) if known.time > figures.time => {}
            Some(known) => *known = figures,
            None => drop(runs.insert(run.clone(), figures)),
        }
    }

    pub fn get(&self, metric: &str, run: &RunId) -> Option<&MetricFigures> {
        self.0.get(metric)?.get(run)
    }

    /// The run with the best value of a metric. Without a better end: the run that has logged it last, with its last value.
    pub fn best(&self, metric: &str) -> Option<(&RunId, f64)> {
        let runs = self.0.get(metric)?.iter().filter_map(|(run, figures)| {
            let (value, rank) = match figures.direction {
                Some(direction) => {
                    let best = figures.get(Statistic::Best)?;
                    (best, if direction == Direction::Max { best } else { -best })
                }
                None => (figures.last.0, figures.time),
            };
            value.is_finite().then_some((run, value, rank))
        });
        // Of equal ones always the same.
        let best = runs.max_by(|(run, _, rank), (other, _, other_rank)| rank.total_cmp(other_rank).then_with(|| other.cmp(run)));
        best.map(|(run, value, _)| (run, value))
    }

    /// The metrics of a run, in the order of their names.
    pub fn of_run(&self, run: &RunId) -> Map<String, Value> {
        self.0.iter().filter_map(|(name, runs)| Some((name.to_string(), runs.get(run)?.to_json()))).collect()
    }
}
