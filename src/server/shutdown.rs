//! Serving, the signals that end it, and the graceful shutdown.

use tokio_util::task::TaskTracker;

use super::limits::SHUTDOWN_TIMEOUT;
use super::platform::terminate_signal;
use super::startup::Server;

/// The exit code that shells report for a program ended by Ctrl-C.
const ENDED_BY_SIGNAL: i32 = 130;

impl Server {
    /// Serves until `stop` resolves, then lets requests finish, closes live connections and flushes everything to disk.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        self.log_start();
        let Self { listeners, router, app, .. } = self;
        let serving = TaskTracker::new();
        for listener in listeners {
            serving.spawn(app.connections.clone().serve(listener, router.clone(), app.stopping.clone()));
        }
        let watching = tokio::spawn({
            let tokens = app.tokens.clone();
            async move { tokens.watch().await }
        });
        stop.await;
        tracing::info!(connections = app.connections.count().0, "stopping");
        watching.abort();
        app.stopping.cancel();
        serving.close();
        app.tasks.close();
        let ended = async {
            serving.wait().await;
            app.connections.ended().await;
            app.tasks.wait().await;
        };
        if tokio::time::timeout(SHUTDOWN_TIMEOUT, ended).await.is_err() {
            tracing::warn!("some connections did not end within {} s and were cut", SHUTDOWN_TIMEOUT.as_secs());
        }
        app.boards.close().await;
        tracing::info!("stopped");
    }
}

/// Resolves at Ctrl-C or SIGTERM. A second signal ends the process at once: acknowledged changes are on disk.
pub async fn shutdown_signal() {
    shutdown_signal_with_cleanup(|| ()).await;
}

/// As [`shutdown_signal`]; a second signal runs `cleanup` before it ends the process.
pub async fn shutdown_signal_with_cleanup(cleanup: impl FnOnce() + Send + 'static) {
    signal().await;
    tokio::spawn(async {
        signal().await;
        tracing::warn!("ended at once by a second signal");
        cleanup();
        std::process::exit(ENDED_BY_SIGNAL);
    });
}

async fn signal() {
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminate_signal() => {}
    }
}
