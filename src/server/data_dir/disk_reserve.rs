//! Disk space reserved for deletions: a ballast file, truncated when the disk is full so that a commit that frees space has room.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use sqlx::SqliteConnection;

use super::{database_path, sidecar_path};

/// Bytes reserved: about twice SQLite's log at a checkpoint. Unit tests open thousands of folders.
const RESERVE_BYTES: u64 = if cfg!(test) { 64 << 10 } else { 8 << 20 };
const WRITE_BYTES: usize = 64 << 10;
/// Bytes of SQLite's log at a checkpoint. If the log cannot grow to this length, no commit succeeds, whatever free pages the database has.
const LOG_BYTES: u64 = RESERVE_BYTES / 2;
/// SQLite's largest limit of pages.
const UNLIMITED: &str = "PRAGMA max_page_count = 4294967294";
/// SQLite raises a limit below the current number of pages to that number: the database can no longer grow.
const CURRENT_SIZE: &str = "PRAGMA max_page_count = 1";

pub struct DiskReserve {
    path: PathBuf,
    /// SQLite's log.
    log: PathBuf,
    /// Length of the file.
    bytes: u64,
}

impl DiskReserve {
    /// The reserve of a data folder, as the last run left it.
    pub fn open(folder: &Path) -> Self {
        let path = folder.join("ballast");
        let bytes = std::fs::metadata(&path).map_or(0, |file| file.len());
        Self { path, log: sidecar_path(&database_path(folder), "-wal"), bytes }
    }

    pub fn is_filled(&self) -> bool {
        self.bytes >= RESERVE_BYTES
    }

    /// Returns all reserved space to the disk. False if there was none, or it cannot be returned.
    pub fn truncate(&mut self) -> bool {
        let had_space = std::mem::take(&mut self.bytes) > 0;
        let truncate = || OpenOptions::new().write(true).open(&self.path).and_then(|file| file.set_len(0).and_then(|()| file.sync_all()));
        had_space && truncate().is_ok()
    }

    /// Returns the reserved space to the disk and lets the database grow, until [`Self::refill`].
    pub async fn release(&mut self, connection: &mut SqliteConnection) -> sqlx::Result<()> {
        self.truncate();
        sqlx::query(UNLIMITED).execute(connection).await.map(drop)
    }

    /// Reserves the space again if there is enough; the database may then grow. Otherwise it is limited to its current size.
    pub async fn refill(&mut self, connection: &mut SqliteConnection) -> sqlx::Result<()> {
        let limit = if self.fill() { UNLIMITED } else { CURRENT_SIZE };
        sqlx::query(limit).execute(connection).await.map(drop)
    }

    /// True when filled. On a full disk up to half of the space is left to SQLite's log, as far as that is shorter than at a checkpoint.
    fn fill(&mut self) -> bool {
        if self.is_filled() {
            return true;
        }
        let mut open = OpenOptions::new();
        let Ok(mut file) = open.create(true).append(true).open(&self.path) else { return false };
        let (before, filled) = (self.bytes, fill(&mut file, RESERVE_BYTES));
        self.bytes = file.metadata().map_or(0, |file| file.len());
        if filled.is_err() {
            let log = std::fs::metadata(&self.log).map_or(0, |file| file.len());
            let left = LOG_BYTES.saturating_sub(log).min(self.bytes / 2);
            self.bytes = before.max(self.bytes - left);
            let _ = file.set_len(self.bytes);
        }
        self.is_filled()
    }
}

/// Gives 64 KiB of the reserve to a small file of the data folder, for good. False if the reserve is empty.
pub fn release_some(folder: &Path) -> bool {
    let shorten = || -> io::Result<bool> {
        let file = OpenOptions::new().write(true).open(folder.join("ballast"))?;
        let length = file.metadata()?.len();
        file.set_len(length.saturating_sub(WRITE_BYTES as u64))?;
        Ok(length > 0)
    };
    shorten().unwrap_or(false)
}

/// Appends pseudo-random bytes (xorshift64: Marsaglia, 2003) up to the length `until`: a file system that compresses, or stores zeros
/// as holes, would not reserve the space of regular bytes.
fn fill(file: &mut File, until: u64) -> io::Result<()> {
    let mut length = file.metadata()?.len();
    let mut state = 0x9E37_79B9_7F4A_7C15_u64 ^ length;
    let mut part = Vec::with_capacity(WRITE_BYTES);
    while length < until {
        part.clear();
        while part.len() < WRITE_BYTES {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            part.extend(state.to_le_bytes());
        }
        part.truncate(usize::try_from(until - length).unwrap_or(WRITE_BYTES));
        file.write_all(&part)?;
        length += part.len() as u64;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_filled_and_truncated() {
        let folder = tempfile::tempdir().unwrap();
        let mut reserve = DiskReserve::open(folder.path());
        assert!(!reserve.is_filled() && !reserve.truncate());
        assert!(reserve.fill() && DiskReserve::open(folder.path()).is_filled());
        let length = || std::fs::metadata(folder.path().join("ballast")).unwrap().len();
        assert_eq!(length(), RESERVE_BYTES);
        assert!(reserve.truncate() && !reserve.is_filled());
        assert_eq!(length(), 0);
        std::fs::write(folder.path().join("ballast"), vec![1; 1000]).unwrap();
        assert!(DiskReserve::open(folder.path()).fill(), "a shorter file is filled up");
        assert_eq!(length(), RESERVE_BYTES);
    }
}
