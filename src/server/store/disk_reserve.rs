//! Room on the disk that is kept for removals: a file that holds nothing, given up when the disk is full.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use sqlx::SqliteConnection;

/// About twice what SQLite's log holds before it is moved into the database file. Unit tests open thousands of folders.
const WHOLE: u64 = if cfg!(test) { 64 << 10 } else { 8 << 20 };
const PART: usize = 64 << 10;
/// The length that SQLite's log has when it is moved into the database file. Without it no commit has room, whatever the file has.
const LOG: u64 = WHOLE / 2;
/// SQLite's highest number of pages; and one that is below what there is, which is then the bound.
const UNBOUND: &str = "PRAGMA max_page_count = 4294967294";
const AS_IT_IS: &str = "PRAGMA max_page_count = 1";

pub struct DiskReserve {
    path: PathBuf,
    log: PathBuf,
    held: u64,
}

impl DiskReserve {
    /// Of a data folder, as an earlier run left it.
    pub fn of(folder: &Path) -> Self {
        let path = folder.join("ballast");
        let held = std::fs::metadata(&path).map_or(0, |file| file.len());
        Self { path, log: folder.join("agnez.sqlite-wal"), held }
    }

    pub fn is_whole(&self) -> bool {
        self.held >= WHOLE
    }

    /// Gives its room to the disk. False where it had none.
    pub fn give_up(&mut self) -> bool {
        let had = std::mem::take(&mut self.held) > 0;
        let emptied = || OpenOptions::new().write(true).open(&self.path).and_then(|file| file.set_len(0).and_then(|()| file.sync_all()));
        had && emptied().is_ok()
    }

    /// Gives its room to the database, which may grow until it is settled.
    pub async fn lend(&mut self, connection: &mut SqliteConnection) -> sqlx::Result<()> {
        self.give_up();
        sqlx::query(UNBOUND).execute(connection).await.map(drop)
    }

    /// Takes its room back where there is enough. The database may grow then; else only what it has is written again.
    pub async fn settle(&mut self, connection: &mut SqliteConnection) -> sqlx::Result<()> {
        let bound = if self.take() { UNBOUND } else { AS_IT_IS };
        sqlx::query(bound).execute(connection).await.map(drop)
    }

    /// True when it is whole. Where it cannot be, SQLite's log is left what it lacks, at most half of what there is.
    fn take(&mut self) -> bool {
        if self.is_whole() {
            return true;
        }
        let mut open = OpenOptions::new();
        let Ok(mut file) = open.create(true).append(true).open(&self.path) else { return false };
        let (before, filled) = (self.held, fill(&mut file, WHOLE));
        self.held = file.metadata().map_or(0, |file| file.len());
        if filled.is_err() {
            let log = std::fs::metadata(&self.log).map_or(0, |file| file.len());
            let left = LOG.saturating_sub(log).min(self.held / 2);
            self.held = before.max(self.held - left);
            let _ = file.set_len(self.held);
        }
        self.is_whole()
    }
}

/// Gives some of its room to a small file beside the database, for good. False where there is none.
pub fn release_some(folder: &Path) -> bool {
    let some = || -> io::Result<bool> {
        let file = OpenOptions::new().write(true).open(folder.join("ballast"))?;
        let length = file.metadata()?.len();
        file.set_len(length.saturating_sub(PART as u64))?;
        Ok(length > 0)
    };
    some().unwrap_or(false)
}

/// Numbers of chance (Marsaglia, xorshift, 2003): a file system that compresses, or leaves holes, keeps no room for anything else.
fn fill(file: &mut File, until: u64) -> io::Result<()> {
    let mut length = file.metadata()?.len();
    let mut state = 0x9E37_79B9_7F4A_7C15_u64 ^ length;
    let mut part = Vec::with_capacity(PART);
    while length < until {
        part.clear();
        while part.len() < PART {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            part.extend(state.to_le_bytes());
        }
        part.truncate(usize::try_from(until - length).unwrap_or(PART));
        file.write_all(&part)?;
        length += part.len() as u64;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_holds_room_and_gives_it_up() {
        let folder = tempfile::tempdir().unwrap();
        let mut reserve = DiskReserve::of(folder.path());
        assert!(!reserve.is_whole() && !reserve.give_up());
        assert!(reserve.take() && DiskReserve::of(folder.path()).is_whole());
        let length = || std::fs::metadata(folder.path().join("ballast")).unwrap().len();
        assert_eq!(length(), WHOLE);
        assert!(reserve.give_up() && !reserve.is_whole());
        assert_eq!(length(), 0);
        std::fs::write(folder.path().join("ballast"), vec![1; 1000]).unwrap();
        assert!(DiskReserve::of(folder.path()).take(), "a part of it is made whole");
        assert_eq!(length(), WHOLE);
    }
}
