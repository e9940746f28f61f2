//! How damage and loss are noticed: checksums, row counts, the count of commits, the files themselves.

pub mod checksum;
pub mod commit_counter;
pub mod file_watch;
pub mod quick_check;
pub mod row_counts;
