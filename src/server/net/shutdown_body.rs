//! The deadline of request bodies during a graceful shutdown: a body that does not end in time is answered with 503.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::BoxError;
use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};
use tokio_util::sync::CancellationToken;

use crate::protocol::ErrorKind;
use crate::server::limits::SHUTDOWN_BODY_TIMEOUT;

const STOPPING: &str = "The server is stopping, and the body had not come to its end. Send it again when it is back.";

struct ShutdownBody<B> {
    body: B,
    /// Resolves at the deadline. Created when the body is not ready, which most bodies always are.
    deadline: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    stopping: CancellationToken,
}

/// The same body; [`SHUTDOWN_BODY_TIMEOUT`] after `stopping`, waiting for more of it is an `ApiError` (503).
pub fn body<B>(body: B, stopping: &CancellationToken) -> Body
where
    B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + Unpin + 'static,
{
    if body.is_end_stream() {
        return Body::new(body);
    }
    Body::new(ShutdownBody { body, deadline: None, stopping: stopping.clone() })
}

impl<B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Unpin> HttpBody for ShutdownBody<B> {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let stopping = self.stopping.clone();
        let deadline = self.deadline.get_or_insert_with(|| {
            Box::pin(async move {
                stopping.cancelled().await;
                tokio::time::sleep(SHUTDOWN_BODY_TIMEOUT).await;
            })
        });
        deadline.as_mut().poll(context).map(|()| Some(Err(ErrorKind::Unavailable.with(STOPPING).because("stopping").into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;
    use tokio::time::Instant;

    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_body_has_some_time_after_the_stop_and_no_more() {
        use futures::StreamExt;
        let slow = |parts: u64| {
            let parts = futures::stream::iter(0..parts).then(|_| async {
                tokio::time::sleep(Duration::from_secs(1)).await;
                Ok::<_, std::io::Error>(Bytes::from("a"))
            });
            Body::from_stream(parts.boxed())
        };
        let stopping = CancellationToken::new();
        let whole = async |parts| to_bytes(body(slow(parts), &stopping), 99).await.map(|all| all.len()).map_err(|why| why.to_string());
        assert_eq!(whole(9).await, Ok(9));
        stopping.cancel();
        assert_eq!(whole(1).await, Ok(1));
        let silent = Body::from_stream(futures::stream::pending::<Result<Bytes, std::io::Error>>());
        let begun = Instant::now();
        let why = to_bytes(body(silent, &stopping), 99).await.unwrap_err();
        assert_eq!((why.to_string().as_str(), begun.elapsed()), (STOPPING, SHUTDOWN_BODY_TIMEOUT));
    }
}
