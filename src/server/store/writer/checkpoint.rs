//! Checkpoints: SQLite's log is moved into the database file between commits, so that no commit waits for it and its errors are known.
//! SQLite's automatic checkpoints run within commits and report no errors.

use sqlx::SqliteConnection;

/// Pages in the log from which on a checkpoint is done, as SQLite does by default.
const PAGES: i64 = 1000;
/// The pages are counted after this number of commits or bytes.
const COMMITS: u32 = 16;
const BYTES: usize = 1 << 20;

#[derive(Default)]
pub struct Checkpoints {
    commits: u32,
    bytes: usize,
    is_behind: bool,
}

impl Checkpoints {
    /// Counts a commit of about this number of bytes, and does a checkpoint if it is due.
    pub async fn after(&mut self, connection: &mut SqliteConnection, bytes: usize) -> sqlx::Result<()> {
        (self.commits, self.bytes) = (self.commits + 1, self.bytes.saturating_add(bytes));
        if self.commits < COMMITS && self.bytes < BYTES {
            return Ok(());
        }
        (self.commits, self.bytes) = (0, 0);
        let select = sqlx::query_as::<_, (i64, i64, i64)>("PRAGMA wal_checkpoint(NOOP)");
        let (_, pages, _) = select.fetch_one(&mut *connection).await?;
        if pages >= PAGES { self.now(connection).await } else { Ok(()) }
    }

    /// Whether the last checkpoint has left much in the log, for a reader or a check that was reading then. Each reader looks up each page
    /// there, which takes longer than reading the page.
    pub fn is_behind(&self) -> bool {
        self.is_behind
    }

    /// Moves all frames that no reader needs; does not wait for readers.
    pub async fn now(&mut self, connection: &mut SqliteConnection) -> sqlx::Result<()> {
        let checkpoint = sqlx::query_as::<_, (i64, i64, i64)>("PRAGMA wal_checkpoint(PASSIVE)");
        let (_, pages, moved) = checkpoint.fetch_one(connection).await?;
        self.is_behind = pages - moved >= PAGES;
        Ok(())
    }
}
