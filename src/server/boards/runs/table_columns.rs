//! Which columns tables of runs and of their groups have.

use super::config_index::KeySpread;
use super::{is_seed, split_names};
use crate::protocol::{ApiError, ErrorKind};
use crate::server::limits::MAX_RUN_TABLE_COLUMNS;

/// Keys of documents beside the configuration that have a column where the runs differ in them.
pub const DOCUMENT_COLUMNS: [&str; 2] = ["group", "job_type"];

/// Names of columns. 400: there are too many.
pub fn parse_columns(value: &str) -> Result<Vec<String>, ApiError> {
    let names: Vec<String> = split_names(value).filter(|name| !name.is_empty()).map(str::to_owned).collect();
    match names.len() {
        0..=MAX_RUN_TABLE_COLUMNS => Ok(names),
        _ => {
            let rule = format!("may name {MAX_RUN_TABLE_COLUMNS} columns");
            Err(ErrorKind::BadRequest.with(format!("'columns' {rule}.")).at("columns", rule))
        }
    }
}

/// Whether all of so many runs have one value.
pub fn is_equal(key: &KeySpread, runs: usize) -> bool {
    key.distinct == 1 && key.runs == runs
}

/// The keys in which so many runs differ: first those that divide them into few classes, of which runs without the key are one.
pub fn keys_by_difference<'a>(spreads: &'a [KeySpread<'a>], runs: usize) -> Vec<&'a KeySpread<'a>> {
    let mut keys: Vec<_> = spreads.iter().filter(|key| !is_equal(key, runs)).collect();
    keys.sort_by_key(|key| (is_seed(key.key), key.distinct + usize::from(key.runs < runs), key.key));
    keys
}
