//! `/live` (WebSocket) and `/events` (Server-Sent Events): one feed of frames behind both.

mod feed_socket;
mod page_message;
pub mod sse;
pub mod websocket;

use serde::Deserialize;
use utoipa::IntoParams;

use super::openapi::shape::{shape, words, words_with_default};
use crate::protocol::ErrorKind;
use crate::server::boards;
use crate::server::error::ServerError;
use crate::server::live::event::FeedView;
use crate::server::live::feed::{FeedRequest, Position};

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
    /// Whether the events are those of cells or of runs, which have numbers of their own.
    #[param(required = false, value_type = EventsOf, inline)]
    of: Option<String>,
    /// Where a page resumes, which gets both: the number of the last event of runs.
    #[param(ignore)]
    run_seq: Option<u64>,
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

shape! {
    /// What events are of.
    EventsOf: words_with_default(["cells", "runs"]);
}

impl LiveQuery {
    fn check(self) -> Result<FeedRequest, ServerError> {
        let board = boards::board_name(&self.board)?.to_owned();
        let view = match (self.view.as_deref(), self.of.as_deref()) {
            (None | Some("document"), None | Some("cells")) => FeedView::Document,
            (None | Some("document"), Some("runs")) => FeedView::RunDocument,
            (Some("page"), None) => FeedView::Page,
            (Some("page"), Some(_)) => {
                return Err(ErrorKind::BadRequest.with("A page gets the events of cells and runs; leave 'of' out.").into());
            }
            (_, Some(other)) if !matches!(other, "cells" | "runs") => {
                return Err(ErrorKind::BadRequest.with(format!("'of' must be cells or runs, not '{other}'.")).into());
            }
            (view, _) => {
                let view = view.unwrap_or_default();
                return Err(ErrorKind::BadRequest.with(format!("'view' must be document or page, not '{view}'.")).into());
            }
        };
        let resume_from = match (self.epoch, self.since) {
            (Some(epoch), Some(seq)) => Some(Position { epoch, seq, run_seq: self.run_seq }),
            (None, None) => None,
            _ => return Err(ErrorKind::BadRequest.with("To resume, send both 'epoch' and 'since', as the last frames had them.").into()),
        };
        Ok(FeedRequest { board, resume_from, view })
    }
}
