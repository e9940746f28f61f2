//! The only writer: takes what waits, decides it in memory, makes it durable in one commit, then tells everyone.

pub mod batch;
pub mod checkpoint;
mod disk_full;
pub mod state_row;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use sqlx::{Connection, QueryBuilder, Sqlite, SqliteConnection};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::disk_reserve::Ballast;
use super::idempotency::REPLIES_PER_WRITER;
use super::integrity::checksum;
use super::integrity::commit_counter::Mark;
use super::integrity::file_watch::Watch;
use super::integrity::row_counts::{Census, Table};
use super::series::Series;
use super::series::compaction::{self, Ledger, Staged};
use super::series::repair::{Suspects, mend};
use super::series::rows::damaged;
use super::stats::Tally;
use super::{Index, now_ms, read, write};
use crate::protocol::CellId;
use crate::server::error::ServerError;
use batch::{Batch, Change, Fate, Outcome};
use checkpoint::Checkpoints;

/// Operations that may wait; one more is answered 503.
pub const QUEUE_JOBS: usize = 4096;
/// Bytes of values that may wait.
pub const QUEUE_BYTES: usize = 64 << 20;
/// Operations in one commit: at 64 connections a commit takes all that wait; the bound keeps a flood from delaying the first.
const BATCH_JOBS: usize = 512;
/// Bytes of values in one commit.
const BATCH_BYTES: usize = 16 << 20;
/// Rows in one statement. Groups are powers of two, so that there are few different statements and all stay prepared.
const STATEMENT_ROWS: usize = 32;
/// Between two deletions of old points, when nothing else is to be done.
const SWEEP_PAUSE: Duration = Duration::from_millis(5);
/// And when there is always something to be done: one deletion in so many commits.
const SWEEP_COMMITS: u64 = 64;

/// While nothing comes: after this it is looked whether a full disk has room again.
const LOOK_FOR_ROOM: Duration = Duration::from_secs(60);

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

pub(crate) struct Waiting {
    pub job: Box<dyn Job>,
    pub bytes: usize,
    /// It only removes. Once the disk is full, such operations have commits of their own, which find room.
    pub frees: bool,
    /// Given back to the queue's budget when the job is done.
    pub _room: tokio::sync::OwnedSemaphorePermit,
}

pub(crate) struct Writer {
    pub connection: SqliteConnection,
    pub index: Arc<RwLock<Index>>,
    pub queue: mpsc::Receiver<Waiting>,
    pub publish: Publish,
    pub ledger: Ledger,
    pub tally: Arc<Tally>,
    pub suspects: Arc<Suspects>,
    pub checkpoints: Checkpoints,
    pub ballast: Ballast,
    /// The files as they were when they were opened.
    pub watch: Arc<Watch>,
    /// How many commits there were, outside the database.
    pub mark: Mark,
    /// Whether something may have to be swept or given back to the file system.
    pub untidy: bool,
    /// Free pages are being given back.
    pub vacuuming: bool,
    /// Taken from the queue for the next commit.
    pub next: Option<Waiting>,
}

impl Writer {
    /// Ends when the queue is closed and empty.
    pub async fn run(mut self) {
        let mut commits = 0_u64;
        while let Some(first) = self.next().await {
            let (mut bytes, mut frees) = (first.bytes, first.frees);
            let mut jobs = vec![first];
            while jobs.len() < BATCH_JOBS && bytes < BATCH_BYTES {
                let Ok(next) = self.queue.try_recv() else { break };
                if next.frees != frees && self.tally.is_full() {
                    self.next = Some(next);
                    break;
                }
                frees &= next.frees;
                bytes += next.bytes;
                jobs.push(next);
            }
            if self.tally.failed().is_none() {
                mend(&mut self.connection, &self.suspects, &mut self.ledger, &self.index).await;
            }
            let (mut outcome, overdue) = {
                let index = read(&self.index);
                let mut batch = Batch::new(&index, now_ms(), self.ledger.version);
                for waiting in &mut jobs {
                    let accepted = waiting.job.run(&mut batch);
                    batch.end(accepted);
                }
                // Also when this commit fails: a number is never given out twice.
                self.ledger.version = batch.stamp;
                let mut key = self.ledger.key;
                let outcome = batch.finish(&mut key);
                self.ledger.key = key;
                (outcome, self.ledger.overdue(&index))
            };
            let durable = match self.tally.failed() {
                Some(why) => Err(ServerError::Broken(why.to_owned())),
                None if outcome.is_empty() => Ok(()),
                None => match self.persist(overdue, &mut outcome).await.map_err(ServerError::from_write) {
                    Err(ServerError::Full) => self.persist_again(&mut outcome, frees).await,
                    done => done,
                },
            };
            let wrote = durable.is_ok() && !outcome.is_empty();
            match &durable {
                Ok(()) => {
                    outcome.apply(&mut write(&self.index));
                    (self.publish)(std::mem::take(&mut outcome.changes));
                }
                Err(problem) => self.doubt(problem, "a commit was undone"),
            }
            self.tally.commit(jobs.len(), durable.is_ok());
            for Waiting { job, .. } in jobs {
                job.answer(durable.clone());
            }
            if self.tally.failed().is_none() {
                self.untidy |= wrote;
                if wrote && self.ballast.is_whole() {
                    self.tally.found_room();
                }
                let moved = self.checkpoints.after(&mut self.connection, bytes).await;
                self.heed(moved);
            }
            commits += 1;
            if commits.is_multiple_of(SWEEP_COMMITS) {
                self.sweep().await;
            }
        }
        let _ = self.connection.close().await;
    }

    /// What waits next. While nothing does, series that belong to nobody are deleted, and free pages given back.
    async fn next(&mut self) -> Option<Waiting> {
        if let Some(next) = self.next.take() {
            return Some(next);
        }
        while self.untidy && self.tally.failed().is_none() {
            match timeout(SWEEP_PAUSE, self.queue.recv()).await {
                Ok(next) => return next,
                Err(_) => self.untidy = self.sweep().await,
            }
        }
        while !self.ballast.is_whole() && self.tally.failed().is_none() {
            match timeout(LOOK_FOR_ROOM, self.queue.recv()).await {
                Ok(next) => return next,
                Err(_) => self.settle().await,
            }
        }
        self.queue.recv().await
    }

    /// All of it or nothing.
    pub(crate) async fn persist(&mut self, overdue: Vec<(Series, CellId, u64)>, outcome: &mut Outcome) -> sqlx::Result<()> {
        // Not a transaction of sqlx: SQLite ends one by itself when the disk is full, of which sqlx would hear nothing.
        sqlx::query("BEGIN IMMEDIATE").execute(&mut self.connection).await?;
        match self.write(overdue, outcome).await {
            Ok(staged) => {
                self.ledger.apply(staged);
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
        self.mark.note(&self.ledger.state);
        Ok(())
    }

    async fn write(&mut self, overdue: Vec<(Series, CellId, u64)>, outcome: &mut Outcome) -> sqlx::Result<Staged> {
        let mut staged = self.ledger.stage();
        let known = Known::of(outcome, &read(&self.index));
        let connection = &mut self.connection;
        write_cells(connection, outcome, &known, &mut staged.state.census).await?;
        compaction::persist(connection, &mut self.ledger, overdue, outcome, &mut staged).await?;
        write_replies(connection, outcome, &mut staged.state.census).await?;
        staged.state.replace(&self.ledger.state, connection).await?;
        sqlx::query("COMMIT").execute(connection).await?;
        Ok(staged)
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
    fn of(outcome: &Outcome, index: &Index) -> Self {
        let cells = outcome.cells.iter().filter(|(id, _)| index.cell(id).is_some() || index.grave(id).is_some()).count();
        let old = outcome.boards.iter().filter_map(|(name, ..)| Some((name, index.board(name)?)));
        // A board without events has no row yet.
        let boards = old.filter(|(_, board)| board.seq > 0).map(|(name, board)| checksum::board(name, board.seq, board.floor)).collect();
        Self { cells, boards }
    }
}

async fn write_replies(commit: &mut SqliteConnection, outcome: &Outcome, census: &mut Census) -> sqlx::Result<()> {
    let mut gone: Vec<i64> = Vec::new();
    for writer in &outcome.silent {
        let delete = sqlx::query_scalar::<_, i64>("DELETE FROM reply WHERE writer = ? RETURNING sum").bind(&**writer);
        gone.extend(delete.fetch_all(&mut *commit).await?);
    }
    for (key, reply) in &outcome.replies {
        let old = key.number.checked_sub(REPLIES_PER_WRITER).map_or(-1, |old| old as i64);
        let delete = sqlx::query_scalar::<_, i64>("DELETE FROM reply WHERE writer = ? AND (number = ? OR number <= ?) RETURNING sum");
        let delete = delete.bind(&*key.writer).bind(key.number as i64).bind(old);
        gone.extend(delete.fetch_all(&mut *commit).await?);
        let insert = "INSERT INTO reply (writer, number, hash, answer, at, status, sum) VALUES (?, ?, ?, ?, ?, ?, ?)";
        let insert = sqlx::query(insert).bind(&*key.writer).bind(key.number as i64).bind(reply.hash as i64);
        let insert = insert.bind(&*reply.answer).bind(reply.at_ms as i64).bind(i64::from(reply.status));
        let sum = checksum::reply(key, reply);
        insert.bind(sum).execute(&mut *commit).await?;
        census.add(Table::Reply, sum);
    }
    gone.into_iter().for_each(|sum| census.remove(Table::Reply, sum));
    Ok(())
}

async fn write_cells(commit: &mut SqliteConnection, outcome: &Outcome, known: &Known, census: &mut Census) -> sqlx::Result<()> {
    if !outcome.cells.is_empty() {
        let ids = json(outcome.cells.iter().map(|(id, _)| id.as_str()));
        let delete = sqlx::query_scalar::<_, i64>("DELETE FROM cell WHERE id IN (SELECT value FROM json_each(?)) RETURNING sum");
        let old = delete.bind(ids).fetch_all(&mut *commit).await?;
        if old.len() != known.cells {
            return Err(damaged(format!("of {} rows of cells that are to be changed {} are there", known.cells, old.len())));
        }
        old.into_iter().for_each(|sum| census.remove(Table::Cell, sum));
    }
    let rows: Vec<_> = outcome
        .cells
        .iter()
        .filter_map(|(_, fate)| match fate {
            Fate::Alive(record) => Some((record, false)),
            Fate::Buried(record) => Some((record, true)),
            Fate::Forgotten => None,
        })
        .collect();
    for rows in powers_of_two(&rows) {
        let head = "INSERT INTO cell (id, board, seq, entered, born, rev, version, created, updated, removed, bytes, doc, sum) ";
        let mut insert = QueryBuilder::<Sqlite>::new(head);
        insert.push_values(rows, |mut row, (record, removed)| {
            let doc = serde_json::to_string(&record.keys).unwrap_or_else(|_| "{}".to_owned());
            row.push_bind(record.id.as_str())
                .push_bind(&*record.board)
                .push_bind(record.seq as i64)
                .push_bind(record.entered as i64)
                .push_bind(record.born as i64);
            row.push_bind(record.rev as i64).push_bind(record.version as i64).push_bind(record.created_ms as i64);
            row.push_bind(record.updated_ms as i64).push_bind(i64::from(*removed)).push_bind(checksum::bytes(&record.value));
            let sum = checksum::cell(record, *removed, &doc);
            row.push_bind(doc).push_bind(sum);
            census.add(Table::Cell, sum);
        });
        insert.build().execute(&mut *commit).await?;
    }
    let (with, without): (Vec<_>, Vec<_>) = outcome.values.iter().partition(|(_, _, value)| value.is_some());
    for rows in powers_of_two(&with) {
        let mut insert = QueryBuilder::<Sqlite>::new("INSERT OR REPLACE INTO value (id, version, json, sum) ");
        insert.push_values(rows, |mut row, (id, version, value)| {
            let sum = value.as_deref().map(|json| checksum::value(id.as_str(), *version as i64, json.as_bytes()));
            row.push_bind(id.as_str()).push_bind(*version as i64).push_bind(value.as_deref()).push_bind(sum);
        });
        insert.build().execute(&mut *commit).await?;
    }
    let gone = outcome.cells.iter().filter(|(_, fate)| matches!(fate, Fate::Forgotten)).map(|(id, _)| id);
    let ids: Vec<&str> = gone.chain(without.into_iter().map(|(id, ..)| id)).map(CellId::as_str).collect();
    if !ids.is_empty() {
        let delete = sqlx::query("DELETE FROM value WHERE id IN (SELECT value FROM json_each(?))");
        delete.bind(json(ids.into_iter())).execute(&mut *commit).await?;
    }
    for (name, seq, floor) in &outcome.boards {
        let upsert = "INSERT OR REPLACE INTO board (name, seq, floor, sum) VALUES (?, ?, ?, ?)";
        let upsert = sqlx::query(upsert).bind(&**name).bind(*seq as i64).bind(*floor as i64);
        let sum = checksum::board(name, *seq, *floor);
        upsert.bind(sum).execute(&mut *commit).await?;
        census.add(Table::Board, sum);
    }
    known.boards.iter().for_each(|sum| census.remove(Table::Board, *sum));
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
