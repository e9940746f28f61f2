//! The lock of a data folder: one server at a time.

use std::fs::{File, TryLockError};
use std::path::Path;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

use super::error::OpenError;
use crate::server::data_dir;
use crate::server::store::error::reason;
use crate::server::store::integrity::state_row::{CLEAN_SHUTDOWN, StateRow};

/// The data folder belongs to this process as long as this exists.
pub struct FolderLock {
    pub _files: Vec<File>,
    pub options: SqliteConnectOptions,
    /// As in the state row.
    pub owner: String,
}

impl FolderLock {
    /// Records a clean shutdown in the database, after the writer has ended.
    pub async fn mark_clean_shutdown(&self) {
        let record = async {
            let mut connection = self.options.clone().create_if_missing(false).connect().await?;
            sqlx::query("BEGIN IMMEDIATE").execute(&mut connection).await?;
            if let Some(state) = StateRow::read(&mut connection).await?.filter(|state| state.owner == self.owner) {
                StateRow { session: CLEAN_SHUTDOWN.to_owned(), ..state.clone() }.replace(&state, &mut connection).await?;
            }
            sqlx::query("COMMIT").execute(&mut connection).await?;
            connection.close().await
        };
        if let Err(why) = record.await {
            tracing::warn!("the clean shutdown could not be recorded in the database: {}", reason(&why));
        }
    }
}

/// Whether a server uses the folder: its files then change while they are read.
pub fn is_in_use(folder: &Path) -> bool {
    File::open(folder.join("agnez.lock")).is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

/// Locks the folder for this process, as long as the files are open.
pub fn lock(folder: &Path) -> Result<Vec<File>, OpenError> {
    let file = data_dir::open_lock_file(&folder.join("agnez.lock")).and_then(|file| data_dir::chown_to_owner(&file, folder).map(|()| file));
    let file = file.map_err(|why| OpenError::Folder(folder.into(), why))?;
    file.try_lock().map_err(|why| match why {
        TryLockError::WouldBlock => OpenError::Locked(folder.into()),
        TryLockError::Error(why) => OpenError::Folder(folder.into(), why),
    })?;
    let mut files = vec![file];
    // A lock file that was removed while a server runs protects nothing, so the folder itself is locked, too. Some network file systems
    // cannot lock folders.
    if let Ok(opened) = File::open(folder) {
        match opened.try_lock() {
            Ok(()) => files.push(opened),
            Err(TryLockError::WouldBlock) => return Err(OpenError::Locked(folder.into())),
            Err(TryLockError::Error(why)) => tracing::debug!("the data folder itself cannot be locked: {why}"),
        }
    }
    Ok(files)
}
