//! Rows of chunks and blocks of nodes, from the cache or from disk.

use std::collections::HashMap;
use std::sync::Arc;

use sqlx::pool::PoolConnection;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, Sqlite, SqliteConnection};

use crate::series::{BLOCK, BlockRead, ChunkRead, Points, nodes_at};
use crate::server::store::Store;
use crate::server::store::error::StoreError;
use crate::server::store::integrity::checksum::keyed;
use crate::server::store::series::codec::{DecodeError, open_nodes, unpack_points};
use crate::server::store::series::rows::{chunk_key, node_key};
use crate::server::store::series::tails::Tail;
use crate::server::store::series::{CHUNK, Series};

/// A connection of the pool that one request takes at its first read and keeps: taking one costs several context switches.
#[derive(Default)]
pub struct LazyConnection(Option<PoolConnection<Sqlite>>);

/// Series whose newest points are read at once: 6 MB.
pub const READ_SERIES: usize = 64;

const SELECT_NODES: &str = "SELECT key, nodes FROM node WHERE key IN (SELECT value FROM json_each(?))";
const SELECT_CHUNKS: &str = "SELECT key, points FROM chunk WHERE key IN (SELECT value FROM json_each(?))";

/// A chunk, decoded only if it was in the cache.
pub enum ChunkBytes {
    Decoded(Arc<Points>),
    Packed(Vec<u8>),
}

impl ChunkBytes {
    pub fn decode(self) -> Result<Arc<Points>, StoreError> {
        match self {
            Self::Decoded(points) => Ok(points),
            Self::Packed(bytes) => Ok(Arc::new(unpack_points(&bytes)?)),
        }
    }
}

/// The points of a series in its tail on disk, decoded only if they were in the cache.
pub enum PackedTail {
    Decoded(Arc<Points>),
    Row(SqliteRow),
    Missing,
}

impl PackedTail {
    /// The points that the series has in its tail, or more of them; `None` if they are missing. Errors: they are damaged.
    pub fn decode(self, series: &Series) -> Result<Option<Arc<Points>>, StoreError> {
        match self {
            Self::Decoded(points) => Ok(Some(points)),
            Self::Missing => Ok(None),
            Self::Row(row) => {
                let tail = Tail::read(&row).map_err(StoreError::from_read)?;
                // A later tail begins with the same points. After its last chunk a series has another one.
                let is_later = tail.start == series.sealed && tail.points.len() > series.stored.count as usize;
                Ok((tail.is_of(series) || is_later).then(|| Arc::new(tail.points)))
            }
        }
    }
}

impl From<DecodeError> for StoreError {
    fn from(error: DecodeError) -> Self {
        Self::Corrupt(error.to_string().into())
    }
}

impl Store {
    /// The blocks of a series, given as (level, number), that exist; in any order.
    pub(super) async fn blocks(
        &self,
        series: &Series,
        wanted: &[(u8, u64)],
        connection: &mut LazyConnection,
    ) -> Result<Vec<BlockRead>, StoreError> {
        let mut found = Vec::with_capacity(wanted.len());
        let mut missing: HashMap<i64, (u8, u64)> = HashMap::new();
        for (level, number) in wanted {
            let key = node_key(series.key, *level, *number);
            let nodes = (nodes_at(*level, series.sealed) - number * BLOCK).min(BLOCK) as usize;
            match self.cache.block(key).filter(|block| block.count() >= nodes) {
                Some(block) => found.push(((*level, *number), block)),
                None => drop(missing.insert(key, (*level, *number))),
            }
        }
        for (key, bytes) in self.rows(SELECT_NODES, missing.keys(), connection).await? {
            let (block, bytes) = open_nodes(bytes)?;
            self.cache.insert_block(key, block.clone(), bytes);
            found.push((missing[&key], block));
        }
        Ok(found)
    }

    /// The chunks of a series with these numbers that exist; in any order.
    pub(super) async fn chunks(&self, series: i64, wanted: &[u64], connection: &mut LazyConnection) -> Result<Vec<ChunkRead>, StoreError> {
        let (mut found, missing) = self.cached_chunks(series, wanted);
        for (key, bytes) in self.rows(SELECT_CHUNKS, missing.keys(), connection).await? {
            let chunk = Arc::new(unpack_points(&bytes)?);
            self.cache.insert_chunk(key, chunk.clone());
            found.push((missing[&key], chunk));
        }
        Ok(found)
    }

    /// As [`Self::chunks`], by ascending number, without decoding those on disk and without caching them: long reads would evict everything
    /// else.
    pub(super) async fn packed_chunks(
        &self,
        series: i64,
        wanted: &[u64],
        connection: &mut LazyConnection,
    ) -> Result<Vec<(u64, ChunkBytes)>, StoreError> {
        let (cached, missing) = self.cached_chunks(series, wanted);
        let mut found: Vec<_> = cached.into_iter().map(|(number, chunk)| (number, ChunkBytes::Decoded(chunk))).collect();
        for (key, bytes) in self.rows(SELECT_CHUNKS, missing.keys(), connection).await? {
            found.push((missing[&key], ChunkBytes::Packed(bytes)));
        }
        found.sort_unstable_by_key(|(number, _)| *number);
        Ok(found)
    }

    /// The points of each of these at most [`READ_SERIES`] series after its last chunk: those in its tail on disk, then the recent ones.
    /// `None` if what is on disk is missing: usually because the series was removed meanwhile.
    pub(super) async fn tails(&self, series: &[Series], connection: &mut LazyConnection) -> Result<Option<Vec<Arc<Points>>>, StoreError> {
        debug_assert!(series.len() <= READ_SERIES, "the tails of {} series are read at once", series.len());
        let packed = self.packed_tails(series.iter(), connection).await?;
        let mut tails = Vec::with_capacity(series.len());
        for (series, tail) in series.iter().zip(packed) {
            let is_read = matches!(tail, PackedTail::Row(_));
            let stored = match tail.decode(series)? {
                Some(points) => points,
                None => {
                    // The tail has become a chunk.
                    let chunk = self.chunks(series.key, &[series.sealed / CHUNK as u64], connection).await?.pop();
                    let Some((_, chunk)) = chunk.filter(|(_, chunk)| chunk.len() >= series.stored.count as usize) else { return Ok(None) };
                    chunk
                }
            };
            if is_read {
                self.cache.insert_chunk(tail_key(series), stored.clone());
            }
            tails.push(series.with_recent(stored));
        }
        Ok(Some(tails))
    }

    /// The tails of these series as they are on disk, in the same order.
    pub(super) async fn packed_tails(
        &self,
        series: impl Iterator<Item = &Series> + Clone,
        connection: &mut LazyConnection,
    ) -> Result<Vec<PackedTail>, StoreError> {
        let cached = |series: &Series| self.cache.chunk(tail_key(series)).filter(|points| points.len() >= series.stored.count as usize);
        let mut tails: Vec<PackedTail> = series
            .clone()
            .map(|series| match series.stored.count {
                0 => PackedTail::Decoded(Arc::default()),
                _ => cached(series).map_or(PackedTail::Missing, PackedTail::Decoded),
            })
            .collect();
        let missing = tails.iter().zip(series).enumerate().filter(|(_, (tail, _))| matches!(tail, PackedTail::Missing));
        let missing: HashMap<i64, usize> = missing.map(|(at, (_, series))| (series.key, at)).collect();
        for row in self.select(Tail::SELECT, missing.keys(), connection).await? {
            let key: i64 = row.try_get(0).map_err(StoreError::from_read)?;
            tails[missing[&key]] = PackedTail::Row(row);
        }
        Ok(tails)
    }

    /// The cached chunks, and the numbers of the others by their keys.
    fn cached_chunks(&self, series: i64, wanted: &[u64]) -> (Vec<ChunkRead>, HashMap<i64, u64>) {
        let mut found = Vec::with_capacity(wanted.len());
        let mut missing = HashMap::new();
        for number in wanted {
            let key = chunk_key(series, *number);
            // A shorter one was a tail when it was read.
            match self.cache.chunk(key).filter(|chunk| chunk.len() == CHUNK) {
                Some(chunk) => found.push((*number, chunk)),
                None => drop(missing.insert(key, *number)),
            }
        }
        (found, missing)
    }

    /// Keys and blobs of rows; the blobs' checksums no longer include the keys.
    async fn rows(
        &self,
        select: &'static str,
        keys: impl ExactSizeIterator<Item = &i64>,
        connection: &mut LazyConnection,
    ) -> Result<Vec<(i64, Vec<u8>)>, StoreError> {
        let rows = self.select(select, keys, connection).await?;
        rows.iter()
            .map(|row| row.try_get(0).and_then(|key| Ok((key, keyed(row.try_get(1)?, key)))))
            .collect::<sqlx::Result<_>>()
            .map_err(StoreError::from_read)
    }

    pub(super) async fn select(
        &self,
        select: &'static str,
        keys: impl ExactSizeIterator<Item = &i64>,
        connection: &mut LazyConnection,
    ) -> Result<Vec<SqliteRow>, StoreError> {
        if keys.len() == 0 {
            return Ok(Vec::new());
        }
        let keys: Vec<String> = keys.map(i64::to_string).collect();
        let select = sqlx::query(select).bind(format!("[{}]", keys.join(",")));
        select.fetch_all(connection.get(self).await?).await.map_err(StoreError::from_read)
    }
}

impl LazyConnection {
    pub(super) async fn get(&mut self, store: &Store) -> Result<&mut SqliteConnection, StoreError> {
        Ok(match &mut self.0 {
            Some(connection) => connection,
            none => none.insert(store.readers.acquire().await.map_err(StoreError::from_read)?),
        })
    }
}

/// The key of a series' tail in the cache: that of the chunk which it becomes.
fn tail_key(series: &Series) -> i64 {
    chunk_key(series.key, series.sealed / CHUNK as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::store::tests::{again, append, create, id, start};

    fn series(store: &Store) -> Series {
        store.index().series(&id("a"))[0].clone()
    }

    /// Appends to another series until the recent points of the first one are in its tail.
    async fn flush(store: &Store) {
        for _ in 0..1000 {
            append(store, "b", "m", (1..=100).map(|at| 1.0 / f64::from(at)).collect()).await.unwrap();
            if series(store).recent.is_empty() {
                return;
            }
        }
        panic!("the tail is not written");
    }

    async fn tail(store: &Store, series: &Series) -> Vec<f64> {
        let tails = store.tails(std::slice::from_ref(series), &mut LazyConnection::default()).await.unwrap();
        tails.expect("it is there").remove(0).y.clone()
    }

    #[tokio::test]
    async fn a_tail_is_read_as_it_was_when_its_series_was_looked_up() {
        let folder = tempfile::tempdir().unwrap();
        let store = start(folder.path()).await;
        create(&store, "a").await;
        create(&store, "b").await;
        let points: Vec<f64> = (0..5000).map(f64::from).collect();
        append(&store, "a", "l", points[..3000].to_vec()).await.unwrap();
        flush(&store).await;
        let first = series(&store);
        append(&store, "a", "l", points[3000..3050].to_vec()).await.unwrap();
        let second = series(&store);
        flush(&store).await;
        let third = series(&store);
        let counts = [&first, &second, &third].map(|series| (series.stored.count, series.recent.len()));
        assert_eq!(counts, [(3000, 0), (3000, 50), (3050, 0)]);
        // From a longer tail, from the cache, and from the chunk that the tail has become.
        let store = again(store, folder.path()).await;
        assert_eq!(tail(&store, &second).await, points[..3050]);
        assert_eq!(tail(&store, &first).await, points[..3000]);
        append(&store, "a", "l", points[3050..].to_vec()).await.unwrap();
        let store = again(store, folder.path()).await;
        for known in [&first, &second, &third] {
            assert_eq!(tail(&store, known).await, points[..known.count() as usize]);
        }
        assert_eq!(tail(&store, &series(&store)).await, points[4096..]);
        let mut replaced = first;
        replaced.key = 1000;
        assert!(store.tails(&[replaced], &mut LazyConnection::default()).await.unwrap().is_none());
        store.close().await;
    }
}
