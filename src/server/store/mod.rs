//! Everything on disk, and the only place with SQL: one writer with group commit, read-only readers, an index in memory.

mod data_dir;
mod disk_reserve;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzz_targets;
mod idempotency;
mod index;
mod integrity;
pub mod maintenance;
mod open;
mod series;
mod stats;
#[cfg(test)]
mod test_store;
#[cfg(test)]
mod tests;
mod writer;

use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures::FutureExt;
use sqlx::SqlitePool;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::JoinHandle;

pub use data_dir::{give, open_lock_file};
pub use disk_reserve::release_some;
pub use idempotency::{IdempotencyKey, ReplyLookup, StoredReply};
pub use index::Index;
pub use index::record::{DAMAGED, Record, StoredValue, timestamp};
pub use index::tombstones::PER_BOARD;
pub use maintenance::backup::{CopyError, backup, restore};
pub use maintenance::check::{CheckReport, check, database_path};
pub use open::load_cells::DAMAGED_VALUE;
pub use open::{Durability, OpenError, StoreOptions, reason};
pub use series::append::NewPoints;
#[cfg(test)]
pub use series::append_event::AppendedSeries;
pub use series::append_event::{AppendEvent, AppendedCell};
pub use series::number;
pub use series::read::SmoothingWeights;
pub use stats::StoreStats;
pub use writer::Publish;
pub use writer::batch::{Batch, CellChange, Change, ChangeKind};

use super::error::ServerError;
use crate::protocol::CellId;

/// How often a value is read again that changes while it is read.
const READ_TRIES: u32 = 100;

pub struct Store {
    index: Arc<RwLock<Index>>,
    queue: RwLock<Option<mpsc::Sender<writer::QueuedJob>>>,
    room: Arc<Semaphore>,
    readers: SqlitePool,
    cache: series::read::Cache,
    epoch: String,
    stats: Arc<StoreStats>,
    watch: Arc<integrity::file_watch::FileWatch>,
    repair_queue: Arc<series::repair::RepairQueue>,
    writer: std::sync::Mutex<Option<JoinHandle<()>>>,
    look: std::sync::Mutex<Option<integrity::quick_check::Look>>,
    /// Held for as long as this process uses the folder.
    lock: open::Lock,
}

impl Store {
    /// Opens or creates the database in `folder`; `publish` hears of every commit.
    pub async fn open(folder: &Path, start: StoreOptions, publish: Publish) -> Result<Self, OpenError> {
        let mut store = Self::begin(open::open(folder, start).await?, publish);
        store.look = std::sync::Mutex::new(Some(integrity::quick_check::spawn_quick_check(
            maintenance::check::database_path(folder),
            store.stats.clone(),
        )));
        Ok(store)
    }

    fn begin(opened: open::OpenedStore, publish: Publish) -> Self {
        let open::OpenedStore { connection, readers, epoch, index, compaction, lock, reserve, watch, mark } = opened;
        let index = Arc::new(RwLock::new(index));
        let (stats, repair_queue) = (Arc::new(StoreStats::default()), Arc::new(series::repair::RepairQueue::default()));
        if !reserve.is_whole() {
            stats.record_disk_full();
        }
        let (queue, waiting) = mpsc::channel(writer::MAX_QUEUED_JOBS);
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
            watch: watch.clone(),
            mark,
            needs_cleanup: true,
            vacuuming: false,
            next: None,
        };
        Self {
            index,
            queue: RwLock::new(Some(queue)),
            room: Arc::new(Semaphore::new(writer::MAX_QUEUED_BYTES)),
            readers,
            cache: series::read::Cache::default(),
            epoch,
            watch,
            repair_queue,
            writer: std::sync::Mutex::new(Some(tokio::spawn(supervised(writer, stats.clone())))),
            stats,
            look: std::sync::Mutex::default(),
            lock,
        }
    }

    /// Changes when the history may have been rolled back: event numbers of different epochs cannot be compared.
    pub fn epoch(&self) -> &str {
        &self.epoch
    }

    pub fn stats(&self) -> &StoreStats {
        &self.stats
    }

    /// Whether changes are taken, and if not, why.
    pub fn ready(&self) -> Result<(), ServerError> {
        if self.stats.failed().is_none()
            && let Err(why) = self.watch.look()
        {
            tracing::error!("no more changes are taken: {why}");
            self.stats.fail(&why);
        }
        match self.stats.failed() {
            Some(why) => Err(ServerError::Broken(why.to_owned())),
            None => match &*read(&self.queue) {
                None => Err(ServerError::Stopped),
                Some(queue) if queue.is_closed() => Err(ended()),
                Some(_) => Ok(()),
            },
        }
    }

    /// How many operations wait for the disk, and about how many bytes they have.
    pub fn waiting(&self) -> (usize, usize) {
        let operations = read(&self.queue).as_ref().map_or(0, |queue| queue.max_capacity() - queue.capacity());
        (operations, writer::MAX_QUEUED_BYTES - self.room.available_permits())
    }

    /// What is committed. Hold it shortly: the writer waits.
    pub fn index(&self) -> RwLockReadGuard<'_, Index> {
        read(&self.index)
    }

    /// Runs `operation` in the writer. `Ok` means that its changes are on disk; on `Err` nothing has changed.
    ///
    /// `bytes` is about how much it will write. It goes on when the caller goes away.
    pub async fn write<T, F>(&self, bytes: usize, operation: F) -> Result<T, ServerError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Batch) -> Result<T, ServerError> + Send + 'static,
    {
        self.enqueue(bytes, false, operation).await
    }

    /// As [`Self::write`], for an operation that only removes: it is done on a full disk too.
    pub async fn free<T, F>(&self, operation: F) -> Result<T, ServerError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Batch) -> Result<T, ServerError> + Send + 'static,
    {
        self.enqueue(1, true, operation).await
    }

    /// Forgets all removed cells for good, and answers how many those were. Their space is given back afterwards, step by step.
    pub async fn purge(&self) -> Result<usize, ServerError> {
        let mut purged = 0;
        loop {
            match self.free(|batch| Ok(batch.purge(index::tombstones::PURGED_PER_COMMIT))).await? {
                0 => return Ok(purged),
                some => purged += some,
            }
        }
    }

    async fn enqueue<T, F>(&self, bytes: usize, frees_space: bool, operation: F) -> Result<T, ServerError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Batch) -> Result<T, ServerError> + Send + 'static,
    {
        let permits = u32::try_from(bytes.clamp(1, writer::MAX_QUEUED_BYTES)).unwrap_or(u32::MAX);
        let room = self.room.clone().try_acquire_many_owned(permits).map_err(|_| ServerError::Busy)?;
        let (reply, answer) = oneshot::channel();
        let job = Box::new(writer::Call { operation: Some(operation), result: None, reply });
        let waiting = writer::QueuedJob { job, bytes, frees_space, _room: room };
        let queue = read(&self.queue).clone().ok_or(ServerError::Stopped)?;
        queue.try_send(waiting).map_err(|full| match full {
            mpsc::error::TrySendError::Full(_) => ServerError::Busy,
            mpsc::error::TrySendError::Closed(_) => ended(),
        })?;
        answer.await.unwrap_or_else(|_| Err(ended()))
    }

    /// The value of a committed cell as JSON text, with the record that it belongs to; `None` when the cell is gone.
    pub async fn read(&self, id: &CellId) -> Result<Option<(Arc<Record>, Option<Arc<str>>)>, ServerError> {
        self.read_of(id, |index| index.cell(id).cloned()).await
    }

    /// A removed cell that can be brought back, with its value; a line's points stay where they are.
    pub async fn read_removed(&self, id: &CellId) -> Result<Option<(Arc<Record>, Option<Arc<str>>)>, ServerError> {
        self.read_of(id, |index| index.tombstone(id).cloned()).await
    }

    async fn read_of(
        &self,
        id: &CellId,
        find: impl Fn(&Index) -> Option<Arc<Record>>,
    ) -> Result<Option<(Arc<Record>, Option<Arc<str>>)>, ServerError> {
        let mut waited_for = None;
        for _ in 0..READ_TRIES {
            let Some(record) = find(&self.index()) else { return Ok(None) };
            if record.is_line() || !matches!(record.value, StoredValue::Stored(_)) {
                let value = self.value(&record).await?;
                return Ok(Some((record, value)));
            }
            if let Some((version, value)) = self.stored(id).await?
                && version == record.version
            {
                return Ok(Some((record, Some(value))));
            }
            waited_for = Some(record.version);
            // The disk is ahead of the index for the moment between a commit and its publication.
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        match find(&self.index()) {
            Some(record) if waited_for == Some(record.version) => Err(missing(id)),
            _ => Err(ServerError::Busy),
        }
    }

    /// The value as JSON text: the record's own, or, when that is only on disk, the newest there. `None` also where the cell is gone for good.
    pub async fn value(&self, record: &Record) -> Result<Option<Arc<str>>, ServerError> {
        match &record.value {
            _ if record.is_line() => return Ok(Some(series::summary(self.index().series(&record.id)).into())),
            StoredValue::Missing => return Ok(None),
            StoredValue::Inline(json) => return Ok(Some(json.clone())),
            StoredValue::Stored(_) => {}
        }
        for _ in 0..READ_TRIES {
            if let Some((version, value)) = self.stored(&record.id).await?
                && version >= record.version
            {
                return Ok(Some(value));
            }
            let is_there = {
                let index = self.index();
                let known = index.cell(&record.id).or(index.tombstone(&record.id));
                known.is_some_and(|known| matches!(known.value, StoredValue::Stored(_) | StoredValue::Inline(_)))
            };
            if !is_there {
                return Ok(None);
            }
            // It may come, go or be replaced at this moment.
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Err(missing(&record.id))
    }

    /// As [`Self::value`], for one among many: where the value is damaged, the record says so, and the others are told as they are.
    pub async fn value_or_damaged(&self, record: &Arc<Record>) -> Result<(Arc<Record>, Option<Arc<str>>), ServerError> {
        let value = self.value(record).await;
        self.or_damaged(record, value.map(|value| (record.clone(), value)))
    }

    /// What was read of a record, or that it is damaged.
    pub fn or_damaged<T>(
        &self,
        record: &Arc<Record>,
        read: Result<(Arc<Record>, Option<T>), ServerError>,
    ) -> Result<(Arc<Record>, Option<T>), ServerError> {
        match read {
            Err(problem @ ServerError::Damaged(_)) => {
                problem.log();
                self.stats.record_damage();
                Ok((Arc::new(record.damaged()), None))
            }
            read => read,
        }
    }

    async fn stored(&self, id: &CellId) -> Result<Option<(u64, Arc<str>)>, ServerError> {
        let select = sqlx::query_as::<_, (i64, Vec<u8>, i64)>(open::load_cells::SELECT_VALUE).bind(id.as_str());
        let Some((version, json, sum)) = select.fetch_optional(&self.readers).await.map_err(ServerError::from_read)? else {
            return Ok(None);
        };
        let json = open::load_cells::sound_value(id, version, json, sum).map_err(|why| ServerError::Damaged(reason(&why)))?;
        Ok(Some((version as u64, Arc::from(json))))
    }

    /// Takes no more changes, waits until those accepted are on disk, and notes that the end was a good one.
    pub async fn close(&self) {
        write(&self.queue).take();
        let look = self.look.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(look) = look {
            look.end().await;
        }
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = writer {
            let _ = writer.await;
            self.readers.close().await;
            // After a failure nothing more is written: not to a file that may be another one's.
            if self.stats.failed().is_none() {
                self.lock.mark_clean_shutdown().await;
            }
        }
    }
}

/// Runs the writer to its end. A panic in it is as a database that failed: nobody knows what of the last commit is on disk.
async fn supervised(writer: writer::Writer, stats: Arc<StoreStats>) {
    if AssertUnwindSafe(writer.run()).catch_unwind().await.is_err() {
        let ServerError::Broken(why) = ended() else { return };
        tracing::error!("{why}; no more changes are taken");
        stats.fail(&why);
    }
}

/// A writer that was not asked to end has panicked: it answers everything before it ends.
fn ended() -> ServerError {
    ServerError::Broken("the writer ended by a panic".to_owned())
}

fn missing(id: &CellId) -> ServerError {
    ServerError::Damaged(format!("the value of the cell '{id}' is missing, or another one's"))
}

/// A panic while the lock was held cannot leave the index half-changed in a way that matters: it is replaced cell by cell.
fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}

pub fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}
