//! Reading the series at start-up: their rows, the tails written apart, and what is only in the journal. Chunks stay on disk.

use std::collections::HashMap;
use std::sync::Arc;

use futures::TryStreamExt;
use sqlx::{Row as _, SqliteConnection};

use super::packed::{Damaged, unpack_points};
use super::replies::{Key, Reply};
use super::seal::{Ledger, chunk_key};
use super::series::{CHUNK, Series, last};
use super::{Index, journal, sums};
use crate::protocol::CellId;

fn damaged(why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> sqlx::Error {
    sqlx::Error::Decode(why.into())
}

pub async fn read_series(connection: &mut SqliteConnection, index: &mut Index) -> sqlx::Result<Ledger> {
    let mut ledger = Ledger::default();
    // Where each living series stands in the index.
    let mut places: HashMap<i64, (CellId, usize)> = HashMap::new();
    for row in sqlx::query("SELECT key, cell, name, sealed, seq, dead, began, sum FROM series ORDER BY cell, key")
        .fetch_all(&mut *connection)
        .await?
    {
        let (key, text): (i64, &str) = (row.try_get(0)?, row.try_get(1)?);
        ledger.key = ledger.key.max(key);
        if row.try_get::<bool, _>(5)? {
            ledger.dying.push(key);
            continue;
        }
        let cell = CellId::parse(text).ok_or_else(|| damaged(format!("the cell id {text:?} is damaged")))?;
        let known = index.series_mut(&cell);
        known.seq = known.seq.max(row.try_get::<i64, _>(4)? as u64);
        let (name, began) = (row.try_get::<&str, _>(2)?, row.try_get::<i64, _>(6)? as u64);
        let sum = sums::series(key, text, name, began);
        sums::check(row.try_get(7)?, sum, || format!("the row of the series '{name}' of the cell '{cell}'"))?;
        let mut series = Series::new(key, Arc::from(name), began);
        let sealed = row.try_get::<i64, _>(3)? as u64;
        // Chunks are whole: after any other number the points of the journal would stand in wrong places.
        if !sealed.is_multiple_of(CHUNK as u64) {
            return Err(damaged(format!("the row of the series '{}' of the cell '{cell}' is damaged", series.name)));
        }
        series.sealed = sealed;
        places.insert(key, (cell.clone(), known.list.len()));
        known.list.push(series);
    }
    for row in sqlx::query("SELECT series, start, points FROM tail").fetch_all(&mut *connection).await? {
        let (key, start): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
        let Some((cell, place)) = places.get(&key) else { continue };
        ledger.saved.insert(key);
        let series = &mut index.series_mut(cell).list[*place];
        if series.sealed == start as u64 {
            series.push(&unpack_points(row.try_get(2)?).map_err(damaged)?);
        }
    }
    let mut rows = sqlx::query("SELECT id, points FROM journal ORDER BY id").fetch(&mut *connection);
    while let Some(row) = rows.try_next().await? {
        let (id, bytes): (i64, &[u8]) = (row.try_get(0)?, row.try_get(1)?);
        ledger.note(id, bytes.len());
        for entry in journal::read(bytes).map_err(damaged)? {
            // Of a series that was deleted, and whose key must not come again while this row is there.
            ledger.key = ledger.key.max(entry.series);
            let Some((cell, place)) = places.get(&entry.series) else { continue };
            let known = index.series_mut(cell);
            known.seq = known.seq.max(entry.seq);
            let series = &mut known.list[*place];
            let (count, end) = (series.count(), entry.start + entry.points.len() as u64);
            if entry.start > count {
                let gap = format!("points {count} to {} of the series '{}' of the cell '{cell}' are missing", entry.start - 1, series.name);
                return Err(damaged(gap));
            }
            if end > count {
                series.push(&entry.points.slice((count - entry.start) as usize, entry.points.len()));
                ledger.wait(entry.series, id, cell.clone());
            }
        }
    }
    drop(rows);
    for (key, (cell, place)) in &places {
        index.heed_board(cell);
        let series = &mut index.series_mut(cell).list[*place];
        if series.sealed > 0 && series.tail.is_empty() {
            let chunk = chunk_key(*key, series.sealed / CHUNK as u64 - 1);
            let bytes: Vec<u8> =
                sqlx::query_scalar("SELECT points FROM chunk WHERE key = ?").bind(chunk).fetch_one(&mut *connection).await?;
            series.last = last(&unpack_points(&bytes).map_err(damaged)?);
        }
        if series.tail.len() >= CHUNK {
            return Err(damaged(Damaged::Content));
        }
    }
    index.weigh_tombstones();
    for row in sqlx::query("SELECT writer, number, hash, answer, at, status, sum FROM reply").fetch_all(&mut *connection).await? {
        let key = Key { writer: Arc::from(row.try_get::<&str, _>(0)?), number: row.try_get::<i64, _>(1)? as u64 };
        let answer = Arc::from(row.try_get::<&str, _>(3)?);
        let (hash, at_ms) = (row.try_get::<i64, _>(2)? as u64, row.try_get::<i64, _>(4)? as u64);
        let reply = Reply { hash, status: row.try_get(5)?, answer, at_ms };
        sums::check(row.try_get(6)?, sums::reply(&key, &reply), || format!("the answer to '{key}'"))?;
        index.replies_mut().put(key, reply);
    }
    Ok(ledger)
}
