//! Opening a data folder: lock, gates, the schema, and what is read before anybody is answered.

pub mod load_cells;
pub mod load_series;
pub mod loss_check;
pub mod schema;
mod wal_check;

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::{SqliteAutoVacuum, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, SqliteConnection, SqlitePool};

use super::disk_reserve::DiskReserve;
use super::integrity::commit_counter::{CommitCounter, RecordedCommits};
use super::integrity::file_watch::FileWatch;
use super::integrity::row_counts::RowCounts;
use super::maintenance::check::database_path;
use super::series::compaction::CompactionState;
use super::writer::state_row::{CLEAN_SHUTDOWN, StateRow};
use super::{Index, data_dir};
use crate::server::error::ServerError;
use crate::server::ids;
use load_cells::read_index;
use loss_check::{Loss, refuse_truncated};
use schema::{SCHEMA, check_schema, migrate};

/// Versions before this one can lose committed data in WAL mode (the WAL-reset race).
const SQLITE_AT_LEAST: (u32, u32, u32) = (3, 51, 3);
const READERS: u32 = 4;

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
    #[error(
        "{0} has the schema {1}, and this Agnez needs the schema {SCHEMA}; nothing was changed. Use the Agnez that wrote it, or another folder with --data."
    )]
    Schema(PathBuf, i64),
    #[error(
        "{0} has another version of the schema {SCHEMA} than this Agnez needs; nothing was changed. Use the Agnez that wrote it, or another folder with --data."
    )]
    SchemaEdited(PathBuf),
    #[error("{0}. Restore a backup ('agnez restore FILE'), or go on without what is lost: start once with --accept-loss.")]
    Lost(Loss),
    #[error(
        "{0} has {1} bytes, and is no database any more; files beside it say that it was one. Nothing was changed. Restore a backup ('agnez restore FILE'), or begin an empty one: start once with --accept-loss."
    )]
    CutOff(PathBuf, u64),
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

pub(crate) struct OpenedStore {
    pub connection: SqliteConnection,
    pub readers: SqlitePool,
    pub epoch: String,
    pub index: Index,
    pub compaction: CompactionState,
    pub lock: Lock,
    pub reserve: DiskReserve,
    pub watch: Arc<FileWatch>,
    pub mark: CommitCounter,
}

/// How a store is started.
#[derive(Clone, Copy, Debug)]
pub struct StoreOptions {
    pub durability: Durability,
    /// Also where acknowledged changes are missing: in a new epoch.
    pub accept_loss: bool,
}

/// The folder belongs to this process while this lives.
pub(crate) struct Lock {
    _files: Vec<File>,
    options: SqliteConnectOptions,
    owner: String,
}

impl Lock {
    /// The writer has ended.
    pub async fn mark_clean_shutdown(&self) {
        let note = async {
            let mut connection = self.options.clone().create_if_missing(false).connect().await?;
            sqlx::query("BEGIN IMMEDIATE").execute(&mut connection).await?;
            if let Some(state) = StateRow::read(&mut connection).await?.filter(|state| state.owner == self.owner) {
                StateRow { session: CLEAN_SHUTDOWN.to_owned(), ..state.clone() }.replace(&state, &mut connection).await?;
            }
            sqlx::query("COMMIT").execute(&mut connection).await?;
            connection.close().await
        };
        if let Err(why) = note.await {
            tracing::warn!("the end could not be noted in the database: {}", reason(&why));
        }
    }
}

pub(crate) async fn open(folder: &Path, start: StoreOptions) -> Result<OpenedStore, OpenError> {
    data_dir::make(folder).map_err(|why| OpenError::Folder(folder.into(), why))?;
    if let Some(kind) = data_dir::network(folder) {
        tracing::warn!(
            "the data folder {} is on a network file system ({kind}), where a crash may lose what was acknowledged: name a local one with --data",
            folder.display()
        );
    }
    let files = lock(folder)?;
    let mut reserve = DiskReserve::of(folder);
    let mut found = open_database(folder, start).await;
    // A start writes, too.
    if found.as_ref().is_err_and(OpenError::is_full) && reserve.give_up() {
        found = open_database(folder, start).await;
    }
    let (mut connection, options, index, compaction) = match found {
        Err(why) if why.is_full() => return Err(OpenError::Full(database_path(folder))),
        found => found?,
    };
    let settled = reserve.settle(&mut connection).await;
    settled.map_err(|why| OpenError::Database(database_path(folder), why))?;
    if !reserve.is_whole() {
        tracing::warn!("the disk of {} is full: cells can be removed, little else is taken until there is room", folder.display());
    }
    let read_only = options.clone().read_only(true).create_if_missing(false);
    // There is no network on which a connection could have died.
    let readers = SqlitePoolOptions::new().max_connections(READERS).test_before_acquire(false).connect_lazy_with(read_only);
    let watch = Arc::new(FileWatch::of(folder).map_err(|why| OpenError::Folder(folder.into(), why))?);
    let mut mark = CommitCounter::of(folder, start.durability);
    mark.note(&compaction.state);
    let lock = Lock { _files: files, options, owner: compaction.state.owner.clone() };
    let epoch = compaction.state.epoch.clone();
    Ok(OpenedStore { connection, readers, epoch, index, compaction, lock, reserve, watch, mark })
}

async fn open_database(
    folder: &Path,
    start: StoreOptions,
) -> Result<(SqliteConnection, SqliteConnectOptions, Index, CompactionState), OpenError> {
    let path = database_path(folder);
    let noted = RecordedCommits::read(folder);
    if !start.accept_loss {
        refuse_truncated(folder, noted.as_ref())?;
    }
    let options = SqliteConnectOptions::new()
        .filename(&path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(Duration::from_secs(5))
        .disable_statement_logging();
    let failed = |why: sqlx::Error| OpenError::Database(path.clone(), why);
    let seen = check_schema(&path).await?;
    // Before SQLite writes: it would take a damaged log for one that ends there.
    let loss = Loss::of(folder, noted.as_ref(), seen.as_ref()).map_err(|why| OpenError::Folder(folder.into(), why))?;
    let is_doubtful = match loss {
        Some(loss) if !start.accept_loss => return Err(OpenError::Lost(loss)),
        Some(loss) => {
            tracing::warn!("{loss}; this was accepted");
            true
        }
        None => false,
    };
    // Checkpoints are the writer's, which hears when they fail.
    let own = options.clone().pragma("wal_autocheckpoint", "0");
    // Of a database that is made now: free pages can be given back.
    let mut connection = own.auto_vacuum(SqliteAutoVacuum::Incremental).connect().await.map_err(failed)?;
    check_sqlite(&mut connection, &path).await?;
    migrate(&mut connection, &path).await?;
    if seen.is_some_and(|seen| seen.session != CLEAN_SHUTDOWN) {
        truncate_wal(&mut connection).await.map_err(failed)?;
    }
    let mut state = begin(&mut connection, start.durability, is_doubtful).await.map_err(failed)?;
    let mut found = RowCounts::default();
    let mut index = read_index(&mut connection, &mut found).await.map_err(failed)?;
    let mut compaction = load_series::read_series(&mut connection, &mut index, &mut found).await.map_err(failed)?;
    if let Some(wrong) = state.row_counts.compare(&found) {
        return Err(failed(sqlx::Error::Decode(wrong.into())));
    }
    // Numbers that damage could make too small are never given out again.
    state.series = state.series.max(compaction.key);
    (compaction.key, compaction.version, compaction.state) = (state.series, state.version, state);
    if start.durability == Durability::Normal {
        // Only now: the note of how this session was started must be on disk before anything that it is about.
        sqlx::query("PRAGMA synchronous = NORMAL").execute(&mut connection).await.map_err(failed)?;
    }
    Ok((connection, options, index, compaction))
}

/// Whether a server uses the folder: what its files say of each other changes while they are read then.
pub(crate) fn is_in_use(folder: &Path) -> bool {
    File::open(folder.join("agnez.lock")).is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

/// The folder is this process's for as long as the files are open.
pub(crate) fn lock(folder: &Path) -> Result<Vec<File>, OpenError> {
    let file = data_dir::open_lock_file(&folder.join("agnez.lock")).and_then(|file| data_dir::give(&file, folder).map(|()| file));
    let file = file.map_err(|why| OpenError::Folder(folder.into(), why))?;
    file.try_lock().map_err(|why| match why {
        TryLockError::WouldBlock => OpenError::Locked(folder.into()),
        TryLockError::Error(why) => OpenError::Folder(folder.into(), why),
    })?;
    let mut files = vec![file];
    // A lock that is removed while a server runs keeps nobody away; the folder itself stays locked. Some network file systems cannot do that.
    if let Ok(opened) = File::open(folder) {
        match opened.try_lock() {
            Ok(()) => files.push(opened),
            Err(TryLockError::WouldBlock) => return Err(OpenError::Locked(folder.into())),
            Err(TryLockError::Error(why)) => tracing::debug!("the data folder itself cannot be locked: {why}"),
        }
    }
    Ok(files)
}

pub(crate) async fn check_sqlite(connection: &mut SqliteConnection, path: &Path) -> Result<(), OpenError> {
    let version: String =
        sqlx::query_scalar("SELECT sqlite_version()").fetch_one(connection).await.map_err(|why| OpenError::Database(path.into(), why))?;
    let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
    let mut next = || parts.next().unwrap_or(0);
    let found = (next(), next(), next());
    if found < SQLITE_AT_LEAST { Err(OpenError::OldSqlite(version)) } else { Ok(()) }
}

/// After a crash, frames that nobody reads any more may stand behind what is read of SQLite's log: commits would be written over the first of
/// them, and the next start would take the rest for commits that damage cut off. On a full disk they stay.
async fn truncate_wal(connection: &mut SqliteConnection) -> sqlx::Result<()> {
    let done = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(connection).await;
    match done.map_err(ServerError::from_write) {
        Err(ServerError::Broken(why)) => Err(sqlx::Error::Configuration(why.into())),
        Ok(_) | Err(_) => Ok(()),
    }
}

/// The file is this process's from here on. The epoch goes on, unless events may have been published that are undone.
async fn begin(connection: &mut SqliteConnection, durability: Durability, is_doubtful: bool) -> sqlx::Result<StateRow> {
    sqlx::query("BEGIN IMMEDIATE").execute(&mut *connection).await?;
    let before = match StateRow::read(connection).await? {
        Some(state) => state,
        None => {
            let is_used = "SELECT EXISTS (SELECT 1 FROM board) OR EXISTS (SELECT 1 FROM cell) OR EXISTS (SELECT 1 FROM series)";
            if sqlx::query_scalar(is_used).fetch_one(&mut *connection).await? {
                return Err(sqlx::Error::Decode("the row about the file as a whole is missing".into()));
            }
            let state = StateRow::fresh();
            state.insert(connection).await?;
            state
        }
    };
    let normal = "normal";
    let session = if durability == Durability::Normal { normal } else { "full" };
    let mut state = StateRow { session: session.to_owned(), owner: ids::random(), ..before.next() };
    if is_doubtful || before.session == normal {
        state.begin_epoch();
    }
    state.replace(&before, connection).await?;
    sqlx::query("COMMIT").execute(connection).await?;
    Ok(state)
}

/// What is wrong, without sqlx's words around it.
pub fn reason(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Decode(why) => why.to_string(),
        sqlx::Error::Configuration(why) => why.to_string(),
        sqlx::Error::Database(why) => why.message().to_owned(),
        other => other.to_string(),
    }
}
