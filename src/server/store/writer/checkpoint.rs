//! What is committed goes from SQLite's log into the database file between commits: no commit waits for it, and a flush that fails is heard.
//! SQLite's own checkpoints are a part of commits, and their errors are told to nobody.

use sqlx::SqliteConnection;

/// Pages in the log from which on they are moved, as with SQLite's own.
const PAGES: i64 = 1000;
/// After so many commits, or bytes, it is looked how many there are.
const COMMITS: u32 = 16;
const BYTES: usize = 1 << 20;

#[derive(Default)]
pub struct Checkpoints {
    commits: u32,
    bytes: usize,
}

impl Checkpoints {
    /// A commit of about so many bytes was done.
    pub async fn after(&mut self, connection: &mut SqliteConnection, bytes: usize) -> sqlx::Result<()> {
        (self.commits, self.bytes) = (self.commits + 1, self.bytes.saturating_add(bytes));
        if self.commits < COMMITS && self.bytes < BYTES {
            return Ok(());
        }
        *self = Self::default();
        let look = sqlx::query_as::<_, (i64, i64, i64)>("PRAGMA wal_checkpoint(NOOP)");
        let (_, pages, _) = look.fetch_one(&mut *connection).await?;
        if pages >= PAGES { now(connection).await } else { Ok(()) }
    }
}

/// Moves as much as no reader needs any more where it is. Waits for nobody.
pub async fn now(connection: &mut SqliteConnection) -> sqlx::Result<()> {
    sqlx::query("PRAGMA wal_checkpoint(PASSIVE)").execute(connection).await.map(drop)
}
