//! Tails on disk: the points of a series after its last chunk, up to some moment. A later tail replaces it and begins with the same
//! points; at 4096 points they become a chunk. A reader that knows of an earlier tail finds its points at the beginning of what is there now.

use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use super::codec::{pack_points, unpack_points};
use super::{Series, StoredTail};
use crate::series::Points;
use crate::server::store::error::corrupt;
use crate::server::store::integrity::checksum;

/// A row of `tail`, once its checksum is verified.
pub struct Tail {
    pub series: i64,
    /// Index of the first point within the series.
    pub start: u64,
    pub sum: i64,
    pub points: Points,
}

impl Tail {
    pub const SELECT: &'static str = "SELECT series, start, points, sum FROM tail WHERE series IN (SELECT value FROM json_each(?))";

    pub fn read(row: &SqliteRow) -> sqlx::Result<Self> {
        let (series, start, bytes, sum): (i64, i64, &[u8], i64) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?);
        let place = || format!("the row of the newest points of the series {series}");
        checksum::verify(sum, checksum::tail(series, start, bytes), place)?;
        let points = unpack_points(bytes).map_err(|why| corrupt(format!("{}: {why}", place())))?;
        Ok(Self { series, start: start as u64, sum, points })
    }

    /// Whether it is the tail that `series` was committed with.
    pub fn is_of(&self, series: &Series) -> bool {
        let StoredTail { count, sum } = series.stored;
        self.series == series.key && self.start == series.sealed && self.points.len() == count as usize && self.sum == sum
    }
}

/// The points of a series in its tail on disk, within a commit. Errors: they are missing or damaged.
pub async fn read_tail(commit: &mut SqliteConnection, series: &Series) -> sqlx::Result<Points> {
    if series.stored.count == 0 {
        return Ok(Points::default());
    }
    let select = sqlx::query(Tail::SELECT).bind(format!("[{}]", series.key));
    let tail = select.fetch_optional(commit).await?.map(|row| Tail::read(&row)).transpose()?;
    match tail.filter(|tail| tail.is_of(series)) {
        Some(tail) => Ok(tail.points),
        None => Err(corrupt(format!("the newest points of the series {} (key {}) are missing, or old", series.id, series.key))),
    }
}

/// Writes the tail of a series of `sealed` points in chunks.
pub async fn put_tail(commit: &mut SqliteConnection, key: i64, sealed: u64, points: &Points) -> sqlx::Result<StoredTail> {
    let (start, packed) = (sealed as i64, pack_points(points));
    let sum = checksum::tail(key, start, &packed);
    let replace = sqlx::query("INSERT OR REPLACE INTO tail (series, start, points, sum) VALUES (?, ?, ?, ?)");
    replace.bind(key).bind(start).bind(packed).bind(sum).execute(commit).await?;
    Ok(StoredTail { count: points.len() as u32, sum })
}

pub async fn delete_tail(commit: &mut SqliteConnection, key: i64) -> sqlx::Result<()> {
    sqlx::query("DELETE FROM tail WHERE series = ?").bind(key).execute(commit).await.map(drop)
}
