//! What the writer has done since the start, for whoever watches the server.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use prometheus_client::metrics::histogram::Histogram;

/// So many commits in a row do not all fit into what is left of a full disk by chance.
const SMALL_COMMITS: u64 = 16;

/// Upper bounds of the commit histogram, in seconds: from an NVMe disk to a spinning one on a network.
const COMMIT_SECONDS: [f64; 10] = [0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5];

#[derive(Debug)]
pub struct StoreStats {
    commit_seconds: Histogram,
    commits: AtomicU64,
    operations: AtomicU64,
    undone: AtomicU64,
    failed: OnceLock<String>,
    /// Faults in the structure of the file and 1; 0: it was not looked at yet.
    faults: AtomicU64,
    /// Commits until it is believed that a disk that was full has room; 0: it has.
    short: AtomicU64,
}

impl Default for StoreStats {
    fn default() -> Self {
        Self {
            commit_seconds: Histogram::new(COMMIT_SECONDS),
            commits: AtomicU64::default(),
            operations: AtomicU64::default(),
            undone: AtomicU64::default(),
            failed: OnceLock::default(),
            faults: AtomicU64::default(),
            short: AtomicU64::default(),
        }
    }
}

impl StoreStats {
    /// How long commits to disk take.
    pub fn commit_seconds(&self) -> &Histogram {
        &self.commit_seconds
    }

    /// A commit was tried, and took this time.
    pub(crate) fn observe_commit(&self, elapsed: Duration) {
        self.commit_seconds.observe(elapsed.as_secs_f64());
    }

    /// A commit of so many operations is on disk, or was undone.
    pub(crate) fn commit(&self, operations: usize, durable: bool) {
        match durable {
            true => {
                self.commits.fetch_add(1, Ordering::Relaxed);
                self.operations.fetch_add(operations as u64, Ordering::Relaxed);
            }
            false => drop(self.undone.fetch_add(1, Ordering::Relaxed)),
        }
    }

    /// The database failed: it takes no more writes until a restart. The first reason stays.
    pub(crate) fn fail(&self, why: &str) {
        let _ = self.failed.set(why.to_owned());
    }

    pub fn failed(&self) -> Option<&str> {
        self.failed.get().map(String::as_str)
    }

    /// A commit found the disk full.
    pub(crate) fn record_disk_full(&self) {
        self.short.store(SMALL_COMMITS, Ordering::Relaxed);
    }

    /// A commit found room, which it may not have needed.
    pub(crate) fn record_room(&self) {
        let _ = self.short.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
    }

    pub(crate) fn clear_disk_full(&self) {
        self.short.store(0, Ordering::Relaxed);
    }

    /// Whether the disk is full, as far as commits tell.
    pub fn is_full(&self) -> bool {
        self.short.load(Ordering::Relaxed) > 0
    }

    /// So many faults were found in the structure of the file.
    pub(crate) fn record_faults(&self, faults: usize) {
        self.faults.fetch_max(faults as u64 + 1, Ordering::Relaxed);
    }

    /// A reader met something that cannot be read.
    pub fn record_damage(&self) {
        self.faults.fetch_max(2, Ordering::Relaxed);
    }

    /// Faults in the structure of the database file; `None` until it was looked at.
    pub fn faults(&self) -> Option<u64> {
        self.faults.load(Ordering::Relaxed).checked_sub(1)
    }

    /// What is wrong, and what to do, in words for readers of the page.
    pub fn notice(&self) -> Option<&'static str> {
        match self.failed() {
            Some(_) => Some("The database failed: nothing new is taken. Restart the server; its log says why."),
            None if self.is_full() => Some(
                "The disk is full: new data is refused, but where removed cells made room. Free some space on the server's disk, or remove cells here.",
            ),
            None if self.faults().is_some_and(|faults| faults > 0) => {
                Some("The database is damaged: some of what it holds may be missing. 'agnez check' says what; restore a backup.")
            }
            None => None,
        }
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
