//! Connections: how many there may be at a time, how long one may ask for nothing, and which one goes when there are too many.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::ConnectInfo;
use axum::http::Request;
use axum::serve::Listener;
use hyper::body::{Frame, Incoming, SizeHint};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower_service::Service;

use super::shutdown_body;
use super::write_timeout::{Peer, Stalled, Stream, TimeoutStream};
use crate::server::http::request_log;

/// The head of a request comes within this time, the wait for a connection's next request included.
const HEAD_WITHIN: Duration = Duration::from_secs(60);
/// What is kept of a body that is sent or received, and the longest head.
const BUFFER_BYTES: usize = 64 << 10;
/// File handles that are not for connections: the database, pictures, the log.
const KEPT: u64 = 128;
/// More of them the system is not asked for.
const MOST: u64 = 1 << 16;
/// How long a new connection waits for the place of one that was asked to go, before another one is asked.
const NEXT_AFTER: Duration = Duration::from_millis(50);
/// A connection that asks for nothing is not one that can go before: its request may be on its way.
const IDLE: Duration = Duration::from_millis(100);
/// A reader that takes nothing for so long is one that can go, when others want its place.
const STALLED: Duration = Duration::from_millis(250);
/// The same where a token was shown: such a one goes last.
const STALLED_WITH_TOKEN: Duration = Duration::from_secs(2);
/// How long a connection that was asked to go may take for what it is about.
const GO_WITHIN: Duration = Duration::from_secs(2);

/// All connections of a server. Cheap to clone.
#[derive(Clone)]
pub struct Connections(Arc<All>);

struct All {
    places: Arc<Semaphore>,
    most: usize,
    open: Mutex<BTreeMap<u64, Arc<One>>>,
    /// The number of the next connection.
    next: AtomicU64,
    begun: Instant,
    tasks: TaskTracker,
}

/// What is known of a connection from outside its task.
struct One {
    /// Milliseconds since the start, and 1; 0 while a request is under way.
    idle_since: AtomicU64,
    /// Its reader takes nothing of an answer.
    stalled: Arc<Stalled>,
    has_token: AtomicBool,
    was_asked: AtomicBool,
    /// It was asked to go at once.
    is_cut: AtomicBool,
    go: Notify,
}

impl One {
    fn new(now: u64) -> Self {
        let idle_since = AtomicU64::new(now);
        let [has_token, was_asked, is_cut] = [false; 3].map(AtomicBool::new);
        Self { idle_since, stalled: Arc::default(), has_token, was_asked, is_cut, go: Notify::new() }
    }

    fn is_stalled(&self) -> bool {
        let longest = if self.has_token.load(Ordering::Relaxed) { STALLED_WITH_TOKEN } else { STALLED };
        self.stalled.since().is_some_and(|since| since.elapsed() >= longest)
    }

    /// For how long it has neither asked for anything nor taken anything; `None` for one that does, or was asked to go.
    fn silent_for(&self, now: u64) -> Option<Duration> {
        if self.was_asked.load(Ordering::Relaxed) {
            return None;
        }
        if let Some(since) = self.stalled.since() {
            return Some(since.elapsed()).filter(|_| self.is_stalled());
        }
        let idle = self.idle_since.load(Ordering::Relaxed);
        (idle > 0).then(|| Duration::from_millis(now.saturating_sub(idle))).filter(|silent| *silent >= IDLE)
    }
}

impl Connections {
    /// As many as the system has file handles for, less some that are kept for other files.
    pub fn new() -> Self {
        Self::at_most(places(file_handles()))
    }

    fn at_most(most: usize) -> Self {
        Self(Arc::new(All {
            places: Arc::new(Semaphore::new(most)),
            most,
            open: Mutex::default(),
            next: AtomicU64::new(0),
            begun: Instant::now(),
            tasks: TaskTracker::new(),
        }))
    }

    /// How many are open, live ones included, and how many there may be.
    pub fn count(&self) -> (usize, usize) {
        (self.0.most - self.0.places.available_permits(), self.0.most)
    }

    /// Answers who comes to the listener, until `stopping`; then connections end with the request that is under way.
    pub async fn serve(self, listener: TcpListener, router: Router, stopping: CancellationToken) {
        let mut listener = TimeoutStream(listener);
        loop {
            let (place, (stream, peer)) = tokio::select! {
                () = stopping.cancelled() => return,
                // Taken before there is somebody: who comes finds a place, or is left to the system's queue.
                accepted = async { (self.place().await, listener.accept().await) } => accepted,
            };
            let one = Arc::new(One::new(self.now()));
            let number = self.0.next.fetch_add(1, Ordering::Relaxed);
            self.open().insert(number, one.clone());
            let (all, router, stopping) = (self.clone(), router.clone(), stopping.clone());
            self.0.tasks.spawn(async move {
                let ends = Peer::of(&stream, peer).await;
                let stream = Stream::new(stream, Some(place), stopping.clone()).telling(one.stalled.clone());
                let _known = Known { all: &all, number };
                all.answer(stream, ends, router, &one, stopping).await;
            });
        }
    }

    /// After the listeners have ended: until the last request is answered. Live connections are not waited for here.
    pub async fn ended(&self) {
        self.0.tasks.close();
        self.0.tasks.wait().await;
    }

    /// Asks connections to go until there is a place. Those without a token go first, of them the one that was silent longest: that waits for its
    /// next request, or takes nothing of its answer.
    async fn place(&self) -> OwnedSemaphorePermit {
        loop {
            if self.0.places.available_permits() == 0 {
                self.ask_one_to_go();
            }
            if let Ok(Ok(place)) = tokio::time::timeout(NEXT_AFTER, self.0.places.clone().acquire_owned()).await {
                return place;
            }
        }
    }

    fn ask_one_to_go(&self) {
        let (open, now) = (self.open(), self.now());
        let has_token = |one: &One| one.has_token.load(Ordering::Relaxed);
        let silent = open.values().filter_map(|one| Some((one.silent_for(now)?, one)));
        let first = silent.max_by_key(|(silent, one)| (!has_token(one), *silent));
        // Where all are busy: one that takes its answer drop by drop.
        let slow = || {
            let slow = open.values().filter(|one| !has_token(one) && !one.was_asked.load(Ordering::Relaxed));
            slow.filter_map(|one| Some((one.stalled.since()?.elapsed(), one))).max_by_key(|(since, _)| *since)
        };
        if let Some((_, one)) = first.or_else(slow) {
            one.was_asked.store(true, Ordering::Relaxed);
            // Who takes nothing would not take the end of his answer either.
            one.is_cut.store(one.stalled.since().is_some(), Ordering::Relaxed);
            one.go.notify_one();
        }
    }

    async fn answer(&self, stream: Stream<TcpStream>, peer: Peer, router: Router, one: &Arc<One>, stopping: CancellationToken) {
        let bodies = stopping.clone();
        let service = hyper::service::service_fn(|request: Request<Incoming>| {
            let (mut router, all, one, peer, stopping) = (router.clone(), self.clone(), one.clone(), peer.clone(), bodies.clone());
            async move {
                one.idle_since.store(0, Ordering::Relaxed);
                let mut request = request.map(|body| shutdown_body::body(body, &stopping));
                request.extensions_mut().insert(ConnectInfo(peer));
                let reply: Result<_, Infallible> = router.call(request).await;
                one.has_token.store(reply.as_ref().is_ok_and(request_log::shows_token), Ordering::Relaxed);
                let sent = Sent { all, one };
                reply.map(|reply| reply.map(|body| Body::new(Sending { body, _sent: sent })))
            }
        });
        let mut http = hyper::server::conn::http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(HEAD_WITHIN).max_buf_size(BUFFER_BYTES);
        let mut connection = pin!(http.serve_connection(TokioIo::new(stream), service).with_upgrades());
        let is_evicted = tokio::select! {
            ended = connection.as_mut() => return told(ended),
            () = stopping.cancelled() => false,
            () = one.go.notified() => true,
        };
        if !is_evicted {
            connection.as_mut().graceful_shutdown();
            return told(connection.await);
        }
        if one.is_cut.load(Ordering::Relaxed) {
            return;
        }
        connection.as_mut().graceful_shutdown();
        if let Ok(ended) = tokio::time::timeout(GO_WITHIN, connection).await {
            told(ended);
        }
    }

    fn now(&self) -> u64 {
        self.0.begun.elapsed().as_millis() as u64 + 1
    }

    fn open(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<One>>> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection among those that are open; forgotten when its task ends, by a panic too.
struct Known<'a> {
    all: &'a Connections,
    number: u64,
}

impl Drop for Known<'_> {
    fn drop(&mut self) {
        self.all.open().remove(&self.number);
    }
}

/// The body of an answer; with its end the connection waits for the next request.
struct Sending {
    body: Body,
    _sent: Sent,
}

struct Sent {
    all: Connections,
    one: Arc<One>,
}

impl Drop for Sent {
    fn drop(&mut self) {
        self.one.idle_since.store(self.all.now(), Ordering::Relaxed);
    }
}

impl HttpBody for Sending {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

fn told(ended: hyper::Result<()>) {
    if let Err(why) = ended {
        tracing::trace!("a connection ended: {why}");
    }
}

const fn places(handles: u64) -> usize {
    let (half, rest) = (handles / 2, handles.saturating_sub(KEPT));
    (if half > rest { half } else { rest }) as usize
}

/// How many files this process may have open; asks for as many as it may be given.
#[cfg(unix)]
fn file_handles() -> u64 {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    // None is no limit.
    let wanted = limit.maximum.unwrap_or(MOST).min(MOST);
    let current = limit.current.unwrap_or(MOST).min(MOST);
    if wanted > current && setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum: limit.maximum }).is_ok() {
        return wanted;
    }
    current
}

#[cfg(not(unix))]
fn file_handles() -> u64 {
    MOST
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    use super::*;

    #[test]
    fn some_file_handles_are_kept_for_other_files() {
        assert_eq!([64, 256, 1024, 65_536].map(places), [32, 128, 896, 65_408]);
    }

    /// A connection that has asked once, and got its answer.
    async fn ask(port: u16) -> TcpStream {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        again(&mut stream).await.unwrap();
        stream
    }

    async fn again(stream: &mut TcpStream) -> std::io::Result<()> {
        stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await?;
        let mut reply = Vec::new();
        while !reply.ends_with(b"here") {
            if stream.read_buf(&mut reply).await? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(())
    }

    #[tokio::test]
    async fn when_all_places_are_taken_who_has_been_silent_longest_goes() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (all, stopping) = (Connections::at_most(4), CancellationToken::new());
        let router = Router::new().route("/", axum::routing::get(async || "here"));
        let serving = tokio::spawn(all.clone().serve(listener, router, stopping.clone()));
        // The fourth place waits for the next one.
        let mut silent = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let (mut first, mut second) = (ask(port).await, ask(port).await);
        tokio::time::sleep(Duration::from_millis(5)).await;
        again(&mut first).await.unwrap();
        let mut third = ask(port).await;
        assert_eq!(silent.read(&mut [0]).await.unwrap(), 0, "it never asked for anything");
        let mut fourth = ask(port).await;
        assert!(again(&mut second).await.is_err(), "it had been silent for longer than the first");
        for stream in [&mut first, &mut third, &mut fourth] {
            again(stream).await.unwrap();
        }
        stopping.cancel();
        serving.await.unwrap();
        all.ended().await;
        assert_eq!((all.count(), first.read(&mut [0]).await.unwrap()), ((0, 4), 0));
    }

    /// Places for so many, each of which asks for something large and takes nothing of it; with a token where the path says so.
    async fn taken(port: u16, path: &str, count: usize) -> Vec<TcpStream> {
        let mut all = Vec::new();
        for _ in 0..count {
            let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes()).await.unwrap();
            all.push(stream);
        }
        all
    }

    const LARGE: usize = 16 << 20;

    fn with_large_answers() -> Router {
        // More than the system keeps for both ends.
        let large = Bytes::from(vec![7; LARGE]);
        let with_token = {
            let large = large.clone();
            async move || request_log::with_token(axum::response::Response::new(Body::from(large)), "t1")
        };
        let router = Router::new().route("/", axum::routing::get(async || "here"));
        router.route("/large", axum::routing::get(async move || large)).route("/token", axum::routing::get(with_token))
    }

    #[tokio::test]
    async fn who_takes_nothing_of_an_answer_makes_room_and_those_with_a_token_last() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (all, stopping) = (Connections::at_most(8), CancellationToken::new());
        let serving = tokio::spawn(all.clone().serve(listener, with_large_answers(), stopping.clone()));
        let mut with_token = taken(port, "/token", 3).await;
        let _others = taken(port, "/large", 100).await;
        for _ in 0..10 {
            ask(port).await;
        }
        // Those with a token are not cut in the middle: the rest of their answer comes.
        for stream in &mut with_token {
            let mut reply = vec![0; LARGE];
            stream.read_exact(&mut reply).await.unwrap();
        }
        stopping.cancel();
        serving.await.unwrap();
    }

    #[tokio::test]
    async fn where_all_have_a_token_who_takes_nothing_makes_room_too() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (all, stopping) = (Connections::at_most(8), CancellationToken::new());
        let serving = tokio::spawn(all.clone().serve(listener, with_large_answers(), stopping.clone()));
        let _all = taken(port, "/token", 12).await;
        ask(port).await;
        stopping.cancel();
        serving.await.unwrap();
    }
}
