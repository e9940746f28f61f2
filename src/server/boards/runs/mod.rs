//! The runs of a board: documents, the log, signs of life, and the search over them.

mod board_keys;
mod change;
mod choice;
pub mod config_index;
pub mod config_value;
mod console;
mod document;
mod document_keys;
pub mod flat_config;
mod heartbeat;
mod history;
mod keys;
pub mod list;
mod listed;
pub mod log;
pub mod metric_catalog;
pub mod metric_table;
mod own_charts;
pub mod run_columns;
mod run_curves;
pub mod run_diff;
pub mod run_id;
mod run_keys;
pub mod run_query;
pub mod run_view;
pub mod search;
pub mod secrets;
mod seed;
mod shortened_value;
mod signs;
mod silence;
mod summary_keys;
pub mod table_columns;

use std::sync::Arc;

use serde_json::{Map, Value};

pub use change::{RunOutcome, RunTarget};
pub use choice::RunChoice;
pub use console::ConsoleTurns;
pub use document::{RunDraft, check_text, parse_new_run, parse_object, parse_run};
pub use document_keys::is_private;
pub use heartbeat::{Heartbeat, check_writer};
pub use history::RunHistory;
pub use keys::ConfigIndexes;
pub use list::RunPage;
pub use listed::RunListView;
pub use run_curves::NonFiniteEnds;
pub use run_keys::{RunKeys, RunKeysQuery};
pub use run_query::{RunQuery, parse_run_ids, split_names};
pub use run_view::{RunClock, RunView, started_ms};
pub use seed::is_seed;
pub use shortened_value::shortened;
pub use signs::RunSigns;

use super::existing_run::{existing_run, no_run};

use crate::protocol::{ApiError, ErrorKind, RunId, RunStatus};
use crate::server::limits::{MAX_RUN_BYTES_PER_BOARD, MAX_RUNS_PER_BOARD};
use crate::server::store::{Batch, RunRecord, RunTotals, timestamp};
use run_id::next_colour;

/// The id of a run in an address. 400 for a text that is no id.
pub fn parse_run_id(text: &str) -> Result<RunId, ApiError> {
    RunId::parse(text).ok_or_else(|| {
        let rule = "must be 1 to 64 letters, digits, '.', '_' or '-', and begin with a letter or a digit";
        ErrorKind::BadRequest.with(format!("The id of a run {rule}.")).at("run", rule)
    })
}

/// 413: the board has as many runs, or as large ones, as it may have.
pub fn check_run_totals(totals: &RunTotals) -> Result<(), ApiError> {
    let full =
        |rule: String| Err(ErrorKind::PayloadTooLarge.with(format!("{rule}; nothing was changed. Use another board, or delete runs.")));
    if totals.runs >= MAX_RUNS_PER_BOARD {
        return full(format!("A board may have {MAX_RUNS_PER_BOARD} runs"));
    }
    if totals.bytes >= MAX_RUN_BYTES_PER_BOARD {
        return full(format!("The documents of the runs of a board may have {} MiB in all", MAX_RUN_BYTES_PER_BOARD >> 20));
    }
    Ok(())
}

/// A run that begins now, with the keys of its document. 413: the board has too many runs.
fn new_run(batch: &Batch, board: &Arc<str>, id: &RunId, mut keys: Map<String, Value>) -> Result<RunRecord, ApiError> {
    check_run_totals(&batch.run_totals(board))?;
    keys.entry("status").or_insert_with(|| RunStatus::Running.as_str().into());
    keys.entry("startedAt").or_insert_with(|| timestamp(batch.now_ms).into());
    if !keys.contains_key("colour") {
        keys.insert("colour".to_owned(), next_colour(&batch.run_totals(board).colours).into());
    }
    Ok(RunRecord::new(board.clone(), id.clone(), keys))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_board_has_a_bounded_number_and_size_of_runs() {
        let totals = RunTotals { runs: MAX_RUNS_PER_BOARD - 1, bytes: MAX_RUN_BYTES_PER_BOARD - 1, ..RunTotals::default() };
        check_run_totals(&totals).unwrap();
        assert_eq!(check_run_totals(&RunTotals { runs: MAX_RUNS_PER_BOARD, ..totals }).unwrap_err().code, 413);
        let error = check_run_totals(&RunTotals { bytes: MAX_RUN_BYTES_PER_BOARD, ..totals }).unwrap_err();
        assert!(error.code == 413 && error.message.contains("512 MiB in all"), "{}", error.message);
    }
}
