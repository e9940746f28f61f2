//! What the writer has done since the start, for whoever watches the server.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

#[derive(Debug, Default)]
pub struct Tally {
    commits: AtomicU64,
    operations: AtomicU64,
    undone: AtomicU64,
    failed: OnceLock<String>,
}

impl Tally {
    /// A commit of so many operations is on disk, or was undone.
    pub(super) fn commit(&self, operations: usize, durable: bool) {
        match durable {
            true => {
                self.commits.fetch_add(1, Ordering::Relaxed);
                self.operations.fetch_add(operations as u64, Ordering::Relaxed);
            }
            false => drop(self.undone.fetch_add(1, Ordering::Relaxed)),
        }
    }

    /// The database failed: it takes no more writes until a restart. The first reason stays.
    pub(super) fn fail(&self, why: &str) {
        let _ = self.failed.set(why.to_owned());
    }

    pub fn failed(&self) -> Option<&str> {
        self.failed.get().map(String::as_str)
    }

    pub fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }

    /// Accepted or refused, in commits that are on disk.
    pub fn operations(&self) -> u64 {
        self.operations.load(Ordering::Relaxed)
    }

    pub fn undone(&self) -> u64 {
        self.undone.load(Ordering::Relaxed)
    }
}
