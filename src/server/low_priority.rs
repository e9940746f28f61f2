//! Threads for calculations that can wait: tables, searches, groups, smoothing. The kernel prefers threads of normal priority, so that the
//! requests of clients, and a training or a browser on the same machine, do not wait for them.

use std::sync::LazyLock;

use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

/// With 5 more, a thread gets a quarter of a processor that a thread of the server wants, too (weights 335 and 1024 of sched(7)).
#[cfg(target_os = "linux")]
const NICER: i32 = 5;
/// The lowest priority that there is.
#[cfg(target_os = "linux")]
const MAX_NICE: i32 = 19;

/// Only its threads for blocking work are used.
static THREADS: LazyLock<Runtime> = LazyLock::new(|| {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let mut builder = Builder::new_current_thread();
    builder.thread_name("calculation").max_blocking_threads(4 * processors.max(4)).on_thread_start(lower_priority);
    builder.build().expect("a runtime without drivers asks nothing of the system")
});

/// Runs `work` on a thread of low priority.
pub fn spawn_calculation<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    THREADS.spawn_blocking(work)
}

/// Elsewhere than on Linux the priority belongs to the whole process.
fn lower_priority() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{getpid, getpriority_process, setpriority_process};
        // That of the first thread: the one that starts this one may be a calculation itself.
        let own = getpriority_process(Some(getpid()));
        if let Err(why) = own.and_then(|own| setpriority_process(None, lower(own))) {
            tracing::debug!("Calculations run at normal priority: {why}.");
        }
    }
}

/// Below the priority that the server was started with, such as `nice -n 10`.
#[cfg(target_os = "linux")]
fn lower(own: i32) -> i32 {
    (own + NICER).min(MAX_NICE)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_calculations_have_a_low_priority() {
        let priority = || rustix::process::getpriority_process(None).unwrap();
        let before = priority();
        assert_eq!(spawn_calculation(priority).await.unwrap(), lower(before));
        let nested = spawn_calculation(move || spawn_calculation(priority)).await.unwrap();
        assert_eq!(nested.await.unwrap(), lower(before), "a thread that a calculation starts");
        assert_eq!([-5, 0, 10, 17, 19].map(lower), [0, 5, 15, 19, 19], "below what the server was started with");
        assert_eq!((priority(), tokio::task::spawn_blocking(priority).await.unwrap()), (before, before));
    }
}
