//! The writer on a full disk: a refused commit is tried once more, removals with the ballast's room, and what was removed makes room at once.

use super::Writer;
use super::batch::{Batch, Outcome};
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

enum Upkeep {
    /// Some rows of the dead series of this key.
    Sweep(i64),
    Vacuum,
}

impl Writer {
    /// A commit found no room and was undone. Tries once more: a removal with the ballast's room, all else with that of removed cells.
    pub(crate) async fn persist_again(&mut self, outcome: &mut Outcome, frees: bool) -> Result<(), ServerError> {
        if frees {
            self.lend().await?;
        } else if !self.ballast.is_whole() {
            self.settle().await;
        }
        // SQLite's log can be written from its beginning again once all of it has been moved: that takes no room.
        match checkpoint::now(&mut self.connection).await.map_err(ServerError::from_write) {
            Ok(()) | Err(ServerError::Full) => {}
            Err(other) => return Err(other),
        }
        let mut done = self.persist(Vec::new(), outcome).await.map_err(ServerError::from_write);
        if frees {
            self.settle().await;
        } else if matches!(done, Err(ServerError::Full)) && self.make_room(outcome).await? {
            done = self.persist(Vec::new(), outcome).await.map_err(ServerError::from_write);
        }
        if matches!(done, Err(ServerError::Full)) || frees {
            self.tally.short_of_room();
        }
        done
    }

    /// Keeps nothing that was removed, so that its pages are free; what `outcome` needs of it stays. False where nothing was kept.
    async fn make_room(&mut self, outcome: &mut Outcome) -> Result<bool, ServerError> {
        let mut forgotten = {
            let index = read(&self.index);
            let mut batch = Batch::new(&index, now_ms(), 0);
            batch.forget_graves(|id| outcome.touches(id));
            batch.finish(&mut self.ledger.key)
        };
        if forgotten.cells.is_empty() && self.ledger.dying.is_empty() {
            return Ok(false);
        }
        self.lend().await?;
        let done = self.persist(Vec::new(), &mut forgotten).await.map_err(ServerError::from_write);
        if done.is_ok() {
            outcome.heed_floors(&forgotten);
            forgotten.apply(&mut write(&self.index));
            let mut sweeps = 0;
            while sweeps < SWEEPS_AT_ONCE && self.sweep().await {
                sweeps += 1;
            }
            let moved = checkpoint::now(&mut self.connection).await;
            self.heed(moved);
        }
        self.settle().await;
        done.map(|()| true)
    }

    /// The ballast's room, until it is settled.
    async fn lend(&mut self) -> Result<(), ServerError> {
        let lent = self.ballast.lend(&mut self.connection).await;
        lent.map_err(ServerError::from_write)
    }

    /// Looks whether there is room again.
    pub(crate) async fn settle(&mut self) {
        let was_whole = self.ballast.is_whole();
        if let Err(why) = self.ballast.settle(&mut self.connection).await {
            self.doubt(&ServerError::from_write(why), "the database could not be bounded");
        } else if self.ballast.is_whole() && !was_whole {
            self.tally.has_room();
        }
    }

    /// One step of deleting what belongs to nobody, or of giving free pages back. False when there is nothing to do, or it could not be done now.
    pub(crate) async fn sweep(&mut self) -> bool {
        if self.tally.failed().is_some() {
            return false;
        }
        let step = match self.ledger.dying.last().copied() {
            Some(key) => Upkeep::Sweep(key),
            None => match self.free_pages().await {
                Ok(true) => Upkeep::Vacuum,
                Ok(false) => return false,
                Err(why) => {
                    tracing::warn!("free pages could not be counted: {why}");
                    return false;
                }
            },
        };
        let done = self.upkeep(step).await;
        let moved = self.checkpoints.after(&mut self.connection, SWEPT_BYTES).await;
        self.heed(moved);
        match done.map_err(ServerError::from_write) {
            Ok(()) => true,
            Err(problem @ ServerError::Broken(_)) => {
                self.doubt(&problem, "");
                false
            }
            Err(problem) => {
                tracing::warn!("old points could not be deleted now: {problem}");
                false
            }
        }
    }

    /// A commit of its own beside those of the queue, of bounded size.
    async fn upkeep(&mut self, step: Upkeep) -> sqlx::Result<()> {
        sqlx::query("BEGIN IMMEDIATE").execute(&mut self.connection).await?;
        match self.upkeep_within(step).await {
            Ok((staged, is_gone)) => {
                if is_gone {
                    self.ledger.dying.pop();
                }
                self.ledger.apply(staged);
                self.committed()
            }
            Err(why) => {
                let _ = sqlx::query("ROLLBACK").execute(&mut self.connection).await;
                Err(why)
            }
        }
    }

    async fn upkeep_within(&mut self, step: Upkeep) -> sqlx::Result<(compaction::Staged, bool)> {
        let mut staged = self.ledger.stage();
        let is_gone = match step {
            Upkeep::Sweep(key) => compaction::sweep(&mut self.connection, key, &mut staged.state.census).await?,
            Upkeep::Vacuum => {
                let step = sqlx::AssertSqlSafe(format!("PRAGMA incremental_vacuum({VACUUM_PAGES})"));
                sqlx::query(step).execute(&mut self.connection).await?;
                false
            }
        };
        staged.state.replace(&self.ledger.state, &mut self.connection).await?;
        sqlx::query("COMMIT").execute(&mut self.connection).await?;
        Ok((staged, is_gone))
    }

    /// Whether so many pages of the file are free that they are given back to the file system; once begun, until few are left.
    async fn free_pages(&mut self) -> sqlx::Result<bool> {
        // A full disk has no room for moving pages.
        if !self.ballast.is_whole() {
            return Ok(false);
        }
        let free: i64 = sqlx::query_scalar("PRAGMA freelist_count").fetch_one(&mut self.connection).await?;
        let all: i64 = sqlx::query_scalar("PRAGMA page_count").fetch_one(&mut self.connection).await?;
        let was = self.vacuuming;
        self.vacuuming = if was { free > FEW_FREE } else { free > MUCH_FREE.max(all / 4) };
        if was && !self.vacuuming {
            // The file becomes shorter with this.
            let moved = checkpoint::now(&mut self.connection).await;
            self.heed(moved);
        }
        Ok(self.vacuuming)
    }

    /// A checkpoint that found no room is done later; after a failed flush there is no later.
    pub(crate) fn heed(&self, checkpoint: sqlx::Result<()>) {
        if let Err(problem) = checkpoint.map_err(ServerError::from_write) {
            self.doubt(&problem, "the database file could not be brought up to date now");
        }
    }

    /// After a failed fsync nobody knows what is on disk: no further write until a restart has read it again.
    pub(crate) fn doubt(&self, problem: &ServerError, what: &str) {
        match problem {
            ServerError::Broken(why) if self.tally.failed().is_none() => {
                tracing::error!("the database failed, no more changes are taken: {why}");
                self.tally.fail(why);
            }
            problem => tracing::warn!("{what}: {problem}"),
        }
    }
}
