//! The words that a search may say of the status of a run.

/// The key of documents that holds the status.
pub const STATUS: &str = "status";
/// A metric of the run ends without a finite value, whatever its status is.
pub const DIVERGED: &str = "diverged";
/// Those of running runs that give no signs of life. They change with the time.
pub const SILENCES: [&str; 3] = ["silent", "lost", "quiet"];
/// All words.
pub const WORDS: [&str; 8] = ["running", "finished", "failed", "killed", "silent", "lost", "quiet", DIVERGED];
