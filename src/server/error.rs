//! Everything that can go wrong while answering, and the one place where it becomes a reply and a line in the log.

use std::time::Instant;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::log::throttle::LogThrottle;
use super::store::StoreError;
use crate::protocol::{ApiError, ErrorKind};

#[derive(Clone, Debug, thiserror::Error)]
pub enum ServerError {
    /// The client's own doing, in the words it gets.
    #[error("{0}")]
    Client(#[from] ApiError),
    #[error("the writer's queue is full")]
    Busy,
    /// The cells of a prepared change have changed too much.
    #[error("the change was prepared for older cells")]
    Outdated,
    #[error("too much work is waiting")]
    Crowded,
    #[error("the server is stopping")]
    Stopped,
    #[error("the disk is full")]
    Full,
    #[error("the database was not writable: {0}")]
    Undone(String),
    #[error("the database failed earlier: {0}")]
    Broken(String),
    #[error("the database could not be read: {0}")]
    Unreadable(String),
    #[error("a part of the database is damaged: {0}")]
    Damaged(String),
    #[error("a defect of the server: a panic")]
    Panicked,
}

impl From<StoreError> for ServerError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Busy => Self::Busy,
            StoreError::Closed => Self::Stopped,
            StoreError::DiskFull => Self::Full,
            StoreError::RolledBack(why) => Self::Undone(why.to_string()),
            StoreError::Failed(why) => Self::Broken(why.to_string()),
            StoreError::Unreadable(why) => Self::Unreadable(why.to_string()),
            StoreError::Corrupt(why) => Self::Damaged(why.to_string()),
        }
    }
}

impl ServerError {
    /// What the client is told: 5xx texts carry nothing of the inside.
    pub fn to_api_error(&self) -> ApiError {
        match self {
            Self::Client(error) => error.clone(),
            Self::Busy => {
                ErrorKind::Unavailable.with("More changes are waiting than the disk can take; nothing was changed, try again in a second.")
            }
            Self::Outdated => ErrorKind::Unavailable
                .with("The cells changed while this request was prepared; nothing was changed, try again in a second."),
            Self::Crowded => {
                ErrorKind::Unavailable.with("More large requests are waiting than can be done; nothing was changed, try again in a second.")
            }
            Self::Stopped => ErrorKind::Unavailable.with("The server is stopping; nothing was changed, try again when it is back."),
            Self::Full => ErrorKind::InsufficientStorage
                .with("The disk is full; nothing was changed. Free some space or remove cells, then try again."),
            Self::Undone(_) => {
                ErrorKind::Unavailable.with("The database cannot be written now; nothing was changed. The server's log says why.")
            }
            Self::Broken(_) => ErrorKind::GeneralError
                .with("The database failed; this change may be lost and no more are taken. Restart the server; its log says why."),
            Self::Damaged(_) => ErrorKind::GeneralError
                .with("A part of the database that this needs is damaged; nothing was changed. 'agnez check' says what, a backup has it."),
            Self::Panicked => ErrorKind::GeneralError.with(
                "A defect of the server broke this request off; look what is there before sending it again. The server's log says where.",
            ),
            Self::Unreadable(_) => ErrorKind::GeneralError.with("The database could not be read; the server's log says why."),
        }
    }

    pub fn log(&self) {
        match self {
            // Its words may repeat what was sent.
            Self::Client(error) => tracing::debug!(code = error.code, "{}", error.class_name),
            // The request's own line says 503, and those are bounded.
            Self::Busy | Self::Outdated | Self::Crowded | Self::Stopped => tracing::debug!("{self}"),
            // One for each change that is sent while the disk is full would fill it up for good.
            Self::Full | Self::Undone(_) => log_throttled(&FULL, self),
            _ => log_throttled(&FAILED, self),
        }
    }
}

/// What the disk refuses leaves the failures their lines.
static FULL: LogThrottle = LogThrottle::new();
static FAILED: LogThrottle = LogThrottle::new();

fn log_throttled(lines: &LogThrottle, problem: &ServerError) {
    if let Some(suppressed) = lines.permit(Instant::now()) {
        tracing::error!(suppressed, "{problem}");
    }
}

impl IntoResponse for ServerError {
    fn into_response(self) -> Response {
        self.log();
        respond(&self.to_api_error())
    }
}

/// The reply for an error in the one shape.
pub fn respond(error: &ApiError) -> Response {
    let status = StatusCode::from_u16(error.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut reply = (status, Json(error)).into_response();
    // For whoever opened the address in a browser (`error_page`).
    reply.extensions_mut().insert(error.clone());
    if status == StatusCode::SERVICE_UNAVAILABLE {
        reply.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    reply
}
