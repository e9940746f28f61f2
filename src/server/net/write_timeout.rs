//! Connections that take nothing are cut: a frozen reader keeps neither its socket nor what was written for it.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::serve::Listener;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, Sleep, sleep};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use crate::server::auth::peer_credentials;

/// How long a write may wait for its reader to take a single byte.
const STALLED: Duration = Duration::from_secs(30);
/// The same while the server stops.
const PARTING: Duration = Duration::from_secs(2);

/// Bytes that may wait in the system for a reader's network, beside those on their way. The system's own measure would be up to 4 MB: seconds of news
/// that are old when a slow reader gets them, and all of it kept for one that is frozen.
#[cfg(any(target_os = "linux", target_os = "android"))]
const UNSENT: u32 = 128 << 10;

/// A listener that goes on when a connection cannot be had.
pub struct TimeoutStream(pub TcpListener);

/// The two ends of a connection.
#[derive(Clone, Debug, Default)]
pub struct Peer {
    pub address: Option<SocketAddr>,
    pub local: Option<SocketAddr>,
    /// The program at the other end is known to belong to the user that the server runs as.
    pub is_same_user: bool,
}

impl Peer {
    /// Looks up whose the other end is: now, because that can be told only as long as it is open.
    pub async fn of(stream: &TcpStream, address: SocketAddr) -> Self {
        Self { address: Some(address), local: stream.local_addr().ok(), is_same_user: peer_credentials::is_ours(stream).await }
    }
}

impl Listener for TimeoutStream {
    type Io = TcpStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        // axum's own: what fails for a moment, as when no file handle is free, is tried again.
        let (stream, peer) = Listener::accept(&mut self.0).await;
        // A frame is written at once, not when more has come together.
        let _ = stream.set_nodelay(true);
        #[cfg(any(target_os = "linux", target_os = "android"))]
        let _ = socket2::SockRef::from(&stream).set_tcp_notsent_lowat(UNSENT);
        (stream, peer)
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.0.local_addr()
    }
}

/// Writing to it fails when the other side has taken nothing for 30 s, or for 2 s while the server stops.
pub struct Stream<S> {
    stream: S,
    until: Pin<Box<Sleep>>,
    is_waiting: bool,
    /// `None` when that has come.
    stopping: Option<Pin<Box<WaitForCancellationFutureOwned>>>,
    /// Free for another connection when this one is gone, also where it has become a WebSocket.
    _place: Option<OwnedSemaphorePermit>,
    /// Since when it waits, for whoever looks for a connection that can go.
    stalled: Option<Arc<Stalled>>,
}

/// Since when a connection's reader has taken nothing of what waits for him.
#[derive(Debug, Default)]
pub struct Stalled(Mutex<Option<Instant>>);

impl Stalled {
    pub fn since(&self) -> Option<Instant> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, since: Option<Instant>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = since;
    }
}

impl<S: Unpin> Stream<S> {
    pub fn new(stream: S, place: Option<OwnedSemaphorePermit>, stopping: CancellationToken) -> Self {
        let stopping = Some(Box::pin(stopping.cancelled_owned()));
        Self { stream, until: Box::pin(sleep(STALLED)), is_waiting: false, stopping, _place: place, stalled: None }
    }

    /// Tells there, too, since when it waits.
    pub fn telling(self, stalled: Arc<Stalled>) -> Self {
        Self { stalled: Some(stalled), ..self }
    }

    fn waits(&mut self, is_waiting: bool) {
        if std::mem::replace(&mut self.is_waiting, is_waiting) != is_waiting
            && let Some(stalled) = &self.stalled
        {
            stalled.set(is_waiting.then(Instant::now));
        }
    }

    fn write<T>(
        &mut self,
        context: &mut Context<'_>,
        write: impl FnOnce(Pin<&mut S>, &mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        let done = write(Pin::new(&mut self.stream), context);
        if done.is_ready() {
            self.waits(false);
            return done;
        }
        let stops = self.stopping.as_mut().is_some_and(|stopping| stopping.as_mut().poll(context).is_ready());
        if stops {
            self.stopping = None;
        }
        if stops || !self.is_waiting {
            self.waits(true);
            let patience = if self.stopping.is_some() { STALLED } else { PARTING };
            self.until.as_mut().reset(Instant::now() + patience);
        }
        self.until.as_mut().poll(context).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Stream<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Stream<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.write(context, |stream, context| stream.poll_write(context, bytes))
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, context: &mut Context<'_>, parts: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        self.write(context, |stream, context| stream.poll_write_vectored(context, parts))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.write(context, |stream, context| stream.poll_flush(context))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.write(context, |stream, context| stream.poll_shutdown(context))
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_takes_nothing_is_cut_and_who_takes_slowly_is_not() {
        let (near, mut far) = duplex(8);
        let reader = tokio::spawn(async move {
            let mut byte = [0];
            for _ in 0..20 {
                tokio::time::sleep(STALLED - Duration::from_secs(1)).await;
                far.read_exact(&mut byte).await.unwrap();
            }
            far
        });
        let mut stream = Stream::new(near, None, CancellationToken::new());
        stream.write_all(&[7; 28]).await.unwrap();
        let _far = reader.await.unwrap();
        let begun = Instant::now();
        let why = stream.write_all(&[7; 28]).await.unwrap_err();
        assert_eq!((why.kind(), begun.elapsed().as_secs()), (io::ErrorKind::TimedOut, STALLED.as_secs()));
    }

    #[tokio::test(start_paused = true)]
    async fn who_takes_nothing_while_the_server_stops_is_cut_soon() {
        let stopping = CancellationToken::new();
        for stops_after in [Duration::from_secs(9), Duration::ZERO] {
            let (near, _far) = duplex(8);
            let mut stream = Stream::new(near, None, stopping.clone());
            let begun = Instant::now();
            let (stalled, ()) = tokio::join!(stream.write_all(&[7; 28]), async {
                tokio::time::sleep(stops_after).await;
                stopping.cancel();
            });
            assert_eq!((stalled.unwrap_err().kind(), begun.elapsed()), (io::ErrorKind::TimedOut, stops_after + PARTING));
        }
    }
}
