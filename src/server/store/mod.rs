//! The database: one SQLite file per data folder. One writer with group commit, read-only connections for readers, and an index of the
//! committed state in memory. No other module uses SQL.

mod board_removal;
mod board_row;
mod created_orders;
mod durability;
mod error;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzz_targets;
mod idempotency;
mod index;
mod integrity;
mod keyed_list;
mod maintenance;
mod open;
mod reader;
mod record;
mod run_record;
mod series;
mod stats;
#[cfg(test)]
mod test_store;
#[cfg(test)]
mod tests;
mod writer;

use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{SystemTime, UNIX_EPOCH};

use futures::FutureExt;
use sqlx::SqlitePool;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::JoinHandle;

use super::limits::{MAX_QUEUED_BYTES, MAX_QUEUED_JOBS};

pub use super::data_dir::database_path;
pub use board_removal::{BoardRemoval, REMOVED};
pub use board_row::BoardDocument;
pub use durability::Durability;
pub use error::StoreError;
pub use idempotency::{IdempotencyKey, ReplyLookup, StoredReply};
pub use index::runs::RunTotals;
pub use index::{BoardIndex, Index};
pub use maintenance::backup::{CopyError, backup, restore};
pub use maintenance::check::{CheckReport, check};
pub use open::StoreOptions;
pub use open::error::OpenError;
pub use reader::columns::{SmoothingWeights, TimeOrigin};
pub use reader::groups::{CurveWindow, MemberMetric, MemberSeries};
pub use reader::joined::{AlongMetric, Meeting, cells_of_metric, series_of_metric};
pub use reader::points::PointsPage;
pub use record::{DAMAGED, Record, StoredValue, timestamp};
pub use run_record::{RUN_COLOURS, RunRecord};
pub use series::append_event::{AppendEvent, AppendedCell, AppendedSeries};
pub use series::delta::NewPoints;
pub use series::outlines::OutlineParts;
pub use series::{CellSeries, Series, json_number};
pub use stats::StoreStats;
pub use writer::Publish;
pub use writer::batch::Batch;
pub use writer::change::{CellChange, Change, ChangeKind, RunsChange};

pub struct Store {
    index: Arc<RwLock<Index>>,
    /// `None` after [`Self::close`].
    queue: RwLock<Option<mpsc::Sender<writer::QueuedJob>>>,
    /// The bytes that may still be queued.
    queue_bytes: Arc<Semaphore>,
    readers: SqlitePool,
    cache: reader::block_cache::Cache,
    epoch: String,
    stats: Arc<StoreStats>,
    file_watch: Arc<integrity::file_watch::FileWatch>,
    repair_queue: Arc<writer::repair::RepairQueue>,
    writer: Mutex<Option<JoinHandle<()>>>,
    quick_check: Mutex<Option<integrity::quick_check::QuickCheck>>,
    lock: open::lock::FolderLock,
}

impl Store {
    /// Opens or creates the database in `folder`. `publish` is called after every commit.
    pub async fn open(folder: &Path, start: StoreOptions, publish: Publish) -> Result<Self, OpenError> {
        let mut store = Self::begin(open::open(folder, start).await?, publish);
        store.quick_check = Mutex::new(Some(integrity::quick_check::spawn_quick_check(database_path(folder), store.stats.clone())));
        Ok(store)
    }

    fn begin(opened: open::OpenedStore, publish: Publish) -> Self {
        let open::OpenedStore { connection, readers, epoch, index, compaction, lock, reserve, file_watch, commit_counter } = opened;
        let index = Arc::new(RwLock::new(index));
        let (stats, repair_queue) = (Arc::new(StoreStats::default()), Arc::new(writer::repair::RepairQueue::default()));
        if !reserve.is_filled() {
            stats.record_disk_full();
        }
        let (queue, waiting) = mpsc::channel(MAX_QUEUED_JOBS);
        let writer = writer::Writer {
            connection,
            index: index.clone(),
            queue: waiting,
            publish,
            compaction,
            stats: stats.clone(),
            repair_queue: repair_queue.clone(),
            checkpoints: writer::checkpoint::Checkpoints::default(),
            reserve,
            file_watch: file_watch.clone(),
            commit_counter,
            needs_cleanup: true,
            vacuuming: false,
            curve_job: None,
            curves_first: false,
            next: None,
        };
        Self {
            index,
            queue: RwLock::new(Some(queue)),
            queue_bytes: Arc::new(Semaphore::new(MAX_QUEUED_BYTES)),
            readers,
            cache: reader::block_cache::Cache::default(),
            epoch,
            file_watch,
            repair_queue,
            writer: Mutex::new(Some(tokio::spawn(supervised(writer, stats.clone())))),
            stats,
            quick_check: Mutex::default(),
            lock,
        }
    }

    /// Changes if commits may have been lost: event numbers of different epochs cannot be compared.
    pub fn epoch(&self) -> &str {
        &self.epoch
    }

    pub fn stats(&self) -> &StoreStats {
        &self.stats
    }

    /// Errors: the store takes no changes, and why.
    pub fn ready(&self) -> Result<(), StoreError> {
        if self.stats.failed().is_none()
            && let Err(why) = self.file_watch.check()
        {
            tracing::error!("no more changes are taken: {why}");
            self.stats.fail(&why.to_string());
        }
        match self.stats.failed() {
            Some(why) => Err(StoreError::Failed(why.into())),
            None => match &*read(&self.queue) {
                None => Err(StoreError::Closed),
                Some(queue) if queue.is_closed() => Err(writer_panicked()),
                Some(_) => Ok(()),
            },
        }
    }

    /// Number of operations in the queue, and their estimated bytes.
    pub fn queued(&self) -> (usize, usize) {
        let operations = read(&self.queue).as_ref().map_or(0, |queue| queue.max_capacity() - queue.capacity());
        (operations, MAX_QUEUED_BYTES - self.queue_bytes.available_permits())
    }

    /// The committed state. Hold the guard shortly: the writer waits for it.
    pub fn index(&self) -> RwLockReadGuard<'_, Index> {
        read(&self.index)
    }

    /// Runs `operation` in the writer. After `Ok` its changes are on disk; after `Err` it has changed nothing.
    ///
    /// `bytes` is an estimate of what it writes. The operation is also done if the caller drops the future.
    pub async fn write<T, E, F>(&self, bytes: usize, operation: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&mut Batch) -> Result<T, E> + Send + 'static,
    {
        self.enqueue(bytes, false, operation).await
    }

    /// As [`Self::write`], for an operation that only deletes: it succeeds on a full disk, too.
    pub async fn delete<T, E, F>(&self, operation: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&mut Batch) -> Result<T, E> + Send + 'static,
    {
        self.enqueue(1, true, operation).await
    }

    /// Purges all tombstones and returns their number. Their space is returned to the file system afterwards, step by step.
    pub async fn purge(&self) -> Result<usize, StoreError> {
        let mut purged = 0;
        loop {
            match self.delete(|batch| Ok::<_, StoreError>(batch.purge(index::tombstones::MAX_PURGED_PER_COMMIT))).await? {
                0 => return Ok(purged),
                some => purged += some,
            }
        }
    }

    async fn enqueue<T, E, F>(&self, bytes: usize, frees_space: bool, operation: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&mut Batch) -> Result<T, E> + Send + 'static,
    {
        let permits = u32::try_from(bytes.clamp(1, MAX_QUEUED_BYTES)).unwrap_or(u32::MAX);
        let permit = self.queue_bytes.clone().try_acquire_many_owned(permits).map_err(|_| StoreError::Busy)?;
        let (reply, answer) = oneshot::channel();
        let job = Box::new(writer::QueuedOperation { operation: Some(operation), result: None, reply });
        let waiting = writer::QueuedJob { job, bytes, frees_space, _permit: permit };
        let queue = read(&self.queue).clone().ok_or(StoreError::Closed)?;
        queue.try_send(waiting).map_err(|full| match full {
            mpsc::error::TrySendError::Full(_) => StoreError::Busy,
            mpsc::error::TrySendError::Closed(_) => writer_panicked(),
        })?;
        answer.await.unwrap_or_else(|_| Err(writer_panicked().into()))
    }

    /// Takes no more changes, waits until the queued ones are on disk, and records a clean shutdown.
    pub async fn close(&self) {
        write(&self.queue).take();
        let quick_check = self.quick_check.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(quick_check) = quick_check {
            quick_check.cancel().await;
        }
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = writer {
            let _ = writer.await;
            self.readers.close().await;
            // After a failure nothing more is written: the file may belong to another process now.
            if self.stats.failed().is_none() {
                self.lock.mark_clean_shutdown().await;
            }
        }
    }
}

/// Runs the writer to its end. A panic of the writer is a failure of the database: it is unknown what of the last commit is on disk.
async fn supervised(writer: writer::Writer, stats: Arc<StoreStats>) {
    if AssertUnwindSafe(writer.run()).catch_unwind().await.is_err() {
        tracing::error!("{WRITER_PANICKED}; no more changes are taken");
        stats.fail(WRITER_PANICKED);
    }
}

const WRITER_PANICKED: &str = "the writer ended by a panic";

/// The queue is closed although the store is not: before a regular end the writer responds to every job.
fn writer_panicked() -> StoreError {
    StoreError::Failed(WRITER_PANICKED.into())
}

/// Poisoning is ignored: the index is updated one cell at a time, so that a panic leaves no cell half changed.
fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}

pub fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}
