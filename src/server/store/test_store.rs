//! A store for the model test: small bounds, nobody is waited for, and it can end as a process does that is killed.

use std::path::Path;

use sqlx::{ConnectOptions, Connection};

use super::series::compaction::Limits;
use super::{Durability, PoisonError, Publish, Store, StoreOptions, open, write};

impl Store {
    /// With bounds so small that chunks, tails and the journal's end come about soon; a locked database is an error at once.
    pub async fn open_with_small_limits(folder: &Path, durability: Durability, publish: Publish) -> Self {
        let mut opened = open::open(folder, StoreOptions { durability, accept_loss: false }).await.unwrap();
        opened.compaction.limits = Limits { journal_bytes: 4 << 10, pyramids: 3 };
        sqlx::query("PRAGMA busy_timeout = 0").execute(&mut opened.connection).await.unwrap();
        Self::begin(opened, publish)
    }

    /// The writer stops where it stands, and nothing notes the end.
    pub async fn crash(&self, folder: &Path) {
        write(&self.queue).take();
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = writer {
            writer.abort();
            let _ = writer.await;
        }
        self.readers.close().await;
        // What SQLite's thread was given last is over when another one gets the lock.
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(super::database_path(folder));
        let mut connection = options.connect().await.unwrap();
        sqlx::raw_sql("BEGIN IMMEDIATE; ROLLBACK").execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }
}
