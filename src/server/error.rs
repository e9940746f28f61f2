//! The errors of the server, and the one place where they become responses and lines of the log.

use std::time::Instant;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::log::throttle::LogThrottle;
use super::store::StoreError;
use crate::protocol::{ApiError, ErrorKind};

#[derive(Clone, Debug, thiserror::Error)]
pub enum ServerError {
    /// An error with its response: of the client, or one whose cause is in its data.
    #[error("{0}")]
    Client(#[from] ApiError),
    #[error("{0}")]
    Store(#[from] StoreError),
    /// A change was prepared for cells that have changed too much meanwhile.
    #[error("the change was prepared for older cells")]
    Outdated,
    /// Too many CPU-intensive tasks wait.
    #[error("too much work is waiting")]
    Overloaded,
    #[error("the server is stopping")]
    ShuttingDown,
    #[error("a defect of the server: a panic")]
    Panicked,
}

impl ServerError {
    /// The response for the client. Texts of 5xx errors reveal no internals.
    pub fn to_api_error(&self) -> ApiError {
        let error = self.error();
        match self.reason() {
            Some(FailureReason(word)) => error.because(word),
            None => error,
        }
    }

    fn error(&self) -> ApiError {
        match self {
            Self::Client(error) => error.clone(),
            Self::Store(error) => store_error(error),
            Self::Outdated => ErrorKind::Unavailable
                .with("The cells changed while this request was prepared; nothing was changed, try again in a second."),
            Self::Overloaded => {
                ErrorKind::Unavailable.with("More large requests are waiting than can be done; nothing was changed, try again in a second.")
            }
            Self::ShuttingDown => store_error(&StoreError::Closed),
            Self::Panicked => ErrorKind::GeneralError.with(
                "A defect of the server broke this request off; look what is there before sending it again. The server's log says where.",
            ),
        }
    }

    /// The cause in a fixed word, for the line of the request. Errors of the client have none: the status says it.
    fn reason(&self) -> Option<FailureReason> {
        let word = match self {
            Self::Client(error) => match error.data.reason {
                None if error.code < 500 => return None,
                word => word.unwrap_or("other"),
            },
            Self::Outdated => "outdated",
            Self::Overloaded => "overloaded",
            Self::ShuttingDown | Self::Store(StoreError::Closed) => "stopping",
            Self::Panicked => "panic",
            Self::Store(StoreError::Busy) => "busy",
            Self::Store(StoreError::DiskFull) => "disk_full",
            Self::Store(StoreError::RolledBack(_)) => "rolled_back",
            Self::Store(StoreError::Failed(_)) => "store_failed",
            Self::Store(StoreError::Unreadable(_)) => "unreadable",
            Self::Store(StoreError::Corrupt(_)) => "corrupt",
        };
        Some(FailureReason(word))
    }

    pub fn log(&self) {
        match self {
            // The message may repeat input.
            Self::Client(error) => tracing::debug!(code = error.code, "{}", error.class_name),
            // The line of the request has the status 503.
            Self::Outdated | Self::Overloaded | Self::ShuttingDown | Self::Store(StoreError::Busy | StoreError::Closed) => {
                tracing::debug!("{self}");
            }
            // A line for each change while the disk is full would fill it up.
            Self::Store(StoreError::DiskFull | StoreError::RolledBack(_)) => log_throttled(&DISK_FULL, self),
            Self::Store(_) | Self::Panicked => log_throttled(&FAILURES, self),
        }
    }
}

/// Why the server failed; it comes back with the response.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FailureReason(pub &'static str);

fn store_error(error: &StoreError) -> ApiError {
    match error {
        StoreError::Busy => {
            ErrorKind::Unavailable.with("More changes are waiting than the disk can take; nothing was changed, try again in a second.")
        }
        StoreError::Closed => ErrorKind::Unavailable.with("The server is stopping; nothing was changed, try again when it is back."),
        StoreError::DiskFull => {
            ErrorKind::InsufficientStorage.with("The disk is full; nothing was changed. Free some space or remove cells, then try again.")
        }
        StoreError::RolledBack(_) => {
            ErrorKind::Unavailable.with("The database cannot be written now; nothing was changed. The server's log says why.")
        }
        StoreError::Failed(_) => ErrorKind::GeneralError
            .with("The database failed; this change may be lost and no more are taken. Restart the server; its log says why."),
        StoreError::Unreadable(_) => ErrorKind::GeneralError.with("The database could not be read; the server's log says why."),
        StoreError::Corrupt(_) => ErrorKind::GeneralError
            .with("A part of the database that this needs is damaged; nothing was changed. 'agnez check' says what, a backup has it."),
    }
}

/// Errors of a full disk are throttled apart from others, so that they do not suppress them.
static DISK_FULL: LogThrottle = LogThrottle::new();
static FAILURES: LogThrottle = LogThrottle::new();

fn log_throttled(throttle: &LogThrottle, error: &ServerError) {
    if let Some(suppressed) = throttle.permit(Instant::now()) {
        tracing::error!(suppressed, "{error}");
    }
}

impl IntoResponse for ServerError {
    fn into_response(self) -> Response {
        self.log();
        let mut response = respond(&self.to_api_error());
        if let Some(reason) = self.reason() {
            response.extensions_mut().insert(reason);
        }
        response
    }
}

/// The response for an error.
pub fn respond(error: &ApiError) -> Response {
    let status = StatusCode::from_u16(error.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, Json(error)).into_response();
    // For a browser navigation (`error_page`).
    response.extensions_mut().insert(error.clone());
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::cpu_pool::CancelFlag;
    use crate::server::net::response_budget::full;

    #[test]
    fn each_error_of_the_store_has_its_status() {
        let reason = || "secret.sqlite".into();
        let statuses = [
            (StoreError::Busy, 503),
            (StoreError::Closed, 503),
            (StoreError::DiskFull, 507),
            (StoreError::RolledBack(reason()), 503),
            (StoreError::Failed(reason()), 500),
            (StoreError::Unreadable(reason()), 500),
            (StoreError::Corrupt(reason()), 500),
        ];
        for (error, status) in statuses {
            let response = ServerError::from(error.clone()).to_api_error();
            assert_eq!(response.code, status, "{error:?}");
            assert!(!response.message.contains("secret"), "{}", response.message);
        }
    }

    #[test]
    fn a_failure_says_its_reason_to_the_log() {
        let reason = |error: ServerError| error.into_response().extensions().get().copied();
        assert_eq!(reason(StoreError::Corrupt("secret".into()).into()), Some(FailureReason("corrupt")));
        assert_eq!(reason(ServerError::Overloaded), Some(FailureReason("overloaded")));
        assert_eq!(reason(ErrorKind::NotFound.with("no such cell").into()), None);
        // Also where a part of the server has made the response.
        assert_eq!(reason(full().into()), Some(FailureReason("answers_full")));
        assert_eq!(reason(CancelFlag::cancelled().check().unwrap_err().into()), Some(FailureReason("gone")));
        assert_eq!(reason(ErrorKind::GeneralError.with("A defect.").into()), Some(FailureReason("other")));
        let of_store = ServerError::from(StoreError::Busy).to_api_error();
        assert!(!serde_json::to_string(&of_store).unwrap().contains("busy"), "it is for the log alone");
        assert_eq!(reason(of_store.into()), Some(FailureReason("busy")));
    }
}
