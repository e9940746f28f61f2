//! The frames for one reader of a board, in order: hello, the backlog, then the events as they occur.
//!
//! A large frame reserves memory of the response budget before it is encoded and holds it until it is
//! sent. The largest are encoded in the render pool.

mod encode_next;
mod ready_frame;
mod resume;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;

use tokio::time::{Instant, timeout_at};

use super::encode::{encode, event_frame, needs_stored_value};
use super::hub::{Delivery, FeedView, Subscription};
use crate::protocol::Event;
use crate::server::App;
use crate::server::auth::tokens::TokenRegistry;
use crate::server::boards::Boards;
use crate::server::error::ServerError;
use crate::server::limits::{BOOKMARK_INTERVAL, MAX_UNCOUNTED_RESPONSE_BYTES};
use crate::server::net::response_budget::{Answers, Share, Who};
use crate::server::render::pool::Renderer;
use crate::server::store::{Change, ChangeKind, Record};
pub use ready_frame::ReadyFrame;

/// A frame of this size takes more than a millisecond to encode, and is encoded in the render pool.
const LARGE_FRAME_BYTES: usize = 256 << 10;
/// Copies of a document in memory while it is encoded: as read from disk, as text, and in the frame.
const DOCUMENT_COPIES: usize = 3;
/// Copies of a snapshot in memory while it is encoded: the cells, and the frame.
const SNAPSHOT_COPIES: usize = 2;
/// Memory of a cell in a snapshot beside its texts, in bytes.
const CELL_BYTES: usize = 256;

/// The frames that a reader requests.
pub struct FeedRequest {
    pub board: String,
    /// The epoch and the last event that the reader knows.
    pub resume_from: Option<(String, u64)>,
    pub view: FeedView,
}

pub struct Feed {
    boards: Arc<Boards>,
    tokens: Arc<TokenRegistry>,
    answers: Arc<Answers>,
    renderer: Renderer,
    who: Who,
    subscription: Subscription,
    view: FeedView,
    /// Number of the last event that was handed out.
    seq: u64,
    /// Encoded frames that come first.
    pending: VecDeque<ReadyFrame>,
    /// A snapshot of all cells comes next.
    needs_snapshot: bool,
    /// The newest state of the cells that changed while the reader was away, oldest change first, and
    /// the last event that it includes.
    backlog: VecDeque<(ChangeKind, Arc<Record>)>,
    backlog_end: u64,
    /// Memory for the first frame to encode.
    reserved: Option<Share>,
    /// The next frame while it is encoded; kept if [`Self::next`] is dropped.
    encoding: Option<Encoding>,
    bookmark_at: Instant,
}

/// An encoded frame, the last event that it includes, and whether it is the first of the backlog.
struct EncodedFrame {
    ready: ReadyFrame,
    seq: u64,
    is_backlog: bool,
}

type Encoding = Pin<Box<dyn Future<Output = Result<EncodedFrame, ServerError>> + Send>>;

enum Step {
    Ready(ReadyFrame),
    /// The next frame is being encoded.
    Encoding,
    Nothing,
}

impl Feed {
    pub fn new(app: &App, who: Who, request: FeedRequest) -> Self {
        let FeedRequest { board, resume_from, view } = request;
        // Subscribes before the state is read: an event in between is in the mailbox, and is skipped by
        // its number.
        let subscription = app.hub.subscribe(&board);
        let boards = app.boards.clone();
        let head = boards.index().board(&board).map_or(0, |board| board.seq);
        let epoch = boards.epoch().to_owned();
        let mut feed = Self {
            boards,
            tokens: app.tokens.clone(),
            answers: app.answers.clone(),
            renderer: app.renderer.clone(),
            who,
            subscription,
            view,
            seq: head,
            pending: VecDeque::new(),
            needs_snapshot: false,
            backlog: VecDeque::new(),
            backlog_end: 0,
            reserved: None,
            encoding: None,
            bookmark_at: Instant::now() + BOOKMARK_INTERVAL,
        };
        match resume_from {
            None => {}
            Some((known, since)) if known == epoch && since <= head => {
                feed.seq = since;
                feed.catch_up();
            }
            Some(_) => feed.restart(),
        }
        // The hello names the end of the backlog, which may be past `head`.
        let hello = Event::<()>::Hello { epoch, seq: feed.seq.max(feed.backlog_end), build: app.site.build().to_owned() };
        feed.pending.push_front(ReadyFrame { frame: encode(&hello), share: None });
        feed
    }

    pub fn is_page(&self) -> bool {
        self.view == FeedView::Page
    }

    /// The epoch and the last event that the reader has, once it has all pending frames.
    pub fn reached(&self) -> Option<(&str, u64)> {
        self.pending.is_empty().then(|| (self.boards.epoch(), self.seq))
    }

    /// Reserves the memory for the first frames, while the reader can still get an error: 503.
    pub async fn begin(&mut self) -> Result<(), ServerError> {
        for ready in self.pending.iter_mut().filter(|ready| ready.frame.len() >= MAX_UNCOUNTED_RESPONSE_BYTES) {
            ready.share = Some(self.answers.share(&self.who, ready.frame.len()).await?);
        }
        let bytes = if self.needs_snapshot {
            self.snapshot_bytes()
        } else {
            self.backlog.front().map_or(0, |(_, record)| self.encoding_bytes(record))
        };
        self.reserved = Some(self.answers.share(&self.who, bytes).await?);
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
            if std::mem::take(&mut self.needs_snapshot) {
                return self.encode_snapshot();
            }
            if let Some((kind, record)) = self.backlog.front().cloned() {
                return self.encode_record(kind, record);
            }
            if self.backlog_end > self.seq {
                self.seq = self.backlog_end;
                return Step::Ready(self.bookmark());
            }
            match self.subscription.try_next() {
                None => return Step::Nothing,
                Some(Delivery::Lagged) => self.catch_up(),
                Some(Delivery::Event(event)) if event.change.seq() <= self.seq => {}
                Some(Delivery::Event(event)) if needs_stored_value(&event, self.view) => {
                    if let Change::Cell(change) = &event.change {
                        self.backlog.push_front((change.kind, change.record.clone()));
                    }
                }
                Some(Delivery::Event(event)) if event.needs_encoding(self.view, LARGE_FRAME_BYTES) => return self.encode_event(event),
                Some(Delivery::Event(event)) => {
                    let frame = event_frame(&event, self.view, &self.tokens);
                    self.seq = event.change.seq();
                    return self.hand_out(ReadyFrame { frame, share: None });
                }
            }
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
                    let EncodedFrame { ready, seq, is_backlog } = made?;
                    if is_backlog {
                        self.backlog.pop_front();
                    }
                    self.seq = self.seq.max(seq);
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
            ready.share = self.answers.try_share(&self.who, ready.frame.len());
            if ready.share.is_none() {
                let (answers, who, seq) = (self.answers.clone(), self.who.clone(), self.seq);
                self.encoding = Some(Box::pin(async move {
                    ready.share = Some(answers.share(&who, ready.frame.len()).await?);
                    Ok(EncodedFrame { ready, seq, is_backlog: false })
                }));
                return Step::Encoding;
            }
        }
        Step::Ready(ready)
    }
}
