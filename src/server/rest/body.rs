//! Bodies of requests, whole: bounded in size, and in time by what has come so far.

use std::time::Duration;

use axum::body::{Body, BodyDataStream, Bytes, HttpBody};
use futures::StreamExt;
use tokio::time::{Instant, timeout, timeout_at};

use crate::protocol::{ApiError, ErrorKind};
use crate::server::error::Problem;

/// A body has this long, and a second more for each so many bytes that have come.
const GRACE: Duration = Duration::from_secs(30);
const SLOWEST: u64 = 4096;
/// A stream may be as slow as it likes, but one that sends nothing for so long is over: whoever sent it may be gone without a word.
const SILENT: Duration = Duration::from_secs(300);

/// The whole body, refused by its announced length before anything is read.
pub async fn whole(body: Body, most: usize) -> Result<Bytes, Problem> {
    let size = if most < 1 << 20 { format!("{} KiB", most >> 10) } else { format!("{} MiB", most >> 20) };
    let too_large = || ErrorKind::PayloadTooLarge.with(format!("The body may have {size}; nothing was changed."));
    let announced = body.size_hint().lower();
    if announced > most as u64 {
        return Err(too_large().into());
    }
    let begun = Instant::now();
    let (mut parts, mut taken) = (body.into_data_stream(), Vec::new());
    loop {
        let until = begun + GRACE + Duration::from_secs(taken.len() as u64 / SLOWEST);
        let Ok(part) = timeout_at(until, parts.next()).await else {
            return Err(ErrorKind::Timeout.with("The body came too slowly; nothing was changed. Send it again.").into());
        };
        match part {
            Some(Ok(part)) if taken.len() + part.len() > most => return Err(too_large().into()),
            // Most bodies are one part.
            Some(Ok(part)) if taken.is_empty() && part.len() as u64 == announced => return Ok(part),
            Some(Ok(part)) => taken.extend_from_slice(&part),
            Some(Err(why)) => {
                let error = broken(why);
                return Err(ApiError { message: format!("{} Nothing was changed.", error.message), ..error }.into());
            }
            None => return Ok(taken.into()),
        }
    }
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
        whole(body, 1 << 20).await.map(|bytes| bytes.len()).map_err(|why| why.told().code)
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
        let cut = futures::stream::iter([Ok(Bytes::from("ab")), Err(std::io::Error::other("cut"))]);
        assert_eq!(code(Body::from_stream(cut)).await, Err(400));
    }
}
