//! Reading the columns of a window, and smoothed lines.

use std::sync::Arc;

use tokio::sync::Semaphore;

use super::rows::{LazyConnection, READ_SERIES};
use super::{READ_TRIES, ReadError};
use crate::protocol::columns::SeriesColumns;
use crate::protocol::{CellId, RunId, SeriesId};
use crate::series::{Column, Extent, PixelScale, Points, PyramidQuery, SmoothedLine, Smoothing, SmoothingRequest, Window};
use crate::server::limits::{MAX_SMOOTHING_CHUNKS, MAX_SMOOTHING_CHUNKS_PER_SERIES, MIN_SMOOTHING_CHUNKS_PER_SERIES};
use crate::server::low_priority::spawn_calculation;
use crate::server::store::Store;
use crate::server::store::error::StoreError;
use crate::server::store::run_record::RunRecord;
use crate::server::store::series::{CHUNK, Series};

/// Chunks that are read at once for a smoothed line: 6 MB of points.
const SMOOTHING_BATCH_CHUNKS: usize = 64;
/// Up to this number of chunks are decoded on the async thread, more on a blocking thread.
const MAX_INLINE_CHUNKS: usize = 2;
/// Requests that may decode on blocking threads at the same time.
static SMOOTHING_PERMITS: Semaphore = Semaphore::const_new(2);

/// Where the time of a series begins.
#[derive(Clone, Copy)]
pub enum TimeOrigin {
    /// 1970, for all series: they stand where the clock was. Steps have this one.
    Epoch,
    /// The start of its run, in seconds since 1970: runs lie one above the other. Series without a run have their first point in common.
    RunStart(fn(&RunRecord) -> f64),
}

/// The weights of the smoothed lines of a request.
#[derive(Clone, Copy)]
pub struct SmoothingWeights<'a> {
    /// Weight of a series; 0 for no smoothed line.
    pub of: &'a (dyn Fn(&SeriesId) -> f64 + Sync),
    /// Number of series of the whole request, which share the chunks that may be read.
    pub together: usize,
}

impl SmoothingWeights<'_> {
    pub const NONE: SmoothingWeights<'static> = SmoothingWeights { of: &|_| 0.0, together: 1 };
}

impl Store {
    /// The columns of the series of a cell that have no run, then of those of `runs`, run by run, and their smoothed lines. Infinite
    /// bounds of the window are the extent of all these series together. The window and the places in the columns count from `origin`.
    /// `None` if there is no such cell.
    pub async fn columns(
        &self,
        id: &CellId,
        window: Window,
        origin: TimeOrigin,
        weights: SmoothingWeights<'_>,
        runs: &[RunId],
    ) -> Result<Option<Vec<SeriesColumns>>, StoreError> {
        for attempt in 1..=READ_TRIES {
            let mut starts = Vec::new();
            let series: Vec<Series> = {
                let index = self.index();
                let Some(record) = index.cell(id) else { return Ok(None) };
                let mut series = index.series(id).to_vec();
                starts.resize(series.len(), None);
                for run in runs.iter().filter_map(|run| index.board(&record.board)?.runs.get(run)) {
                    series.extend_from_slice(index.series_of_run(id, &run.id));
                    let start = if let TimeOrigin::RunStart(start) = origin { Some(start(run)) } else { None };
                    starts.resize(series.len(), start);
                }
                series
            };
            match self.try_columns((&series, &starts), window, origin, weights).await {
                Ok(columns) => return Ok(Some(columns)),
                Err(error) => self.before_next_try(error, attempt, id, &series).await?,
            }
        }
        Err(StoreError::Busy)
    }

    async fn try_columns(
        &self,
        (series, starts): (&[Series], &[Option<f64>]),
        window: Window,
        origin: TimeOrigin,
        weights: SmoothingWeights<'_>,
    ) -> Result<Vec<SeriesColumns>, ReadError> {
        let mut extents = Vec::with_capacity(series.len());
        let mut connection = LazyConnection::default();
        let unbounded = Window { from: f64::NEG_INFINITY, to: f64::INFINITY, ..window };
        // Of one group; those of a single group are read once.
        let mut tails = Vec::new();
        for group in series.chunks(READ_SERIES) {
            tails = self.tails(group, &mut connection).await?.ok_or(ReadError::SeriesReplaced)?;
            for (series, tail) in group.iter().zip(&tails) {
                // The first reads of a query are the roots, which say the extent.
                let mut query = PyramidQuery::new(unbounded, series.sealed, tail.clone());
                if !query.pending_reads().is_empty() {
                    self.supply(series, &mut query, &mut connection).await?;
                }
                extents.push(query.extent());
            }
        }
        let places = Places::new(origin, starts, &extents);
        let mut extent = Extent::EMPTY;
        for (extent_of, origin) in extents.iter().zip(&places.origins) {
            extent.include(extent_of.min - origin, extent_of.max - origin);
        }
        let bound = |wanted: f64, own: f64| if wanted.is_finite() { wanted } else { own };
        let (from, to) = (bound(window.from, extent.min), bound(window.to, extent.max));
        let window = Window { from, to: to.max(from), ..window };
        let mut all: Vec<SeriesColumns> = Vec::with_capacity(series.len());
        for group in series.chunks(READ_SERIES) {
            if series.len() > READ_SERIES {
                tails = self.tails(group, &mut connection).await?.ok_or(ReadError::SeriesReplaced)?;
            }
            for (series, tail) in group.iter().zip(&tails) {
                let window = places.window_of(all.len(), window);
                let mut query = PyramidQuery::new(window, series.sealed, tail.clone());
                while !query.pending_reads().is_empty() {
                    self.supply(series, &mut query, &mut connection).await?;
                }
                let (peak, weight) = (query.peak(), (weights.of)(&series.id));
                let (mut columns, ends) = query.finish_with_ends();
                let mut smoothed = None;
                if weight > 0.0 {
                    let share = MAX_SMOOTHING_CHUNKS / weights.together.max(1) as u64;
                    let most = share.clamp(MIN_SMOOTHING_CHUNKS_PER_SERIES, MAX_SMOOTHING_CHUNKS_PER_SERIES);
                    let request = SmoothingRequest { weight, axis: window.axis, sealed: series.sealed, total: series.count(), peak, most };
                    smoothed = Some(self.smoothed((series, tail), request, &columns, &ends, &mut connection).await?);
                }
                let origin = places.origins[all.len()];
                if origin != 0.0 {
                    columns.iter_mut().for_each(|column| column.shift_left(origin));
                    smoothed.iter_mut().flat_map(|line| &mut line.places).for_each(|place| place.0 -= origin);
                }
                all.push(SeriesColumns {
                    run: series.id.run.clone(),
                    name: series.id.name.to_string(),
                    points: series.count(),
                    origin,
                    columns,
                    smoothed,
                });
            }
        }
        Ok(all)
    }

    /// Reads what a query needs next.
    pub(super) async fn supply(&self, series: &Series, query: &mut PyramidQuery, connection: &mut LazyConnection) -> Result<(), ReadError> {
        let needs = query.pending_reads().clone();
        let blocks = self.blocks(series, &needs.blocks, connection).await?;
        let chunks = self.chunks(series.key, &needs.chunks, connection).await?;
        Ok(query.supply(&blocks, &chunks)?)
    }

    /// The smoothed line at the columns of [`PyramidQuery::finish_with_ends`].
    async fn smoothed(
        &self,
        (series, tail): (&Series, &Arc<Points>),
        request: SmoothingRequest,
        columns: &[Column],
        ends: &[u64],
        connection: &mut LazyConnection,
    ) -> Result<SmoothedLine, ReadError> {
        let mut smoothing = Smoothing::new(request, columns, ends);
        let size = CHUNK as u64;
        loop {
            let mut numbers = smoothing.next(SMOOTHING_BATCH_CHUNKS);
            let Some(last) = numbers.last() else { return Ok(smoothing.finish()) };
            let tail = (*last == series.sealed / size).then(|| tail.clone());
            if tail.is_some() {
                numbers.pop();
            }
            let mut permit = None;
            if numbers.len() > MAX_INLINE_CHUNKS {
                // Return the connection to the pool while this waits for a permit.
                *connection = LazyConnection::default();
                permit = Some(SMOOTHING_PERMITS.acquire().await.map_err(|_| StoreError::Busy)?);
            }
            let chunks = self.packed_chunks(series.key, &numbers, connection).await?;
            if chunks.len() < numbers.len() {
                return Err(ReadError::SeriesReplaced);
            }
            let work = move || {
                for (number, chunk) in chunks {
                    smoothing.take(number * size, &*chunk.decode()?);
                }
                if let Some(tail) = tail {
                    smoothing.take(request.sealed, &tail);
                }
                Ok::<_, StoreError>(smoothing)
            };
            smoothing = match permit {
                None => work()?,
                Some(_) => spawn_calculation(work).await.map_err(|why| StoreError::Failed(why.to_string().into()))??,
            };
        }
    }
}

/// Where the time of each series begins, in seconds since 1970.
struct Places<'a> {
    origins: Vec<f64>,
    /// In seconds since 1970, or steps.
    extents: &'a [Extent],
}

impl<'a> Places<'a> {
    fn new(origin: TimeOrigin, starts: &[Option<f64>], extents: &'a [Extent]) -> Self {
        let without_run = starts.iter().zip(extents).filter(|(start, _)| start.is_none());
        let first = without_run.fold(f64::INFINITY, |first, (_, extent)| first.min(extent.min));
        let first = if matches!(origin, TimeOrigin::RunStart(_)) && first.is_finite() { first } else { 0.0 };
        Self { origins: starts.iter().map(|start| start.unwrap_or(first)).collect(), extents }
    }

    /// The same window for the series at this place, in its own numbers. Rounding loses no point at an end of the window that is an end of the
    /// series.
    fn window_of(&self, at: usize, window: Window) -> Window {
        let (origin, extent) = (self.origins[at], self.extents[at]);
        if origin == 0.0 {
            return window;
        }
        let is_first = extent.min - origin >= window.from;
        let is_last = extent.max - origin <= window.to;
        let from = if is_first { (window.from + origin).min(extent.min) } else { window.from + origin };
        let to = if is_last { (window.to + origin).max(extent.max) } else { window.to + origin };
        let scale = if window.scale == PixelScale::Linear { PixelScale::Linear } else { PixelScale::Log { origin } };
        Window { from, to: to.max(from), scale, ..window }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::series::Axis;
    use crate::server::store::reader::groups::{CurveWindow, MemberSeries};
    use crate::server::store::tests::{append, create, id, start};

    /// [`Store::tails`] asserts that it reads few at once.
    #[tokio::test]
    async fn many_series_are_read_in_groups() {
        let folder = tempfile::tempdir().unwrap();
        let store = start(folder.path()).await;
        create(&store, "a").await;
        let count = 2 * READ_SERIES + 1;
        for at in 0..count {
            append(&store, "a", &at.to_string(), vec![0.5; at + 1]).await.unwrap();
        }
        let window = Window { axis: Axis::Step, from: f64::NEG_INFINITY, to: f64::INFINITY, width: 10, scale: PixelScale::Linear };
        let found = store.columns(&id("a"), window, TimeOrigin::Epoch, SmoothingWeights::NONE, &[]).await.unwrap().unwrap();
        let last_of = |series: &SeriesColumns| series.columns.last().unwrap().x_max;
        assert_eq!(found.iter().map(last_of).fold(0.0, f64::max), count as f64 - 1.0);
        let points: Vec<u64> = found.iter().map(|series| series.points).collect();
        assert_eq!(points, (1..=count as u64).collect::<Vec<_>>());
        assert!(found.iter().enumerate().all(|(at, series)| series.name == at.to_string() && !series.columns.is_empty()));
        let members: Vec<_> = (0..count).map(|at| MemberSeries { id: SeriesId::plain(at.to_string()), start: None, along: None }).collect();
        let curves = store.member_curves(&id("a"), &members, CurveWindow { from: 0.0, to: 1e6, width: 1000 }).await.unwrap();
        let last: Vec<f64> = curves.into_iter().map(|curve| curve.unwrap().parts.last().unwrap().x_last).collect();
        assert_eq!(last, (0..count).map(|at| at as f64).collect::<Vec<_>>());
        store.close().await;
    }
}
