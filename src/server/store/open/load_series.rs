//! Loading series at a start: their rows, and the points that are only in the journal. Chunks and tails stay on disk, unread.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use futures::TryStreamExt;
use sqlx::{Row as _, SqliteConnection};

use crate::protocol::{CellId, RunId, SeriesId};
use crate::series::CurveSummary;
use crate::server::store::error::corrupt;
use crate::server::store::idempotency::{IdempotencyKey, StoredReply};
use crate::server::store::index::Index;
use crate::server::store::integrity::checksum::{self, keyed};
use crate::server::store::integrity::row_counts::{RowCounts, Table};
use crate::server::store::series::codec::DecodeError;
use crate::server::store::series::journal;
use crate::server::store::series::rows::SeriesRow;
use crate::server::store::series::{CHUNK, Series};
use crate::server::store::writer::compaction::{CompactionState, JournalRow};

/// Loads all series into the index, counts their rows, and returns what the writer needs for compaction.
pub async fn load_series(
    connection: &mut SqliteConnection,
    index: &mut Index,
    row_counts: &mut RowCounts,
) -> sqlx::Result<CompactionState> {
    let mut compaction = CompactionState::default();
    // As a stream: all rows together would take more memory than the index.
    let select = sqlx::AssertSqlSafe(format!("{} ORDER BY cell, key", SeriesRow::SELECT));
    let mut rows = sqlx::query(select).fetch(&mut *connection);
    while let Some(row) = rows.try_next().await? {
        let (row, sum) = SeriesRow::read(&row)?;
        row_counts.add(Table::Series, sum);
        compaction.last_series_key = compaction.last_series_key.max(row.key);
        if row.dead {
            compaction.deleted_series.push(row.key);
            continue;
        }
        let (cell, series) = series_of_row(&row)?;
        let known = index.series_mut(&cell);
        known.seq = known.seq.max(row.seq);
        if known.get(&series.id).is_some() {
            return Err(corrupt(format!("the row of the series {} of the cell '{cell}' is there twice", series.id)));
        }
        index.push_series(&cell, series);
    }
    drop(rows);
    // Cell and id of each series, by key.
    let owners = index.all_series().map(|(cell, series)| (series.key, (cell.clone(), series.id.clone())));
    let owners: HashMap<i64, (CellId, SeriesId)> = owners.collect();
    let mut rows = sqlx::query("SELECT id, points FROM journal ORDER BY id").fetch(&mut *connection);
    while let Some(row) = rows.try_next().await? {
        let (row_id, bytes): (i64, &[u8]) = (row.try_get(0)?, row.try_get(1)?);
        let sum = checksum::journal(row_id, bytes);
        row_counts.add(Table::Journal, sum);
        compaction.push_journal_row(JournalRow { id: row_id, bytes: bytes.len(), sum });
        let entries = journal::read(&keyed(bytes.to_vec(), row_id));
        for entry in entries.map_err(|why| corrupt(format!("the row {row_id} of the journal: {why}")))? {
            compaction.last_series_key = compaction.last_series_key.max(entry.series);
            let Some((cell, id)) = owners.get(&entry.series) else { continue };
            let known = index.series_mut(cell);
            known.seq = known.seq.max(entry.seq);
            let Some(series) = known.get_mut(id) else { continue };
            let (count, end) = (series.count(), entry.start + entry.points.len() as u64);
            if entry.start > count {
                let gap = format!("points {count} to {} of the series {id} of the cell '{cell}' are missing", entry.start - 1);
                return Err(corrupt(gap));
            }
            if end > count {
                series.push(&entry.points.slice((count - entry.start) as usize, entry.points.len()));
                compaction.mark_unflushed(entry.series, row_id, cell.clone(), id.clone());
            }
        }
    }
    drop(rows);
    for cell in owners.values().map(|(cell, _)| cell).collect::<HashSet<_>>() {
        index.clamp_series_seq(cell);
        // What is on disk of a damaged series is not read here.
        if index.series_mut(cell).all().any(|series| series.is_damaged() && series.sealed == 0 && series.stored.count == 0) {
            return Err(corrupt(DecodeError::Invalid));
        }
    }
    index.queue_curves();
    index.measure_tombstones();
    let mut rows = sqlx::query("SELECT writer, number, hash, answer, at, status, sum FROM reply").fetch(&mut *connection);
    while let Some(row) = rows.try_next().await? {
        let key = IdempotencyKey { writer: Arc::from(row.try_get::<&str, _>(0)?), number: row.try_get::<i64, _>(1)? as u64 };
        let answer = Arc::from(row.try_get::<&str, _>(3)?);
        let (hash, at_ms) = (row.try_get::<i64, _>(2)? as u64, row.try_get::<i64, _>(4)? as u64);
        let reply = StoredReply { hash, status: row.try_get(5)?, answer, at_ms };
        let sum = checksum::reply(&key, &reply);
        checksum::verify(row.try_get(6)?, sum, || format!("the answer to '{key}'"))?;
        row_counts.add(Table::Reply, sum);
        index.replies_mut().put(key, reply);
    }
    drop(rows);
    Ok(compaction)
}

/// The series of a row, as far as it is in chunks and tail, with its cell. Errors: the row is damaged.
fn series_of_row(row: &SeriesRow) -> sqlx::Result<(CellId, Series)> {
    let cell = CellId::parse(row.cell).ok_or_else(|| corrupt(format!("the cell id {:?} is damaged", row.cell)))?;
    let run = match row.run {
        None => None,
        Some(run) => Some(RunId::parse(run).ok_or_else(|| corrupt(format!("the id {run:?} of a run is damaged")))?),
    };
    let id = SeriesId { run, name: Arc::from(row.name) };
    let mut series = Series::new(row.key, id, row.metric.map(Arc::from), row.began);
    // Chunks are whole: after any other number the points of the journal would stand in wrong positions.
    let is_whole = row.sealed.is_multiple_of(CHUNK as u64) && (row.tail.count as usize) < CHUNK;
    if !is_whole || (row.sealed > 0 || row.tail.count > 0) != row.last.is_some() {
        return Err(corrupt(format!("the row of the series {} of the cell '{cell}' is damaged", series.id)));
    }
    (series.sealed, series.stored, series.last, series.outlined) = (row.sealed, row.tail, row.last, row.outlined);
    let summary = row.summary.as_deref().and_then(|summary| CurveSummary::decode(summary).ok());
    // Made again from the points if it is missing.
    let summary = summary.filter(|summary| summary.points() == series.count());
    series.summary = summary.filter(|_| series.id.run.is_some()).map(Arc::new);
    Ok((cell, series))
}
