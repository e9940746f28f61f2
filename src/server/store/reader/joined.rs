//! Reading the columns of series along the values of a metric of the same run. All points are read and joined: which of them stand where is
//! known only then.

use std::sync::Arc;

use tokio::sync::{Semaphore, SemaphorePermit};

use super::columns::SmoothingWeights;
use super::rows::{ChunkBytes, LazyConnection};
use super::{READ_TRIES, ReadError};
use crate::protocol::columns::SeriesColumns;
use crate::protocol::{CellId, RunId, SeriesId};
use crate::series::{Axis, Column, Extent, Points, PyramidQuery, SmoothedLine, Smoothing, SmoothingRequest, Window, join, places};
use crate::server::limits::MAX_KEPT_JOINED_POINTS;
use crate::server::low_priority::spawn_calculation;
use crate::server::store::error::StoreError;
use crate::server::store::run_record::RunRecord;
use crate::server::store::series::{CHUNK, Series};
use crate::server::store::{Index, Store};

/// Up to this number of points are joined on the async thread, more on a blocking thread.
const MAX_INLINE_POINTS: u64 = 8192;
/// Chunks of a long series that are smoothed one after the other.
const UNLIMITED_CHUNKS: u64 = u64::MAX / 4;
/// Requests that may join long series at the same time.
static JOIN_PERMITS: Semaphore = Semaphore::const_new(2);

/// How the points of a metric meet those of another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meeting {
    /// The steps of both are the same quantity.
    Steps,
    /// They are not: the points meet by their times.
    Times,
    /// The steps of the one are values of the other.
    AreItsSteps,
}

impl Meeting {
    /// What both are matched along; `None` where the places are steps already.
    pub(super) fn axis(self) -> Option<Axis> {
        match self {
            Self::Steps => Some(Axis::Step),
            Self::Times => Some(Axis::Time),
            Self::AreItsSteps => None,
        }
    }
}

/// The metric that series stand along.
#[derive(Clone, Copy)]
pub struct AlongMetric<'a> {
    pub metric: &'a str,
    /// How the points of a metric of a run meet it.
    pub meeting: &'a (dyn Fn(&RunRecord, &str) -> Meeting + Sync),
}

/// A series, and those of its run that have the metric, the oldest first: a metric may have gone on in another chart.
#[derive(Clone, Debug)]
pub struct JoinedSeries {
    pub series: Series,
    others: Arc<[Series]>,
    meeting: Meeting,
}

impl JoinedSeries {
    /// The points that are read for it; 0 where the run lacks the metric.
    pub fn points(&self) -> u64 {
        if self.lacks_metric() { 0 } else { self.series.count() + self.others.iter().map(Series::count).sum::<u64>() }
    }

    fn lacks_metric(&self) -> bool {
        self.others.is_empty() && self.meeting != Meeting::AreItsSteps
    }
}

impl Store {
    /// The series of a cell that have no run, then those of `runs`, with what they are joined with. `None` if there is no such cell.
    pub fn joined_series(&self, id: &CellId, along: AlongMetric, runs: &[RunId]) -> Option<Vec<JoinedSeries>> {
        joined_series(&self.index(), id, along, runs)
    }

    /// As [`Store::columns`], along the metric. A series whose run lacks it has no columns, and no points.
    pub async fn joined_columns(
        &self,
        id: &CellId,
        window: Window,
        along: AlongMetric<'_>,
        weights: SmoothingWeights<'_>,
        runs: &[RunId],
    ) -> Result<Option<Vec<SeriesColumns>>, StoreError> {
        for attempt in 1..=READ_TRIES {
            let Some(series) = self.joined_series(id, along, runs) else { return Ok(None) };
            match self.try_joined_columns(&series, window, weights).await {
                Ok(columns) => return Ok(Some(columns)),
                Err(error) => {
                    let all: Vec<Series> = series.iter().flat_map(|one| one.others.iter().chain([&one.series])).cloned().collect();
                    self.before_next_try(error, attempt, id, &all).await?;
                }
            }
        }
        Err(StoreError::Busy)
    }

    /// The places of the points of a series along the metric, NaN of those that have none. `None` if there is no such series.
    pub async fn joined_places(&self, id: &CellId, series: &SeriesId, along: AlongMetric<'_>) -> Result<Option<Vec<f64>>, StoreError> {
        for attempt in 1..=READ_TRIES {
            let all = self.joined_series(id, along, series.run.as_slice()).unwrap_or_default();
            let Some(one) = all.into_iter().find(|one| one.series.id == *series) else { return Ok(None) };
            match self.try_places(&one).await {
                Ok(places) => return Ok(Some(places)),
                Err(error) => {
                    let all: Vec<Series> = one.others.iter().chain([&one.series]).cloned().collect();
                    self.before_next_try(error, attempt, id, &all).await?;
                }
            }
        }
        Err(StoreError::Busy)
    }

    async fn try_places(&self, one: &JoinedSeries) -> Result<Vec<f64>, ReadError> {
        if one.lacks_metric() {
            return Ok(vec![f64::NAN; one.series.count() as usize]);
        }
        let (mut connection, _permit) = (LazyConnection::default(), permit(one).await?);
        let own = self.all_points(std::slice::from_ref(&one.series), &mut connection).await?;
        let Some(by) = one.meeting.axis() else { return Ok(own.x.clone()) };
        let other = self.all_points(&one.others, &mut connection).await?;
        calculate(one.points(), move || Ok(places(&own, &other, by))).await
    }

    async fn try_joined_columns(
        &self,
        series: &[JoinedSeries],
        window: Window,
        weights: SmoothingWeights<'_>,
    ) -> Result<Vec<SeriesColumns>, ReadError> {
        let mut connection = LazyConnection::default();
        let mut window = window;
        // Those that are not read once more for their columns.
        let mut kept: Vec<Option<Arc<Points>>> = vec![None; series.len()];
        if !(window.from.is_finite() && window.to.is_finite()) {
            let (mut extent, mut room) = (Extent::EMPTY, MAX_KEPT_JOINED_POINTS);
            let mut others = None;
            for (one, kept) in series.iter().zip(&mut kept) {
                let joined = self.joined(one, &mut others, &mut connection).await?;
                joined.x.iter().for_each(|place| extent.include(*place, *place));
                if joined.len() as u64 <= room {
                    room -= joined.len() as u64;
                    *kept = Some(joined);
                }
            }
            let bound = |wanted: f64, own: f64| if wanted.is_finite() { wanted } else { own };
            window.from = bound(window.from, extent.min);
            window.to = bound(window.to, extent.max).max(window.from);
        }
        let mut all = Vec::with_capacity(series.len());
        let mut others = None;
        for (one, kept) in series.iter().zip(kept) {
            let joined = match kept {
                Some(joined) => joined,
                None => self.joined(one, &mut others, &mut connection).await?,
            };
            let (points, weight) = (joined.len() as u64, (weights.of)(&one.series.id));
            let (columns, smoothed) = calculate(points, move || columns_of(&joined, window, weight)).await?;
            let (run, name) = (one.series.id.run.clone(), one.series.id.name.to_string());
            all.push(SeriesColumns { run, name, points, origin: 0.0, columns, smoothed });
        }
        Ok(all)
    }

    /// All points of a series along the metric. `others`: the points of the metric that were read last, which the series of a run have in common.
    async fn joined(
        &self,
        one: &JoinedSeries,
        others: &mut Option<(i64, Arc<Points>)>,
        connection: &mut LazyConnection,
    ) -> Result<Arc<Points>, ReadError> {
        if one.lacks_metric() {
            return Ok(Arc::default());
        }
        if one.points() > MAX_INLINE_POINTS {
            // Return the connection to the pool while this waits for a permit.
            *connection = LazyConnection::default();
        }
        let _permit = permit(one).await?;
        let own = self.all_points(std::slice::from_ref(&one.series), connection).await?;
        let Some(by) = one.meeting.axis() else { return Ok(own) };
        let key = one.others[0].key;
        let other = match others.take().filter(|(known, _)| *known == key) {
            Some((_, points)) => points,
            None => self.all_points(&one.others, connection).await?,
        };
        *others = Some((key, other.clone()));
        calculate(one.points(), move || Ok(Arc::new(join(&own, &other, by)))).await
    }

    /// All points of series, one after the other.
    pub(super) async fn all_points(&self, series: &[Series], connection: &mut LazyConnection) -> Result<Arc<Points>, ReadError> {
        let (mut parts, mut count) = (Vec::new(), 0);
        for one in series {
            let numbers: Vec<u64> = (0..one.sealed / CHUNK as u64).collect();
            let tail = self.tails(std::slice::from_ref(one), connection).await?.and_then(|mut tails| tails.pop());
            let chunks = self.packed_chunks(one.key, &numbers, connection).await?;
            if chunks.len() < numbers.len() {
                return Err(ReadError::SeriesReplaced);
            }
            parts.extend(chunks.into_iter().map(|(_, chunk)| chunk));
            parts.push(ChunkBytes::Decoded(tail.ok_or(ReadError::SeriesReplaced)?));
            count += one.count();
        }
        if let [ChunkBytes::Decoded(only)] = &parts[..] {
            return Ok(only.clone());
        }
        let decode = move || {
            let mut points = Points::default();
            for part in parts {
                points.extend(&*part.decode()?);
            }
            Ok(Arc::new(points))
        };
        calculate(count, decode).await
    }
}

fn joined_series(index: &Index, id: &CellId, along: AlongMetric, runs: &[RunId]) -> Option<Vec<JoinedSeries>> {
    let board = index.board(&index.cell(id)?.board)?;
    // Those without a run have no metric beside them.
    let plain =
        index.series(id).iter().map(|series| JoinedSeries { series: series.clone(), others: Arc::default(), meeting: Meeting::Steps });
    let mut all: Vec<JoinedSeries> = plain.collect();
    let cells = cells_of_metric(index, &index.cell(id)?.board, along.metric);
    for run in runs.iter().filter_map(|run| board.runs.get(run)) {
        let own = index.series_of_run(id, &run.id);
        if own.is_empty() {
            continue;
        }
        let others: Arc<[Series]> = series_of_metric(index, &cells, &run.id, along.metric).into_iter().cloned().collect();
        all.extend(own.iter().map(|series| {
            let meeting = (along.meeting)(run, series.metric.as_deref().unwrap_or_default());
            JoinedSeries { series: series.clone(), others: others.clone(), meeting }
        }));
    }
    Some(all)
}

/// The cells of a board in which runs have the metric.
pub fn cells_of_metric(index: &Index, board: &str, metric: &str) -> Vec<CellId> {
    let has_metric = |cell: &&CellId| index.cell_series(cell).is_some_and(|known| known.has_run_metric(metric));
    index.board(board).into_iter().flat_map(|board| board.cells.keys()).filter(has_metric).cloned().collect()
}

/// The series of a run that have the metric, the oldest first.
pub fn series_of_metric<'a>(index: &'a Index, cells: &[CellId], run: &RunId, metric: &str) -> Vec<&'a Series> {
    let of_run = cells.iter().flat_map(|cell| index.series_of_run(cell, run));
    let mut series: Vec<&Series> = of_run.filter(|series| series.metric.as_deref() == Some(metric)).collect();
    series.sort_by_key(|series| series.key);
    series
}

/// What a long series waits for before it is read.
async fn permit(one: &JoinedSeries) -> Result<Option<SemaphorePermit<'static>>, StoreError> {
    if one.points() <= MAX_INLINE_POINTS {
        return Ok(None);
    }
    Ok(Some(JOIN_PERMITS.acquire().await.map_err(|_| StoreError::Busy)?))
}

/// Runs `work` on so many points where it makes nobody wait.
pub(super) async fn calculate<T: Send + 'static>(
    points: u64,
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, ReadError> {
    if points <= MAX_INLINE_POINTS {
        return Ok(work()?);
    }
    Ok(spawn_calculation(work).await.map_err(|why| StoreError::Failed(why.to_string().into()))??)
}

/// The columns of points that stand along a metric, and their smoothed line.
fn columns_of(joined: &Arc<Points>, window: Window, weight: f64) -> Result<(Vec<Column>, Option<SmoothedLine>), StoreError> {
    let query = PyramidQuery::new(window, 0, joined.clone());
    let peak = query.peak();
    let (columns, ends) = query.finish_with_ends();
    if weight <= 0.0 || joined.is_empty() {
        return Ok((columns, None));
    }
    let (total, size) = (joined.len() as u64, CHUNK as u64);
    let request = SmoothingRequest { weight, axis: window.axis, sealed: total / size * size, total, peak, most: UNLIMITED_CHUNKS };
    let mut smoothing = Smoothing::new(request, &columns, &ends);
    loop {
        let Some(number) = smoothing.next(1).pop() else { return Ok((columns, Some(smoothing.finish()))) };
        let start = number * size;
        smoothing.take(start, &joined.slice(start as usize, (start + size).min(total) as usize));
    }
}
