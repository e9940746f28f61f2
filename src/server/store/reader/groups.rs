//! Reading the curves of the members of a group, each as far as a window needs it.

use std::sync::Arc;

use super::rows::{LazyConnection, READ_SERIES};
use super::{READ_TRIES, ReadError};
use crate::protocol::{CellId, SeriesId};
use crate::series::groups::{CurvePart, MemberCurve};
use crate::series::{Axis, PixelScale, Points, PyramidQuery, SupersededScan, Window};
use crate::server::store::Store;
use crate::server::store::error::StoreError;
use crate::server::store::series::{CHUNK, Series};

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
            let series: Vec<Option<Series>> = {
                let index = self.index();
                members.iter().map(|member| index.visible_series(cell, &member.id).cloned()).collect()
            };
            let present: Vec<Series> = series.iter().flatten().cloned().collect();
            let present_members = members.iter().zip(&series).filter(|(_, series)| series.is_some()).map(|(member, _)| member);
            match self.try_curves(&present, present_members, window).await {
                Ok(curves) => {
                    let mut curves = curves.into_iter();
                    return Ok(series.iter().map(|series| series.as_ref().and_then(|_| curves.next())).collect());
                }
                Err(error) => self.before_next_try(error, attempt, cell, &present).await?,
            }
        }
        Err(StoreError::Busy)
    }

    /// The places of the first and the last point of a curve, for series whose summary does not say it yet. Along steps few points are in
    /// memory at a time; along the time all of the curve.
    pub async fn member_extent(&self, cell: &CellId, member: &MemberSeries) -> Result<Option<(f64, f64)>, StoreError> {
        if member.start.is_none() {
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
        mut members: impl Iterator<Item = &MemberSeries>,
        window: CurveWindow,
    ) -> Result<Vec<MemberCurve>, ReadError> {
        let mut connection = LazyConnection::default();
        let mut curves = Vec::with_capacity(series.len());
        for group in series.chunks(READ_SERIES) {
            let tails = self.tails(group, &mut connection).await?.ok_or(ReadError::SeriesReplaced)?;
            for ((series, tail), member) in group.iter().zip(tails).zip(members.by_ref()) {
                let is_short = series.sealed == 0 && series.count() <= u64::from(window.width);
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
