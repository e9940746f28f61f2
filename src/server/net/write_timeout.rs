//! The write timeout: a stalled client keeps neither its socket nor the bytes that wait for it.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, Sleep, sleep};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use crate::server::limits::{SHUTDOWN_WRITE_TIMEOUT, WRITE_TIMEOUT};

/// A stream with [`WRITE_TIMEOUT`], or [`SHUTDOWN_WRITE_TIMEOUT`] during a graceful shutdown.
pub struct TimeoutStream<S> {
    stream: S,
    deadline: Pin<Box<Sleep>>,
    is_waiting: bool,
    /// `None` once the shutdown has started.
    stopping: Option<Pin<Box<WaitForCancellationFutureOwned>>>,
    /// Released when the connection is closed, also after an upgrade to a WebSocket.
    _permit: Option<OwnedSemaphorePermit>,
    /// Also visible outside: the eviction looks at it.
    stalled: Option<Arc<StallClock>>,
}

/// Since when the client of a connection has taken nothing of the bytes that wait for it.
#[derive(Debug, Default)]
pub struct StallClock(Mutex<Option<Instant>>);

impl StallClock {
    pub fn since(&self) -> Option<Instant> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, since: Option<Instant>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = since;
    }
}

impl<S: Unpin> TimeoutStream<S> {
    pub fn new(stream: S, permit: Option<OwnedSemaphorePermit>, stopping: CancellationToken) -> Self {
        let stopping = Some(Box::pin(stopping.cancelled_owned()));
        Self { stream, deadline: Box::pin(sleep(WRITE_TIMEOUT)), is_waiting: false, stopping, _permit: permit, stalled: None }
    }

    /// Shows there since when a write waits.
    pub fn with_stall_clock(self, stalled: Arc<StallClock>) -> Self {
        Self { stalled: Some(stalled), ..self }
    }

    fn set_waiting(&mut self, is_waiting: bool) {
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
            self.set_waiting(false);
            return done;
        }
        let stops = self.stopping.as_mut().is_some_and(|stopping| stopping.as_mut().poll(context).is_ready());
        if stops {
            self.stopping = None;
        }
        if stops || !self.is_waiting {
            self.set_waiting(true);
            let timeout = if self.stopping.is_some() { WRITE_TIMEOUT } else { SHUTDOWN_WRITE_TIMEOUT };
            self.deadline.as_mut().reset(Instant::now() + timeout);
        }
        self.deadline.as_mut().poll(context).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for TimeoutStream<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for TimeoutStream<S> {
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

    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_stalled_client_is_cut_and_a_slow_one_is_not() {
        let (near, mut far) = duplex(8);
        let reader = tokio::spawn(async move {
            let mut byte = [0];
            for _ in 0..20 {
                tokio::time::sleep(WRITE_TIMEOUT - Duration::from_secs(1)).await;
                far.read_exact(&mut byte).await.unwrap();
            }
            far
        });
        let mut stream = TimeoutStream::new(near, None, CancellationToken::new());
        stream.write_all(&[7; 28]).await.unwrap();
        let _far = reader.await.unwrap();
        let started = Instant::now();
        let why = stream.write_all(&[7; 28]).await.unwrap_err();
        assert_eq!((why.kind(), started.elapsed().as_secs()), (io::ErrorKind::TimedOut, WRITE_TIMEOUT.as_secs()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_stalled_client_is_cut_soon_during_a_shutdown() {
        let stopping = CancellationToken::new();
        for stops_after in [Duration::from_secs(9), Duration::ZERO] {
            let (near, _far) = duplex(8);
            let mut stream = TimeoutStream::new(near, None, stopping.clone());
            let started = Instant::now();
            let (stalled, ()) = tokio::join!(stream.write_all(&[7; 28]), async {
                tokio::time::sleep(stops_after).await;
                stopping.cancel();
            });
            assert_eq!((stalled.unwrap_err().kind(), started.elapsed()), (io::ErrorKind::TimedOut, stops_after + SHUTDOWN_WRITE_TIMEOUT));
        }
    }
}
