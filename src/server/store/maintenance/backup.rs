//! `agnez backup` and `agnez restore`: a copy of a database, also while a server uses it, and its return into a data folder.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection};

use super::check::{CheckReport, check};
use crate::server::data_dir::{self, database_path, parent, read_only, sidecar_path};
use crate::server::ids;
use crate::server::platform;
use crate::server::store::integrity::commit_counter::{self, RecordedCommits};
use crate::server::store::integrity::state_row::{CLEAN_SHUTDOWN, StateRow};
use crate::server::store::now_ms;
use crate::server::store::open::error::OpenError;
use crate::server::store::open::lock::{is_in_use, lock};
use crate::server::store::open::loss_check::Loss;
use crate::server::store::open::schema::check_schema;
use crate::server::store::open::truncation_check::refuse_truncated;

#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("{0} is there already and was left as it is. Name another file.")]
    Exists(PathBuf),
    #[error(
        "The data folder {0} already holds a database. Name another folder with --data, or say --replace: the old database is then renamed."
    )]
    Occupied(PathBuf),
    #[error("{0} cannot be written: {1}. Nothing was changed.")]
    Write(PathBuf, io::Error),
    #[error("{0} cannot be written: {1}. Nothing was changed.")]
    Copy(PathBuf, sqlx::Error),
    #[error("{0} is damaged, and nothing was changed. {1}")]
    Damaged(PathBuf, String),
}

/// Copies the database of `folder` into the new file `to`, and checks the copy.
pub async fn backup(folder: &Path, to: &Path) -> Result<CheckReport, CopyError> {
    let from = database_path(folder);
    if !from.is_file() {
        return Err(OpenError::Missing(from).into());
    }
    if to.exists() {
        return Err(CopyError::Exists(to.into()));
    }
    let recorded = RecordedCommits::read(folder);
    refuse_truncated(folder, recorded.as_ref())?;
    let state = check_schema(&from).await?;
    // A copy without the lost commits would pass for a complete one.
    if !is_in_use(folder)
        && let Ok(Some(loss)) = Loss::of(folder, recorded.as_ref(), state.as_ref())
    {
        return Err(CopyError::Damaged(from, format!("{loss}.")));
    }
    let part = PartFile::copy_of(&from, to).await?;
    let report = check_sound(&part.0, &from).await?;
    part.become_file(to)?;
    Ok(report)
}

/// Makes the copy `from` the database of `folder`, in a new epoch: event numbers before and after it cannot be compared.
///
/// An existing database is an error unless `replace`; it is then renamed. Returns its new name.
pub async fn restore(from: &Path, folder: &Path, replace: bool) -> Result<(CheckReport, Option<PathBuf>), CopyError> {
    check_sound(from, from).await?;
    data_dir::create(folder).map_err(|why| OpenError::Folder(folder.into(), why))?;
    let _lock = lock(folder)?;
    let to = database_path(folder);
    if to.exists() && !replace {
        return Err(CopyError::Occupied(folder.into()));
    }
    let part = PartFile::copy_of(from, &to).await?;
    data_dir::chown_to_owner(&part.1, folder).map_err(|why| CopyError::Write(to.clone(), why))?;
    let renewed = async {
        // In rollback mode, so that it is one file that can be renamed.
        let options = SqliteConnectOptions::new().filename(&part.0).journal_mode(SqliteJournalMode::Delete);
        let mut connection = options.synchronous(SqliteSynchronous::Full).disable_statement_logging().connect().await?;
        let before = StateRow::read(&mut connection).await?.ok_or(sqlx::Error::RowNotFound)?;
        let mut state = StateRow { session: CLEAN_SHUTDOWN.to_owned(), ..before.clone() };
        state.begin_epoch();
        state.replace(&before, &mut connection).await?;
        connection.close().await
    };
    renewed.await.map_err(|why| CopyError::Copy(to.clone(), why))?;
    let report = check_sound(&part.0, from).await?;
    let old = rename_old(folder, &to).await.map_err(|why| CopyError::Write(to.clone(), why))?;
    // It counts the commits of the old database.
    let _ = std::fs::remove_file(folder.join(commit_counter::FILE));
    part.become_file(&to)?;
    Ok((report, old))
}

/// Renames the database `old` and SQLite's files next to it, also if only those exist: SQLite would use them for the new database.
async fn rename_old(folder: &Path, old: &Path) -> io::Result<Option<PathBuf>> {
    if old.exists() {
        // Opening and closing it checkpoints its log, so that one file is renamed. A damaged database is renamed with its log.
        let options = SqliteConnectOptions::new().filename(old).journal_mode(SqliteJournalMode::Wal).disable_statement_logging();
        if let Ok(connection) = options.connect().await {
            let _ = connection.close().await;
        }
    }
    let new_name = folder.join(format!("agnez.replaced-{}.sqlite", now_ms()));
    let mut renamed = None;
    for suffix in ["-wal", "-shm", ""] {
        let file = sidecar_path(old, suffix);
        if file.exists() {
            // A hard link: the old database keeps its name until the new one replaces it, so that a start never finds none and creates one.
            let linked = suffix.is_empty() && std::fs::hard_link(&file, &new_name).is_ok();
            if !linked {
                std::fs::rename(&file, sidecar_path(&new_name, suffix))?;
            }
            renamed = Some(new_name.clone()).filter(|_| suffix.is_empty());
        }
    }
    Ok(renamed)
}

async fn check_sound(file: &Path, named: &Path) -> Result<CheckReport, CopyError> {
    let report = check(file).await?;
    match report.faults.first() {
        Some(first) => Err(CopyError::Damaged(named.into(), first.clone())),
        None => Ok(report),
    }
}

/// A copy that is being written, locked meanwhile; deleted if it does not become the target.
struct PartFile(PathBuf, File);

impl PartFile {
    /// Copies the database `from`, with the content of its log, to a temporary file in the folder of `to`.
    async fn copy_of(from: &Path, to: &Path) -> Result<Self, CopyError> {
        remove_stale_parts(to);
        let made = sidecar_path(to, &format!(".{}.part", ids::random()));
        // Readable for the owner only, as the data folder.
        let created = platform::private_file().write(true).create_new(true).open(&made);
        let lock = created.and_then(|file| file.lock().map(|()| file)).map_err(|why| CopyError::Write(to.into(), why))?;
        let part = Self(made, lock);
        let target = part.0.to_str().ok_or_else(|| CopyError::Write(to.into(), io::Error::other("its name is not UTF-8")))?;
        let copied = async {
            let mut connection = read_only(from).connect().await?;
            sqlx::query("VACUUM INTO ?").bind(target).execute(&mut connection).await?;
            connection.close().await
        };
        copied.await.map_err(|why| CopyError::Copy(to.into(), why))?;
        Ok(part)
    }

    /// Renames it to the target and flushes both to disk.
    fn become_file(self, file: &Path) -> Result<(), CopyError> {
        let done = || {
            File::open(&self.0)?.sync_all()?;
            std::fs::rename(&self.0, file)?;
            platform::sync_folder(parent(file))
        };
        done().map_err(|why| CopyError::Write(file.into(), why))
    }
}

impl Drop for PartFile {
    fn drop(&mut self) {
        for suffix in ["", "-journal", "-wal", "-shm"] {
            let _ = std::fs::remove_file(sidecar_path(&self.0, suffix));
        }
    }
}

/// Removes temporary files of killed copies to the same target: those that no process has locked.
fn remove_stale_parts(to: &Path) {
    let folder = parent(to);
    let Some(name) = to.file_name().and_then(|name| name.to_str()) else { return };
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let file = entry.file_name();
        let left = file.to_str().and_then(|file| file.strip_prefix(name)?.strip_prefix('.')?.strip_suffix(".part"));
        if left.is_some()
            && let Ok(lock) = File::open(entry.path())
            && lock.try_lock().is_ok()
        {
            drop(PartFile(entry.path(), lock));
        }
    }
}
