//! The curves of a metric of the runs in groups, and where the number of each is.

use std::collections::{HashMap, HashSet};

use super::summary::{CurvePlace, RunSummary};
use crate::protocol::{ApiError, CellId, ErrorKind, RunId, SeriesId, SummaryKind};
use crate::server::boards::runs::metric_table::cells_of;
use crate::server::limits::MAX_GROUP_READ_POINTS;
use crate::server::store::{Series, Store};

/// The curves of one metric, by run.
pub type MetricCurves = HashMap<RunId, CurveSource>;

/// Where the number of a curve is. No series is held: the writer would have to copy its recent points.
pub enum CurveSource {
    Known(RunSummary),
    /// At a place of its points, of which at most so many are read one by one.
    Points(CellId, SeriesId, CurvePlace, u64),
}

/// 413: the points that are read are too many together.
pub fn check_points<'a>(curves: impl Iterator<Item = &'a CurveSource>, stat: SummaryKind) -> Result<(), ApiError> {
    let points = curves.map(|source| if let CurveSource::Points(.., points) = source { *points } else { 0 }).sum::<u64>();
    if points <= MAX_GROUP_READ_POINTS {
        return Ok(());
    }
    Err(ErrorKind::PayloadTooLarge.with(format!(
        "'stat={}' reads the points of runs that repeat steps or went back, which are more than {MAX_GROUP_READ_POINTS} together; search for fewer runs, or use last.",
        stat.as_str()
    )))
}

/// The curve of a metric of each of these runs; of several of a run the one with the newest point.
pub fn curves_of_metric(
    store: &Store,
    board: &str,
    metric: &str,
    runs: &HashSet<&RunId>,
    source: impl Fn(&CellId, &Series) -> CurveSource,
) -> MetricCurves {
    let mut found: HashMap<RunId, (f64, CurveSource)> = HashMap::new();
    for cell in cells_of(store, board) {
        let index = store.index();
        for (run, list) in index.cell_series(&cell).into_iter().flat_map(|series| series.runs_among(runs)) {
            for series in list.iter().filter(|series| series.metric.as_deref() == Some(metric)) {
                let time = series.last.map_or(f64::NEG_INFINITY, |last| last.t);
                if found.get(run).is_none_or(|(known, _)| *known <= time) {
                    found.insert(run.clone(), (time, source(&cell, series)));
                }
            }
        }
    }
    found.into_iter().map(|(run, (_, source))| (run, source)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_of_all_curves_are_bounded_together() {
        let source = |points| CurveSource::Points(CellId::parse("a").unwrap(), SeriesId::plain("l"), CurvePlace::LastTenth, points);
        let known = CurveSource::Known(RunSummary::MISSING);
        check_points([&known, &source(MAX_GROUP_READ_POINTS)].into_iter(), SummaryKind::Mean10).unwrap();
        let error = check_points([&source(1), &source(MAX_GROUP_READ_POINTS)].into_iter(), SummaryKind::Mean10).unwrap_err();
        assert!(error.code == 413 && error.message.starts_with("'stat=mean10' reads the points"), "{}", error.message);
    }
}
