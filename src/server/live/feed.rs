//! The frames for one reader of a board, in order: hello, what it missed, then what happens. Each large one has its share of the answers' memory
//! before it is made, until it is sent; and the largest are made beside the threads that answer.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::ws::Utf8Bytes;
use tokio::time::{Instant, timeout_at};

use super::encode::{count_frames, document_frame, encode, event_frame, needs_stored_value, page_frame};
use super::hub::{Delivery, FeedView, LiveFrame, SharedEvent, Subscription, weight_of};
use crate::protocol::Event;
use crate::protocol::points::PartRef;
use crate::server::App;
use crate::server::auth::tokens::TokenRegistry;
use crate::server::boards::Boards;
use crate::server::cells::render::pool::Renderer;
use crate::server::error::ServerError;
use crate::server::limits::{BOOKMARK_INTERVAL, MAX_UNCOUNTED_RESPONSE_BYTES};
use crate::server::net::response_budget::{Answers, Share, Who};
use crate::server::store::{Change, ChangeKind, Record};

/// A frame from here on is made by the renderer: it takes more than a millisecond.
const LARGE: usize = 256 << 10;
/// What a document takes while it is written, as a multiple of itself: as it is read from disk, as a text, and within the frame.
const WRITTEN: usize = 3;
/// The same of a snapshot: the cells, and the frame.
const GATHERED: usize = 2;
/// What a cell takes in a snapshot beside its texts.
const CELL: usize = 256;

/// Which frames a reader wants.
pub struct FeedRequest {
    pub board: String,
    /// The epoch and the last change that it knows.
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
    /// Everything up to here was given out.
    seq: u64,
    /// Written frames that come before everything else.
    first: VecDeque<ReadyFrame>,
    /// All cells in one frame come next.
    is_anew: bool,
    /// The newest state of cells that changed while the reader was away, oldest change first; then, up to where that reaches.
    missed: VecDeque<(ChangeKind, Arc<Record>)>,
    reaches: u64,
    /// Memory for the first frame that is made.
    reserved: Option<Share>,
    /// The next frame, which takes its time; kept where nobody waits for it any more.
    making: Option<Making>,
    quiet_until: Instant,
}

/// A frame, and what it takes of the answers' memory until it is sent.
pub struct ReadyFrame {
    pub frame: LiveFrame,
    share: Option<Share>,
}

impl ReadyFrame {
    /// The frame alone; its bytes hold its share.
    pub fn into_frame(self) -> LiveFrame {
        let Some(share) = self.share.map(Arc::new) else { return self.frame };
        match self.frame {
            // They are the same bytes: a check finds nothing.
            LiveFrame::Text(text) => match Utf8Bytes::try_from(share.lend(Bytes::from(text))) {
                Ok(text) => LiveFrame::Text(text),
                Err(_) => LiveFrame::Text(Utf8Bytes::from_static("")),
            },
            LiveFrame::Binary(bytes) => LiveFrame::Binary(share.lend(bytes)),
        }
    }

    /// The share alone, where the frame was copied.
    pub fn without_frame(self) -> Self {
        Self { frame: LiveFrame::Binary(Bytes::new()), share: self.share }
    }
}

/// A frame that was made, up to where it tells, and whether it is the first of what was missed.
struct Made {
    ready: ReadyFrame,
    seq: u64,
    is_missed: bool,
}

type Making = Pin<Box<dyn Future<Output = Result<Made, ServerError>> + Send>>;

enum Step {
    Ready(ReadyFrame),
    /// The next frame is being made.
    Making,
    Nothing,
}

impl Feed {
    pub fn new(app: &App, who: Who, request: FeedRequest) -> Self {
        let FeedRequest { board, resume_from, view } = request;
        // Subscribed before the state is read: what happens in between is in the mailbox, and passed over by its number.
        let subscription = app.hub.subscribe(&board);
        let boards = app.boards.clone();
        let head = boards.store.index().board(&board).map_or(0, |board| board.seq);
        let epoch = boards.store.epoch().to_owned();
        let mut feed = Self {
            boards,
            tokens: app.tokens.clone(),
            answers: app.answers.clone(),
            renderer: app.renderer.clone(),
            who,
            subscription,
            view,
            seq: head,
            first: VecDeque::new(),
            is_anew: false,
            missed: VecDeque::new(),
            reaches: 0,
            reserved: None,
            making: None,
            quiet_until: Instant::now() + BOOKMARK_INTERVAL,
        };
        match resume_from {
            None => {}
            Some((known, since)) if known == epoch && since <= head => {
                feed.seq = since;
                feed.catch_up();
            }
            Some(_) => feed.start_over(),
        }
        // It says how far the feed catches up, which may be past `head`: only what comes after that is told change by change.
        let hello = Event::<()>::Hello { epoch, seq: feed.seq.max(feed.reaches), build: app.site.build().to_owned() };
        feed.first.push_front(ReadyFrame { frame: encode(&hello), share: None });
        feed
    }

    pub fn is_page(&self) -> bool {
        self.view == FeedView::Page
    }

    /// The epoch and the change up to which the reader has everything, once it has all that comes first.
    pub fn reached(&self) -> Option<(&str, u64)> {
        self.first.is_empty().then(|| (self.boards.store.epoch(), self.seq))
    }

    /// Takes the memory for what comes first, while its reader can still be told that there is none: 503.
    pub async fn begin(&mut self) -> Result<(), ServerError> {
        for ready in self.first.iter_mut().filter(|ready| ready.frame.len() >= MAX_UNCOUNTED_RESPONSE_BYTES) {
            ready.share = Some(self.answers.share(&self.who, ready.frame.len()).await?);
        }
        let bytes = if self.is_anew { self.gathered().1 } else { self.missed.front().map_or(0, |(_, record)| self.written(record)) };
        self.reserved = Some(self.answers.share(&self.who, bytes).await?);
        Ok(())
    }

    /// Plans what the reader misses: the newest version of each cell that changed, and the removals.
    fn catch_up(&mut self) {
        let seq = self.seq;
        let mut missed: Vec<(ChangeKind, Arc<Record>)> = {
            let index = self.boards.store.index();
            let Some(board) = index.board(&self.subscription.board) else { return };
            if seq < board.floor {
                drop(index);
                return self.start_over();
            }
            self.reaches = board.seq;
            let grew = |record: &Record| record.is_line() && index.cell_series(&record.id).is_some_and(|known| known.seq > seq);
            if self.view == FeedView::Page {
                let parts = board.cells.values().filter(|record| record.is_line()).flat_map(|record| {
                    let (cell, series) = (&record.id, index.series(&record.id));
                    // The number alone: the page asks for the columns of what it shows. After 0, what it knows of that name is over.
                    let count = |(name, count)| PartRef { cell, series: name, start: Some(count), n: 0, numbers: None };
                    // Of a line that lost its last series nothing is left that could say when.
                    let is_empty = series.is_empty() && record.seq > seq && record.entered_board_seq <= seq;
                    let known = series.iter().filter(|_| grew(record)).flat_map(move |series| {
                        let over = (series.began > seq).then_some((&*series.name, 0));
                        over.into_iter().chain([(&*series.name, series.count())])
                    });
                    known.chain(is_empty.then_some(("", 0))).map(count)
                });
                let parts: Vec<PartRef> = parts.collect();
                self.first.extend(count_frames(seq, &parts).into_iter().map(|frame| ReadyFrame { frame, share: None }));
            }
            let alive = board
                .cells
                .values()
                .map(|record| (if record.entered_board_seq > seq { ChangeKind::Created } else { ChangeKind::Patched }, record));
            let alive = alive.filter(|(_, record)| record.seq > seq || (self.view == FeedView::Document && grew(record)));
            let removed = board.tombstones.range(seq + 1..).map(|(_, record)| (ChangeKind::Removed, record));
            alive.chain(removed).map(|(kind, record)| (kind, record.clone())).collect()
        };
        missed.sort_by_key(|(_, record)| record.seq);
        self.missed = missed.into();
    }

    /// The reader's past cannot be continued. The page gets all cells in one frame, so that it can keep what it shows; a
    /// reader of documents gets an empty snapshot and then each document, so that no frame is larger than one of them.
    fn start_over(&mut self) {
        let index = self.boards.store.index();
        let known = index.board(&self.subscription.board);
        match self.view {
            FeedView::Page => {
                self.seq = known.map_or(0, |board| board.seq);
                self.is_anew = true;
                self.missed.clear();
            }
            FeedView::Document => {
                self.seq = 0;
                let epoch = self.boards.store.epoch().to_owned();
                let frame = encode(&Event::<()>::Snapshot { epoch, seq: 0, cells: Vec::new() });
                self.first.push_back(ReadyFrame { frame, share: None });
                let Some(known) = known else { return };
                let mut all: Vec<_> = known.cells.values().cloned().collect();
                all.sort_by_key(|record| record.seq);
                self.missed = all.into_iter().map(|record| (ChangeKind::Created, record)).collect();
                self.reaches = known.seq;
            }
        }
    }

    /// What comes next, without waiting and without the disk.
    fn step(&mut self) -> Step {
        loop {
            if self.making.is_some() {
                return Step::Making;
            }
            if let Some(ready) = self.first.pop_front() {
                return self.give(ready);
            }
            if std::mem::take(&mut self.is_anew) {
                return self.gather();
            }
            if let Some((kind, record)) = self.missed.front().cloned() {
                return self.write(kind, record);
            }
            if self.reaches > self.seq {
                self.seq = self.reaches;
                return Step::Ready(self.bookmark());
            }
            match self.subscription.try_next() {
                None => return Step::Nothing,
                Some(Delivery::Lagged) => self.catch_up(),
                Some(Delivery::Event(event)) if event.change.seq() <= self.seq => {}
                Some(Delivery::Event(event)) if needs_stored_value(&event, self.view) => {
                    if let Change::Cell(change) = &event.change {
                        self.missed.push_front((change.kind, change.record.clone()));
                    }
                }
                Some(Delivery::Event(event)) if event.is_to_write(self.view, LARGE) => return self.write_news(event),
                Some(Delivery::Event(event)) => {
                    let frame = event_frame(&event, self.view, &self.tokens);
                    self.seq = event.change.seq();
                    return self.give(ReadyFrame { frame, share: None });
                }
            }
        }
    }

    /// The next frame if nothing has to be waited for.
    pub fn ready(&mut self) -> Option<ReadyFrame> {
        match self.step() {
            Step::Ready(ready) => Some(ready),
            Step::Making | Step::Nothing => None,
        }
    }

    /// Can be dropped and called again without losing anything.
    pub async fn next(&mut self) -> Result<ReadyFrame, ServerError> {
        loop {
            match (self.step(), &mut self.making) {
                (Step::Ready(ready), _) => return Ok(ready),
                (_, Some(making)) => {
                    let made = making.as_mut().await;
                    self.making = None;
                    let Made { ready, seq, is_missed } = made?;
                    if is_missed {
                        self.missed.pop_front();
                    }
                    self.seq = self.seq.max(seq);
                    self.quiet_until = Instant::now() + BOOKMARK_INTERVAL;
                    return Ok(ready);
                }
                (_, None) => {
                    if timeout_at(self.quiet_until, self.subscription.changed()).await.is_err() {
                        return Ok(self.bookmark());
                    }
                }
            }
        }
    }

    /// Whether the next frame is there but for the disk.
    #[cfg(test)]
    pub fn has_missed(&self) -> bool {
        self.making.is_some() || !self.missed.is_empty()
    }

    /// The cells of the board, and about how many bytes a snapshot of them takes while it is made.
    fn gathered(&self) -> (Vec<Arc<Record>>, usize) {
        let index = self.boards.store.index();
        let records: Vec<_> =
            index.board(&self.subscription.board).map(|board| board.cells.values().cloned().collect()).unwrap_or_default();
        drop(index);
        let shown = |record: &Arc<Record>| CELL + record.shown();
        let bytes = records.iter().map(shown).sum::<usize>();
        (records, GATHERED * bytes)
    }

    /// About how many bytes a frame of the document takes while it is written.
    fn written(&self, record: &Record) -> usize {
        match self.view {
            FeedView::Page => GATHERED * (CELL + record.shown()),
            FeedView::Document => WRITTEN * (CELL + record.value.bytes() + weight_of(record)),
        }
    }

    /// All cells in one frame.
    fn gather(&mut self) -> Step {
        let (boards, tokens, board) = (self.boards.clone(), self.tokens.clone(), self.subscription.board.clone());
        let bytes = self.gathered().1;
        self.make(bytes, false, async move {
            let mut snapshot = boards.snapshot(&board);
            snapshot.cells.iter_mut().for_each(|cell| tokens.sign(&board, cell));
            let seq = snapshot.seq;
            Ok((encode(&Event::Snapshot { epoch: snapshot.epoch, seq, cells: snapshot.cells }), seq))
        })
    }

    /// The first of what was missed: its value may be only on disk.
    fn write(&mut self, kind: ChangeKind, record: Arc<Record>) -> Step {
        let (boards, tokens, view) = (self.boards.clone(), self.tokens.clone(), self.view);
        let bytes = self.written(&record);
        self.make(bytes, true, async move {
            let seq = record.seq;
            if view == FeedView::Page {
                return Ok((page_frame(kind, seq, &record, &tokens), seq));
            }
            let (record, value) = boards.store.value_or_damaged(&record).await?;
            Ok((document_frame(kind, seq, &record, value.as_deref()), seq))
        })
    }

    /// Large event that no reader has seen yet.
    fn write_news(&mut self, event: Arc<SharedEvent>) -> Step {
        let (tokens, view) = (self.tokens.clone(), self.view);
        self.make(GATHERED * event.bytes(), false, async move { Ok((event_frame(&event, view, &tokens), event.change.seq())) })
    }

    /// Has the next frame made, which takes so many bytes meanwhile.
    fn make(
        &mut self,
        bytes: usize,
        is_missed: bool,
        make: impl Future<Output = Result<(LiveFrame, u64), ServerError>> + Send + 'static,
    ) -> Step {
        let (answers, renderer, who, reserved) = (self.answers.clone(), self.renderer.clone(), self.who.clone(), self.reserved.take());
        self.making = Some(Box::pin(async move {
            let share = match reserved {
                Some(share) => share.fit(bytes)?,
                None => answers.share(&who, bytes).await?,
            };
            let (frame, seq) = if bytes >= LARGE { renderer.go_on(&who, bytes, make).await? } else { make.await? };
            let share = share.fit(frame.len())?;
            Ok(Made { ready: ReadyFrame { frame, share: Some(share) }, seq, is_missed })
        }));
        Step::Making
    }

    fn bookmark(&mut self) -> ReadyFrame {
        self.quiet_until = Instant::now() + BOOKMARK_INTERVAL;
        ReadyFrame { frame: encode(&Event::<()>::Bookmark { seq: self.seq }), share: None }
    }

    /// A frame that is there: a large one may have to wait for memory.
    fn give(&mut self, mut ready: ReadyFrame) -> Step {
        self.quiet_until = Instant::now() + BOOKMARK_INTERVAL;
        if ready.share.is_none() && ready.frame.len() >= MAX_UNCOUNTED_RESPONSE_BYTES {
            ready.share = self.answers.try_share(&self.who, ready.frame.len());
            if ready.share.is_none() {
                let (answers, who, seq) = (self.answers.clone(), self.who.clone(), self.seq);
                self.making = Some(Box::pin(async move {
                    ready.share = Some(answers.share(&who, ready.frame.len()).await?);
                    Ok(Made { ready, seq, is_missed: false })
                }));
                return Step::Making;
            }
        }
        Step::Ready(ready)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::boards::parse_many;
    use crate::server::limits::RESPONSE_BUDGET_PER_TOKEN_BYTES;
    use crate::server::testing::model::app;

    /// A server's inside with cells that have long notes, and a document.
    async fn filled(folder: &std::path::Path) -> App {
        let app = app(folder).await;
        let note = "n".repeat(4 << 10);
        let cells: Vec<_> = (0..200).map(|at| serde_json::json!({ "_id": format!("c{at}"), "description": note })).collect();
        let large = serde_json::json!({ "_id": "large", "type": "html", "value": "<p>".repeat(1 << 20) });
        for body in [serde_json::json!(cells), large] {
            let (drafts, _) = parse_many(body.to_string().as_bytes()).unwrap();
            app.boards.create(drafts, false, None).await.unwrap();
        }
        app
    }

    fn feed(app: &App, view: FeedView) -> Feed {
        Feed::new(app, None, FeedRequest { board: "main".into(), resume_from: Some(("another".into(), 0)), view })
    }

    #[tokio::test]
    async fn a_snapshot_has_its_share_of_memory_until_it_is_sent() {
        let folder = tempfile::tempdir().unwrap();
        let app = filled(folder.path()).await;
        let mut feed = feed(&app, FeedView::Page);
        feed.begin().await.unwrap();
        assert!(app.answers.bytes() >= GATHERED * 200 * (4 << 10), "before it is made");
        assert!(app.answers.bytes() < GATHERED * 200 * (6 << 10));
        let hello = feed.next().await.unwrap();
        assert!(hello.frame.len() < MAX_UNCOUNTED_RESPONSE_BYTES);
        // Whoever hears something meanwhile asks once more; it is made once.
        assert!(futures::FutureExt::now_or_never(feed.next()).is_none());
        let snapshot = feed.next().await.unwrap().into_frame();
        assert_eq!(app.answers.bytes(), snapshot.len());
        drop(feed);
        assert_eq!(app.answers.bytes(), snapshot.len());
        drop(snapshot);
        assert_eq!(app.answers.bytes(), 0);
    }

    #[tokio::test]
    async fn a_document_has_its_share_however_it_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let app = filled(folder.path()).await;
        let mut anew = feed(&app, FeedView::Document);
        anew.begin().await.unwrap();
        let mut large = None;
        while large.is_none() {
            large = anew.next().await.ok().filter(|ready| ready.frame.len() > LARGE);
        }
        let large = large.unwrap();
        assert_eq!(app.answers.bytes(), large.frame.len());
        drop(large);
        // As event: written by the renderer for the first, and there for the next.
        let mut readers = [feed(&app, FeedView::Document), feed(&app, FeedView::Document)];
        for reader in &mut readers {
            while reader.next().await.unwrap().frame.len() < LARGE {}
            while reader.ready().is_some() {}
        }
        assert_eq!(app.answers.bytes(), 0);
        let (drafts, _) = parse_many(serde_json::json!({ "value": "x".repeat(LARGE) }).to_string().as_bytes()).unwrap();
        app.boards.create(drafts, false, None).await.unwrap();
        let [first, second] = &mut readers;
        let first = first.next().await.unwrap();
        let second = second.ready().expect("it is written already");
        assert!(first.frame.len() > LARGE && first.frame.len() == second.frame.len());
        assert_eq!(app.answers.bytes(), 2 * first.frame.len());
        drop((first, second.without_frame()));
        assert_eq!(app.answers.bytes(), 0);
    }

    #[tokio::test]
    async fn who_finds_no_memory_is_not_let_in_and_who_is_in_is_sent_away() {
        let folder = tempfile::tempdir().unwrap();
        let app = filled(folder.path()).await;
        let mut inside = feed(&app, FeedView::Document);
        inside.begin().await.unwrap();
        let others = app.answers.try_share(&None, RESPONSE_BUDGET_PER_TOKEN_BYTES - (1 << 20)).unwrap();
        tokio::time::pause();
        for view in [FeedView::Page, FeedView::Document] {
            let mut feed = feed(&app, view);
            // The first document is small.
            assert_eq!(
                feed.begin().await.err().map(|problem| problem.to_api_error().code),
                (view == FeedView::Page).then_some(503),
                "{view:?}"
            );
        }
        let refused = loop {
            if let Err(problem) = inside.next().await {
                break problem;
            }
        };
        assert_eq!(refused.to_api_error().code, 503);
        drop((inside, others));
        assert_eq!(app.answers.bytes(), 0);
        assert!(feed(&app, FeedView::Page).begin().await.is_ok());
    }
}
