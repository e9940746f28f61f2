//! Points on their way to the disk: a journal row for each commit, chunks of what is complete, and a journal that stays short.

use std::collections::hash_map::{Entry, HashMap};
use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use sqlx::SqliteConnection;

use super::append::SeriesPlan;
use super::codec::{pack_points, unpack_nodes};
use super::journal;
use super::repair::{rebuild, write_blocks};
use super::rows::{SeriesRow, damaged, delete_series, delete_tail, put_tail};
use super::{CHUNK, Series, last};
use crate::protocol::CellId;
use crate::series::{BLOCK, Node, Points, Pyramid, nodes_at};
use crate::server::store::Index;
use crate::server::store::integrity::checksum::{self, keyed};
use crate::server::store::integrity::row_counts::{RowCounts, Table};
use crate::server::store::writer::batch::BatchOutcome;
use crate::server::store::writer::state_row::StateRow;

/// Tails written apart in one commit, at least.
const TAILS_PER_COMMIT: usize = 32;
/// A key has 28 bits beside the number of a chunk.
const MOST_KEYS: i64 = 1 << 28;
/// Rows of dead series deleted at a time.
const SWEEP_ROWS: i64 = 256;

/// What is kept at hand.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Beyond this, the tails whose points are only in the oldest rows of the journal are written apart, and those rows deleted. A
    /// start reads about twice as much at most.
    pub journal_bytes: usize,
    /// Series whose open nodes are kept for the next chunk; those of others are read again.
    pub pyramids: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { journal_bytes: 2 << 20, pyramids: 512 }
    }
}

/// What the writer knows of the series' tables beside the index.
#[derive(Default)]
pub struct CompactionState {
    pub limits: Limits,
    /// The row about the file as a whole, as it is on disk.
    pub state: StateRow,
    /// The last key that was given to a series, and the last version: those of commits that failed are not given out again either.
    pub key: i64,
    pub version: u64,
    /// The rows of the journal, oldest first.
    pub journal: VecDeque<JournalRow>,
    pub journal_bytes: usize,
    /// The number of its newest row, also when that is deleted.
    pub row: i64,
    /// Series with points that are only in the journal, by the row where those begin. An entry that [`Self::since`] does not confirm is old.
    pub waiting: VecDeque<(i64, i64)>,
    pub since: HashMap<i64, (i64, CellId)>,
    /// Series with a row in `tail`.
    pub saved: HashSet<i64>,
    /// Series to be deleted.
    pub deleted_series: Vec<i64>,
    pyramids: HashMap<i64, Pyramid>,
}

/// What is known of a row of the journal.
#[derive(Clone, Copy, Debug)]
pub struct JournalRow {
    pub id: i64,
    pub bytes: usize,
    pub sum: i64,
}

/// What becomes true with the commit.
#[derive(Default)]
pub struct PendingState {
    pub state: StateRow,
    journal: Option<JournalRow>,
    /// Series whose points are all in chunks and tails.
    clean: Vec<i64>,
    /// Series with points in this commit's journal row.
    dirty: Vec<(i64, CellId)>,
    saved: Vec<i64>,
    unsaved: Vec<i64>,
    dead: Vec<i64>,
    pyramids: Vec<(i64, Pyramid)>,
    /// Rows of the journal before this one are deleted.
    trimmed: Option<i64>,
}

impl CompactionState {
    fn begins(&self, entry: &(i64, i64)) -> bool {
        self.since.get(&entry.1).is_some_and(|(row, _)| *row == entry.0)
    }

    /// Notes that points of a series are only in the journal, from this row on.
    pub fn wait(&mut self, key: i64, row: i64, cell: CellId) {
        if let Entry::Vacant(vacant) = self.since.entry(key) {
            vacant.insert((row, cell));
            self.waiting.push_back((row, key));
        }
    }

    pub fn note(&mut self, row: JournalRow) {
        self.journal.push_back(row);
        self.journal_bytes += row.bytes;
        self.row = row.id;
    }

    /// What the next commit begins with.
    pub fn stage(&self) -> PendingState {
        let state = StateRow { series: self.key, version: self.version, ..self.state.next() };
        PendingState { state, ..PendingState::default() }
    }

    /// The series whose tails are to be written apart now, as they are committed, with the event that brought points last.
    pub fn tails_due(&self, index: &Index) -> Vec<(Series, CellId, u64)> {
        let most = self.limits.journal_bytes;
        if self.journal_bytes <= most {
            return Vec::new();
        }
        // So many that all have had their turn before the journal has grown by half.
        let newest = self.journal.back().map_or(0, |row| row.bytes);
        let share = TAILS_PER_COMMIT + self.since.len().saturating_mul(2 * newest) / most;
        let oldest = self.waiting.iter().filter(|entry| self.begins(entry)).take(share);
        let series = oldest.filter_map(|(_, key)| {
            let (_, cell) = self.since.get(key)?;
            let known = index.cell_series(cell)?;
            Some((known.with_key(*key)?.clone(), cell.clone(), known.seq))
        });
        series.collect()
    }

    /// Keeps the growing edge of a series' pyramid, as it is on disk.
    pub fn hold(&mut self, key: i64, pyramid: Pyramid) {
        self.pyramids.insert(key, pyramid);
    }

    pub fn apply(&mut self, pending: PendingState) {
        self.state = pending.state;
        for key in pending.clean.iter().chain(&pending.dead) {
            self.since.remove(key);
        }
        if let Some(row) = pending.journal {
            self.note(row);
            for (key, cell) in pending.dirty {
                self.wait(key, row.id, cell);
            }
        }
        while let Some(entry) = self.waiting.front()
            && !self.begins(entry)
        {
            self.waiting.pop_front();
        }
        for key in pending.unsaved.iter().chain(&pending.dead) {
            self.saved.remove(key);
        }
        self.saved.extend(pending.saved);
        if let Some(first) = pending.trimmed {
            while let Some(row) = self.journal.front().copied()
                && row.id < first
            {
                self.journal_bytes -= row.bytes;
                self.journal.pop_front();
            }
        }
        for key in &pending.dead {
            self.pyramids.remove(key);
        }
        if self.pyramids.len() + pending.pyramids.len() > self.limits.pyramids {
            self.pyramids.clear();
        }
        self.pyramids.extend(pending.pyramids);
        self.deleted_series.extend(pending.dead);
    }
}

/// Writes what the batch does to series. `outcome` then knows the series as they are after it.
pub async fn persist(
    commit: &mut SqliteConnection,
    compaction: &mut CompactionState,
    tails_due: Vec<(Series, CellId, u64)>,
    outcome: &mut BatchOutcome,
    pending: &mut PendingState,
) -> sqlx::Result<()> {
    for (series, cell, seq) in &tails_due {
        let points = pack_points(&series.tail);
        put_tail(commit, series.key, series.sealed, points, &mut pending.state.row_counts).await?;
        // The journal's rows, which know of it too, may go.
        SeriesRow::of(series, cell.as_str(), *seq).replace(commit, &mut pending.state.row_counts).await?;
        pending.clean.push(series.key);
        pending.saved.push(series.key);
    }
    let mut row = journal::Row::default();
    for planned in &mut outcome.series {
        for series in &mut planned.series {
            if series.is_new {
                if series.before.key >= MOST_KEYS {
                    return Err(sqlx::Error::Configuration("this database has had 268 million series, which is all it can number".into()));
                }
                let row = SeriesRow::of(&series.before, planned.cell.as_str(), planned.seq);
                row.insert(&mut *commit, &mut pending.state.row_counts).await?;
            }
            if series.before.tail.len() + series.points.len() < CHUNK {
                row.push(series.before.key, series.before.count(), planned.seq, &series.points);
                pending.dirty.push((series.before.key, planned.cell.clone()));
                continue;
            }
            let after = seal(commit, compaction, series, (planned.cell.as_str(), planned.seq), pending).await?;
            pending.clean.push(after.key);
            if !after.tail.is_empty() {
                row.push(after.key, after.sealed, planned.seq, &after.tail);
                pending.dirty.push((after.key, planned.cell.clone()));
            }
            series.after = Some(after);
        }
        for series in &planned.gone {
            let row = SeriesRow { dead: true, ..SeriesRow::of(series, planned.cell.as_str(), planned.seq) };
            row.replace(&mut *commit, &mut pending.state.row_counts).await?;
            pending.dead.push(series.key);
        }
    }
    if !row.is_empty() {
        let id = compaction.row + 1;
        let points = keyed(row.into_bytes(), id);
        let row = JournalRow { id, bytes: points.len(), sum: checksum::journal(id, &points) };
        sqlx::query("INSERT INTO journal (id, points) VALUES (?, ?)").bind(id).bind(points).execute(&mut *commit).await?;
        pending.state.row_counts.add(Table::Journal, row.sum);
        pending.journal = Some(row);
    }
    trim(commit, compaction, pending).await
}

/// Deletes the rows of the journal that nobody needs any more.
async fn trim(commit: &mut SqliteConnection, compaction: &CompactionState, pending: &mut PendingState) -> sqlx::Result<()> {
    let done: HashSet<i64> = pending.clean.iter().chain(&pending.dead).copied().collect();
    let stays = |entry: &&(i64, i64)| compaction.begins(entry) && !done.contains(&entry.1);
    let newest = pending.journal.map(|row| row.id);
    let first = match compaction.waiting.iter().find(stays) {
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
        let done = sqlx::query("DELETE FROM journal WHERE id < ?").bind(first).execute(&mut *commit).await?;
        if done.rows_affected() != old.len() as u64 {
            return Err(damaged(format!(
                "{} rows of the journal are missing",
                old.len() as u64 - done.rows_affected().min(old.len() as u64)
            )));
        }
        old.iter().for_each(|row| pending.state.row_counts.remove(Table::Journal, row.sum));
        pending.trimmed = Some(first);
    }
    Ok(())
}

/// Writes the chunks that are complete with these points, and the nodes above them.
async fn seal(
    commit: &mut SqliteConnection,
    compaction: &mut CompactionState,
    series: &SeriesPlan,
    (cell, seq): (&str, u64),
    pending: &mut PendingState,
) -> sqlx::Result<Series> {
    let SeriesPlan { before, points, .. } = series;
    let mut pyramid = match compaction.pyramids.remove(&before.key) {
        Some(pyramid) => pyramid,
        None => open_pyramid(commit, before).await?,
    };
    let mut rest = Points::clone(&before.tail);
    rest.extend(points);
    let (whole, mut sealed) = (rest.len() / CHUNK, before.sealed);
    for number in 0..whole {
        let chunk = rest.slice(number * CHUNK, (number + 1) * CHUNK);
        pyramid.add_chunk(&chunk);
        let insert = sqlx::query("INSERT INTO chunk (key, points) VALUES (?, ?)");
        let key = chunk_key(before.key, sealed / CHUNK as u64);
        insert.bind(key).bind(keyed(pack_points(&chunk), key)).execute(&mut *commit).await?;
        sealed += CHUNK as u64;
    }
    let sealed_last = last(&rest.slice(0, whole * CHUNK));
    write_blocks(commit, before.key, pyramid.take()).await?;
    let tail = Arc::new(rest.slice(whole * CHUNK, rest.len()));
    let after = Series { sealed, sealed_last, tail, last: last(points).or(before.last), ..before.clone() };
    SeriesRow::of(&after, cell, seq).replace(commit, &mut pending.state.row_counts).await?;
    if compaction.saved.contains(&before.key) || pending.saved.contains(&before.key) {
        delete_tail(commit, before.key, &mut pending.state.row_counts).await?;
        pending.saved.retain(|key| *key != before.key);
        pending.unsaved.push(before.key);
    }
    pending.pyramids.push((before.key, pyramid));
    Ok(after)
}

/// The nodes of the last block of each level, where that is not full. Where one is missing or damaged they are made anew from
/// the points.
async fn open_pyramid(commit: &mut SqliteConnection, series: &Series) -> sqlx::Result<Pyramid> {
    let mut blocks: Vec<Vec<Node>> = Vec::new();
    for level in 0.. {
        let nodes = nodes_at(level, series.sealed);
        if nodes == 0 {
            break;
        }
        let mut open = Vec::new();
        if !nodes.is_multiple_of(BLOCK) {
            let key = node_key(series.key, level, nodes / BLOCK);
            let bytes: Option<Vec<u8>> =
                sqlx::query_scalar("SELECT nodes FROM node WHERE key = ?").bind(key).fetch_optional(&mut *commit).await?;
            open = bytes.and_then(|bytes| unpack_nodes(keyed(bytes, key)).ok()).unwrap_or_default();
        }
        blocks.push(open);
    }
    match Pyramid::open(series.sealed, blocks) {
        Some(pyramid) => Ok(pyramid),
        None => {
            tracing::warn!("nodes of a series (key {}) were damaged and are made anew", series.key);
            rebuild(commit, series.key, series.sealed).await
        }
    }
}

pub fn chunk_key(series: i64, chunk: u64) -> i64 {
    (series << 35) | chunk as i64
}

pub fn node_key(series: i64, level: u8, block: u64) -> i64 {
    (((series << 4) | i64::from(level)) << 31) | block as i64
}

/// Deletes some rows of dead series, within a commit of its own. The series that is gone as a whole then, if one is.
pub async fn sweep(commit: &mut SqliteConnection, key: i64, row_counts: &mut RowCounts) -> sqlx::Result<bool> {
    let mut deleted = 0;
    for (table, bits) in [("chunk", 35), ("node", 35)] {
        let range = format!("SELECT key FROM {table} WHERE key >= ? AND key < ? LIMIT {SWEEP_ROWS}");
        let delete = format!("DELETE FROM {table} WHERE key IN ({range})");
        let done = sqlx::query(sqlx::AssertSqlSafe(delete)).bind(key << bits).bind((key + 1) << bits).execute(&mut *commit).await?;
        deleted += done.rows_affected();
    }
    if deleted == 0 {
        delete_tail(&mut *commit, key, row_counts).await?;
        delete_series(&mut *commit, key, row_counts).await?;
    }
    Ok(deleted == 0)
}
