//! Publishes the changes of boards to their readers. Each reader has a bounded mailbox, so that a slow
//! one never delays the writer or another reader.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::watch;
use tokio::time::Instant;

use super::event::{EventContent, FeedView, SharedEvent};
use super::mailbox::{Delivery, Mailbox};
use crate::protocol::RunId;
use crate::server::limits::{MIN_POINTS_INTERVAL, MIN_SIGNS_INTERVAL};
use crate::server::store::{AppendEvent, Change, ChangeKind};

#[derive(Default)]
pub struct Hub {
    boards: Mutex<HashMap<Arc<str>, Topic>>,
    /// Notified when a cell has entered or left a board.
    board_list: watch::Sender<()>,
    /// Notified of every commit.
    changes: watch::Sender<()>,
    lagged: AtomicU64,
}

/// The readers of a board.
#[derive(Default)]
struct Topic {
    mailboxes: Vec<Arc<Mailbox>>,
    /// Points that wait for the next flush, and the time of the last one.
    points: Option<AppendEvent>,
    flushed: Option<Instant>,
    /// Signs of life of runs that wait for the next flush, and the time of the last one.
    signs: HashMap<RunId, u64>,
    signs_flushed: Option<Instant>,
}

impl Topic {
    fn broadcast(&self, content: EventContent) {
        let event = Arc::new(SharedEvent::new(content));
        for mailbox in self.mailboxes.iter().filter(|mailbox| mailbox.view.includes(&event.content)) {
            mailbox.put(&event);
        }
    }

    /// Broadcasts the waiting points.
    fn flush_points(&mut self) {
        if let Some(points) = self.points.take() {
            self.flushed = Some(Instant::now());
            self.broadcast(EventContent::Change(Change::Points(points)));
        }
    }

    /// Broadcasts the waiting signs.
    fn flush_signs(&mut self) {
        if !self.signs.is_empty() {
            self.signs_flushed = Some(Instant::now());
            let signs = std::mem::take(&mut self.signs);
            self.broadcast(EventContent::Signs(signs));
        }
    }
}

impl Hub {
    /// Hands the changes of a commit to all readers. Never waits for them.
    pub fn publish(self: &Arc<Self>, changes: Vec<Change>) {
        let is_addition_or_removal = |change: &Change| match change {
            Change::Cell(change) => matches!(change.kind, ChangeKind::Created | ChangeKind::Removed),
            Change::Runs(change) => matches!(change.kind, ChangeKind::Created | ChangeKind::Removed),
            Change::Points(_) => false,
        };
        if changes.iter().any(is_addition_or_removal) {
            self.board_list.send_replace(());
        }
        self.changes.send_replace(());
        let mut boards = lock(&self.boards);
        for change in changes {
            let board = change.board().clone();
            let Some(topic) = boards.get_mut(&board) else { continue };
            match change {
                Change::Cell(_) | Change::Runs(_) => {
                    // Earlier points come first.
                    topic.flush_points();
                    topic.broadcast(EventContent::Change(change));
                }
                Change::Points(new) => {
                    let series = new.cells.iter().flat_map(|cell| &cell.series);
                    let runs: Vec<RunId> = series.filter_map(|series| series.id.run.clone()).collect();
                    match &mut topic.points {
                        Some(waiting) => waiting.merge(new),
                        None => {
                            topic.points = Some(new);
                            match next_flush(topic.flushed, MIN_POINTS_INTERVAL) {
                                None => topic.flush_points(),
                                Some(next) => self.flush_at(&board, next, Topic::flush_points),
                            }
                        }
                    }
                    self.add_signs(topic, &board, runs);
                }
            }
        }
    }

    /// Passes on a sign of life of a run: a heartbeat. Points are signs without this.
    pub fn add_sign(self: &Arc<Self>, board: &Arc<str>, run: RunId) {
        if let Some(topic) = lock(&self.boards).get_mut(board) {
            self.add_signs(topic, board, vec![run]);
        }
    }

    fn add_signs(self: &Arc<Self>, topic: &mut Topic, board: &Arc<str>, runs: Vec<RunId>) {
        if runs.is_empty() {
            return;
        }
        let (now, is_first) = (unix_ms(), topic.signs.is_empty());
        topic.signs.extend(runs.into_iter().map(|run| (run, now)));
        if is_first {
            match next_flush(topic.signs_flushed, MIN_SIGNS_INTERVAL) {
                None => topic.flush_signs(),
                Some(next) => self.flush_at(board, next, Topic::flush_signs),
            }
        }
    }

    fn flush_at(self: &Arc<Self>, board: &Arc<str>, next: Instant, flush: fn(&mut Topic)) {
        let (hub, board) = (Arc::downgrade(self), board.clone());
        tokio::spawn(async move {
            tokio::time::sleep_until(next).await;
            if let Some(hub) = hub.upgrade()
                && let Some(topic) = lock(&hub.boards).get_mut(&board)
            {
                flush(topic);
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

    /// Notified of the changes of every commit, on any board.
    pub fn watch_changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    /// The events of this view that are published from now on.
    pub fn subscribe(self: &Arc<Self>, board: &str, view: FeedView) -> Subscription {
        let (board, mailbox) = (Arc::<str>::from(board), Arc::new(Mailbox::new(view)));
        lock(&self.boards).entry(board.clone()).or_default().mailboxes.push(mailbox.clone());
        Subscription { hub: self.clone(), board, mailbox }
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
        let delivery = self.mailbox.take()?;
        if matches!(delivery, Delivery::Lagged) {
            self.hub.lagged.fetch_add(1, Ordering::Relaxed);
        }
        Some(delivery)
    }

    /// Waits until an event may have come since the mailbox was found empty.
    pub async fn changed(&self) {
        self.mailbox.changed().await;
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

/// When the next flush is due that may follow the last one after `interval`; `None`: now.
fn next_flush(last: Option<Instant>, interval: Duration) -> Option<Instant> {
    last.map(|last| last + interval).filter(|next| *next > Instant::now())
}

fn unix_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use serde_json::Map;

    use super::*;
    use crate::protocol::{CellContent, CellId, SeriesId};
    use crate::series::Points;
    use crate::server::limits::{MAX_MAILBOX_BYTES, MAX_MAILBOX_EVENTS};
    use crate::server::store::{AppendedCell, AppendedSeries, CellChange, ChangeKind, Record, RunRecord, RunsChange, StoredValue};

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
                Delivery::Event(event) => match &event.content {
                    EventContent::Change(change) => Some(change.seq()),
                    EventContent::Signs(_) => panic!("a sign"),
                },
                Delivery::Lagged => None,
            })
            .collect()
    }

    #[test]
    fn readers_get_their_boards_changes_in_order() {
        let hub = Arc::new(Hub::default());
        let (a, b) = (hub.subscribe("a", FeedView::Page), hub.subscribe("b", FeedView::Page));
        hub.publish(vec![change("a", 1, 1), change("b", 1, 1), change("a", 2, 1)]);
        assert_eq!((seqs(&a), seqs(&b)), (vec![Some(1), Some(2)], vec![Some(1)]));
    }

    #[test]
    fn a_slow_reader_lags_and_holds_nothing() {
        let hub = Arc::new(Hub::default());
        let slow = hub.subscribe("a", FeedView::Page);
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

    fn runs(seq: u64) -> Change {
        let record = RunRecord::new("a".into(), RunId::parse("r").unwrap(), Map::new());
        Change::Runs(RunsChange { kind: ChangeKind::Created, board: "a".into(), seq, records: vec![Arc::new(record)] })
    }

    #[test]
    fn readers_get_the_events_of_their_view() {
        let hub = Arc::new(Hub::default());
        let views = [FeedView::Page, FeedView::Document, FeedView::RunDocument];
        let readers = views.map(|view| hub.subscribe("a", view));
        hub.publish(vec![change("a", 7, 1), runs(3)]);
        let received = readers.each_ref().map(seqs);
        assert_eq!(received, [vec![Some(7), Some(3)], vec![Some(7)], vec![Some(3)]]);
    }

    #[tokio::test(start_paused = true)]
    async fn signs_of_runs_come_at_once_and_then_together_and_rarely() {
        let hub = Arc::new(Hub::default());
        let (page, documents) = (hub.subscribe("a", FeedView::Page), hub.subscribe("a", FeedView::RunDocument));
        let signs = || {
            std::iter::from_fn(|| page.try_next())
                .filter_map(|delivery| match delivery {
                    Delivery::Event(event) => match &event.content {
                        EventContent::Signs(signs) => Some(signs.len()),
                        EventContent::Change(_) => None,
                    },
                    Delivery::Lagged => Some(0),
                })
                .collect::<Vec<_>>()
        };
        let id = |text: &str| RunId::parse(text).unwrap();
        let mut new = points(1, 0, &[1.0]);
        if let Change::Points(new) = &mut new {
            new.cells[0].series[0].id.run = Some(id("first"));
        }
        hub.publish(vec![new]);
        assert_eq!(signs(), [1]);
        hub.add_sign(&"a".into(), id("first"));
        hub.add_sign(&"a".into(), id("second"));
        hub.add_sign(&"a".into(), id("second"));
        hub.add_sign(&"nobody-reads".into(), id("second"));
        tokio::time::sleep(MIN_SIGNS_INTERVAL / 2).await;
        assert_eq!(signs().len(), 0);
        tokio::time::sleep(MIN_SIGNS_INTERVAL).await;
        assert_eq!(signs(), [2]);
        tokio::time::sleep(2 * MIN_SIGNS_INTERVAL).await;
        assert_eq!((signs().len(), seqs(&documents).len()), (0, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn points_come_at_once_then_together_and_never_after_a_later_event() {
        let hub = Arc::new(Hub::default());
        let reader = hub.subscribe("a", FeedView::Page);
        let received = || {
            std::iter::from_fn(|| reader.try_next())
                .map(|delivery| match delivery {
                    Delivery::Event(event) => match &event.content {
                        EventContent::Change(Change::Points(points)) => (points.first, points.seq, points.cells[0].series[0].count),
                        EventContent::Change(other) => (other.seq(), other.seq(), 0),
                        EventContent::Signs(_) => panic!("a sign"),
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
        drop(hub.subscribe("a", FeedView::Page));
        assert!(lock(&hub.boards).is_empty());
    }
}
