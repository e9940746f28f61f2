//! Rows of `series` and `tail`, with their checksums and row counts, and keys of `chunk` and `node`.

use sqlx::{Row, SqliteConnection};

use super::{Point, Series, StoredTail};
use crate::protocol::RunId;
use crate::server::store::error::corrupt;
use crate::server::store::integrity::checksum::{self, RowChecksum};
use crate::server::store::integrity::row_counts::{RowCounts, Table};

/// Key of a row of `chunk`: 28 bits of the series, 35 bits of the number.
pub fn chunk_key(series: i64, chunk: u64) -> i64 {
    (series << 35) | chunk as i64
}

/// Key of a row of `node`: 28 bits of the series, 4 of the level, 31 of the number.
pub fn node_key(series: i64, level: u8, block: u64) -> i64 {
    (((series << 4) | i64::from(level)) << 31) | block as i64
}

/// A row of `series`.
pub struct SeriesRow<'a> {
    pub key: i64,
    pub cell: &'a str,
    pub run: Option<&'a str>,
    pub name: &'a str,
    pub metric: Option<&'a str>,
    pub sealed: u64,
    pub tail: StoredTail,
    /// The last point in chunks and tail.
    pub last: Option<Point>,
    pub seq: u64,
    pub dead: bool,
    pub began: u64,
    /// Number of points in its outline.
    pub outlined: u64,
    /// Of a series of a run: the summary of the points in chunks and tail, as bytes.
    pub summary: Option<Vec<u8>>,
}

impl<'a> SeriesRow<'a> {
    pub fn of(series: &'a Series, cell: &'a str, seq: u64) -> Self {
        let Series { key, id, metric, began, sealed, stored, outlined, summary, .. } = series;
        let summary = summary.as_ref().map(|summary| summary.encode());
        let (run, name) = (id.run.as_ref().map(RunId::as_str), &*id.name);
        Self {
            key: *key,
            cell,
            run,
            name,
            metric: metric.as_deref(),
            sealed: *sealed,
            tail: *stored,
            last: series.stored_last(),
            seq,
            dead: false,
            began: *began,
            outlined: *outlined,
            summary,
        }
    }

    /// The row and its checksum, once that is verified.
    pub fn read(row: &'a sqlx::sqlite::SqliteRow) -> sqlx::Result<(Self, i64)> {
        let number = |at: usize| row.try_get::<i64, _>(at).map(|number| number as u64);
        let read = || -> sqlx::Result<(Self, Vec<u8>, i64)> {
            let (last, dead): (&[u8], i64) = (row.try_get(8)?, row.try_get(10)?);
            let series = Self {
                key: row.try_get(0)?,
                cell: row.try_get(1)?,
                run: row.try_get(2)?,
                name: row.try_get(3)?,
                metric: row.try_get(4)?,
                sealed: number(5)?,
                tail: StoredTail { count: row.try_get(6)?, sum: row.try_get(7)? },
                last: point(last),
                seq: number(9)?,
                dead: dead != 0,
                began: number(11)?,
                outlined: number(12)?,
                summary: row.try_get(13)?,
            };
            Ok((series, last.to_vec(), dead))
        };
        let (series, last, dead) = read()?;
        let place = || format!("the row of the series '{}' of the cell '{}'", series.name, series.cell);
        let sum = series.sum();
        checksum::verify(row.try_get(14)?, sum, place)?;
        // The checksum covers the decoded columns: other bytes could decode to the same.
        if bytes(series.last) != last || dead != i64::from(series.dead) {
            return Err(corrupt(format!("{} is damaged", place())));
        }
        Ok((series, sum))
    }

    pub const SELECT: &'static str =
        "SELECT key, cell, run, name, metric, sealed, tail_count, tail_sum, last, seq, dead, began, outlined, summary, sum FROM series";

    fn sum(&self) -> i64 {
        let sum = RowChecksum::default().number(self.key).text(self.cell.as_bytes()).optional(self.run).text(self.name.as_bytes());
        let sum = sum.optional(self.metric).number(self.sealed as i64).number(self.tail.count.into()).number(self.tail.sum);
        let sum = sum
            .text(&bytes(self.last))
            .number(self.seq as i64)
            .number(self.dead.into())
            .number(self.began as i64)
            .number(self.outlined as i64);
        match &self.summary {
            // No blob has a negative length.
            None => sum.number(-1).end(),
            Some(summary) => sum.text(summary).end(),
        }
    }

    pub async fn insert(&self, commit: &mut SqliteConnection, row_counts: &mut RowCounts) -> sqlx::Result<()> {
        let insert =
            "INSERT INTO series (key, cell, run, name, metric, sealed, tail_count, tail_sum, last, seq, dead, began, outlined, summary,
                                          sum)
                      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
        let (sum, insert) = (self.sum(), sqlx::query(insert).bind(self.key).bind(self.cell).bind(self.run).bind(self.name));
        let insert = insert.bind(self.metric).bind(self.sealed as i64).bind(self.tail.count).bind(self.tail.sum);
        insert
            .bind(bytes(self.last))
            .bind(self.seq as i64)
            .bind(i64::from(self.dead))
            .bind(self.began as i64)
            .bind(self.outlined as i64)
            .bind(self.summary.as_deref())
            .bind(sum)
            .execute(commit)
            .await?;
        row_counts.add(Table::Series, sum);
        Ok(())
    }

    /// Replaces the row with the same key. Errors: there is none.
    pub async fn replace(&self, commit: &mut SqliteConnection, row_counts: &mut RowCounts) -> sqlx::Result<()> {
        if !delete_series(&mut *commit, self.key, row_counts).await? {
            return Err(corrupt(format!("the row of the series '{}' of the cell '{}' is missing", self.name, self.cell)));
        }
        self.insert(commit, row_counts).await
    }
}

/// False if there is no such row.
pub async fn delete_series(commit: &mut SqliteConnection, key: i64, row_counts: &mut RowCounts) -> sqlx::Result<bool> {
    let delete = sqlx::query_scalar::<_, i64>("DELETE FROM series WHERE key = ? RETURNING sum").bind(key);
    let sums = delete.fetch_all(commit).await?;
    sums.iter().for_each(|sum| row_counts.remove(Table::Series, *sum));
    Ok(!sums.is_empty())
}

/// Three little-endian doubles, or no bytes.
fn bytes(point: Option<Point>) -> Vec<u8> {
    point.map_or_else(Vec::new, |Point { x, y, t }| [x, y, t].iter().flat_map(|number| number.to_le_bytes()).collect())
}

fn point(bytes: &[u8]) -> Option<Point> {
    let (words, rest) = bytes.as_chunks::<8>();
    match (words, rest) {
        ([x, y, t], []) => Some(Point { x: f64::from_le_bytes(*x), y: f64::from_le_bytes(*y), t: f64::from_le_bytes(*t) }),
        _ => None,
    }
}
