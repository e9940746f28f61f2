//! Counters and failures of the store since the start, for metrics, health checks and the notice on the page.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use prometheus_client::metrics::histogram::Histogram;

/// After this number of successful commits a disk no longer counts as full: small commits may succeed on a full disk by chance.
const COMMITS_UNTIL_NOT_FULL: u64 = 16;

/// Upper bounds of the commit histogram, in seconds: from an NVMe disk to a spinning one on a network.
const COMMIT_SECONDS: [f64; 10] = [0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5];

#[derive(Debug)]
pub struct StoreStats {
    commit_seconds: Histogram,
    commits: AtomicU64,
    operations: AtomicU64,
    rolled_back: AtomicU64,
    failed: OnceLock<String>,
    /// Faults in the structure of the file plus 1; 0 until it was checked.
    faults: AtomicU64,
    /// Successful commits until the disk no longer counts as full; 0 if it is not full.
    commits_until_not_full: AtomicU64,
}

impl Default for StoreStats {
    fn default() -> Self {
        Self {
            commit_seconds: Histogram::new(COMMIT_SECONDS),
            commits: AtomicU64::default(),
            operations: AtomicU64::default(),
            rolled_back: AtomicU64::default(),
            failed: OnceLock::default(),
            faults: AtomicU64::default(),
            commits_until_not_full: AtomicU64::default(),
        }
    }
}

impl StoreStats {
    /// Duration of commits, in seconds.
    pub fn commit_seconds(&self) -> &Histogram {
        &self.commit_seconds
    }

    /// Records the duration of a commit, successful or not.
    pub(crate) fn observe_commit(&self, elapsed: Duration) {
        self.commit_seconds.observe(elapsed.as_secs_f64());
    }

    /// Counts a commit of this number of operations, on disk or rolled back.
    pub(crate) fn commit(&self, operations: usize, durable: bool) {
        match durable {
            true => {
                self.commits.fetch_add(1, Ordering::Relaxed);
                self.operations.fetch_add(operations as u64, Ordering::Relaxed);
            }
            false => drop(self.rolled_back.fetch_add(1, Ordering::Relaxed)),
        }
    }

    /// Records that the database failed and takes no more changes until a restart. The first reason is kept.
    pub(crate) fn fail(&self, why: &str) {
        let _ = self.failed.set(why.to_owned());
    }

    pub fn failed(&self) -> Option<&str> {
        self.failed.get().map(String::as_str)
    }

    /// Records that a commit found the disk full.
    pub(crate) fn record_disk_full(&self) {
        self.commits_until_not_full.store(COMMITS_UNTIL_NOT_FULL, Ordering::Relaxed);
    }

    /// Records a successful commit.
    pub(crate) fn record_room(&self) {
        let _ = self.commits_until_not_full.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
    }

    /// Records that the disk has space.
    pub(crate) fn clear_disk_full(&self) {
        self.commits_until_not_full.store(0, Ordering::Relaxed);
    }

    /// Whether the disk is full, judging by commits.
    pub fn is_disk_full(&self) -> bool {
        self.commits_until_not_full.load(Ordering::Relaxed) > 0
    }

    /// Records the number of faults that a check of the file's structure found.
    pub(crate) fn record_faults(&self, faults: usize) {
        self.faults.fetch_max(faults as u64 + 1, Ordering::Relaxed);
    }

    /// Records that a reader met damage.
    pub fn record_damage(&self) {
        self.faults.fetch_max(2, Ordering::Relaxed);
    }

    /// Number of faults of the database file; `None` until it was checked.
    pub fn faults(&self) -> Option<u64> {
        self.faults.load(Ordering::Relaxed).checked_sub(1)
    }

    /// A sentence for the page: what is wrong, and what to do.
    pub fn notice(&self) -> Option<&'static str> {
        match self.failed() {
            Some(_) => Some("The database failed: nothing new is taken. Restart the server; its log says why."),
            None if self.is_disk_full() => Some(
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

    /// Number of operations, accepted or refused, in commits that are on disk.
    pub fn operations(&self) -> u64 {
        self.operations.load(Ordering::Relaxed)
    }

    pub fn rolled_back(&self) -> u64 {
        self.rolled_back.load(Ordering::Relaxed)
    }
}
