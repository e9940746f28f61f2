//! Rows of `outline`: the outlines of series as far as they were made.

use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use super::codec::{pack_outline, unpack_outline};
use crate::series::OutlineBuilder;
use crate::server::store::error::corrupt;
use crate::server::store::integrity::checksum::keyed;

/// Points from which on an outline is stored: it is not larger than they are.
pub const MIN_OUTLINE_POINTS: u64 = 2 * crate::series::OUTLINE_COLUMNS as u64;

/// A row of `outline`, once its checksum is verified.
pub struct StoredOutline {
    pub series: i64,
    /// Of the first points of the series, usually of all of them.
    pub outline: OutlineBuilder,
}

impl StoredOutline {
    pub const SELECT: &'static str = "SELECT series, columns FROM outline WHERE series IN (SELECT value FROM json_each(?))";

    pub fn read(row: &SqliteRow) -> sqlx::Result<Self> {
        let series = row.try_get(0)?;
        let place = || format!("the outline of the series {series}");
        let outline = unpack_outline(&keyed(row.try_get(1)?, series)).map_err(|why| corrupt(format!("{}: {why}", place())))?;
        Ok(Self { series, outline })
    }
}

/// Writes the outline of a series, which needs no rebuild.
pub async fn put_outline(commit: &mut SqliteConnection, series: i64, outline: &OutlineBuilder) -> sqlx::Result<()> {
    let replace = sqlx::query("INSERT OR REPLACE INTO outline (series, columns) VALUES (?, ?)").bind(series);
    replace.bind(keyed(pack_outline(outline), series)).execute(commit).await.map(drop)
}

pub async fn delete_outline(commit: &mut SqliteConnection, series: i64) -> sqlx::Result<()> {
    sqlx::query("DELETE FROM outline WHERE series = ?").bind(series).execute(commit).await.map(drop)
}
