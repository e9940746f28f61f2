//! Whether acknowledged changes are missing, as the files say before SQLite has changed them.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::OpenError;
use super::wal_check::{self, Scan};
use crate::server::store::integrity::commit_counter::RecordedCommits;
use crate::server::store::integrity::file_watch::beside;
use crate::server::store::maintenance::check::database_path;
use crate::server::store::writer::state_row::StateRow;

/// What cannot be a page of a database.
const LEAST_BYTES: u64 = 512;

/// Acknowledged changes that are not there.
#[derive(Debug)]
pub struct Loss {
    log: PathBuf,
    scan: Scan,
    /// How many commits, where that is known.
    commits: Option<u64>,
}

impl fmt::Display for Loss {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        let Scan { length, end, is_damaged, .. } = self.scan;
        let log = self.log.display();
        match self.commits {
            Some(1) => write!(out, "1 commit that was acknowledged is missing"),
            Some(commits) => write!(out, "{commits} commits that were acknowledged are missing"),
            None => write!(out, "Commits that were acknowledged are missing"),
        }?;
        match (length, is_damaged || end < length) {
            (0, _) => write!(out, ": {log} is gone or empty, or the database was replaced by an older one"),
            (_, true) => write!(out, ": {log} is damaged at byte {end} of {length}"),
            (_, false) => write!(out, ": {log} ends at byte {length}, or the database was replaced by an older one"),
        }
    }
}

impl Loss {
    /// `noted` is what the last run noted beside the database, `state` what SQLite reads in it.
    pub fn of(folder: &Path, noted: Option<&RecordedCommits>, state: Option<&StateRow>) -> io::Result<Option<Self>> {
        let log = beside(&database_path(folder), "-wal");
        let noted = noted.filter(|noted| state.is_none_or(|state| state.epoch == noted.epoch));
        let (written, there) = (noted.map(|noted| noted.commits), state.map_or(0, |state| state.commits));
        // Without flushes a power cut takes commits in any order: no file can say more than that the epoch is another one.
        if !noted.map_or(state.is_none_or(|state| state.session != "normal"), |noted| noted.is_durable) {
            if let Some(missing) = written.and_then(|written| written.checked_sub(there)).filter(|missing| *missing > 0) {
                tracing::warn!("{missing} commits of the last run are missing, which --durability normal allows after a power cut");
            }
            return Ok(None);
        }
        if written == Some(there) {
            return Ok(None);
        }
        let scan = wal_check::scan(&log)?;
        let commits = written.and_then(|written| written.checked_sub(there)).filter(|missing| *missing > 0);
        Ok((commits.is_some() || scan.is_damaged).then_some(Self { log, scan, commits }))
    }
}

/// A database that was cut off, or is gone, beside files that only a used one has: SQLite would take it for a new one.
pub fn refuse_truncated(folder: &Path, noted: Option<&RecordedCommits>) -> Result<(), OpenError> {
    let path = database_path(folder);
    let length = |path: &Path| std::fs::metadata(path).map(|file| file.len()).ok();
    let was_used = noted.is_some_and(|noted| noted.commits > 1);
    let is_used = match length(&path) {
        Some(bytes) if bytes >= LEAST_BYTES => return Ok(()),
        Some(_) => {
            let holds = |path: &Path| length(path).is_some_and(|bytes| bytes > 0);
            was_used || holds(&folder.join("ballast")) || holds(&beside(&path, "-wal"))
        }
        None => was_used,
    };
    if is_used { Err(OpenError::CutOff(path.clone(), length(&path).unwrap_or(0))) } else { Ok(()) }
}
