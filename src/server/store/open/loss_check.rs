//! Detection of lost commits, from the files before SQLite changes them.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::wal_check::{self, WalScan};
use crate::server::data_dir::{database_path, sidecar_path};
use crate::server::store::integrity::commit_counter::RecordedCommits;
use crate::server::store::integrity::state_row::StateRow;

/// Commits that were acknowledged and are missing.
#[derive(Debug)]
pub struct Loss {
    log: PathBuf,
    scan: WalScan,
    /// Their number, if known.
    commits: Option<u64>,
}

impl fmt::Display for Loss {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        let WalScan { length, end, is_damaged, .. } = self.scan;
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
    /// `recorded` is the commit counter's file, `state` the row that SQLite reads. `None` if nothing is missing.
    pub fn of(folder: &Path, recorded: Option<&RecordedCommits>, state: Option<&StateRow>) -> io::Result<Option<Self>> {
        let log = sidecar_path(&database_path(folder), "-wal");
        let recorded = recorded.filter(|recorded| state.is_none_or(|state| state.epoch == recorded.epoch));
        let (written, there) = (recorded.map(|recorded| recorded.commits), state.map_or(0, |state| state.commits));
        // Without flushes a power cut may lose any commits; a new epoch then says so to readers.
        if !recorded.map_or(state.is_none_or(|state| state.session != "normal"), |recorded| recorded.is_durable) {
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
