//! Work that takes a processor for a while, beside the threads that answer: health and small requests do not wait for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::error::ServerError;
use crate::server::limits::{CPU_TASK_TIMEOUT, MAX_WAITING_CPU_TASKS};

/// So much at a time, and no more; the rest waits in the order in which it came.
pub struct CpuPool {
    places: Arc<Semaphore>,
    /// What all of it may hold, in units of `unit` bytes.
    bytes: Arc<Semaphore>,
    unit: usize,
    most: usize,
    waiting: AtomicUsize,
}

/// Whether whoever asked for it is still there.
#[derive(Clone, Default)]
pub struct CancelFlag(Arc<AtomicBool>);

impl CancelFlag {
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Dropped with the request, which tells the work.
struct Leaves(CancelFlag);

impl Drop for Leaves {
    fn drop(&mut self) {
        self.0.0.store(true, Ordering::Relaxed);
    }
}

/// Processors that the system gives to this process.
pub fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

impl CpuPool {
    /// So many places, and bytes for what stands in them. One that is larger than all takes all.
    pub fn new(places: usize, bytes: usize) -> Self {
        let unit = 64 << 10;
        let most = (bytes / unit).max(1);
        Self {
            places: Arc::new(Semaphore::new(places.max(1))),
            bytes: Arc::new(Semaphore::new(most)),
            unit,
            most,
            waiting: AtomicUsize::new(0),
        }
    }

    /// Runs `work` when there is a place for something of so many bytes. It keeps the place until it is done, also when nobody waits for it any more: it can
    /// ask, and end early.
    pub async fn run<T, F>(&self, bytes: usize, work: F) -> Result<T, ServerError>
    where
        T: Send + 'static,
        F: FnOnce(&CancelFlag) -> T + Send + 'static,
    {
        let held = self.place(bytes).await?;
        let leaves = Leaves(CancelFlag::default());
        let asker = leaves.0.clone();
        let done = tokio::task::spawn_blocking(move || {
            // Given back at the end, that of a panic too.
            let _held = held;
            work(&asker)
        });
        done.await.map_err(|_| ServerError::Panicked)
    }

    async fn place(&self, bytes: usize) -> Result<[OwnedSemaphorePermit; 2], ServerError> {
        let _waits = Waits::among(&self.waiting)?;
        let units = bytes.div_ceil(self.unit).clamp(1, self.most) as u32;
        let both = async {
            let bytes = self.bytes.clone().acquire_many_owned(units).await;
            (bytes, self.places.clone().acquire_owned().await)
        };
        match timeout(CPU_TASK_TIMEOUT, both).await {
            Ok((Ok(bytes), Ok(place))) => Ok([bytes, place]),
            _ => Err(ServerError::Crowded),
        }
    }

    #[cfg(test)]
    pub fn free(&self) -> (usize, usize) {
        (self.places.available_permits(), self.bytes.available_permits())
    }
}

/// One that waits.
struct Waits<'a>(&'a AtomicUsize);

impl<'a> Waits<'a> {
    fn among(waiting: &'a AtomicUsize) -> Result<Self, ServerError> {
        let one = Self(waiting);
        if waiting.fetch_add(1, Ordering::Relaxed) < MAX_WAITING_CPU_TASKS { Ok(one) } else { Err(ServerError::Crowded) }
    }
}

impl Drop for Waits<'_> {
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
    async fn it_runs_on_another_thread_so_much_at_a_time() {
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
        // The second one finds a place, and no bytes.
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
    async fn a_panic_gives_its_place_back() {
        let pool = CpuPool::new(1, 1);
        for _ in 0..3 {
            let to_api_error = pool.run(1, |_| -> () { panic!("on purpose") }).await.unwrap_err();
            assert_eq!((to_api_error.to_api_error().code, pool.free()), (500, (1, 1)));
        }
    }

    #[tokio::test]
    async fn work_learns_that_nobody_waits_for_it() {
        let pool = Arc::new(CpuPool::new(1, 1));
        let (begun, has_begun) = tokio::sync::oneshot::channel();
        let asked = tokio::spawn({
            let pool = pool.clone();
            async move {
                let work = |asker: &CancelFlag| {
                    begun.send(()).unwrap();
                    while !asker.is_cancelled() {
                        std::thread::yield_now();
                    }
                };
                pool.run(1, work).await
            }
        });
        has_begun.await.unwrap();
        asked.abort();
        // The place is free again once the work has noticed.
        assert!(pool.run(1, |_| ()).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_waits_than_may() {
        let pool = Arc::new(CpuPool::new(1, 1));
        let held = pool.place(1).await.unwrap();
        let waiting: Vec<_> = (0..MAX_WAITING_CPU_TASKS)
            .map(|_| {
                let pool = pool.clone();
                tokio::spawn(async move { pool.place(1).await.map(drop) })
            })
            .collect();
        tokio::task::yield_now().await;
        assert_eq!(pool.place(1).await.unwrap_err().to_api_error().code, 503);
        for waits in waiting {
            assert_eq!(waits.await.unwrap().unwrap_err().to_api_error().code, 503, "its time is over");
        }
        drop(held);
        assert!(pool.place(1).await.is_ok());
    }
}
