//! Large bodies are parsed beside the threads that answer, one at a time: health and small changes do not wait for them.

use axum::body::Bytes;
use tokio::sync::Semaphore;

use crate::protocol::{ApiError, ErrorKind};

/// What is smaller takes a millisecond or two, and is parsed where it is.
const LARGE: usize = 128 << 10;
/// One at a time, in the order in which they came: a body of many small things takes ten times its bytes while it is parsed.
static PLACE: Semaphore = Semaphore::const_new(1);

/// What `parse` makes of the body. A body whose request is given up meanwhile keeps the place until it is done.
pub async fn aside<T, F>(body: &Bytes, parse: F) -> Result<T, ApiError>
where
    T: Send + 'static,
    F: FnOnce(&[u8]) -> Result<T, ApiError> + Send + 'static,
{
    if body.len() < LARGE {
        return parse(body);
    }
    let failed = || ErrorKind::GeneralError.with("The body could not be read; nothing was changed. The server's log says why.");
    let place = PLACE.acquire().await.map_err(|_| failed())?;
    let body = body.clone();
    let parsed = tokio::task::spawn_blocking(move || {
        let parsed = parse(&body);
        drop(place);
        parsed
    });
    parsed.await.map_err(|_| failed())?
}

#[cfg(test)]
mod tests {
    use std::thread::{ThreadId, current};

    use super::*;

    #[tokio::test]
    async fn large_bodies_are_parsed_on_another_thread_one_at_a_time() {
        let parsed_on = async |bytes: usize| {
            let read = |body: &[u8]| Ok::<(ThreadId, usize), ApiError>((current().id(), body.len()));
            aside(&Bytes::from(vec![b' '; bytes]), read).await.unwrap()
        };
        let here = current().id();
        assert_eq!(parsed_on(LARGE - 1).await, (here, LARGE - 1));
        let (there, bytes) = parsed_on(LARGE).await;
        assert!(there != here && bytes == LARGE);

        // While one is parsed another large one waits, and a small one does not.
        let (begun, mut has_begun) = tokio::sync::mpsc::unbounded_channel();
        let (slow, go): (Vec<_>, Vec<_>) = (0..2)
            .map(|_| {
                let (go, wait) = std::sync::mpsc::channel::<()>();
                let begun = begun.clone();
                let parse = move |_: &[u8]| {
                    begun.send(()).unwrap();
                    wait.recv().map_err(|why| ErrorKind::GeneralError.with(why.to_string()))
                };
                (tokio::spawn(async move { aside(&Bytes::from(vec![b' '; LARGE]), parse).await }), go)
            })
            .unzip();
        has_begun.recv().await.unwrap();
        assert_eq!((PLACE.available_permits(), parsed_on(1).await.1), (0, 1));
        assert!(has_begun.try_recv().is_err());
        for (one, go) in slow.into_iter().zip(go) {
            go.send(()).unwrap();
            one.await.unwrap().unwrap();
        }
        has_begun.recv().await.unwrap();
    }
}
