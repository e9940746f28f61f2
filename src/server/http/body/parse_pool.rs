//! What is read of large bodies is read beside the threads that answer: health and small changes do not wait for it.

use std::sync::LazyLock;

use crate::server::cpu_pool::{CpuPool, processors};
use crate::server::error::ServerError;

/// What is smaller takes a millisecond or two, and is read where it is.
const LARGE: usize = 128 << 10;
/// Of all bodies that are read at the same time. What is made of one takes a small multiple of its bytes.
const BYTES: usize = 128 << 20;

static READERS: LazyLock<CpuPool> = LazyLock::new(|| CpuPool::new(processors(), BYTES));

/// What `read` makes of so many bytes.
pub async fn aside<T, F>(bytes: usize, read: F) -> Result<T, ServerError>
where
    T: Send + 'static,
    F: FnOnce() -> T + Send + 'static,
{
    if bytes < LARGE {
        return Ok(read());
    }
    READERS.run(bytes, move |_| read()).await
}

#[cfg(test)]
mod tests {
    use std::thread::current;

    use super::*;

    #[tokio::test]
    async fn only_what_is_large_is_read_on_another_thread() {
        let here = current().id();
        assert_eq!(aside(LARGE - 1, || current().id()).await.unwrap(), here);
        assert_ne!(aside(LARGE, || current().id()).await.unwrap(), here);
    }
}
