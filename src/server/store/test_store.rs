//! A store for the model test: with small limits, without waiting for locks, and with a crash.

use std::path::Path;

use sqlx::{ConnectOptions, Connection};

use super::writer::compaction::CompactionLimits;
use super::{Durability, PoisonError, Publish, Store, StoreOptions, open, write};

impl Store {
    /// Opens a store with limits that are reached soon. A locked database is an error at once.
    pub async fn open_with_small_limits(folder: &Path, durability: Durability, publish: Publish) -> Self {
        let mut opened = open::open(
            folder,
            StoreOptions { durability, accept_loss: false, content_fn: crate::server::boards::cell_content::cell_content },
        )
        .await
        .unwrap();
        opened.compaction.limits = CompactionLimits { journal_bytes: 4 << 10, pyramids: 3 };
        sqlx::query("PRAGMA busy_timeout = 0").execute(&mut opened.connection).await.unwrap();
        Self::begin(opened, publish)
    }

    /// Aborts the writer, without a record of a clean shutdown.
    pub async fn crash(&self, folder: &Path) {
        write(&self.queue).take();
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = writer {
            writer.abort();
            let _ = writer.await;
        }
        self.readers.close().await;
        // SQLite's thread has ended its last statement when another connection gets the lock.
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(crate::server::data_dir::database_path(folder));
        let mut connection = options.connect().await.unwrap();
        sqlx::raw_sql("BEGIN IMMEDIATE; ROLLBACK").execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }
}
