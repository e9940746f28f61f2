//! How the curves of a run end: the last values, and whether the run has diverged, whatever metric one looks at.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::metric_table::cells_of;
use crate::protocol::{LastValue, NonFiniteEnd, Run, RunId};
use crate::server::store::{BoardIndex, Index, Record, Series, Store};

/// Metrics of the machine come after those of the training. A sensor without a reading is no divergence.
const SYSTEM: &str = "system/";

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
                let metric = match (&series.metric, &*series.id.name) {
                    (Some(metric), _) => Cow::Borrowed(&**metric),
                    (None, "") => Cow::Borrowed(line.id.as_str()),
                    (None, name) => Cow::Owned(format!("{}/{name}", line.id)),
                };
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

/// Those of these runs of which a metric ends without a finite value.
pub fn non_finite_ends(store: &Store, board: &str, runs: &HashSet<&RunId>) -> HashMap<RunId, NonFiniteEnd> {
    let mut suspects: HashSet<RunId> = HashSet::new();
    for cell in cells_of(store, board) {
        // The index is released after each cell, so that commits do not wait.
        let index = store.index();
        let of_runs = index.cell_series(&cell).into_iter().flat_map(|series| series.of_runs());
        let found = of_runs.filter(|series| ends_non_finite(series)).filter_map(|series| series.id.run.as_ref());
        suspects.extend(found.filter(|run| runs.contains(*run)).cloned());
    }
    let index = store.index();
    let Some(known) = index.board(board) else { return HashMap::new() };
    let lines = lines_of(known);
    let end = |run: RunId| RunCurves::of(&index, &lines, &run).non_finite().map(|end| (run, end));
    suspects.into_iter().filter_map(end).collect()
}
