//! `agnez check`: reads a whole database and reports what is damaged. Writes nothing.

use std::path::Path;

use futures::TryStreamExt;
use sqlx::{ConnectOptions, Connection, Row, SqliteConnection};

use crate::protocol::{CellContent, CellId};
use crate::series::{BLOCK, CurveSummary, OutlineBuilder, Points, nodes_at};
use crate::server::data_dir::{database_path, read_only};
use crate::server::limits::MAX_LISTED_FAULTS;
use crate::server::store::error::reason;
use crate::server::store::integrity::checksum::{self, keyed};
use crate::server::store::integrity::commit_counter::RecordedCommits;
use crate::server::store::integrity::row_counts::RowCounts;
use crate::server::store::integrity::state_row::StateRow;
use crate::server::store::open::check_sqlite;
use crate::server::store::open::error::OpenError;
use crate::server::store::open::load_cells::{is_text, load_cells};
use crate::server::store::open::load_series::load_series;
use crate::server::store::open::lock::is_in_use;
use crate::server::store::open::loss_check::Loss;
use crate::server::store::open::schema::check_schema;
use crate::server::store::open::truncation_check::refuse_truncated;
use crate::server::store::series::CHUNK;
use crate::server::store::series::codec::{pack_outline, unpack_nodes, unpack_points};
use crate::server::store::series::outlines::{SELECT_OUTLINES, read_outline};
use crate::server::store::series::rows::{chunk_key, node_key};
use crate::server::store::series::tails::read_tail;

/// The content of a database, and its faults.
#[derive(Debug, Default)]
pub struct CheckReport {
    /// Boards with cells.
    pub boards: usize,
    pub cells: usize,
    pub runs: usize,
    /// Deleted cells that can be restored. Their points are read, too, but not counted.
    pub removed: usize,
    pub series: usize,
    pub points: u64,
    /// The first 20 faults, as sentences.
    pub faults: Vec<String>,
    /// Number of all faults.
    pub fault_count: usize,
    /// Damaged or missing blocks of nodes, which are made again from the points when they are needed: no loss.
    pub repairable_blocks: usize,
    /// Damaged, missing or unused outlines, which are made again in the same way.
    pub repairable_outlines: usize,
}

impl CheckReport {
    /// Number of blocks and outlines that are damaged without a loss.
    pub fn repairable(&self) -> usize {
        self.repairable_blocks + self.repairable_outlines
    }

    fn fault(&mut self, what: String) {
        self.fault_count += 1;
        if self.faults.len() < MAX_LISTED_FAULTS {
            self.faults.push(what);
        }
    }
}

/// Reads the database `file` as it is at this moment; a server may be using it.
pub async fn check(file: &Path) -> Result<CheckReport, OpenError> {
    if !file.is_file() {
        return Err(OpenError::Missing(file.into()));
    }
    let mut report = CheckReport::default();
    // `None` for a copy outside of a data folder.
    let folder = file.parent().filter(|folder| database_path(folder) == file);
    let recorded = folder.and_then(RecordedCommits::read);
    if let Some(folder) = folder {
        refuse_truncated(folder, recorded.as_ref())?;
    }
    let state = check_schema(file).await?;
    if let Some(folder) = folder.filter(|folder| !is_in_use(folder)) {
        match Loss::of(folder, recorded.as_ref(), state.as_ref()) {
            Ok(None) => {}
            Ok(Some(loss)) => report.fault(format!("{loss}.")),
            Err(why) => report.fault(format!("SQLite's log cannot be read: {why}.")),
        }
    }
    let failed = |why: sqlx::Error| OpenError::Database(file.into(), why);
    let mut connection = read_only(file).connect().await.map_err(failed)?;
    check_sqlite(&mut connection, file).await?;
    // One read transaction: one state of the database.
    sqlx::query("BEGIN").execute(&mut connection).await.map_err(failed)?;
    check_tables(&mut connection, &mut report).await.map_err(failed)?;
    connection.close().await.map_err(failed)?;
    Ok(report)
}

async fn check_tables(connection: &mut SqliteConnection, report: &mut CheckReport) -> sqlx::Result<()> {
    for line in sqlx::query_scalar::<_, String>("PRAGMA integrity_check(20)").fetch_all(&mut *connection).await? {
        if line != "ok" {
            report.fault(format!("SQLite: {}", line.trim()));
        }
    }
    let Some(state) = state(connection, report).await else { return Ok(()) };
    let mut found = RowCounts::default();
    let mut index = match load_cells(connection, |_, _| CellContent::Empty, &mut found).await {
        Ok(index) => index,
        Err(why) => {
            report.fault(format!("The cells cannot be read: {}.", reason(&why)));
            return Ok(());
        }
    };
    report.boards = index.boards().filter(|(_, board)| !board.cells.is_empty()).count();
    report.cells = index.cells().count();
    report.runs = index.boards().map(|(_, board)| board.runs.len()).sum();
    report.removed = index.boards().map(|(_, board)| board.tombstones.len()).sum();
    let mismatches = "SELECT cell.id FROM cell LEFT JOIN value ON value.cell = cell.id AND ifnull(run, 0) = 0 AND ifnull(step, '') = ''
                  WHERE cell.bytes IS NOT NULL AND (value.version IS NULL OR value.version <> cell.version)";
    for id in sqlx::query_scalar::<_, String>(mismatches).fetch_all(&mut *connection).await? {
        report.fault(format!("The value of the cell '{id}' is damaged: it is missing, or another one's."));
    }
    damaged_values(connection, report).await?;
    if let Err(why) = load_series(connection, &mut index, &mut found).await {
        report.fault(format!("The newest points cannot be read: {}.", reason(&why)));
        return Ok(());
    }
    if let Some(wrong) = state.row_counts.compare(&found) {
        report.fault(format!("Rows are missing or old: {wrong}."));
    }
    let mut series: Vec<_> = index.all_series().collect();
    series.sort_unstable_by_key(|(_, series)| series.key);
    for (cell, series) in series {
        let (key, id, sealed) = (series.key, &series.id, series.sealed);
        let is_there = index.visible_series(cell, id).is_some();
        if !index.has_run_of(cell, id) {
            report.fault(format!("The series {id} of the cell '{cell}' is of a run that its board does not have."));
        }
        report.series += usize::from(is_there);
        report.points += if is_there { series.recent.len() as u64 } else { 0 };
        let faults = report.fault_count;
        let mut tail = Points::default();
        match read_tail(connection, series).await {
            Ok(points) => tail = points,
            Err(why) => report.fault(format!("Of the cell '{cell}', {}.", reason(&why))),
        }
        report.points += if is_there { tail.len() as u64 } else { 0 };
        let (mut expected, mut outline) = (CurveSummary::default(), OutlineBuilder::default());
        let mut push = |points: &Points| {
            expected.push(points);
            let left = (series.outlined - outline.points()).min(points.len() as u64) as usize;
            outline.push(&points.slice(0, left));
        };
        let chunks = sealed / CHUNK as u64;
        report.repairable_blocks += missing_blocks(connection, key, sealed).await?;
        for chunk in 0..chunks {
            let chunk_key = chunk_key(key, chunk);
            let select = sqlx::query_scalar::<_, Vec<u8>>("SELECT points FROM chunk WHERE key = ?").bind(chunk_key);
            let from = chunk * CHUNK as u64;
            let place = format!("points {from} to {} of the series {id} of the cell '{cell}'", from + CHUNK as u64 - 1);
            match select.fetch_optional(&mut *connection).await?.map(|points| unpack_points(&keyed(points, chunk_key))) {
                Some(Ok(points)) if points.len() == CHUNK => {
                    report.points += if is_there { CHUNK as u64 } else { 0 };
                    push(&points);
                }
                Some(Ok(points)) => report.fault(format!("Of {place} only {} are there.", points.len())),
                Some(Err(why)) => report.fault(format!("The {place} cannot be read: {why}.")),
                None => report.fault(format!("The {place} are missing.")),
            }
        }
        push(&tail);
        push(&series.recent);
        // After a step far back it is made from the points.
        let is_known = !series.needs_summary() && !expected.needs_rebuild() && series.id.run.is_some();
        if is_known && report.fault_count == faults && series.summary.as_deref() != Some(&expected) {
            report.fault(format!("The summary of the series {id} of the cell '{cell}' is not that of its points."));
        }
        if series.outlined > 0 {
            match stored_outline(connection, key).await? {
                Some(stored)
                    if outline.needs_rebuild() || report.fault_count > faults || pack_outline(&stored) == pack_outline(&outline) => {}
                Some(_) => report.fault(format!("The outline of the series {id} of the cell '{cell}' is not that of its points.")),
                None => report.repairable_outlines += 1,
            }
        }
    }
    for strangers in [
        "SELECT count(*) FROM outline WHERE series NOT IN (SELECT key FROM series)",
        "SELECT count(*) FROM outline_range WHERE series NOT IN (SELECT key FROM series)",
    ] {
        report.repairable_outlines += sqlx::query_scalar::<_, i64>(strangers).fetch_one(&mut *connection).await? as usize;
    }
    let mut blocks = sqlx::query("SELECT key, nodes FROM node").fetch(&mut *connection);
    while let Some(row) = blocks.try_next().await? {
        report.repairable_blocks += usize::from(unpack_nodes(keyed(row.try_get(1)?, row.try_get(0)?)).is_err());
    }
    Ok(())
}

/// The outline of a series; `None` if it is missing or damaged.
async fn stored_outline(connection: &mut SqliteConnection, key: i64) -> sqlx::Result<Option<OutlineBuilder>> {
    let row = sqlx::query(SELECT_OUTLINES).bind(format!("[{key}]")).fetch_optional(connection).await?;
    Ok(row.and_then(|row| read_outline(&row).ok()))
}

/// Number of full blocks of nodes that are missing. Blocks that still grow need not be on disk.
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

async fn state(connection: &mut SqliteConnection, report: &mut CheckReport) -> Option<StateRow> {
    match StateRow::read(connection).await {
        Ok(Some(state)) => Some(state),
        Ok(None) => {
            report.fault("The row about the file as a whole is missing.".to_owned());
            None
        }
        Err(why) => {
            report.fault(format!("{}.", reason(&why)));
            None
        }
    }
}

async fn damaged_values(connection: &mut SqliteConnection, report: &mut CheckReport) -> sqlx::Result<()> {
    let mut values = sqlx::query("SELECT cell, run, step, version, json, sum FROM value").fetch(&mut *connection);
    while let Some(row) = values.try_next().await? {
        let text: &str = row.try_get(0)?;
        let Some(id) = CellId::parse(text) else {
            report.fault(format!("The cell id {text:?} is damaged."));
            continue;
        };
        let (run, step, version): (Option<&str>, Option<i64>, i64) = (row.try_get(1)?, row.try_get(2)?, row.try_get(3)?);
        let json: &[u8] = row.try_get(4)?;
        let sum = checksum::value(text, run, step, version, json);
        let place = || format!("the value of the cell '{id}'");
        if let Err(why) = checksum::verify(row.try_get(5)?, sum, place).and_then(|()| is_text(&id, json)) {
            report.fault(format!("{}.", reason(&why)));
        }
    }
    Ok(())
}
