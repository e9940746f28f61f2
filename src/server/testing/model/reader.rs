//! A reader of a board, as a page or a REST client is one: it believes what it is sent, and is compared with what is committed.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::compare::Committed;
use super::run_reader::{self, RunDocuments};
use crate::protocol::points;
use crate::protocol::{Board, BoardChange, Cell, CellContent, CellId, Event};
use crate::server::App;
use crate::server::boards::Boards;
use crate::server::live::event::{FeedView, LiveFrame};
use crate::server::live::feed::{Feed, FeedRequest, Position};

type Name = (String, String);

pub struct Reader {
    view: FeedView,
    board: &'static str,
    feed: Option<Feed>,
    epoch: String,
    /// The last change that it knows.
    last: u64,
    /// Up to here only the newest version of each cell comes: numbers may be left out.
    until: u64,
    /// Hello named another epoch: all that was known is to be forgotten first.
    is_over: bool,
    page: Board,
    documents: BTreeMap<String, Value>,
    runs: RunDocuments,
    counts: BTreeMap<Name, u64>,
    values: BTreeMap<Name, BTreeMap<u64, f64>>,
}

impl Reader {
    /// Comes as a page that was just loaded, or as a client that wants everything from the first change on.
    pub fn new(app: &App, view: FeedView, board: &'static str) -> Self {
        let page = app.boards.snapshot(board);
        let (epoch, last) = (page.epoch.clone(), if view == FeedView::Page { page.seq } else { 0 });
        let (documents, runs, counts, values) = Default::default();
        let mut reader = Self { view, board, feed: None, epoch, last, until: 0, is_over: false, page, documents, runs, counts, values };
        if view == FeedView::Page {
            reader.ask_all(&app.boards);
        }
        reader.connect(app);
        reader
    }

    pub fn connect(&mut self, app: &App) {
        let request = FeedRequest {
            board: self.board.to_owned(),
            resume_from: Some(Position { epoch: self.epoch.clone(), seq: self.last, run_seq: None }),
            view: self.view,
        };
        self.feed = Some(Feed::new(app, None, request));
    }

    pub fn cut(&mut self) {
        self.feed = None;
    }

    /// Reads up to so many frames, those that are there.
    pub async fn read(&mut self, app: &App, most: usize) -> Result<(), String> {
        for _ in 0..most {
            let Some(feed) = &mut self.feed else { return Ok(()) };
            let lagged = app.hub.readers().1;
            let frame = match feed.ready() {
                Some(frame) => frame,
                None if feed.has_backlog() => feed.next().await.map_err(|why| format!("a value could not be read: {why}"))?,
                None => return Ok(()),
            };
            self.take(app, frame.frame, lagged)?;
        }
        Ok(())
    }

    /// Begins to wait, and is called away.
    pub fn glance(&mut self, app: &App) -> Result<(), String> {
        let Some(feed) = &mut self.feed else { return Ok(()) };
        let lagged = app.hub.readers().1;
        let frame = futures::FutureExt::now_or_never(feed.next());
        match frame {
            Some(frame) => self.take(app, frame.map_err(|why| format!("a value could not be read: {why}"))?.frame, lagged),
            None => Ok(()),
        }
    }

    fn take(&mut self, app: &App, frame: LiveFrame, lagged: u64) -> Result<(), String> {
        if app.hub.readers().1 > lagged {
            self.until = self.head(&app.boards);
        }
        let shown = match &frame {
            LiveFrame::Text(text) => text.to_string(),
            LiveFrame::Binary(bytes) => format!("{:?}", points::read(bytes)),
        };
        match frame {
            LiveFrame::Binary(bytes) => self.binary(&app.boards, &bytes),
            LiveFrame::Text(text) => self.text(&app.boards, &text),
        }
        .map_err(|why| {
            format!(
                "{:?} reader of '{}' at {}: {why}, in {}",
                self.view,
                self.board,
                self.last,
                shown.chars().take(300).collect::<String>()
            )
        })
    }

    /// The last event of those that it reads.
    fn head(&self, boards: &Boards) -> u64 {
        let is_of_runs = self.view == FeedView::RunDocument;
        boards.index().board(self.board).map_or(0, |board| if is_of_runs { board.run_seq } else { board.seq })
    }

    fn text(&mut self, boards: &Boards, text: &str) -> Result<(), String> {
        let frame: Value = serde_json::from_str(text).map_err(|why| why.to_string())?;
        // What a page gets of the document of its board, of runs and of their signs has no number among the events of cells.
        if ["settings", "runs", "allruns", "signs"].iter().any(|other| frame["event"] == *other) {
            return Ok(());
        }
        let seq = frame["seq"].as_u64().ok_or("no seq")?;
        match frame["event"].as_str().unwrap_or_default() {
            "hello" => {
                self.until = seq;
                self.is_over = frame["epoch"] != self.epoch || seq < self.last;
                return Ok(());
            }
            "snapshot" => {
                self.is_over = false;
                self.epoch = frame["epoch"].as_str().unwrap_or_default().to_owned();
                self.last = seq;
                self.documents.clear();
                self.runs.clear();
                self.counts.clear();
                self.values.clear();
            }
            _ if self.is_over => return Err("another epoch goes on where the old one ended".into()),
            "bookmark" if seq < self.last => return Err("a bookmark behind the last event".into()),
            "bookmark" => self.last = seq,
            // A line that only got points comes with the number of its document.
            "patched" if self.last < self.until && seq <= self.last && frame["data"]["type"] == "line" => {}
            _ if self.view == FeedView::RunDocument => self.last = run_reader::step(self.last, self.until, seq)?,
            _ => self.step(frame["first"].as_u64().unwrap_or(seq), seq)?,
        }
        if self.view == FeedView::Page {
            let event: Event<Cell> = serde_json::from_str(text).map_err(|why| why.to_string())?;
            self.page_event(boards, event);
            return Ok(());
        }
        if self.view == FeedView::RunDocument {
            run_reader::apply(&mut self.runs, &frame);
            return Ok(());
        }
        match frame["event"].as_str().unwrap_or_default() {
            "removed" => {
                let id = frame["data"]["_id"].as_str().unwrap_or_default();
                self.documents.remove(id);
                self.forget(id);
            }
            "created" | "updated" | "patched" => self.document(&frame, seq <= self.until),
            "appended" => self.appended(&frame),
            _ => {}
        }
        Ok(())
    }

    /// No change is sent twice, and none is left out but those that a newer version stands for.
    fn step(&mut self, first: u64, seq: u64) -> Result<(), String> {
        if seq <= self.last {
            return Err("a change was sent twice".into());
        }
        if seq > self.until && first > self.last + 1 {
            return Err("changes are left out".into());
        }
        self.last = seq;
        Ok(())
    }

    fn page_event(&mut self, boards: &Boards, event: Event<Cell>) {
        let is_lines = |page: &Board, id: &CellId| page.cell(id).is_some_and(|cell| matches!(cell.content, CellContent::LineChart(_)));
        let (id, is_new) = match &event {
            Event::Created { data, .. } => (Some(data.id.clone()), true),
            Event::Updated { data, .. } | Event::Patched { data, .. } | Event::Removed { data, .. } => (Some(data.id.clone()), false),
            _ => (None, false),
        };
        let was_lines = id.as_ref().is_some_and(|id| is_lines(&self.page, id));
        if self.page.apply(event) == BoardChange::All {
            self.ask_all(boards);
        }
        let Some(id) = id else { return };
        if !is_lines(&self.page, &id) {
            self.forget(id.as_str());
        } else if is_new || !was_lines {
            self.forget(id.as_str());
            self.ask(boards, &id);
        }
    }

    /// `is_late`: it stands for all that was missed, and does not say which series were replaced. Otherwise that follows.
    fn document(&mut self, frame: &Value, is_late: bool) {
        let document = &frame["data"];
        let id = document["_id"].as_str().unwrap_or_default().to_owned();
        let known = self.documents.get(&id);
        if frame["event"] == "created" || known.is_none_or(|known| is_late && known["rev"] != document["rev"]) {
            self.forget(&id);
        }
        if document["type"] == "line" {
            self.counts.retain(|(cell, _), _| *cell != id);
            for (name, series) in document["value"]["series"].as_object().into_iter().flatten() {
                self.counts.insert((id.clone(), name.clone()), series["points"].as_u64().unwrap_or_default());
            }
            // Where the reader resumes just behind the document, no event says which series were removed.
            self.values.retain(|name, _| name.0 != id || self.counts.contains_key(name));
        }
        self.documents.insert(id, document.clone());
    }

    fn appended(&mut self, frame: &Value) {
        for (cell, names) in frame["removed"].as_object().into_iter().flatten() {
            for name in names.as_array().into_iter().flatten().filter_map(Value::as_str) {
                self.counts.remove(&(cell.clone(), name.to_owned()));
                self.values.remove(&(cell.clone(), name.to_owned()));
            }
        }
        for (cell, series) in frame["data"].as_object().into_iter().flatten() {
            for (name, part) in series.as_object().into_iter().flatten() {
                let key = (cell.clone(), name.clone());
                let (start, n) = (part["start"].as_u64().unwrap_or_default(), part["points"].as_u64().unwrap_or_default());
                if part["reset"] == true {
                    self.counts.remove(&key);
                    self.values.remove(&key);
                }
                let count = self.counts.entry(key.clone()).or_default();
                *count = (*count).max(start + n);
                let values = self.values.entry(key).or_default();
                values.extend((start..).zip(part["y"].as_array().into_iter().flatten().filter_map(Value::as_f64)));
            }
        }
    }

    fn binary(&mut self, boards: &Boards, bytes: &[u8]) -> Result<(), String> {
        let frame = points::read(bytes).map_err(|why| why.to_string())?;
        if frame.seq < self.last {
            return Err("points behind the last event".into());
        }
        self.last = frame.seq;
        self.page.apply(Event::Bookmark { seq: frame.seq });
        // What it knows of the points of runs is not compared.
        for part in frame.parts.into_iter().filter(|part| part.run.is_none()) {
            let key = (part.cell.to_string(), part.series.clone());
            let (start, known) = (part.start.unwrap_or_default(), self.counts.get(&key).copied().unwrap_or_default());
            match part.numbers {
                Some(numbers) if start <= known => {
                    self.counts.insert(key.clone(), known.max(start + u64::from(part.n)));
                    self.values.entry(key).or_default().extend((start..).zip(numbers.y));
                }
                // What does not follow what it knows, and numbers that are only counted, it asks for: those of the whole chart.
                _ => {
                    self.forget(part.cell.as_str());
                    self.ask(boards, &part.cell);
                }
            }
        }
        Ok(())
    }

    fn forget(&mut self, id: &str) {
        self.counts.retain(|(cell, _), _| cell != id);
        self.values.retain(|(cell, _), _| cell != id);
    }

    /// As a page asks for columns: it learns how many points there are now.
    fn ask(&mut self, boards: &Boards, id: &CellId) {
        self.counts.extend(truth(boards, id));
    }

    fn ask_all(&mut self, boards: &Boards) {
        self.counts.clear();
        self.values.clear();
        let ids: Vec<CellId> = self.page.cells.iter().map(|cell| cell.id.clone()).collect();
        ids.iter().for_each(|id| self.ask(boards, id));
    }

    /// Nothing more is under way: what it knows is what there is.
    pub fn compare(&self, boards: &Boards, Committed { documents, points, runs }: &Committed) -> Result<(), String> {
        if self.feed.is_none() {
            return Ok(());
        }
        let differs = |what: &str, known: String, is: String| {
            Err(format!("{:?} reader of '{}' has other {what}:\n  knows {known}\n  is    {is}", self.view, self.board))
        };
        let here: BTreeMap<&String, &Value> = documents.iter().filter(|(_, document)| document["board"] == self.board).collect();
        let head = self.head(boards);
        if self.last != head {
            return differs("changes", self.last.to_string(), head.to_string());
        }
        match self.view {
            FeedView::Page => {
                let wanted = boards.snapshot(self.board);
                if self.page != wanted {
                    return differs("cells", format!("{:?}", self.page), format!("{wanted:?}"));
                }
            }
            FeedView::Document => {
                let plain = |documents: BTreeMap<&String, &Value>| {
                    let strip = |(id, document): (&String, &Value)| (id.clone(), stripped(document));
                    documents.into_iter().map(strip).collect::<BTreeMap<_, _>>()
                };
                let (known, wanted) = (plain(self.documents.iter().collect()), plain(here.clone()));
                if known != wanted {
                    return differs("documents", format!("{known:?}"), format!("{wanted:?}"));
                }
            }
            FeedView::RunDocument if self.runs != runs[self.board] => {
                return differs("runs", format!("{:?}", self.runs), format!("{:?}", runs[self.board]));
            }
            FeedView::RunDocument => return Ok(()),
        }
        let is_shown = |(cell, _): &&Name| here.get(cell).is_some_and(|document| document["type"] == "line");
        let wanted: BTreeMap<&Name, u64> =
            points.iter().filter(|(name, _)| is_shown(name)).map(|(name, y)| (name, y.len() as u64)).collect();
        let known: BTreeMap<&Name, u64> =
            self.counts.iter().filter(|(name, _)| is_shown(name)).map(|(name, count)| (name, *count)).collect();
        if known != wanted {
            return differs("points", format!("{known:?}"), format!("{wanted:?}"));
        }
        for (name, values) in self.values.iter().filter(|(name, _)| is_shown(name)) {
            let wrong = values.iter().find(|(at, value)| points.get(name).and_then(|y| y.get(**at as usize)) != Some(value));
            if let Some((at, value)) = wrong {
                return differs(
                    "values",
                    format!("{value} at {at} of {name:?}"),
                    format!("{:?}", points.get(name).and_then(|y| y.get(*at as usize))),
                );
            }
        }
        Ok(())
    }
}

/// Without times, and of a line without its summary, which may be that of another moment.
pub fn stripped(document: &Value) -> Value {
    let mut document = document.clone();
    let is_line = document["type"] == "line";
    if let Some(keys) = document.as_object_mut() {
        ["createdAt", "updatedAt"].iter().for_each(|key| drop(keys.remove(*key)));
        if is_line {
            keys.remove("value");
        }
    }
    document
}

fn truth(boards: &Boards, id: &CellId) -> BTreeMap<Name, u64> {
    let index = boards.index();
    let is_line = index.cell(id).is_some_and(|record: &Arc<_>| record.is_line());
    let series = index.series(id).iter().filter(|_| is_line);
    series.map(|series| ((id.to_string(), series.id.name.to_string()), series.count())).collect()
}
