//! The only writer: takes what waits, decides it in memory, makes it durable in one commit, then tells everyone.

pub mod batch;
pub mod checkpoint;
mod disk_full;
pub mod state_row;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use sqlx::{Connection, QueryBuilder, Sqlite, SqliteConnection};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::disk_reserve::DiskReserve;
use super::idempotency::MAX_REPLIES_PER_WRITER;
use super::integrity::checksum;
use super::integrity::commit_counter::CommitCounter;
use super::integrity::file_watch::FileWatch;
use super::integrity::row_counts::{RowCounts, Table};
use super::series::Series;
use super::series::compaction::{self, CompactionState, PendingState};
use super::series::repair::{RepairQueue, mend};
use super::series::rows::damaged;
use super::stats::StoreStats;
use super::{Index, now_ms, read, write};
use crate::protocol::CellId;
use crate::server::error::ServerError;
use batch::{Batch, BatchOutcome, Change, RowState};
use checkpoint::Checkpoints;

/// Operations that may wait; one more is answered 503.
pub const MAX_QUEUED_JOBS: usize = 4096;
/// Bytes of values that may wait.
pub const MAX_QUEUED_BYTES: usize = 64 << 20;
/// Operations in one commit: at 64 connections a commit takes all that wait; the bound keeps a flood from delaying the first.
const MAX_BATCH_JOBS: usize = 512;
/// Bytes of values in one commit.
const MAX_BATCH_BYTES: usize = 16 << 20;
/// Rows in one statement. Groups are powers of two, so that there are few different statements and all stay prepared.
const STATEMENT_ROWS: usize = 32;
/// Between two deletions of old points, when nothing else is to be done.
const SWEEP_PAUSE: Duration = Duration::from_millis(5);
/// And when there is always something to be done: one deletion in so many commits.
const COMMITS_PER_SWEEP: u64 = 64;

/// While nothing comes: after this it is looked whether a full disk has room again.
const DISK_FULL_RECHECK: Duration = Duration::from_secs(60);

/// Called after each commit, with its changes in order.
pub type Publish = Box<dyn Fn(Vec<Change>) + Send>;

pub(crate) trait Job: Send {
    /// Works on the batch; true when accepted.
    fn run(&mut self, batch: &mut Batch) -> bool;
    fn answer(self: Box<Self>, durable: Result<(), ServerError>);
}

pub(crate) struct Call<F, T> {
    pub operation: Option<F>,
    pub result: Option<Result<T, ServerError>>,
    pub reply: oneshot::Sender<Result<T, ServerError>>,
}

impl<F, T> Job for Call<F, T>
where
    F: FnOnce(&mut Batch) -> Result<T, ServerError> + Send,
    T: Send,
{
    fn run(&mut self, batch: &mut Batch) -> bool {
        // A defect in one operation must not end the writer: what it did to the batch is thrown away with its refusal.
        let mut guarded = |operation: F| catch_unwind(AssertUnwindSafe(|| operation(batch)));
        let panicked = || ServerError::Undone("an operation panicked".to_owned());
        self.result = self.operation.take().map(|operation| guarded(operation).unwrap_or_else(|_| Err(panicked())));
        matches!(self.result, Some(Ok(_)))
    }

    fn answer(self: Box<Self>, durable: Result<(), ServerError>) {
        let result = self.result.unwrap_or(Err(ServerError::Stopped));
        // A refusal stands on its own; what was accepted stands only when it is on disk. Nobody may be listening any more.
        let _ = self.reply.send(result.and_then(|value| durable.map(|()| value)));
    }
}

pub(crate) struct QueuedJob {
    pub job: Box<dyn Job>,
    pub bytes: usize,
    /// It only removes. Once the disk is full, such operations have commits of their own, which find room.
    pub frees_space: bool,
    /// Given back to the queue's budget when the job is done.
    pub _room: tokio::sync::OwnedSemaphorePermit,
}

pub(crate) struct Writer {
    pub connection: SqliteConnection,
    pub index: Arc<RwLock<Index>>,
    pub queue: mpsc::Receiver<QueuedJob>,
    pub publish: Publish,
    pub compaction: CompactionState,
    pub stats: Arc<StoreStats>,
    pub repair_queue: Arc<RepairQueue>,
    pub checkpoints: Checkpoints,
    pub reserve: DiskReserve,
    /// The files as they were when they were opened.
    pub watch: Arc<FileWatch>,
    /// How many commits there were, outside the database.
    pub mark: CommitCounter,
    /// Whether something may have to be swept or given back to the file system.
    pub needs_cleanup: bool,
    /// Free pages are being given back.
    pub vacuuming: bool,
    /// Taken from the queue for the next commit.
    pub next: Option<QueuedJob>,
}

impl Writer {
    /// Ends when the queue is closed and empty.
    pub async fn run(mut self) {
        let mut commits = 0_u64;
        while let Some(first) = self.next().await {
            let (mut bytes, mut frees_space) = (first.bytes, first.frees_space);
            let mut jobs = vec![first];
            while jobs.len() < MAX_BATCH_JOBS && bytes < MAX_BATCH_BYTES {
                let Ok(next) = self.queue.try_recv() else { break };
                if next.frees_space != frees_space && self.stats.is_full() {
                    self.next = Some(next);
                    break;
                }
                frees_space &= next.frees_space;
                bytes += next.bytes;
                jobs.push(next);
            }
            if self.stats.failed().is_none() {
                mend(&mut self.connection, &self.repair_queue, &mut self.compaction, &self.index).await;
            }
            let (mut outcome, tails_due) = {
                let index = read(&self.index);
                let mut batch = Batch::new(&index, now_ms(), self.compaction.version);
                for waiting in &mut jobs {
                    let accepted = waiting.job.run(&mut batch);
                    batch.end(accepted);
                }
                // Also when this commit fails: a number is never given out twice.
                self.compaction.version = batch.version_counter;
                let mut key = self.compaction.key;
                let outcome = batch.finish(&mut key);
                self.compaction.key = key;
                (outcome, self.compaction.tails_due(&index))
            };
            let durable = match self.stats.failed() {
                Some(why) => Err(ServerError::Broken(why.to_owned())),
                None if outcome.is_empty() => Ok(()),
                None => {
                    let started = Instant::now();
                    let persisted = match self.persist(tails_due, &mut outcome).await.map_err(ServerError::from_write) {
                        Err(ServerError::Full) => self.retry_commit(&mut outcome, frees_space).await,
                        done => done,
                    };
                    self.stats.observe_commit(started.elapsed());
                    persisted
                }
            };
            let wrote = durable.is_ok() && !outcome.is_empty();
            match &durable {
                Ok(()) => {
                    outcome.apply(&mut write(&self.index));
                    (self.publish)(std::mem::take(&mut outcome.changes));
                }
                Err(problem) => self.record_failure(problem, "a commit was undone"),
            }
            self.stats.commit(jobs.len(), durable.is_ok());
            for QueuedJob { job, .. } in jobs {
                job.answer(durable.clone());
            }
            if self.stats.failed().is_none() {
                self.needs_cleanup |= wrote;
                if wrote && self.reserve.is_whole() {
                    self.stats.record_room();
                }
                let moved = self.checkpoints.after(&mut self.connection, bytes).await;
                self.check_checkpoint(moved);
            }
            commits += 1;
            if commits.is_multiple_of(COMMITS_PER_SWEEP) {
                self.sweep().await;
            }
        }
        let _ = self.connection.close().await;
    }

    /// What waits next. While nothing does, series that belong to nobody are deleted, and free pages given back.
    async fn next(&mut self) -> Option<QueuedJob> {
        if let Some(next) = self.next.take() {
            return Some(next);
        }
        while self.needs_cleanup && self.stats.failed().is_none() {
            match timeout(SWEEP_PAUSE, self.queue.recv()).await {
                Ok(next) => return next,
                Err(_) => self.needs_cleanup = self.sweep().await,
            }
        }
        while !self.reserve.is_whole() && self.stats.failed().is_none() {
            match timeout(DISK_FULL_RECHECK, self.queue.recv()).await {
                Ok(next) => return next,
                Err(_) => self.settle().await,
            }
        }
        self.queue.recv().await
    }

    /// All of it or nothing.
    pub(crate) async fn persist(&mut self, tails_due: Vec<(Series, CellId, u64)>, outcome: &mut BatchOutcome) -> sqlx::Result<()> {
        // Not a transaction of sqlx: SQLite ends one by itself when the disk is full, of which sqlx would hear nothing.
        sqlx::query("BEGIN IMMEDIATE").execute(&mut self.connection).await?;
        match self.write(tails_due, outcome).await {
            Ok(pending) => {
                self.compaction.apply(pending);
                self.committed()
            }
            Err(why) => {
                // An error here says that SQLite has ended it.
                let _ = sqlx::query("ROLLBACK").execute(&mut self.connection).await;
                Err(why)
            }
        }
    }

    /// A commit is on disk; it counts only where the files are still those of the data folder.
    pub(crate) fn committed(&mut self) -> sqlx::Result<()> {
        self.watch.look().map_err(|why| sqlx::Error::Configuration(why.into()))?;
        self.mark.note(&self.compaction.state);
        Ok(())
    }

    async fn write(&mut self, tails_due: Vec<(Series, CellId, u64)>, outcome: &mut BatchOutcome) -> sqlx::Result<PendingState> {
        let mut pending = self.compaction.stage();
        let known = Known::of(outcome, &read(&self.index));
        let connection = &mut self.connection;
        write_cells(connection, outcome, &known, &mut pending.state.row_counts).await?;
        compaction::persist(connection, &mut self.compaction, tails_due, outcome, &mut pending).await?;
        write_replies(connection, outcome, &mut pending.state.row_counts).await?;
        pending.state.replace(&self.compaction.state, connection).await?;
        sqlx::query("COMMIT").execute(connection).await?;
        Ok(pending)
    }
}

/// What must be on disk of the rows that a commit replaces.
struct Known {
    /// Cells, alive or removed.
    cells: usize,
    /// Checksums of boards.
    boards: Vec<i64>,
}

impl Known {
    fn of(outcome: &BatchOutcome, index: &Index) -> Self {
        let cells = outcome.cells.iter().filter(|(id, _)| index.cell(id).is_some() || index.tombstone(id).is_some()).count();
        let old = outcome.boards.iter().filter_map(|(name, ..)| Some((name, index.board(name)?)));
        // A board without events has no row yet.
        let boards = old.filter(|(_, board)| board.seq > 0).map(|(name, board)| checksum::board(name, board.seq, board.floor)).collect();
        Self { cells, boards }
    }
}

async fn write_replies(commit: &mut SqliteConnection, outcome: &BatchOutcome, row_counts: &mut RowCounts) -> sqlx::Result<()> {
    let mut gone: Vec<i64> = Vec::new();
    for writer in &outcome.evicted_writers {
        let delete = sqlx::query_scalar::<_, i64>("DELETE FROM reply WHERE writer = ? RETURNING sum").bind(&**writer);
        gone.extend(delete.fetch_all(&mut *commit).await?);
    }
    for (key, reply) in &outcome.replies {
        let old = key.number.checked_sub(MAX_REPLIES_PER_WRITER).map_or(-1, |old| old as i64);
        let delete = sqlx::query_scalar::<_, i64>("DELETE FROM reply WHERE writer = ? AND (number = ? OR number <= ?) RETURNING sum");
        let delete = delete.bind(&*key.writer).bind(key.number as i64).bind(old);
        gone.extend(delete.fetch_all(&mut *commit).await?);
        let insert = "INSERT INTO reply (writer, number, hash, answer, at, status, sum) VALUES (?, ?, ?, ?, ?, ?, ?)";
        let insert = sqlx::query(insert).bind(&*key.writer).bind(key.number as i64).bind(reply.hash as i64);
        let insert = insert.bind(&*reply.answer).bind(reply.at_ms as i64).bind(i64::from(reply.status));
        let sum = checksum::reply(key, reply);
        insert.bind(sum).execute(&mut *commit).await?;
        row_counts.add(Table::StoredReply, sum);
    }
    gone.into_iter().for_each(|sum| row_counts.remove(Table::StoredReply, sum));
    Ok(())
}

async fn write_cells(commit: &mut SqliteConnection, outcome: &BatchOutcome, known: &Known, row_counts: &mut RowCounts) -> sqlx::Result<()> {
    if !outcome.cells.is_empty() {
        let ids = json(outcome.cells.iter().map(|(id, _)| id.as_str()));
        let delete = sqlx::query_scalar::<_, i64>("DELETE FROM cell WHERE id IN (SELECT value FROM json_each(?)) RETURNING sum");
        let old = delete.bind(ids).fetch_all(&mut *commit).await?;
        if old.len() != known.cells {
            return Err(damaged(format!("of {} rows of cells that are to be changed {} are there", known.cells, old.len())));
        }
        old.into_iter().for_each(|sum| row_counts.remove(Table::Cell, sum));
    }
    let rows: Vec<_> = outcome
        .cells
        .iter()
        .filter_map(|(_, row_state)| match row_state {
            RowState::Live(record) => Some((record, false)),
            RowState::Deleted(record) => Some((record, true)),
            RowState::Forgotten => None,
        })
        .collect();
    for rows in powers_of_two(&rows) {
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
            row.push_bind(record.updated_ms as i64).push_bind(i64::from(*removed)).push_bind(checksum::bytes(&record.value));
            let sum = checksum::cell(record, *removed, &doc);
            row.push_bind(doc).push_bind(sum);
            row_counts.add(Table::Cell, sum);
        });
        insert.build().execute(&mut *commit).await?;
    }
    let (with, without): (Vec<_>, Vec<_>) = outcome.values.iter().partition(|(_, _, value)| value.is_some());
    for rows in powers_of_two(&with) {
        let mut insert = QueryBuilder::<Sqlite>::new("INSERT OR REPLACE INTO value (cell, version, json, sum) ");
        insert.push_values(rows, |mut row, (id, version, value)| {
            let sum = value.as_deref().map(|json| checksum::value(id.as_str(), None, None, *version as i64, json.as_bytes()));
            row.push_bind(id.as_str()).push_bind(*version as i64).push_bind(value.as_deref()).push_bind(sum);
        });
        insert.build().execute(&mut *commit).await?;
    }
    let gone = outcome.cells.iter().filter(|(_, row_state)| matches!(row_state, RowState::Forgotten)).map(|(id, _)| id);
    let ids: Vec<&str> = gone.chain(without.into_iter().map(|(id, ..)| id)).map(CellId::as_str).collect();
    if !ids.is_empty() {
        let delete = sqlx::query("DELETE FROM value WHERE cell IN (SELECT value FROM json_each(?))");
        delete.bind(json(ids.into_iter())).execute(&mut *commit).await?;
    }
    for (name, seq, floor) in &outcome.boards {
        let upsert = "INSERT OR REPLACE INTO board (name, seq, floor, sum) VALUES (?, ?, ?, ?)";
        let upsert = sqlx::query(upsert).bind(&**name).bind(*seq as i64).bind(*floor as i64);
        let sum = checksum::board(name, *seq, *floor);
        upsert.bind(sum).execute(&mut *commit).await?;
        row_counts.add(Table::Board, sum);
    }
    known.boards.iter().for_each(|sum| row_counts.remove(Table::Board, *sum));
    Ok(())
}

fn json<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    serde_json::Value::from_iter(texts).to_string()
}

fn powers_of_two<T>(mut rows: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let most = rows.len().min(STATEMENT_ROWS);
        let size = (most > 0).then(|| 1 << most.ilog2())?;
        let (group, rest) = rows.split_at(size);
        rows = rest;
        Some(group)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_have_few_sizes() {
        let rows = [0; 77];
        let sizes: Vec<_> = powers_of_two(&rows).map(<[_]>::len).collect();
        assert_eq!(sizes, [32, 32, 8, 4, 1]);
        assert_eq!(powers_of_two::<u8>(&[]).count(), 0);
    }
}
