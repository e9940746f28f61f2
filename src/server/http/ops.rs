//! Whether the server is well, for service managers and for Prometheus.

use std::fmt::Write;
use std::time::UNIX_EPOCH;

use axum::extract::State;
use axum::http::{HeaderName, header};

use crate::protocol::ErrorKind;
use crate::server::App;
use crate::server::error::ServerError;
use crate::server::http::openapi::responses::Unavailable;

const FULL: &str = "The disk is full: only removals, and what finds the room that they made, are taken; reading goes on. Free some space or remove cells.\n";

/// `GET /healthz`: 200 as long as the server answers at all.
#[utoipa::path(
    get,
    path = "/healthz",
    operation_id = "health",
    summary = "Whether the server answers",
    responses(
        (status = 200, description = "It answers.", body = String, content_type = "text/plain")
    )
)]
pub async fn healthy() -> ([(HeaderName, &'static str); 1], &'static str) {
    ([(header::CACHE_CONTROL, "no-store")], "ok\n")
}

/// `GET /readyz`: 200 when changes are taken, 503 with the reason when they are not. On a full disk 200, which says so: whoever turned readers away
/// from this server now would take away the page on which cells are removed.
#[utoipa::path(
    get,
    path = "/readyz",
    operation_id = "ready",
    summary = "Whether changes are taken",
    responses(
        (status = 200, description = "Changes are taken.", body = String, content_type = "text/plain"),
        (status = 503, response = Unavailable)
    )
)]
pub async fn ready(State(app): State<App>) -> Result<([(HeaderName, &'static str); 1], &'static str), ServerError> {
    if app.stopping.is_cancelled() {
        return Err(ServerError::Stopped);
    }
    app.boards.store.ready().map_err(|why| ErrorKind::Unavailable.with(why.to_api_error().message))?;
    let (head, well) = healthy().await;
    Ok((head, if app.boards.store.stats().is_full() { FULL } else { well }))
}

/// `GET /metrics`: Prometheus' text format, version 0.0.4.
#[utoipa::path(
    get,
    path = "/metrics",
    operation_id = "metrics",
    summary = "What the server holds and does, for Prometheus",
    responses(
        (status = 200, description = "Prometheus' text format, version 0.0.4.", body = String, content_type = "text/plain")
    )
)]
pub async fn metrics(State(app): State<App>) -> ([(HeaderName, &'static str); 2], String) {
    let kind = (header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8");
    ([kind, (header::CACHE_CONTROL, "no-store")], exposition(&app))
}

fn exposition(app: &App) -> String {
    let store = &app.boards.store;
    let (mut boards, mut cells, mut series, mut points) = (0, 0, 0, 0);
    {
        let index = store.index();
        for (_, board) in index.boards().filter(|(_, board)| !board.cells.is_empty()) {
            boards += 1;
            cells += board.cells.len();
            for list in board.cells.keys().map(|id| index.series(id)) {
                series += list.len();
                points += list.iter().map(|series| series.count()).sum::<u64>();
            }
        }
    }
    let stats = store.stats();
    let (waiting, bytes) = store.waiting();
    let (readers, lagged) = app.hub.readers();
    let mut text = String::new();
    let mut tell = |name: &str, kind: &str, help: &str, value: f64| {
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}");
    };
    tell("agnez_boards", "gauge", "Boards with cells.", f64::from(boards));
    tell("agnez_cells", "gauge", "Cells on all boards.", cells as f64);
    tell("agnez_series", "gauge", "Series of all line cells.", series as f64);
    tell("agnez_points", "gauge", "Points of all series.", points as f64);
    tell("agnez_readers", "gauge", "Open pages and programs that read the live feed.", readers as f64);
    tell("agnez_readers_lagged_total", "counter", "How often a reader was too slow and was given the newest state instead.", lagged as f64);
    let (connections, most) = app.connections.count();
    tell("agnez_connections", "gauge", "Open connections, the readers' included.", connections as f64);
    tell("agnez_connections_most", "gauge", "How many there may be.", most as f64);
    tell("agnez_commits_total", "counter", "Commits that are on disk.", stats.commits() as f64);
    tell("agnez_operations_total", "counter", "Changes asked for, in commits that are on disk.", stats.operations() as f64);
    tell("agnez_commits_undone_total", "counter", "Commits that the disk refused.", stats.undone() as f64);
    tell("agnez_queue_operations", "gauge", "Changes that wait for the disk.", waiting as f64);
    tell("agnez_queue_bytes", "gauge", "Their bytes.", bytes as f64);
    tell("agnez_answers_bytes", "gauge", "Bytes of answers that are made or sent just now.", app.answers.bytes() as f64);
    tell("agnez_ready", "gauge", "1 when changes are taken.", f64::from(u8::from(!app.stopping.is_cancelled() && store.ready().is_ok())));
    tell(
        "agnez_disk_full",
        "gauge",
        "1 when changes find no room on the disk; removals and reading go on.",
        f64::from(u8::from(stats.is_full())),
    );
    if let Some(faults) = stats.faults() {
        tell(
            "agnez_database_faults",
            "gauge",
            "Faults that SQLite found in the structure of its file since the start; 0 is well.",
            faults as f64,
        );
    }
    if let Some(bytes) = resident_bytes() {
        tell("process_resident_memory_bytes", "gauge", "Memory of the process.", bytes as f64);
    }
    let started = app.started.duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64());
    tell("process_start_time_seconds", "gauge", "Start of the process since the Unix epoch.", started);
    let _ = writeln!(text, "# HELP agnez_requests_total Requests by the kind of their answer.\n# TYPE agnez_requests_total counter");
    for (status, count) in app.requests.answered() {
        let _ = writeln!(text, "agnez_requests_total{{status=\"{status}\"}} {count}");
    }
    let _ = writeln!(text, "# HELP agnez_build_info The program.\n# TYPE agnez_build_info gauge");
    let _ = writeln!(text, "agnez_build_info{{version=\"{}\"}} 1", env!("CARGO_PKG_VERSION"));
    text
}

/// Where the system tells it in `/proc`.
fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()? * 1024)
}
