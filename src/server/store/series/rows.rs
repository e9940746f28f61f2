//! Rows of `series` and `tail`, with their checksums and row counts, and keys of `chunk` and `node`.

use sqlx::{Row, SqliteConnection};

use super::{Point, Series};
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
    /// The last point in chunks.
    pub last: Option<Point>,
    pub seq: u64,
    pub dead: bool,
    pub began: u64,
}

impl<'a> SeriesRow<'a> {
    pub fn of(series: &'a Series, cell: &'a str, seq: u64) -> Self {
        let Series { key, id, metric, began, sealed, sealed_last, .. } = series;
        let (run, name) = (id.run.as_ref().map(RunId::as_str), &*id.name);
        Self { key: *key, cell, run, name, metric: metric.as_deref(), sealed: *sealed, last: *sealed_last, seq, dead: false, began: *began }
    }

    /// The row and its checksum, once that is verified.
    pub fn read(row: &'a sqlx::sqlite::SqliteRow) -> sqlx::Result<(Self, i64)> {
        let number = |at: usize| row.try_get::<i64, _>(at).map(|number| number as u64);
        let read = || -> sqlx::Result<(Self, Vec<u8>, i64)> {
            let (last, dead): (&[u8], i64) = (row.try_get(6)?, row.try_get(8)?);
            let series = Self {
                key: row.try_get(0)?,
                cell: row.try_get(1)?,
                run: row.try_get(2)?,
                name: row.try_get(3)?,
                metric: row.try_get(4)?,
                sealed: number(5)?,
                last: point(last),
                seq: number(7)?,
                dead: dead != 0,
                began: number(9)?,
            };
            Ok((series, last.to_vec(), dead))
        };
        let (series, last, dead) = read()?;
        let place = || format!("the row of the series '{}' of the cell '{}'", series.name, series.cell);
        let sum = series.sum();
        checksum::verify(row.try_get(10)?, sum, place)?;
        // The checksum covers the decoded columns: other bytes could decode to the same.
        if bytes(series.last) != last || dead != i64::from(series.dead) {
            return Err(corrupt(format!("{} is damaged", place())));
        }
        Ok((series, sum))
    }

    pub const SELECT: &'static str = "SELECT key, cell, run, name, metric, sealed, last, seq, dead, began, sum FROM series";

    fn sum(&self) -> i64 {
        let sum = RowChecksum::default().number(self.key).text(self.cell.as_bytes()).optional(self.run).text(self.name.as_bytes());
        let sum = sum.optional(self.metric).number(self.sealed as i64).text(&bytes(self.last));
        sum.number(self.seq as i64).number(self.dead.into()).number(self.began as i64).end()
    }

    pub async fn insert(&self, commit: &mut SqliteConnection, row_counts: &mut RowCounts) -> sqlx::Result<()> {
        let insert = "INSERT INTO series (key, cell, run, name, metric, sealed, last, seq, dead, began, sum)
                      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
        let (sum, insert) = (self.sum(), sqlx::query(insert).bind(self.key).bind(self.cell).bind(self.run).bind(self.name));
        let insert = insert.bind(self.metric).bind(self.sealed as i64).bind(bytes(self.last)).bind(self.seq as i64);
        insert.bind(i64::from(self.dead)).bind(self.began as i64).bind(sum).execute(commit).await?;
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

/// Writes a tail that begins at index `start`; `points` as of [`super::codec::pack_points`].
pub async fn put_tail(
    commit: &mut SqliteConnection,
    key: i64,
    start: u64,
    points: Vec<u8>,
    row_counts: &mut RowCounts,
) -> sqlx::Result<()> {
    delete_tail(&mut *commit, key, row_counts).await?;
    let sum = checksum::tail(key, start as i64, &points);
    let insert = sqlx::query("INSERT INTO tail (series, start, points, sum) VALUES (?, ?, ?, ?)");
    insert.bind(key).bind(start as i64).bind(points).bind(sum).execute(commit).await?;
    row_counts.add(Table::Tail, sum);
    Ok(())
}

pub async fn delete_tail(commit: &mut SqliteConnection, key: i64, row_counts: &mut RowCounts) -> sqlx::Result<()> {
    let delete = sqlx::query_scalar::<_, i64>("DELETE FROM tail WHERE series = ? RETURNING sum").bind(key);
    delete.fetch_all(commit).await?.iter().for_each(|sum| row_counts.remove(Table::Tail, *sum));
    Ok(())
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
