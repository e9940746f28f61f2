//! Loading boards, their documents, their runs and which values those have, at a start. The checksum of each row is verified before its content is used.

use std::sync::Arc;

use futures::TryStreamExt;
use sqlx::{Row, SqliteConnection};

use crate::protocol::{CellId, RunId};
use crate::server::store::board_row::{BoardDocument, BoardRow};
use crate::server::store::error::corrupt;
use crate::server::store::index::Index;
use crate::server::store::index::run_trash::RunSize;
use crate::server::store::index::run_values::RunValue;
use crate::server::store::integrity::checksum::{self, RUN_VALUE_COLUMNS};
use crate::server::store::integrity::row_counts::{RowCounts, Table};
use crate::server::store::run_record::{RunRecord, StoredHeartbeat};

pub async fn load_boards(connection: &mut SqliteConnection, index: &mut Index, row_counts: &mut RowCounts) -> sqlx::Result<()> {
    for row in sqlx::query("SELECT name, seq, floor, run_seq, run_floor, changed, sum FROM board").fetch_all(&mut *connection).await? {
        let name: &str = row.try_get(0)?;
        let [seq, floor, run_seq, run_floor] = [number(&row, 1)?, number(&row, 2)?, number(&row, 3)?, number(&row, 4)?];
        let board = BoardRow { seq, floor, run_seq, run_floor, changed_ms: number(&row, 5)? };
        let sum = checksum::board(name, &board);
        checksum::verify(row.try_get(6)?, sum, || format!("the row of the board '{name}'"))?;
        row_counts.add(Table::Board, sum);
        index.set_board(&Arc::from(name), board);
    }
    for row in sqlx::query("SELECT board, rev, created, updated, doc, sum FROM board_document").fetch_all(connection).await? {
        let (board, doc): (&str, &str) = (row.try_get(0)?, row.try_get(4)?);
        let place = || format!("the document of the board '{board}'");
        let keys = serde_json::from_str(doc).map_err(|why| corrupt(format!("{} is damaged: {why}", place())))?;
        let document = BoardDocument::of_row(keys, number(&row, 1)?, number(&row, 2)?, number(&row, 3)?);
        let sum = checksum::board_document(board, &document, doc);
        checksum::verify(row.try_get(5)?, sum, place)?;
        row_counts.add(Table::BoardDocument, sum);
        index.set_board_document(&Arc::from(board), Arc::new(document));
    }
    Ok(())
}

pub async fn load_runs(connection: &mut SqliteConnection, index: &mut Index, row_counts: &mut RowCounts) -> sqlx::Result<()> {
    let select = "SELECT board, id, seq, created_seq, created_order, rev, created, updated, removed, doc, sum FROM run ORDER BY board";
    let mut board: Arc<str> = Arc::from("");
    let mut rows = sqlx::query(select).fetch(connection);
    while let Some(row) = rows.try_next().await? {
        let (name, text, doc): (&str, &str, &str) = (row.try_get(0)?, row.try_get(1)?, row.try_get(9)?);
        let place = || format!("the row of the run '{text}' of the board '{name}'");
        let Some(id) = RunId::parse(text) else {
            return Err(corrupt(format!("the id {text:?} of a run is damaged")));
        };
        if *board != *name {
            board = Arc::from(name);
        }
        let record = RunRecord {
            id,
            board: board.clone(),
            seq: number(&row, 2)?,
            created_seq: number(&row, 3)?,
            created_order: number(&row, 4)?,
            rev: number(&row, 5)?,
            created_ms: number(&row, 6)?,
            updated_ms: number(&row, 7)?,
            beat: StoredHeartbeat::default(),
            bytes: doc.len(),
            keys: serde_json::from_str(doc).map_err(|why| corrupt(format!("{} is damaged: {why}", place())))?,
        };
        let removed: i64 = row.try_get(8)?;
        let sum = checksum::run(&record, removed != 0, doc);
        checksum::verify(row.try_get(10)?, sum, place)?;
        // The checksum covers the decoded column: other numbers could decode to the same.
        if !(0..=1).contains(&removed) {
            return Err(corrupt(format!("{} is damaged", place())));
        }
        row_counts.add(Table::Run, sum);
        index.set_run(&board, &record.id.clone(), Some((&Arc::new(record), removed != 0)), RunSize::default());
    }
    Ok(())
}

/// Loads the heartbeats of runs, after the runs.
pub async fn load_heartbeats(connection: &mut SqliteConnection, index: &Index, row_counts: &mut RowCounts) -> sqlx::Result<()> {
    let mut rows = sqlx::query("SELECT board, run, ms, sum FROM heartbeat").fetch(connection);
    while let Some(row) = rows.try_next().await? {
        let (board, run, ms): (&str, &str, u64) = (row.try_get(0)?, row.try_get(1)?, number(&row, 2)?);
        let place = || format!("the heartbeat of the run '{run}' of the board '{board}'");
        let sum = checksum::heartbeat(board, run, ms);
        checksum::verify(row.try_get(3)?, sum, place)?;
        row_counts.add(Table::Heartbeat, sum);
        if !RunId::parse(run).is_some_and(|run| index.set_heartbeat(board, &run, ms)) {
            return Err(corrupt(format!("{} is there, and the run is not", place())));
        }
    }
    Ok(())
}

/// Loads which runs have values in which cells; the values stay on disk, unread.
pub async fn load_run_values(connection: &mut SqliteConnection, index: &mut Index, row_counts: &mut RowCounts) -> sqlx::Result<()> {
    let select = format!("SELECT {RUN_VALUE_COLUMNS} FROM value WHERE run IS NOT NULL AND step IS NULL");
    let mut rows = sqlx::query(sqlx::AssertSqlSafe(select)).fetch(connection);
    while let Some(row) = rows.try_next().await? {
        let (cell, run): (&str, &str) = (row.try_get(0)?, row.try_get(1)?);
        let (version, bytes, sum): (i64, i64, i64) = (row.try_get(2)?, row.try_get(3)?, row.try_get(4)?);
        let (Some(cell_id), Some(run_id)) = (CellId::parse(cell), RunId::parse(run)) else {
            return Err(corrupt(format!("the value of the run {run:?} in the cell {cell:?} is damaged")));
        };
        row_counts.add(Table::RunValue, checksum::run_value(cell, run, version, bytes, sum));
        index.run_values_mut().set(&cell_id, run_id, Some(RunValue { version: version as u64, bytes: bytes as u64 }));
    }
    Ok(())
}

pub fn number(row: &sqlx::sqlite::SqliteRow, column: usize) -> sqlx::Result<u64> {
    row.try_get::<i64, _>(column).map(|number| number as u64)
}
