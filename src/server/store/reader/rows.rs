//! Rows of chunks and blocks of nodes, from the cache or from disk.

use std::collections::HashMap;
use std::sync::Arc;

use sqlx::pool::PoolConnection;
use sqlx::{Row, Sqlite};

use crate::series::{BLOCK, BlockRead, ChunkRead, Points, nodes_at};
use crate::server::store::Store;
use crate::server::store::error::StoreError;
use crate::server::store::integrity::checksum::keyed;
use crate::server::store::series::Series;
use crate::server::store::series::codec::{DecodeError, open_nodes, unpack_points};
use crate::server::store::series::rows::{chunk_key, node_key};

/// A connection of the pool that one request takes at its first read and keeps: taking one costs several context switches.
#[derive(Default)]
pub struct LazyConnection(Option<PoolConnection<Sqlite>>);

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

    /// The cached chunks, and the numbers of the others by their keys.
    fn cached_chunks(&self, series: i64, wanted: &[u64]) -> (Vec<ChunkRead>, HashMap<i64, u64>) {
        let mut found = Vec::with_capacity(wanted.len());
        let mut missing = HashMap::new();
        for number in wanted {
            let key = chunk_key(series, *number);
            match self.cache.chunk(key) {
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
        LazyConnection(connection): &mut LazyConnection,
    ) -> Result<Vec<(i64, Vec<u8>)>, StoreError> {
        if keys.len() == 0 {
            return Ok(Vec::new());
        }
        let connection = match connection {
            Some(connection) => connection,
            None => connection.insert(self.readers.acquire().await.map_err(StoreError::from_read)?),
        };
        let keys: Vec<String> = keys.map(i64::to_string).collect();
        let select = sqlx::query(select).bind(format!("[{}]", keys.join(",")));
        let rows = select.fetch_all(&mut **connection).await.map_err(StoreError::from_read)?;
        rows.iter()
            .map(|row| row.try_get(0).and_then(|key| Ok((key, keyed(row.try_get(1)?, key)))))
            .collect::<sqlx::Result<_>>()
            .map_err(StoreError::from_read)
    }
}
