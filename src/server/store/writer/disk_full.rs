//! The writer on a full disk: a refused commit is tried once more, removals with the ballast's room, and what was removed makes room at once.

use super::Writer;
use super::batch::{Batch, BatchOutcome};
use super::checkpoint;
use crate::server::error::ServerError;
use crate::server::store::series::compaction;
use crate::server::store::{now_ms, read, write};

/// About what a deletion of old points writes.
const SWEPT_BYTES: usize = 64 << 10;
/// Deletions of old points that others wait for; what is left then goes in between.
const SWEEPS_AT_ONCE: usize = 64;
/// Free pages of 4 KiB from which on they are given back, where they are also a quarter of the file; then until few are left.
const MUCH_FREE: i64 = 256;
const FEW_FREE: i64 = 64;
/// Pages given back in one commit.
const VACUUM_PAGES: u32 = 256;

enum CleanupStep {
    /// Some rows of the dead series of this key.
    Sweep(i64),
    Vacuum,
}

impl Writer {
    /// A commit found no room and was undone. Tries once more: a removal with the ballast's room, all else with that of removed cells.
    pub(crate) async fn retry_commit(&mut self, outcome: &mut BatchOutcome, frees_space: bool) -> Result<(), ServerError> {
        if frees_space {
            self.lend().await?;
        } else if !self.reserve.is_whole() {
            self.settle().await;
        }
        // SQLite's log can be written from its beginning again once all of it has been moved: that takes no room.
        match checkpoint::now(&mut self.connection).await.map_err(ServerError::from_write) {
            Ok(()) | Err(ServerError::Full) => {}
            Err(other) => return Err(other),
        }
        let mut done = self.persist(Vec::new(), outcome).await.map_err(ServerError::from_write);
        if frees_space {
            self.settle().await;
        } else if matches!(done, Err(ServerError::Full)) && self.purge_deleted(outcome).await? {
            done = self.persist(Vec::new(), outcome).await.map_err(ServerError::from_write);
        }
        if matches!(done, Err(ServerError::Full)) || frees_space {
            self.stats.record_disk_full();
        }
        done
    }

    /// Keeps nothing that was removed, so that its pages are free; what `outcome` needs of it stays. False where nothing was kept.
    async fn purge_deleted(&mut self, outcome: &mut BatchOutcome) -> Result<bool, ServerError> {
        let mut forgotten = {
            let index = read(&self.index);
            let mut batch = Batch::new(&index, now_ms(), 0);
            batch.purge_tombstones_except(|id| outcome.touches(id));
            batch.finish(&mut self.compaction.key)
        };
        if forgotten.cells.is_empty() && self.compaction.deleted_series.is_empty() {
            return Ok(false);
        }
        self.lend().await?;
        let done = self.persist(Vec::new(), &mut forgotten).await.map_err(ServerError::from_write);
        if done.is_ok() {
            outcome.raise_floors(&forgotten);
            forgotten.apply(&mut write(&self.index));
            let mut sweeps = 0;
            while sweeps < SWEEPS_AT_ONCE && self.sweep().await {
                sweeps += 1;
            }
            let moved = checkpoint::now(&mut self.connection).await;
            self.check_checkpoint(moved);
        }
        self.settle().await;
        done.map(|()| true)
    }

    /// The ballast's room, until it is settled.
    async fn lend(&mut self) -> Result<(), ServerError> {
        let lent = self.reserve.lend(&mut self.connection).await;
        lent.map_err(ServerError::from_write)
    }

    /// Looks whether there is room again.
    pub(crate) async fn settle(&mut self) {
        let was_whole = self.reserve.is_whole();
        if let Err(why) = self.reserve.settle(&mut self.connection).await {
            self.record_failure(&ServerError::from_write(why), "the database could not be bounded");
        } else if self.reserve.is_whole() && !was_whole {
            self.stats.clear_disk_full();
        }
    }

    /// One step of deleting what belongs to nobody, or of giving free pages back. False when there is nothing to do, or it could not be done now.
    pub(crate) async fn sweep(&mut self) -> bool {
        if self.stats.failed().is_some() {
            return false;
        }
        let step = match self.compaction.deleted_series.last().copied() {
            Some(key) => CleanupStep::Sweep(key),
            None => match self.free_pages().await {
                Ok(true) => CleanupStep::Vacuum,
                Ok(false) => return false,
                Err(why) => {
                    tracing::warn!("free pages could not be counted: {why}");
                    return false;
                }
            },
        };
        let done = self.run_cleanup(step).await;
        let moved = self.checkpoints.after(&mut self.connection, SWEPT_BYTES).await;
        self.check_checkpoint(moved);
        match done.map_err(ServerError::from_write) {
            Ok(()) => true,
            Err(problem @ ServerError::Broken(_)) => {
                self.record_failure(&problem, "");
                false
            }
            Err(problem) => {
                tracing::warn!("old points could not be deleted now: {problem}");
                false
            }
        }
    }

    /// A commit of its own beside those of the queue, of bounded size.
    async fn run_cleanup(&mut self, step: CleanupStep) -> sqlx::Result<()> {
        sqlx::query("BEGIN IMMEDIATE").execute(&mut self.connection).await?;
        match self.cleanup_within(step).await {
            Ok((pending, is_gone)) => {
                if is_gone {
                    self.compaction.deleted_series.pop();
                }
                self.compaction.apply(pending);
                self.committed()
            }
            Err(why) => {
                let _ = sqlx::query("ROLLBACK").execute(&mut self.connection).await;
                Err(why)
            }
        }
    }

    async fn cleanup_within(&mut self, step: CleanupStep) -> sqlx::Result<(compaction::PendingState, bool)> {
        let mut pending = self.compaction.stage();
        let is_gone = match step {
            CleanupStep::Sweep(key) => compaction::sweep(&mut self.connection, key, &mut pending.state.row_counts).await?,
            CleanupStep::Vacuum => {
                let step = sqlx::AssertSqlSafe(format!("PRAGMA incremental_vacuum({VACUUM_PAGES})"));
                sqlx::query(step).execute(&mut self.connection).await?;
                false
            }
        };
        pending.state.replace(&self.compaction.state, &mut self.connection).await?;
        sqlx::query("COMMIT").execute(&mut self.connection).await?;
        Ok((pending, is_gone))
    }

    /// Whether so many pages of the file are free that they are given back to the file system; once begun, until few are left.
    async fn free_pages(&mut self) -> sqlx::Result<bool> {
        // A full disk has no room for moving pages.
        if !self.reserve.is_whole() {
            return Ok(false);
        }
        let free: i64 = sqlx::query_scalar("PRAGMA freelist_count").fetch_one(&mut self.connection).await?;
        let all: i64 = sqlx::query_scalar("PRAGMA page_count").fetch_one(&mut self.connection).await?;
        let was = self.vacuuming;
        self.vacuuming = if was { free > FEW_FREE } else { free > MUCH_FREE.max(all / 4) };
        if was && !self.vacuuming {
            // The file becomes shorter with this.
            let moved = checkpoint::now(&mut self.connection).await;
            self.check_checkpoint(moved);
        }
        Ok(self.vacuuming)
    }

    /// A checkpoint that found no room is done later; after a failed flush there is no later.
    pub(crate) fn check_checkpoint(&self, checkpoint: sqlx::Result<()>) {
        if let Err(problem) = checkpoint.map_err(ServerError::from_write) {
            self.record_failure(&problem, "the database file could not be brought up to date now");
        }
    }

    /// After a failed fsync nobody knows what is on disk: no further write until a restart has read it again.
    pub(crate) fn record_failure(&self, problem: &ServerError, what: &str) {
        match problem {
            ServerError::Broken(why) if self.stats.failed().is_none() => {
                tracing::error!("the database failed, no more changes are taken: {why}");
                self.stats.fail(why);
            }
            problem => tracing::warn!("{what}: {problem}"),
        }
    }
}
