//! Large bodies are parsed on threads of their own, so that health checks and small changes do not
//! wait for them.

use std::sync::LazyLock;

use super::cpu_pool::{CpuPool, processors};
use super::error::ServerError;
use super::limits::PARSE_BUDGET_BYTES;

/// Smaller input takes a millisecond or two, and is parsed on the calling thread.
const LARGE_BYTES: usize = 128 << 10;

static PARSE_POOL: LazyLock<CpuPool> = LazyLock::new(|| CpuPool::new(processors(), PARSE_BUDGET_BYTES));

/// Runs `parse`, which reads so many bytes.
pub async fn parse_in_pool<T, F>(bytes: usize, parse: F) -> Result<T, ServerError>
where
    T: Send + 'static,
    F: FnOnce() -> T + Send + 'static,
{
    if bytes < LARGE_BYTES {
        return Ok(parse());
    }
    PARSE_POOL.run(bytes, move |_| parse()).await
}

#[cfg(test)]
mod tests {
    use std::thread::current;

    use super::*;

    #[tokio::test]
    async fn only_large_input_is_parsed_on_another_thread() {
        let here = current().id();
        assert_eq!(parse_in_pool(LARGE_BYTES - 1, || current().id()).await.unwrap(), here);
        assert_ne!(parse_in_pool(LARGE_BYTES, || current().id()).await.unwrap(), here);
    }
}
