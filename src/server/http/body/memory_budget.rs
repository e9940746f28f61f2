//! The memory that bodies share while they come and until they are done with. A body takes all of its share before it is read: none holds a part
//! of what another one waits for.

use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use crate::protocol::{ApiError, ErrorKind};

/// A body that is smaller takes nothing: it never waits for another.
pub const SMALL: usize = 64 << 10;
/// Those up to here have memory of their own: a picture does not wait for long runs that somebody uploads.
const MIDDLE: usize = 2 << 20;
/// How long a body waits for its share; nothing of it is read meanwhile.
const WAIT: Duration = Duration::from_secs(10);

/// In units of [`SMALL`].
static FOR_MIDDLE: Semaphore = Semaphore::const_new((64 << 20) / SMALL);
static FOR_LARGE: Semaphore = Semaphore::const_new((256 << 20) / SMALL);

/// What a body takes; given back when it is dropped.
pub type Share = Option<SemaphorePermit<'static>>;

/// The share of a body of so many bytes. An error is 503.
pub async fn share(bytes: usize) -> Result<Share, ApiError> {
    let units = u32::try_from(bytes / SMALL).unwrap_or(u32::MAX);
    if units == 0 {
        return Ok(None);
    }
    let of = if bytes <= MIDDLE { &FOR_MIDDLE } else { &FOR_LARGE };
    match timeout(WAIT, of.acquire_many(units)).await {
        Ok(Ok(share)) => Ok(Some(share)),
        _ => {
            Err(ErrorKind::Unavailable
                .with("More large bodies are coming at once than there is room for. Send it again when others are done."))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn large_bodies_wait_for_one_another_and_for_no_others() {
        let large = 64 << 20;
        let mut shares = Vec::new();
        for _ in 0..4 {
            shares.push(share(large).await.unwrap());
        }
        assert_eq!(share(large).await.unwrap_err().code, 503);
        assert!(share(SMALL - 1).await.unwrap().is_none());
        assert_eq!(share(MIDDLE).await.unwrap().unwrap().num_permits(), MIDDLE / SMALL);
        let waiting = tokio::spawn(share(large));
        tokio::time::sleep(WAIT / 2).await;
        shares.pop();
        assert!(waiting.await.unwrap().is_ok());
    }
}
