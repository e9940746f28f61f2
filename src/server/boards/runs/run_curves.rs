//! How the curves of a run end: the last values, and whether the run has diverged, whatever metric one looks at.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::metric_table::cells_of;
use crate::protocol::{ApiError, CellId, LastValue, NonFiniteEnd, Run, RunId};
use crate::server::cpu_pool::CancelFlag;
use crate::server::store::{BoardIndex, CellSeries, Index, Record, Series, Store};

/// Metrics of the machine come after those of the training. A sensor without a reading is no divergence.
const SYSTEM: &str = "system/";
/// Curves that are looked up while the index is held.
const CURVES_AT_ONCE: usize = 5_000;

/// The lines of a board, which may have series of runs.
pub fn lines_of(board: &BoardIndex) -> Vec<&Arc<Record>> {
    board.cells.values().filter(|record| record.is_line()).collect()
}

/// The curves of one run by metric. Where charts of a metric were changed, a run may have it in two cells: the one with the newest point
/// counts.
pub struct RunCurves<'a> {
    curves: BTreeMap<CurveName<'a>, &'a Series>,
    /// The wall time of the newest point, in seconds since 1970.
    pub newest: f64,
}

/// Ordered as metrics are listed.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct CurveName<'a> {
    is_of_system: bool,
    metric: Cow<'a, str>,
}

impl<'a> RunCurves<'a> {
    /// `lines`: those of the board.
    pub fn of(index: &'a Index, lines: &[&'a Arc<Record>], run: &RunId) -> Self {
        let (mut curves, mut newest) = (BTreeMap::<_, (f64, &Series)>::new(), 0.0_f64);
        for line in lines {
            for series in index.series_of_run(&line.id, run) {
                let Some(last) = series.last else { continue };
                newest = newest.max(last.t);
                let metric = metric_of(&line.id, series);
                let known = curves.entry(CurveName { is_of_system: metric.starts_with(SYSTEM), metric }).or_insert((last.t, series));
                if last.t > known.0 {
                    *known = (last.t, series);
                }
            }
        }
        Self { curves: curves.into_iter().map(|(name, (_, series))| (name, series)).collect(), newest }
    }

    /// At most as many as a list has.
    pub fn last_values(&self) -> Vec<LastValue> {
        let values =
            self.curves.iter().filter_map(|(name, series)| Some(LastValue { metric: name.metric.to_string(), value: series.last?.y }));
        values.take(Run::MAX_METRICS).collect()
    }

    /// Of the metric that has no finite value from the earliest step on; of equal ones the first by name. `None`: all end with a value.
    pub fn non_finite(&self) -> Option<NonFiniteEnd> {
        let curves = || self.curves.iter().filter(|(name, series)| !name.is_of_system && ends_non_finite(series));
        let step = |series: &Series| series.figures().and_then(|figures| figures.gap_from);
        let first = curves().map(|(name, series)| (step(series), name, series.last));
        let first = first.min_by(|one, other| one.0.unwrap_or(f64::INFINITY).total_cmp(&other.0.unwrap_or(f64::INFINITY)));
        let (step, name, last) = first?;
        Some(NonFiniteEnd { metric: name.metric.to_string(), step, value: last?.y, metrics: curves().count() as u32 })
    }
}

/// Whether the curve ends without a finite value. The last step has one if another point there is finite.
fn ends_non_finite(series: &Series) -> bool {
    // Of most series the last point says it.
    series.last.is_some_and(|last| !last.y.is_finite()) && series.figures().is_none_or(|figures| figures.gap_from.is_some())
}

/// The metric of a series of a run in this line.
fn metric_of<'a>(line: &'a CellId, series: &'a Series) -> Cow<'a, str> {
    match (&series.metric, &*series.id.name) {
        (Some(metric), _) => Cow::Borrowed(&**metric),
        (None, "") => Cow::Borrowed(line.as_str()),
        (None, name) => Cow::Owned(format!("{line}/{name}")),
    }
}

/// How runs end of which a metric ends without a finite value.
pub type NonFiniteEnds = HashMap<RunId, NonFiniteEnd>;

/// Those of these runs. 503 once the `client` has gone.
pub fn non_finite_ends(store: &Store, board: &str, runs: &HashSet<&RunId>, client: &CancelFlag) -> Result<NonFiniteEnds, ApiError> {
    let suspects = Suspects::find(store, board, runs, client)?;
    let (cells, mut ends) = (suspects.cells(store, board), NonFiniteEnds::new());
    let suspects: Vec<RunId> = suspects.runs.into_iter().collect();
    for runs in suspects.chunks((CURVES_AT_ONCE / cells.len().max(1)).max(1)) {
        client.check()?;
        // The index is released after some runs, so that commits do not wait.
        let index = store.index();
        let Some(known) = index.board(board) else { break };
        let lines: Vec<&Arc<Record>> = cells.iter().filter_map(|cell| known.cells.get(cell)).filter(|record| record.is_line()).collect();
        ends.extend(runs.iter().filter_map(|run| Some((run.clone(), RunCurves::of(&index, &lines, run).non_finite()?))));
    }
    Ok(ends)
}

/// Runs with a curve that ends without a finite value. The same metric may have a newer point in another cell.
#[derive(Default)]
struct Suspects {
    runs: HashSet<RunId>,
    /// The metrics of these curves.
    metrics: HashSet<String>,
}

impl Suspects {
    fn find(store: &Store, board: &str, runs: &HashSet<&RunId>, client: &CancelFlag) -> Result<Self, ApiError> {
        let mut suspects = Self::default();
        for cell in cells_of(store, board) {
            client.check()?;
            // The index is released after each cell, so that commits do not wait.
            let index = store.index();
            for series in index.cell_series(&cell).into_iter().flat_map(CellSeries::of_runs).filter(|series| ends_non_finite(series)) {
                let Some(run) = series.id.run.as_ref().filter(|run| runs.contains(run)) else { continue };
                let metric = metric_of(&cell, series);
                if metric.starts_with(SYSTEM) {
                    continue;
                }
                if !suspects.runs.contains(run) {
                    suspects.runs.insert(run.clone());
                }
                if !suspects.metrics.contains(&*metric) {
                    suspects.metrics.insert(metric.into_owned());
                }
            }
        }
        Ok(suspects)
    }

    /// The cells that may have one of the metrics: usually few, while each run has curves in all.
    fn cells(&self, store: &Store, board: &str) -> Vec<CellId> {
        if self.runs.is_empty() {
            return Vec::new();
        }
        let mut cells = cells_of(store, board);
        cells.retain(|cell| {
            store.index().cell_series(cell).is_some_and(|series| {
                // The metrics of other series are named by their cell.
                let named: usize = series.run_metrics().map(|(_, count)| count).sum();
                named < series.run_series() || series.run_metrics().any(|(metric, _)| self.metrics.contains(&**metric))
            })
        });
        cells
    }
}

#[cfg(test)]
#[path = "run_curves_tests.rs"]
mod tests;
