//! The runs of a board: documents, the log, and the search over them.

pub mod run_id;
pub mod search;
