//! Rows of `outline`: the outlines of series as far as they were made.

use std::sync::LazyLock;

use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use super::codec::{pack_outline, unpack_outline};
use crate::series::OutlineBuilder;
use crate::server::store::error::corrupt;
use crate::server::store::integrity::checksum::keyed;

/// Points from which on an outline is stored: it is not larger than they are.
pub const MIN_OUTLINE_POINTS: u64 = 2 * crate::series::OUTLINE_COLUMNS as u64;

/// Outlines that one statement reads. Each row of a result wakes the thread that waits for it, which takes longer than reading it.
pub const READ_TOGETHER: usize = 64;

static SELECT_TOGETHER: LazyLock<String> = LazyLock::new(|| {
    let one = "(SELECT columns FROM outline WHERE series = ?)";
    format!("SELECT {}", [one; READ_TOGETHER].join(", "))
});

/// Selects the rows of a list of series.
pub const SELECT_OUTLINES: &str = "SELECT series, columns FROM outline WHERE series IN (SELECT value FROM json_each(?))";

/// Selects the `columns` of [`READ_TOGETHER`] series as one row, with NULL for a series that has no outline.
pub fn select_outlines_together() -> &'static str {
    &SELECT_TOGETHER
}

/// The outline in a row of [`SELECT_OUTLINES`], once its checksum is verified: of the first points of its series, usually of all of them.
pub fn read_outline(row: &SqliteRow) -> sqlx::Result<OutlineBuilder> {
    unpack(row.try_get(0)?, row.try_get(1)?)
}

/// The same of a series whose outline is in this column of a row of [`select_outlines_together`]; `None`: it has none.
pub fn read_outline_in(row: &SqliteRow, column: usize, series: i64) -> sqlx::Result<Option<OutlineBuilder>> {
    row.try_get::<Option<Vec<u8>>, _>(column)?.map(|columns| unpack(series, columns)).transpose()
}

fn unpack(series: i64, columns: Vec<u8>) -> sqlx::Result<OutlineBuilder> {
    unpack_outline(&keyed(columns, series)).map_err(|why| corrupt(format!("the outline of the series {series}: {why}")))
}

/// Writes the outline of a series, which needs no rebuild.
pub async fn put_outline(commit: &mut SqliteConnection, series: i64, outline: &OutlineBuilder) -> sqlx::Result<()> {
    let replace = sqlx::query("INSERT OR REPLACE INTO outline (series, columns) VALUES (?, ?)").bind(series);
    replace.bind(keyed(pack_outline(outline), series)).execute(commit).await.map(drop)
}

pub async fn delete_outline(commit: &mut SqliteConnection, series: i64) -> sqlx::Result<()> {
    sqlx::query("DELETE FROM outline WHERE series = ?").bind(series).execute(commit).await.map(drop)
}
