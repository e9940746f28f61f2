//! A frame with the memory that it holds until it is sent.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::ws::Utf8Bytes;

use crate::server::live::event::LiveFrame;
use crate::server::net::response_budget::Share;

/// A frame, and its share of the response budget.
pub struct ReadyFrame {
    pub frame: LiveFrame,
    pub(super) share: Option<Share>,
}

impl ReadyFrame {
    /// The frame. Its bytes hold the share until they are dropped.
    pub fn into_frame(self) -> LiveFrame {
        let Some(share) = self.share.map(Arc::new) else { return self.frame };
        match self.frame {
            // The same bytes, so that they are valid UTF-8.
            LiveFrame::Text(text) => match Utf8Bytes::try_from(share.lend(Bytes::from(text))) {
                Ok(text) => LiveFrame::Text(text),
                Err(_) => LiveFrame::Text(Utf8Bytes::from_static("")),
            },
            LiveFrame::Binary(bytes) => LiveFrame::Binary(share.lend(bytes)),
        }
    }

    /// The share alone, for a frame that was copied.
    pub fn without_frame(self) -> Self {
        Self { frame: LiveFrame::Binary(Bytes::new()), share: self.share }
    }
}
