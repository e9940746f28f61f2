//! Loading cells at a start. The checksum of each row is verified before its content is used.

use std::sync::Arc;

use sqlx::{Row, SqliteConnection};

use crate::protocol::{CellContent, CellId};
use crate::server::limits::MAX_INLINE_VALUE_BYTES;
use crate::server::store::error::{corrupt, reason};
use crate::server::store::index::{ContentFn, Index};
use crate::server::store::integrity::checksum;
use crate::server::store::integrity::row_counts::{RowCounts, Table};
use crate::server::store::open::load_boards::{load_boards, load_heartbeats, load_run_values, load_runs, number};
use crate::server::store::record::{DAMAGED_VALUE, Record, StoredValue};

/// Version, JSON text and checksum of the current value of the cell `?`. The conditions are those of the index `value_key`.
pub const SELECT_VALUE: &str = "SELECT version, json, sum FROM value WHERE cell = ? AND ifnull(run, 0) = 0 AND ifnull(step, '') = ''";

/// Loads all boards, runs and cells, and counts their rows. `content_fn` decides what the page shows of a cell.
pub async fn load_cells(connection: &mut SqliteConnection, content_fn: ContentFn, row_counts: &mut RowCounts) -> sqlx::Result<Index> {
    let mut index = Index::new(content_fn);
    load_boards(connection, &mut index, row_counts).await?;
    load_runs(connection, &mut index, row_counts).await?;
    load_heartbeats(connection, &index, row_counts).await?;
    load_run_values(connection, &mut index, row_counts).await?;
    // Large values are read one at a time, only for the cell's content, and do not stay in memory. Those of deleted cells are not read.
    let select = "SELECT cell.id, board, seq, entered_board_seq, created_order, rev, cell.version, created, updated, removed, doc, bytes,
                         CASE WHEN removed = 0 AND bytes <= ?1 THEN json END, cell.sum, value.version, value.sum
                  FROM cell LEFT JOIN value ON value.cell = cell.id AND ifnull(run, 0) = 0 AND ifnull(step, '') = '' ORDER BY seq";
    let rows = sqlx::query(select).bind(MAX_INLINE_VALUE_BYTES as i64).fetch_all(&mut *connection).await?;
    for row in rows {
        let text: &str = row.try_get(0)?;
        let Some(id) = CellId::parse(text) else {
            return Err(corrupt(format!("the cell id {text:?} is damaged")));
        };
        let doc: &str = row.try_get(10)?;
        let place = || format!("the row of the cell '{text}'");
        let keys = serde_json::from_str(doc).map_err(|why| corrupt(format!("{} is damaged: {why}", place())))?;
        let bytes: Option<i64> = row.try_get(11)?;
        let mut record = Record {
            id,
            board: Arc::from(row.try_get::<&str, _>(1)?),
            seq: number(&row, 2)?,
            entered_board_seq: number(&row, 3)?,
            created_order: number(&row, 4)?,
            rev: number(&row, 5)?,
            version: number(&row, 6)?,
            created_ms: number(&row, 7)?,
            updated_ms: number(&row, 8)?,
            keys,
            value: bytes.map_or(StoredValue::Missing, |bytes| StoredValue::Stored(bytes as u64)),
            content: CellContent::Empty,
        };
        let removed: bool = row.try_get(9)?;
        let sum = checksum::cell(&record, removed, doc);
        checksum::verify(row.try_get(13)?, sum, place)?;
        if index.cell(&record.id).or(index.tombstone(&record.id)).is_some() {
            return Err(corrupt(format!("{} is there twice", place())));
        }
        row_counts.add(Table::Cell, sum);
        if removed {
            index.put_tombstone(Arc::new(record));
            continue;
        }
        let Some(bytes) = bytes else {
            record.content = index.content_of(&record, None);
            index.put(Arc::new(record));
            continue;
        };
        let is_inline = bytes <= MAX_INLINE_VALUE_BYTES as i64;
        let mut json: Option<Vec<u8>> = row.try_get(12)?;
        if !is_inline {
            let select = sqlx::query_as::<_, (i64, Vec<u8>, i64)>(SELECT_VALUE).bind(record.id.as_str());
            json = select.fetch_optional(&mut *connection).await?.map(|(_, json, _)| json);
        }
        match value_of(&record, row.try_get(14)?, json, row.try_get(15)?) {
            Ok(json) => {
                record.content = index.content_of(&record, Some(&json));
                if is_inline {
                    record.value = StoredValue::Inline(json.into());
                }
            }
            // The other cells are sound: only requests of this value get an error.
            Err(why) => {
                tracing::error!("{}; send it again, or restore a backup ('agnez restore FILE')", reason(&why));
                let text = DAMAGED_VALUE;
                record.content = CellContent::Text { text: text.to_owned(), bytes: text.len() as u64 };
            }
        }
        index.put(Arc::new(record));
    }
    Ok(index)
}

/// The value of a record, from the columns of its row in `value`.
fn value_of(record: &Record, version: Option<i64>, json: Option<Vec<u8>>, sum: Option<i64>) -> sqlx::Result<String> {
    let (Some(version), Some(json), Some(sum)) = (version, json, sum) else {
        return Err(corrupt(format!("the value of the cell '{}' is damaged: it is missing", record.id)));
    };
    if version as u64 != record.version {
        return Err(corrupt(format!("the value of the cell '{}' is damaged: it is another one's", record.id)));
    }
    verify_value(&record.id, version, json, sum)
}

/// The JSON text of a value, once its checksum is verified.
pub fn verify_value(id: &CellId, version: i64, json: Vec<u8>, sum: i64) -> sqlx::Result<String> {
    checksum::verify(sum, checksum::value(id.as_str(), None, None, version, &json), || format!("the value of the cell '{id}'"))?;
    String::from_utf8(json).map_err(|_| not_text(id))
}

pub fn is_text(id: &CellId, json: &[u8]) -> sqlx::Result<()> {
    std::str::from_utf8(json).map(drop).map_err(|_| not_text(id))
}

fn not_text(id: &CellId) -> sqlx::Error {
    corrupt(format!("the value of the cell '{id}' is damaged: it is not UTF-8"))
}
