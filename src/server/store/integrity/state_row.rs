//! The state of the whole database, in one row. Every commit updates it, and fails if another process has taken over the database.

use sqlx::{Row, SqliteConnection};

use super::checksum::{self, RowChecksum};
use super::row_counts::RowCounts;
use crate::server::ids;
use crate::server::store::error::corrupt;

/// Session of a run that was shut down cleanly.
pub const CLEAN_SHUTDOWN: &str = "ended";
/// In a new epoch a random multiple of it is added to the last version: versions of lost commits are not given again.
const EPOCH_VERSION_STEP: u64 = 1 << 24;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct StateRow {
    /// Random. Event numbers of different epochs cannot be compared.
    pub epoch: String,
    /// `full` or `normal`, the durability of the running or crashed server, or [`CLEAN_SHUTDOWN`].
    pub session: String,
    /// Random; identifies the writing process.
    pub owner: String,
    /// Number of commits.
    pub commits: u64,
    /// The last version given to a value.
    pub version: u64,
    /// The last key given to a series.
    pub series: i64,
    pub row_counts: RowCounts,
}

impl StateRow {
    /// The state of a new database.
    pub fn new() -> Self {
        Self { epoch: ids::random(), session: CLEAN_SHUTDOWN.to_owned(), owner: ids::random(), ..Self::default() }
    }

    /// Begins a new epoch: event numbers before and after it cannot be compared.
    pub fn begin_epoch(&mut self) {
        self.epoch = ids::random();
        let random = crc32fast::hash(self.epoch.as_bytes()) & 0xFFFF;
        self.version += EPOCH_VERSION_STEP * (1 + u64::from(random));
    }

    /// The state after one more commit.
    pub fn next_commit(&self) -> Self {
        Self { commits: self.commits + 1, ..self.clone() }
    }

    fn sum(&self) -> i64 {
        let sum = RowChecksum::default().text(self.epoch.as_bytes()).text(self.session.as_bytes()).text(self.owner.as_bytes());
        let sum = sum.number(self.commits as i64).number(self.version as i64).number(self.series);
        sum.text(self.row_counts.text().as_bytes()).end()
    }

    /// `None` if the row is missing.
    pub async fn read(connection: &mut SqliteConnection) -> sqlx::Result<Option<Self>> {
        let select = "SELECT epoch, session, owner, commits, version, series, row_counts, sum FROM state WHERE id = 1";
        let Some(row) = sqlx::query(select).fetch_optional(connection).await? else { return Ok(None) };
        let damaged = || corrupt("the row about the file as a whole is damaged: it does not have its checksum");
        let state = Self {
            epoch: row.try_get(0)?,
            session: row.try_get(1)?,
            owner: row.try_get(2)?,
            commits: row.try_get::<i64, _>(3)? as u64,
            version: row.try_get::<i64, _>(4)? as u64,
            series: row.try_get(5)?,
            row_counts: RowCounts::parse(row.try_get(6)?).ok_or_else(damaged)?,
        };
        checksum::verify(row.try_get(7)?, state.sum(), || "the row about the file as a whole".to_owned())?;
        Ok(Some(state))
    }

    pub async fn insert(&self, connection: &mut SqliteConnection) -> sqlx::Result<()> {
        let insert =
            "INSERT INTO state (id, epoch, session, owner, commits, version, series, row_counts, sum) VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?)";
        let insert = sqlx::query(insert).bind(&self.epoch).bind(&self.session).bind(&self.owner).bind(self.commits as i64);
        let insert = insert.bind(self.version as i64).bind(self.series).bind(self.row_counts.text());
        insert.bind(self.sum()).execute(connection).await.map(drop)
    }

    /// Replaces `before` within the transaction of a commit. Errors: the row on disk is not `before`.
    pub async fn replace(&self, before: &Self, connection: &mut SqliteConnection) -> sqlx::Result<()> {
        let update = "UPDATE state SET epoch = ?, session = ?, owner = ?, commits = ?, version = ?, series = ?, row_counts = ?, sum = ?
                      WHERE id = 1 AND owner = ? AND commits = ?";
        let update = sqlx::query(update).bind(&self.epoch).bind(&self.session).bind(&self.owner).bind(self.commits as i64);
        let update = update.bind(self.version as i64).bind(self.series).bind(self.row_counts.text()).bind(self.sum());
        let done = update.bind(&before.owner).bind(before.commits as i64).execute(connection).await?;
        if done.rows_affected() == 1 {
            return Ok(());
        }
        Err(sqlx::Error::Configuration("another program has taken over the database: this one writes no more to it".into()))
    }
}
