//! SQLite's `PRAGMA quick_check` in the background after a start, with a time limit.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use sqlx::{AssertSqlSafe, ConnectOptions, Connection, SqliteConnection};

use tokio::task::JoinHandle;

use crate::server::data_dir::read_only;
use crate::server::limits::{MAX_LISTED_FAULTS, QUICK_CHECK_TIMEOUT};
use crate::server::store::error::reason;
use crate::server::store::stats::StoreStats;

/// A file up to this length is checked at once, with its free pages. A larger one is checked table by table, since SQLite's log cannot be
/// reset during a check.
const SINGLE_CHECK_BYTES: u64 = 256 << 20;
/// The tables, the most important first.
const TABLES: [&str; 14] = [
    "state",
    "board",
    "board_document",
    "run",
    "cell",
    "value",
    "series",
    "tail",
    "journal",
    "reply",
    "chunk",
    "node",
    "outline",
    "outline_range",
];
/// Instructions of SQLite's virtual machine between two checks of the deadline.
const PROGRESS_INSTRUCTIONS: i32 = 1000;

/// The result of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StructureCheck {
    Sound,
    /// No fault was found before the deadline.
    PartlyChecked,
    Damaged(Vec<String>),
}

/// A running check.
pub struct QuickCheck {
    deadline: Deadline,
    task: JoinHandle<()>,
}

/// The end of the time limit, and whether the check is cancelled.
#[derive(Clone)]
struct Deadline(Instant, Arc<AtomicBool>);

impl Deadline {
    fn is_over(&self) -> bool {
        Instant::now() >= self.0 || self.1.load(Ordering::Relaxed)
    }
}

impl QuickCheck {
    /// Cancels the check and waits until its connection is closed: the last connection, which checkpoints the log, must be another one.
    pub async fn cancel(self) {
        self.deadline.1.store(true, Ordering::Relaxed);
        let _ = self.task.await;
    }
}

pub fn spawn_quick_check(file: PathBuf, stats: Arc<StoreStats>) -> QuickCheck {
    let deadline = Deadline(Instant::now() + QUICK_CHECK_TIMEOUT, Arc::default());
    let task = tokio::spawn(run(file, deadline.clone(), stats));
    QuickCheck { deadline, task }
}

async fn run(file: PathBuf, deadline: Deadline, stats: Arc<StoreStats>) {
    let started = Instant::now();
    match check(&file, deadline).await {
        Ok(StructureCheck::Damaged(faults)) => {
            tracing::error!("{} is damaged: {}. 'agnez check' says what; a backup has it", file.display(), faults.join("; "));
            stats.record_faults(faults.len());
        }
        Ok(result) => {
            let so_far = if result == StructureCheck::Sound { "" } else { ", as far as it was checked" };
            tracing::debug!("the structure of {} is sound{so_far} ({} ms)", file.display(), started.elapsed().as_millis());
            stats.record_faults(0);
        }
        Err(why) => tracing::warn!("the structure of {} was not checked: {}", file.display(), reason(&why)),
    }
}

async fn check(file: &std::path::Path, deadline: Deadline) -> sqlx::Result<StructureCheck> {
    let mut connection = read_only(file).connect().await?;
    let clock = deadline.clone();
    connection.lock_handle().await?.set_progress_handler(PROGRESS_INSTRUCTIONS, move || !clock.is_over());
    let mut faults = Vec::new();
    let is_small = std::fs::metadata(file).is_ok_and(|file| file.len() <= SINGLE_CHECK_BYTES);
    for table in if is_small { &[""][..] } else { &TABLES } {
        if deadline.is_over() {
            break;
        }
        match check_table(&mut connection, table).await {
            Ok(found) => faults.extend(found),
            // Interrupted at the deadline.
            Err(_) if deadline.is_over() => break,
            Err(why) => faults.push(format!("{table}: {}", reason(&why))),
        }
    }
    faults.truncate(MAX_LISTED_FAULTS);
    connection.close().await?;
    Ok(match faults.is_empty() {
        false => StructureCheck::Damaged(faults),
        true if !deadline.is_over() => StructureCheck::Sound,
        true => StructureCheck::PartlyChecked,
    })
}

/// The faults of one table, or of the whole file if the name is empty.
async fn check_table(connection: &mut SqliteConnection, table: &'static str) -> sqlx::Result<Vec<String>> {
    // The names are constants of this file.
    let check = match table {
        "" => AssertSqlSafe(format!("PRAGMA quick_check({MAX_LISTED_FAULTS})")),
        table => AssertSqlSafe(format!("PRAGMA quick_check('{table}')")),
    };
    let lines: Vec<String> = sqlx::query_scalar(check).fetch_all(connection).await?;
    Ok(lines.into_iter().filter(|line| line != "ok").map(|line| line.trim().to_owned()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::store::{Durability, Store, StoreOptions, open};

    #[tokio::test]
    async fn a_damaged_structure_is_found_and_the_time_is_limited() {
        let folder = tempfile::tempdir().unwrap();
        let start =
            StoreOptions { durability: Durability::Full, accept_loss: false, content_fn: |_, _| crate::protocol::CellContent::Empty };
        let store = Store::open(folder.path(), start, Box::new(drop)).await.unwrap();
        store.close().await;
        drop(store);
        let file = crate::server::data_dir::database_path(folder.path());
        let later = || Deadline(Instant::now() + QUICK_CHECK_TIMEOUT, Arc::default());
        assert_eq!(check(&file, later()).await.unwrap(), StructureCheck::Sound);
        assert_eq!(check(&file, Deadline(Instant::now(), Arc::default())).await.unwrap(), StructureCheck::PartlyChecked);
        // Remove an entry from an index.
        let mut opened = open::open(folder.path(), start).await.unwrap();
        let insert = "INSERT INTO value (cell, version, json, sum) VALUES ('a', 1, '1', 1), ('b', 2, '2', 2)";
        sqlx::query(insert).execute(&mut opened.connection).await.unwrap();
        let root: i64 = sqlx::query_scalar("SELECT rootpage FROM sqlite_schema WHERE name = 'value_key'")
            .fetch_one(&mut opened.connection)
            .await
            .unwrap();
        sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut opened.connection).await.unwrap();
        opened.connection.close().await.unwrap();
        let mut bytes = std::fs::read(&file).unwrap();
        let at = (root as usize - 1) * 4096 + 4;
        assert_eq!(bytes[at], 2, "two entries");
        bytes[at] = 1;
        std::fs::write(&file, bytes).unwrap();
        assert!(matches!(check(&file, later()).await.unwrap(), StructureCheck::Damaged(faults) if !faults.is_empty()));
    }
}
