//! The number of commits, in a small file next to the database: if SQLite's log is damaged or missing, the database itself cannot know that
//! commits are lost.
//!
//! The file is written after each commit and never flushed: it survives a killed process, and is too low after a power cut, which does no
//! harm. It is one line of fixed length within one sector.

use std::fs::File;
use std::path::Path;

use super::state_row::StateRow;
use crate::server::data_dir;
use crate::server::platform::write_all_at;
use crate::server::store::Durability;

pub const FILE: &str = "agnez.mark";

/// The content of the file, from an earlier run.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordedCommits {
    pub epoch: String,
    pub commits: u64,
    /// Whether every commit was flushed (`--durability full`).
    pub is_durable: bool,
}

pub struct CommitCounter {
    file: Option<File>,
    is_durable: bool,
}

impl CommitCounter {
    /// Opens or creates the file. A failure is only logged: without the file some losses would not be detected.
    pub fn open(folder: &Path, durability: Durability) -> Self {
        let path = folder.join(FILE);
        let file = data_dir::open_lock_file(&path).and_then(|file| data_dir::chown_to_owner(&file, folder).map(|()| file));
        let file = file.inspect_err(|why| tracing::warn!("{} cannot be written: {why}", path.display())).ok();
        Self { file, is_durable: durability == Durability::Full }
    }

    /// Records the number of commits of `state`.
    pub fn record(&mut self, state: &StateRow) {
        let recorded = RecordedCommits { epoch: state.epoch.clone(), commits: state.commits, is_durable: self.is_durable };
        if let Some(file) = &self.file
            && let Err(why) = write_all_at(file, recorded.line().as_bytes(), 0)
        {
            // The file stays too low from here on, as after a power cut.
            tracing::warn!("{FILE} cannot be written: {why}");
            self.file = None;
        }
    }
}

impl RecordedCommits {
    /// `None` if the file is missing or damaged.
    pub fn read(folder: &Path) -> Option<Self> {
        let text = std::fs::read_to_string(folder.join(FILE)).ok()?;
        let recorded = Self::parse(&text);
        if recorded.is_none() && !text.is_empty() {
            tracing::warn!("{} is damaged and not used", folder.join(FILE).display());
        }
        recorded
    }

    fn line(&self) -> String {
        let durability = if self.is_durable { "full  " } else { "normal" };
        let body = format!("agnez {} {:020} {durability}", self.epoch, self.commits);
        format!("{body} {:08x}\n", crc32fast::hash(body.as_bytes()))
    }

    fn parse(text: &str) -> Option<Self> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let [_, epoch, commits, durability, _] = words[..] else { return None };
        let recorded = Self { epoch: epoch.to_owned(), commits: commits.parse().ok()?, is_durable: durability == "full" };
        (recorded.line() == text).then_some(recorded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_the_last_record_or_nothing() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(RecordedCommits::read(folder.path()), None);
        let mut state = StateRow::new();
        let mut counter = CommitCounter::open(folder.path(), Durability::Full);
        for commits in [1, 99_999, 7] {
            state.commits = commits;
            counter.record(&state);
            let recorded = RecordedCommits { epoch: state.epoch.clone(), commits, is_durable: true };
            assert_eq!(RecordedCommits::read(folder.path()), Some(recorded));
        }
        let line = std::fs::read(folder.path().join(FILE)).unwrap();
        for bit in 0..line.len() * 8 {
            let mut flipped = line.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(std::str::from_utf8(&flipped).ok().and_then(RecordedCommits::parse), None, "bit {bit}");
        }
    }
}
