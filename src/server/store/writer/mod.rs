//! The only writer of the database: takes waiting operations from the queue, runs them in memory, commits their changes together, applies
//! them to the index and publishes them (group commit).

mod append;
pub mod batch;
pub mod batch_outcome;
mod board_purge;
mod cell_purge;
pub mod change;
pub mod checkpoint;
pub mod compaction;
mod curves;
mod disk_full;
mod heartbeats;
mod pyramid_rows;
pub mod repair;
mod rows;
mod run_purge;
mod run_values;
mod runs;
mod statements;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use sqlx::{Connection, SqliteConnection};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::error::StoreError;
use super::index::Index;
use super::integrity::commit_counter::CommitCounter;
use super::integrity::file_watch::FileWatch;
use super::stats::StoreStats;
use super::{now_ms, read, write};
use crate::server::data_dir::disk_reserve::DiskReserve;
use crate::server::limits::{DISK_FULL_RECHECK_INTERVAL, MAX_BATCH_BYTES, MAX_BATCH_JOBS};
use batch::Batch;
use batch_outcome::BatchOutcome;
use change::Change;
use checkpoint::Checkpoints;
use compaction::{CompactionState, PendingState, SeriesTail};
use curves::CurveJob;
use repair::{RepairQueue, repair_queued};
use rows::{ReplacedRows, write_cells, write_replies};

/// Pause between two steps of cleanup while the queue is empty.
const CLEANUP_PAUSE: Duration = Duration::from_millis(5);
/// Pause before a checkpoint is continued for which readers were in the way.
const CHECKPOINT_PAUSE: Duration = Duration::from_millis(250);
/// Pause between two searches for series without new points.
const QUIET_SERIES_INTERVAL: Duration = Duration::from_secs(5);
/// While the queue is never empty: commits per step of cleanup.
const COMMITS_PER_CLEANUP: u64 = 64;

/// Called after each commit with its changes, in order.
pub type Publish = Box<dyn Fn(Vec<Change>) + Send>;

/// An operation that waits for the writer.
pub(crate) trait Job: Send {
    /// Runs on the batch; true if accepted.
    fn run(&mut self, batch: &mut Batch) -> bool;
    /// Sends the result. `durable` is the result of the commit.
    fn respond(self: Box<Self>, durable: Result<(), StoreError>);
}

pub(crate) struct QueuedOperation<F, T, E> {
    pub operation: Option<F>,
    pub result: Option<Result<T, E>>,
    pub reply: oneshot::Sender<Result<T, E>>,
}

impl<F, T, E> Job for QueuedOperation<F, T, E>
where
    F: FnOnce(&mut Batch) -> Result<T, E> + Send,
    T: Send,
    E: From<StoreError> + Send,
{
    fn run(&mut self, batch: &mut Batch) -> bool {
        // A panic of one operation must not end the writer: its changes are dropped as those of a refused operation.
        let mut guarded = |operation: F| catch_unwind(AssertUnwindSafe(|| operation(batch)));
        let panicked = || StoreError::RolledBack("an operation panicked".into()).into();
        self.result = self.operation.take().map(|operation| guarded(operation).unwrap_or_else(|_| Err(panicked())));
        matches!(self.result, Some(Ok(_)))
    }

    fn respond(self: Box<Self>, durable: Result<(), StoreError>) {
        let result = self.result.unwrap_or(Err(StoreError::Closed.into()));
        // A refusal is final; an accepted operation succeeds only if its commit does. The receiver may be dropped.
        let _ = self.reply.send(result.and_then(|value| Ok(durable.map(|()| value)?)));
    }
}

pub(crate) struct QueuedJob {
    pub job: Box<dyn Job>,
    pub bytes: usize,
    /// It only deletes. On a full disk such operations get commits of their own, with the space of the disk reserve.
    pub frees_space: bool,
    /// Part of the queue's limit of bytes, until the job is done.
    pub _permit: tokio::sync::OwnedSemaphorePermit,
}

pub(crate) struct Writer {
    pub connection: SqliteConnection,
    pub index: Arc<RwLock<Index>>,
    pub queue: mpsc::Receiver<QueuedJob>,
    pub publish: Publish,
    pub compaction: CompactionState,
    pub stats: Arc<StoreStats>,
    pub repair_queue: Arc<RepairQueue>,
    pub checkpoints: Checkpoints,
    pub reserve: DiskReserve,
    pub file_watch: Arc<FileWatch>,
    pub commit_counter: CommitCounter,
    /// Whether there may be rows of deleted series, or free pages to return to the file system.
    pub needs_cleanup: bool,
    /// Free pages are being returned.
    pub vacuuming: bool,
    pub curve_job: Option<CurveJob>,
    /// Whether the next step of cleanup makes summaries and outlines before it frees space.
    pub curves_first: bool,
    /// Already taken from the queue, for the next commit.
    pub next: Option<QueuedJob>,
}

impl Writer {
    /// Runs until the queue is closed and empty.
    pub async fn run(mut self) {
        let mut commits = 0_u64;
        while let Some(first) = self.next().await {
            let (mut bytes, mut frees_space) = (first.bytes, first.frees_space);
            let mut jobs = vec![first];
            while jobs.len() < MAX_BATCH_JOBS && bytes < MAX_BATCH_BYTES {
                let Ok(next) = self.queue.try_recv() else { break };
                if next.frees_space != frees_space && self.stats.is_disk_full() {
                    self.next = Some(next);
                    break;
                }
                frees_space &= next.frees_space;
                bytes += next.bytes;
                jobs.push(next);
            }
            if self.stats.failed().is_none() {
                self.needs_cleanup |= repair_queued(&mut self.connection, &self.repair_queue, &mut self.compaction, &self.index).await;
            }
            let (mut outcome, tails_due) = {
                let index = read(&self.index);
                let mut batch = Batch::new(&index, now_ms(), self.compaction.last_version);
                for waiting in &mut jobs {
                    let accepted = waiting.job.run(&mut batch);
                    batch.end(accepted);
                }
                // Also if this commit fails: numbers are never reused.
                self.compaction.last_version = batch.version_counter;
                let mut key = self.compaction.last_series_key;
                let outcome = batch.finish(&mut key);
                self.compaction.last_series_key = key;
                (outcome, self.compaction.tails_due(&index))
            };
            let durable = match self.stats.failed() {
                Some(why) => Err(StoreError::Failed(why.into())),
                None if outcome.is_empty() => Ok(()),
                None => {
                    let started = Instant::now();
                    let committed = match self.persist(tails_due, &mut outcome).await.map_err(StoreError::from_write) {
                        Err(StoreError::DiskFull) => self.retry_commit(&mut outcome, frees_space).await,
                        committed => committed,
                    };
                    self.stats.observe_commit(started.elapsed());
                    committed
                }
            };
            let wrote = durable.is_ok() && !outcome.is_empty();
            match &durable {
                Ok(()) => {
                    outcome.apply(&mut write(&self.index));
                    (self.publish)(std::mem::take(&mut outcome.changes));
                }
                Err(error) => self.record_failure(error, "a commit was rolled back"),
            }
            self.stats.commit(jobs.len(), durable.is_ok());
            for QueuedJob { job, .. } in jobs {
                job.respond(durable.clone());
            }
            if self.stats.failed().is_none() {
                self.needs_cleanup |= wrote;
                if wrote && self.reserve.is_filled() {
                    self.stats.record_room();
                }
                let moved = self.checkpoints.after(&mut self.connection, bytes).await;
                self.check_checkpoint(moved);
            }
            commits += 1;
            if commits.is_multiple_of(COMMITS_PER_CLEANUP) {
                self.clean_up().await;
            }
        }
        let _ = self.connection.close().await;
    }

    /// The next job of the queue. While the queue is empty, rows of deleted series are deleted and free pages returned.
    async fn next(&mut self) -> Option<QueuedJob> {
        if let Some(next) = self.next.take() {
            return Some(next);
        }
        while self.stats.failed().is_none() {
            let pause = match () {
                () if self.needs_cleanup => CLEANUP_PAUSE,
                () if !self.reserve.is_filled() => DISK_FULL_RECHECK_INTERVAL,
                () if self.checkpoints.is_behind() => CHECKPOINT_PAUSE,
                () if !read(&self.index).curves().is_empty() => QUIET_SERIES_INTERVAL,
                () => break,
            };
            match timeout(pause, self.queue.recv()).await {
                Ok(next) => return next,
                Err(_) if self.needs_cleanup => self.needs_cleanup = self.clean_up().await,
                Err(_) if !self.reserve.is_filled() => self.refill_reserve().await,
                Err(_) if self.checkpoints.is_behind() => {
                    self.catch_up().await;
                    // A reader that is in the way for long does not stop the outlines of quiet runs.
                    self.needs_cleanup = !read(&self.index).curves().is_empty();
                }
                Err(_) => self.needs_cleanup = true,
            }
        }
        self.queue.recv().await
    }

    /// Commits all changes, or none.
    pub(crate) async fn persist(&mut self, tails_due: Vec<SeriesTail>, outcome: &mut BatchOutcome) -> sqlx::Result<()> {
        // Not a transaction of sqlx: SQLite rolls back by itself on a full disk, which sqlx would not notice.
        sqlx::query("BEGIN IMMEDIATE").execute(&mut self.connection).await?;
        match self.write(tails_due, outcome).await {
            Ok(pending) => {
                self.compaction.apply(pending);
                self.committed()
            }
            Err(why) => {
                // This fails if SQLite has rolled back already.
                let _ = sqlx::query("ROLLBACK").execute(&mut self.connection).await;
                Err(why)
            }
        }
    }

    /// Called after a COMMIT. Errors: a file of the data folder was removed or replaced.
    pub(crate) fn committed(&mut self) -> sqlx::Result<()> {
        self.file_watch.check().map_err(|why| sqlx::Error::Configuration(why.into()))?;
        self.commit_counter.record(&self.compaction.state);
        Ok(())
    }

    async fn write(&mut self, tails_due: Vec<SeriesTail>, outcome: &mut BatchOutcome) -> sqlx::Result<PendingState> {
        let mut pending = self.compaction.begin_commit();
        let replaced = ReplacedRows::of(outcome, &read(&self.index));
        let connection = &mut self.connection;
        write_cells(connection, outcome, &replaced, &mut pending.state.row_counts).await?;
        compaction::write_series(connection, &mut self.compaction, tails_due, outcome, &mut pending).await?;
        write_replies(connection, outcome, &mut pending.state.row_counts).await?;
        pending.state.replace(&self.compaction.state, connection).await?;
        sqlx::query("COMMIT").execute(connection).await?;
        Ok(pending)
    }
}
