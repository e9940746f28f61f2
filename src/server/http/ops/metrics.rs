//! `GET /metrics`: Prometheus' text format, version 0.0.4.

use std::sync::OnceLock;
use std::time::{Duration, UNIX_EPOCH};

use axum::extract::State;
use axum::http::{HeaderName, Method, header};
use prometheus_client::encoding::{EncodeLabelSet, prometheus_text};
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::protocol::ErrorKind;
use crate::server::App;
use crate::server::error::ServerError;

const METHODS: [&str; 8] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "other"];
const STATUSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];
/// Upper bounds of the request histogram, in seconds.
const REQUEST_SECONDS: [f64; 10] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5, 10.0];

/// Bounded: both labels have few values, whatever is requested.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RequestLabels {
    method: &'static str,
    status: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct StatusLabel {
    status: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct VersionLabel {
    version: &'static str,
}

/// Requests since the start: their number and their latency, by method and by the first digit of the status.
#[derive(Debug)]
pub struct RequestMetrics {
    total: Family<StatusLabel, Counter>,
    seconds: Family<RequestLabels, Histogram, fn() -> Histogram>,
    /// The metrics of both families by their place in [`STATUSES`] and [`METHODS`]: looking them up by label takes a lock
    /// that all requests share. Histograms are made when they are needed, so that the text has no empty ones.
    total_by_status: [Counter; STATUSES.len()],
    seconds_by_method: [[OnceLock<Histogram>; STATUSES.len()]; METHODS.len()],
}

impl Default for RequestMetrics {
    fn default() -> Self {
        let total = Family::<StatusLabel, Counter>::default();
        // A counter that does not exist yet has no rate.
        let total_by_status = STATUSES.map(|status| total.get_or_create_owned(&StatusLabel { status }));
        let seconds = Family::new_with_constructor((|| Histogram::new(REQUEST_SECONDS)) as fn() -> Histogram);
        Self { total, seconds, total_by_status, seconds_by_method: Default::default() }
    }
}

impl RequestMetrics {
    pub fn observe(&self, method: &Method, status: u16, elapsed: Duration) {
        let class = usize::from(status / 100).wrapping_sub(1);
        let Some(total) = self.total_by_status.get(class) else { return };
        total.inc();
        let method = method_index(method);
        let seconds = self.seconds_by_method[method][class].get_or_init(|| {
            let labels = RequestLabels { method: METHODS[method], status: STATUSES[class] };
            self.seconds.get_or_create_owned(&labels)
        });
        seconds.observe(elapsed.as_secs_f64());
    }
}

/// The method, or `other` for one that no route takes.
pub fn method_name(method: &Method) -> &'static str {
    METHODS[method_index(method)]
}

/// The place in [`METHODS`], whose last one stands for all others.
fn method_index(method: &Method) -> usize {
    METHODS.iter().position(|known| *known == method.as_str()).unwrap_or(METHODS.len() - 1)
}

/// What the server holds and does, for Prometheus.
#[utoipa::path(
    get,
    path = "/metrics",
    operation_id = "metrics",
    summary = "What the server holds and does, for Prometheus",
    responses(
        (status = 200, description = "Prometheus' text format, version 0.0.4.", body = String, content_type = "text/plain")
    )
)]
pub async fn metrics(State(app): State<App>) -> Result<([(HeaderName, &'static str); 2], String), ServerError> {
    let mut text = String::new();
    prometheus_text::encode(&mut text, &registry(&app)).map_err(|_| ErrorKind::GeneralError.with("The metrics could not be encoded."))?;
    let kind = (header::CONTENT_TYPE, prometheus_text::CONTENT_TYPE);
    Ok(([kind, (header::CACHE_CONTROL, "no-store")], text))
}

/// The values of this moment beside the metrics that are counted all the time.
fn registry(app: &App) -> Registry {
    let state = &app.boards;
    let mut registry = Registry::default();
    let (mut boards, mut cells, mut series, mut points) = (0, 0, 0, 0);
    let curves;
    {
        let index = state.index();
        curves = index.waiting_curves();
        for (_, board) in index.boards().filter(|(_, board)| !board.cells.is_empty()) {
            boards += 1;
            cells += board.cells.len() as u64;
            for list in board.cells.keys().map(|id| index.series(id)) {
                series += list.len() as u64;
                points += list.iter().map(|series| series.count()).sum::<u64>();
            }
        }
    }
    let stats = state.stats();
    let (waiting, bytes) = state.queued();
    let (readers, lagged) = app.hub.readers();
    let (connections, max_connections) = app.connections.count();
    let is_ready = !app.stopping.is_cancelled() && state.ready().is_ok();
    let mut gauge = |name: &str, help: &str, value: u64| registry.register(name, help, ConstGauge::new(value as i64));
    gauge("agnez_boards", "Boards with cells", boards);
    gauge("agnez_cells", "Cells on all boards", cells);
    gauge("agnez_series", "Series of all line cells", series);
    gauge("agnez_points", "Points of all series", points);
    gauge("agnez_curves_waiting", "Series of ended or quiet runs whose outlines are being made", curves as u64);
    gauge("agnez_readers", "Open pages and programs that follow a live feed", readers as u64);
    gauge("agnez_connections", "Open connections, live feeds included", connections as u64);
    gauge("agnez_connections_max", "Maximum number of open connections", max_connections as u64);
    gauge("agnez_queue_operations", "Changes that wait for the disk", waiting as u64);
    gauge("agnez_queue_bytes", "Size of the changes that wait for the disk, in bytes", bytes as u64);
    gauge("agnez_answers_bytes", "Size of the responses that are being made or sent, in bytes", app.answers.bytes() as u64);
    gauge("agnez_ready", "1 while changes are accepted", u64::from(is_ready));
    gauge("agnez_disk_full", "1 while changes find no room on the disk; removals and reading continue", u64::from(stats.is_disk_full()));
    if let Some(faults) = stats.faults() {
        gauge("agnez_database_faults", "Faults that SQLite found in the structure of its file since the start; 0 is sound", faults);
    }
    if let Some(bytes) = resident_bytes() {
        gauge("process_resident_memory_bytes", "Resident memory of the process, in bytes", bytes);
    }
    let started = app.started.duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64());
    registry.register("process_start_time_seconds", "Start of the process since the Unix epoch, in seconds", ConstGauge::new(started));
    let mut counter = |name: &str, help: &str, value: u64| registry.register(name, help, ConstCounter::new(value));
    counter("agnez_readers_lagged", "Readers that were too slow and got the newest state instead", lagged);
    counter("agnez_commits", "Commits that are on disk", stats.commits());
    counter("agnez_operations", "Operations of the commits that are on disk", stats.operations());
    counter("agnez_commits_undone", "Commits that the disk refused", stats.rolled_back());
    registry.register("agnez_requests", "Requests by the class of their status", app.requests.metrics.total.clone());
    registry.register(
        "agnez_request_duration_seconds",
        "Time from the head of a request to the head of its response, in seconds",
        app.requests.metrics.seconds.clone(),
    );
    registry.register("agnez_commit_duration_seconds", "Time of a commit to disk, in seconds", stats.commit_seconds().clone());
    let build: Family<VersionLabel, Gauge> = Family::default();
    build.get_or_create(&VersionLabel { version: env!("CARGO_PKG_VERSION") }).set(1);
    registry.register("agnez_build_info", "Version of the program", build);
    registry
}

/// Resident memory, where the system reports it in `/proc`.
fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()? * 1024)
}
