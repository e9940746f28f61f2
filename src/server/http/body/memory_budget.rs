//! Memory that request bodies share until they are handled. A body reserves its full size before it is
//! read, so that two bodies cannot deadlock on partial reservations.

use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use crate::protocol::{ApiError, ErrorKind};

/// A smaller body reserves nothing, and never waits for another.
pub const SMALL: usize = 64 << 10;
/// Bodies up to here have a budget of their own: a picture does not wait for the upload of a long run.
const MEDIUM: usize = 2 << 20;
/// How long a body waits for its reservation; nothing of it is read meanwhile.
const RESERVE_TIMEOUT: Duration = Duration::from_secs(10);

/// In units of [`SMALL`].
static MEDIUM_BUDGET: Semaphore = Semaphore::const_new((64 << 20) / SMALL);
static LARGE_BUDGET: Semaphore = Semaphore::const_new((256 << 20) / SMALL);

/// The reservation of a body, released when it is dropped; `None` for a small one.
pub type MemoryPermit = Option<SemaphorePermit<'static>>;

/// Reserves memory for a body of so many bytes. Error: 503.
pub async fn reserve(bytes: usize) -> Result<MemoryPermit, ApiError> {
    let units = u32::try_from(bytes / SMALL).unwrap_or(u32::MAX);
    if units == 0 {
        return Ok(None);
    }
    let budget = if bytes <= MEDIUM { &MEDIUM_BUDGET } else { &LARGE_BUDGET };
    match timeout(RESERVE_TIMEOUT, budget.acquire_many(units)).await {
        Ok(Ok(permit)) => Ok(Some(permit)),
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
        let mut permits = Vec::new();
        for _ in 0..4 {
            permits.push(reserve(large).await.unwrap());
        }
        assert_eq!(reserve(large).await.unwrap_err().code, 503);
        assert!(reserve(SMALL - 1).await.unwrap().is_none());
        assert_eq!(reserve(MEDIUM).await.unwrap().unwrap().num_permits(), MEDIUM / SMALL);
        let waiting = tokio::spawn(reserve(large));
        tokio::time::sleep(RESERVE_TIMEOUT / 2).await;
        permits.pop();
        assert!(waiting.await.unwrap().is_ok());
    }
}
