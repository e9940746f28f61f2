//! How many commits there were, in a small file beside the database: where SQLite's log is damaged or gone, the database cannot know it.
//!
//! It is written after each commit and never flushed: a killed process leaves it as it was, and after a power cut it says too little, which
//! is no harm. It is one line of one length in one sector.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::server::store::writer::state_row::StateRow;
use crate::server::store::{Durability, data_dir};

pub const FILE: &str = "agnez.mark";

/// What an earlier run noted.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordedCommits {
    pub epoch: String,
    pub commits: u64,
    /// Whether each of them was flushed.
    pub is_durable: bool,
}

pub struct CommitCounter {
    file: Option<File>,
    is_durable: bool,
}

impl CommitCounter {
    /// Without it the server works as well; only damage would be noticed less surely.
    pub fn of(folder: &Path, durability: Durability) -> Self {
        let path = folder.join(FILE);
        let file = data_dir::open_lock_file(&path).and_then(|file| data_dir::give(&file, folder).map(|()| file));
        let file = file.inspect_err(|why| tracing::warn!("{} cannot be written: {why}", path.display())).ok();
        Self { file, is_durable: durability == Durability::Full }
    }

    pub fn note(&mut self, state: &StateRow) {
        let noted = RecordedCommits { epoch: state.epoch.clone(), commits: state.commits, is_durable: self.is_durable };
        if let Some(file) = &self.file
            && let Err(why) = file.write_all_at(noted.line().as_bytes(), 0)
        {
            // What it says is behind from here on, as after a power cut.
            tracing::warn!("{FILE} cannot be written: {why}");
            self.file = None;
        }
    }
}

impl RecordedCommits {
    /// `None` where there is none, or it cannot be read.
    pub fn read(folder: &Path) -> Option<Self> {
        let text = std::fs::read_to_string(folder.join(FILE)).ok()?;
        let noted = Self::parse(&text);
        if noted.is_none() && !text.is_empty() {
            tracing::warn!("{} is damaged and not used", folder.join(FILE).display());
        }
        noted
    }

    fn line(&self) -> String {
        let durability = if self.is_durable { "full  " } else { "normal" };
        let body = format!("agnez {} {:020} {durability}", self.epoch, self.commits);
        format!("{body} {:08x}\n", crc32fast::hash(body.as_bytes()))
    }

    fn parse(text: &str) -> Option<Self> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let [_, epoch, commits, durability, _] = words[..] else { return None };
        let noted = Self { epoch: epoch.to_owned(), commits: commits.parse().ok()?, is_durable: durability == "full" };
        (noted.line() == text).then_some(noted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_what_was_noted_last_or_nothing() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(RecordedCommits::read(folder.path()), None);
        let mut state = StateRow::fresh();
        let mut mark = CommitCounter::of(folder.path(), Durability::Full);
        for commits in [1, 99_999, 7] {
            state.commits = commits;
            mark.note(&state);
            let noted = RecordedCommits { epoch: state.epoch.clone(), commits, is_durable: true };
            assert_eq!(RecordedCommits::read(folder.path()), Some(noted));
        }
        let line = std::fs::read(folder.path().join(FILE)).unwrap();
        for bit in 0..line.len() * 8 {
            let mut flipped = line.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(std::str::from_utf8(&flipped).ok().and_then(RecordedCommits::parse), None, "bit {bit}");
        }
    }
}
