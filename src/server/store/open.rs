//! Opening a data folder: lock, version gates, migrations, and reading the index.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, Row, SqlSafeStr, SqliteConnection, SqlitePool};

use super::ballast::Ballast;
use super::check::database;
use super::{Held, Index, Record, place, record::INLINE_BYTES, replay, seal::Ledger, sums};
use crate::protocol::{CellId, Stage};
use crate::server::ids;

/// Versions before this one can lose committed data in WAL mode (the WAL-reset race).
const SQLITE_AT_LEAST: (u32, u32, u32) = (3, 51, 3);
const READERS: u32 = 4;
/// SQLite's code for a database that only somebody who writes can make readable.
const READONLY_ROLLBACK: &str = "776";
/// The newest migration that this program knows.
const SCHEMA: i64 = 6;

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Durability {
    /// every acknowledged change survives a power cut
    Full,
    /// every acknowledged change survives a crash of the process; a power cut may undo the last moments
    Normal,
}

#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("The data folder {0} cannot be used: {1}. Name another one with --data.")]
    Folder(PathBuf, std::io::Error),
    #[error("The data folder {0} is in use by another Agnez. Stop that one, or name another folder with --data.")]
    Locked(PathBuf),
    #[error("{0} was written by a newer Agnez than this one; nothing was changed. Use the newer program, or another folder with --data.")]
    Newer(PathBuf),
    #[error("This program was built with SQLite {0}, which can lose committed data; it needs 3.51.3 or newer.")]
    OldSqlite(String),
    #[error("The database {0} cannot be read: {reason}. Restore a backup ('agnez restore FILE'), or name another folder with --data.", reason = reason(.1))]
    Database(PathBuf, sqlx::Error),
    #[error(
        "{0} is a database of another program; nothing was changed. Name another folder with --data, or restore a backup ('agnez restore FILE')."
    )]
    Foreign(PathBuf),
    #[error("The disk of {0} is full, so that it cannot be opened; nothing was changed. Free about 10 MB there, then start again.")]
    Full(PathBuf),
    #[error("There is no database at {0}. Name the data folder with --data.")]
    Missing(PathBuf),
}

/// SQLite's codes where there is no room: for a page, for its shared memory.
const NO_ROOM: [&str; 2] = ["13", "4874"];

impl OpenError {
    /// The same of a file that somebody has named: a backup would be no help.
    pub fn of_file(&self) -> String {
        const HINT: &str = "Name a file that 'agnez backup' has written, or the agnez.sqlite of a data folder";
        match self {
            Self::Missing(file) => format!("There is no file {}. {HINT}.", file.display()),
            Self::Foreign(file) => format!("{} is a database of another program; nothing was changed. {HINT}.", file.display()),
            Self::Database(file, why) => format!("{} cannot be read: {}. {HINT}.", file.display(), reason(why)),
            other => other.to_string(),
        }
    }

    fn is_full(&self) -> bool {
        match self {
            Self::Database(_, sqlx::Error::Database(why)) => why.code().is_some_and(|code| NO_ROOM.contains(&&*code)),
            Self::Folder(_, why) => why.kind() == std::io::ErrorKind::StorageFull,
            _ => false,
        }
    }
}

pub(super) struct Opened {
    pub connection: SqliteConnection,
    pub readers: SqlitePool,
    pub epoch: String,
    pub index: Index,
    pub ledger: Ledger,
    pub lock: Lock,
    pub ballast: Ballast,
}

/// The folder belongs to this process while this lives.
pub(super) struct Lock {
    _file: File,
    options: SqliteConnectOptions,
}

impl Lock {
    pub async fn ended_well(&self) {
        let note = async {
            let mut connection = self.options.connect().await?;
            sqlx::query("INSERT OR REPLACE INTO meta VALUES ('session', 'ended')").execute(&mut connection).await?;
            connection.close().await
        };
        if let Err(why) = note.await {
            tracing::warn!("the end could not be noted in the database: {why}");
        }
    }
}

pub(super) async fn open(folder: &Path, durability: Durability) -> Result<Opened, OpenError> {
    place::make(folder).map_err(|why| OpenError::Folder(folder.into(), why))?;
    if let Some(kind) = place::network(folder) {
        tracing::warn!(
            "the data folder {} is on a network file system ({kind}), where a crash may lose what was acknowledged: name a local one with --data",
            folder.display()
        );
    }
    let file = lock(folder)?;
    let mut ballast = Ballast::of(folder);
    let mut found = open_database(folder, durability).await;
    // A start writes, too.
    if found.as_ref().is_err_and(OpenError::is_full) && ballast.give_up() {
        found = open_database(folder, durability).await;
    }
    let (mut connection, options, epoch, index, ledger) = match found {
        Err(why) if why.is_full() => return Err(OpenError::Full(database(folder))),
        found => found?,
    };
    let settled = ballast.settle(&mut connection).await;
    settled.map_err(|why| OpenError::Database(database(folder), why))?;
    if !ballast.is_whole() {
        tracing::warn!("the disk of {} is full: cells can be removed, little else is taken until there is room", folder.display());
    }
    let read_only = options.clone().read_only(true).create_if_missing(false);
    // There is no network on which a connection could have died.
    let readers = SqlitePoolOptions::new().max_connections(READERS).test_before_acquire(false).connect_lazy_with(read_only);
    Ok(Opened { connection, readers, epoch, index, ledger, lock: Lock { _file: file, options }, ballast })
}

async fn open_database(
    folder: &Path,
    durability: Durability,
) -> Result<(SqliteConnection, SqliteConnectOptions, String, Index, Ledger), OpenError> {
    let path = database(folder);
    let options = SqliteConnectOptions::new()
        .filename(&path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(Duration::from_secs(5))
        .disable_statement_logging();
    let failed = |why: sqlx::Error| OpenError::Database(path.clone(), why);
    refuse_newer(&path).await?;
    // Checkpoints are the writer's, which hears when they fail.
    let mut connection = options.clone().pragma("wal_autocheckpoint", "0").connect().await.map_err(failed)?;
    check_sqlite(&mut connection, &path).await?;
    migrate(&mut connection, &path).await?;
    let epoch = epoch(&mut connection, durability).await.map_err(failed)?;
    let mut index = read_index(&mut connection).await.map_err(failed)?;
    let ledger = replay::read_series(&mut connection, &mut index).await.map_err(failed)?;
    if durability == Durability::Normal {
        // Only now: the note of how this session was started must be on disk before anything that it is about.
        sqlx::query("PRAGMA synchronous = NORMAL").execute(&mut connection).await.map_err(failed)?;
    }
    Ok((connection, options, epoch, index, ledger))
}

/// The folder is this process's for as long as the file is open.
pub(super) fn lock(folder: &Path) -> Result<File, OpenError> {
    let file = place::to_lock(&folder.join("agnez.lock")).and_then(|file| place::give(&file, folder).map(|()| file));
    let file = file.map_err(|why| OpenError::Folder(folder.into(), why))?;
    file.try_lock().map_err(|why| match why {
        TryLockError::WouldBlock => OpenError::Locked(folder.into()),
        TryLockError::Error(why) => OpenError::Folder(folder.into(), why),
    })?;
    Ok(file)
}

pub(super) async fn check_sqlite(connection: &mut SqliteConnection, path: &Path) -> Result<(), OpenError> {
    let version: String =
        sqlx::query_scalar("SELECT sqlite_version()").fetch_one(connection).await.map_err(|why| OpenError::Database(path.into(), why))?;
    let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
    let mut next = || parts.next().unwrap_or(0);
    let found = (next(), next(), next());
    if found < SQLITE_AT_LEAST { Err(OpenError::OldSqlite(version)) } else { Ok(()) }
}

/// Looks without writing: a database of a newer program stays as it is.
pub(super) async fn refuse_newer(path: &Path) -> Result<(), OpenError> {
    if !path.exists() {
        return Ok(());
    }
    let look = async |read_only| {
        let mut connection = SqliteConnectOptions::new().filename(path).read_only(read_only).connect().await?;
        let tables = "SELECT count(*) FROM sqlite_schema WHERE name = '_sqlx_migrations'";
        let migrated: bool = sqlx::query_scalar(tables).fetch_one(&mut connection).await?;
        let newest: Option<i64> = match migrated {
            true => sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations").fetch_one(&mut connection).await?,
            false => None,
        };
        let other: bool = sqlx::query_scalar("SELECT count(*) FROM sqlite_schema").fetch_one(&mut connection).await?;
        connection.close().await?;
        Ok((newest, other && !migrated))
    };
    let mut seen = look(true).await;
    // A cut in the first moments of a new database: before anybody can read it, SQLite must take back what was half written.
    if seen.as_ref().err().and_then(sqlx::Error::as_database_error).and_then(|why| why.code()).as_deref() == Some(READONLY_ROLLBACK) {
        seen = look(false).await;
    }
    match seen {
        Ok((_, true)) => Err(OpenError::Foreign(path.into())),
        Ok((Some(newest), _)) if newest > SCHEMA => Err(OpenError::Newer(path.into())),
        Ok(_) => Ok(()),
        Err(why) => Err(OpenError::Database(path.into(), why)),
    }
}

async fn migrate(connection: &mut SqliteConnection, path: &Path) -> Result<(), OpenError> {
    let step = |version, name: &'static str, sql: &'static str| {
        Migration::new(version, name.into(), MigrationType::Simple, sql.into_sql_str(), false)
    };
    let migrator = Migrator::with_migrations(vec![
        step(1, "init", include_str!("../../../migrations/0001_init.sql")),
        step(2, "series", include_str!("../../../migrations/0002_series.sql")),
        step(3, "replies", include_str!("../../../migrations/0003_replies.sql")),
        step(4, "began", include_str!("../../../migrations/0004_began.sql")),
        step(5, "sums", include_str!("../../../migrations/0005_sums.sql")),
        step(SCHEMA, "row_sums", include_str!("../../../migrations/0006_row_sums.sql")),
    ]);
    migrator.run(connection).await.map_err(|why| match why {
        MigrateError::VersionMissing(_) | MigrateError::VersionMismatch(_) => OpenError::Newer(path.into()),
        MigrateError::Execute(why) | MigrateError::ExecuteMigration(why, _) => OpenError::Database(path.into(), why),
        other => OpenError::Database(path.into(), sqlx::Error::Migrate(Box::new(other))),
    })
}

/// The epoch goes on, unless events may have been published that a power cut has undone.
async fn epoch(connection: &mut SqliteConnection, durability: Durability) -> sqlx::Result<String> {
    let get = "SELECT value FROM meta WHERE key = ?";
    let set = "INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)";
    let known: Option<String> = sqlx::query_scalar(get).bind("epoch").fetch_optional(&mut *connection).await?;
    let session: Option<String> = sqlx::query_scalar(get).bind("session").fetch_optional(&mut *connection).await?;
    let doubtful = session.as_deref() == Some("normal");
    let epoch = known.filter(|_| !doubtful).unwrap_or_else(ids::random);
    sqlx::query(set).bind("epoch").bind(&epoch).execute(&mut *connection).await?;
    let session = if durability == Durability::Normal { "normal" } else { "full" };
    sqlx::query(set).bind("session").bind(session).execute(&mut *connection).await?;
    Ok(epoch)
}

pub(super) async fn read_index(connection: &mut SqliteConnection) -> sqlx::Result<Index> {
    let mut index = Index::default();
    for row in sqlx::query("SELECT name, seq, floor, sum FROM board").fetch_all(&mut *connection).await? {
        let (name, seq, floor): (&str, _, _) = (row.try_get(0)?, number(&row, 1)?, number(&row, 2)?);
        sums::check(row.try_get(3)?, sums::board(name, seq, floor), || format!("the row of the board '{name}'"))?;
        index.set_board(&Arc::from(name), seq, floor);
    }
    // Large values are read one at a time, and only for the stage: they do not stay in memory.
    let select = "SELECT cell.id, board, seq, entered, born, rev, cell.version, created, updated, removed, doc, length(CAST(json AS BLOB)),
                         CASE WHEN length(CAST(json AS BLOB)) <= ?1 THEN json END, cell.sum, value.version, value.sum
                  FROM cell LEFT JOIN value ON value.id = cell.id ORDER BY seq";
    let rows = sqlx::query(select).bind(INLINE_BYTES as i64).fetch_all(&mut *connection).await?;
    for row in rows {
        let text: &str = row.try_get(0)?;
        let Some(id) = CellId::parse(text) else {
            return Err(sqlx::Error::Decode(format!("the cell id {text:?} is damaged").into()));
        };
        let doc: &str = row.try_get(10)?;
        let keys = serde_json::from_str(doc).map_err(|why| sqlx::Error::Decode(Box::new(why)))?;
        let bytes: Option<i64> = row.try_get(11)?;
        let mut json: Option<Vec<u8>> = row.try_get(12)?;
        let is_inline = json.is_some();
        if bytes.is_some() && !is_inline {
            json = sqlx::query_scalar("SELECT json FROM value WHERE id = ?").bind(id.as_str()).fetch_optional(&mut *connection).await?;
        }
        let value: Option<sqlx::Result<String>> = match json {
            Some(json) => Some(sound_value(&id, row.try_get(14)?, json, row.try_get(15)?)),
            None => None,
        };
        let mut record = Record {
            id,
            board: Arc::from(row.try_get::<&str, _>(1)?),
            seq: number(&row, 2)?,
            entered: number(&row, 3)?,
            born: number(&row, 4)?,
            rev: number(&row, 5)?,
            version: number(&row, 6)?,
            created_ms: number(&row, 7)?,
            updated_ms: number(&row, 8)?,
            keys,
            value: bytes.map_or(Held::Missing, |bytes| Held::Stored(bytes as u64)),
            stage: Stage::Empty,
        };
        match value {
            None => record.set_stage(None),
            Some(Ok(json)) => {
                record.set_stage(Some(&json));
                if is_inline {
                    record.value = Held::Inline(json.into());
                }
            }
            // The rest is there: who asks for this value is told so.
            Some(Err(why)) => {
                tracing::error!("{}; send it again, or restore a backup ('agnez restore FILE')", reason(&why));
                let text = "This value is damaged on disk. Send it again, or restore a backup.";
                record.stage = Stage::Text { text: text.to_owned(), bytes: text.len() as u64 };
            }
        }
        let removed: bool = row.try_get(9)?;
        sums::check(row.try_get(13)?, sums::cell(&record, removed, doc), || format!("the row of the cell '{}'", record.id))?;
        if removed { index.bury(Arc::new(record.without_value())) } else { index.put(Arc::new(record)) }
    }
    Ok(index)
}

/// What is wrong, without sqlx's words around it.
pub(super) fn reason(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Decode(why) => why.to_string(),
        sqlx::Error::Database(why) => why.message().to_owned(),
        other => other.to_string(),
    }
}

/// The text of a value as it was written.
pub(super) fn sound_value(id: &CellId, version: i64, json: Vec<u8>, sum: Option<i64>) -> sqlx::Result<String> {
    sums::check(sum, sums::value(id.as_str(), version, &json), || format!("the value of the cell '{id}'"))?;
    String::from_utf8(json).map_err(|_| sqlx::Error::Decode(format!("the value of the cell '{id}' is damaged: it is no text").into()))
}

fn number(row: &sqlx::sqlite::SqliteRow, column: usize) -> sqlx::Result<u64> {
    row.try_get::<i64, _>(column).map(|number| number as u64)
}
