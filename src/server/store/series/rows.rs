//! Rows of series and tails as they are written: with their checksums, and counted.

use sqlx::{Row, SqliteConnection};

use super::{Point, Series};
use crate::server::store::integrity::checksum::{self, Sum};
use crate::server::store::integrity::row_counts::{RowCounts, Table};

/// A row of `series`.
pub struct SeriesRow<'a> {
    pub key: i64,
    pub cell: &'a str,
    pub name: &'a str,
    pub sealed: u64,
    /// The last point in chunks.
    pub last: Option<Point>,
    pub seq: u64,
    pub dead: bool,
    pub began: u64,
}

pub fn damaged(what: String) -> sqlx::Error {
    sqlx::Error::Decode(what.into())
}

impl<'a> SeriesRow<'a> {
    pub fn of(series: &'a Series, cell: &'a str, seq: u64) -> Self {
        let Series { key, name, began, sealed, sealed_last, .. } = series;
        Self { key: *key, cell, name, sealed: *sealed, last: *sealed_last, seq, dead: false, began: *began }
    }

    /// The row, once it is known to be sound.
    pub fn read(row: &'a sqlx::sqlite::SqliteRow) -> sqlx::Result<(Self, i64)> {
        let number = |at: usize| row.try_get::<i64, _>(at).map(|number| number as u64);
        let read = || -> sqlx::Result<(Self, Vec<u8>, i64)> {
            let (last, dead): (&[u8], i64) = (row.try_get(4)?, row.try_get(6)?);
            let series = Self {
                key: row.try_get(0)?,
                cell: row.try_get(1)?,
                name: row.try_get(2)?,
                sealed: number(3)?,
                last: point(last),
                seq: number(5)?,
                dead: dead != 0,
                began: number(7)?,
            };
            Ok((series, last.to_vec(), dead))
        };
        let (series, last, dead) = read()?;
        let place = || format!("the row of the series '{}' of the cell '{}'", series.name, series.cell);
        let sum = series.sum();
        checksum::check(row.try_get(8)?, sum, place)?;
        // Other bytes that are read as the same.
        if bytes(series.last) != last || dead != i64::from(series.dead) {
            return Err(damaged(format!("{} is damaged", place())));
        }
        Ok((series, sum))
    }

    pub const SELECT: &'static str = "SELECT key, cell, name, sealed, last, seq, dead, began, sum FROM series";

    fn sum(&self) -> i64 {
        let sum = Sum::default().number(self.key).text(self.cell.as_bytes()).text(self.name.as_bytes()).number(self.sealed as i64);
        let sum = sum.text(&bytes(self.last)).number(self.seq as i64).number(self.dead.into()).number(self.began as i64);
        sum.end()
    }

    pub async fn insert(&self, commit: &mut SqliteConnection, row_counts: &mut RowCounts) -> sqlx::Result<()> {
        let insert = "INSERT INTO series (key, cell, name, sealed, last, seq, dead, began, sum) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";
        let (sum, insert) = (self.sum(), sqlx::query(insert).bind(self.key).bind(self.cell).bind(self.name).bind(self.sealed as i64));
        let insert = insert.bind(bytes(self.last)).bind(self.seq as i64).bind(i64::from(self.dead)).bind(self.began as i64);
        insert.bind(sum).execute(commit).await?;
        row_counts.add(Table::Series, sum);
        Ok(())
    }

    /// In the place of the row that it has.
    pub async fn replace(&self, commit: &mut SqliteConnection, row_counts: &mut RowCounts) -> sqlx::Result<()> {
        if !delete_series(&mut *commit, self.key, row_counts).await? {
            return Err(damaged(format!("the row of the series '{}' of the cell '{}' is missing", self.name, self.cell)));
        }
        self.insert(commit, row_counts).await
    }
}

/// False where there is none.
pub async fn delete_series(commit: &mut SqliteConnection, key: i64, row_counts: &mut RowCounts) -> sqlx::Result<bool> {
    let delete = sqlx::query_scalar::<_, i64>("DELETE FROM series WHERE key = ? RETURNING sum").bind(key);
    let sums = delete.fetch_all(commit).await?;
    sums.iter().for_each(|sum| row_counts.remove(Table::Series, *sum));
    Ok(!sums.is_empty())
}

/// `points` are packed.
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
