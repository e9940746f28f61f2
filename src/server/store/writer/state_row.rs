//! The row about the file as a whole: every commit writes it, and looks first whether the file is still this process's.

use sqlx::{Row, SqliteConnection};

use crate::server::ids;
use crate::server::store::integrity::checksum::{self, Sum};
use crate::server::store::integrity::row_counts::RowCounts;

/// Of the last run: it ended well.
pub const CLEAN_SHUTDOWN: &str = "ended";
/// Added to the last version in a new epoch, times a number of chance: what was given out in a history that was undone does not come again.
const LEAP: u64 = 1 << 24;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct StateRow {
    pub epoch: String,
    pub session: String,
    pub owner: String,
    pub commits: u64,
    pub version: u64,
    /// The last key that was given to a series.
    pub series: i64,
    pub row_counts: RowCounts,
}

impl StateRow {
    /// Of a file that has held nothing yet.
    pub fn fresh() -> Self {
        Self { epoch: ids::random(), session: CLEAN_SHUTDOWN.to_owned(), owner: ids::random(), ..Self::default() }
    }

    /// Events before and after cannot be compared from here on.
    pub fn begin_epoch(&mut self) {
        self.epoch = ids::random();
        let chance = crc32fast::hash(self.epoch.as_bytes()) & 0xFFFF;
        self.version += LEAP * (1 + u64::from(chance));
    }

    /// After one more commit.
    pub fn next(&self) -> Self {
        Self { commits: self.commits + 1, ..self.clone() }
    }

    fn sum(&self) -> i64 {
        let sum = Sum::default().text(self.epoch.as_bytes()).text(self.session.as_bytes()).text(self.owner.as_bytes());
        let sum = sum.number(self.commits as i64).number(self.version as i64).number(self.series);
        sum.text(self.row_counts.text().as_bytes()).end()
    }

    /// `None`: the file has no such row.
    pub async fn read(connection: &mut SqliteConnection) -> sqlx::Result<Option<Self>> {
        let select = "SELECT epoch, session, owner, commits, version, series, row_counts, sum FROM state WHERE id = 1";
        let Some(row) = sqlx::query(select).fetch_optional(connection).await? else { return Ok(None) };
        let damaged = || sqlx::Error::Decode("the row about the file as a whole is damaged: it does not have its checksum".into());
        let state = Self {
            epoch: row.try_get(0)?,
            session: row.try_get(1)?,
            owner: row.try_get(2)?,
            commits: row.try_get::<i64, _>(3)? as u64,
            version: row.try_get::<i64, _>(4)? as u64,
            series: row.try_get(5)?,
            row_counts: RowCounts::parse(row.try_get(6)?).ok_or_else(damaged)?,
        };
        checksum::check(row.try_get(7)?, state.sum(), || "the row about the file as a whole".to_owned())?;
        Ok(Some(state))
    }

    pub async fn insert(&self, connection: &mut SqliteConnection) -> sqlx::Result<()> {
        let insert =
            "INSERT INTO state (id, epoch, session, owner, commits, version, series, row_counts, sum) VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?)";
        let insert = sqlx::query(insert).bind(&self.epoch).bind(&self.session).bind(&self.owner).bind(self.commits as i64);
        let insert = insert.bind(self.version as i64).bind(self.series).bind(self.row_counts.text());
        insert.bind(self.sum()).execute(connection).await.map(drop)
    }

    /// Within the transaction of a commit: takes the place of `before`, which must be what is there.
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
