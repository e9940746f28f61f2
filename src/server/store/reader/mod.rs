//! Reading values, points and columns. Readers use connections of their own and never wait for the writer, nor the writer for them.

pub mod block_cache;
pub mod columns;
pub mod outlines;
pub mod points;
mod rows;
mod run_values;
mod values;

/// How often a read is repeated if what it reads changes meanwhile.
const READ_TRIES: u32 = 100;
/// Rows that are missing in this number of consecutive tries are damage.
const MISSING_AFTER_TRIES: u32 = 10;
