//! Compaction of points: each commit appends one row to the journal; complete chunks and, from time to time, tails are written so that old
//! rows of the journal can be deleted.

use std::collections::hash_map::{Entry, HashMap};
use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use sqlx::SqliteConnection;

use super::batch_outcome::BatchOutcome;
use super::pyramid_rows::{open_pyramid, write_blocks};
use crate::protocol::{CellId, SeriesId};
use crate::series::{Points, Pyramid};
use crate::server::store::error::{corrupt, reason};
use crate::server::store::index::Index;
use crate::server::store::integrity::checksum::{self, keyed};
use crate::server::store::integrity::row_counts::{RowCounts, Table};
use crate::server::store::integrity::state_row::StateRow;
use crate::server::store::series::codec::pack_points;
use crate::server::store::series::outlines::delete_outline;
use crate::server::store::series::rows::{SeriesRow, chunk_key, delete_series};
use crate::server::store::series::tails::{delete_tail, put_tail, read_tail};
use crate::server::store::series::{CHUNK, Series, journal, last_point};

/// Tails written per commit, at least, while the journal is too long.
const MIN_TAILS_PER_COMMIT: usize = 32;
/// Keys of chunks have 28 bits for the series.
const MAX_SERIES_KEY: i64 = 1 << 28;
/// Rows of chunks and of nodes that are deleted per step.
const SWEEP_ROWS: u64 = 256;
/// Deleted series that a step handles.
pub const SWEEP_SERIES: usize = 256;

#[derive(Clone, Copy, Debug)]
pub struct CompactionLimits {
    /// Target length of the journal. Beyond it, the tails of the series with the oldest rows are written and those rows deleted. A start
    /// reads at most about twice as much.
    pub journal_bytes: usize,
    /// Series whose pyramid's growing edge stays in memory; that of others is read again for the next chunk.
    pub pyramids: usize,
}

impl Default for CompactionLimits {
    fn default() -> Self {
        Self { journal_bytes: 2 << 20, pyramids: 512 }
    }
}

/// What the writer knows of the tables of series in addition to the index.
#[derive(Default)]
pub struct CompactionState {
    pub limits: CompactionLimits,
    /// The state row on disk.
    pub state: StateRow,
    /// The last key given to a series, also by a failed commit.
    pub last_series_key: i64,
    /// The last version given to a value, also by a failed commit.
    pub last_version: u64,
    /// Rows of the journal, oldest first.
    journal: VecDeque<JournalRow>,
    journal_bytes: usize,
    /// Id of the newest row of the journal, also if that is deleted.
    last_journal_row: i64,
    /// `(row, series)` of [`Self::unflushed`], oldest row first. An entry that differs from `unflushed` is outdated.
    unflushed_order: VecDeque<(i64, i64)>,
    /// Series with points that are only in the journal: the first row with such points, and whose it is.
    unflushed: HashMap<i64, (i64, CellId, SeriesId)>,
    /// Series whose damage is logged.
    damaged: HashSet<i64>,
    /// Deleted series whose rows are still there.
    pub deleted_series: Vec<i64>,
    pyramids: HashMap<i64, Pyramid>,
}

/// A row of the journal, without its points.
#[derive(Clone, Copy, Debug)]
pub struct JournalRow {
    pub id: i64,
    pub bytes: usize,
    pub sum: i64,
}

/// A series whose tail is to be written, as it is committed, with its cell and the event of its last points.
pub struct SeriesTail {
    series: Series,
    cell: CellId,
    seq: u64,
}

/// Changes of [`CompactionState`] that apply if the commit succeeds.
#[derive(Default)]
pub struct PendingState {
    pub state: StateRow,
    journal: Option<JournalRow>,
    /// Series whose points are all in chunks and tails.
    flushed: Vec<i64>,
    /// Series with points in the new row of the journal.
    unflushed: Vec<(i64, CellId, SeriesId)>,
    deleted_series: Vec<i64>,
    pyramids: Vec<(i64, Pyramid)>,
    /// Rows of the journal below this id are deleted.
    first_journal_row: Option<i64>,
}

impl PendingState {
    /// Records that the points of a series are all in chunks and tail.
    pub fn set_flushed(&mut self, key: i64) {
        self.flushed.push(key);
    }
}

impl CompactionState {
    fn is_current(&self, entry: &(i64, i64)) -> bool {
        self.unflushed.get(&entry.1).is_some_and(|(row, ..)| *row == entry.0)
    }

    /// Records that points of a series are only in the journal, from this row on.
    pub fn mark_unflushed(&mut self, key: i64, row: i64, cell: CellId, id: SeriesId) {
        if let Entry::Vacant(vacant) = self.unflushed.entry(key) {
            vacant.insert((row, cell, id));
            self.unflushed_order.push_back((row, key));
        }
    }

    pub fn push_journal_row(&mut self, row: JournalRow) {
        self.journal.push_back(row);
        self.journal_bytes += row.bytes;
        self.last_journal_row = row.id;
    }

    /// The pending state at the beginning of a commit.
    pub fn begin_commit(&self) -> PendingState {
        let state = StateRow { series: self.last_series_key, version: self.last_version, ..self.state.next_commit() };
        PendingState { state, ..PendingState::default() }
    }

    /// The tails that the next commit writes so that the journal can be shortened; empty while it is short.
    pub fn tails_due(&self, index: &Index) -> Vec<SeriesTail> {
        let limit = self.limits.journal_bytes;
        if self.journal_bytes <= limit {
            return Vec::new();
        }
        // Enough per commit that every series is written before the journal has grown by half.
        let newest = self.journal.back().map_or(0, |row| row.bytes);
        let count = MIN_TAILS_PER_COMMIT + self.unflushed.len().saturating_mul(2 * newest) / limit;
        let oldest = self.unflushed_order.iter().filter(|entry| self.is_current(entry)).take(count);
        let tails = oldest.filter_map(|(_, key)| {
            let (_, cell, id) = self.unflushed.get(key)?;
            let known = index.cell_series(cell)?;
            let series = known.get(id).filter(|series| series.key == *key)?;
            Some(SeriesTail { series: series.clone(), cell: cell.clone(), seq: known.seq })
        });
        tails.collect()
    }

    /// Handles an error of reading what a series has on disk. An error that is no damage is returned.
    fn note_damage(&mut self, series: &Series, why: sqlx::Error) -> sqlx::Result<()> {
        if !matches!(why, sqlx::Error::Decode(_) | sqlx::Error::RowNotFound) {
            return Err(why);
        }
        if self.damaged.insert(series.key) {
            let SeriesId { name, .. } = &series.id;
            tracing::error!(
                "points of the series '{name}' are damaged, newer ones wait in the journal until a backup is restored: {}",
                reason(&why)
            );
        }
        Ok(())
    }

    /// Keeps the growing edge of a series' pyramid, as it is on disk.
    pub fn put_pyramid(&mut self, key: i64, pyramid: Pyramid) {
        self.pyramids.insert(key, pyramid);
    }

    /// Applies the changes of a successful commit.
    pub fn apply(&mut self, pending: PendingState) {
        self.state = pending.state;
        for key in pending.flushed.iter().chain(&pending.deleted_series) {
            self.unflushed.remove(key);
        }
        if let Some(row) = pending.journal {
            self.push_journal_row(row);
            for (key, cell, id) in pending.unflushed {
                self.mark_unflushed(key, row.id, cell, id);
            }
        }
        while let Some(entry) = self.unflushed_order.front()
            && !self.is_current(entry)
        {
            self.unflushed_order.pop_front();
        }
        if let Some(first) = pending.first_journal_row {
            while let Some(row) = self.journal.front().copied()
                && row.id < first
            {
                self.journal_bytes -= row.bytes;
                self.journal.pop_front();
            }
        }
        for key in &pending.deleted_series {
            self.pyramids.remove(key);
        }
        if self.pyramids.len() + pending.pyramids.len() > self.limits.pyramids {
            self.pyramids.clear();
        }
        self.pyramids.extend(pending.pyramids);
        self.deleted_series.extend(pending.deleted_series);
    }
}

/// Writes the changes of series within a commit. Sets `SeriesPlan::after` and [`BatchOutcome::stored_tails`] in `outcome`.
pub async fn write_series(
    commit: &mut SqliteConnection,
    compaction: &mut CompactionState,
    tails_due: Vec<SeriesTail>,
    outcome: &mut BatchOutcome,
    pending: &mut PendingState,
) -> sqlx::Result<()> {
    let mut stored: HashMap<i64, Series> = HashMap::new();
    let mut row = journal::Row::default();
    outcome.stored_tails.clear();
    for SeriesTail { mut series, cell, seq } in tails_due {
        let mut points = match read_tail(commit, &series).await {
            Ok(points) => points,
            Err(why) => {
                compaction.note_damage(&series, why)?;
                // Journalled again, so that the rows before can be deleted.
                row.push(series.key, series.sealed + u64::from(series.stored.count), seq, &series.recent);
                pending.flushed.push(series.key);
                pending.unflushed.push((series.key, cell, series.id));
                continue;
            }
        };
        points.extend(&series.recent);
        series.set_stored(put_tail(commit, series.key, series.sealed, &points).await?);
        // With the event of the last points: the rows of the journal that have it may be deleted.
        SeriesRow::of(&series, cell.as_str(), seq).replace(commit, &mut pending.state.row_counts).await?;
        pending.flushed.push(series.key);
        outcome.stored_tails.push((cell, series.id.clone(), series.stored));
        stored.insert(series.key, series);
    }
    for plan in &mut outcome.series {
        for series in &mut plan.series {
            if series.is_new {
                if series.before.key >= MAX_SERIES_KEY {
                    let why = "this database has had 268 million series, which is the limit of its keys";
                    return Err(sqlx::Error::Configuration(why.into()));
                }
                let row = SeriesRow::of(&series.before, plan.cell.as_str(), plan.seq);
                row.insert(&mut *commit, &mut pending.state.row_counts).await?;
            }
            let before = stored.get(&series.before.key).unwrap_or(&series.before);
            let is_chunk = before.tail_len() + series.points.len() >= CHUNK;
            let growing = if is_chunk { open_series(commit, compaction, before).await? } else { None };
            let Some(growing) = growing else {
                row.push(series.before.key, series.before.count(), plan.seq, &series.points);
                pending.unflushed.push((series.before.key, plan.cell.clone(), series.before.id.clone()));
                continue;
            };
            let after = write_chunks(commit, growing, before, &series.points, (plan.cell.as_str(), plan.seq), pending).await?;
            pending.flushed.push(after.key);
            if !after.recent.is_empty() {
                row.push(after.key, after.sealed, plan.seq, &after.recent);
                pending.unflushed.push((after.key, plan.cell.clone(), after.id.clone()));
            }
            series.after = Some(after);
        }
        for series in &plan.removed {
            let row = SeriesRow { dead: true, summary: None, ..SeriesRow::of(series, plan.cell.as_str(), plan.seq) };
            row.replace(&mut *commit, &mut pending.state.row_counts).await?;
            pending.deleted_series.push(series.key);
        }
    }
    if !row.is_empty() {
        let id = compaction.last_journal_row + 1;
        let points = keyed(row.into_bytes(), id);
        let row = JournalRow { id, bytes: points.len(), sum: checksum::journal(id, &points) };
        sqlx::query("INSERT INTO journal (id, points) VALUES (?, ?)").bind(id).bind(points).execute(&mut *commit).await?;
        pending.state.row_counts.add(Table::Journal, row.sum);
        pending.journal = Some(row);
    }
    shorten_journal(commit, compaction, pending).await
}

/// Deletes the rows of the journal whose points are all in chunks and tails, once they are worth a statement.
async fn shorten_journal(commit: &mut SqliteConnection, compaction: &CompactionState, pending: &mut PendingState) -> sqlx::Result<()> {
    let flushed: HashSet<i64> = pending.flushed.iter().chain(&pending.deleted_series).copied().collect();
    let is_needed = |entry: &&(i64, i64)| compaction.is_current(entry) && !flushed.contains(&entry.1);
    let newest = pending.journal.map(|row| row.id);
    let first = match compaction.unflushed_order.iter().find(is_needed) {
        Some((row, _)) => *row,
        None => match newest.or_else(|| compaction.journal.back().map(|row| row.id + 1)) {
            Some(row) => row,
            None => return Ok(()),
        },
    };
    let is_worth_it =
        compaction.journal.front().is_some_and(|row| row.id < first) && compaction.journal_bytes > compaction.limits.journal_bytes / 4;
    if is_worth_it {
        let old: Vec<_> = compaction.journal.iter().take_while(|row| row.id < first).collect();
        let deleted = sqlx::query("DELETE FROM journal WHERE id < ?").bind(first).execute(&mut *commit).await?.rows_affected();
        if deleted != old.len() as u64 {
            return Err(corrupt(format!("{} rows of the journal are missing", (old.len() as u64).saturating_sub(deleted))));
        }
        old.iter().for_each(|row| pending.state.row_counts.remove(Table::Journal, row.sum));
        pending.first_journal_row = Some(first);
    }
    Ok(())
}

/// The growing edge of a series' pyramid, and the points of its tail. `None` if they are damaged: no chunk can be written.
async fn open_series(
    commit: &mut SqliteConnection,
    compaction: &mut CompactionState,
    series: &Series,
) -> sqlx::Result<Option<(Pyramid, Points)>> {
    let opened = async {
        let tail = read_tail(commit, series).await?;
        match compaction.pyramids.remove(&series.key) {
            Some(pyramid) => Ok((pyramid, tail)),
            None => Ok((open_pyramid(commit, series).await?, tail)),
        }
    };
    match opened.await {
        Ok(opened) => Ok(Some(opened)),
        Err(why) => compaction.note_damage(series, why).map(|()| None),
    }
}

/// Writes the chunks that are complete with these points, and the nodes above them. Returns the series afterwards.
async fn write_chunks(
    commit: &mut SqliteConnection,
    (mut pyramid, mut rest): (Pyramid, Points),
    before: &Series,
    points: &Points,
    (cell, seq): (&str, u64),
    pending: &mut PendingState,
) -> sqlx::Result<Series> {
    rest.extend(&before.recent);
    rest.extend(points);
    let (chunks, mut sealed) = (rest.len() / CHUNK, before.sealed);
    for number in 0..chunks {
        let chunk = rest.slice(number * CHUNK, (number + 1) * CHUNK);
        pyramid.add_chunk(&chunk);
        let insert = sqlx::query("INSERT INTO chunk (key, points) VALUES (?, ?)");
        let key = chunk_key(before.key, sealed / CHUNK as u64);
        insert.bind(key).bind(keyed(pack_points(&chunk), key)).execute(&mut *commit).await?;
        sealed += CHUNK as u64;
    }
    write_blocks(commit, before.key, pyramid.take()).await?;
    let mut after = before.with_chunks(sealed, last_point(&rest.slice(0, chunks * CHUNK)));
    // The row has the summary of the points in chunks.
    let known = (before.count() - before.sealed) as usize;
    if let Some(summary) = &mut after.summary {
        Arc::make_mut(summary).push(&rest.slice(known, chunks * CHUNK));
    }
    SeriesRow::of(&after, cell, seq).replace(commit, &mut pending.state.row_counts).await?;
    after.push(&rest.slice(chunks * CHUNK, rest.len()));
    if before.stored.count > 0 {
        delete_tail(commit, before.key).await?;
    }
    pending.pyramids.push((before.key, pyramid));
    Ok(after)
}

/// Deletes some rows of deleted series, within a commit of its own. Returns how many of them, from the first on, have no row left.
pub async fn sweep(commit: &mut SqliteConnection, series: &[i64], row_counts: &mut RowCounts) -> sqlx::Result<usize> {
    let mut left = SWEEP_ROWS;
    for (swept, key) in series.iter().enumerate() {
        for table in ["chunk", "node"] {
            let range = format!("SELECT key FROM {table} WHERE key >= ? AND key < ? LIMIT ?");
            let delete = sqlx::AssertSqlSafe(format!("DELETE FROM {table} WHERE key IN ({range})"));
            // In the keys of both tables the series has the bits from 35 on.
            let delete = sqlx::query(delete).bind(key << 35).bind((key + 1) << 35).bind(left as i64);
            left = left.saturating_sub(delete.execute(&mut *commit).await?.rows_affected());
            if left == 0 {
                return Ok(swept);
            }
        }
        delete_tail(&mut *commit, *key).await?;
        delete_outline(&mut *commit, *key).await?;
        delete_series(&mut *commit, *key, row_counts).await?;
    }
    Ok(series.len())
}
