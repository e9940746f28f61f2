//! The writer on a full disk: a refused commit is retried, deletions with the space of the disk reserve, and others after tombstones are
//! purged. Also the cleanup of deleted series and free pages.

use super::Writer;
use super::batch::Batch;
use super::batch_outcome::BatchOutcome;
use super::compaction::{PendingState, SWEEP_SERIES, sweep};
use crate::server::store::error::StoreError;
use crate::server::store::{now_ms, read, write};

/// Estimated bytes that one step of cleanup writes: mostly outlines and tails.
const CLEANUP_BYTES: usize = 256 << 10;
/// Steps of cleanup that a commit on a full disk waits for; the rest is done between commits.
const MAX_SWEEPS_AT_ONCE: usize = 64;
/// Free pages of 4 KiB are returned to the file system once there are more than this and than a quarter of the file…
const VACUUM_START_PAGES: i64 = 256;
/// … until this number is left.
const VACUUM_STOP_PAGES: i64 = 64;
/// Pages returned by one commit.
const VACUUM_PAGES: u32 = 256;

enum CleanupStep {
    /// Delete some rows of the deleted series.
    Sweep,
    /// Return some free pages to the file system.
    Vacuum,
}

impl Writer {
    /// Retries a commit that was rolled back on a full disk: a deletion with the space of the reserve, others after purging tombstones.
    pub(crate) async fn retry_commit(&mut self, outcome: &mut BatchOutcome, frees_space: bool) -> Result<(), StoreError> {
        if frees_space {
            self.release_reserve().await?;
        } else if !self.reserve.is_filled() {
            self.refill_reserve().await;
        }
        // After a complete checkpoint SQLite writes its log from the beginning again, which needs no space.
        match self.checkpoints.now(&mut self.connection).await.map_err(StoreError::from_write) {
            Ok(()) | Err(StoreError::DiskFull) => {}
            Err(other) => return Err(other),
        }
        let mut done = self.persist(Vec::new(), outcome).await.map_err(StoreError::from_write);
        if frees_space {
            self.refill_reserve().await;
        } else if matches!(done, Err(StoreError::DiskFull)) && self.purge_deleted(outcome).await? {
            done = self.persist(Vec::new(), outcome).await.map_err(StoreError::from_write);
        }
        if matches!(done, Err(StoreError::DiskFull)) || frees_space {
            self.stats.record_disk_full();
        }
        done
    }

    /// Purges all tombstones that `outcome` does not need, so that their pages are free. False if there are none.
    async fn purge_deleted(&mut self, outcome: &mut BatchOutcome) -> Result<bool, StoreError> {
        let mut purge = {
            let index = read(&self.index);
            let mut batch = Batch::new(&index, now_ms(), 0);
            batch.purge_tombstones_except(|id| outcome.touches(id));
            batch.purge_runs_except(outcome);
            batch.finish(&mut self.compaction.last_series_key)
        };
        if purge.cells.is_empty() && purge.runs.is_empty() && self.compaction.deleted_series.is_empty() {
            return Ok(false);
        }
        self.release_reserve().await?;
        let done = self.persist(Vec::new(), &mut purge).await.map_err(StoreError::from_write);
        if done.is_ok() {
            outcome.raise_floors(&purge);
            purge.apply(&mut write(&self.index));
            let mut sweeps = 0;
            // Nothing else: the index must stay as `outcome` knows it.
            while sweeps < MAX_SWEEPS_AT_ONCE && !self.compaction.deleted_series.is_empty() && self.clean_up_step(CleanupStep::Sweep).await
            {
                sweeps += 1;
            }
            let moved = self.checkpoints.now(&mut self.connection).await;
            self.check_checkpoint(moved);
        }
        self.refill_reserve().await;
        done.map(|()| true)
    }

    /// Returns the reserved space to the disk, until it is refilled.
    async fn release_reserve(&mut self) -> Result<(), StoreError> {
        let released = self.reserve.release(&mut self.connection).await;
        released.map_err(StoreError::from_write)
    }

    /// Refills the reserve if the disk has space again.
    pub(crate) async fn refill_reserve(&mut self) {
        let was_filled = self.reserve.is_filled();
        if let Err(why) = self.reserve.refill(&mut self.connection).await {
            self.record_failure(&StoreError::from_write(why), "the size of the database could not be limited");
        } else if self.reserve.is_filled() && !was_filled {
            self.stats.clear_disk_full();
        }
    }

    /// One step of purging deleted runs, of deleting rows of deleted series, of returning free pages, or of making summaries and outlines. False if
    /// nothing is left to do, or the step failed.
    pub(crate) async fn clean_up(&mut self) -> bool {
        if self.stats.failed().is_some() {
            return false;
        }
        // By turns: neither waits until all of the other is done.
        self.curves_first = !self.curves_first;
        let is_done = (self.curves_first && self.make_curves().await) || self.free_space().await || self.make_curves().await;
        if is_done {
            let moved = self.checkpoints.after(&mut self.connection, CLEANUP_BYTES).await;
            self.check_checkpoint(moved);
        }
        is_done
    }

    /// Goes on with a checkpoint for which readers were in the way.
    pub(super) async fn catch_up(&mut self) {
        let moved = self.checkpoints.now(&mut self.connection).await;
        self.check_checkpoint(moved);
    }

    async fn free_space(&mut self) -> bool {
        if !self.compaction.deleted_series.is_empty() {
            return self.clean_up_step(CleanupStep::Sweep).await;
        }
        if self.purge_excess().await {
            return true;
        }
        match self.should_vacuum().await {
            Ok(is_due) => is_due && self.clean_up_step(CleanupStep::Vacuum).await,
            Err(why) => {
                tracing::warn!("free pages could not be counted: {why}");
                false
            }
        }
    }

    /// Purges some of the deleted runs and forgets some of the deleted boards that are over a limit, in a commit of its own. False if there
    /// are none, or it failed.
    async fn purge_excess(&mut self) -> bool {
        let mut purge = {
            let index = read(&self.index);
            let mut batch = Batch::new(&index, now_ms(), self.compaction.last_version);
            batch.purge_excess_runs();
            batch.forget_old_boards();
            batch.finish(&mut self.compaction.last_series_key)
        };
        if purge.is_empty() {
            return false;
        }
        let done = self.persist(Vec::new(), &mut purge).await.map_err(StoreError::from_write);
        match &done {
            Ok(()) => purge.apply(&mut write(&self.index)),
            Err(error) => self.record_failure(error, "deleted runs could not be purged now"),
        }
        done.is_ok()
    }

    async fn clean_up_step(&mut self, step: CleanupStep) -> bool {
        let done = self.run_cleanup(step).await;
        match done.map_err(StoreError::from_write) {
            Ok(()) => true,
            Err(error @ StoreError::Failed(_)) => {
                self.record_failure(&error, "");
                false
            }
            Err(error) => {
                tracing::warn!("rows of deleted series could not be deleted now: {error}");
                false
            }
        }
    }

    /// A commit of limited size between those of the queue.
    async fn run_cleanup(&mut self, step: CleanupStep) -> sqlx::Result<()> {
        sqlx::query("BEGIN IMMEDIATE").execute(&mut self.connection).await?;
        match self.cleanup_within(step).await {
            Ok((pending, swept)) => {
                let left = self.compaction.deleted_series.len() - swept;
                self.compaction.deleted_series.truncate(left);
                self.compaction.apply(pending);
                self.committed()
            }
            Err(why) => {
                let _ = sqlx::query("ROLLBACK").execute(&mut self.connection).await;
                Err(why)
            }
        }
    }

    /// Returns how many of the deleted series, from the last one on, have no row left.
    async fn cleanup_within(&mut self, step: CleanupStep) -> sqlx::Result<(PendingState, usize)> {
        let mut pending = self.compaction.begin_commit();
        let swept = match step {
            CleanupStep::Sweep => {
                let series: Vec<i64> = self.compaction.deleted_series.iter().rev().take(SWEEP_SERIES).copied().collect();
                sweep(&mut self.connection, &series, &mut pending.state.row_counts).await?
            }
            CleanupStep::Vacuum => {
                let step = sqlx::AssertSqlSafe(format!("PRAGMA incremental_vacuum({VACUUM_PAGES})"));
                sqlx::query(step).execute(&mut self.connection).await?;
                0
            }
        };
        pending.state.replace(&self.compaction.state, &mut self.connection).await?;
        sqlx::query("COMMIT").execute(&mut self.connection).await?;
        Ok((pending, swept))
    }

    /// Whether enough pages are free to return some to the file system; once begun, until few are left.
    async fn should_vacuum(&mut self) -> sqlx::Result<bool> {
        // Moving pages needs space in SQLite's log.
        if !self.reserve.is_filled() {
            return Ok(false);
        }
        let free: i64 = sqlx::query_scalar("PRAGMA freelist_count").fetch_one(&mut self.connection).await?;
        let all: i64 = sqlx::query_scalar("PRAGMA page_count").fetch_one(&mut self.connection).await?;
        let was = self.vacuuming;
        self.vacuuming = if was { free > VACUUM_STOP_PAGES } else { free > VACUUM_START_PAGES.max(all / 4) };
        if was && !self.vacuuming {
            // The checkpoint shortens the file.
            let moved = self.checkpoints.now(&mut self.connection).await;
            self.check_checkpoint(moved);
        }
        Ok(self.vacuuming)
    }

    /// Handles the result of a checkpoint: on a full disk it is done later; after a failed flush no more changes are taken.
    pub(crate) fn check_checkpoint(&self, checkpoint: sqlx::Result<()>) {
        if let Err(error) = checkpoint.map_err(StoreError::from_write) {
            self.record_failure(&error, "the database file could not be brought up to date now");
        }
    }

    /// Logs an error. After a failed flush the content of the disk is unknown: the store then takes no more changes until a restart.
    pub(crate) fn record_failure(&self, error: &StoreError, what: &str) {
        match error {
            StoreError::Failed(why) if self.stats.failed().is_none() => {
                tracing::error!("the database failed, no more changes are taken: {why}");
                self.stats.fail(why);
            }
            error => tracing::warn!("{what}: {error}"),
        }
    }
}
