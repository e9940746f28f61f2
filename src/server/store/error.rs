//! Errors of the store. They know nothing of HTTP: [`crate::server::error::ServerError`] converts them.

use std::sync::Arc;

#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum StoreError {
    /// More operations wait than the queue may hold; nothing was changed.
    #[error("the writer's queue is full")]
    Busy,
    /// [`super::Store::close`] was called; nothing was changed.
    #[error("the store is closed")]
    Closed,
    /// The commit was rolled back.
    #[error("the disk is full")]
    DiskFull,
    /// The commit was rolled back; the next one may succeed.
    #[error("the database was not writable: {0}")]
    RolledBack(Arc<str>),
    /// It is unknown what of the last commit is on disk. No more changes are taken until a restart.
    #[error("the database failed earlier: {0}")]
    Failed(Arc<str>),
    #[error("the database could not be read: {0}")]
    Unreadable(Arc<str>),
    #[error("a part of the database is damaged: {0}")]
    Corrupt(Arc<str>),
}

// SQLite's primary result codes.
const SQLITE_BUSY: i64 = 5;
const SQLITE_READONLY: i64 = 8;
const SQLITE_CORRUPT: i64 = 11;
const SQLITE_FULL: i64 = 13;
const SQLITE_NOTADB: i64 = 26;
/// Extended code of a write that the system refused: over quota, or a disk that became read-only. Nothing unflushed is in
/// doubt.
const SQLITE_IOERR_WRITE: i64 = 778;

impl StoreError {
    /// The error of a commit. SQLite rolls back a transaction that it refuses; any other error leaves the state of the disk
    /// unknown.
    pub fn from_write(error: sqlx::Error) -> Self {
        let code = code(&error);
        if code == Some(SQLITE_IOERR_WRITE) {
            return Self::RolledBack(error.to_string().into());
        }
        match code.map(primary) {
            Some(SQLITE_FULL) => Self::DiskFull,
            Some(SQLITE_BUSY | SQLITE_READONLY) => Self::RolledBack(error.to_string().into()),
            // Found while the transaction read, before it was rolled back: the disk itself did not fail.
            None if matches!(error, sqlx::Error::Decode(_) | sqlx::Error::RowNotFound) => Self::Corrupt(error.to_string().into()),
            _ => Self::Failed(reason(&error).into()),
        }
    }

    /// The error of a read outside of commits.
    pub fn from_read(error: sqlx::Error) -> Self {
        let is_corrupt = match &error {
            sqlx::Error::Decode(_) => true,
            error => matches!(code(error).map(primary), Some(SQLITE_CORRUPT | SQLITE_NOTADB)),
        };
        let why = reason(&error).into();
        if is_corrupt { Self::Corrupt(why) } else { Self::Unreadable(why) }
    }
}

fn code(error: &sqlx::Error) -> Option<i64> {
    error.as_database_error()?.code()?.parse().ok()
}

fn primary(code: i64) -> i64 {
    code & 0xff
}

/// A row or blob that does not have the content with which it was written.
pub fn corrupt(what: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> sqlx::Error {
    sqlx::Error::Decode(what.into())
}

/// The message of an error, without sqlx's prefix.
pub fn reason(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Decode(why) | sqlx::Error::Configuration(why) => why.to_string(),
        sqlx::Error::Database(why) => why.message().to_owned(),
        other => other.to_string(),
    }
}
