//! Runs a history on the real store, hub and feeds, and on the model beside them.

use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::{Duration, SystemTime};

use serde_json::Value;
use sqlx::{ConnectOptions, SqliteConnection};

use super::calls::{CallFuture, CallResult, send};
use super::compare::committed;
use super::plain::{Answer, EventContent, Plain, PublishedEvent};
use super::reader::Reader;
use super::steps::{Call, Fate, Op, Plan, READERS, Step};
use crate::protocol::CellId;
use crate::server::auth::tokens::TokenRegistry;
use crate::server::boards::Boards;
use crate::server::error::ServerError;
use crate::server::http::pages::assets::StaticAssets;
use crate::server::live::encode::event_name;
use crate::server::live::hub::Hub;
use crate::server::net::connections::Connections;
use crate::server::store::{Change, Durability, IdempotencyKey, ReplyLookup, Store, StoreError};
use crate::server::{App, AppState};

struct World {
    folder: tempfile::TempDir,
    durability: Durability,
    /// None between two starts.
    app: Option<App>,
    published: Arc<Mutex<Vec<PublishedEvent>>>,
    plain: Plain,
    readers: [Option<Reader>; READERS],
}

pub async fn run(plan: &Plan) -> Result<(), String> {
    // While such a task runs, the clock moves only where a step moves it.
    let (end, wait) = std::sync::mpsc::channel::<()>();
    let holds = tokio::task::spawn_blocking(move || wait.recv());
    let done = history(plan).await;
    drop(end);
    let _ = holds.await;
    done
}

async fn history(plan: &Plan) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|why| why.to_string())?;
    let durability = if plan.full { Durability::Full } else { Durability::Normal };
    let published = Arc::new(Mutex::new(Vec::new()));
    let app = start(folder.path(), durability, published.clone()).await;
    let mut world = World { folder, durability, app: Some(app), published, plain: Plain::default(), readers: Default::default() };
    for (at, step) in plan.steps.iter().enumerate() {
        world.step(step).await.map_err(|why| format!("step {at}: {why}"))?;
    }
    world.app().boards.close().await;
    Ok(())
}

/// A server's inside on a folder, for other tests.
pub async fn app(folder: &std::path::Path) -> App {
    start(folder, Durability::Normal, Arc::default()).await
}

async fn start(folder: &std::path::Path, durability: Durability, published: Arc<Mutex<Vec<PublishedEvent>>>) -> App {
    let hub = Arc::new(Hub::default());
    let publish = {
        let hub = hub.clone();
        Box::new(move |changes: Vec<Change>| {
            published.lock().unwrap().extend(changes.iter().map(published_event));
            hub.publish(changes);
        })
    };
    let store = Store::open_with_small_limits(folder, durability, publish).await;
    Arc::new(AppState {
        boards: Arc::new(Boards::new(store)),
        hub,
        site: Arc::new(StaticAssets::load()),
        render_cache: Arc::default(),
        renderer: crate::server::render::pool::Renderer::new(),
        answers: Arc::default(),
        requests: Arc::default(),
        tokens: Arc::new(TokenRegistry::open(folder).unwrap()),
        access_policy: Arc::default(),
        images: Arc::default(),
        durable: true,
        external_images: true,
        started: SystemTime::UNIX_EPOCH,
        connections: Connections::new(),
        tasks: Default::default(),
        stopping: Default::default(),
    })
}

fn published_event(change: &Change) -> PublishedEvent {
    let content = match change {
        Change::Runs(change) => {
            let mut ids: Vec<String> = change.records.iter().map(|run| run.id.to_string()).collect();
            ids.sort();
            EventContent::Runs(event_name(change.kind).to_owned(), ids)
        }
        Change::Cell(change) => EventContent::Cell(event_name(change.kind).to_owned(), change.record.id.to_string()),
        Change::Points(_) => EventContent::Points,
    };
    PublishedEvent { board: change.board().to_string(), seq: change.seq(), content }
}

impl World {
    async fn step(&mut self, step: &Step) -> Result<(), String> {
        if let Step::Commit(calls, fate) = step {
            return self.commit(calls, fate).await;
        }
        let app = self.app();
        match step {
            Step::Commit(..) => {}
            Step::Connect(reader, view, board, again) => match &mut self.readers[*reader] {
                Some(known) if *again => known.connect(&app),
                slot => *slot = Some(Reader::new(&app, *view, board)),
            },
            Step::Read(reader, frames) => {
                if let Some(reader) = &mut self.readers[*reader] {
                    reader.read(&app, *frames).await?;
                }
            }
            Step::Glance(reader) => self.readers[*reader].as_mut().map_or(Ok(()), |reader| reader.glance(&app))?,
            Step::Cut(reader) => self.readers[*reader].iter_mut().for_each(Reader::cut),
            Step::Wait(ms) => pass(*ms).await,
            Step::Restart => {
                self.cut_all();
                app.boards.close().await;
                drop(app);
                self.open().await;
                self.compare(false).await?;
            }
            Step::Settle => {
                pass(40).await;
                for reader in self.readers.iter_mut().flatten() {
                    reader.read(&app, usize::MAX).await?;
                }
                self.compare(true).await?;
            }
        }
        Ok(())
    }

    fn app(&self) -> App {
        self.app.clone().expect("started")
    }

    fn cut_all(&mut self) {
        self.readers.iter_mut().flatten().for_each(Reader::cut);
    }

    async fn open(&mut self) {
        // The folder is the old store's until nobody holds it.
        self.app = None;
        self.app = Some(start(self.folder.path(), self.durability, self.published.clone()).await);
    }

    async fn commit(&mut self, calls: &[Call], fate: &Fate) -> Result<(), String> {
        let before = self.plain.clone();
        let (answers, events, is_changed) = self.plain.commit(calls);
        self.published.lock().unwrap().clear();
        let lock = match fate {
            Fate::Refused => Some(hold(&self.folder.path().join("agnez.sqlite")).await),
            _ => None,
        };
        let mut calling: Vec<CallFuture> = calls.iter().map(|call| send(self.app().boards.clone(), call.clone())).collect();
        let mut heard: Vec<Option<CallResult>> = Vec::new();
        for call in &mut calling {
            heard.push(match futures::poll!(call) {
                Poll::Ready(answer) => Some(answer),
                Poll::Pending => None,
            });
        }
        match fate {
            Fate::Crash(steps) => {
                drop(calling);
                return self.crash(before, calls, *steps).await;
            }
            Fate::Unheard => {
                drop(calling);
                self.app().boards.store().write(1, |_| Ok::<_, StoreError>(())).await.map_err(|why| why.to_string())?;
            }
            Fate::Answered | Fate::Refused => {
                for (slot, call) in heard.iter_mut().zip(calling) {
                    if slot.is_none() {
                        *slot = Some(call.await);
                    }
                }
            }
        }
        if let Some(mut lock) = lock {
            sqlx::query("ROLLBACK").execute(&mut lock).await.map_err(|why| why.to_string())?;
        }
        let is_undone = *fate == Fate::Refused && is_changed;
        if is_undone {
            self.plain = before;
        }
        for ((call, wanted), heard) in calls.iter().zip(&answers).zip(heard) {
            if let Some(heard) = heard {
                self.check(call, wanted, heard, is_undone).map_err(|why| format!("{call:?}: {why}"))?;
            }
        }
        let published = std::mem::take(&mut *self.published.lock().unwrap());
        self.check_events(calls, &answers, if is_undone { Vec::new() } else { events }, published)?;
        self.compare(false).await
    }

    fn check(&mut self, call: &Call, wanted: &Answer, heard: CallResult, is_undone: bool) -> Result<(), String> {
        let wrong = |heard: &str| Err(format!("must be answered {wanted:?}, not {heard}"));
        let (status, text, is_repeated) = match (heard, wanted) {
            (Err(problem), Answer::Refused(code)) if problem.to_api_error().code == *code => return Ok(()),
            (Err(problem), Answer::Refused(_) | Answer::Again(true)) => return wrong(&format!("{problem:?}")),
            (Err(ServerError::Store(StoreError::RolledBack(_))), _) if is_undone => return Ok(()),
            (Err(problem), _) => return wrong(&format!("{problem:?}")),
            (Ok(_), Answer::Cells(..) | Answer::Points(_)) if is_undone => return wrong("as done"),
            (Ok(answer), _) => answer,
        };
        let body: Value =
            if text.is_empty() { Value::Null } else { serde_json::from_str(&text).map_err(|why| format!("{why}: {text}"))? };
        let is_same = match wanted {
            Answer::Refused(_) => false,
            Answer::Nothing => true,
            Answer::Points(points) => status == 201 && !is_repeated && body == *points,
            Answer::Cells(wanted_status, cells) => {
                let list = body.as_array().cloned().unwrap_or_else(|| vec![body.clone()]);
                // The answer has the summary of a line, whatever was sent.
                let has_points =
                    |document: &Value| document["value"]["series"].as_object().is_some_and(|series| series.values().any(Value::is_array));
                let revisions = list.iter().map(|document| {
                    (document["_id"].as_str().unwrap_or_default().to_owned(), document["rev"].as_u64().unwrap_or_default())
                });
                status == *wanted_status && !is_repeated && revisions.eq(cells.iter().cloned()) && !list.iter().any(has_points)
            }
            Answer::Again(_) | Answer::Forgotten => is_repeated,
        };
        if !is_same {
            return wrong(&format!("{status} {}", text.chars().take(300).collect::<String>()));
        }
        match &call.key {
            Some(key) if *wanted != Answer::Forgotten => self.plain.heard(key, status, &text),
            _ => Ok(()),
        }
    }

    /// The published events are those of the model, in this order, without a gap.
    fn check_events(
        &mut self,
        calls: &[Call],
        answers: &[Answer],
        mut wanted: Vec<PublishedEvent>,
        mut published: Vec<PublishedEvent>,
    ) -> Result<(), String> {
        for board in super::steps::BOARDS {
            let (of_runs, of_cells): (Vec<_>, Vec<_>) =
                published.iter().filter(|event| event.board == board).partition(|event| event.is_of_runs());
            if !of_runs.is_sorted_by_key(|event| event.seq) || !of_cells.is_sorted_by_key(|event| event.seq) {
                return Err(format!("events of '{board}' are published in the order {published:?}"));
            }
        }
        if let ([Call { op: Op::Rearrange(id, before), .. }], [Answer::Nothing]) = (calls, answers) {
            let app = self.app();
            let index = app.boards.index();
            let layout = |id: &str| index.cell(&CellId::parse(id).unwrap()).map_or(Value::Null, |record| record.keys["layout"].clone());
            return self.plain.moved(id, before.as_deref(), &published, layout);
        }
        wanted.sort();
        published.sort();
        if wanted == published { Ok(()) } else { Err(format!("events must be\n  {wanted:?}, not\n  {published:?}")) }
    }

    /// The commit was under way: after the start all of it is there, or nothing.
    async fn crash(&mut self, before: Plain, calls: &[Call], steps: u32) -> Result<(), String> {
        for _ in 0..steps {
            tokio::task::yield_now().await;
        }
        self.app().boards.store().crash(self.folder.path()).await;
        let was_published = !self.published.lock().unwrap().is_empty();
        self.cut_all();
        self.open().await;
        let is_there = {
            let app = self.app();
            let index = app.boards.index();
            let seqs = |plain: &Plain| {
                let of_cells = plain.boards.iter().all(|(name, seq)| index.board(name).map_or(0, |board| board.seq) == *seq);
                of_cells && plain.runs.seqs.iter().all(|(name, seq)| index.board(name).map_or(0, |board| board.run_seq) == *seq)
            };
            let answered = |(writer, number): &(String, u64)| {
                let key = IdempotencyKey { writer: writer.as_str().into(), number: *number };
                matches!(index.replies().lookup(&key), ReplyLookup::Found(_))
            };
            let is_as_after =
                seqs(&self.plain) && calls.iter().filter_map(|call| call.key.as_ref()).all(|key| !self.plain.has_key(key) || answered(key));
            match (is_as_after, seqs(&before)) {
                (true, _) => true,
                (false, true) => false,
                (false, false) => return Err("after a crash a part of a commit is there".into()),
            }
        };
        if !is_there {
            if was_published {
                return Err("what was published is not on disk".into());
            }
            self.plain = before;
        }
        self.compare(false).await
    }

    /// What is committed is what the model has, and readers that read all of it know it.
    async fn compare(&mut self, is_settled: bool) -> Result<(), String> {
        let boards = self.app().boards.clone();
        let committed = committed(&self.plain, &boards).await?;
        self.readers.iter().flatten().filter(|_| is_settled).try_for_each(|reader| reader.compare(&boards, &committed))
    }
}

async fn pass(ms: u64) {
    tokio::time::advance(Duration::from_millis(ms)).await;
    for _ in 0..8 {
        tokio::task::yield_now().await;
    }
}

/// Another program writes.
async fn hold(path: &std::path::Path) -> SqliteConnection {
    let mut connection = sqlx::sqlite::SqliteConnectOptions::new().filename(path).connect().await.unwrap();
    sqlx::query("BEGIN IMMEDIATE").execute(&mut connection).await.unwrap();
    connection
}
