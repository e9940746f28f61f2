//! Memory that request bodies share until they are handled. A body reserves its full size before it is
//! read, so that two bodies cannot deadlock on partial reservations.

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use crate::protocol::{ApiError, ErrorKind};
use crate::server::limits::{
    BODY_MEMORY_TIMEOUT, LARGE_BODIES_BUDGET_BYTES, MAX_MEDIUM_BODY_BYTES, MAX_UNCOUNTED_BODY_BYTES, MEDIUM_BODIES_BUDGET_BYTES,
};

/// In units of [`MAX_UNCOUNTED_BODY_BYTES`].
static MEDIUM_BUDGET: Semaphore = Semaphore::const_new(MEDIUM_BODIES_BUDGET_BYTES / MAX_UNCOUNTED_BODY_BYTES);
static LARGE_BUDGET: Semaphore = Semaphore::const_new(LARGE_BODIES_BUDGET_BYTES / MAX_UNCOUNTED_BODY_BYTES);

/// The reservation of a body, released when it is dropped; `None` for a small one.
pub type MemoryPermit = Option<SemaphorePermit<'static>>;

/// Reserves memory for a body of so many bytes. Error: 503.
pub async fn reserve(bytes: usize) -> Result<MemoryPermit, ApiError> {
    let units = u32::try_from(bytes / MAX_UNCOUNTED_BODY_BYTES).unwrap_or(u32::MAX);
    if units == 0 {
        return Ok(None);
    }
    let budget = if bytes <= MAX_MEDIUM_BODY_BYTES { &MEDIUM_BUDGET } else { &LARGE_BUDGET };
    match timeout(BODY_MEMORY_TIMEOUT, budget.acquire_many(units)).await {
        Ok(Ok(permit)) => Ok(Some(permit)),
        _ => Err(ErrorKind::Unavailable
            .with("More large bodies are coming at once than there is room for. Send it again when others are done.")
            .because("bodies_full")),
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
        let full = reserve(large).await.unwrap_err();
        assert_eq!((full.code, full.data.reason), (503, Some("bodies_full")));
        assert!(reserve(MAX_UNCOUNTED_BODY_BYTES - 1).await.unwrap().is_none());
        assert_eq!(reserve(MAX_MEDIUM_BODY_BYTES).await.unwrap().unwrap().num_permits(), MAX_MEDIUM_BODY_BYTES / MAX_UNCOUNTED_BODY_BYTES);
        let waiting = tokio::spawn(reserve(large));
        tokio::time::sleep(BODY_MEMORY_TIMEOUT / 2).await;
        permits.pop();
        assert!(waiting.await.unwrap().is_ok());
    }
}
