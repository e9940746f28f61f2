//! Reading a whole database once to see that every part of it can be read; nothing is written.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures::TryStreamExt;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Row, SqliteConnection};

use super::open::{OpenError, check_sqlite, read_index, reason, refuse_newer, sound_value};
use super::packed::{unpack_nodes, unpack_points};
use super::replay::read_series;
use super::seal::{chunk_key, node_key};
use super::series::CHUNK;
use crate::protocol::CellId;
use crate::series::{BLOCK, nodes_at};

/// More of the same are only counted.
const FAULTS_TOLD: usize = 20;

/// What a database holds, and what of it is damaged.
#[derive(Debug, Default)]
pub struct Report {
    /// Those with cells.
    pub boards: usize,
    pub cells: usize,
    /// Cells that can be brought back; their points are read, too, and counted nowhere.
    pub removed: usize,
    pub series: usize,
    pub points: u64,
    /// Sentences, the first 20 of them.
    pub faults: Vec<String>,
    /// How many there were in all.
    pub found: usize,
    /// Blocks of nodes that are made anew from the points when they are asked for: no loss.
    pub mendable: usize,
}

impl Report {
    fn fault(&mut self, what: String) {
        self.found += 1;
        if self.faults.len() < FAULTS_TOLD {
            self.faults.push(what);
        }
    }
}

/// Reads the database `file` as it is at this moment; a server may be using it.
pub async fn check(file: &Path) -> Result<Report, OpenError> {
    if !file.is_file() {
        return Err(OpenError::Missing(file.into()));
    }
    refuse_newer(file).await?;
    let failed = |why: sqlx::Error| OpenError::Database(file.into(), why);
    let mut connection = read_only(file).connect().await.map_err(failed)?;
    check_sqlite(&mut connection, file).await?;
    let mut report = Report::default();
    // One moment for all that follows.
    sqlx::query("BEGIN").execute(&mut connection).await.map_err(failed)?;
    look(&mut connection, &mut report).await.map_err(failed)?;
    connection.close().await.map_err(failed)?;
    Ok(report)
}

pub(super) fn read_only(file: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new().filename(file).read_only(true).busy_timeout(Duration::from_secs(5)).disable_statement_logging()
}

async fn look(connection: &mut SqliteConnection, report: &mut Report) -> sqlx::Result<()> {
    for line in sqlx::query_scalar::<_, String>("PRAGMA integrity_check(20)").fetch_all(&mut *connection).await? {
        if line != "ok" {
            report.fault(format!("SQLite: {}", line.trim()));
        }
    }
    let has_series: bool = has(connection, "SELECT count(*) FROM sqlite_schema WHERE name = 'series'").await?;
    read_as_newest(connection).await?;
    let mut index = match read_index(connection).await {
        Ok(index) => index,
        Err(why) => {
            report.fault(format!("The cells cannot be read: {}.", reason(&why)));
            return Ok(());
        }
    };
    report.boards = index.boards().filter(|(_, board)| !board.cells.is_empty()).count();
    report.cells = index.cells().count();
    report.removed = index.boards().map(|(_, board)| board.graves.len()).sum();
    let astray = "SELECT cell.id FROM cell JOIN value ON value.id = cell.id WHERE value.version <> cell.version";
    for id in sqlx::query_scalar::<_, String>(astray).fetch_all(&mut *connection).await? {
        report.fault(format!("The value of the cell '{id}' is not the one that its row names."));
    }
    damaged_values(connection, report).await?;
    if !has_series {
        return Ok(());
    }
    if let Err(why) = read_series(connection, &mut index).await {
        report.fault(format!("The newest points cannot be read: {}.", reason(&why)));
        return Ok(());
    }
    let mut living = HashSet::new();
    for row in sqlx::query("SELECT key, cell, name, sealed FROM series WHERE dead = 0 ORDER BY key").fetch_all(&mut *connection).await? {
        let (key, cell, name): (i64, String, String) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        living.insert(key);
        let is_there = CellId::parse(&cell).is_some_and(|id| index.cell(&id).is_some());
        report.series += usize::from(is_there);
        let sealed = row.try_get::<i64, _>(3)? as u64;
        let chunks = sealed / CHUNK as u64;
        report.mendable += missing_blocks(connection, key, sealed).await?;
        for chunk in 0..chunks {
            let select = sqlx::query_scalar::<_, Vec<u8>>("SELECT points FROM chunk WHERE key = ?").bind(chunk_key(key, chunk));
            let from = chunk * CHUNK as u64;
            let place = format!("points {from} to {} of the series '{name}' of the cell '{cell}'", from + CHUNK as u64 - 1);
            match select.fetch_optional(&mut *connection).await?.as_deref().map(unpack_points) {
                Some(Ok(points)) if points.len() == CHUNK => report.points += if is_there { CHUNK as u64 } else { 0 },
                Some(Ok(points)) => report.fault(format!("Of {place} only {} are there.", points.len())),
                Some(Err(why)) => report.fault(format!("The {place} cannot be read: {why}.")),
                None => report.fault(format!("The {place} are missing.")),
            }
        }
    }
    report.points += index.cells().flat_map(|cell| index.series(&cell.id)).map(|series| series.tail.len() as u64).sum::<u64>();
    let mut blocks = sqlx::query("SELECT nodes FROM node").fetch(&mut *connection);
    while let Some(row) = blocks.try_next().await? {
        report.mendable += usize::from(unpack_nodes(row.try_get(0)?).is_err());
    }
    Ok(())
}

/// How many full blocks of nodes are not there. Those that still grow need not be.
async fn missing_blocks(connection: &mut SqliteConnection, key: i64, sealed: u64) -> sqlx::Result<usize> {
    let (mut missing, mut level) = (0, 0);
    while nodes_at(level, sealed) > 0 {
        let full = nodes_at(level, sealed) / BLOCK;
        let count = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM node WHERE key >= ? AND key < ?");
        let there = count.bind(node_key(key, level, 0)).bind(node_key(key, level, full)).fetch_one(&mut *connection).await?;
        missing += full as usize - there as usize;
        level += 1;
    }
    Ok(missing)
}

async fn has(connection: &mut SqliteConnection, count: &'static str) -> sqlx::Result<bool> {
    Ok(sqlx::query_scalar::<_, i64>(count).fetch_one(connection).await? > 0)
}

async fn damaged_values(connection: &mut SqliteConnection, report: &mut Report) -> sqlx::Result<()> {
    let mut values = sqlx::query("SELECT id, version, json, sum FROM value").fetch(&mut *connection);
    while let Some(row) = values.try_next().await? {
        let text: &str = row.try_get(0)?;
        let Some(id) = CellId::parse(text) else {
            report.fault(format!("The cell id {text:?} is damaged."));
            continue;
        };
        if let Err(why) = sound_value(&id, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?) {
            report.fault(format!("{}.", reason(&why)));
        }
    }
    Ok(())
}

/// What migrations added to the tables of the first version that has them, and what it is there.
const NEWER_COLUMNS: [(&str, &[(&str, &str)]); 5] = [
    ("board", &[("sum", "NULL")]),
    ("cell", &[("sum", "NULL")]),
    ("value", &[("sum", "NULL")]),
    ("series", &[("began", "0"), ("sum", "NULL")]),
    ("reply", &[("status", "201"), ("sum", "NULL")]),
];

/// A database of an earlier version is read as the migrations would make it: with views of this connection alone, which go before its tables.
async fn read_as_newest(connection: &mut SqliteConnection) -> sqlx::Result<()> {
    for (table, newer) in NEWER_COLUMNS {
        let select = sqlx::query_scalar::<_, String>("SELECT name FROM pragma_table_info(?)").bind(table);
        let there: HashSet<String> = select.fetch_all(&mut *connection).await?.into_iter().collect();
        let missing: String =
            newer.iter().filter(|(name, _)| !there.contains(*name)).map(|(name, value)| format!(", {value} AS {name}")).collect();
        if !there.is_empty() && !missing.is_empty() {
            // Of names that stand here, and of nothing else.
            let view = AssertSqlSafe(format!("CREATE TEMP VIEW {table} AS SELECT *{missing} FROM main.{table}"));
            sqlx::query(view).execute(&mut *connection).await?;
        }
    }
    Ok(())
}

/// Where a data folder keeps its database.
pub fn database(folder: &Path) -> PathBuf {
    folder.join("agnez.sqlite")
}
