//! Health checks for service managers and load balancers.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderName, header};

use crate::protocol::ErrorKind;
use crate::server::App;
use crate::server::auth::policy::{Caller, Scope};
use crate::server::error::ServerError;
use crate::server::http::openapi::responses::Unavailable;

const DISK_FULL: &str = "The disk is full: only removals, and changes that fit into the space that they freed, are accepted; reading continues. Free some space or remove cells.\n";

/// For callers that may read nothing.
const NOT_READY: &str = "No changes are accepted now.";

/// `GET /healthz`: 200 while the process responds.
#[utoipa::path(
    get,
    path = "/healthz",
    operation_id = "health",
    summary = "Whether the server responds",
    responses(
        (status = 200, description = "It responds.", body = String, content_type = "text/plain")
    )
)]
pub async fn healthz() -> ([(HeaderName, &'static str); 1], &'static str) {
    ([(header::CACHE_CONTROL, "no-store")], "ok\n")
}

/// `GET /readyz`: 200 while changes are accepted, 503 with the reason otherwise: the server is stopping, the database failed, or the task that
/// writes to it has ended. On a full disk it is 200 with a sentence: a load balancer that turned clients away would take away the page on which
/// cells are removed.
///
/// It is open, so that the health check of a container needs no token. The reasons are only for callers that may read a board.
#[utoipa::path(
    get,
    path = "/readyz",
    operation_id = "ready",
    summary = "Whether changes are accepted",
    responses(
        (status = 200, description = "Changes are accepted.", body = String, content_type = "text/plain"),
        (status = 503, response = Unavailable)
    )
)]
pub async fn readyz(
    State(app): State<App>,
    Extension(caller): Extension<Arc<Caller>>,
) -> Result<([(HeaderName, &'static str); 1], &'static str), ServerError> {
    if app.stopping.is_cancelled() {
        return Err(ServerError::ShuttingDown);
    }
    let shows_reasons = caller.scope != Scope::Nothing;
    app.boards.ready().map_err(|why| {
        ErrorKind::Unavailable.with(if shows_reasons { ServerError::from(why).to_api_error().message } else { NOT_READY.to_owned() })
    })?;
    let (head, well) = healthz().await;
    Ok((head, if shows_reasons && app.boards.stats().is_disk_full() { DISK_FULL } else { well }))
}
