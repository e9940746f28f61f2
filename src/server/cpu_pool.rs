//! Runs CPU-intensive work outside the threads of requests, so that small requests do not wait for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::error::ServerError;
use super::limits::{CPU_TASK_TIMEOUT, MAX_WAITING_CPU_TASKS};
use super::low_priority::spawn_calculation;
use crate::protocol::{ApiError, ErrorKind};

/// A bounded number of tasks that run at the same time. Others wait in the order of arrival.
pub struct CpuPool {
    threads: Arc<Semaphore>,
    /// Memory of all running tasks, in units of `unit` bytes.
    bytes: Arc<Semaphore>,
    unit: usize,
    max_units: usize,
    is_low_priority: bool,
    waiting: AtomicUsize,
}

/// Set when the client of a task has gone.
#[derive(Clone, Default)]
pub struct CancelFlag(Arc<AtomicBool>);

impl CancelFlag {
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    #[cfg(test)]
    pub fn cancelled() -> Self {
        Self(Arc::new(true.into()))
    }

    /// 503 once nobody waits for the answer.
    pub fn check(&self) -> Result<(), ApiError> {
        if self.is_cancelled() {
            return Err(ErrorKind::Unavailable.with("Nobody waits for this answer any more.").because("gone"));
        }
        Ok(())
    }
}

/// Sets the flag when the request is dropped.
struct CancelOnDrop(CancelFlag);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.0.store(true, Ordering::Relaxed);
    }
}

/// Number of processors available to this process.
pub fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

impl CpuPool {
    /// A pool with so many threads, and so many bytes of memory for their tasks. A larger task runs alone.
    pub fn new(threads: usize, bytes: usize) -> Self {
        let unit = 64 << 10;
        let max_units = (bytes / unit).max(1);
        Self {
            threads: Arc::new(Semaphore::new(threads.max(1))),
            bytes: Arc::new(Semaphore::new(max_units)),
            unit,
            max_units,
            is_low_priority: false,
            waiting: AtomicUsize::new(0),
        }
    }

    /// For calculations that can wait: on threads of low priority, half as many as there are processors. The other half is free to
    /// respond, write and parse.
    pub fn low_priority() -> Self {
        Self { is_low_priority: true, ..Self::new(processors() / 2, usize::MAX >> 1) }
    }

    /// Runs `work`, which takes about so many bytes of memory. It keeps its thread until it is done, also
    /// when its client has gone: it can check the flag and end early. 503: too many wait, or too long.
    pub async fn run<T, F>(&self, bytes: usize, work: F) -> Result<T, ServerError>
    where
        T: Send + 'static,
        F: FnOnce(&CancelFlag) -> T + Send + 'static,
    {
        let permits = self.acquire(bytes).await?;
        let cancel = CancelOnDrop(CancelFlag::default());
        let flag = cancel.0.clone();
        let work = move || {
            // Released at the end, also after a panic.
            let _permits = permits;
            work(&flag)
        };
        let done = if self.is_low_priority { spawn_calculation(work) } else { tokio::task::spawn_blocking(work) };
        done.await.map_err(|_| ServerError::Panicked)
    }

    async fn acquire(&self, bytes: usize) -> Result<[OwnedSemaphorePermit; 2], ServerError> {
        let _waiting = WaitingTask::count(&self.waiting)?;
        let units = bytes.div_ceil(self.unit).clamp(1, self.max_units) as u32;
        let both = async {
            let bytes = self.bytes.clone().acquire_many_owned(units).await;
            (bytes, self.threads.clone().acquire_owned().await)
        };
        match timeout(CPU_TASK_TIMEOUT, both).await {
            Ok((Ok(bytes), Ok(thread))) => Ok([bytes, thread]),
            _ => Err(ServerError::Overloaded),
        }
    }

    #[cfg(test)]
    pub fn free(&self) -> (usize, usize) {
        (self.threads.available_permits(), self.bytes.available_permits())
    }
}

/// A waiting task, counted until it is dropped.
struct WaitingTask<'a>(&'a AtomicUsize);

impl<'a> WaitingTask<'a> {
    fn count(waiting: &'a AtomicUsize) -> Result<Self, ServerError> {
        let one = Self(waiting);
        if waiting.fetch_add(1, Ordering::Relaxed) < MAX_WAITING_CPU_TASKS { Ok(one) } else { Err(ServerError::Overloaded) }
    }
}

impl Drop for WaitingTask<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread::current;

    use super::*;

    #[tokio::test]
    async fn tasks_run_on_other_threads_within_the_limits() {
        let pool = Arc::new(CpuPool::new(2, 256 << 10));
        let there = pool.run(1, |_| current().id()).await.unwrap();
        assert_ne!(there, current().id());
        let (begun, mut has_begun) = tokio::sync::mpsc::unbounded_channel();
        let start = |bytes: usize| {
            let (go, wait) = mpsc::channel::<()>();
            let (begun, pool) = (begun.clone(), pool.clone());
            let work = move |_: &CancelFlag| {
                begun.send(bytes).unwrap();
                let _ = wait.recv();
            };
            (tokio::spawn(async move { pool.run(bytes, work).await }), go)
        };
        // There is a thread for the second task, and no memory.
        let (first, go_first) = start(200 << 10);
        assert_eq!(has_begun.recv().await, Some(200 << 10));
        let (second, go_second) = start(1 << 30);
        tokio::task::yield_now().await;
        assert!(has_begun.try_recv().is_err());
        drop(go_first);
        first.await.unwrap().unwrap();
        assert_eq!(has_begun.recv().await, Some(1 << 30));
        drop(go_second);
        second.await.unwrap().unwrap();
        assert_eq!(pool.free(), (2, 4));
    }

    #[tokio::test]
    async fn a_panic_releases_its_permits() {
        let pool = CpuPool::new(1, 1);
        for _ in 0..3 {
            let to_api_error = pool.run(1, |_| -> () { panic!("on purpose") }).await.unwrap_err();
            assert_eq!((to_api_error.to_api_error().code, pool.free()), (500, (1, 1)));
        }
    }

    #[tokio::test]
    async fn work_sees_that_its_client_has_gone() {
        let pool = Arc::new(CpuPool::new(1, 1));
        let (begun, has_begun) = tokio::sync::oneshot::channel();
        let request = tokio::spawn({
            let pool = pool.clone();
            async move {
                let work = |client: &CancelFlag| {
                    begun.send(()).unwrap();
                    while !client.is_cancelled() {
                        std::thread::yield_now();
                    }
                };
                pool.run(1, work).await
            }
        });
        has_begun.await.unwrap();
        request.abort();
        // The thread is free again once the work has seen it.
        assert!(pool.run(1, |_| ()).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn the_number_of_waiting_tasks_is_bounded() {
        let pool = Arc::new(CpuPool::new(1, 1));
        let held = pool.acquire(1).await.unwrap();
        let waiting: Vec<_> = (0..MAX_WAITING_CPU_TASKS)
            .map(|_| {
                let pool = pool.clone();
                tokio::spawn(async move { pool.acquire(1).await.map(drop) })
            })
            .collect();
        tokio::task::yield_now().await;
        assert_eq!(pool.acquire(1).await.unwrap_err().to_api_error().code, 503);
        for waits in waiting {
            assert_eq!(waits.await.unwrap().unwrap_err().to_api_error().code, 503, "its time is over");
        }
        drop(held);
        assert!(pool.acquire(1).await.is_ok());
    }
}
