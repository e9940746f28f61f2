//! Reading outlines: those that are stored, or that were made before, with the points that came later; others are made from all points of
//! their series.

use std::sync::Arc;

use sqlx::SqliteConnection;
use tokio::sync::Semaphore;

use super::curve_state::CurveState;
use super::rows::{LazyConnection, PackedTail, READ_SERIES};
use super::{MISSING_AFTER_TRIES, READ_TRIES};
use crate::protocol::{CellId, SeriesId};
use crate::series::{CurveOutline, Points, SupersededScan};
use crate::server::low_priority::spawn_calculation;
use crate::server::store::Store;
use crate::server::store::error::StoreError;
use crate::server::store::series::outlines::{MIN_OUTLINE_POINTS, OutlineParts, READ_TOGETHER, StoredOutlines};
use crate::server::store::series::{CHUNK, Series};

/// Chunks that are read at once: 6 MB.
const READ_CHUNKS: usize = 64;
/// Requests that may decode at the same time.
static OUTLINE_PERMITS: Semaphore = Semaphore::const_new(2);

/// An outline that is being made.
struct OutlineRead {
    /// Position in the request.
    at: usize,
    series: Series,
    curve: CurveState,
}

impl OutlineRead {
    /// The outline, if it has all points and they did not go back too far; otherwise what was read.
    #[expect(clippy::result_large_err, reason = "what was read goes on to the next step, no error goes up")]
    fn finish(self) -> Result<CurveOutline, Self> {
        if self.curve.figures(&self.series).is_none() {
            return Err(self);
        }
        let Self { at, series, curve } = self;
        curve.finish(&series).ok_or(Self { at, series, curve: CurveState::default() })
    }
}

impl Store {
    /// The outlines of series of runs in a cell, in the order of `series`. `None` if a series is not there, or has no points.
    ///
    /// An outline takes up to 18 KB of memory: ask for at most 1,000 at a time. One that is not stored is made from the points.
    pub async fn outlines(&self, cell: &CellId, series: &[SeriesId]) -> Result<Vec<Option<CurveOutline>>, StoreError> {
        let mut found = vec![None; series.len()];
        let mut left: Vec<usize> = (0..series.len()).collect();
        for attempt in 1..=READ_TRIES {
            let reads: Vec<OutlineRead> = {
                let index = self.index();
                let known = left.iter().filter_map(|at| Some((*at, index.visible_series(cell, &series[*at])?.clone())));
                let known = known.filter(|(_, series)| series.count() > 0 && series.id.run.is_some());
                let curve = |series: &Series| self.cache.curve(series.key).filter(|curve| curve.is_part_of(series));
                let begun = |(at, series): (usize, Series)| {
                    let curve = curve(&series).map(|curve| CurveState::clone(&curve)).unwrap_or_default();
                    OutlineRead { at, series, curve }
                };
                known.map(begun).collect()
            };
            left = self.try_outlines(reads, &mut found).await?;
            match left.first() {
                None => return Ok(found),
                Some(at) if attempt == MISSING_AFTER_TRIES => {
                    let (id, lost) = (&series[*at], "are missing, or old");
                    return Err(StoreError::Corrupt(format!("points of the series {id} of the cell '{cell}' {lost}").into()));
                }
                Some(_) => tokio::task::yield_now().await,
            }
        }
        Err(StoreError::Busy)
    }

    /// Fills `found`. Returns the positions of series of which rows are missing: usually they were replaced meanwhile.
    async fn try_outlines(&self, reads: Vec<OutlineRead>, found: &mut [Option<CurveOutline>]) -> Result<Vec<usize>, StoreError> {
        let mut connection = LazyConnection::default();
        let reads = self.read_stored(reads, &mut connection).await?;
        let (mut incomplete, mut missing) = (Vec::new(), Vec::new());
        for read in reads {
            let at = read.at;
            match read.finish() {
                Ok(outline) => found[at] = Some(outline),
                Err(read) => incomplete.push(read),
            }
        }
        while !incomplete.is_empty() {
            let group = incomplete.split_off(incomplete.len().saturating_sub(READ_SERIES));
            let group = self.push_tails(group, &mut connection).await?;
            for (read, tail) in group {
                let at = read.at;
                self.remember(&read.series, &read.curve);
                let made = match (read.finish(), tail) {
                    (Ok(outline), _) => Some(outline),
                    (Err(_), None) => None,
                    (Err(read), Some(tail)) => self.outline_of_points(read, &tail, &mut connection).await?,
                };
                match made {
                    Some(outline) => found[at] = Some(outline),
                    None => missing.push(at),
                }
            }
        }
        Ok(missing)
    }

    /// Begins with the outlines that are stored.
    async fn read_stored(&self, mut reads: Vec<OutlineRead>, connection: &mut LazyConnection) -> Result<Vec<OutlineRead>, StoreError> {
        let is_newer = |read: &OutlineRead| read.series.outlined > read.curve.points();
        let stored: Vec<usize> = (0..reads.len()).filter(|at| is_newer(&reads[*at])).collect();
        if stored.is_empty() {
            return Ok(reads);
        }
        let keys: Vec<i64> = stored.iter().map(|at| reads[*at].series.key).collect();
        let outlines = read_stored_outlines(&keys, OutlineParts::All, connection.get(self).await?).await?;
        let decode = move || {
            let mut damaged = Vec::new();
            for (place, at) in stored.into_iter().enumerate() {
                let read = &mut reads[at];
                let found = outlines[place / READ_TOGETHER].get(read.series.key);
                match found.and_then(|stored| stored.unpack().ok()) {
                    // After the series was looked up a newer one may have been stored.
                    Some(outline) if outline.points() <= read.series.count() => read.curve = CurveState::of_outline(outline),
                    Some(_) => {}
                    None => damaged.push(read.series.key),
                }
            }
            (reads, damaged)
        };
        let (reads, damaged) = blocking(decode).await?;
        self.repair_queue.add_outlines(damaged);
        Ok(reads)
    }

    /// Pushes the points after the last chunk of a group of series, of those whose outlines have all points of the chunks. Returns the
    /// points, too; `None` if they are missing.
    async fn push_tails(
        &self,
        group: Vec<OutlineRead>,
        connection: &mut LazyConnection,
    ) -> Result<Vec<(OutlineRead, Option<Arc<Points>>)>, StoreError> {
        let tails = self.packed_tails(group.iter().map(|read| &read.series), connection).await?;
        let push = move || {
            let pairs = group.into_iter().zip(tails).map(|(mut read, tail): (OutlineRead, PackedTail)| {
                let tail = tail.decode(&read.series)?.map(|stored| read.series.with_recent(stored));
                if let Some(tail) = &tail {
                    read.push_tail(tail);
                }
                Ok((read, tail))
            });
            pairs.collect::<Result<Vec<_>, StoreError>>()
        };
        blocking(push).await?
    }

    /// Makes an outline from all points in chunks and in the tail. `None` if some are missing.
    async fn outline_of_points(
        &self,
        read: OutlineRead,
        tail: &Arc<Points>,
        connection: &mut LazyConnection,
    ) -> Result<Option<CurveOutline>, StoreError> {
        let OutlineRead { series, curve, .. } = read;
        if !curve.outline.needs_rebuild() {
            let from = curve.points();
            let pushed = self.pass(&series, tail, from, curve, CurveState::push, connection).await?;
            let Some(curve) = pushed else { return Ok(None) };
            self.remember(&series, &curve);
            if let Some(outline) = curve.finish(&series) {
                return Ok(Some(outline));
            }
        }
        let scan = |scan: &mut SupersededScan, points: &Points| scan.push(&points.x);
        let Some(scan) = self.pass(&series, tail, 0, SupersededScan::default(), scan, connection).await? else { return Ok(None) };
        let rebuilt = self.pass(&series, tail, 0, scan.into_rebuild(), crate::series::CurveRebuild::push, connection).await?;
        let Some(curve) = rebuilt.map(|rebuild| CurveState::rebuilt(rebuild.finish())) else { return Ok(None) };
        self.remember(&series, &curve);
        Ok(curve.finish(&series))
    }

    /// Puts the curve of a whole series into the cache, so that the next reader reads later points only. One that is stored, or of few
    /// points, is read as fast.
    fn remember(&self, series: &Series, curve: &CurveState) {
        let is_long = series.count() >= MIN_OUTLINE_POINTS && series.count() > series.outlined;
        if is_long && curve.figures(series).is_some() {
            self.cache.insert_curve(series.key, Arc::new(curve.clone()));
        }
    }

    /// Passes the points of a series from `from` on to `take`, chunk by chunk, then those after the last chunk. `None` if a chunk is missing.
    async fn pass<T: Send + 'static>(
        &self,
        series: &Series,
        tail: &Arc<Points>,
        from: u64,
        mut state: T,
        take: impl Fn(&mut T, &Points) + Copy + Send + 'static,
        connection: &mut LazyConnection,
    ) -> Result<Option<T>, StoreError> {
        let size = CHUNK as u64;
        let numbers: Vec<u64> = (from / size..series.sealed / size).collect();
        for numbers in numbers.chunks(READ_CHUNKS) {
            let chunks = self.packed_chunks(series.key, numbers, connection).await?;
            if chunks.len() < numbers.len() {
                return Ok(None);
            }
            let work = move || {
                for (number, chunk) in chunks {
                    let chunk = chunk.decode()?;
                    match from.saturating_sub(number * size) as usize {
                        0 => take(&mut state, &chunk),
                        known => take(&mut state, &chunk.slice(known, chunk.len())),
                    }
                }
                Ok::<_, StoreError>(state)
            };
            state = blocking(work).await??;
        }
        let known = from.saturating_sub(series.sealed) as usize;
        take(&mut state, &tail.slice(known.min(tail.len()), tail.len()));
        Ok(Some(state))
    }
}

impl OutlineRead {
    /// Pushes the points after the last chunk if the outline has those of the chunks. A series without chunks is made again if needed.
    fn push_tail(&mut self, tail: &Points) {
        let known = self.curve.points();
        if known < self.series.sealed {
            return;
        }
        self.curve.push(&tail.slice(((known - self.series.sealed) as usize).min(tail.len()), tail.len()));
        if self.series.sealed == 0 && self.curve.outline.needs_rebuild() {
            let mut scan = SupersededScan::default();
            scan.push(&tail.x);
            let mut rebuild = scan.into_rebuild();
            rebuild.push(tail);
            self.curve = CurveState::rebuilt(rebuild.finish());
        }
    }
}

/// The stored outlines of these series, [`READ_TOGETHER`] in each.
pub(super) async fn read_stored_outlines(
    keys: &[i64],
    parts: OutlineParts,
    connection: &mut SqliteConnection,
) -> Result<Vec<StoredOutlines>, StoreError> {
    let mut read = Vec::with_capacity(keys.len().div_ceil(READ_TOGETHER));
    for together in keys.chunks(READ_TOGETHER) {
        read.push(StoredOutlines::read(together, parts, &mut *connection).await.map_err(StoreError::from_read)?);
    }
    Ok(read)
}

/// Runs `work` on a thread of low priority.
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, StoreError> {
    let _permit = OUTLINE_PERMITS.acquire().await.map_err(|_| StoreError::Busy)?;
    spawn_calculation(work).await.map_err(|why| StoreError::Failed(why.to_string().into()))
}
