//! Charts along a metric: how the steps of two metrics of a run are related, and how much may be read.

use super::Boards;
use super::metrics::{StepMetrics, section_of};
use crate::protocol::{ApiError, CellId, ErrorKind, RunId, SYSTEM_SECTION, SeriesId};
use crate::server::error::ServerError;
use crate::server::limits::{MAX_JOINED_POINTS, MAX_JOINED_POINTS_PER_SERIES, MAX_KEPT_JOINED_POINTS};
use crate::server::store::{AlongMetric, Meeting, RunRecord};

/// Bytes of a point.
const POINT_BYTES: usize = 24;
/// Copies of a series while it is joined: packed and read, and what becomes of it.
const COPIES: u64 = 3;

impl Boards {
    /// The number of points that are read for the columns of a cell along a metric. 413: they are too many, of a series or of all.
    pub fn joined_points(&self, cell: &CellId, metric: &str, runs: &[RunId]) -> Result<u64, ApiError> {
        let meeting = |run: &RunRecord, own: &str| meeting(run, own, metric);
        let along = AlongMetric { metric, meeting: &meeting };
        let series = self.store.joined_series(cell, along, runs).unwrap_or_default();
        if let Some(run) = series.iter().find(|one| one.points() > MAX_JOINED_POINTS_PER_SERIES).and_then(|one| one.series.id.run.as_ref())
        {
            return Err(ErrorKind::PayloadTooLarge.with(format!(
                "The run '{run}' has more than {MAX_JOINED_POINTS_PER_SERIES} points of a curve and '{metric}' together; choose step as its x axis."
            )));
        }
        let points = series.iter().map(|one| one.points()).sum();
        check_joined_points(points, metric)?;
        Ok(points)
    }

    /// The places of the points of a series along a metric, NaN of those that have none. 413: as [`Self::joined_points`].
    pub async fn joined_places(&self, cell: &CellId, series: &SeriesId, metric: &str) -> Result<Vec<f64>, ServerError> {
        self.joined_points(cell, metric, series.run.as_slice())?;
        let meeting = |run: &RunRecord, own: &str| meeting(run, own, metric);
        Ok(self.store.joined_places(cell, series, AlongMetric { metric, meeting: &meeting }).await?.unwrap_or_default())
    }

    /// Memory that the columns of a cell along a metric take while they are made: the points that are kept, and those of the longest series.
    pub fn joined_bytes(&self, cell: &CellId, metric: &str, runs: &[RunId]) -> usize {
        let meeting = |run: &RunRecord, own: &str| meeting(run, own, metric);
        let series = self.store.joined_series(cell, AlongMetric { metric, meeting: &meeting }, runs).unwrap_or_default();
        let kept = series.iter().map(|one| one.points()).sum::<u64>().min(MAX_KEPT_JOINED_POINTS);
        let longest = series.iter().map(|one| one.points()).max().unwrap_or(0);
        POINT_BYTES * (kept + COPIES * longest) as usize
    }
}

/// 413: so many points are too many for one query along a metric.
pub fn check_joined_points(points: u64, metric: &str) -> Result<(), ApiError> {
    if points <= MAX_JOINED_POINTS {
        return Ok(());
    }
    Err(ErrorKind::PayloadTooLarge.with(format!(
        "Along '{metric}' the curves have more than {MAX_JOINED_POINTS} points together; choose fewer runs, or step as x axis."
    )))
}

/// How the points of the metric `own` of a run meet those of `along`.
pub fn meeting(run: &RunRecord, own: &str, along: &str) -> Meeting {
    let steps = StepMetrics::of_run(&run.keys);
    // The client counts the seconds of a run where it samples the machine.
    let is_of_machine = |metric: &str| section_of(metric) == SYSTEM_SECTION;
    match steps.of(own) {
        Some(step_metric) if step_metric == along => Meeting::AreItsSteps,
        of_own if of_own == steps.of(along) && is_of_machine(own) == is_of_machine(along) => Meeting::Steps,
        _ => Meeting::Times,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn metrics_meet_by_what_their_steps_have_in_common() {
        let keys = json!({"stepMetrics": {"val/*": "epoch"}}).as_object().cloned().unwrap();
        let run = RunRecord::new("b".into(), RunId::parse("r").unwrap(), keys);
        let of = |own, along| meeting(&run, own, along);
        assert_eq!([of("loss", "epoch"), of("val/loss", "val/acc"), of("", "tokens")], [Meeting::Steps; 3]);
        assert_eq!(of("val/loss", "epoch"), Meeting::AreItsSteps);
        assert_eq!([of("val/loss", "tokens"), of("loss", "val/loss"), of("system/gpu", "epoch")], [Meeting::Times; 3]);
        assert_eq!(of("system/gpu", "system/cpu"), Meeting::Steps);
    }

    #[test]
    fn an_error_says_what_to_choose() {
        assert!(check_joined_points(MAX_JOINED_POINTS, "epoch").is_ok());
        let error = check_joined_points(MAX_JOINED_POINTS + 1, "epoch").unwrap_err();
        assert_eq!((error.code, error.message.contains("step as x axis")), (413, true));
    }
}
