//! Keys of runs as the panel writes and offers them.

use crate::app::state::RunRows;
use crate::protocol::ColumnKind;

/// The statistics of a metric, as keys of columns end.
pub const STATISTICS: [&str; 5] = ["last", "min", "max", "mean", "best"];
/// Documents have these beside the configuration.
const DOCUMENT_KEYS: [&str; 3] = ["group", "job_type", "tags"];

/// The keys that runs can be grouped by: those in which they differ, then those of the document.
pub fn group_keys(rows: &RunRows) -> Vec<String> {
    let differing = rows.table.columns.iter().filter(|column| column.kind == ColumnKind::Config).map(|column| column.key.clone());
    differing.chain(DOCUMENT_KEYS.map(str::to_owned)).collect()
}

/// A key without its space.
pub fn short_key(key: &str) -> String {
    key.strip_prefix("config.").unwrap_or(key).to_owned()
}
