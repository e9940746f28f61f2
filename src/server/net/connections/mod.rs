//! The set of open connections: its limit, timeouts, the eviction when the limit is reached, and the graceful shutdown.

#[cfg(test)]
mod tests;

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
use axum::response::Response;
use axum::serve::Listener;
use hyper::body::{Frame, Incoming, SizeHint};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower_service::Service;

use super::file_limit;
use super::listener::ConnectionListener;
use super::peer::Peer;
use super::shutdown_body;
use super::write_timeout::{StallClock, TimeoutStream};
use crate::server::limits::{
    EVICTION_TIMEOUT, MAX_REQUEST_HEAD_BYTES, MIN_IDLE_BEFORE_EVICTION, MIN_STALL_BEFORE_EVICTION, MIN_STALL_WITH_TOKEN_BEFORE_EVICTION,
    REQUEST_HEAD_TIMEOUT, SHUTDOWN_HEAD_TIMEOUT,
};

/// A new connection waits this long for the permit of an evicted one, before another one is evicted.
const EVICTION_INTERVAL: Duration = Duration::from_millis(50);

/// Set on a response whose request has shown a token, or the key of a page.
#[derive(Clone, Copy)]
pub struct ShowedToken;

/// All connections of a server. Cheap to clone.
#[derive(Clone)]
pub struct Connections(Arc<Shared>);

struct Shared {
    permits: Arc<Semaphore>,
    max: usize,
    open: Mutex<BTreeMap<u64, Arc<ConnectionState>>>,
    /// The key of the next connection in `open`.
    next_key: AtomicU64,
    started: Instant,
    tasks: TaskTracker,
}

/// The part of a connection that is visible outside of its task.
struct ConnectionState {
    /// Milliseconds since the start, plus 1; 0 while a request is in progress.
    idle_since: AtomicU64,
    stalled: Arc<StallClock>,
    has_token: AtomicBool,
    is_evicted: AtomicBool,
    /// Evicted without time for its request.
    is_cut: AtomicBool,
    evicted: Notify,
}

impl ConnectionState {
    fn new(now: u64) -> Self {
        let idle_since = AtomicU64::new(now);
        let [has_token, is_evicted, is_cut] = [false; 3].map(AtomicBool::new);
        Self { idle_since, stalled: Arc::default(), has_token, is_evicted, is_cut, evicted: Notify::new() }
    }

    fn is_stalled(&self) -> bool {
        let min = if self.has_token.load(Ordering::Relaxed) { MIN_STALL_WITH_TOKEN_BEFORE_EVICTION } else { MIN_STALL_BEFORE_EVICTION };
        self.stalled.since().is_some_and(|since| since.elapsed() >= min)
    }

    /// How long it has neither sent a request nor taken a byte; `None` while it is active, or once it was evicted.
    fn inactive_for(&self, now: u64) -> Option<Duration> {
        if self.is_evicted.load(Ordering::Relaxed) {
            return None;
        }
        if let Some(since) = self.stalled.since() {
            return Some(since.elapsed()).filter(|_| self.is_stalled());
        }
        let idle = self.idle_since.load(Ordering::Relaxed);
        (idle > 0).then(|| Duration::from_millis(now.saturating_sub(idle))).filter(|idle| *idle >= MIN_IDLE_BEFORE_EVICTION)
    }

    fn is_idle(&self) -> bool {
        self.idle_since.load(Ordering::Relaxed) > 0
    }
}

impl Connections {
    /// The limit is the number of open files that the system grants, less a reserve.
    pub fn new() -> Self {
        Self::with_max(file_limit::max_connections())
    }

    fn with_max(max: usize) -> Self {
        Self(Arc::new(Shared {
            permits: Arc::new(Semaphore::new(max)),
            max,
            open: Mutex::default(),
            next_key: AtomicU64::new(0),
            started: Instant::now(),
            tasks: TaskTracker::new(),
        }))
    }

    /// The number of open connections, live feeds included, and its limit.
    pub fn count(&self) -> (usize, usize) {
        (self.0.max - self.0.permits.available_permits(), self.0.max)
    }

    /// Serves the connections of a listener until `stopping`; then each one ends with the request that is in progress.
    pub async fn serve(self, listener: TcpListener, router: Router, stopping: CancellationToken) {
        let mut listener = ConnectionListener(listener);
        loop {
            let (permit, (stream, address)) = tokio::select! {
                () = stopping.cancelled() => return,
                // The permit comes first, so that excess clients wait in the listen backlog.
                accepted = async { (self.acquire().await, listener.accept().await) } => accepted,
            };
            let state = Arc::new(ConnectionState::new(self.now()));
            let key = self.0.next_key.fetch_add(1, Ordering::Relaxed);
            self.open().insert(key, state.clone());
            let (connections, router, stopping) = (self.clone(), router.clone(), stopping.clone());
            self.0.tasks.spawn(async move {
                let peer = Peer::of(&stream, address).await;
                let stream = TimeoutStream::new(stream, Some(permit), stopping.clone()).with_stall_clock(state.stalled.clone());
                let _registration = Registration { connections: &connections, key };
                connections.run(stream, peer, router, &state, stopping).await;
            });
        }
    }

    /// Waits until the last request is answered, after the listeners have ended. Live feeds are not waited for here.
    pub async fn ended(&self) {
        self.0.tasks.close();
        self.0.tasks.wait().await;
    }

    /// Evicts connections until a permit is free. Those without a token go first; among them the one that was inactive for longest,
    /// and of equal ones the one that was opened first.
    async fn acquire(&self) -> OwnedSemaphorePermit {
        loop {
            if self.0.permits.available_permits() == 0 {
                self.evict_one();
            }
            if let Ok(Ok(permit)) = timeout(EVICTION_INTERVAL, self.0.permits.clone().acquire_owned()).await {
                return permit;
            }
        }
    }

    fn evict_one(&self) {
        let (open, now) = (self.open(), self.now());
        let has_token = |state: &ConnectionState| state.has_token.load(Ordering::Relaxed);
        // `max_by_key` takes the last one of equal keys.
        let inactive = open.values().rev().filter_map(|state| Some((state.inactive_for(now)?, state)));
        let first = inactive.max_by_key(|(inactive, state)| (!has_token(state), *inactive));
        // When all are active: one whose client takes its response drop by drop.
        let slow = || {
            let slow = open.values().filter(|state| !has_token(state) && !state.is_evicted.load(Ordering::Relaxed));
            slow.filter_map(|state| Some((state.stalled.since()?.elapsed(), state))).max_by_key(|(since, _)| *since)
        };
        if let Some((_, state)) = first.or_else(slow) {
            state.is_evicted.store(true, Ordering::Relaxed);
            // A stalled client would not take the end of its response either.
            state.is_cut.store(state.stalled.since().is_some(), Ordering::Relaxed);
            state.evicted.notify_one();
        }
    }

    async fn run(
        &self,
        stream: TimeoutStream<TcpStream>,
        peer: Peer,
        router: Router,
        state: &Arc<ConnectionState>,
        stopping: CancellationToken,
    ) {
        let bodies = stopping.clone();
        let service = hyper::service::service_fn(|request: Request<Incoming>| {
            let (mut router, connections, state, peer, stopping) =
                (router.clone(), self.clone(), state.clone(), peer.clone(), bodies.clone());
            async move {
                state.idle_since.store(0, Ordering::Relaxed);
                let mut request = request.map(|body| shutdown_body::body(body, &stopping));
                request.extensions_mut().insert(ConnectInfo(peer));
                let response: Result<Response, Infallible> = router.call(request).await;
                let has_token = response.as_ref().is_ok_and(|response| response.extensions().get::<ShowedToken>().is_some());
                state.has_token.store(has_token, Ordering::Relaxed);
                let end = ResponseEnd { connections, state };
                response.map(|response| response.map(|body| Body::new(TrackedBody { body, _end: end })))
            }
        });
        let mut http = hyper::server::conn::http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(REQUEST_HEAD_TIMEOUT).max_buf_size(MAX_REQUEST_HEAD_BYTES);
        let mut connection = pin!(http.serve_connection(TokioIo::new(stream), service).with_upgrades());
        let is_evicted = tokio::select! {
            ended = connection.as_mut() => return log_end(ended),
            () = stopping.cancelled() => false,
            () = state.evicted.notified() => true,
        };
        if is_evicted && state.is_cut.load(Ordering::Relaxed) {
            return;
        }
        connection.as_mut().graceful_shutdown();
        if is_evicted {
            if let Ok(ended) = timeout(EVICTION_TIMEOUT, connection).await {
                log_end(ended);
            }
            return;
        }
        // The graceful shutdown of hyper waits for the first request of a connection up to the timeout of its head.
        match timeout(SHUTDOWN_HEAD_TIMEOUT, connection.as_mut()).await {
            Ok(ended) => log_end(ended),
            Err(_) if state.is_idle() => {}
            Err(_) => log_end(connection.await),
        }
    }

    fn now(&self) -> u64 {
        self.0.started.elapsed().as_millis() as u64 + 1
    }

    fn open(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<ConnectionState>>> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An entry among the open connections; removed when the connection's task ends, by a panic too.
struct Registration<'a> {
    connections: &'a Connections,
    key: u64,
}

impl Drop for Registration<'_> {
    fn drop(&mut self) {
        self.connections.open().remove(&self.key);
    }
}

/// The body of a response. When it is dropped, the connection waits for its next request.
struct TrackedBody {
    body: Body,
    _end: ResponseEnd,
}

struct ResponseEnd {
    connections: Connections,
    state: Arc<ConnectionState>,
}

impl Drop for ResponseEnd {
    fn drop(&mut self) {
        self.state.idle_since.store(self.connections.now(), Ordering::Relaxed);
    }
}

impl HttpBody for TrackedBody {
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

fn log_end(ended: hyper::Result<()>) {
    if let Err(error) = ended {
        tracing::trace!("a connection ended: {error}");
    }
}
