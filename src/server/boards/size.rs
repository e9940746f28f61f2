//! Limits of documents and of one change.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::Query;
use crate::protocol::{ApiError, ErrorKind};
use crate::server::limits::{MAX_KEYS_BYTES, MAX_OPERATION_BYTES};
use crate::server::store::{Record, StoredValue};

/// Memory of a point until it is written. In a body it may take two bytes.
const POINT_BYTES: usize = 24;

/// Checks the size of the keys beside `value`. 413.
pub fn check_keys_size(keys: &Map<String, Value>) -> Result<(), ApiError> {
    if serde_json::to_string(keys).is_ok_and(|text| text.len() <= MAX_KEYS_BYTES) {
        return Ok(());
    }
    let rule = format!("may have {} KiB in all; large results belong into 'value'", MAX_KEYS_BYTES >> 10);
    Err(ErrorKind::PayloadTooLarge.with(format!("The keys beside 'value' {rule}.")))
}

/// Estimate of the memory of a change until it is written: from the size of its body and its points.
pub fn memory_bytes(body: usize, points: usize) -> usize {
    body.max(points.saturating_mul(POINT_BYTES))
}

/// Checks the size of a response with values that are only on disk: all of it is in memory at once.
/// 413.
pub fn check_response_size<'a>(records: impl IntoIterator<Item = &'a Arc<Record>>, query: &Query) -> Result<(), ApiError> {
    if !query.selects("value") || stored_bytes(records) <= MAX_OPERATION_BYTES {
        return Ok(());
    }
    let most = MAX_OPERATION_BYTES >> 20;
    let way = "Name fewer cells, or leave the values out of the answer: $select[]=_id";
    Err(ErrorKind::PayloadTooLarge.with(format!("The answer would have more than {most} MiB of values; nothing was changed. {way}.")))
}

/// Total size of the values that are only on disk, in bytes.
pub fn stored_bytes<'a>(records: impl IntoIterator<Item = &'a Arc<Record>>) -> usize {
    let bytes = records.into_iter().map(|record| if let StoredValue::Stored(bytes) = record.value { bytes } else { 0 });
    usize::try_from(bytes.sum::<u64>()).unwrap_or(usize::MAX)
}

/// Checks what one operation writes, and returns it. 413.
pub fn check_operation_size(bytes: usize) -> Result<usize, ApiError> {
    if bytes <= MAX_OPERATION_BYTES {
        return Ok(bytes);
    }
    let most = MAX_OPERATION_BYTES >> 20;
    let way = "Change fewer cells, or send fewer points, at a time";
    Err(ErrorKind::PayloadTooLarge.with(format!("This would write more than {most} MiB at once; nothing was changed. {way}.")))
}
