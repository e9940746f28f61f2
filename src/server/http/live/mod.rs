//! `/live` (WebSocket) and `/events` (Server-Sent Events): one feed of frames behind both.

mod feed_socket;
pub mod sse;
pub mod websocket;

use serde::Deserialize;
use utoipa::IntoParams;

use super::openapi::shape::{shape, words};
use crate::protocol::ErrorKind;
use crate::server::boards;
use crate::server::error::ServerError;
use crate::server::live::feed::FeedRequest;
use crate::server::live::hub::FeedView;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct LiveQuery {
    /// Which board; main when missing.
    #[serde(default)]
    #[param(required = false, pattern = "^$|^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,63}$")]
    board: String,
    /// To resume: the epoch of the hello or snapshot frame.
    epoch: Option<String>,
    /// To resume: the number of the last frame.
    since: Option<u64>,
    #[param(ignore)]
    view: Option<String>,
}

shape! {
    /// What a WebSocket may carry.
    SocketView: words(["document", "page"]);
}

shape! {
    /// What an event stream may carry.
    EventsView: words(["document"]);
}

impl LiveQuery {
    fn check(self) -> Result<FeedRequest, ServerError> {
        let board = boards::board_name(&self.board)?.to_owned();
        let view = match self.view.as_deref() {
            None | Some("document") => FeedView::Document,
            Some("page") => FeedView::Page,
            Some(other) => return Err(ErrorKind::BadRequest.with(format!("'view' must be document or page, not '{other}'.")).into()),
        };
        let resume_from = match (self.epoch, self.since) {
            (Some(epoch), Some(since)) => Some((epoch, since)),
            (None, None) => None,
            _ => return Err(ErrorKind::BadRequest.with("To resume, send both 'epoch' and 'since', as the last frames had them.").into()),
        };
        Ok(FeedRequest { board, resume_from, view })
    }
}
