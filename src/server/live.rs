//! `/live` (WebSocket) and `/events` (Server-Sent Events): one feed of frames behind both.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, close_code, rejection::WebSocketUpgradeRejection};
use axum::extract::{Query, State, WebSocketUpgrade};
use axum::http::HeaderMap;
use axum::response::sse::{Event as SseEvent, Sse};
use axum::response::{IntoResponse, Response};
use futures::stream::Stream;
use futures::{SinkExt, StreamExt};
use serde::Deserialize;
use tokio::time::{Instant, timeout, timeout_at};

use super::App;
use super::access::Access;
use super::board::{self, Boards};
use super::error::Problem;
use super::frames::{
    STALLED, appended_frame, count_frames, document_frame, encode, message, notice_frame, page_frame, patience, points_frame,
};
use super::guard::Caller;
use super::hub::{Delivery, Frame, Subscription, View};
use super::store::{CellChange, Change, Held, Kind, Record};
use crate::protocol::points::PartRef;
use crate::protocol::{ErrorKind, Event};

/// Also the longest silence on a healthy line.
const BOOKMARK_EVERY: Duration = Duration::from_secs(15);
const PROTOCOL: &str = "agnez";
const REVOKED: &str = "The token was revoked.";
/// Readers have nothing to say here.
const INCOMING_BYTES: usize = 4096;
/// What is gathered for one write; a frame that is larger is written alone.
const TOGETHER_BYTES: usize = 16 << 10;
/// One frame with the largest document fits.
const OUTGOING_BYTES: usize = 40 << 20;

#[derive(Debug, Deserialize)]
pub struct Ask {
    #[serde(default)]
    board: String,
    epoch: Option<String>,
    since: Option<u64>,
    view: Option<String>,
}

/// Which frames a reader wants.
pub struct Asked {
    pub board: String,
    /// The epoch and the last change that it knows.
    pub from: Option<(String, u64)>,
    pub view: View,
}

impl Ask {
    fn check(self) -> Result<Asked, Problem> {
        let board = board::board_name(&self.board)?.to_owned();
        let view = match self.view.as_deref() {
            None | Some("document") => View::Document,
            Some("page") => View::Page,
            Some(other) => return Err(ErrorKind::BadRequest.with(format!("'view' must be document or page, not '{other}'.")).into()),
        };
        let from = match (self.epoch, self.since) {
            (Some(epoch), Some(since)) => Some((epoch, since)),
            (None, None) => None,
            _ => return Err(ErrorKind::BadRequest.with("To resume, send both 'epoch' and 'since', as the last frames had them.").into()),
        };
        Ok(Asked { board, from, view })
    }
}

pub async fn socket(
    State(app): State<App>,
    Extension(caller): Extension<Arc<Caller>>,
    Query(ask): Query<Ask>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    let asked = ask.check()?;
    let upgrade = upgrade.map_err(|_| ErrorKind::BadRequest.with("This address speaks WebSocket; for a plain stream use /events."))?;
    let upgrade = upgrade.max_message_size(INCOMING_BYTES).max_frame_size(INCOMING_BYTES);
    let upgrade = upgrade.write_buffer_size(TOGETHER_BYTES).max_write_buffer_size(OUTGOING_BYTES);
    // Who shows a token as a subprotocol asks for this one too, and is answered with it.
    let upgrade = upgrade.protocols([PROTOCOL]);
    Ok(upgrade.on_upgrade(move |socket| {
        let tracker = app.tasks.clone();
        tracker.track_future(async move {
            if serve(socket, &app, asked, caller.token.as_deref()).await.is_err() {
                tracing::debug!("a live connection broke off");
            }
        })
    }))
}

/// Takes the connection of somebody whose token is not known, or not any more, and closes it with the reason. Nothing else is sent.
pub fn end(upgrade: WebSocketUpgrade) -> Response {
    upgrade.protocols([PROTOCOL]).max_message_size(INCOMING_BYTES).on_upgrade(async |mut socket| {
        let close = CloseFrame { code: close_code::POLICY, reason: Utf8Bytes::from_static(REVOKED) };
        let _ = timeout(STALLED, socket.send(Message::Close(Some(close)))).await;
    })
}

async fn serve(socket: WebSocket, app: &App, asked: Asked, token: Option<&str>) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let is_page = asked.view == View::Page;
    let mut notice = None;
    let mut feed = Feed::new(app, asked);
    let (mut outgoing, mut incoming) = socket.split();
    let mut ended = pin!(app.access.ended(token));
    loop {
        let frame = tokio::select! {
            frame = feed.next() => frame?,
            heard = incoming.next() => match heard {
                None | Some(Err(_) | Ok(Message::Close(_))) => return Ok(()),
                Some(Ok(_)) => continue,
            },
            () = &mut ended => {
                let close = CloseFrame { code: close_code::POLICY, reason: Utf8Bytes::from_static(REVOKED) };
                let _ = timeout(STALLED, outgoing.send(Message::Close(Some(close)))).await;
                return Ok(());
            }
            () = app.stopping.cancelled() => {
                let close = CloseFrame { code: close_code::RESTART, reason: Utf8Bytes::from_static("The server is stopping.") };
                let _ = timeout(STALLED, outgoing.send(Message::Close(Some(close)))).await;
                return Ok(());
            }
        };
        let mut longest = patience(&frame);
        timeout(longest, outgoing.feed(message(frame))).await??;
        // What is ready goes out together.
        while let Some(frame) = feed.ready() {
            longest = longest.max(patience(&frame));
            timeout(longest, outgoing.feed(message(frame))).await??;
        }
        let now = app.boards.store.tally().notice();
        if is_page && std::mem::replace(&mut notice, now) != now {
            timeout(longest, outgoing.feed(message(notice_frame(now)))).await??;
        }
        timeout(longest, outgoing.flush()).await??;
    }
}

pub async fn events(
    State(app): State<App>,
    Extension(caller): Extension<Arc<Caller>>,
    Query(mut ask): Query<Ask>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    // What EventSource sends when it reconnects by itself.
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()).and_then(|id| id.split_once(':'));
    if let Some((epoch, Ok(since))) = last.map(|(epoch, since)| (epoch, since.parse())) {
        (ask.epoch, ask.since) = (Some(epoch.to_owned()), Some(since));
    }
    let asked = ask.check()?;
    if asked.view == View::Page {
        return Err(ErrorKind::BadRequest.with("This stream has documents; view=page is for /live.").into());
    }
    let feed = Feed::new(&app, asked);
    Ok(Sse::new(sse(feed, app, caller)).into_response())
}

fn sse(feed: Feed, app: App, caller: Arc<Caller>) -> impl Stream<Item = Result<SseEvent, Infallible>> {
    futures::stream::unfold((feed, app, caller), async |(mut feed, app, caller)| {
        let frame = tokio::select! {
            frame = feed.next() => frame.ok()?,
            () = app.access.ended(caller.token.as_deref()) => return None,
            () = app.stopping.cancelled() => return None,
        };
        let event = SseEvent::default().data(match &frame {
            Frame::Text(text) => text.as_str(),
            // This stream has documents only.
            Frame::Binary(_) => return None,
        });
        // Where a snapshot follows, the reader is not yet anywhere.
        let id = format!("{}:{}", feed.boards.store.epoch(), feed.seq);
        let event = if feed.first.is_empty() { event.id(id) } else { event };
        Some((Ok(event), (feed, app, caller)))
    })
}

/// The frames for one reader, in order: hello, what it missed, then what happens.
pub struct Feed {
    boards: Arc<Boards>,
    access: Arc<Access>,
    subscription: Subscription,
    view: View,
    /// Everything up to here was given out.
    seq: u64,
    /// Written frames that come before everything else.
    first: VecDeque<Frame>,
    /// The newest state of cells that changed while the reader was away, oldest change first; then, up to where that reaches.
    missed: VecDeque<(Kind, Arc<Record>)>,
    reaches: u64,
    quiet_until: Instant,
}

impl Feed {
    pub fn new(app: &App, asked: Asked) -> Self {
        let Asked { board, from, view } = asked;
        // Subscribed before the state is read: what happens in between is in the mailbox, and passed over by its number.
        let subscription = app.hub.subscribe(&board);
        let boards = app.boards.clone();
        let head = boards.store.index().board(&board).map_or(0, |board| board.seq);
        let epoch = boards.store.epoch().to_owned();
        let (first, missed) = (VecDeque::new(), VecDeque::new());
        let quiet_until = Instant::now() + BOOKMARK_EVERY;
        let access = app.access.clone();
        let mut feed = Self { boards, access, subscription, view, seq: head, first, missed, reaches: 0, quiet_until };
        match from {
            None => {}
            Some((known, since)) if known == epoch && since <= head => {
                feed.seq = since;
                feed.catch_up();
            }
            Some(_) => feed.start_over(),
        }
        // It says how far the feed catches up, which may be past `head`: only what comes after that is told change by change.
        let hello = Event::<()>::Hello { epoch, seq: feed.seq.max(feed.reaches), build: app.site.build().to_owned() };
        feed.first.push_front(encode(&hello));
        feed
    }

    /// Plans what the reader misses: the newest version of each cell that changed, and the removals.
    fn catch_up(&mut self) {
        let seq = self.seq;
        let mut missed: Vec<(Kind, Arc<Record>)> = {
            let index = self.boards.store.index();
            let Some(board) = index.board(&self.subscription.board) else { return };
            if seq < board.floor {
                drop(index);
                return self.start_over();
            }
            self.reaches = board.seq;
            let grew = |record: &Record| record.is_line() && index.cell_series(&record.id).is_some_and(|known| known.seq > seq);
            if self.view == View::Page {
                let parts = board.cells.values().filter(|record| record.is_line()).flat_map(|record| {
                    let (cell, series) = (&record.id, index.series(&record.id));
                    // The number alone: the page asks for the columns of what it shows. After 0, what it knows of that name is over.
                    let count = |(name, count)| PartRef { cell, series: name, start: Some(count), n: 0, numbers: None };
                    // Of a line that lost its last series nothing is left that could say when.
                    let is_empty = series.is_empty() && record.seq > seq && record.entered <= seq;
                    let known = series.iter().filter(|_| grew(record)).flat_map(move |series| {
                        let over = (series.began > seq).then_some((&*series.name, 0));
                        over.into_iter().chain([(&*series.name, series.count())])
                    });
                    known.chain(is_empty.then_some(("", 0))).map(count)
                });
                let parts: Vec<PartRef> = parts.collect();
                self.first.extend(count_frames(seq, &parts));
            }
            let alive = board.cells.values().map(|record| (if record.entered > seq { Kind::Created } else { Kind::Patched }, record));
            let alive = alive.filter(|(_, record)| record.seq > seq || (self.view == View::Document && grew(record)));
            let removed = board.graves.range(seq + 1..).map(|(_, record)| (Kind::Removed, record));
            alive.chain(removed).map(|(kind, record)| (kind, record.clone())).collect()
        };
        missed.sort_by_key(|(_, record)| record.seq);
        self.missed = missed.into();
    }

    /// The reader's past cannot be continued. The page gets all cells in one frame, so that it can keep what it shows; a
    /// reader of documents gets an empty snapshot and then each document, so that no frame is larger than one of them.
    fn start_over(&mut self) {
        let mut board = self.boards.snapshot(&self.subscription.board);
        board.cells.iter_mut().for_each(|cell| self.access.sign(&self.subscription.board, cell));
        let epoch = board.epoch;
        match self.view {
            View::Page => {
                self.seq = board.seq;
                self.first.push_back(encode(&Event::Snapshot { epoch, seq: board.seq, cells: board.cells }));
            }
            View::Document => {
                self.seq = 0;
                self.first.push_back(encode(&Event::<()>::Snapshot { epoch, seq: 0, cells: Vec::new() }));
                let index = self.boards.store.index();
                let Some(known) = index.board(&self.subscription.board) else { return };
                let mut all: Vec<_> = known.cells.values().cloned().collect();
                all.sort_by_key(|record| record.seq);
                self.missed = all.into_iter().map(|record| (Kind::Created, record)).collect();
                self.reaches = known.seq;
            }
        }
    }

    /// What comes next, without waiting and without the disk.
    fn step(&mut self) -> Step {
        loop {
            if let Some(frame) = self.first.pop_front() {
                return self.give(frame);
            }
            if let Some((kind, record)) = self.missed.front().cloned() {
                // Taken away only when written: who reads the value may be dropped meanwhile.
                return Step::Write(kind, record);
            }
            if self.reaches > self.seq {
                self.seq = self.reaches;
                return self.bookmark();
            }
            match self.subscription.try_next() {
                None => return Step::Nothing,
                Some(Delivery::Lagged) => self.catch_up(),
                Some(Delivery::News(news)) if news.change.seq() <= self.seq => {}
                Some(Delivery::News(news)) => {
                    let CellChange { kind, seq, record, value, .. } = match &news.change {
                        Change::Cell(change) => change,
                        Change::Points(appended) => {
                            self.seq = appended.seq;
                            let write = if self.view == View::Page { points_frame } else { appended_frame };
                            return self.give(news.frame(self.view, || write(appended)));
                        }
                    };
                    let frame = match (self.view, value.as_deref(), &record.value) {
                        (View::Document, ..) if record.is_line() => {
                            self.missed.push_front((*kind, record.clone()));
                            continue;
                        }
                        (View::Page, ..) => news.frame(View::Page, || page_frame(*kind, *seq, record, &self.access)),
                        (View::Document, None, Held::Stored(_)) => {
                            self.missed.push_front((*kind, record.clone()));
                            continue;
                        }
                        (View::Document, None, Held::Inline(json)) => {
                            news.frame(View::Document, || document_frame(*kind, *seq, record, Some(json)))
                        }
                        (View::Document, value, _) => news.frame(View::Document, || document_frame(*kind, *seq, record, value)),
                    };
                    self.seq = *seq;
                    return self.give(frame);
                }
            }
        }
    }

    /// The next frame if nothing has to be waited for.
    pub fn ready(&mut self) -> Option<Frame> {
        match self.step() {
            Step::Frame(frame) => Some(frame),
            Step::Write(..) | Step::Nothing => None,
        }
    }

    /// Can be dropped and called again without losing anything.
    pub async fn next(&mut self) -> Result<Frame, Problem> {
        loop {
            let step = match self.step() {
                Step::Write(kind, record) => {
                    let frame = self.write(kind, &record).await?;
                    self.missed.pop_front();
                    self.seq = self.seq.max(record.seq);
                    self.give(frame)
                }
                Step::Nothing => match timeout_at(self.quiet_until, self.subscription.changed()).await {
                    Err(_) => self.bookmark(),
                    Ok(()) => continue,
                },
                step => step,
            };
            if let Step::Frame(frame) = step {
                return Ok(frame);
            }
        }
    }

    /// Whether the next frame is there but for the disk.
    #[cfg(test)]
    pub fn has_missed(&self) -> bool {
        !self.missed.is_empty()
    }

    async fn write(&self, kind: Kind, record: &Arc<Record>) -> Result<Frame, Problem> {
        Ok(match self.view {
            View::Page => page_frame(kind, record.seq, record, &self.access),
            View::Document => {
                let (record, value) = self.boards.store.value_or_damage(record).await?;
                document_frame(kind, record.seq, &record, value.as_deref())
            }
        })
    }

    fn bookmark(&mut self) -> Step {
        self.give(encode(&Event::<()>::Bookmark { seq: self.seq }))
    }

    fn give(&mut self, frame: Frame) -> Step {
        self.quiet_until = Instant::now() + BOOKMARK_EVERY;
        Step::Frame(frame)
    }
}

enum Step {
    Frame(Frame),
    /// The first of what was missed: its value may be only on disk.
    Write(Kind, Arc<Record>),
    Nothing,
}
