//! Repair of damaged nodes: they are rebuilt from the points, once per run and series.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError, RwLock};

use sqlx::SqliteConnection;

use super::compaction::CompactionState;
use super::pyramid_rows::rebuild;
use crate::series::Pyramid;
use crate::server::store::index::Index;
use crate::server::store::series::Series;

/// Series of which a reader could not read a part.
#[derive(Default)]
pub struct RepairQueue {
    sets: Mutex<Sets>,
}

#[derive(Default)]
struct Sets {
    waiting: BTreeSet<i64>,
    /// Series that were queued before. If their points are damaged a second repair would not help, either.
    tried: BTreeSet<i64>,
    /// Keys of series whose outlines are missing or damaged.
    outlines: BTreeSet<i64>,
}

impl RepairQueue {
    /// Queues the series that were not repaired before. True if one of them waits for repair.
    pub fn add(&self, series: &[Series]) -> bool {
        let mut sets = self.sets.lock().unwrap_or_else(PoisonError::into_inner);
        for series in series {
            if sets.tried.insert(series.key) {
                sets.waiting.insert(series.key);
            }
        }
        series.iter().any(|series| sets.waiting.contains(&series.key))
    }

    /// Queues series of which outlines are missing or damaged: they are made again after the next commit.
    pub fn add_outlines(&self, keys: impl IntoIterator<Item = i64>) {
        self.sets.lock().unwrap_or_else(PoisonError::into_inner).outlines.extend(keys);
    }

    fn take(&self) -> (BTreeSet<i64>, BTreeSet<i64>) {
        let mut sets = self.sets.lock().unwrap_or_else(PoisonError::into_inner);
        (std::mem::take(&mut sets.waiting), std::mem::take(&mut sets.outlines))
    }
}

/// Rebuilds the nodes of all queued series that have chunks, each in a transaction of its own. Returns whether outlines are to be made.
pub async fn repair_queued(
    connection: &mut SqliteConnection,
    queue: &RepairQueue,
    compaction: &mut CompactionState,
    index: &RwLock<Index>,
) -> bool {
    let (nodes, outlines) = queue.take();
    for key in &outlines {
        crate::server::store::write(index).forget_outline(*key);
    }
    for key in nodes {
        let sealed = crate::server::store::read(index).series_by_key(key).map_or(0, |(_, series)| series.sealed);
        if sealed == 0 {
            continue;
        }
        let rebuilt = async {
            sqlx::query("BEGIN IMMEDIATE").execute(&mut *connection).await?;
            let pyramid = rebuild(connection, key, sealed).await?;
            let state = compaction.state.next_commit();
            state.replace(&compaction.state, connection).await?;
            sqlx::query("COMMIT").execute(&mut *connection).await?;
            compaction.state = state;
            Ok(pyramid)
        };
        let rebuilt: sqlx::Result<Pyramid> = rebuilt.await;
        match rebuilt {
            Ok(pyramid) => {
                tracing::warn!("nodes of a series (key {key}) were damaged and were rebuilt from its {sealed} points");
                compaction.put_pyramid(key, pyramid);
            }
            Err(why) => {
                let _ = sqlx::query("ROLLBACK").execute(&mut *connection).await;
                tracing::error!("nodes of a series (key {key}) are damaged and could not be rebuilt: {why}");
            }
        }
    }
    !outlines.is_empty()
}
