//! Reading outlines: those that are stored, with the points that came later; others are made from all points of their series.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::Semaphore;

use super::rows::{LazyConnection, PackedTail, READ_SERIES};
use super::{MISSING_AFTER_TRIES, READ_TRIES};
use crate::protocol::{CellId, SeriesId};
use crate::series::{CurveOutline, OutlineBuilder, Points, SupersededScan};
use crate::server::store::Store;
use crate::server::store::error::StoreError;
use crate::server::store::series::outlines::StoredOutline;
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
    outline: OutlineBuilder,
}

impl OutlineRead {
    /// The outline, if it has all points and they did not go back too far; otherwise what was read.
    #[expect(clippy::result_large_err, reason = "what was read goes on to the next step, no error goes up")]
    fn finish(self) -> Result<CurveOutline, Self> {
        let Some(figures) = self.series.figures().filter(|_| self.outline.points() == self.series.count()) else { return Err(self) };
        if self.outline.needs_rebuild() {
            return Err(self);
        }
        let Self { at, series, outline } = self;
        outline.finish(figures).ok_or(Self { at, series, outline: OutlineBuilder::default() })
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
                known.map(|(at, series)| OutlineRead { at, series, outline: OutlineBuilder::default() }).collect()
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
        let keys: Vec<i64> = reads.iter().filter(|read| read.series.outlined > 0).map(|read| read.series.key).collect();
        if keys.is_empty() {
            return Ok(reads);
        }
        let rows = self.select(StoredOutline::SELECT, keys.iter(), connection).await?;
        let decode = move || {
            let mut stored: HashMap<i64, OutlineBuilder> = HashMap::with_capacity(rows.len());
            let sound = rows.iter().filter_map(|row| StoredOutline::read(row).ok());
            stored.extend(sound.map(|stored| (stored.series, stored.outline)));
            let mut damaged = Vec::new();
            for read in reads.iter_mut().filter(|read| read.series.outlined > 0) {
                match stored.remove(&read.series.key) {
                    // After the series was looked up a newer one may have been stored.
                    Some(outline) => read.outline = Some(outline).filter(|it| it.points() <= read.series.count()).unwrap_or_default(),
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
        let OutlineRead { at, series, mut outline } = read;
        if !outline.needs_rebuild() {
            let from = outline.points();
            let pushed = self.pass(&series, tail, from, outline, OutlineBuilder::push, connection).await?;
            let Some(pushed) = pushed else { return Ok(None) };
            outline = pushed;
            let read = OutlineRead { at, series: series.clone(), outline };
            if let Ok(outline) = read.finish() {
                return Ok(Some(outline));
            }
        }
        let scan = |scan: &mut SupersededScan, points: &Points| scan.push(&points.x);
        let Some(scan) = self.pass(&series, tail, 0, SupersededScan::default(), scan, connection).await? else { return Ok(None) };
        let rebuilt = self.pass(&series, tail, 0, scan.into_rebuild(), crate::series::CurveRebuild::push, connection).await?;
        let Some((summary, outline)) = rebuilt.map(crate::series::CurveRebuild::finish) else { return Ok(None) };
        Ok(summary.figures().and_then(|figures| outline.finish(figures)))
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
        let known = self.outline.points();
        if known < self.series.sealed {
            return;
        }
        self.outline.push(&tail.slice(((known - self.series.sealed) as usize).min(tail.len()), tail.len()));
        if self.series.sealed == 0 && self.outline.needs_rebuild() {
            let mut scan = SupersededScan::default();
            scan.push(&tail.x);
            let mut rebuild = scan.into_rebuild();
            rebuild.push(tail);
            let (summary, outline) = rebuild.finish();
            (self.outline, self.series.summary) = (outline, Some(summary.into()));
        }
    }
}

/// Runs `work` on a blocking thread.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, StoreError> {
    let _permit = OUTLINE_PERMITS.acquire().await.map_err(|_| StoreError::Busy)?;
    tokio::task::spawn_blocking(work).await.map_err(|why| StoreError::Failed(why.to_string().into()))
}
