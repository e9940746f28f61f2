//! Reading series: columns of a window, and the points themselves. Readers wait for nobody, and nobody waits for them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use sqlx::pool::PoolConnection;
use sqlx::{Row, Sqlite};
use tokio::sync::Semaphore;

use super::codec::{open_nodes, unpack_points};
use super::compaction::{chunk_key, node_key};
use super::{CHUNK, Series};
use crate::protocol::CellId;
use crate::protocol::columns::SeriesColumns;
use crate::series::{BLOCK, BlockRead, Column, Extent, Missing, Nodes, Points, Query, Smooth, Smoothed, Smoothing, Window, nodes_at};
use crate::server::error::ServerError;
use crate::server::store::integrity::checksum::keyed;
use crate::server::store::{READ_TRIES, Store};

/// Bytes of blocks that are kept: twice as many. Of 1e8 points, a block has about 10 KB, all levels but the lowest 11 MB.
const BLOCK_CACHE_BYTES: usize = 24 << 20;
/// The same for decoded chunks of 98 KB, which seldom serve twice.
const CHUNK_CACHE_BYTES: usize = 5 << 20;

/// The series of one cell, and where all of them together stand along the axis.
#[derive(Clone, Debug)]
pub struct CellColumns {
    pub extent: Extent,
    pub series: Vec<SeriesColumns>,
}

/// Consecutive points of a series.
pub struct PointsPage {
    pub points: Points,
    /// How many points the series has.
    pub total: u64,
    /// Another one means that the series was replaced.
    pub key: i64,
}

/// What was read: the younger half, and what was used before it filled. What stands here is never changed on disk, but blocks
/// that are not full grow there.
struct Kept<T> {
    /// Bytes of the younger half, at most and now.
    most: usize,
    bytes: usize,
    /// With their sizes.
    young: HashMap<i64, (T, usize)>,
    old: HashMap<i64, (T, usize)>,
}

impl<T: Clone> Kept<T> {
    fn new(most: usize) -> Self {
        Self { most, bytes: 0, young: HashMap::new(), old: HashMap::new() }
    }

    fn get(&mut self, key: i64) -> Option<T> {
        if let Some((known, _)) = self.young.get(&key) {
            return Some(known.clone());
        }
        let (known, size) = self.old.remove(&key)?;
        self.put(key, known.clone(), size);
        Some(known)
    }

    fn put(&mut self, key: i64, item: T, size: usize) {
        if self.bytes + size > self.most {
            self.old = std::mem::take(&mut self.young);
            self.bytes = 0;
        }
        let before = self.young.insert(key, (item, size));
        self.bytes += size;
        self.bytes -= before.map_or(0, |(_, size)| size);
    }
}

pub struct Cache {
    blocks: Mutex<Kept<Arc<dyn Nodes>>>,
    chunks: Mutex<Kept<Arc<Points>>>,
}

impl Default for Cache {
    fn default() -> Self {
        Self { blocks: Mutex::new(Kept::new(BLOCK_CACHE_BYTES)), chunks: Mutex::new(Kept::new(CHUNK_CACHE_BYTES)) }
    }
}

/// A connection that one question takes at its first read, and keeps: each taking costs some changes of threads.
#[derive(Default)]
struct Reader(Option<PoolConnection<Sqlite>>);

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

const SELECT_NODES: &str = "SELECT key, nodes FROM node WHERE key IN (SELECT value FROM json_each(?))";
const SELECT_CHUNKS: &str = "SELECT key, points FROM chunk WHERE key IN (SELECT value FROM json_each(?))";

/// Chunks that the smoothed lines of one question may read, all series together, and those of one series, least and most. Beyond it there
/// are fewer averages than columns. 4096 are 16 million points, and take about half a second.
const MAX_SMOOTHING_CHUNKS: u64 = 4096;
const MIN_SMOOTHING_CHUNKS_PER_SERIES: u64 = 256;
const MAX_SMOOTHING_CHUNKS_PER_SERIES: u64 = 2560;
/// Chunks that are read at once for a smoothed line: 6 MB of points.
const AT_ONCE: usize = 64;
/// So many are averaged at once where they are read; more go beside the async threads, of two questions at a time.
const INLINE: usize = 2;
static TURNS: Semaphore = Semaphore::const_new(2);

/// Which series of a cell are smoothed, and how.
#[derive(Clone, Copy)]
pub struct SmoothingWeights<'a> {
    /// By the name of the series; 0 is no smoothed line.
    pub of: &'a (dyn Fn(&str) -> f64 + Sync),
    /// How many series the whole question has: they share what may be read.
    pub together: usize,
}

impl SmoothingWeights<'_> {
    pub const NONE: SmoothingWeights<'static> = SmoothingWeights { of: &|_| 0.0, together: 1 };
}

enum Chunk {
    Open(Arc<Points>),
    Packed(Vec<u8>),
}

/// What is not there so many times in a row is missing.
const MISSING_AFTER: u32 = 10;

/// Rows of a series were deleted while it was read: it is no longer the cell's.
struct Gone;

impl Store {
    /// The columns of all series of a cell, and their smoothed lines. Infinite ends of the window are those of all series together.
    /// `None`: no such cell.
    pub async fn columns(&self, id: &CellId, window: Window, weights: SmoothingWeights<'_>) -> Result<Option<CellColumns>, ServerError> {
        for attempt in 1..=READ_TRIES {
            let series: Vec<Series> = {
                let index = self.index();
                if index.cell(id).is_none() {
                    return Ok(None);
                }
                index.series(id).to_vec()
            };
            let found = self.try_columns(&series, window, weights).await;
            match found {
                Ok(Ok(columns)) => return Ok(Some(columns)),
                // Rows may be deleted at this moment, but not again and again.
                Ok(Err(Gone)) if attempt < MISSING_AFTER => tokio::task::yield_now().await,
                Ok(Err(Gone)) | Err(ServerError::Damaged(_)) if self.repair_queue.add(&series) => {
                    // The writer mends before it does anything else.
                    self.write(1, |_| Ok(())).await?;
                }
                Ok(Err(Gone)) => return Err(ServerError::Damaged(format!("nodes or points of the cell '{id}' are missing"))),
                Err(why) => return Err(why),
            }
        }
        Err(ServerError::Busy)
    }

    async fn try_columns(
        &self,
        series: &[Series],
        window: Window,
        weights: SmoothingWeights<'_>,
    ) -> Result<Result<CellColumns, Gone>, ServerError> {
        let mut extent = Extent::EMPTY;
        let mut reader = Reader::default();
        let whole = Window { from: f64::NEG_INFINITY, to: f64::INFINITY, ..window };
        for series in series {
            let mut query = Query::new(whole, series.sealed, series.tail.clone());
            if !query.needs().is_empty()
                && let Err(gone) = self.feed(series, &mut query, &mut reader).await?
            {
                return Ok(Err(gone));
            }
            let of = query.extent();
            extent.include(of.min, of.max);
        }
        let end = |asked: f64, own: f64| if asked.is_finite() { asked } else { own };
        let (from, to) = (end(window.from, extent.min), end(window.to, extent.max));
        let window = Window { from, to: to.max(from), ..window };
        let mut answer = Vec::with_capacity(series.len());
        for series in series {
            let mut query = Query::new(window, series.sealed, series.tail.clone());
            while !query.needs().is_empty() {
                if let Err(gone) = self.feed(series, &mut query, &mut reader).await? {
                    return Ok(Err(gone));
                }
            }
            let (peak, weight) = (query.peak(), (weights.of)(&series.name));
            let (columns, ends) = query.finish_with_ends();
            let mut smoothed = None;
            if weight > 0.0 {
                let most = (MAX_SMOOTHING_CHUNKS / weights.together.max(1) as u64)
                    .clamp(MIN_SMOOTHING_CHUNKS_PER_SERIES, MAX_SMOOTHING_CHUNKS_PER_SERIES);
                let asked = Smooth { weight, axis: window.axis, sealed: series.sealed, total: series.count(), peak, most };
                match self.smoothed(series, asked, &columns, &ends, &mut reader).await? {
                    Ok(line) => smoothed = Some(line),
                    Err(gone) => return Ok(Err(gone)),
                }
            }
            answer.push(SeriesColumns { name: series.name.to_string(), points: series.count(), columns, smoothed });
        }
        Ok(Ok(CellColumns { extent, series: answer }))
    }

    /// The smoothed line at the columns that [`Query::finish_with_ends`] has answered. What takes long runs beside the async threads.
    async fn smoothed(
        &self,
        series: &Series,
        asked: Smooth,
        columns: &[Column],
        ends: &[u64],
        reader: &mut Reader,
    ) -> Result<Result<Smoothed, Gone>, ServerError> {
        let mut smoothing = Smoothing::new(asked, columns, ends);
        let size = CHUNK as u64;
        loop {
            let mut numbers = smoothing.next(AT_ONCE);
            let Some(last) = numbers.last() else { return Ok(Ok(smoothing.finish())) };
            let tail = (*last == series.sealed / size).then(|| series.tail.clone());
            if tail.is_some() {
                numbers.pop();
            }
            let mut turn = None;
            if numbers.len() > INLINE {
                // Nobody who waits for a turn keeps a connection from others.
                *reader = Reader::default();
                turn = Some(TURNS.acquire().await.map_err(|_| ServerError::Busy)?);
            }
            let packed = self.packed(series.key, &numbers, reader).await?;
            if packed.len() < numbers.len() {
                return Ok(Err(Gone));
            }
            let work = move || {
                for (number, chunk) in packed {
                    let points = match chunk {
                        Chunk::Open(points) => points,
                        Chunk::Packed(bytes) => Arc::new(unpack_points(&bytes).map_err(|why| ServerError::Damaged(why.to_string()))?),
                    };
                    smoothing.take(number * size, &points);
                }
                if let Some(tail) = tail {
                    smoothing.take(asked.sealed, &tail);
                }
                Ok::<_, ServerError>(smoothing)
            };
            smoothing = match turn {
                None => work()?,
                Some(_) => tokio::task::spawn_blocking(work).await.map_err(|why| ServerError::Broken(why.to_string()))??,
            };
        }
    }

    /// Chunks in the order of their numbers, as far as they are there. Long runs would drive everything else out of the cache: what is not in
    /// it is not put there.
    async fn packed(&self, series: i64, wanted: &[u64], reader: &mut Reader) -> Result<Vec<(u64, Chunk)>, ServerError> {
        let mut found: Vec<(u64, Chunk)> = Vec::with_capacity(wanted.len());
        let mut missing: HashMap<i64, u64> = HashMap::new();
        for number in wanted {
            let key = chunk_key(series, *number);
            match lock(&self.cache.chunks).get(key) {
                Some(chunk) => found.push((*number, Chunk::Open(chunk))),
                None => drop(missing.insert(key, *number)),
            }
        }
        for (key, bytes) in self.rows(SELECT_CHUNKS, missing.keys(), reader).await? {
            found.push((missing[&key], Chunk::Packed(bytes)));
        }
        found.sort_unstable_by_key(|(number, _)| *number);
        Ok(found)
    }

    async fn feed(&self, series: &Series, query: &mut Query, reader: &mut Reader) -> Result<Result<(), Gone>, ServerError> {
        let needs = query.needs().clone();
        let blocks = self.blocks(series, &needs.blocks, reader).await?;
        let chunks = self.chunks(series.key, &needs.chunks, reader).await?;
        Ok(query.give(&blocks, &chunks).map_err(|_: Missing| Gone))
    }

    async fn blocks(&self, series: &Series, wanted: &[(u8, u64)], reader: &mut Reader) -> Result<Vec<BlockRead>, ServerError> {
        let mut found = Vec::with_capacity(wanted.len());
        let mut missing: HashMap<i64, (u8, u64)> = HashMap::new();
        for (level, number) in wanted {
            let key = node_key(series.key, *level, *number);
            let enough = (nodes_at(*level, series.sealed) - number * BLOCK).min(BLOCK) as usize;
            match lock(&self.cache.blocks).get(key).filter(|block| block.count() >= enough) {
                Some(block) => found.push(((*level, *number), block)),
                None => drop(missing.insert(key, (*level, *number))),
            }
        }
        for (key, bytes) in self.rows(SELECT_NODES, missing.keys(), reader).await? {
            let (block, size) = open_nodes(bytes).map_err(|why| ServerError::Damaged(why.to_string()))?;
            lock(&self.cache.blocks).put(key, block.clone(), size);
            found.push((missing[&key], block));
        }
        Ok(found)
    }

    async fn chunks(&self, series: i64, wanted: &[u64], reader: &mut Reader) -> Result<Vec<(u64, Arc<Points>)>, ServerError> {
        let mut found = Vec::with_capacity(wanted.len());
        let mut missing: HashMap<i64, u64> = HashMap::new();
        for number in wanted {
            let key = chunk_key(series, *number);
            match lock(&self.cache.chunks).get(key) {
                Some(chunk) => found.push((*number, chunk)),
                None => drop(missing.insert(key, *number)),
            }
        }
        for (key, bytes) in self.rows(SELECT_CHUNKS, missing.keys(), reader).await? {
            let chunk = Arc::new(unpack_points(&bytes).map_err(|why| ServerError::Damaged(why.to_string()))?);
            lock(&self.cache.chunks).put(key, chunk.clone(), 3 * 8 * chunk.len());
            found.push((missing[&key], chunk));
        }
        Ok(found)
    }

    async fn rows(
        &self,
        select: &'static str,
        keys: impl ExactSizeIterator<Item = &i64>,
        Reader(held): &mut Reader,
    ) -> Result<Vec<(i64, Vec<u8>)>, ServerError> {
        if keys.len() == 0 {
            return Ok(Vec::new());
        }
        let connection = match held {
            Some(connection) => connection,
            None => held.insert(self.readers.acquire().await.map_err(ServerError::from_read)?),
        };
        let keys: Vec<String> = keys.map(i64::to_string).collect();
        let rows =
            sqlx::query(select).bind(format!("[{}]", keys.join(","))).fetch_all(&mut **connection).await.map_err(ServerError::from_read)?;
        rows.iter()
            .map(|row| row.try_get(0).and_then(|key| Ok((key, keyed(row.try_get(1)?, key)))))
            .collect::<sqlx::Result<_>>()
            .map_err(ServerError::from_read)
    }

    /// At most `limit` points of a series from index `from` on. `None`: the cell has no such series.
    pub async fn points(&self, id: &CellId, name: &str, from: u64, limit: usize) -> Result<Option<PointsPage>, ServerError> {
        for _ in 0..READ_TRIES {
            let Some(series) = self.index().cell_series(id).and_then(|known| known.named(name)).cloned() else { return Ok(None) };
            let (total, key) = (series.count(), series.key);
            if from >= total {
                return Ok(Some(PointsPage { points: Points::default(), total, key }));
            }
            let end = from.saturating_add(limit as u64).min(total);
            let mut points = Points::default();
            let size = CHUNK as u64;
            let numbers: Vec<u64> =
                if from < end.min(series.sealed) { (from / size..end.min(series.sealed).div_ceil(size)).collect() } else { Vec::new() };
            let chunks = self.chunks(series.key, &numbers, &mut Reader::default()).await?;
            if chunks.len() < numbers.len() {
                tokio::task::yield_now().await;
                continue;
            }
            let tail = (series.sealed / size, series.tail.clone());
            for number in numbers.iter().copied().chain((end > series.sealed).then_some(tail.0)) {
                let chunk = chunks.iter().find(|(known, _)| *known == number).map_or(&tail.1, |(_, chunk)| chunk);
                let start = number * size;
                points.extend(&chunk.slice(from.saturating_sub(start) as usize, (end - start).min(chunk.len() as u64) as usize));
            }
            return Ok(Some(PointsPage { points, total, key }));
        }
        Err(ServerError::Busy)
    }
}
