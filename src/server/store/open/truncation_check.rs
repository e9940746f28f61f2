//! Detection of a database file that was removed or cut, before SQLite would create a new one.

use std::path::Path;

use super::error::OpenError;
use crate::server::data_dir::{database_path, sidecar_path};
use crate::server::store::integrity::commit_counter::RecordedCommits;

/// The smallest page of SQLite.
const MIN_DATABASE_BYTES: u64 = 512;

/// Refuses a database that is missing or shorter than a page although other files show that it was used: SQLite would create a new one.
pub fn refuse_truncated(folder: &Path, recorded: Option<&RecordedCommits>) -> Result<(), OpenError> {
    let path = database_path(folder);
    let length = |path: &Path| std::fs::metadata(path).map(|file| file.len()).ok();
    let was_used = recorded.is_some_and(|recorded| recorded.commits > 1);
    let is_used = match length(&path) {
        Some(bytes) if bytes >= MIN_DATABASE_BYTES => return Ok(()),
        Some(_) => {
            let holds = |path: &Path| length(path).is_some_and(|bytes| bytes > 0);
            was_used || holds(&folder.join("ballast")) || holds(&sidecar_path(&path, "-wal"))
        }
        None => was_used,
    };
    if is_used { Err(OpenError::Truncated(path.clone(), length(&path).unwrap_or(0))) } else { Ok(()) }
}
