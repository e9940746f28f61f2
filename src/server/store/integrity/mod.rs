//! TODO-DOC
pub mod checksum;
pub mod commit_counter;
pub mod file_watch;
pub mod quick_check;
pub mod row_counts;
