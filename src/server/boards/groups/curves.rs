//! The curves of groups: which series they are made of, and how these are read.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::membership::RunGroup;
use crate::protocol::groups::GroupCurve;
use crate::protocol::{ApiError, CellId, ErrorKind, RunId};
use crate::series::OUTLINE_COLUMNS;
use crate::series::groups::{GroupSampler, GroupStyle, MemberCurve, SampledGroup};
use crate::server::boards::Boards;
use crate::server::boards::runs::started_ms;
use crate::server::error::ServerError;
use crate::server::limits::{MAX_GROUP_PLACES, MAX_GROUP_POINTS, MAX_GROUP_VALUES, MAX_MEMBER_POINTS};
use crate::server::store::{CurveWindow, Index, MemberSeries, Series};

/// Members that are read at once.
const BATCH_MEMBERS: usize = 250;
/// Places of a group that it has however many members there are.
const MIN_GROUP_PLACES: u32 = 64;

/// What runs along the axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupAxis {
    Step,
    /// Seconds since the start of each run.
    Relative,
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
}

/// Which curves are drawn, before they are calculated.
#[derive(Clone, Debug)]
pub struct CurvePlan {
    /// The last event of the board.
    pub seq: u64,
    pub cells: Vec<PlannedCell>,
    /// Of the groups, their members and the points of these: it changes when the curves may change.
    pub version: u64,
}

/// The curves of a cell.
#[derive(Clone, Debug)]
pub struct PlannedCell {
    pub cell: CellId,
    pub curves: Vec<PlannedCurve>,
}

/// One split of a group.
#[derive(Clone, Debug)]
pub struct PlannedCurve {
    /// Index of the group.
    pub group: usize,
    pub split: Arc<str>,
    /// Runs of the group that have points here, in the order of their ids: in whatever order runs were created, the same ones give the same
    /// bits.
    members: Vec<PlannedMember>,
}

#[derive(Clone, Debug)]
struct PlannedMember {
    series: MemberSeries,
    created_order: u64,
    points: u64,
    is_plain: bool,
    /// Places of the first and the last point, where its summary says them.
    extent: Option<(f64, f64)>,
}

impl Boards {
    /// The curves of these groups of a board in the cells among `cells` that are lines.
    pub fn plan_curves(&self, board: &str, cells: &[CellId], groups: &[RunGroup], axis: GroupAxis) -> CurvePlan {
        let starts: Vec<Vec<f64>> =
            groups.iter().map(|group| group.runs.iter().map(|run| started_ms(run) as f64 / 1e3).collect()).collect();
        let mut hash = DefaultHasher::new();
        self.store.epoch().hash(&mut hash);
        let mut planned = Vec::new();
        let index = self.store.index();
        let is_line = |cell: &&CellId| index.cell(cell).is_some_and(|record| record.is_line() && *record.board == *board);
        for cell in cells.iter().filter(is_line) {
            cell.as_str().hash(&mut hash);
            let mut curves = Vec::new();
            for (at, group) in groups.iter().enumerate() {
                (group.id, group.index, &group.label, group.runs.len()).hash(&mut hash);
                for (split, mut members) in members_of(&index, cell, group, &starts[at], axis, &mut hash) {
                    members.sort_by(|one, other| one.series.id.run.cmp(&other.series.id.run));
                    curves.push(PlannedCurve { group: at, split, members });
                }
            }
            planned.push(PlannedCell { cell: cell.clone(), curves });
        }
        let seq = index.board(board).map_or(0, |board| board.seq);
        CurvePlan { seq, cells: planned, version: hash.finish() }
    }

    /// Reads and calculates one curve, `cancelled` by who waits for it. 413: its points cannot be read one by one.
    pub async fn group_curve(
        &self,
        cell: &CellId,
        plan: PlannedCurve,
        group: &RunGroup,
        query: CurveQuery,
        cancelled: &CancellationToken,
    ) -> Result<GroupCurve, ServerError> {
        let places = u32::try_from(MAX_GROUP_VALUES / plan.members.len().max(1)).unwrap_or(u32::MAX).max(MIN_GROUP_PLACES);
        let width = query.width.min(MAX_GROUP_PLACES).min(places);
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
        let points: u64 = plan.members.iter().map(|member| member.points).sum();
        let is_whole = query.from.is_none() && query.to.is_none();
        let sampled = if is_whole && query.axis == GroupAxis::Step && points > MAX_GROUP_POINTS && from <= to {
            self.sample_outlines(cell, &plan.members, (from, to), width, cancelled).await?
        } else {
            plan.check_points()?;
            let from = query.from.unwrap_or(from.min(query.to.unwrap_or(from)));
            let to = query.to.unwrap_or(to).max(from);
            self.sample_points(cell, &plan.members, CurveWindow { from, to, width }, cancelled).await?
        };
        let columns = sampled.aggregate(query.style);
        Ok(GroupCurve {
            group: group.id,
            index: group.index as u32,
            label: group.label.clone(),
            split: plan.split.to_string(),
            runs: sampled.members,
            ids: plan.oldest_ids(),
            grid: sampled.grid,
            columns,
        })
    }

    async fn sample_points(
        &self,
        cell: &CellId,
        members: &[PlannedMember],
        window: CurveWindow,
        cancelled: &CancellationToken,
    ) -> Result<SampledGroup, ServerError> {
        if !(window.from.is_finite() && window.to.is_finite()) {
            // No member has a point.
            return Ok(GroupSampler::of_window(0.0, 0.0, 1).finish());
        }
        let mut sampler = GroupSampler::of_window(window.from, window.to, window.width);
        for batch in members.chunks(BATCH_MEMBERS) {
            check_cancelled(cancelled)?;
            let series: Vec<MemberSeries> = batch.iter().map(|member| member.series.clone()).collect();
            let curves = self.store.member_curves(cell, &series, window).await?;
            curves.iter().flatten().for_each(|curve| sampler.push(curve));
        }
        Ok(sampler.finish())
    }

    /// The whole curves of many members, in columns of a power of two.
    async fn sample_outlines(
        &self,
        cell: &CellId,
        members: &[PlannedMember],
        (first, last): (f64, f64),
        width: u32,
        cancelled: &CancellationToken,
    ) -> Result<SampledGroup, ServerError> {
        let most = f64::from(width).min(OUTLINE_COLUMNS as f64);
        // Wide enough for each member's outline, whose steps lie within those of the group.
        let mut column_width = 1.0;
        let columns = |width: f64| (last / width).floor() - (first / width).floor() + 1.0;
        while columns(column_width) > most {
            column_width *= 2.0;
        }
        while columns(column_width / 2.0) <= most && column_width > (last - first) * f64::EPSILON && column_width > f64::MIN_POSITIVE {
            column_width /= 2.0;
        }
        let mut sampler = GroupSampler::dyadic(first, last, column_width, most as u32);
        for batch in members.chunks(BATCH_MEMBERS) {
            check_cancelled(cancelled)?;
            let series: Vec<_> = batch.iter().map(|member| member.series.id.clone()).collect();
            let outlines = self.store.outlines(cell, &series).await?;
            outlines.iter().flatten().for_each(|outline| sampler.push(&MemberCurve::from(outline)));
        }
        Ok(sampler.finish())
    }
}

impl PlannedCurve {
    /// Members with points when the curve was planned.
    pub fn runs(&self) -> usize {
        self.members.len()
    }

    fn oldest_ids(&self) -> Vec<RunId> {
        let mut oldest: Vec<&PlannedMember> = self.members.iter().collect();
        oldest.sort_by_key(|member| member.created_order);
        oldest.into_iter().filter_map(|member| member.series.id.run.clone()).take(GroupCurve::MAX_IDS).collect()
    }

    /// 413: a member that went back to an earlier step, or that is drawn along the time, has more points than are read one by one.
    fn check_points(&self) -> Result<(), ApiError> {
        let is_long = |member: &&PlannedMember| (!member.is_plain || member.series.start.is_some()) && member.points > MAX_MEMBER_POINTS;
        let Some(run) = self.members.iter().find(is_long).and_then(|member| member.series.id.run.as_ref()) else { return Ok(()) };
        Err(ErrorKind::PayloadTooLarge.with(format!(
            "The run '{run}' repeats steps, or is asked for along the time, and has more than {MAX_MEMBER_POINTS} points; leave it out with 'q', or ask for the whole curve along steps."
        )))
    }
}

/// The members of a group by split. Their series are hashed.
fn members_of(
    index: &Index,
    cell: &CellId,
    group: &RunGroup,
    starts: &[f64],
    axis: GroupAxis,
    hash: &mut DefaultHasher,
) -> BTreeMap<Arc<str>, Vec<PlannedMember>> {
    let mut splits: BTreeMap<Arc<str>, Vec<PlannedMember>> = BTreeMap::new();
    for (run, start) in group.runs.iter().zip(starts) {
        for series in index.series_of_run(cell, &run.id).iter().filter(|series| series.count() > 0) {
            (series.key, series.count()).hash(hash);
            let start = (axis == GroupAxis::Relative).then_some(*start);
            start.map(f64::to_bits).hash(hash);
            let member = PlannedMember {
                series: MemberSeries { id: series.id.clone(), start },
                created_order: run.created_order,
                points: series.count(),
                is_plain: series.is_plain_curve(),
                extent: extent(series, start),
            };
            splits.entry(series.id.name.clone()).or_default().push(member);
        }
    }
    splits
}

fn extent(series: &Series, start: Option<f64>) -> Option<(f64, f64)> {
    let figures = series.figures()?;
    Some(match start {
        None => (figures.first_step, figures.last_step),
        Some(start) => (figures.first_time - start, figures.last_time - start),
    })
}

/// 503 once nobody waits for the answer.
fn check_cancelled(cancelled: &CancellationToken) -> Result<(), ApiError> {
    if cancelled.is_cancelled() { Err(ErrorKind::Unavailable.with("Nobody waits for these curves any more.")) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::*;
    use crate::protocol::SeriesId;
    use crate::series::groups::{Band, GroupGrid, GroupLine};
    use crate::server::boards::groups::membership::{GroupKeys, group_runs};
    use crate::server::store::{Batch, ChangeKind, Durability, NewPoints, Record, RunRecord, Store, StoreError};
    use crate::split_mix::SplitMix64;

    /// A board with runs of so many steps; the last one then goes back to its middle.
    async fn boards(folder: &std::path::Path, lengths: &'static [usize]) -> (Boards, CellId) {
        let store = Store::open_with_small_limits(folder, Durability::Normal, Box::new(drop)).await;
        let cell = CellId::parse("b-loss").unwrap();
        let (line, mut rng) = (cell.clone(), SplitMix64(3));
        let fill = move |batch: &mut Batch| {
            let keys: Map<_, _> = json!({ "type": "line" }).as_object().cloned().unwrap();
            batch.put(ChangeKind::Created, Record::new(line.clone(), "b".into(), keys), None);
            for (at, length) in lengths.iter().enumerate() {
                let id = RunId::parse(&format!("r{at}")).unwrap();
                batch.put_run(ChangeKind::Created, RunRecord::new("b".into(), id.clone(), Map::new()));
                let mut x: Vec<f64> = (0..*length).map(|step| step as f64).collect();
                if at + 1 == lengths.len() {
                    x.extend((length / 2..length - 3).map(|step| step as f64));
                }
                let mut value = || {
                    let value = rng.unit();
                    rng.pick(&[value, value, value, f64::NAN])
                };
                let y = x.iter().map(|_| value()).collect();
                batch.append(&line, &SeriesId::of_run(id, ""), Some("loss"), NewPoints { x: Some(x), y, t: None });
            }
            Ok::<_, StoreError>(())
        };
        store.write(1, fill).await.unwrap();
        (Boards::new(store), cell)
    }

    #[tokio::test]
    async fn outlines_and_points_give_the_same_curve() {
        let folder = tempfile::tempdir().unwrap();
        let (boards, cell) = boards(folder.path(), &[1022, 700, 12, 900]).await;
        let runs = boards.index().board("b").unwrap().runs.iter().cloned().collect();
        let groups = group_runs(runs, &GroupKeys::default());
        let plan = boards.plan_curves("b", std::slice::from_ref(&cell), &groups, GroupAxis::Step);
        let members = &plan.cells[0].curves[0].members;
        assert_eq!(members.iter().map(|member| member.is_plain).collect::<Vec<_>>(), [true, true, true, false]);
        let going = CancellationToken::new();
        let outlines = boards.sample_outlines(&cell, members, (0.0, 1021.0), 800, &going).await.unwrap();
        assert_eq!(outlines.grid, GroupGrid::Columns { from: 0.0, to: 1024.0, count: 256 });
        let points = boards.sample_points(&cell, members, CurveWindow { from: 0.0, to: 1024.0, width: 256 }, &going).await.unwrap();
        let style = GroupStyle { line: GroupLine::Mean, band: Band::T95, is_common: false, smooth: 0.0 };
        let (of_outlines, of_points) = (outlines.aggregate(style), points.aggregate(style));
        assert_eq!(of_outlines.len(), 256);
        for (one, other) in of_outlines.iter().zip(&of_points) {
            assert_eq!(
                (one.x, one.n, one.nan, one.ended, one.interpolated),
                (other.x, other.n, other.nan, other.ended, other.interpolated)
            );
            let is_near = |one: f64, other: f64| (one - other).abs() <= 1e-12 || one.is_nan() && other.is_nan();
            assert!(is_near(one.line, other.line) && is_near(one.low, other.low) && is_near(one.high, other.high), "{one:?} {other:?}");
        }
        going.cancel();
        assert!(boards.sample_outlines(&cell, members, (0.0, 1021.0), 800, &going).await.is_err());
        boards.close().await;
    }

    #[tokio::test]
    async fn long_members_that_go_back_are_refused_before_they_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let (boards, cell) = boards(folder.path(), &[10, 20]).await;
        let runs = boards.index().board("b").unwrap().runs.iter().cloned().collect();
        let groups = group_runs(runs, &GroupKeys::default());
        let mut plan = boards.plan_curves("b", std::slice::from_ref(&cell), &groups, GroupAxis::Step).cells.remove(0).curves.remove(0);
        assert_eq!((plan.runs(), plan.oldest_ids().len()), (2, 2));
        let mut newest_first = groups;
        newest_first[0].runs.reverse();
        let again = boards.plan_curves("b", &[cell], &newest_first, GroupAxis::Step).cells.remove(0).curves.remove(0);
        let ids = |plan: &PlannedCurve| plan.members.iter().map(|member| member.series.id.run.clone()).collect::<Vec<_>>();
        assert_eq!((ids(&again), ids(&again).is_sorted()), (ids(&plan), true), "in the order of their ids");
        plan.members[0].points = MAX_MEMBER_POINTS + 1;
        plan.check_points().unwrap();
        plan.members[1].points = MAX_MEMBER_POINTS + 1;
        let error = plan.check_points().unwrap_err();
        assert!(error.code == 413 && error.message.starts_with("The run 'r1' repeats steps"), "{}", error.message);
    }
}
