//! Checksums of rows of text: CRC-32 over their columns in the order of the table, so that damage is told and never shown.

use super::{Key, Record, Reply};

/// Numbers are eight bytes, little-endian; texts their length as a number, then their bytes.
#[derive(Default)]
struct Sum(crc32fast::Hasher);

impl Sum {
    fn number(mut self, number: i64) -> Self {
        self.0.update(&number.to_le_bytes());
        self
    }

    fn text(self, text: &[u8]) -> Self {
        let mut sum = self.number(text.len() as i64);
        sum.0.update(text);
        sum
    }

    fn end(self) -> i64 {
        self.0.finalize().into()
    }
}

/// `doc` is the text of `record.keys` in the row.
pub fn cell(record: &Record, removed: bool, doc: &str) -> i64 {
    let numbers = [record.seq, record.entered, record.born, record.rev, record.version, record.created_ms, record.updated_ms];
    let sum = Sum::default().text(record.id.as_str().as_bytes()).text(record.board.as_bytes());
    let sum = numbers.into_iter().fold(sum, |sum, number| sum.number(number as i64));
    sum.number(removed.into()).text(doc.as_bytes()).end()
}

pub fn value(id: &str, version: i64, json: &[u8]) -> i64 {
    Sum::default().text(id.as_bytes()).number(version).text(json).end()
}

pub fn board(name: &str, seq: u64, floor: u64) -> i64 {
    Sum::default().text(name.as_bytes()).number(seq as i64).number(floor as i64).end()
}

/// Not of what changes with its points, which other rows tell too.
pub fn series(key: i64, cell: &str, name: &str, began: u64) -> i64 {
    Sum::default().number(key).text(cell.as_bytes()).text(name.as_bytes()).number(began as i64).end()
}

pub fn reply(key: &Key, reply: &Reply) -> i64 {
    let sum = Sum::default().text(key.writer.as_bytes()).number(key.number as i64).number(reply.hash as i64);
    sum.text(reply.answer.as_bytes()).number(reply.at_ms as i64).number(reply.status.into()).end()
}

/// An error that names the row, unless it has the checksum that it was written with, or none: it is older than those.
pub fn check(known: Option<i64>, sum: i64, row: impl FnOnce() -> String) -> sqlx::Result<()> {
    match known {
        Some(known) if known != sum => Err(sqlx::Error::Decode(format!("{} is damaged: it does not have its checksum", row()).into())),
        _ => Ok(()),
    }
}
