//! How much a document may hold, and how much one change may write.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::Query;
use crate::protocol::{ApiError, ErrorKind};
use crate::server::store::{Record, StoredValue};

/// All keys but `value`: they stay in memory, and on every page.
pub const KEYS_BYTES: usize = 256 * 1024;
/// One operation may write this many bytes of values: a patch of many cells is multiplied by their number.
const OPERATION_BYTES: usize = 64 << 20;
/// What a point holds until it is written; in a body it may have two bytes.
const POINT_BYTES: usize = 24;

/// The keys of a document beside its value.
pub fn check_keys_size(keys: &Map<String, Value>) -> Result<(), ApiError> {
    if serde_json::to_string(keys).is_ok_and(|text| text.len() <= KEYS_BYTES) {
        return Ok(());
    }
    let rule = format!("may have {} KiB in all; large results belong into 'value'", KEYS_BYTES >> 10);
    Err(ErrorKind::PayloadTooLarge.with(format!("The keys beside 'value' {rule}.")))
}

/// About how much a change holds until it is written that came in a body of this size with so many points.
pub fn memory_bytes(body: usize, points: usize) -> usize {
    body.max(points.saturating_mul(POINT_BYTES))
}

/// What an answer would hold of values that are only on disk. All of it is in memory at once.
pub fn check_response_size<'a>(records: impl IntoIterator<Item = &'a Arc<Record>>, query: &Query) -> Result<(), ApiError> {
    if !query.selects("value") || stored_bytes(records) <= OPERATION_BYTES {
        return Ok(());
    }
    let most = OPERATION_BYTES >> 20;
    let way = "Name fewer cells, or leave the values out of the answer: $select[]=_id";
    Err(ErrorKind::PayloadTooLarge.with(format!("The answer would have more than {most} MiB of values; nothing was changed. {way}.")))
}

/// The bytes of their values that are only on disk.
pub fn stored_bytes<'a>(records: impl IntoIterator<Item = &'a Arc<Record>>) -> usize {
    let bytes = records.into_iter().map(|record| if let StoredValue::Stored(bytes) = record.value { bytes } else { 0 });
    usize::try_from(bytes.sum::<u64>()).unwrap_or(usize::MAX)
}

/// Refuses what one operation may not write.
pub fn check_operation_size(bytes: usize) -> Result<usize, ApiError> {
    if bytes <= OPERATION_BYTES {
        return Ok(bytes);
    }
    let most = OPERATION_BYTES >> 20;
    let way = "Change fewer cells, or send fewer points, at a time";
    Err(ErrorKind::PayloadTooLarge.with(format!("This would write more than {most} MiB at once; nothing was changed. {way}.")))
}
