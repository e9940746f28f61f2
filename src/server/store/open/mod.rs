//! Opening a data folder: lock, checks for loss and damage, schema, and loading of the index.

pub mod error;
pub mod load_boards;
pub mod load_cells;
pub mod load_series;
pub mod lock;
pub mod loss_check;
pub mod schema;
pub mod truncation_check;
mod wal_check;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::{SqliteAutoVacuum, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, SqliteConnection, SqlitePool};

use super::durability::Durability;
use super::error::{StoreError, corrupt};
use super::index::{ContentFn, Index};
use super::integrity::commit_counter::{CommitCounter, RecordedCommits};
use super::integrity::file_watch::FileWatch;
use super::integrity::row_counts::RowCounts;
use super::integrity::state_row::{CLEAN_SHUTDOWN, StateRow};
use super::writer::compaction::CompactionState;
use crate::server::data_dir::disk_reserve::DiskReserve;
use crate::server::data_dir::{self, database_path};
use crate::server::ids;
use error::OpenError;
use load_cells::load_cells;
use load_series::load_series;
use lock::{FolderLock, lock};
use loss_check::Loss;
use schema::{check_schema, migrate};
use truncation_check::refuse_truncated;

/// Number of the schema that this program reads and writes.
pub const SCHEMA: i64 = 1;

/// Earlier versions can lose committed data in WAL mode (the WAL-reset race).
const SQLITE_AT_LEAST: (u32, u32, u32) = (3, 51, 3);
const READER_CONNECTIONS: u32 = 4;

/// An open data folder with its loaded index.
pub(crate) struct OpenedStore {
    pub connection: SqliteConnection,
    pub readers: SqlitePool,
    pub epoch: String,
    pub index: Index,
    pub compaction: CompactionState,
    pub lock: FolderLock,
    pub reserve: DiskReserve,
    pub file_watch: Arc<FileWatch>,
    pub commit_counter: CommitCounter,
}

/// How a store is opened.
#[derive(Clone, Copy, Debug)]
pub struct StoreOptions {
    pub durability: Durability,
    /// Opens the store also if acknowledged changes are missing, in a new epoch.
    pub accept_loss: bool,
    /// What the page shows of a cell.
    pub content_fn: ContentFn,
}

pub(crate) async fn open(folder: &Path, start: StoreOptions) -> Result<OpenedStore, OpenError> {
    data_dir::create(folder).map_err(|why| OpenError::Folder(folder.into(), why))?;
    if let Some(kind) = data_dir::network_file_system(folder) {
        tracing::warn!(
            "the data folder {} is on a network file system ({kind}), where a crash may lose what was acknowledged: name a local one with --data",
            folder.display()
        );
    }
    let files = lock(folder)?;
    let mut reserve = DiskReserve::open(folder);
    let mut found = open_database(folder, start).await;
    // Opening writes, too.
    if found.as_ref().is_err_and(OpenError::is_disk_full) && reserve.truncate() {
        found = open_database(folder, start).await;
    }
    let (mut connection, options, index, compaction) = match found {
        Err(why) if why.is_disk_full() => return Err(OpenError::Full(database_path(folder))),
        found => found?,
    };
    let refilled = reserve.refill(&mut connection).await;
    refilled.map_err(|why| OpenError::Database(database_path(folder), why))?;
    if !reserve.is_filled() {
        tracing::warn!("the disk of {} is full: cells can be deleted, other changes may be refused until there is space", folder.display());
    }
    let read_only = options.clone().read_only(true).create_if_missing(false);
    // Connections to a local file do not die.
    let readers = SqlitePoolOptions::new().max_connections(READER_CONNECTIONS).test_before_acquire(false).connect_lazy_with(read_only);
    let file_watch = Arc::new(FileWatch::new(folder).map_err(|why| OpenError::Folder(folder.into(), why))?);
    let mut commit_counter = CommitCounter::open(folder, start.durability);
    commit_counter.record(&compaction.state);
    let lock = FolderLock { _files: files, options, owner: compaction.state.owner.clone() };
    let epoch = compaction.state.epoch.clone();
    Ok(OpenedStore { connection, readers, epoch, index, compaction, lock, reserve, file_watch, commit_counter })
}

async fn open_database(
    folder: &Path,
    start: StoreOptions,
) -> Result<(SqliteConnection, SqliteConnectOptions, Index, CompactionState), OpenError> {
    let path = database_path(folder);
    let recorded = RecordedCommits::read(folder);
    if !start.accept_loss {
        refuse_truncated(folder, recorded.as_ref())?;
    }
    let options = SqliteConnectOptions::new()
        .filename(&path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(Duration::from_secs(5))
        .disable_statement_logging();
    let failed = |why: sqlx::Error| OpenError::Database(path.clone(), why);
    let found_state = check_schema(&path).await?;
    // Before SQLite opens the file: it takes damage in its log for the log's end, and overwrites what follows.
    let loss = Loss::of(folder, recorded.as_ref(), found_state.as_ref()).map_err(|why| OpenError::Folder(folder.into(), why))?;
    let is_loss_accepted = match loss {
        Some(loss) if !start.accept_loss => return Err(OpenError::Lost(loss)),
        Some(loss) => {
            tracing::warn!("{loss}; this was accepted");
            true
        }
        None => false,
    };
    // The writer does checkpoints itself, so that it learns of their errors.
    let writable = options.clone().pragma("wal_autocheckpoint", "0");
    // Takes effect in a new database: free pages can be returned to the file system.
    let mut connection = writable.auto_vacuum(SqliteAutoVacuum::Incremental).connect().await.map_err(failed)?;
    check_sqlite(&mut connection, &path).await?;
    migrate(&mut connection, &path).await?;
    // Without a state the log was cut off before the first commit of a session, or the database is new and its log short.
    if found_state.is_none_or(|state| state.session != CLEAN_SHUTDOWN) {
        truncate_wal(&mut connection).await.map_err(failed)?;
    }
    let mut state = begin_session(&mut connection, start.durability, is_loss_accepted).await.map_err(failed)?;
    let mut row_counts = RowCounts::default();
    let mut index = load_cells(&mut connection, start.content_fn, &mut row_counts).await.map_err(failed)?;
    let mut compaction = load_series(&mut connection, &mut index, &mut row_counts).await.map_err(failed)?;
    if let Some(wrong) = state.row_counts.compare(&row_counts) {
        return Err(failed(corrupt(wrong)));
    }
    // Loss may have left the key in the state row behind: keys are never reused.
    state.series = state.series.max(compaction.last_series_key);
    (compaction.last_series_key, compaction.last_version, compaction.state) = (state.series, state.version, state);
    if start.durability == Durability::Normal {
        // Only now: the row that records this session's durability must be on disk before any unflushed commit.
        sqlx::query("PRAGMA synchronous = NORMAL").execute(&mut connection).await.map_err(failed)?;
    }
    Ok((connection, options, index, compaction))
}

pub(crate) async fn check_sqlite(connection: &mut SqliteConnection, path: &Path) -> Result<(), OpenError> {
    let version: String =
        sqlx::query_scalar("SELECT sqlite_version()").fetch_one(connection).await.map_err(|why| OpenError::Database(path.into(), why))?;
    let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
    let mut next = || parts.next().unwrap_or(0);
    let found = (next(), next(), next());
    if found < SQLITE_AT_LEAST { Err(OpenError::OldSqlite(version)) } else { Ok(()) }
}

/// Empties SQLite's log after a crash. Frames behind the end of the log would otherwise be overwritten partly by new commits, and the next
/// start would take the rest for commits behind damage. On a full disk they stay.
async fn truncate_wal(connection: &mut SqliteConnection) -> sqlx::Result<()> {
    let done = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(connection).await;
    match done.map_err(StoreError::from_write) {
        Err(StoreError::Failed(why)) => Err(sqlx::Error::Configuration(why.to_string().into())),
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Makes this process the owner of the database. The epoch changes if published events may be lost.
async fn begin_session(connection: &mut SqliteConnection, durability: Durability, is_loss_accepted: bool) -> sqlx::Result<StateRow> {
    sqlx::query("BEGIN IMMEDIATE").execute(&mut *connection).await?;
    let before = match StateRow::read(connection).await? {
        Some(state) => state,
        None => {
            let is_used = "SELECT EXISTS (SELECT 1 FROM board) OR EXISTS (SELECT 1 FROM board_document)
                           OR EXISTS (SELECT 1 FROM cell) OR EXISTS (SELECT 1 FROM series)";
            if sqlx::query_scalar(is_used).fetch_one(&mut *connection).await? {
                return Err(corrupt("the row about the file as a whole is missing"));
            }
            let state = StateRow::new();
            state.insert(connection).await?;
            state
        }
    };
    let normal = "normal";
    let session = if durability == Durability::Normal { normal } else { "full" };
    let mut state = StateRow { session: session.to_owned(), owner: ids::random(), ..before.next_commit() };
    if is_loss_accepted || before.session == normal {
        state.begin_epoch();
    }
    state.replace(&before, connection).await?;
    sqlx::query("COMMIT").execute(connection).await?;
    Ok(state)
}
