//! Bodies of requests, whole: bounded in size, alone and together, and in time by what has come so far.

use std::time::Duration;

use axum::body::{Body, BodyDataStream, Bytes, HttpBody};
use futures::StreamExt;
use tokio::time::{Instant, timeout, timeout_at};

use super::memory_budget::{self, SMALL, Share};
use crate::protocol::{ApiError, ErrorKind};
use crate::server::error::ServerError;

/// So many bytes of a body, or its end, come within this time: nothing is held for long that hardly comes.
const STRETCH: usize = 120 << 10;
const STRETCH_WITHIN: Duration = Duration::from_secs(30);
/// A stream may be as slow as it likes, but one that sends nothing for so long is over: whoever sent it may be gone without a word.
const SILENT: Duration = Duration::from_secs(300);

/// The whole body, refused by its announced length before anything is read.
pub async fn whole(body: Body, most: usize) -> Result<Bytes, ServerError> {
    let size = if most < 1 << 20 { format!("{} KiB", most >> 10) } else { format!("{} MiB", most >> 20) };
    let too_large = || ErrorKind::PayloadTooLarge.with(format!("The body may have {size}; nothing was changed."));
    let announced = body.size_hint().lower();
    if announced > most as u64 {
        return Err(too_large().into());
    }
    // What does not say its length is taken for the largest, once it is not small.
    let is_announced = body.size_hint().exact().is_some();
    let mut share = if is_announced { memory_budget::share(announced as usize).await.map_err(unchanged)? } else { None };
    // Its share is taken: it does not move while it grows.
    let (mut parts, mut taken) = (body.into_data_stream(), Vec::with_capacity(announced as usize));
    let (mut until, mut next) = (Instant::now() + STRETCH_WITHIN, STRETCH);
    loop {
        let Ok(part) = timeout_at(until, parts.next()).await else {
            return Err(ErrorKind::Timeout.with("The body came too slowly; nothing was changed. Send it again.").into());
        };
        match part {
            Some(Ok(part)) if taken.len() + part.len() > most => return Err(too_large().into()),
            // Most bodies are one part.
            Some(Ok(part)) if taken.is_empty() && part.len() as u64 == announced => return Ok(part),
            Some(Ok(part)) => {
                if !is_announced && share.is_none() && taken.len() + part.len() >= SMALL {
                    share = memory_budget::share(most).await.map_err(unchanged)?;
                    until = Instant::now() + STRETCH_WITHIN;
                }
                taken.extend_from_slice(&part);
                if taken.len() >= next {
                    (until, next) = (Instant::now() + STRETCH_WITHIN, taken.len() + STRETCH);
                }
            }
            Some(Err(why)) => return Err(unchanged(broken(why)).into()),
            None => return Ok(Bytes::from_owner(Whole { bytes: taken, _share: share })),
        }
    }
}

/// What has come, with its share of the memory.
struct Whole {
    bytes: Vec<u8>,
    _share: Share,
}

impl AsRef<[u8]> for Whole {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

fn unchanged(error: ApiError) -> ApiError {
    ApiError { message: format!("{} Nothing was changed.", error.message), ..error }
}

/// Why a body has no end: its token is gone, or something happened on the way.
pub fn broken(why: axum::Error) -> ApiError {
    why.into_inner().downcast().map_or_else(|_| ErrorKind::BadRequest.with("The body was broken off."), |told| *told)
}

/// The next part of a stream that may go on for hours; 408 when none comes for five minutes.
pub async fn part(stream: &mut BodyDataStream) -> Result<Option<Result<Bytes, axum::Error>>, ApiError> {
    let silent = |_| ErrorKind::Timeout.with(format!("The stream was silent for {} s.", SILENT.as_secs()));
    timeout(SILENT, stream.next()).await.map_err(silent)
}

#[cfg(test)]
mod tests {
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
            assert!(part(&mut stream).await.is_ok_and(|part| part.is_some()));
        }
        let told = part(&mut stream).await.map(|_| ()).unwrap_err();
        assert_eq!((told.code, told.message.as_str()), (408, "The stream was silent for 300 s."));
    }

    /// Parts of so many bytes, one a second.
    fn slow(parts: usize, bytes: usize) -> Body {
        Body::from_stream(futures::stream::iter(0..parts).then(move |_| async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            Ok::<_, std::io::Error>(Bytes::from(vec![b'x'; bytes]))
        }))
    }

    async fn code(body: Body) -> Result<usize, u16> {
        whole(body, 1 << 20).await.map(|bytes| bytes.len()).map_err(|why| why.to_api_error().code)
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
        // What came fast at first is no credit for what does not come.
        let stalled =
            futures::stream::iter([Ok(Bytes::from(vec![0; 1_000_000]))]).chain(futures::stream::pending::<Result<_, std::io::Error>>());
        let begun = Instant::now();
        assert_eq!((code(Body::from_stream(stalled)).await, begun.elapsed()), (Err(408), STRETCH_WITHIN));
        let cut = futures::stream::iter([Ok(Bytes::from("ab")), Err(std::io::Error::other("cut"))]);
        assert_eq!(code(Body::from_stream(cut)).await, Err(400));
    }
}
