//! Reads request bodies: bounded in size, each and together, and in time by minimum progress.

use axum::body::{Body, BodyDataStream, Bytes, HttpBody};
use futures::StreamExt;
use tokio::time::{Instant, timeout, timeout_at};

use super::memory_budget::{self, MemoryPermit};
use crate::protocol::{ApiError, ErrorKind};
use crate::server::error::ServerError;
use crate::server::limits::{BODY_PROGRESS_TIMEOUT, MAX_UNCOUNTED_BODY_BYTES, MIN_BODY_PROGRESS_BYTES, POINT_STREAM_IDLE_TIMEOUT};

/// Reads a body of at most `most` bytes. A longer announced length is refused before anything is read.
/// Errors: 400, 408, 413, 503.
pub async fn read_to_end(body: Body, most: usize) -> Result<Bytes, ServerError> {
    let size = if most < 1 << 20 { format!("{} KiB", most >> 10) } else { format!("{} MiB", most >> 20) };
    let too_large = || ErrorKind::PayloadTooLarge.with(format!("The body may have {size}; nothing was changed."));
    let announced = body.size_hint().lower();
    if announced > most as u64 {
        return Err(too_large().into());
    }
    // A body without a length reserves the maximum once it is not small.
    let is_announced = body.size_hint().exact().is_some();
    let mut permit = if is_announced { memory_budget::reserve(announced as usize).await.map_err(unchanged)? } else { None };
    // Reserved already: it does not move while it grows.
    let (mut chunks, mut taken) = (body.into_data_stream(), Vec::with_capacity(announced as usize));
    let (mut until, mut next) = (Instant::now() + BODY_PROGRESS_TIMEOUT, MIN_BODY_PROGRESS_BYTES);
    loop {
        let Ok(chunk) = timeout_at(until, chunks.next()).await else {
            return Err(ErrorKind::Timeout.with("The body came too slowly; nothing was changed. Send it again.").into());
        };
        match chunk {
            Some(Ok(chunk)) if taken.len() + chunk.len() > most => return Err(too_large().into()),
            // Most bodies are one chunk.
            Some(Ok(chunk)) if taken.is_empty() && chunk.len() as u64 == announced => return Ok(chunk),
            Some(Ok(chunk)) => {
                if !is_announced && permit.is_none() && taken.len() + chunk.len() >= MAX_UNCOUNTED_BODY_BYTES {
                    permit = memory_budget::reserve(most).await.map_err(unchanged)?;
                    until = Instant::now() + BODY_PROGRESS_TIMEOUT;
                }
                taken.extend_from_slice(&chunk);
                if taken.len() >= next {
                    (until, next) = (Instant::now() + BODY_PROGRESS_TIMEOUT, taken.len() + MIN_BODY_PROGRESS_BYTES);
                }
            }
            Some(Err(why)) => return Err(unchanged(broken(why)).into()),
            None => return Ok(Bytes::from_owner(ReservedBytes { bytes: taken, _permit: permit })),
        }
    }
}

/// The bytes of a body, with its reservation.
struct ReservedBytes {
    bytes: Vec<u8>,
    _permit: MemoryPermit,
}

impl AsRef<[u8]> for ReservedBytes {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

fn unchanged(error: ApiError) -> ApiError {
    ApiError { message: format!("{} Nothing was changed.", error.message), ..error }
}

/// Why a body broke off: its token was revoked, or the connection failed.
pub fn broken(why: axum::Error) -> ApiError {
    why.into_inner().downcast().map_or_else(|_| ErrorKind::BadRequest.with("The body was broken off."), |error| *error)
}

/// The next chunk of a stream that may go on for hours; 408 when none comes for five minutes.
pub async fn next_chunk(stream: &mut BodyDataStream) -> Result<Option<Result<Bytes, axum::Error>>, ApiError> {
    let silent = |_| ErrorKind::Timeout.with(format!("The stream was silent for {} s.", POINT_STREAM_IDLE_TIMEOUT.as_secs()));
    timeout(POINT_STREAM_IDLE_TIMEOUT, stream.next()).await.map_err(silent)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_stream_may_be_slow_but_not_silent_for_ever() {
        let pauses = [299, 299, 299, 301].map(Duration::from_secs);
        let mut stream = Body::from_stream(futures::stream::iter(pauses).then(async |pause| {
            tokio::time::sleep(pause).await;
            Ok::<_, std::io::Error>(Bytes::from("1"))
        }))
        .into_data_stream();
        for _ in 0..3 {
            assert!(next_chunk(&mut stream).await.is_ok_and(|chunk| chunk.is_some()));
        }
        let error = next_chunk(&mut stream).await.map(|_| ()).unwrap_err();
        assert_eq!((error.code, error.message.as_str()), (408, "The stream was silent for 300 s."));
    }

    /// Chunks of so many bytes, one a second.
    fn slow(chunks: usize, bytes: usize) -> Body {
        Body::from_stream(futures::stream::iter(0..chunks).then(move |_| async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            Ok::<_, std::io::Error>(Bytes::from(vec![b'x'; bytes]))
        }))
    }

    async fn code(body: Body) -> Result<usize, u16> {
        read_to_end(body, 1 << 20).await.map(|bytes| bytes.len()).map_err(|why| why.to_api_error().code)
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_is_bounded_in_size_and_in_time() {
        assert_eq!(code(Body::from("ab")).await, Ok(2));
        assert_eq!(code(Body::empty()).await, Ok(0));
        assert_eq!(code(Body::from(vec![0; (1 << 20) + 1])).await, Err(413));
        assert_eq!(code(slow(3, 400_000)).await, Err(413));
        assert_eq!(code(slow(29, 1)).await, Ok(29));
        assert_eq!(code(slow(40, 1)).await, Err(408));
        // Slow, but not too slow, however long it takes.
        assert_eq!(code(slow(200, 5_000)).await, Ok(1_000_000));
        // A fast start is no credit for a stall.
        let stalled =
            futures::stream::iter([Ok(Bytes::from(vec![0; 1_000_000]))]).chain(futures::stream::pending::<Result<_, std::io::Error>>());
        let begun = Instant::now();
        assert_eq!((code(Body::from_stream(stalled)).await, begun.elapsed()), (Err(408), BODY_PROGRESS_TIMEOUT));
        let cut = futures::stream::iter([Ok(Bytes::from("ab")), Err(std::io::Error::other("cut"))]);
        assert_eq!(code(Body::from_stream(cut)).await, Err(400));
    }
}
