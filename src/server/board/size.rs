//! How much a document may hold, and how much one change may write.

use serde_json::{Map, Value};

use crate::protocol::{ApiError, ErrorKind};

/// All keys but `value`: they stay in memory, and on every page.
pub const KEYS_BYTES: usize = 256 * 1024;
/// One operation may write this many bytes of values: a patch of many cells is multiplied by their number.
const OPERATION_BYTES: usize = 64 << 20;
/// What a point holds until it is written; in a body it may have two bytes.
const POINT_BYTES: usize = 24;

/// The keys of a document beside its value.
pub fn check_keys(keys: &Map<String, Value>) -> Result<(), ApiError> {
    if serde_json::to_string(keys).is_ok_and(|text| text.len() <= KEYS_BYTES) {
        return Ok(());
    }
    let rule = format!("may have {} KiB in all; large results belong into 'value'", KEYS_BYTES >> 10);
    Err(ErrorKind::PayloadTooLarge.with(format!("The keys beside 'value' {rule}.")))
}

/// About how much a change holds until it is written that came in a body of this size with so many points.
pub fn held(body: usize, points: usize) -> usize {
    body.max(points.saturating_mul(POINT_BYTES))
}

/// Refuses what one operation may not write.
pub fn bounded(bytes: usize) -> Result<usize, ApiError> {
    if bytes <= OPERATION_BYTES {
        return Ok(bytes);
    }
    let most = OPERATION_BYTES >> 20;
    let way = "Change fewer cells, or send fewer points, at a time";
    Err(ErrorKind::PayloadTooLarge.with(format!("This would write more than {most} MiB at once; nothing was changed. {way}.")))
}
