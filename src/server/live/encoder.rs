//! The frame of an event in the form of each view.

use std::sync::Arc;

use super::encode::{document_frame, page_frame};
use super::event::{EventContent, FeedView, LiveFrame, SharedEvent};
use super::{encode_points, encode_runs};
use crate::server::auth::tokens::TokenRegistry;
use crate::server::boards::Boards;
use crate::server::store::{CellChange, Change, StoredValue};

/// Whether the document of an event must be read from the store.
pub fn needs_stored_value(event: &SharedEvent, view: FeedView) -> bool {
    let EventContent::Change(Change::Cell(CellChange { record, value, .. })) = &event.content else { return false };
    view == FeedView::Document && (record.is_line() || (value.is_none() && matches!(record.value, StoredValue::Stored(_))))
}

/// What frames are made from.
#[derive(Clone)]
pub struct Encoder {
    pub boards: Arc<Boards>,
    pub tokens: Arc<TokenRegistry>,
}

impl Encoder {
    /// The frame of any other event, encoded once for all readers.
    pub fn event_frame(&self, board: &str, event: &SharedEvent, view: FeedView) -> LiveFrame {
        event.frame(view, || match (&event.content, view) {
            (EventContent::Change(Change::Points(appended)), FeedView::Page) => encode_points::points_frame(appended),
            (EventContent::Change(Change::Points(appended)), _) => encode_points::appended_frame(appended),
            (EventContent::Change(Change::Cell(change)), FeedView::Page) => {
                page_frame(change.kind, change.seq, &change.record, &self.tokens)
            }
            (EventContent::Change(Change::Cell(change)), _) => {
                let held = if let StoredValue::Inline(json) = &change.record.value { Some(&**json) } else { None };
                document_frame(change.kind, change.seq, &change.record, change.value.as_deref().or(held))
            }
            (EventContent::Change(Change::Runs(change)), FeedView::Page) => encode_runs::page_frame(&self.boards, change),
            (EventContent::Change(Change::Runs(change)), _) => encode_runs::change_frame(&self.boards, change),
            (EventContent::Signs(signs), _) => encode_runs::signs_frame(&self.boards, board, signs),
        })
    }
}
