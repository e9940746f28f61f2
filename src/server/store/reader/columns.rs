//! Reading the columns of a window, and smoothed lines.

use std::sync::Arc;

use tokio::sync::Semaphore;

use super::rows::{LazyConnection, READ_SERIES};
use super::{READ_TRIES, ReadError};
use crate::protocol::columns::SeriesColumns;
use crate::protocol::{CellId, RunId, SeriesId};
use crate::series::{Column, Extent, Points, PyramidQuery, SmoothedLine, Smoothing, SmoothingRequest, Window};
use crate::server::limits::{MAX_SMOOTHING_CHUNKS, MAX_SMOOTHING_CHUNKS_PER_SERIES, MIN_SMOOTHING_CHUNKS_PER_SERIES};
use crate::server::store::Store;
use crate::server::store::error::StoreError;
use crate::server::store::series::{CHUNK, Series};

/// Chunks that are read at once for a smoothed line: 6 MB of points.
const SMOOTHING_BATCH_CHUNKS: usize = 64;
/// Up to this number of chunks are decoded on the async thread, more on a blocking thread.
const MAX_INLINE_CHUNKS: usize = 2;
/// Requests that may decode on blocking threads at the same time.
static SMOOTHING_PERMITS: Semaphore = Semaphore::const_new(2);

/// The columns of series of one cell.
#[derive(Clone, Debug)]
pub struct CellColumns {
    /// Of all series, along the window's axis.
    pub extent: Extent,
    pub series: Vec<SeriesColumns>,
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
    /// bounds of the window are the extent of all these series together. `None` if there is no such cell.
    pub async fn columns(
        &self,
        id: &CellId,
        window: Window,
        weights: SmoothingWeights<'_>,
        runs: &[RunId],
    ) -> Result<Option<CellColumns>, StoreError> {
        for attempt in 1..=READ_TRIES {
            let series: Vec<Series> = {
                let index = self.index();
                let Some(record) = index.cell(id) else { return Ok(None) };
                let board = index.board(&record.board);
                let runs = runs.iter().filter(|run| board.is_some_and(|board| board.runs.contains(run)));
                index.series(id).iter().chain(runs.flat_map(|run| index.series_of_run(id, run))).cloned().collect()
            };
            match self.try_columns(&series, window, weights).await {
                Ok(columns) => return Ok(Some(columns)),
                Err(error) => self.before_next_try(error, attempt, id, &series).await?,
            }
        }
        Err(StoreError::Busy)
    }

    async fn try_columns(&self, series: &[Series], window: Window, weights: SmoothingWeights<'_>) -> Result<CellColumns, ReadError> {
        let mut extent = Extent::EMPTY;
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
                let of = query.extent();
                extent.include(of.min, of.max);
            }
        }
        let bound = |wanted: f64, own: f64| if wanted.is_finite() { wanted } else { own };
        let (from, to) = (bound(window.from, extent.min), bound(window.to, extent.max));
        let window = Window { from, to: to.max(from), ..window };
        let mut all = Vec::with_capacity(series.len());
        for group in series.chunks(READ_SERIES) {
            if series.len() > READ_SERIES {
                tails = self.tails(group, &mut connection).await?.ok_or(ReadError::SeriesReplaced)?;
            }
            for (series, tail) in group.iter().zip(&tails) {
                let mut query = PyramidQuery::new(window, series.sealed, tail.clone());
                while !query.pending_reads().is_empty() {
                    self.supply(series, &mut query, &mut connection).await?;
                }
                let (peak, weight) = (query.peak(), (weights.of)(&series.id));
                let (columns, ends) = query.finish_with_ends();
                let mut smoothed = None;
                if weight > 0.0 {
                    let share = MAX_SMOOTHING_CHUNKS / weights.together.max(1) as u64;
                    let most = share.clamp(MIN_SMOOTHING_CHUNKS_PER_SERIES, MAX_SMOOTHING_CHUNKS_PER_SERIES);
                    let request = SmoothingRequest { weight, axis: window.axis, sealed: series.sealed, total: series.count(), peak, most };
                    smoothed = Some(self.smoothed((series, tail), request, &columns, &ends, &mut connection).await?);
                }
                all.push(SeriesColumns {
                    run: series.id.run.clone(),
                    name: series.id.name.to_string(),
                    points: series.count(),
                    columns,
                    smoothed,
                });
            }
        }
        Ok(CellColumns { extent, series: all })
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
                Some(_) => tokio::task::spawn_blocking(work).await.map_err(|why| StoreError::Failed(why.to_string().into()))??,
            };
        }
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
        let window = Window { axis: Axis::Step, from: f64::NEG_INFINITY, to: f64::INFINITY, width: 10 };
        let found = store.columns(&id("a"), window, SmoothingWeights::NONE, &[]).await.unwrap().unwrap();
        assert_eq!((found.extent.min, found.extent.max), (0.0, count as f64 - 1.0));
        let points: Vec<u64> = found.series.iter().map(|series| series.points).collect();
        assert_eq!(points, (1..=count as u64).collect::<Vec<_>>());
        assert!(found.series.iter().enumerate().all(|(at, series)| series.name == at.to_string() && !series.columns.is_empty()));
        let members: Vec<_> = (0..count).map(|at| MemberSeries { id: SeriesId::plain(at.to_string()), start: None }).collect();
        let curves = store.member_curves(&id("a"), &members, CurveWindow { from: 0.0, to: 1e6, width: 1000 }).await.unwrap();
        let last: Vec<f64> = curves.into_iter().map(|curve| curve.unwrap().parts.last().unwrap().x_last).collect();
        assert_eq!(last, (0..count).map(|at| at as f64).collect::<Vec<_>>());
        store.close().await;
    }
}
