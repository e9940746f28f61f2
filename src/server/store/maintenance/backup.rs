//! A copy of a database while a server uses it, and the way back from a copy.

use std::fs::File;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection};

use super::check::{CheckReport, check, database_path, read_only};
use crate::server::ids;
use crate::server::store::integrity::commit_counter;
use crate::server::store::integrity::commit_counter::RecordedCommits;
use crate::server::store::integrity::file_watch::beside;
use crate::server::store::now_ms;
use crate::server::store::open::loss_check::{Loss, refuse_truncated};
use crate::server::store::open::schema::check_schema;
use crate::server::store::open::{OpenError, is_in_use, lock};
use crate::server::store::writer::state_row::{CLEAN_SHUTDOWN, StateRow};

#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("{0} is there already and was left as it is. Name another file.")]
    Exists(PathBuf),
    #[error(
        "The data folder {0} already holds a database. Name another folder with --data, or say --replace: the old database is then kept beside the new one."
    )]
    Occupied(PathBuf),
    #[error("{0} cannot be written: {1}. Nothing was changed.")]
    Write(PathBuf, io::Error),
    #[error("{0} cannot be written: {1}. Nothing was changed.")]
    Copy(PathBuf, sqlx::Error),
    #[error("{0} is damaged, and nothing was changed. {1}")]
    Damaged(PathBuf, String),
}

/// Writes the database of `folder`, as it is at this moment, into the new file `to`, and reads the copy once as a whole.
pub async fn backup(folder: &Path, to: &Path) -> Result<CheckReport, CopyError> {
    let from = database_path(folder);
    if !from.is_file() {
        return Err(OpenError::Missing(from).into());
    }
    if to.exists() {
        return Err(CopyError::Exists(to.into()));
    }
    let noted = RecordedCommits::read(folder);
    refuse_truncated(folder, noted.as_ref())?;
    let seen = check_schema(&from).await?;
    // A copy of what is left would be taken for all there was.
    if !is_in_use(folder)
        && let Ok(Some(loss)) = Loss::of(folder, noted.as_ref(), seen.as_ref())
    {
        return Err(CopyError::Damaged(from, format!("{loss}.")));
    }
    let part = Part::of(&from, to).await?;
    let report = sound(&part.0, &from).await?;
    part.become_file(to)?;
    Ok(report)
}

/// Makes the copy `from` the database of `folder`. Events before and after it cannot be compared: it begins a new epoch.
///
/// An old database is in the way unless `replace`; it is then kept under another name, which is answered.
pub async fn restore(from: &Path, folder: &Path, replace: bool) -> Result<(CheckReport, Option<PathBuf>), CopyError> {
    sound(from, from).await?;
    crate::server::store::data_dir::make(folder).map_err(|why| OpenError::Folder(folder.into(), why))?;
    let _lock = lock(folder)?;
    let to = database_path(folder);
    if to.exists() && !replace {
        return Err(CopyError::Occupied(folder.into()));
    }
    let part = Part::of(from, &to).await?;
    crate::server::store::data_dir::give(&part.1, folder).map_err(|why| CopyError::Write(to.clone(), why))?;
    let renewed = async {
        // One file without a journal beside it: it will be renamed.
        let options = SqliteConnectOptions::new().filename(&part.0).journal_mode(SqliteJournalMode::Delete);
        let mut connection = options.synchronous(SqliteSynchronous::Full).disable_statement_logging().connect().await?;
        let before = StateRow::read(&mut connection).await?.ok_or(sqlx::Error::RowNotFound)?;
        let mut state = StateRow { session: CLEAN_SHUTDOWN.to_owned(), ..before.clone() };
        state.begin_epoch();
        state.replace(&before, &mut connection).await?;
        connection.close().await
    };
    renewed.await.map_err(|why| CopyError::Copy(to.clone(), why))?;
    let report = sound(&part.0, from).await?;
    let kept = put_aside(folder, &to).await.map_err(|why| CopyError::Write(to.clone(), why))?;
    // What it says is about the old one.
    let _ = std::fs::remove_file(folder.join(commit_counter::FILE));
    part.become_file(&to)?;
    Ok((report, kept))
}

/// Renames the database `old` and what SQLite keeps beside it, also where that lies there alone: it would be taken for the new one's.
async fn put_aside(folder: &Path, old: &Path) -> io::Result<Option<PathBuf>> {
    if old.exists() {
        // Its last close takes in what is beside it, so that one file is renamed; a damaged one goes as it is.
        let options = SqliteConnectOptions::new().filename(old).journal_mode(SqliteJournalMode::Wal).disable_statement_logging();
        if let Ok(connection) = options.connect().await {
            let _ = connection.close().await;
        }
    }
    let aside = folder.join(format!("agnez.replaced-{}.sqlite", now_ms()));
    let mut kept = None;
    for end in ["-wal", "-shm", ""] {
        let file = beside(old, end);
        if file.exists() {
            // The database keeps its name until the new one takes it: there is no moment without one, in which a start would begin an empty one.
            let linked = end.is_empty() && std::fs::hard_link(&file, &aside).is_ok();
            if !linked {
                std::fs::rename(&file, beside(&aside, end))?;
            }
            kept = Some(aside.clone()).filter(|_| end.is_empty());
        }
    }
    Ok(kept)
}

async fn sound(file: &Path, told: &Path) -> Result<CheckReport, CopyError> {
    let report = check(file).await?;
    match report.faults.first() {
        Some(first) => Err(CopyError::Damaged(told.into(), first.clone())),
        None => Ok(report),
    }
}

/// A file that is being written, locked as long; gone when it does not become the file it was meant for.
struct Part(PathBuf, File);

impl Part {
    /// The database `from` as it is at this moment, with all that SQLite keeps beside it, as one file in the folder of `to`.
    async fn of(from: &Path, to: &Path) -> Result<Self, CopyError> {
        sweep(to);
        let made = beside(to, &format!(".{}.part", ids::random()));
        // A copy has what the data folder keeps for its owner.
        let created = File::options().write(true).create_new(true).mode(0o600).open(&made);
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

    /// On disk under its name when this returns.
    fn become_file(self, file: &Path) -> Result<(), CopyError> {
        let done = || {
            File::open(&self.0)?.sync_all()?;
            std::fs::rename(&self.0, file)?;
            let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            File::open(folder)?.sync_all()
        };
        done().map_err(|why| CopyError::Write(file.into(), why))
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        for end in ["", "-journal", "-wal", "-shm"] {
            let _ = std::fs::remove_file(beside(&self.0, end));
        }
    }
}

/// Removes what copies to the same file left that were killed: nobody has it locked.
fn sweep(to: &Path) {
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let Some(name) = to.file_name().and_then(|name| name.to_str()) else { return };
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let file = entry.file_name();
        let left = file.to_str().and_then(|file| file.strip_prefix(name)?.strip_prefix('.')?.strip_suffix(".part"));
        if left.is_some()
            && let Ok(lock) = File::open(entry.path())
            && lock.try_lock().is_ok()
        {
            drop(Part(entry.path(), lock));
        }
    }
}
