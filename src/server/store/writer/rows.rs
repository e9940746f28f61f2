//! Rows of cells, values, boards, runs and replies, as a commit writes them.

use std::collections::HashMap;
use std::sync::Arc;

use sqlx::{QueryBuilder, Row, Sqlite, SqliteConnection};

use super::batch_outcome::{BatchOutcome, RowState};
use super::heartbeats::{replaced_heartbeats, write_heartbeats};
use super::statements::{json_array, powers_of_two};
use crate::protocol::{CellId, RunId};
use crate::server::limits::MAX_REPLIES_PER_WRITER;
use crate::server::store::Index;
use crate::server::store::board_row::BoardRow;
use crate::server::store::error::corrupt;
use crate::server::store::integrity::checksum::{self, RUN_VALUE_COLUMNS};
use crate::server::store::integrity::row_counts::{RowCounts, Table};

/// The rows that a commit replaces, as the index knows them. A commit fails if the database has others.
pub struct ReplacedRows {
    /// Number of cells, deleted ones included.
    cells: usize,
    /// Checksums of boards.
    boards: Vec<i64>,
    /// Number of documents of boards.
    board_documents: usize,
    /// Number of runs, deleted ones included, by board.
    runs: HashMap<Arc<str>, usize>,
    /// Number of heartbeats of runs, by board.
    heartbeats: HashMap<Arc<str>, usize>,
}

impl ReplacedRows {
    pub fn of(outcome: &BatchOutcome, index: &Index) -> Self {
        let cells = outcome.cells.iter().filter(|(id, _)| index.cell(id).is_some() || index.tombstone(id).is_some()).count();
        let old = outcome.boards.iter().filter_map(|(name, _)| Some((name, index.board(name)?.row())));
        // A board without events has no row yet.
        let old = old.filter(|(_, row)| *row != BoardRow::default());
        let boards = old.map(|(name, row)| checksum::board(name, &row)).collect();
        let runs = outcome.runs.iter().map(|(board, runs)| {
            let known = index.board(board).map(|board| &board.runs);
            let is_there = |id: &RunId| known.is_some_and(|known| known.contains(id) || known.tombstone(id).is_some());
            (board.clone(), runs.keys().filter(|id| is_there(id)).count())
        });
        let runs = runs.collect();
        let board_documents = outcome.board_documents.keys();
        let board_documents = board_documents.filter(|board| index.board(board).is_some_and(|board| board.document.is_some())).count();
        Self { cells, boards, board_documents, runs, heartbeats: replaced_heartbeats(outcome, index) }
    }
}

pub async fn write_replies(commit: &mut SqliteConnection, outcome: &BatchOutcome, row_counts: &mut RowCounts) -> sqlx::Result<()> {
    let mut deleted: Vec<i64> = Vec::new();
    for writer in &outcome.evicted_writers {
        let delete = sqlx::query_scalar::<_, i64>("DELETE FROM reply WHERE writer = ? RETURNING sum").bind(&**writer);
        deleted.extend(delete.fetch_all(&mut *commit).await?);
    }
    for (key, reply) in &outcome.replies {
        let old = key.number.checked_sub(MAX_REPLIES_PER_WRITER).map_or(-1, |old| old as i64);
        let delete = sqlx::query_scalar::<_, i64>("DELETE FROM reply WHERE writer = ? AND (number = ? OR number <= ?) RETURNING sum");
        let delete = delete.bind(&*key.writer).bind(key.number as i64).bind(old);
        deleted.extend(delete.fetch_all(&mut *commit).await?);
        let insert = "INSERT INTO reply (writer, number, hash, answer, at, status, sum) VALUES (?, ?, ?, ?, ?, ?, ?)";
        let insert = sqlx::query(insert).bind(&*key.writer).bind(key.number as i64).bind(reply.hash as i64);
        let insert = insert.bind(&*reply.answer).bind(reply.at_ms as i64).bind(i64::from(reply.status));
        let sum = checksum::reply(key, reply);
        insert.bind(sum).execute(&mut *commit).await?;
        row_counts.add(Table::Reply, sum);
    }
    deleted.into_iter().for_each(|sum| row_counts.remove(Table::Reply, sum));
    Ok(())
}

/// Writes cells, values, boards with their documents, and runs with their values and heartbeats.
pub async fn write_cells(
    commit: &mut SqliteConnection,
    outcome: &BatchOutcome,
    replaced: &ReplacedRows,
    row_counts: &mut RowCounts,
) -> sqlx::Result<()> {
    if !outcome.cells.is_empty() {
        let ids = json_array(outcome.cells.iter().map(|(id, _)| id.as_str()));
        let delete = sqlx::query_scalar::<_, i64>("DELETE FROM cell WHERE id IN (SELECT value FROM json_each(?)) RETURNING sum");
        let old = delete.bind(ids).fetch_all(&mut *commit).await?;
        if old.len() != replaced.cells {
            return Err(corrupt(format!("of {} rows of cells that are to be changed {} are there", replaced.cells, old.len())));
        }
        old.into_iter().for_each(|sum| row_counts.remove(Table::Cell, sum));
    }
    let states = outcome.cells.iter().filter_map(|(_, state)| state.row());
    for rows in powers_of_two(&states.collect::<Vec<_>>()) {
        let head = "INSERT INTO cell (id, board, seq, entered_board_seq, created_order, rev, version, created, updated, removed, bytes, doc, sum) ";
        let mut insert = QueryBuilder::<Sqlite>::new(head);
        insert.push_values(rows, |mut row, (record, removed)| {
            let doc = serde_json::to_string(&record.keys).unwrap_or_else(|_| "{}".to_owned());
            row.push_bind(record.id.as_str())
                .push_bind(&*record.board)
                .push_bind(record.seq as i64)
                .push_bind(record.entered_board_seq as i64)
                .push_bind(record.created_order as i64);
            row.push_bind(record.rev as i64).push_bind(record.version as i64).push_bind(record.created_ms as i64);
            row.push_bind(record.updated_ms as i64).push_bind(i64::from(*removed)).push_bind(checksum::value_bytes(&record.value));
            let sum = checksum::cell(record, *removed, &doc);
            row.push_bind(doc).push_bind(sum);
            row_counts.add(Table::Cell, sum);
        });
        insert.build().execute(&mut *commit).await?;
    }
    let (present, absent): (Vec<_>, Vec<_>) = outcome.values.iter().partition(|(_, _, value)| value.is_some());
    for rows in powers_of_two(&present) {
        let mut insert = QueryBuilder::<Sqlite>::new("INSERT INTO value (cell, version, json, sum) ");
        insert.push_values(rows, |mut row, (id, version, value)| {
            let sum = value.as_deref().map(|json| checksum::value(id.as_str(), None, None, *version as i64, json.as_bytes()));
            row.push_bind(id.as_str()).push_bind(*version as i64).push_bind(value.as_deref()).push_bind(sum);
        });
        // Unlike REPLACE, which deletes the row, this leaves the index untouched.
        insert.push(" ON CONFLICT (cell, ifnull(run, 0), ifnull(step, '')) DO UPDATE SET version = excluded.version, json = excluded.json, sum = excluded.sum");
        insert.build().execute(&mut *commit).await?;
    }
    let absent: Vec<&str> = absent.into_iter().map(|(id, ..)| id.as_str()).collect();
    if !absent.is_empty() {
        let delete = "DELETE FROM value WHERE cell IN (SELECT value FROM json_each(?)) AND ifnull(run, 0) = 0 AND ifnull(step, '') = ''";
        sqlx::query(delete).bind(json_array(absent.into_iter())).execute(&mut *commit).await?;
    }
    let purged = outcome.cells.iter().filter(|(_, state)| matches!(state, RowState::Purged)).map(|(id, _)| id);
    let purged: Vec<&str> = purged.map(CellId::as_str).collect();
    if !purged.is_empty() {
        let delete = format!("DELETE FROM value WHERE cell IN (SELECT value FROM json_each(?)) RETURNING {RUN_VALUE_COLUMNS}");
        let deleted = sqlx::query(sqlx::AssertSqlSafe(delete)).bind(json_array(purged.into_iter())).fetch_all(&mut *commit).await?;
        uncount_run_values(&deleted, row_counts)?;
    }
    write_run_values(commit, outcome, row_counts).await?;
    for (name, row) in &outcome.boards {
        let upsert = "INSERT OR REPLACE INTO board (name, seq, floor, run_seq, run_floor, changed, sum) VALUES (?, ?, ?, ?, ?, ?, ?)";
        let upsert = sqlx::query(upsert).bind(&**name).bind(row.seq as i64).bind(row.floor as i64);
        let sum = checksum::board(name, row);
        upsert.bind(row.run_seq as i64).bind(row.run_floor as i64).bind(row.changed_ms as i64).bind(sum).execute(&mut *commit).await?;
        row_counts.add(Table::Board, sum);
    }
    replaced.boards.iter().for_each(|sum| row_counts.remove(Table::Board, *sum));
    write_board_documents(commit, outcome, replaced, row_counts).await?;
    write_runs(commit, outcome, replaced, row_counts).await?;
    write_heartbeats(commit, outcome, &replaced.heartbeats, row_counts).await
}

async fn write_board_documents(
    commit: &mut SqliteConnection,
    outcome: &BatchOutcome,
    replaced: &ReplacedRows,
    row_counts: &mut RowCounts,
) -> sqlx::Result<()> {
    let mut old = 0;
    for (board, document) in &outcome.board_documents {
        let delete = sqlx::query_scalar::<_, i64>("DELETE FROM board_document WHERE board = ? RETURNING sum").bind(&**board);
        for sum in delete.fetch_all(&mut *commit).await? {
            row_counts.remove(Table::BoardDocument, sum);
            old += 1;
        }
        let doc = document.row_text();
        let sum = checksum::board_document(board, document, &doc);
        let insert = "INSERT INTO board_document (board, rev, created, updated, doc, sum) VALUES (?, ?, ?, ?, ?, ?)";
        let insert = sqlx::query(insert).bind(&**board).bind(document.rev as i64).bind(document.created_ms as i64);
        insert.bind(document.updated_ms as i64).bind(doc).bind(sum).execute(&mut *commit).await?;
        row_counts.add(Table::BoardDocument, sum);
    }
    if old != replaced.board_documents {
        return Err(corrupt(format!("of {} documents of boards that are to be changed {old} are there", replaced.board_documents)));
    }
    Ok(())
}

async fn write_run_values(commit: &mut SqliteConnection, outcome: &BatchOutcome, row_counts: &mut RowCounts) -> sqlx::Result<()> {
    let delete = format!("DELETE FROM value WHERE cell = ? AND ifnull(run, 0) = ? AND ifnull(step, '') = '' RETURNING {RUN_VALUE_COLUMNS}");
    for (cell, run, value) in &outcome.run_values {
        let delete = sqlx::query(sqlx::AssertSqlSafe(delete.clone())).bind(cell.as_str()).bind(run.as_str());
        uncount_run_values(&delete.fetch_all(&mut *commit).await?, row_counts)?;
        if let Some((version, json)) = value {
            let sum = checksum::value(cell.as_str(), Some(run.as_str()), None, *version as i64, json.as_bytes());
            let insert = sqlx::query("INSERT INTO value (cell, run, version, json, sum) VALUES (?, ?, ?, ?, ?)");
            let insert = insert.bind(cell.as_str()).bind(run.as_str()).bind(*version as i64).bind(&**json).bind(sum);
            insert.execute(&mut *commit).await?;
            let bytes = json.len() as i64;
            row_counts.add(Table::RunValue, checksum::run_value(cell.as_str(), run.as_str(), *version as i64, bytes, sum));
        }
    }
    Ok(())
}

/// Takes deleted rows of `value` out of the row counts: those that have a run.
fn uncount_run_values(deleted: &[sqlx::sqlite::SqliteRow], row_counts: &mut RowCounts) -> sqlx::Result<()> {
    for row in deleted {
        let (cell, run): (&str, Option<&str>) = (row.try_get(0)?, row.try_get(1)?);
        if let Some(run) = run {
            let sum = checksum::run_value(cell, run, row.try_get(2)?, row.try_get(3)?, row.try_get(4)?);
            row_counts.remove(Table::RunValue, sum);
        }
    }
    Ok(())
}

async fn write_runs(
    commit: &mut SqliteConnection,
    outcome: &BatchOutcome,
    replaced: &ReplacedRows,
    row_counts: &mut RowCounts,
) -> sqlx::Result<()> {
    for (board, runs) in &outcome.runs {
        let delete = "DELETE FROM run WHERE board = ? AND id IN (SELECT value FROM json_each(?)) RETURNING sum";
        let delete = sqlx::query_scalar::<_, i64>(delete).bind(&**board).bind(json_array(runs.keys().map(RunId::as_str)));
        let old = delete.fetch_all(&mut *commit).await?;
        let expected = replaced.runs.get(board).copied().unwrap_or_default();
        if old.len() != expected {
            return Err(corrupt(format!("of {expected} rows of runs that are to be changed {} are there", old.len())));
        }
        old.into_iter().for_each(|sum| row_counts.remove(Table::Run, sum));
        let states: Vec<_> = runs.values().filter_map(RowState::row).collect();
        for rows in powers_of_two(&states) {
            let head = "INSERT INTO run (board, id, seq, created_seq, created_order, rev, created, updated, removed, doc, sum) ";
            let mut insert = QueryBuilder::<Sqlite>::new(head);
            insert.push_values(rows, |mut row, (record, removed)| {
                let doc = serde_json::to_string(&record.keys).unwrap_or_else(|_| "{}".to_owned());
                row.push_bind(&*record.board).push_bind(record.id.as_str()).push_bind(record.seq as i64);
                row.push_bind(record.created_seq as i64).push_bind(record.created_order as i64).push_bind(record.rev as i64);
                row.push_bind(record.created_ms as i64).push_bind(record.updated_ms as i64);
                let sum = checksum::run(record, *removed, &doc);
                row.push_bind(i64::from(*removed)).push_bind(doc).push_bind(sum);
                row_counts.add(Table::Run, sum);
            });
            insert.build().execute(&mut *commit).await?;
        }
    }
    Ok(())
}
