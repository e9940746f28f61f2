//! The writer on a full disk: a refused commit is tried once more, removals with the ballast's room, and what was removed makes room at once.

use super::batch::{Batch, Outcome};
use super::writer::Writer;
use super::{checkpoint, now_ms, read, seal, write};
use crate::server::error::Problem;

/// About what a deletion of old points writes.
const SWEPT_BYTES: usize = 64 << 10;
/// Deletions of old points that others wait for; what is left then goes in between.
const SWEEPS_AT_ONCE: usize = 64;

impl Writer {
    /// A commit found no room and was undone. Tries once more: a removal with the ballast's room, all else with that of removed cells.
    pub(super) async fn persist_again(&mut self, outcome: &mut Outcome, frees: bool) -> Result<(), Problem> {
        if frees {
            self.lend().await?;
        } else if !self.ballast.is_whole() {
            self.settle().await;
        }
        // SQLite's log can be written from its beginning again once all of it has been moved: that takes no room.
        match checkpoint::now(&mut self.connection).await.map_err(Problem::from_write) {
            Ok(()) | Err(Problem::Full) => {}
            Err(other) => return Err(other),
        }
        let mut done = self.persist(Vec::new(), outcome).await.map_err(Problem::from_write);
        if frees {
            self.settle().await;
        } else if matches!(done, Err(Problem::Full)) && self.make_room(outcome).await? {
            done = self.persist(Vec::new(), outcome).await.map_err(Problem::from_write);
        }
        if matches!(done, Err(Problem::Full)) || frees {
            self.tally.short_of_room();
        }
        done
    }

    /// Keeps nothing that was removed, so that its pages are free; what `outcome` needs of it stays. False where nothing was kept.
    async fn make_room(&mut self, outcome: &mut Outcome) -> Result<bool, Problem> {
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
        let done = self.persist(Vec::new(), &mut forgotten).await.map_err(Problem::from_write);
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
    async fn lend(&mut self) -> Result<(), Problem> {
        let lent = self.ballast.lend(&mut self.connection).await;
        lent.map_err(Problem::from_write)
    }

    /// Looks whether there is room again.
    pub(super) async fn settle(&mut self) {
        let was_whole = self.ballast.is_whole();
        if let Err(why) = self.ballast.settle(&mut self.connection).await {
            self.doubt(&Problem::from_write(why), "the database could not be bounded");
        } else if self.ballast.is_whole() && !was_whole {
            self.tally.has_room();
        }
    }

    /// One step. False when there is nothing to delete, or it could not be done now.
    pub(super) async fn sweep(&mut self) -> bool {
        if self.tally.failed().is_some() || self.ledger.dying.is_empty() {
            return false;
        }
        let swept = seal::sweep(&mut self.connection, &mut self.ledger).await;
        let moved = self.checkpoints.after(&mut self.connection, SWEPT_BYTES).await;
        self.heed(moved);
        swept.inspect_err(|why| tracing::warn!("old points could not be deleted now: {why}")).is_ok()
    }

    /// A checkpoint that found no room is done later; after a failed flush there is no later.
    pub(super) fn heed(&self, checkpoint: sqlx::Result<()>) {
        if let Err(problem) = checkpoint.map_err(Problem::from_write) {
            self.doubt(&problem, "the database file could not be brought up to date now");
        }
    }

    /// After a failed fsync nobody knows what is on disk: no further write until a restart has read it again.
    pub(super) fn doubt(&self, problem: &Problem, what: &str) {
        match problem {
            Problem::Broken(why) if self.tally.failed().is_none() => {
                tracing::error!("the database failed, no more changes are taken: {why}");
                self.tally.fail(why);
            }
            problem => tracing::warn!("{what}: {problem}"),
        }
    }
}
