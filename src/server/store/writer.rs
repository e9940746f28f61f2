//! The only writer: takes what waits, decides it in memory, makes it durable in one commit, then tells everyone.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use sqlx::{Connection, QueryBuilder, Sqlite, SqliteConnection};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::ballast::Ballast;
use super::batch::{Batch, Change, Fate, Outcome};
use super::checkpoint::Checkpoints;
use super::mend::{Suspects, mend};
use super::replies::REPLIES_PER_WRITER;
use super::seal::{self, Ledger, Staged};
use super::series::Series;
use super::tally::Tally;
use super::{Index, now_ms, read, sums, write};
use crate::server::error::Problem;

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

pub(super) trait Job: Send {
    /// Works on the batch; true when accepted.
    fn run(&mut self, batch: &mut Batch) -> bool;
    fn answer(self: Box<Self>, durable: Result<(), Problem>);
}

pub(super) struct Call<F, T> {
    pub operation: Option<F>,
    pub result: Option<Result<T, Problem>>,
    pub reply: oneshot::Sender<Result<T, Problem>>,
}

impl<F, T> Job for Call<F, T>
where
    F: FnOnce(&mut Batch) -> Result<T, Problem> + Send,
    T: Send,
{
    fn run(&mut self, batch: &mut Batch) -> bool {
        // A defect in one operation must not end the writer: what it did to the batch is thrown away with its refusal.
        let mut guarded = |operation: F| catch_unwind(AssertUnwindSafe(|| operation(batch)));
        let panicked = || Problem::Undone("an operation panicked".to_owned());
        self.result = self.operation.take().map(|operation| guarded(operation).unwrap_or_else(|_| Err(panicked())));
        matches!(self.result, Some(Ok(_)))
    }

    fn answer(self: Box<Self>, durable: Result<(), Problem>) {
        let result = self.result.unwrap_or(Err(Problem::Stopped));
        // A refusal stands on its own; what was accepted stands only when it is on disk. Nobody may be listening any more.
        let _ = self.reply.send(result.and_then(|value| durable.map(|()| value)));
    }
}

pub(super) struct Waiting {
    pub job: Box<dyn Job>,
    pub bytes: usize,
    /// It only removes. Once the disk is full, such operations have commits of their own, which find room.
    pub frees: bool,
    /// Given back to the queue's budget when the job is done.
    pub _room: tokio::sync::OwnedSemaphorePermit,
}

pub(super) struct Writer {
    pub connection: SqliteConnection,
    pub index: Arc<RwLock<Index>>,
    pub queue: mpsc::Receiver<Waiting>,
    pub publish: Publish,
    pub ledger: Ledger,
    pub tally: Arc<Tally>,
    pub suspects: Arc<Suspects>,
    pub checkpoints: Checkpoints,
    pub ballast: Ballast,
    /// Taken from the queue for the next commit.
    pub next: Option<Waiting>,
}

impl Writer {
    /// Ends when the queue is closed and empty.
    pub async fn run(mut self) {
        let (mut stamp, mut commits) = (0, 0_u64);
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
                let mut batch = Batch::new(&index, now_ms(), stamp);
                for waiting in &mut jobs {
                    let accepted = waiting.job.run(&mut batch);
                    batch.end(accepted);
                }
                stamp = batch.stamp;
                let mut key = self.ledger.key;
                let outcome = batch.finish(&mut key);
                // Also when this commit fails: a key is never given out twice.
                self.ledger.key = key;
                (outcome, self.ledger.overdue(&index))
            };
            let durable = match self.tally.failed() {
                Some(why) => Err(Problem::Broken(why.to_owned())),
                None if outcome.is_empty() => Ok(()),
                None => match self.persist(overdue, &mut outcome).await.map_err(Problem::from_write) {
                    Err(Problem::Full) => self.persist_again(&mut outcome, frees).await,
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

    /// What waits next. While nothing does, series that belong to nobody are deleted.
    async fn next(&mut self) -> Option<Waiting> {
        if let Some(next) = self.next.take() {
            return Some(next);
        }
        while !self.ledger.dying.is_empty() && self.tally.failed().is_none() {
            match timeout(SWEEP_PAUSE, self.queue.recv()).await {
                Ok(next) => return next,
                Err(_) if self.sweep().await => {}
                Err(_) => break,
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
    pub(super) async fn persist(&mut self, overdue: Vec<(Series, u64)>, outcome: &mut Outcome) -> sqlx::Result<()> {
        // Not a transaction of sqlx: SQLite ends one by itself when the disk is full, of which sqlx would hear nothing.
        sqlx::query("BEGIN IMMEDIATE").execute(&mut self.connection).await?;
        match self.write(overdue, outcome).await {
            Ok(staged) => {
                self.ledger.apply(staged);
                Ok(())
            }
            Err(why) => {
                // An error here says that SQLite has ended it.
                let _ = sqlx::query("ROLLBACK").execute(&mut self.connection).await;
                Err(why)
            }
        }
    }

    async fn write(&mut self, overdue: Vec<(Series, u64)>, outcome: &mut Outcome) -> sqlx::Result<Staged> {
        let connection = &mut self.connection;
        write_cells(connection, outcome).await?;
        let staged = seal::persist(connection, &mut self.ledger, overdue, outcome).await?;
        write_replies(connection, outcome).await?;
        sqlx::query("COMMIT").execute(connection).await?;
        Ok(staged)
    }
}

async fn write_replies(commit: &mut SqliteConnection, outcome: &Outcome) -> sqlx::Result<()> {
    for writer in &outcome.silent {
        sqlx::query("DELETE FROM reply WHERE writer = ?").bind(&**writer).execute(&mut *commit).await?;
    }
    for (key, reply) in &outcome.replies {
        let replace = "INSERT OR REPLACE INTO reply (writer, number, hash, answer, at, status, sum) VALUES (?, ?, ?, ?, ?, ?, ?)";
        let replace = sqlx::query(replace).bind(&*key.writer).bind(key.number as i64).bind(reply.hash as i64);
        let replace = replace.bind(&*reply.answer).bind(reply.at_ms as i64).bind(i64::from(reply.status));
        replace.bind(sums::reply(key, reply)).execute(&mut *commit).await?;
        if let Some(old) = key.number.checked_sub(REPLIES_PER_WRITER) {
            let delete = sqlx::query("DELETE FROM reply WHERE writer = ? AND number <= ?");
            delete.bind(&*key.writer).bind(old as i64).execute(&mut *commit).await?;
        }
    }
    Ok(())
}

async fn write_cells(commit: &mut SqliteConnection, outcome: &Outcome) -> sqlx::Result<()> {
    let gone: Vec<_> = outcome.cells.iter().filter(|(_, fate)| matches!(fate, Fate::Forgotten)).map(|(id, _)| id).collect();
    for id in gone {
        sqlx::query("DELETE FROM cell WHERE id = ?").bind(id.as_str()).execute(&mut *commit).await?;
        sqlx::query("DELETE FROM value WHERE id = ?").bind(id.as_str()).execute(&mut *commit).await?;
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
        let head = "INSERT OR REPLACE INTO cell (id, board, seq, entered, born, rev, version, created, updated, removed, doc, sum) ";
        let mut insert = QueryBuilder::<Sqlite>::new(head);
        insert.push_values(rows, |mut row, (record, removed)| {
            let doc = serde_json::to_string(&record.keys).unwrap_or_else(|_| "{}".to_owned());
            row.push_bind(record.id.as_str())
                .push_bind(&*record.board)
                .push_bind(record.seq as i64)
                .push_bind(record.entered as i64)
                .push_bind(record.born as i64);
            row.push_bind(record.rev as i64).push_bind(record.version as i64).push_bind(record.created_ms as i64);
            row.push_bind(record.updated_ms as i64).push_bind(i64::from(*removed));
            let sum = sums::cell(record, *removed, &doc);
            row.push_bind(doc).push_bind(sum);
        });
        insert.build().execute(&mut *commit).await?;
    }
    let (with, without): (Vec<_>, Vec<_>) = outcome.values.iter().partition(|(_, _, value)| value.is_some());
    for rows in powers_of_two(&with) {
        let mut insert = QueryBuilder::<Sqlite>::new("INSERT OR REPLACE INTO value (id, version, json, sum) ");
        insert.push_values(rows, |mut row, (id, version, value)| {
            let sum = value.as_deref().map(|json| sums::value(id.as_str(), *version as i64, json.as_bytes()));
            row.push_bind(id.as_str()).push_bind(*version as i64).push_bind(value.as_deref()).push_bind(sum);
        });
        insert.build().execute(&mut *commit).await?;
    }
    for (id, _, _) in without {
        sqlx::query("DELETE FROM value WHERE id = ?").bind(id.as_str()).execute(&mut *commit).await?;
    }
    for (name, seq, floor) in &outcome.boards {
        let upsert = "INSERT OR REPLACE INTO board (name, seq, floor, sum) VALUES (?, ?, ?, ?)";
        let upsert = sqlx::query(upsert).bind(&**name).bind(*seq as i64).bind(*floor as i64);
        upsert.bind(sums::board(name, *seq, *floor)).execute(&mut *commit).await?;
    }
    Ok(())
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
