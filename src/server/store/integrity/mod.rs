//! Detection of damage and loss: checksums of rows, row counts, the number of commits, the identity of files, SQLite's own check.

pub mod checksum;
pub mod commit_counter;
pub mod file_watch;
pub mod quick_check;
pub mod row_counts;
pub mod state_row;
