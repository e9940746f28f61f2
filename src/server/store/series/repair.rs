//! Nodes can be made from the points again: what a reader or the writer finds damaged of them is written anew, once in a run.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use sqlx::SqliteConnection;

use super::codec::{pack_nodes, unpack_points};
use super::compaction::{CompactionState, chunk_key, node_key};
use super::{CHUNK, Series};
use crate::series::{Block, Pyramid};
use crate::server::store::Index;
use crate::server::store::integrity::checksum::keyed;

/// Series of which a part could not be read.
#[derive(Default)]
pub struct RepairQueue {
    sets: Mutex<Sets>,
}

#[derive(Default)]
struct Sets {
    waiting: BTreeSet<i64>,
    /// Also those for which it did not help, because points are damaged: they are not tried again.
    tried: BTreeSet<i64>,
}

impl RepairQueue {
    /// True when one of them is to be mended.
    pub fn add(&self, series: &[Series]) -> bool {
        let mut sets = self.sets.lock().unwrap_or_else(PoisonError::into_inner);
        for series in series {
            if sets.tried.insert(series.key) {
                sets.waiting.insert(series.key);
            }
        }
        series.iter().any(|series| sets.waiting.contains(&series.key))
    }

    fn take(&self) -> BTreeSet<i64> {
        std::mem::take(&mut self.sets.lock().unwrap_or_else(PoisonError::into_inner).waiting)
    }
}

/// Writes the nodes of all suspects anew, those that still have points in chunks. Each is a transaction of its own.
pub async fn mend(
    connection: &mut SqliteConnection,
    repair_queue: &RepairQueue,
    compaction: &mut CompactionState,
    index: &std::sync::RwLock<Index>,
) {
    for key in repair_queue.take() {
        let sealed = crate::server::store::read(index).with_key(key).map_or(0, |series| series.sealed);
        if sealed == 0 {
            continue;
        }
        let mended = async {
            sqlx::query("BEGIN IMMEDIATE").execute(&mut *connection).await?;
            let pyramid = rebuild(connection, key, sealed).await?;
            let state = compaction.state.next();
            state.replace(&compaction.state, connection).await?;
            sqlx::query("COMMIT").execute(&mut *connection).await?;
            compaction.state = state;
            Ok(pyramid)
        };
        let mended: sqlx::Result<Pyramid> = mended.await;
        match mended {
            Ok(pyramid) => {
                tracing::warn!("nodes of a series (key {key}) were damaged and were made anew from its {sealed} points");
                compaction.hold(key, pyramid);
            }
            Err(why) => {
                let _ = sqlx::query("ROLLBACK").execute(&mut *connection).await;
                tracing::error!("nodes of a series (key {key}) are damaged and could not be made anew: {why}");
            }
        }
    }
}

/// All nodes of a series, written anew from its chunks.
pub async fn rebuild(commit: &mut SqliteConnection, key: i64, sealed: u64) -> sqlx::Result<Pyramid> {
    let mut pyramid = Pyramid::default();
    for number in 0..sealed / CHUNK as u64 {
        let select = sqlx::query_scalar::<_, Vec<u8>>("SELECT points FROM chunk WHERE key = ?").bind(chunk_key(key, number));
        let bytes = keyed(select.fetch_one(&mut *commit).await?, chunk_key(key, number));
        let chunk = unpack_points(&bytes).map_err(|why| sqlx::Error::Decode(why.into()))?;
        if chunk.len() != CHUNK {
            return Err(sqlx::Error::Decode("a chunk has too few points".into()));
        }
        pyramid.add_chunk(&chunk);
        write_blocks(commit, key, pyramid.take_full()).await?;
    }
    write_blocks(commit, key, pyramid.take()).await?;
    Ok(pyramid)
}

pub async fn write_blocks(commit: &mut SqliteConnection, key: i64, blocks: Vec<Block>) -> sqlx::Result<()> {
    for Block { level, number, nodes } in blocks {
        let replace = sqlx::query("INSERT OR REPLACE INTO node (key, nodes) VALUES (?, ?)");
        let key = node_key(key, level, number);
        replace.bind(key).bind(keyed(pack_nodes(&nodes), key)).execute(&mut *commit).await?;
    }
    Ok(())
}
