//! The runs of a board: documents, the log, and the search over them.

pub mod config_index;
mod config_value;
pub mod flat_config;
pub mod run_diff;
pub mod run_id;
pub mod search;
pub mod secrets;
