//! Which series the curves of groups are made of.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use super::{CurveQuery, GroupAxis};
use crate::protocol::groups::GroupCurve;
use crate::protocol::{ApiError, CellId, ErrorKind, RunId};
use crate::series::OUTLINE_COLUMNS;
use crate::server::boards::Boards;
use crate::server::boards::along_metric::meeting;
use crate::server::boards::groups::membership::RunGroup;
use crate::server::boards::runs::started_ms;
use crate::server::cpu_pool::CancelFlag;
use crate::server::error::ServerError;
use crate::server::limits::{
    MAX_GROUP_PLACES, MAX_GROUP_POINTS, MAX_GROUP_READ_POINTS, MAX_GROUP_VALUES, MAX_GROUPS, MAX_GROUPS_MEMBERS, MAX_LARGE_GROUP_POINTS,
    MAX_MEMBER_POINTS, MAX_SMALL_GROUP,
};
use crate::server::store::{Index, Meeting, MemberMetric, MemberSeries, RunRecord, Series, Store, cells_of_metric, series_of_metric};

/// Members that are read at once.
pub(super) const BATCH_MEMBERS: usize = 250;
/// Outlines of so many times [`BATCH_MEMBERS`] are in memory.
pub(super) const BATCHES_AT_ONCE: usize = 2;
/// Points of these; one member may have more, alone.
const BATCH_POINTS: u64 = 250_000;
/// Bytes of a point while it is read: packed, of the curve, and as its part.
const POINT_BYTES: usize = 112;
/// Bytes of a member at a place while a curve is calculated: its value, and its point until the places are known.
pub const WORKING_BYTES: usize = 24;
/// Bytes of an outline's column.
const OUTLINE_COLUMN_BYTES: usize = 72;
/// Places of a group that it has however many members there are.
const MIN_GROUP_PLACES: u32 = 64;

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
    pub(super) members: Vec<PlannedMember>,
    /// Of the members and their points: it changes when the curve may change.
    pub version: u64,
}

#[derive(Clone, Debug)]
pub(super) struct PlannedMember {
    /// Of the series.
    pub key: i64,
    /// Along a metric: of the series that have it, and their points.
    pub metric_version: u64,
    pub series: MemberSeries,
    pub created_order: u64,
    pub points: u64,
    pub is_plain: bool,
    /// Places of the first and the last point, where its summary says them.
    pub extent: Option<(f64, f64)>,
    /// The mean distance of two neighbouring steps, where its summary says it.
    pub spacing: Option<f64>,
}

impl Boards {
    /// The curves of the largest groups of a board in the cells among `cells` that are lines, along `axis`, which may be a metric. 400: there
    /// are too many cells for so many runs.
    pub async fn plan_curves(
        &self,
        board: &str,
        cells: &[CellId],
        groups: &Arc<[RunGroup]>,
        axis: GroupAxis,
        x_metric: &str,
    ) -> Result<CurvePlan, ServerError> {
        let (cells, groups) = (cells.to_vec(), groups.clone());
        let x_metric: Option<Arc<str>> = (axis == GroupAxis::Metric).then(|| x_metric.into());
        check_members(cells.len(), drawn(&groups).iter().map(|group| group.runs.len()).sum())?;
        let plan = move |store: &Store, board: &str, client: &CancelFlag| {
            CurvePlan::read(store, board, &cells, drawn(&groups), (axis, x_metric.as_ref()), client)
        };
        Ok(self.search_board(board, plan).await??)
    }
}

fn drawn(groups: &[RunGroup]) -> &[RunGroup] {
    &groups[..groups.len().min(MAX_GROUPS)]
}

/// 400: cells times runs are too many.
pub(super) fn check_members(cells: usize, runs: usize) -> Result<(), ApiError> {
    if cells.saturating_mul(runs) <= MAX_GROUPS_MEMBERS {
        return Ok(());
    }
    let rule = format!("may be {} for {runs} runs", (MAX_GROUPS_MEMBERS / runs).max(1));
    Err(ErrorKind::BadRequest
        .with(format!("'cells' {rule}, not {cells}; choose fewer runs with 'q', or ask cell by cell."))
        .at("cells", rule))
}

/// The runs of a group in the order of their ids, along the time with their starts in seconds since 1970.
fn runs_by_id(group: &RunGroup, axis: GroupAxis) -> Vec<(&Arc<RunRecord>, Option<f64>)> {
    let start = |run: &RunRecord| (axis == GroupAxis::Relative).then(|| started_ms(run) as f64 / 1e3);
    let mut runs: Vec<_> = group.runs.iter().map(|run| (run, start(run))).collect();
    runs.sort_by(|(one, _), (other, _)| one.id.cmp(&other.id));
    runs
}

impl CurvePlan {
    /// 503 once the `client` has gone.
    fn read(
        store: &Store,
        board: &str,
        cells: &[CellId],
        groups: &[RunGroup],
        (axis, x_metric): (GroupAxis, Option<&Arc<str>>),
        client: &CancelFlag,
    ) -> Result<Self, ApiError> {
        let runs: Vec<_> = groups.iter().map(|group| runs_by_id(group, axis)).collect();
        let mut hash = DefaultHasher::new();
        (store.epoch(), x_metric).hash(&mut hash);
        let mut planned = Vec::new();
        // Before the points: what is newer than this event may be read, and nothing of it is missing.
        let seq = store.index().board(board).map_or(0, |board| board.seq);
        for cell in cells {
            client.check()?;
            // The index is released after each cell, so that commits do not wait.
            let index = store.index();
            if !index.cell(cell).is_some_and(|record| record.is_line() && *record.board == *board) {
                continue;
            }
            cell.as_str().hash(&mut hash);
            let along = x_metric.map(|metric| AlongBoard { metric, cells: cells_of_metric(&index, board, metric) });
            let mut curves: Vec<PlannedCurve> = Vec::new();
            for (at, group) in groups.iter().enumerate() {
                (group.id, group.index, &group.label, group.runs.len()).hash(&mut hash);
                let splits = members_of(&index, cell, &runs[at], along.as_ref());
                curves.extend(splits.into_iter().map(|(split, members)| {
                    let version = version_of(store, &members);
                    version.hash(&mut hash);
                    PlannedCurve { group: at, split, members, version }
                }));
            }
            planned.push(PlannedCell { cell: cell.clone(), curves });
        }
        Ok(Self { seq, cells: planned, version: hash.finish() })
    }
}

/// Of the series of the members, their numbers of points, and what their summaries say, which may be known later than the points. Keys of
/// series are never reused while the server runs.
fn version_of(store: &Store, members: &[PlannedMember]) -> u64 {
    let mut hash = DefaultHasher::new();
    store.epoch().hash(&mut hash);
    for member in members {
        let bits = |number: f64| number.to_bits();
        let along = member.series.along.as_ref().map(|along| &along.metric);
        (member.key, member.points, member.series.start.map(bits), member.spacing.map(bits)).hash(&mut hash);
        (along, member.metric_version).hash(&mut hash);
    }
    hash.finish()
}

/// A metric that is the axis, and the cells of the board that have it.
struct AlongBoard<'a> {
    metric: &'a Arc<str>,
    cells: Vec<CellId>,
}

impl AlongBoard<'_> {
    /// A member along the metric; `None` where its run lacks it.
    fn member(&self, index: &Index, run: &RunRecord, series: &Series) -> Option<PlannedMember> {
        let meeting = meeting(run, series.metric.as_deref().unwrap_or_default(), self.metric);
        let others = series_of_metric(index, &self.cells, &run.id, self.metric);
        if others.is_empty() && meeting != Meeting::AreItsSteps {
            return None;
        }
        let mut hash = DefaultHasher::new();
        others.iter().for_each(|other| (other.key, other.count()).hash(&mut hash));
        Some(PlannedMember {
            key: series.key,
            metric_version: hash.finish(),
            series: MemberSeries { id: series.id.clone(), start: None, along: Some(MemberMetric { metric: self.metric.clone(), meeting }) },
            created_order: run.created_order,
            points: series.count() + others.iter().map(|other| other.count()).sum::<u64>(),
            is_plain: false,
            extent: None,
            spacing: others.first().and_then(|other| spacing_along(series, other)),
        })
    }
}

/// The mean distance of two neighbouring places along a metric. Of one that seems to count, such as an epoch, it is 1 at least: several points
/// may stand at one place.
fn spacing_along(series: &Series, other: &Series) -> Option<f64> {
    let (figures, steps) = (other.figures()?, series.figures()?.steps);
    let values = figures.values?;
    let gaps = figures.finite_steps.min(steps).checked_sub(1).filter(|gaps| *gaps > 0)?;
    let counts = [values.min, values.max, values.last].iter().all(|value| value.value.fract() == 0.0);
    let spacing = (values.max.value - values.min.value) / gaps as f64;
    Some(if counts { spacing.max(1.0) } else { spacing }).filter(|spacing| *spacing > 0.0)
}

/// The members of a group by split, in the order of `runs`.
fn members_of(
    index: &Index,
    cell: &CellId,
    runs: &[(&Arc<RunRecord>, Option<f64>)],
    along: Option<&AlongBoard>,
) -> BTreeMap<Arc<str>, Vec<PlannedMember>> {
    let mut splits: BTreeMap<Arc<str>, Vec<PlannedMember>> = BTreeMap::new();
    for (run, start) in runs {
        for series in index.series_of_run(cell, &run.id).iter().filter(|series| series.count() > 0) {
            if let Some(along) = along {
                let member = along.member(index, run, series);
                member.into_iter().for_each(|member| splits.entry(series.id.name.clone()).or_default().push(member));
                continue;
            }
            let member = PlannedMember {
                key: series.key,
                metric_version: 0,
                series: MemberSeries { id: series.id.clone(), start: *start, along: None },
                created_order: run.created_order,
                points: series.count(),
                is_plain: series.is_plain_curve(),
                extent: extent(series, *start),
                spacing: spacing(series, *start),
            };
            splits.entry(series.id.name.clone()).or_default().push(member);
        }
    }
    splits
}

/// The places of the first and the last point. Steps are known before figures are: the newest point is always of the curve.
pub(super) fn extent(series: &Series, start: Option<f64>) -> Option<(f64, f64)> {
    let Some(start) = start else { return Some((series.summary.as_ref()?.first_step()?, series.last?.x)) };
    let figures = series.figures()?;
    Some((figures.first_time - start, figures.latest_time - start))
}

/// The mean distance of two neighbouring steps.
fn spacing(series: &Series, start: Option<f64>) -> Option<f64> {
    let (first, last) = extent(series, start)?;
    let gaps = series.figures()?.steps.checked_sub(1).filter(|gaps| *gaps > 0)?;
    Some((last - first) / gaps as f64).filter(|spacing| *spacing > 0.0)
}

impl PlannedMember {
    /// Whether its points are read one by one: it repeats steps or went back, or is drawn along the time or a metric.
    fn is_read_by_points(&self) -> bool {
        !self.is_plain || self.series.start.is_some()
    }

    /// Points that are in memory while it is read; of others twice the columns of its window, with their neighbours.
    fn points_in_memory(&self, width: u32) -> u64 {
        if self.is_read_by_points() { self.points } else { self.points.min(2 * u64::from(width) + 4) }
    }
}

impl PlannedCurve {
    /// Members with points when the curve was planned.
    pub fn runs(&self) -> usize {
        self.members.len()
    }

    pub(super) fn oldest_ids(&self) -> Vec<RunId> {
        let mut oldest: Vec<&PlannedMember> = self.members.iter().collect();
        oldest.sort_by_key(|member| member.created_order);
        oldest.into_iter().filter_map(|member| member.series.id.run.clone()).take(GroupCurve::MAX_IDS).collect()
    }

    /// The unit of the moving average of the line: the median of the members' distances of two steps. No window changes it, and one member
    /// with dense steps does not switch the average off.
    pub(super) fn unit(&self) -> f64 {
        let mut spacings: Vec<f64> =
            self.members.iter().filter_map(|member| member.spacing).filter(|spacing| spacing.is_finite()).collect();
        spacings.sort_unstable_by(f64::total_cmp);
        spacings.get(spacings.len().saturating_sub(1) / 2).copied().unwrap_or(1.0)
    }

    /// Places at most, where so many are asked for.
    pub(super) fn places(&self, width: u32) -> u32 {
        let most = u32::try_from(MAX_GROUP_VALUES / self.members.len().max(1)).unwrap_or(u32::MAX).max(MIN_GROUP_PLACES);
        width.min(MAX_GROUP_PLACES).min(most)
    }

    /// Whether the curve is made of outlines: it is whole, along steps, and its members have many points.
    pub(super) fn is_outlined(&self, query: &CurveQuery) -> bool {
        let is_whole = query.from.is_none() && query.to.is_none();
        let most = if self.members.len() > MAX_SMALL_GROUP { MAX_LARGE_GROUP_POINTS } else { MAX_GROUP_POINTS };
        is_whole && query.axis == GroupAxis::Step && self.members.iter().map(|member| member.points).sum::<u64>() > most
    }

    /// The members in parts whose points are in memory together.
    pub(super) fn batches(&self, width: u32) -> impl Iterator<Item = &[PlannedMember]> {
        let mut left = &self.members[..];
        std::iter::from_fn(move || {
            let mut points = 0;
            let fits = |member: &&PlannedMember| {
                points += member.points_in_memory(width);
                points <= BATCH_POINTS
            };
            let count = left.iter().take(BATCH_MEMBERS).take_while(fits).count().max(1);
            let (batch, others) = left.split_at_checked(count)?;
            left = others;
            Some(batch)
        })
    }

    /// Bytes that the curve takes while it is calculated.
    pub fn working_bytes(&self, query: &CurveQuery) -> usize {
        // What lies before the window has places of its own.
        let width = self.places(if query.smooth > 0.0 { MAX_GROUP_PLACES } else { query.width });
        let values = WORKING_BYTES * self.members.len() * width as usize;
        if self.is_outlined(query) {
            return values + OUTLINE_COLUMN_BYTES * OUTLINE_COLUMNS * self.members.len().min(BATCHES_AT_ONCE * BATCH_MEMBERS);
        }
        let points = self.batches(width).map(|batch| batch.iter().map(|member| member.points_in_memory(width)).sum::<u64>());
        values + POINT_BYTES * points.max().unwrap_or(0) as usize
    }

    /// 413: the points of a member, or of all, are too many to be read one by one.
    pub(super) fn check_points(&self) -> Result<(), ApiError> {
        let by_points = || self.members.iter().filter(|member| member.is_read_by_points());
        let advice = "leave some out with 'q', or ask for the whole curve along steps";
        if let Some(run) = by_points().find(|member| member.points > MAX_MEMBER_POINTS).and_then(|member| member.series.id.run.as_ref()) {
            return Err(ErrorKind::PayloadTooLarge.with(format!(
                "The run '{run}' repeats steps, or is asked for along the time or a metric, and has more than {MAX_MEMBER_POINTS} points; leave it out with 'q', or ask for the whole curve along steps."
            )));
        }
        if by_points().map(|member| member.points).sum::<u64>() > MAX_GROUP_READ_POINTS {
            return Err(ErrorKind::PayloadTooLarge.with(format!(
                "Runs of a group repeat steps, or are asked for along the time or a metric, and have more than {MAX_GROUP_READ_POINTS} points together; {advice}."
            )));
        }
        Ok(())
    }
}
