//! Connections: how many there may be at a time, how long one may ask for nothing, and which one goes when there are too many.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::ConnectInfo;
use axum::http::Request;
use axum::serve::Listener;
use hyper::body::Incoming;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower_service::Service;

use super::parting;
use super::patience::{Patient, Peer, Stream};

/// The head of a request comes within this time, the wait for a connection's next request included.
const HEAD_WITHIN: Duration = Duration::from_secs(60);
/// What is kept of a body that is sent or received, and the longest head.
const BUFFER_BYTES: usize = 64 << 10;
/// File handles that are not for connections: the database, pictures, the log.
const KEPT: u64 = 128;
/// More of them the system is not asked for.
const MOST: u64 = 1 << 16;
/// How long a new connection waits for the place of one that was asked to go, before another one is asked.
const NEXT_AFTER: Duration = Duration::from_millis(200);

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
    /// Milliseconds since the start, and 1; 0 while a request is under way, or after it was asked to go.
    idle_since: AtomicU64,
    go: Notify,
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
        let mut listener = Patient(listener);
        loop {
            let (place, (stream, peer)) = tokio::select! {
                () = stopping.cancelled() => return,
                // Taken before there is somebody: who comes finds a place, or is left to the system's queue.
                accepted = async { (self.place().await, listener.accept().await) } => accepted,
            };
            let one = Arc::new(One { idle_since: AtomicU64::new(self.now()), go: Notify::new() });
            let number = self.0.next.fetch_add(1, Ordering::Relaxed);
            self.open().insert(number, one.clone());
            let (all, router, stopping) = (self.clone(), router.clone(), stopping.clone());
            self.0.tasks.spawn(async move {
                let ends = Peer::of(&stream, peer).await;
                let stream = Stream::new(stream, Some(place), stopping.clone());
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

    /// Asks connections that wait for their next request to go until there is a place, the one that has waited longest first.
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
        let open = self.open();
        let since = |one: &&Arc<One>| one.idle_since.load(Ordering::Relaxed);
        if let Some(one) = open.values().filter(|one| since(one) > 0).min_by_key(since) {
            one.idle_since.store(0, Ordering::Relaxed);
            one.go.notify_one();
        }
    }

    async fn answer(&self, stream: Stream<TcpStream>, peer: Peer, router: Router, one: &Arc<One>, stopping: CancellationToken) {
        let bodies = stopping.clone();
        let service = hyper::service::service_fn(|request: Request<Incoming>| {
            let (mut router, all, one, peer, stopping) = (router.clone(), self.clone(), one.clone(), peer.clone(), bodies.clone());
            async move {
                one.idle_since.store(0, Ordering::Relaxed);
                let mut request = request.map(|body| parting::body(body, &stopping));
                request.extensions_mut().insert(ConnectInfo(peer));
                let reply: Result<_, Infallible> = router.call(request).await;
                one.idle_since.store(all.now(), Ordering::Relaxed);
                reply
            }
        });
        let mut http = hyper::server::conn::http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(HEAD_WITHIN).max_buf_size(BUFFER_BYTES);
        let mut connection = pin!(http.serve_connection(TokioIo::new(stream), service).with_upgrades());
        let must_go = async {
            tokio::select! { () = stopping.cancelled() => {}, () = one.go.notified() => {} }
        };
        tokio::select! {
            ended = connection.as_mut() => return told(ended),
            () = must_go => connection.as_mut().graceful_shutdown(),
        }
        told(connection.await);
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
}
