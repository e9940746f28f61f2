//! The frames for one reader of a board, in order: hello, the backlog, then the events as they occur.
//!
//! A large frame reserves memory of the response budget before it is encoded and holds it until it is
//! sent. The largest are encoded in the render pool.

mod encode_next;
mod ready_frame;
mod resume;
#[cfg(test)]
mod tests;

use std::collections::{HashSet, VecDeque};
use std::pin::Pin;
use std::sync::Arc;

use tokio::time::{Instant, timeout_at};

use super::encode::encode;
use super::encode_points::{chosen_points_frame, has_runs};
use super::encoder::{Encoder, needs_stored_value};
use super::event::{EventContent, FeedView, SharedEvent};
use super::hub::Subscription;
use super::mailbox::Delivery;
use crate::protocol::{Event, RunId};
use crate::server::App;
use crate::server::boards::Boards;
use crate::server::error::ServerError;
use crate::server::limits::{BOOKMARK_INTERVAL, MAX_UNCOUNTED_RESPONSE_BYTES};
use crate::server::net::response_budget::{Answers, Principal, Share};
use crate::server::render::pool::Renderer;
use crate::server::store::{Change, ChangeKind, Record, RunRecord};
pub use ready_frame::ReadyFrame;

/// A frame of this size takes more than a millisecond to encode, and is encoded in the render pool.
const LARGE_FRAME_BYTES: usize = 256 << 10;
/// Copies of a document in memory while it is encoded: as read from disk, as text, and in the frame.
const DOCUMENT_COPIES: usize = 3;
/// Copies of a snapshot in memory while it is encoded: the cells, and the frame.
const SNAPSHOT_COPIES: usize = 2;
/// Memory of a cell in a snapshot beside its texts, in bytes.
const CELL_BYTES: usize = 256;

/// Bytes of the documents of runs in one frame, about; of one event of many runs the rest is in further frames.
const RUN_FRAME_BYTES: usize = 64 << 10;
/// Memory of a run in the list of a page, in bytes.
const LISTED_RUN_BYTES: usize = 2 << 10;

/// The frames that a reader requests.
pub struct FeedRequest {
    pub board: String,
    pub resume_from: Option<Position>,
    pub view: FeedView,
}

/// The last events that a reader knows.
pub struct Position {
    pub epoch: String,
    /// Of the events of its view; for the page those of cells.
    pub seq: u64,
    /// For the page: of the events of runs; `None` for a page that lists none.
    pub run_seq: Option<u64>,
}

pub struct Feed {
    boards: Arc<Boards>,
    encoder: Encoder,
    answers: Arc<Answers>,
    renderer: Renderer,
    principal: Principal,
    subscription: Subscription,
    view: FeedView,
    /// Number of the last event that was handed out; for the page that of cells.
    seq: u64,
    /// For the page: that of runs.
    run_seq: u64,
    /// The runs whose points the page wants; `None`: all.
    chosen_runs: Option<HashSet<RunId>>,
    /// Encoded frames that come first.
    pending: VecDeque<ReadyFrame>,
    /// The list of runs comes next. It comes before the cells: a page that loses its connection in between still has the epoch before.
    needs_run_list: bool,
    /// A snapshot of all cells comes next.
    needs_snapshot: bool,
    /// The newest state of what changed while the reader was away, oldest change first, and the last event
    /// that it includes.
    backlog: VecDeque<BacklogItem>,
    backlog_end: u64,
    /// Memory for the first frame to encode.
    reserved: Option<Share>,
    /// The next frame while it is encoded; kept if [`Self::next`] is dropped.
    encoding: Option<Encoding>,
    bookmark_at: Instant,
}

#[derive(Clone)]
enum BacklogItem {
    Cell(ChangeKind, Arc<Record>),
    /// Runs of one frame, and the last event of which all runs have been handed out with it.
    Runs(ChangeKind, u64, Vec<Arc<RunRecord>>),
}

/// An encoded frame, the last event that it includes, and whether it is the first of the backlog.
struct EncodedFrame {
    ready: ReadyFrame,
    reached: Reached,
    is_backlog: bool,
}

/// An event that a frame includes with all before it.
#[derive(Clone, Copy)]
enum Reached {
    Nothing,
    /// Of [`Feed::seq`].
    Event(u64),
    /// Of [`Feed::run_seq`].
    RunEvent(u64),
}

type Encoding = Pin<Box<dyn Future<Output = Result<EncodedFrame, ServerError>> + Send>>;

enum Step {
    Ready(ReadyFrame),
    /// The next frame is being encoded.
    Encoding,
    Nothing,
}

impl Feed {
    pub fn new(app: &App, principal: Principal, request: FeedRequest) -> Self {
        let FeedRequest { board, resume_from, view } = request;
        // Subscribes before the state is read: an event in between is in the mailbox, and is skipped by
        // its number.
        let subscription = app.hub.subscribe(&board, view);
        let boards = app.boards.clone();
        let (head, run_head) = boards.index().board(&board).map_or((0, 0), |board| (board.seq, board.run_seq));
        let head = if view == FeedView::RunDocument { run_head } else { head };
        let epoch = boards.epoch().to_owned();
        let mut feed = Self {
            encoder: Encoder { boards: boards.clone(), tokens: app.tokens.clone() },
            boards,
            answers: app.answers.clone(),
            renderer: app.renderer.clone(),
            principal,
            subscription,
            view,
            seq: head,
            run_seq: run_head,
            chosen_runs: None,
            pending: VecDeque::new(),
            needs_run_list: false,
            needs_snapshot: false,
            backlog: VecDeque::new(),
            backlog_end: 0,
            reserved: None,
            encoding: None,
            bookmark_at: Instant::now() + BOOKMARK_INTERVAL,
        };
        match resume_from {
            None => {}
            Some(Position { epoch: known, seq, run_seq }) if known == epoch && seq <= head => {
                feed.seq = seq;
                feed.run_seq = run_seq.unwrap_or(run_head);
                feed.catch_up();
            }
            Some(Position { run_seq, .. }) => {
                feed.needs_run_list = view == FeedView::Page && run_seq.is_some_and(|run_seq| run_seq.max(run_head) > 0);
                feed.restart();
            }
        }
        // The hello names the end of the backlog, which may be past `head`.
        let hello = Event::<()>::Hello { epoch, seq: feed.seq.max(feed.backlog_end), build: app.site.build().to_owned() };
        feed.pending.push_front(ReadyFrame { frame: encode(&hello), share: None });
        feed
    }

    pub fn is_page(&self) -> bool {
        self.view == FeedView::Page
    }

    /// From now on the page gets the points of these runs only.
    pub fn choose_runs(&mut self, runs: HashSet<RunId>) {
        self.chosen_runs = Some(runs);
    }

    /// The epoch and the last event that the reader has, once it has all pending frames.
    pub fn reached(&self) -> Option<(&str, u64)> {
        self.pending.is_empty().then(|| (self.boards.epoch(), self.seq))
    }

    /// Reserves the memory for the first frames, while the reader can still get an error: 503.
    pub async fn begin(&mut self) -> Result<(), ServerError> {
        for ready in self.pending.iter_mut().filter(|ready| ready.frame.len() >= MAX_UNCOUNTED_RESPONSE_BYTES) {
            ready.share = Some(self.answers.share(&self.principal, ready.frame.len()).await?);
        }
        let bytes = match self.backlog.front() {
            _ if self.needs_run_list => self.run_list_bytes(),
            _ if self.needs_snapshot => self.snapshot_bytes(),
            Some(item) => self.encoding_bytes(item),
            None => 0,
        };
        self.reserved = Some(self.answers.share(&self.principal, bytes).await?);
        Ok(())
    }

    /// The next step, without waiting and without the disk.
    fn step(&mut self) -> Step {
        loop {
            if self.encoding.is_some() {
                return Step::Encoding;
            }
            if let Some(ready) = self.pending.pop_front() {
                return self.hand_out(ready);
            }
            if std::mem::take(&mut self.needs_run_list) {
                return self.encode_run_list();
            }
            if std::mem::take(&mut self.needs_snapshot) {
                return self.encode_snapshot();
            }
            if let Some(item) = self.backlog.front().cloned() {
                return self.encode_backlog(item);
            }
            if self.backlog_end > self.seq {
                self.seq = self.backlog_end;
                return Step::Ready(self.bookmark());
            }
            match self.subscription.try_next() {
                None => return Step::Nothing,
                Some(Delivery::Lagged) => self.catch_up(),
                Some(Delivery::Event(event)) => {
                    if let Some(step) = self.take_event(event) {
                        return step;
                    }
                }
            }
        }
    }

    /// `None` if the reader gets no frame of the event.
    fn take_event(&mut self, event: Arc<SharedEvent>) -> Option<Step> {
        let reached = self.reached_by(&event);
        match reached {
            Reached::Event(seq) if seq <= self.seq => return None,
            Reached::RunEvent(seq) if seq <= self.run_seq => return None,
            _ => {}
        }
        if needs_stored_value(&event, self.view) {
            if let EventContent::Change(Change::Cell(change)) = &event.content {
                self.backlog.push_front(BacklogItem::Cell(change.kind, change.record.clone()));
            }
            return None;
        }
        if let (EventContent::Change(Change::Points(appended)), Some(chosen)) = (&event.content, &self.chosen_runs)
            && has_runs(appended)
        {
            let frame = chosen_points_frame(appended, chosen);
            self.reach(reached);
            return frame.map(|frame| self.hand_out(ReadyFrame { frame, share: None }));
        }
        if event.needs_encoding(self.view, LARGE_FRAME_BYTES) {
            return Some(self.encode_event(event));
        }
        let frame = self.encoder.event_frame(&self.subscription.board, &event, self.view);
        self.reach(reached);
        Some(self.hand_out(ReadyFrame { frame, share: None }))
    }

    fn reached_by(&self, event: &SharedEvent) -> Reached {
        match &event.content {
            EventContent::Signs(_) => Reached::Nothing,
            EventContent::Change(Change::Runs(change)) if self.view == FeedView::Page => Reached::RunEvent(change.seq),
            EventContent::Change(change) => Reached::Event(change.seq()),
        }
    }

    fn reach(&mut self, reached: Reached) {
        match reached {
            Reached::Nothing => {}
            Reached::Event(seq) => self.seq = self.seq.max(seq),
            Reached::RunEvent(seq) => self.run_seq = self.run_seq.max(seq),
        }
    }

    /// The next frame, if it is there without waiting.
    pub fn ready(&mut self) -> Option<ReadyFrame> {
        match self.step() {
            Step::Ready(ready) => Some(ready),
            Step::Encoding | Step::Nothing => None,
        }
    }

    /// The next frame. Cancel-safe.
    pub async fn next(&mut self) -> Result<ReadyFrame, ServerError> {
        loop {
            match (self.step(), &mut self.encoding) {
                (Step::Ready(ready), _) => return Ok(ready),
                (_, Some(encoding)) => {
                    let made = encoding.as_mut().await;
                    self.encoding = None;
                    let EncodedFrame { ready, reached, is_backlog } = made?;
                    if is_backlog {
                        self.backlog.pop_front();
                    }
                    self.reach(reached);
                    self.bookmark_at = Instant::now() + BOOKMARK_INTERVAL;
                    return Ok(ready);
                }
                (_, None) => {
                    if timeout_at(self.bookmark_at, self.subscription.changed()).await.is_err() {
                        return Ok(self.bookmark());
                    }
                }
            }
        }
    }

    /// Whether the next frame waits only for the disk.
    #[cfg(test)]
    pub fn has_backlog(&self) -> bool {
        self.encoding.is_some() || !self.backlog.is_empty()
    }

    fn bookmark(&mut self) -> ReadyFrame {
        self.bookmark_at = Instant::now() + BOOKMARK_INTERVAL;
        ReadyFrame { frame: encode(&Event::<()>::Bookmark { seq: self.seq }), share: None }
    }

    /// Hands out an encoded frame. A large one may have to wait for memory.
    fn hand_out(&mut self, mut ready: ReadyFrame) -> Step {
        self.bookmark_at = Instant::now() + BOOKMARK_INTERVAL;
        if ready.share.is_none() && ready.frame.len() >= MAX_UNCOUNTED_RESPONSE_BYTES {
            ready.share = self.answers.try_share(&self.principal, ready.frame.len());
            if ready.share.is_none() {
                let (answers, principal) = (self.answers.clone(), self.principal.clone());
                self.encoding = Some(Box::pin(async move {
                    ready.share = Some(answers.share(&principal, ready.frame.len()).await?);
                    Ok(EncodedFrame { ready, reached: Reached::Nothing, is_backlog: false })
                }));
                return Step::Encoding;
            }
        }
        Step::Ready(ready)
    }
}
