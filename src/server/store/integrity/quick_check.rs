//! SQLite's own look at the structure of its file, beside a start: nobody waits for it, and it ends within bounds.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use sqlx::{AssertSqlSafe, ConnectOptions, Connection, SqliteConnection};

use tokio::task::JoinHandle;

use crate::server::store::maintenance::check::read_only;
use crate::server::store::stats::StoreStats;

/// All of it together. A larger database is looked at as far as this goes.
const LONGEST: Duration = Duration::from_secs(60);
/// A file up to this length is looked at as a whole, with its free pages; of a larger one each table by itself, since SQLite's log cannot
/// shrink while one is looked at.
const WHOLE_BYTES: u64 = 256 << 20;
/// The tables, those first that everybody needs.
const TABLES: [&str; 10] = ["state", "board", "cell", "value", "series", "tail", "journal", "reply", "chunk", "node"];
/// Steps of SQLite's machine between two looks at the clock.
const STEPS: i32 = 1000;
const FAULTS: usize = 20;

/// What is known of the structure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StructureCheck {
    Sound,
    /// As far as it was looked at within the time.
    SoundSoFar,
    Damaged(Vec<String>),
}

/// A look that is under way.
pub struct Look {
    until: Until,
    task: JoinHandle<()>,
}

/// When it ends at the latest, or at once.
#[derive(Clone)]
struct Until(Instant, Arc<AtomicBool>);

impl Until {
    fn is_over(&self) -> bool {
        Instant::now() >= self.0 || self.1.load(Ordering::Relaxed)
    }
}

impl Look {
    /// The database is closed by its last connection: not by this one.
    pub async fn end(self) {
        self.until.1.store(true, Ordering::Relaxed);
        let _ = self.task.await;
    }
}

pub fn spawn_quick_check(file: PathBuf, stats: Arc<StoreStats>) -> Look {
    let until = Until(Instant::now() + LONGEST, Arc::default());
    let task = tokio::spawn(told(file, until.clone(), stats));
    Look { until, task }
}

async fn told(file: PathBuf, until: Until, stats: Arc<StoreStats>) {
    let started = Instant::now();
    match look(&file, until).await {
        Ok(StructureCheck::Damaged(faults)) => {
            tracing::error!("{} is damaged: {}. 'agnez check' says what; a backup has it", file.display(), faults.join("; "));
            stats.record_faults(faults.len());
        }
        Ok(looked) => {
            let so_far = if looked == StructureCheck::Sound { "" } else { ", as far as it was looked at" };
            tracing::debug!("the structure of {} is sound{so_far} ({} ms)", file.display(), started.elapsed().as_millis());
            stats.record_faults(0);
        }
        Err(why) => tracing::warn!("the structure of {} was not looked at: {}", file.display(), crate::server::store::reason(&why)),
    }
}

async fn look(file: &std::path::Path, until: Until) -> sqlx::Result<StructureCheck> {
    let mut connection = read_only(file).connect().await?;
    let clock = until.clone();
    connection.lock_handle().await?.set_progress_handler(STEPS, move || !clock.is_over());
    let mut faults = Vec::new();
    let is_small = std::fs::metadata(file).is_ok_and(|file| file.len() <= WHOLE_BYTES);
    for table in if is_small { &[""][..] } else { &TABLES } {
        if until.is_over() {
            break;
        }
        match of_table(&mut connection, table).await {
            Ok(found) => faults.extend(found),
            // Interrupted, or so damaged that it cannot be looked at.
            Err(_) if until.is_over() => break,
            Err(why) => faults.push(format!("{table}: {}", crate::server::store::reason(&why))),
        }
    }
    faults.truncate(FAULTS);
    connection.close().await?;
    Ok(match faults.is_empty() {
        false => StructureCheck::Damaged(faults),
        true if !until.is_over() => StructureCheck::Sound,
        true => StructureCheck::SoundSoFar,
    })
}

/// Of one table, or, without a name, of the whole file.
async fn of_table(connection: &mut SqliteConnection, table: &'static str) -> sqlx::Result<Vec<String>> {
    // Of names that stand here, and of nothing else.
    let check = match table {
        "" => AssertSqlSafe(format!("PRAGMA quick_check({FAULTS})")),
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
    async fn a_damaged_structure_is_found_and_a_long_look_ends() {
        let folder = tempfile::tempdir().unwrap();
        let start = StoreOptions { durability: Durability::Full, accept_loss: false };
        let store = Store::open(folder.path(), start, Box::new(drop)).await.unwrap();
        store.close().await;
        drop(store);
        let file = crate::server::store::database_path(folder.path());
        let later = || Until(Instant::now() + LONGEST, Arc::default());
        assert_eq!(look(&file, later()).await.unwrap(), StructureCheck::Sound);
        assert_eq!(look(&file, Until(Instant::now(), Arc::default())).await.unwrap(), StructureCheck::SoundSoFar);
        // An index that lacks a row of its table.
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
        assert!(matches!(look(&file, later()).await.unwrap(), StructureCheck::Damaged(faults) if !faults.is_empty()));
    }
}
