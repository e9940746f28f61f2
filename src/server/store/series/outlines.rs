//! Rows of `outline` and `outline_range`: the outlines of series as far as they were made.

use std::sync::LazyLock;

use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use super::codec::{PackedOutline, StoredOutline, StoredRanges, pack_outline};
use crate::series::OutlineBuilder;
use crate::server::store::error::corrupt;
use crate::server::store::integrity::checksum::{key_sum, keyed};

/// Points from which on an outline is stored: it is not larger than they are.
pub const MIN_OUTLINE_POINTS: u64 = 2 * crate::series::OUTLINE_COLUMNS as u64;

/// Outlines that one statement reads. Each row of a result wakes the thread that waits for it, which takes longer than reading it; but each
/// cursor of a statement makes the next one slower to open.
pub const READ_TOGETHER: usize = 125;

/// Selects the rows of a list of series.
pub const SELECT_OUTLINES: &str = "SELECT series, columns, ranges FROM outline LEFT JOIN outline_range USING (series)
    WHERE series IN (SELECT value FROM json_each(?))";

/// The rows of [`READ_TOGETHER`] series as one row: first the columns of all, with NULL for a series that has no outline, then the ranges.
static SELECT_TOGETHER: LazyLock<[String; 2]> = LazyLock::new(|| {
    let fields = |field: &str, table: &str| {
        let one = |at: usize| format!("(SELECT {field} FROM {table} WHERE series = ?{at})");
        (1..=READ_TOGETHER).map(one).collect::<Vec<_>>().join(", ")
    };
    let columns = format!("SELECT {}", fields("columns", "outline"));
    let all = format!("{columns}, {}", fields("ranges", "outline_range"));
    [columns, all]
});

/// Whether the lowest and the highest values of the columns are read, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutlineParts {
    Columns,
    All,
}

/// Selects the rows of [`READ_TOGETHER`] series as one row, for [`stored_outline_in`].
pub fn select_outlines_together(parts: OutlineParts) -> &'static str {
    &SELECT_TOGETHER[usize::from(parts == OutlineParts::All)]
}

/// The outline in a row of [`SELECT_OUTLINES`], once its checksums are verified: of the first points of its series, usually of all of them.
pub fn read_outline(row: &SqliteRow) -> sqlx::Result<OutlineBuilder> {
    let (series, columns, ranges) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
    let opened = StoredOutline::open(columns, StoredRanges::Read(ranges), key_sum(series));
    opened.and_then(StoredOutline::unpack).map_err(|why| corrupt(format!("the outline of the series {series}: {why}")))
}

/// The same of a series that is at this place in a row of [`select_outlines_together`]; `None`: it has none, or is damaged.
pub fn stored_outline_in(row: &SqliteRow, at: usize, series: i64, parts: OutlineParts) -> Option<StoredOutline<'_>> {
    let columns = row.try_get(at).ok()?;
    let ranges = match parts {
        OutlineParts::Columns => StoredRanges::Unread,
        OutlineParts::All => StoredRanges::Read(row.try_get(READ_TOGETHER + at).ok()?),
    };
    StoredOutline::open(columns, ranges, key_sum(series)).ok()
}

/// Writes the outline of a series, which needs no rebuild.
pub async fn put_outline(commit: &mut SqliteConnection, series: i64, outline: &OutlineBuilder) -> sqlx::Result<()> {
    let PackedOutline { columns, ranges } = pack_outline(outline);
    let replace = sqlx::query("INSERT OR REPLACE INTO outline (series, columns) VALUES (?, ?)").bind(series);
    replace.bind(keyed(columns, series)).execute(&mut *commit).await?;
    let write = match ranges {
        Some(ranges) => {
            let replace = sqlx::query("INSERT OR REPLACE INTO outline_range (series, ranges) VALUES (?, ?)").bind(series);
            replace.bind(keyed(ranges, series))
        }
        None => sqlx::query("DELETE FROM outline_range WHERE series = ?").bind(series),
    };
    write.execute(commit).await.map(drop)
}

pub async fn delete_outline(commit: &mut SqliteConnection, series: i64) -> sqlx::Result<()> {
    for delete in ["DELETE FROM outline WHERE series = ?", "DELETE FROM outline_range WHERE series = ?"] {
        sqlx::query(delete).bind(series).execute(&mut *commit).await?;
    }
    Ok(())
}
