//! The curves of groups: which series they are made of, and how these are read.

mod curve_cache;
mod plan;
#[cfg(test)]
mod tests;

pub use curve_cache::GroupCurveCache;
use curve_cache::{CalculatedCurve, CurveKey};
use futures::{StreamExt, TryStreamExt};
use plan::{BATCH_MEMBERS, BATCHES_AT_ONCE, PlannedMember};
pub use plan::{CurvePlan, PlannedCell, PlannedCurve, WORKING_BYTES};
use tokio_util::sync::CancellationToken;

use super::membership::RunGroup;
use crate::protocol::groups::GroupCurve;
use crate::protocol::{ApiError, CellId, ErrorKind};
use crate::series::OUTLINE_COLUMNS;
use crate::series::groups::{Band, CurvePart, GroupLine, GroupSampler, GroupStyle, LineAverage, MemberCurve, SampledGroup};
use crate::server::boards::Boards;
use crate::server::error::ServerError;
use crate::server::limits::MAX_GROUP_PLACES;
use crate::server::store::{CurveWindow, MemberSeries, OutlineParts};

/// Readings of curves that grow meanwhile; each doubles the width of their columns at least.
const OUTLINE_TRIES: usize = 5;
/// Members that are looked up while the index is held.
const MEMBERS_AT_ONCE: usize = 5000;

/// What runs along the axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GroupAxis {
    Step,
    /// Seconds since the start of each run.
    Relative,
    /// The values of a metric of each run.
    Metric,
}

/// How curves of groups are made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CurveQuery {
    pub style: GroupStyle,
    pub axis: GroupAxis,
    /// Finite, `from` not above `to`; missing: where the group begins or ends.
    pub from: Option<f64>,
    pub to: Option<f64>,
    /// Places at most.
    pub width: u32,
    /// The weight of the moving average of the line; 0 for none. The band is that of the values.
    pub smooth: f64,
}

impl CalculatedCurve {
    fn of_group(&self, plan: &PlannedCurve, group: &RunGroup) -> GroupCurve {
        GroupCurve {
            group: group.id,
            index: group.index as u32,
            label: group.label.clone(),
            split: plan.split.to_string(),
            runs: self.members,
            ids: plan.oldest_ids(),
            grid: self.grid,
            columns: self.columns.to_vec(),
        }
    }
}

impl Boards {
    /// Reads and calculates one curve, `cancelled` by who waits for it. 413: its points cannot be read one by one.
    pub async fn group_curve(
        &self,
        cell: &CellId,
        plan: &PlannedCurve,
        group: &RunGroup,
        query: CurveQuery,
        cancelled: &CancellationToken,
    ) -> Result<GroupCurve, ServerError> {
        let key = CurveKey::of(plan, &query);
        let calculated = match self.group_curves.get(&key) {
            Some(known) => known,
            None => {
                let calculated = self.calculate_curve(cell, plan, query, cancelled).await?;
                // A member that was deleted meanwhile is missing in it, and may be restored.
                if self.are_visible(cell, &plan.members) {
                    self.group_curves.insert(key, calculated.clone());
                }
                calculated
            }
        };
        Ok(calculated.of_group(plan, group))
    }

    fn are_visible(&self, cell: &CellId, members: &[PlannedMember]) -> bool {
        // The index is released in between, so that commits do not wait.
        members.chunks(MEMBERS_AT_ONCE).all(|members| {
            let index = self.store.index();
            members.iter().all(|member| index.visible_series(cell, &member.series.id).is_some_and(|series| series.key == member.key))
        })
    }

    /// One curve that was calculated before and has not changed.
    pub fn known_group_curve(&self, plan: &PlannedCurve, group: &RunGroup, query: &CurveQuery) -> Option<GroupCurve> {
        Some(self.group_curves.get(&CurveKey::of(plan, query))?.of_group(plan, group))
    }

    async fn calculate_curve(
        &self,
        cell: &CellId,
        plan: &PlannedCurve,
        query: CurveQuery,
        cancelled: &CancellationToken,
    ) -> Result<CalculatedCurve, ServerError> {
        let width = plan.places(query.width);
        let is_outlined = plan.is_outlined(&query);
        if !is_outlined {
            // Before anything is read.
            plan.check_points()?;
        }
        let (mut from, mut to) = (f64::INFINITY, f64::NEG_INFINITY);
        if query.from.is_none() || query.to.is_none() {
            for member in &plan.members {
                let extent = match member.extent {
                    Some(extent) => Some(extent),
                    None => self.store.member_extent(cell, &member.series).await?,
                };
                (from, to) = extent.map_or((from, to), |(first, last)| (from.min(first), to.max(last)));
            }
        }
        let sampled = if is_outlined && from <= to {
            self.sample_outlines(cell, &plan.members, (from, to), width, parts_for(query.style), cancelled).await?
        } else {
            let from = query.from.unwrap_or(from.min(query.to.unwrap_or(from)));
            let to = query.to.unwrap_or(to).max(from);
            self.sample_points(cell, plan, CurveWindow { from, to, width }, cancelled).await?
        };
        let mut columns = sampled.aggregate(query.style);
        if query.smooth > 0.0 {
            let mut average = self.average_before(cell, plan, query, cancelled).await?;
            average.smooth(&mut columns, sampled.grid);
        }
        Ok(CalculatedCurve { members: sampled.members, grid: sampled.grid, columns: columns.into() })
    }

    /// The moving average of the line before a window, so that it goes on there as if the window began further left.
    async fn average_before(
        &self,
        cell: &CellId,
        plan: &PlannedCurve,
        query: CurveQuery,
        cancelled: &CancellationToken,
    ) -> Result<LineAverage, ServerError> {
        let mut average = LineAverage::new(query.smooth, plan.unit());
        if let Some(from) = query.from {
            let window = CurveWindow { from: from - average.reach(), to: from.next_down(), width: plan.places(MAX_GROUP_PLACES) };
            let before = self.sample_points(cell, plan, window, cancelled).await?;
            average.smooth(&mut before.aggregate(query.style), before.grid);
        }
        Ok(average)
    }

    async fn sample_points(
        &self,
        cell: &CellId,
        plan: &PlannedCurve,
        window: CurveWindow,
        cancelled: &CancellationToken,
    ) -> Result<SampledGroup, ServerError> {
        if !(window.from.is_finite() && window.to.is_finite()) {
            // No member has a point.
            return Ok(GroupSampler::of_window(0.0, 0.0, 1).finish());
        }
        let mut sampler = GroupSampler::of_window(window.from, window.to, window.width);
        for batch in plan.batches(window.width) {
            check_cancelled(cancelled)?;
            let series: Vec<MemberSeries> = batch.iter().map(|member| member.series.clone()).collect();
            let curves = self.store.member_curves(cell, &series, window).await?;
            curves.iter().flatten().for_each(|curve| sampler.push(curve));
        }
        Ok(sampler.finish())
    }

    /// The whole curves of many members, in columns of a power of two. 503: they grow faster than they are read.
    async fn sample_outlines(
        &self,
        cell: &CellId,
        members: &[PlannedMember],
        mut steps: (f64, f64),
        width: u32,
        parts: OutlineParts,
        cancelled: &CancellationToken,
    ) -> Result<SampledGroup, ServerError> {
        for _ in 0..OUTLINE_TRIES {
            match self.try_outlines(cell, members, steps, width, parts, cancelled).await? {
                Ok(sampled) => return Ok(sampled),
                Err(grown) => steps = (steps.0.min(grown.0), steps.1.max(grown.1)),
            }
        }
        Err(ErrorKind::Unavailable.with("These curves grow faster than they are read; ask again.").because("outdated").into())
    }

    /// The same from curves whose steps are these. The inner error: the first and the last step of a curve that has grown since it was
    /// planned, so that its outline has wider columns.
    async fn try_outlines(
        &self,
        cell: &CellId,
        members: &[PlannedMember],
        (first, last): (f64, f64),
        width: u32,
        parts: OutlineParts,
        cancelled: &CancellationToken,
    ) -> Result<Result<SampledGroup, (f64, f64)>, ServerError> {
        let most = f64::from(width).min(OUTLINE_COLUMNS as f64);
        let column_width = outline_column_width(first, last, most);
        let mut sampler = GroupSampler::dyadic(first, last, column_width, most as u32);
        sampler.reserve(members.len());
        let read = async |batch: &[PlannedMember]| {
            check_cancelled(cancelled)?;
            let series: Vec<_> = batch.iter().map(|member| member.series.id.clone()).collect();
            Ok::<_, ServerError>(self.store.outline_curves(cell, &series, parts).await?)
        };
        // The next ones are read while some are decoded.
        let mut batches = std::pin::pin!(futures::stream::iter(members.chunks(BATCH_MEMBERS)).map(read).buffered(BATCHES_AT_ONCE));
        while let Some(curves) = batches.try_next().await? {
            for curve in curves.iter().flatten() {
                if let Some(grown) = wider_curve(curve, last, column_width) {
                    return Ok(Err(grown));
                }
                sampler.push(curve);
            }
        }
        Ok(Ok(sampler.finish()))
    }
}

/// The first and the last step of a curve that has steps behind `last`, and a part that is in two columns of this width.
fn wider_curve(curve: &MemberCurve, last: f64, column_width: f64) -> Option<(f64, f64)> {
    let (first, end) = (curve.parts.first()?.x_first, curve.parts.last()?.x_last);
    let column = |step: f64| (step / column_width).floor();
    let is_wider = |part: &CurvePart| column(part.x_first) != column(part.x_last);
    (end > last && curve.parts.iter().any(is_wider)).then_some((first, end))
}

/// The narrowest power of two of which at most `most` columns hold all steps, so that it is wide enough for each member's outline, whose
/// steps lie within those of the group. Beside these steps the bounds of the columns are exact.
fn outline_column_width(first: f64, last: f64, most: f64) -> f64 {
    let columns = |width: f64| (last / width).floor() - (first / width).floor() + 1.0;
    let least = (first.abs().max(last.abs()) * f64::EPSILON).max(f64::MIN_POSITIVE);
    let mut width = 1.0;
    while columns(width) > most || width <= least {
        width *= 2.0;
    }
    // One step alone stands in one column of any width.
    while first < last && width / 2.0 > least && columns(width / 2.0) <= most {
        width /= 2.0;
    }
    width
}

/// Most lines and bands are made of the values alone.
fn parts_for(style: GroupStyle) -> OutlineParts {
    let is_of_points = matches!(style.line, GroupLine::Min | GroupLine::Max) || style.band == Band::MinMax;
    if is_of_points { OutlineParts::All } else { OutlineParts::Columns }
}

/// 503 once nobody waits for the answer.
fn check_cancelled(cancelled: &CancellationToken) -> Result<(), ApiError> {
    if cancelled.is_cancelled() {
        return Err(ErrorKind::Unavailable.with("Nobody waits for these curves any more.").because("gone"));
    }
    Ok(())
}
