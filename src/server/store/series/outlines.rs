//! Rows of `outline` and `outline_range`: the outlines of series as far as they were made.

use std::collections::HashMap;
use std::ops::Range;

use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use super::codec::{PackedOutline, StoredOutline, StoredRanges, pack_outline};
use crate::series::OutlineBuilder;
use crate::server::store::error::corrupt;
use crate::server::store::integrity::checksum::{key_sum, keyed};

/// Points from which on an outline is stored: it is not larger than they are.
pub const MIN_OUTLINE_POINTS: u64 = 2 * crate::series::OUTLINE_COLUMNS as u64;

/// Outlines that one statement reads.
pub const READ_TOGETHER: usize = 250;

/// Selects the rows of a list of series.
pub const SELECT_OUTLINES: &str = "SELECT series, columns, ranges FROM outline LEFT JOIN outline_range USING (series)
    WHERE series IN (SELECT value FROM json_each(?))";

/// The outlines of a list of series as one row, end to end: each row of a result wakes the thread that waits for it, which takes longer
/// than reading it, and so does each value. A missing row of ranges has the length -1.
const SELECT_COLUMNS_TOGETHER: &str = "SELECT group_concat(series), group_concat(length(columns)), CAST(group_concat(columns, '') AS BLOB)
    FROM outline WHERE series IN (SELECT value FROM json_each(?))";
const SELECT_ALL_TOGETHER: &str = "SELECT group_concat(series), group_concat(length(columns)), CAST(group_concat(columns, '') AS BLOB),
    group_concat(coalesce(length(ranges), -1)), CAST(group_concat(coalesce(ranges, ''), '') AS BLOB)
    FROM outline LEFT JOIN outline_range USING (series) WHERE series IN (SELECT value FROM json_each(?))";

/// Whether the lowest and the highest values of the columns are read, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutlineParts {
    Columns,
    All,
}

/// The bytes of the outlines of some series.
pub struct StoredOutlines {
    row: SqliteRow,
    parts: OutlineParts,
    places: HashMap<i64, OutlinePlace>,
}

/// Where the columns and the ranges of an outline are.
struct OutlinePlace {
    columns: Range<usize>,
    ranges: Option<Range<usize>>,
}

impl StoredOutlines {
    /// Reads those that there are, at most [`READ_TOGETHER`].
    pub async fn read(series: &[i64], parts: OutlineParts, connection: &mut SqliteConnection) -> sqlx::Result<Self> {
        let keys: Vec<String> = series.iter().map(i64::to_string).collect();
        let select = if parts == OutlineParts::All { SELECT_ALL_TOGETHER } else { SELECT_COLUMNS_TOGETHER };
        let row = sqlx::query(select).bind(format!("[{}]", keys.join(","))).fetch_one(connection).await?;
        let keys = numbers(&row, 0)?;
        let columns = ranges_of(&numbers(&row, 1)?);
        let ranges = if parts == OutlineParts::All { ranges_of(&numbers(&row, 3)?) } else { vec![None; columns.len()] };
        let place = |(columns, ranges): (Option<_>, _)| Some(OutlinePlace { columns: columns?, ranges });
        let places = keys.into_iter().zip(columns.into_iter().zip(ranges)).filter_map(|(key, found)| Some((key, place(found)?)));
        Ok(Self { places: places.collect(), row, parts })
    }

    /// The outline of a series once its checksums are verified; `None`: it has none, or is damaged.
    pub fn get(&self, series: i64) -> Option<StoredOutline<'_>> {
        let place = self.places.get(&series)?;
        let bytes = |at: usize, range: &Range<usize>| self.row.try_get::<&[u8], _>(at).ok()?.get(range.clone());
        let columns = bytes(2, &place.columns)?;
        let ranges = match (self.parts, &place.ranges) {
            (OutlineParts::Columns, _) => StoredRanges::Unread,
            (OutlineParts::All, None) => StoredRanges::Read(None),
            (OutlineParts::All, Some(range)) => StoredRanges::Read(Some(bytes(4, range)?)),
        };
        StoredOutline::open(columns, ranges, key_sum(series)).ok()
    }
}

/// A list of whole numbers with commas between them.
fn numbers(row: &SqliteRow, at: usize) -> sqlx::Result<Vec<i64>> {
    let list: Option<&str> = row.try_get(at)?;
    let number = |text: &str| text.parse().map_err(|_| corrupt(format!("'{text}' is no number")));
    list.unwrap_or_default().split_terminator(',').map(number).collect()
}

/// The places of texts of these lengths that stand end to end; `None` of a negative length.
fn ranges_of(lengths: &[i64]) -> Vec<Option<Range<usize>>> {
    let mut end = 0;
    let range = |length: &i64| {
        let start = end;
        let length = usize::try_from(*length).ok()?;
        end += length;
        Some(start..end)
    };
    lengths.iter().map(range).collect()
}

/// The outline in a row of [`SELECT_OUTLINES`], once its checksums are verified: of the first points of its series, usually of all of them.
pub fn read_outline(row: &SqliteRow) -> sqlx::Result<OutlineBuilder> {
    let (series, columns, ranges) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
    let opened = StoredOutline::open(columns, StoredRanges::Read(ranges), key_sum(series));
    opened.and_then(StoredOutline::unpack).map_err(|why| corrupt(format!("the outline of the series {series}: {why}")))
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
