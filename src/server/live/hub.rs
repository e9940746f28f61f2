//! Publishes the changes of boards to their readers. Each reader has a bounded mailbox, so that a slow
//! one never delays the writer or another reader.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use axum::body::Bytes;
use axum::extract::ws::Utf8Bytes;
use serde_json::Value;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use crate::protocol::points;
use crate::series::Points;
use crate::server::limits::{MAX_MAILBOX_BYTES, MAX_MAILBOX_EVENTS, MIN_POINTS_INTERVAL};
use crate::server::store::{AppendEvent, Change, ChangeKind, Record};

/// Approximate size of a part of a frame of points, beside its name and its numbers.
const PART_BYTES: usize = 100;
// An event with more parts would make every reader lag, so a frame never exceeds the maximum.
const _: () = assert!(MAX_MAILBOX_BYTES / PART_BYTES <= points::MAX_PARTS as usize);

/// The form of cells that a reader gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeedView {
    /// `protocol::Cell`, for the page.
    Page,
    /// The whole document, as the REST API returns it.
    Document,
}

/// A message to a reader.
#[derive(Clone, Debug)]
pub enum LiveFrame {
    Text(Utf8Bytes),
    /// Points, for the page.
    Binary(Bytes),
}

impl LiveFrame {
    pub fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Binary(bytes) => bytes.len(),
        }
    }
}

/// A change on its way to the readers. Each form is encoded once for all of them.
#[derive(Debug)]
pub struct SharedEvent {
    pub change: Change,
    frames: [OnceLock<LiveFrame>; 2],
    /// Approximate size of its frame.
    bytes: usize,
}

impl SharedEvent {
    fn new(change: Change) -> Self {
        let bytes = match &change {
            Change::Cell(change) => {
                let value = change.value.as_ref().map_or(0, |value| value.len());
                value + weight_of(&change.record)
            }
            Change::Points(appended) => {
                let gone = appended.cells.iter().flat_map(|cell| &cell.removed).map(|id| PART_BYTES + id.name.len());
                let series = appended.cells.iter().flat_map(|cell| &cell.series);
                let numbers = series.map(|series| PART_BYTES + series.id.name.len() + 24 * series.points.as_ref().map_or(0, Points::len));
                gone.chain(numbers).sum()
            }
            Change::Runs(change) => change.records.len() * PART_BYTES,
        };
        Self { change, frames: Default::default(), bytes: 256 + bytes }
    }

    /// Whether its frame is large and not encoded yet.
    pub fn needs_encoding(&self, view: FeedView, large: usize) -> bool {
        self.bytes >= large && self.frames[view as usize].get().is_none()
    }

    pub fn bytes(&self) -> usize {
        self.bytes
    }

    pub fn frame(&self, view: FeedView, write: impl FnOnce() -> LiveFrame) -> LiveFrame {
        self.frames[view as usize].get_or_init(write).clone()
    }
}

#[derive(Default)]
pub struct Hub {
    boards: Mutex<HashMap<Arc<str>, Topic>>,
    /// Notified when a cell has entered or left a board.
    board_list: watch::Sender<()>,
    lagged: AtomicU64,
}

/// The readers of a board.
#[derive(Default)]
struct Topic {
    mailboxes: Vec<Arc<Mailbox>>,
    /// Points that wait for the next flush, and the time of the last one.
    points: Option<AppendEvent>,
    flushed: Option<Instant>,
}

impl Topic {
    fn broadcast(&self, change: Change) {
        let event = Arc::new(SharedEvent::new(change));
        for mailbox in &self.mailboxes {
            mailbox.put(&event);
        }
    }

    /// Broadcasts the waiting points.
    fn flush_points(&mut self) {
        if let Some(points) = self.points.take() {
            self.flushed = Some(Instant::now());
            self.broadcast(Change::Points(points));
        }
    }
}

#[derive(Default)]
struct Mailbox {
    waiting: Mutex<Waiting>,
    wake: Notify,
}

#[derive(Default)]
struct Waiting {
    event: VecDeque<Arc<SharedEvent>>,
    bytes: usize,
    lagged: bool,
}

pub enum Delivery {
    Event(Arc<SharedEvent>),
    /// Events were dropped: read the newest state instead.
    Lagged,
}

impl Hub {
    /// Hands the changes of a commit to all readers. Never waits for them.
    pub fn publish(self: &Arc<Self>, changes: Vec<Change>) {
        let moves_cells =
            |change: &Change| matches!(change, Change::Cell(change) if matches!(change.kind, ChangeKind::Created | ChangeKind::Removed));
        if changes.iter().any(moves_cells) {
            self.board_list.send_replace(());
        }
        let mut boards = lock(&self.boards);
        for change in changes {
            let board = change.board().clone();
            let Some(topic) = boards.get_mut(&board) else { continue };
            match change {
                Change::Cell(_) => {
                    // Earlier points come first.
                    topic.flush_points();
                    topic.broadcast(change);
                }
                // Their events have numbers of their own, which readers of cells do not follow.
                Change::Runs(_) => {}
                Change::Points(new) => match &mut topic.points {
                    Some(waiting) => waiting.merge(new),
                    None => {
                        topic.points = Some(new);
                        match topic.flushed.map(|last| last + MIN_POINTS_INTERVAL).filter(|next| *next > Instant::now()) {
                            None => topic.flush_points(),
                            Some(next) => self.flush_points_at(board, next),
                        }
                    }
                },
            }
        }
    }

    fn flush_points_at(self: &Arc<Self>, board: Arc<str>, next: Instant) {
        let hub = Arc::downgrade(self);
        tokio::spawn(async move {
            tokio::time::sleep_until(next).await;
            if let Some(hub) = hub.upgrade()
                && let Some(topic) = lock(&hub.boards).get_mut(&board)
            {
                topic.flush_points();
            }
        });
    }

    /// Number of readers, and how often one of them lagged since the start.
    pub fn readers(&self) -> (usize, u64) {
        let listening = lock(&self.boards).values().map(|topic| topic.mailboxes.len()).sum();
        (listening, self.lagged.load(Ordering::Relaxed))
    }

    /// Notified when the set of boards with cells may have changed.
    pub fn watch_board_list(&self) -> watch::Receiver<()> {
        self.board_list.subscribe()
    }

    pub fn subscribe(self: &Arc<Self>, board: &str) -> Subscription {
        let (board, mailbox) = (Arc::<str>::from(board), Arc::new(Mailbox::default()));
        lock(&self.boards).entry(board.clone()).or_default().mailboxes.push(mailbox.clone());
        Subscription { hub: self.clone(), board, mailbox }
    }
}

impl Mailbox {
    fn put(&self, event: &Arc<SharedEvent>) {
        let mut waiting = lock(&self.waiting);
        if waiting.lagged {
            return;
        }
        waiting.bytes += event.bytes;
        waiting.event.push_back(event.clone());
        if waiting.event.len() > MAX_MAILBOX_EVENTS || waiting.bytes > MAX_MAILBOX_BYTES {
            *waiting = Waiting { lagged: true, ..Waiting::default() };
        }
        drop(waiting);
        self.wake.notify_one();
    }
}

/// A reader's subscription, until it is dropped.
pub struct Subscription {
    hub: Arc<Hub>,
    pub board: Arc<str>,
    mailbox: Arc<Mailbox>,
}

impl Subscription {
    pub fn try_next(&self) -> Option<Delivery> {
        let mut waiting = lock(&self.mailbox.waiting);
        if std::mem::take(&mut waiting.lagged) {
            self.hub.lagged.fetch_add(1, Ordering::Relaxed);
            return Some(Delivery::Lagged);
        }
        let event = waiting.event.pop_front()?;
        waiting.bytes -= event.bytes;
        Some(Delivery::Event(event))
    }

    /// Waits until an event may have come since the mailbox was found empty.
    pub async fn changed(&self) {
        self.mailbox.wake.notified().await;
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let mut boards = lock(&self.hub.boards);
        if let Some(topic) = boards.get_mut(&self.board) {
            topic.mailboxes.retain(|mailbox| !Arc::ptr_eq(mailbox, &self.mailbox));
            if topic.mailboxes.is_empty() {
                boards.remove(&self.board);
            }
        }
    }
}

/// Approximate size of a document as JSON, without its value.
pub fn weight_of(record: &Record) -> usize {
    record.keys.iter().map(|(key, value)| key.len() + weight(value)).sum()
}

/// Approximate size of a value as JSON.
fn weight(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(weight).sum::<usize>() + items.len(),
        Value::Object(keys) => keys.iter().map(|(key, value)| key.len() + weight(value)).sum(),
        _ => 8,
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{CellContent, CellId, SeriesId};
    use crate::server::store::{AppendedCell, AppendedSeries, CellChange, ChangeKind, StoredValue};

    fn change(board: &str, seq: u64, bytes: usize) -> Change {
        let (id, board) = (CellId::parse("a").unwrap(), Arc::<str>::from(board));
        let (keys, value, content) = (serde_json::Map::new(), StoredValue::Missing, CellContent::Empty);
        let (entered_board_seq, created_order, rev, version, created_ms, updated_ms) = (1, 1, seq, 1, 0, 0);
        let record = Record {
            id,
            board: board.clone(),
            seq,
            entered_board_seq,
            created_order,
            rev,
            version,
            created_ms,
            updated_ms,
            keys,
            value,
            content,
        };
        Change::Cell(CellChange { kind: ChangeKind::Patched, board, seq, record: Arc::new(record), value: Some("x".repeat(bytes).into()) })
    }

    fn seqs(subscription: &Subscription) -> Vec<Option<u64>> {
        std::iter::from_fn(|| subscription.try_next())
            .map(|delivery| match delivery {
                Delivery::Event(event) => Some(event.change.seq()),
                Delivery::Lagged => None,
            })
            .collect()
    }

    #[test]
    fn readers_get_their_boards_changes_in_order() {
        let hub = Arc::new(Hub::default());
        let (a, b) = (hub.subscribe("a"), hub.subscribe("b"));
        hub.publish(vec![change("a", 1, 1), change("b", 1, 1), change("a", 2, 1)]);
        assert_eq!((seqs(&a), seqs(&b)), (vec![Some(1), Some(2)], vec![Some(1)]));
    }

    #[test]
    fn a_slow_reader_lags_and_holds_nothing() {
        let hub = Arc::new(Hub::default());
        let slow = hub.subscribe("a");
        hub.publish((1..=MAX_MAILBOX_EVENTS as u64 + 10).map(|seq| change("a", seq, 1)).collect());
        assert_eq!(seqs(&slow), [None]);
        hub.publish(vec![change("a", 300, 1)]);
        assert_eq!(seqs(&slow), [Some(300)]);
        hub.publish(vec![change("a", 301, MAX_MAILBOX_BYTES / 2), change("a", 302, MAX_MAILBOX_BYTES / 2)]);
        assert_eq!(seqs(&slow), [None]);
    }

    fn points(seq: u64, start: u64, y: &[f64]) -> Change {
        let (x, t) = (y.to_vec(), y.to_vec());
        let points = Some(Points { x, y: y.to_vec(), t });
        let series = [AppendedSeries { id: SeriesId::plain("loss"), start, count: y.len() as u64, is_replacement: false, points }]
            .into_iter()
            .collect();
        let cell = AppendedCell { cell: CellId::parse("c").unwrap(), removed: Vec::new(), series };
        Change::Points(AppendEvent { board: "a".into(), first: seq, seq, cells: vec![cell] })
    }

    #[tokio::test(start_paused = true)]
    async fn points_come_at_once_then_together_and_never_after_a_later_event() {
        let hub = Arc::new(Hub::default());
        let reader = hub.subscribe("a");
        let received = || {
            std::iter::from_fn(|| reader.try_next())
                .map(|delivery| match delivery {
                    Delivery::Event(event) => match &event.change {
                        Change::Points(points) => (points.first, points.seq, points.cells[0].series[0].count),
                        other => (other.seq(), other.seq(), 0),
                    },
                    Delivery::Lagged => (0, 0, 0),
                })
                .collect::<Vec<_>>()
        };
        hub.publish(vec![points(1, 0, &[1.0])]);
        assert_eq!(received(), [(1, 1, 1)]);
        hub.publish(vec![points(2, 1, &[1.0])]);
        hub.publish(vec![points(3, 2, &[1.0, 2.0])]);
        assert_eq!(received(), []);
        tokio::time::sleep(2 * MIN_POINTS_INTERVAL).await;
        assert_eq!(received(), [(2, 3, 3)]);
        hub.publish(vec![points(4, 4, &[1.0])]);
        assert_eq!(received(), [(4, 4, 1)]);
        hub.publish(vec![points(5, 5, &[1.0])]);
        hub.publish(vec![change("a", 6, 1)]);
        assert_eq!(received(), [(5, 5, 1), (6, 6, 0)]);
    }

    #[test]
    fn a_dropped_subscription_is_removed() {
        let hub = Arc::new(Hub::default());
        drop(hub.subscribe("a"));
        assert!(lock(&hub.boards).is_empty());
    }
}
