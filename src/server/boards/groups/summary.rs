//! One number for the curve of a run: from the summary of its series, or from the points at its end.

use crate::protocol::{CellId, Direction, SummaryKind};
use crate::series::{Axis, Column, CurveFigures, CurveSteps, PixelScale, Window};
use crate::server::boards::Boards;
use crate::server::limits::MAX_MEMBER_POINTS;
use crate::server::store::{Series, SmoothingWeights, StoreError, TimeOrigin};

/// Points at the end of a series that are read at first, and then of a curve that is not all of its points, whose nodes do not say it.
/// They are three and 16 chunks, and the longest curve that is read.
const FIRST_POINTS: u64 = 3 * crate::series::CHUNK;
const MORE_POINTS: [u64; 2] = [16 * crate::series::CHUNK, MAX_MEMBER_POINTS];

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SummaryValue {
    Finite(f64),
    /// The curve is there, and has no finite value at this place.
    Diverged,
    /// The run did not log the metric, or its curve is not at this place.
    Missing,
    /// The curve may be there, but it is too long to be read, or its summary is being made again.
    Unread,
}

/// What one run contributes to a table of groups.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RunSummary {
    pub value: SummaryValue,
    /// The last step of the curve.
    pub last_step: Option<f64>,
}

impl RunSummary {
    pub const MISSING: Self = Self { value: SummaryValue::Missing, last_step: None };

    pub fn finite(&self) -> Option<f64> {
        match self.value {
            SummaryValue::Finite(value) => Some(value),
            SummaryValue::Diverged | SummaryValue::Missing | SummaryValue::Unread => None,
        }
    }

    /// From what is known of all points. `kind` is [`SummaryKind::Last`] or [`SummaryKind::Best`], the latter with a better end.
    pub fn of(series: &Series, kind: SummaryKind, direction: Option<Direction>) -> Self {
        let finite = |value: f64| if value.is_finite() { SummaryValue::Finite(value) } else { SummaryValue::Diverged };
        let Some(CurveFigures { last_step, values, .. }) = series.figures() else {
            // While the summary is made again after a step far back, there is the last point.
            let value = |y: f64| if kind == SummaryKind::Last { finite(y) } else { SummaryValue::Unread };
            return series.last.map_or(Self::MISSING, |last| Self { value: value(last.y), last_step: Some(last.x) });
        };
        let value = match (values, kind, direction) {
            (None, ..) => SummaryValue::Diverged,
            (Some(values), SummaryKind::Best, Some(Direction::Min)) => SummaryValue::Finite(values.min.value),
            (Some(values), SummaryKind::Best, _) => SummaryValue::Finite(values.max.value),
            (Some(values), ..) if values.last.step == last_step => SummaryValue::Finite(values.last.value),
            _ => SummaryValue::Diverged,
        };
        Self { value, last_step: Some(last_step) }
    }
}

/// The place of a summary that is not in what is known of all points.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum CurvePlace {
    Step(f64),
    /// The steps in the last tenth of the way from the first to the last one.
    LastTenth,
}

impl CurvePlace {
    pub fn of(kind: SummaryKind, at: Option<f64>) -> Option<Self> {
        match kind {
            SummaryKind::Last | SummaryKind::Best => None,
            SummaryKind::Step => at.map(Self::Step),
            SummaryKind::Mean10 => Some(Self::LastTenth),
        }
    }
}

/// How many points of a series [`Boards::summarize_place`] may read one by one.
pub fn points_to_read(series: &Series) -> u64 {
    let most = if series.is_plain_curve() { FIRST_POINTS } else { MAX_MEMBER_POINTS };
    series.count().min(most)
}

impl Boards {
    /// Reads the end of a series of a run: its last chunks, or nodes above them where the curve is all of its points.
    pub(super) async fn summarize_place(&self, cell: &CellId, series: &Series, place: CurvePlace) -> Result<RunSummary, StoreError> {
        let Some(figures) = series.figures() else {
            let last_step = series.last.map(|last| last.x);
            return Ok(last_step.map_or(RunSummary::MISSING, |step| RunSummary { value: SummaryValue::Unread, last_step: Some(step) }));
        };
        let summary = |value| Ok(RunSummary { value, last_step: Some(figures.last_step) });
        let from = match place {
            CurvePlace::Step(step) if step < figures.first_step => return summary(SummaryValue::Missing),
            // One that diverged and was stopped before.
            CurvePlace::Step(step) if step > figures.last_step && figures.gap_from.is_some() => return summary(SummaryValue::Diverged),
            CurvePlace::Step(step) if step > figures.last_step => return summary(SummaryValue::Missing),
            CurvePlace::Step(step) => step,
            CurvePlace::LastTenth => figures.last_step - (figures.last_step - figures.first_step) / 10.0,
        };
        let count = series.count();
        let is_plain = figures.steps == count;
        let more = if is_plain { &[][..] } else { &MORE_POINTS };
        for size in std::iter::once(FIRST_POINTS).chain(more.iter().copied()) {
            let start = count.saturating_sub(size);
            let Some(page) = self.store.points(cell, &series.id, start, (count - start) as usize).await? else { break };
            let steps = CurveSteps::of(&page.points, start == 0);
            if steps.reaches(from) {
                return summary(match place {
                    CurvePlace::Step(step) => at_step(step, steps.value_at(step), &figures),
                    CurvePlace::LastTenth => steps.mean_from(from).map_or(SummaryValue::Diverged, SummaryValue::Finite),
                });
            }
        }
        if !is_plain {
            return summary(SummaryValue::Unread);
        }
        let to = if place == CurvePlace::LastTenth { figures.last_step } else { from };
        let window = Window { axis: Axis::Step, from, to, width: 1, scale: PixelScale::Linear };
        let columns = self.store.columns(cell, window, TimeOrigin::Epoch, SmoothingWeights::NONE, series.id.run.as_slice()).await?;
        let of_series =
            columns.and_then(|columns| columns.into_iter().find(|found| found.run == series.id.run && *found.name == *series.id.name));
        let columns = of_series.map(|found| found.columns).unwrap_or_default();
        summary(match place {
            CurvePlace::Step(step) => at_step(step, value_between(&columns, step), &figures),
            CurvePlace::LastTenth => {
                let inside = || columns.iter().filter(|column| column.x_first >= from && column.x_last <= to);
                let (sum, finite) = (inside().map(|column| column.sum).sum::<f64>(), inside().map(Column::finite).sum::<u64>());
                if finite > 0 { SummaryValue::Finite(sum / finite as f64) } else { SummaryValue::Diverged }
            }
        })
    }
}

/// A curve that is not finite at a step has diverged unless it is finite again later.
fn at_step(step: f64, value: Option<f64>, figures: &CurveFigures) -> SummaryValue {
    match value {
        Some(value) if value.is_finite() => SummaryValue::Finite(value),
        Some(_) if figures.values.is_none_or(|values| values.last.step <= step) => SummaryValue::Diverged,
        Some(_) | None => SummaryValue::Missing,
    }
}

/// The value at a step, or linear between the points on both sides of it. Of these at least the inner ends are points.
fn value_between(columns: &[Column], step: f64) -> Option<f64> {
    let next = columns.iter().position(|column| column.x_last >= step)?;
    let right = &columns[next];
    if right.x_first == step {
        return Some(right.first);
    }
    let left = &columns[next.checked_sub(1)?];
    let part = (step - left.x_last) / (right.x_first - left.x_last);
    Some(left.last * (1.0 - part) + right.first * part)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::series::{CurveSummary, Points};

    #[test]
    fn a_gap_within_a_curve_is_not_its_end() {
        let mut points = Points::default();
        for (step, value) in [(1.0, 0.5), (2.0, f64::NAN), (3.0, 0.25), (4.0, f64::INFINITY)] {
            points.push(step, value, 0.0);
        }
        let mut summary = CurveSummary::default();
        summary.push(&points);
        let figures = summary.figures().unwrap();
        let at = |step, value| at_step(step, value, &figures);
        assert_eq!(at(1.0, Some(0.5)), SummaryValue::Finite(0.5));
        assert_eq!([at(2.0, Some(f64::NAN)), at(9.0, None)], [SummaryValue::Missing; 2]);
        assert_eq!(at(4.0, Some(f64::INFINITY)), SummaryValue::Diverged);
    }
}
