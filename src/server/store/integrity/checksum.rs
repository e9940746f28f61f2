//! Checksums of rows: CRC-32 over all columns, verified before a row is used, shown or deleted.

use crate::server::store::board_row::{BoardDocument, BoardRow};
use crate::server::store::error::corrupt;
use crate::server::store::idempotency::{IdempotencyKey, StoredReply};
use crate::server::store::record::{Record, StoredValue};
use crate::server::store::run_record::RunRecord;

/// CRC-32 of a sequence of columns. A number is eight little-endian bytes; a text is its length as a number, then its bytes.
#[derive(Default)]
pub struct RowChecksum(crc32fast::Hasher);

impl RowChecksum {
    pub fn number(mut self, number: i64) -> Self {
        self.0.update(&number.to_le_bytes());
        self
    }

    pub fn text(self, text: &[u8]) -> Self {
        let mut sum = self.number(text.len() as i64);
        sum.0.update(text);
        sum
    }

    /// A column that may be NULL.
    pub fn optional(self, text: Option<&str>) -> Self {
        match text {
            // No text has a negative length.
            None => self.number(-1),
            Some(text) => self.text(text.as_bytes()),
        }
    }

    pub fn end(self) -> i64 {
        self.0.finalize().into()
    }
}

/// A row of `cell`; `doc` is the JSON text of `record.keys` in the row.
pub fn cell(record: &Record, removed: bool, doc: &str) -> i64 {
    let numbers =
        [record.seq, record.entered_board_seq, record.created_order, record.rev, record.version, record.created_ms, record.updated_ms];
    let sum = RowChecksum::default().text(record.id.as_str().as_bytes()).text(record.board.as_bytes());
    let sum = numbers.into_iter().fold(sum, |sum, number| sum.number(number as i64));
    sum.number(removed.into()).number(value_bytes(&record.value).unwrap_or(-1)).text(doc.as_bytes()).end()
}

/// The column `bytes` of a cell.
pub fn value_bytes(value: &StoredValue) -> Option<i64> {
    match value {
        StoredValue::Missing => None,
        StoredValue::Inline(json) => Some(json.len() as i64),
        StoredValue::Stored(bytes) => Some(*bytes as i64),
    }
}

/// A row of `value`. The current value of a cell has neither run nor step.
pub fn value(cell: &str, run: Option<&str>, step: Option<i64>, version: i64, json: &[u8]) -> i64 {
    let sum = RowChecksum::default().text(cell.as_bytes()).optional(run);
    let sum = match step {
        None => sum.number(0),
        Some(step) => sum.number(1).number(step),
    };
    sum.number(version).text(json).end()
}

/// The columns of `value` that [`run_value`] covers, in its order.
pub const RUN_VALUE_COLUMNS: &str = "cell, run, version, octet_length(json), sum";

/// A row of `value` with a run, for the row counts: of the JSON text, which a start does not read, its length and the row's checksum.
pub fn run_value(cell: &str, run: &str, version: i64, bytes: i64, sum: i64) -> i64 {
    RowChecksum::default().text(cell.as_bytes()).text(run.as_bytes()).number(version).number(bytes).number(sum).end()
}

/// A row of `board`.
pub fn board(name: &str, row: &BoardRow) -> i64 {
    let BoardRow { seq, floor, run_seq, run_floor, changed_ms } = *row;
    let sum = RowChecksum::default().text(name.as_bytes());
    [seq, floor, run_seq, run_floor, changed_ms].into_iter().fold(sum, |sum, number| sum.number(number as i64)).end()
}

/// A row of `board_document`; `doc` is the JSON text of its keys in the row.
pub fn board_document(board: &str, document: &BoardDocument, doc: &str) -> i64 {
    let BoardDocument { keys: _, removal: _, rev, created_ms, updated_ms } = document;
    let sum = RowChecksum::default().text(board.as_bytes()).number(*rev as i64).number(*created_ms as i64);
    sum.number(*updated_ms as i64).text(doc.as_bytes()).end()
}

/// A row of `run`; `doc` is the JSON text of `record.keys` in the row.
pub fn run(record: &RunRecord, removed: bool, doc: &str) -> i64 {
    let RunRecord { id, board, seq, created_seq, created_order, rev, created_ms, updated_ms, beat: _, bytes: _, keys: _ } = record;
    let numbers = [seq, created_seq, created_order, rev, created_ms, updated_ms];
    let sum = RowChecksum::default().text(board.as_bytes()).text(id.as_str().as_bytes());
    let sum = numbers.into_iter().fold(sum, |sum, number| sum.number(*number as i64));
    sum.number(removed.into()).text(doc.as_bytes()).end()
}

/// A row of `heartbeat`.
pub fn heartbeat(board: &str, run: &str, ms: u64) -> i64 {
    RowChecksum::default().text(board.as_bytes()).text(run.as_bytes()).number(ms as i64).end()
}

/// A row of `tail`.
pub fn tail(series: i64, start: i64, points: &[u8]) -> i64 {
    RowChecksum::default().number(series).number(start).text(points).end()
}

/// A row of `reply`.
pub fn reply(key: &IdempotencyKey, reply: &StoredReply) -> i64 {
    let sum = RowChecksum::default().text(key.writer.as_bytes()).number(key.number as i64).number(reply.hash as i64);
    sum.text(reply.answer.as_bytes()).number(reply.at_ms as i64).number(reply.status.into()).end()
}

/// A row of `journal`, for the row counts: the blob has a checksum of its own.
pub fn journal(id: i64, points: &[u8]) -> i64 {
    RowChecksum::default().number(id).text(points).end()
}

/// Includes the row's key in the CRC-32 at the end of a blob: a blob under another key then fails verification. A second call undoes
/// the first.
pub fn keyed(mut blob: Vec<u8>, key: i64) -> Vec<u8> {
    if let Some(sum) = blob.last_chunk_mut::<4>() {
        *sum = (u32::from_le_bytes(*sum) ^ key_sum(key)).to_le_bytes();
    }
    blob
}

/// What [`keyed`] changes in a checksum.
pub fn key_sum(key: i64) -> u32 {
    crc32fast::hash(&key.to_le_bytes())
}

/// Errors: `stored` differs from `sum`; `row` names the row in the message.
pub fn verify(stored: i64, sum: i64, row: impl FnOnce() -> String) -> sqlx::Result<()> {
    if stored == sum {
        return Ok(());
    }
    Err(corrupt(format!("{} is damaged: it does not have its checksum", row())))
}
