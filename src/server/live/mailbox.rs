//! The mailbox of one reader: events that wait for it, of a bounded number and size.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::event::{FeedView, SharedEvent};
use crate::server::limits::{MAX_MAILBOX_BYTES, MAX_MAILBOX_EVENTS};

pub struct Mailbox {
    /// Which events the reader gets.
    pub view: FeedView,
    waiting: Mutex<Waiting>,
    wake: Notify,
}

#[derive(Default)]
struct Waiting {
    events: VecDeque<Arc<SharedEvent>>,
    bytes: usize,
    lagged: bool,
}

pub enum Delivery {
    Event(Arc<SharedEvent>),
    /// Events were dropped: read the newest state instead.
    Lagged,
}

impl Mailbox {
    pub fn new(view: FeedView) -> Self {
        Self { view, waiting: Mutex::default(), wake: Notify::new() }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an event. Empties the mailbox where that would exceed its bounds.
    pub fn put(&self, event: &Arc<SharedEvent>) {
        let mut waiting = self.waiting();
        if waiting.lagged {
            return;
        }
        waiting.bytes += event.bytes();
        waiting.events.push_back(event.clone());
        if waiting.events.len() > MAX_MAILBOX_EVENTS || waiting.bytes > MAX_MAILBOX_BYTES {
            *waiting = Waiting { lagged: true, ..Waiting::default() };
        }
        drop(waiting);
        self.wake.notify_one();
    }

    /// Removes the oldest event.
    pub fn take(&self) -> Option<Delivery> {
        let mut waiting = self.waiting();
        if std::mem::take(&mut waiting.lagged) {
            return Some(Delivery::Lagged);
        }
        let event = waiting.events.pop_front()?;
        waiting.bytes -= event.bytes();
        Some(Delivery::Event(event))
    }

    /// Waits until an event may have come since the mailbox was found empty.
    pub async fn changed(&self) {
        self.wake.notified().await;
    }
}
