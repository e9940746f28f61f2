//! Why a data folder or a database cannot be opened.

use std::path::PathBuf;

use super::SCHEMA;
use super::loss_check::Loss;
use crate::server::store::error::reason;

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
    Truncated(PathBuf, u64),
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

/// SQLite's codes for a full disk: SQLITE_FULL and SQLITE_IOERR_SHMSIZE.
const DISK_FULL: [&str; 2] = ["13", "4874"];

impl OpenError {
    /// The message for a file that the user named, such as a backup: it does not propose to restore one.
    pub fn file_message(&self) -> String {
        const HINT: &str = "Name a file that 'agnez backup' has written, or the agnez.sqlite of a data folder";
        match self {
            Self::Missing(file) => format!("There is no file {}. {HINT}.", file.display()),
            Self::Foreign(file) => format!("{} is a database of another program; nothing was changed. {HINT}.", file.display()),
            Self::Database(file, why) => format!("{} cannot be read: {}. {HINT}.", file.display(), reason(why)),
            other => other.to_string(),
        }
    }

    pub fn is_disk_full(&self) -> bool {
        match self {
            Self::Database(_, sqlx::Error::Database(why)) => why.code().is_some_and(|code| DISK_FULL.contains(&&*code)),
            Self::Folder(_, why) => why.kind() == std::io::ErrorKind::StorageFull,
            _ => false,
        }
    }
}
