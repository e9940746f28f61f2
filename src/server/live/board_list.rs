//! Notifies pages when another board gets its first cell or run, or loses its last one.

use std::sync::Arc;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::hub::Hub;
use crate::server::boards::Boards;
use crate::server::limits::MIN_BOARD_LIST_INTERVAL;

/// The set of boards with cells or runs, as one reader observes it.
pub struct BoardListWatch {
    boards: Arc<Boards>,
    changes: watch::Receiver<()>,
    version: u64,
    next: Instant,
}

impl BoardListWatch {
    pub fn new(hub: &Hub, boards: Arc<Boards>) -> Self {
        // Subscribes before the version is read, so that no change in between is missed.
        let changes = hub.watch_board_list();
        let version = boards.index().board_list_version();
        Self { boards, changes, version, next: Instant::now() }
    }

    /// Waits until the set has changed. Cancel-safe.
    pub async fn changed(&mut self) {
        loop {
            sleep_until(self.next).await;
            if self.changes.changed().await.is_err() {
                // The hub is gone: the server stops.
                return std::future::pending().await;
            }
            self.next = Instant::now() + MIN_BOARD_LIST_INTERVAL;
            let version = self.boards.index().board_list_version();
            if std::mem::replace(&mut self.version, version) != version {
                return;
            }
        }
    }
}
