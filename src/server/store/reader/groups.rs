//! Reading the curves of the members of a group, each as far as a window needs it.

use std::sync::Arc;

use super::joined::{Meeting, calculate, cells_of_metric, series_of_metric};
use super::rows::{LazyConnection, READ_SERIES};
use super::{READ_TRIES, ReadError};
use crate::protocol::{CellId, SeriesId};
use crate::series::groups::{CurvePart, MemberCurve};
use crate::series::{Axis, PixelScale, Points, PyramidQuery, SupersededScan, Window, join};
use crate::server::store::error::StoreError;
use crate::server::store::series::{CHUNK, Series};
use crate::server::store::{Index, Store};

/// Chunks that are read at once, 98 KB each.
const BATCH_CHUNKS: usize = 32;

/// The part of the curves that is read, along steps or along the time since the start of each run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CurveWindow {
    /// Finite, `from <= to`.
    pub from: f64,
    pub to: f64,
    /// Columns. At most twice as many steps of a curve are given one by one.
    pub width: u32,
}

/// A member of a group.
#[derive(Clone, Debug)]
pub struct MemberSeries {
    pub id: SeriesId,
    /// Along the time: the start of the run, in seconds since 1970.
    pub start: Option<f64>,
    /// The metric that it stands along.
    pub along: Option<MemberMetric>,
}

/// A metric of the same run.
#[derive(Clone, Debug)]
pub struct MemberMetric {
    pub metric: Arc<str>,
    pub meeting: Meeting,
}

impl MemberSeries {
    /// The place of a point on the axis.
    fn place(&self, step: f64, time: f64) -> f64 {
        self.start.map_or(step, |start| time - start)
    }
}

impl Store {
    /// The curves of members that have points in the cell, in their order; `None` of others. Each is as [`crate::series::groups::GroupSampler`]
    /// takes it.
    pub async fn member_curves(
        &self,
        cell: &CellId,
        members: &[MemberSeries],
        window: CurveWindow,
    ) -> Result<Vec<Option<MemberCurve>>, StoreError> {
        for attempt in 1..=READ_TRIES {
            let (series, others) = {
                let index = self.index();
                let found = members.iter().map(|member| index.visible_series(cell, &member.id).cloned());
                (found.collect::<Vec<Option<Series>>>(), others_of(&index, cell, members))
            };
            let present: Vec<Series> = series.iter().flatten().cloned().collect();
            let all = members.iter().zip(others.iter().map(Vec::as_slice)).zip(&series);
            let present_members = all.filter(|(_, series)| series.is_some()).map(|(member, _)| member);
            match self.try_curves(&present, present_members, window).await {
                Ok(curves) => {
                    let mut curves = curves.into_iter();
                    return Ok(series.iter().map(|series| series.as_ref().and_then(|_| curves.next())).collect());
                }
                Err(error) => {
                    let all: Vec<Series> = others.into_iter().flatten().chain(present).collect();
                    self.before_next_try(error, attempt, cell, &all).await?;
                }
            }
        }
        Err(StoreError::Busy)
    }

    /// The places of the first and the last point of a curve, for series whose summary does not say it yet. Along steps few points are in
    /// memory at a time; along the time or a metric all of the curve.
    pub async fn member_extent(&self, cell: &CellId, member: &MemberSeries) -> Result<Option<(f64, f64)>, StoreError> {
        if member.start.is_none() && member.along.is_none() {
            let outline = self.outlines(cell, std::slice::from_ref(&member.id)).await?.pop().flatten();
            return Ok(outline.and_then(|outline| Some((outline.columns.first()?.x_first, outline.columns.last()?.x_last))));
        }
        let window = CurveWindow { from: f64::MIN, to: f64::MAX, width: 1 };
        let all = self.member_curves(cell, std::slice::from_ref(member), window).await?.pop().flatten();
        Ok(all.and_then(|curve| Some((curve.parts.first()?.x_first, curve.parts.last()?.x_last))))
    }

    async fn try_curves(
        &self,
        series: &[Series],
        mut members: impl Iterator<Item = (&MemberSeries, &[Series])>,
        window: CurveWindow,
    ) -> Result<Vec<MemberCurve>, ReadError> {
        let mut connection = LazyConnection::default();
        let mut curves = Vec::with_capacity(series.len());
        for group in series.chunks(READ_SERIES) {
            let tails = self.tails(group, &mut connection).await?.ok_or(ReadError::SeriesReplaced)?;
            for ((series, tail), (member, others)) in group.iter().zip(tails).zip(members.by_ref()) {
                let is_short = series.sealed == 0 && series.count() <= u64::from(window.width);
                if let Some(along) = &member.along {
                    curves.push(self.joined_curve((series, tail), (others, along.meeting), window, &mut connection).await?);
                    continue;
                }
                curves.push(match series.is_plain_curve() && member.start.is_none() && !is_short {
                    true => self.pyramid_curve(series, tail, window, &mut connection).await?,
                    false => {
                        let curve = self.curve_points(series, tail, &mut connection).await?;
                        MemberCurve::of_points(&curve, |step, time| member.place(step, time)).within(window.from, window.to)
                    }
                });
            }
        }
        Ok(curves)
    }

    /// The curve of a series along a metric, whose points of one place are one step. What restarts superseded is left out of both first.
    async fn joined_curve(
        &self,
        (series, tail): (&Series, Arc<Points>),
        (others, meeting): (&[Series], Meeting),
        window: CurveWindow,
        connection: &mut LazyConnection,
    ) -> Result<MemberCurve, ReadError> {
        let own = self.curve_points(series, tail, connection).await?;
        let other = self.all_points(others, connection).await?;
        let join_curve = move || {
            let joined = meeting.axis().map(|by| join(&own, &other, by));
            let curve = MemberCurve::of_points(joined.as_ref().unwrap_or(&own), |place, _| place);
            Ok(curve.within(window.from, window.to))
        };
        calculate(series.count(), join_curve).await
    }

    /// The curve of a series of which every point is a step.
    async fn pyramid_curve(
        &self,
        series: &Series,
        tail: Arc<Points>,
        CurveWindow { from, to, width }: CurveWindow,
        connection: &mut LazyConnection,
    ) -> Result<MemberCurve, ReadError> {
        let mut query = PyramidQuery::exact(Window { axis: Axis::Step, from, to, width, scale: PixelScale::Linear }, series.sealed, tail);
        while !query.pending_reads().is_empty() {
            self.supply(series, &mut query, connection).await?;
        }
        Ok(MemberCurve { parts: query.finish().iter().map(CurvePart::from).collect() })
    }

    /// All points of a series but the superseded ones.
    async fn curve_points(&self, series: &Series, tail: Arc<Points>, connection: &mut LazyConnection) -> Result<Points, ReadError> {
        let mut slices: Vec<Arc<Points>> = Vec::new();
        let chunks: Vec<u64> = (0..series.sealed / CHUNK as u64).collect();
        for numbers in chunks.chunks(BATCH_CHUNKS) {
            let found = self.packed_chunks(series.key, numbers, connection).await?;
            if found.len() < numbers.len() {
                return Err(ReadError::SeriesReplaced);
            }
            for (_, chunk) in found {
                slices.push(chunk.decode()?);
            }
        }
        slices.push(tail);
        let mut scan = SupersededScan::default();
        slices.iter().for_each(|slice| scan.push(&slice.x));
        let mut filter = scan.into_filter();
        let mut curve = Points::default();
        slices.into_iter().for_each(|slice| curve.extend(&filter.filter(&slice)));
        Ok(curve)
    }
}

/// The series of the runs of members that have the metric which these stand along, which is the same of all.
fn others_of(index: &Index, cell: &CellId, members: &[MemberSeries]) -> Vec<Vec<Series>> {
    let metric = members.first().and_then(|member| member.along.as_ref()).map(|along| &*along.metric);
    let (Some(metric), Some(record)) = (metric, index.cell(cell)) else { return vec![Vec::new(); members.len()] };
    let cells = cells_of_metric(index, &record.board, metric);
    let of_member = |member: &MemberSeries| {
        let run = member.id.run.as_ref();
        run.map(|run| series_of_metric(index, &cells, run, metric).into_iter().cloned().collect()).unwrap_or_default()
    };
    members.iter().map(of_member).collect()
}
