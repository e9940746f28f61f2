//! Encodes frames for readers: events as JSON text.

use std::time::Duration;

use super::event::LiveFrame;
use crate::protocol::Event;
use crate::server::auth::tokens::TokenRegistry;
use crate::server::limits::{MIN_WEBSOCKET_BYTES_PER_MS, WEBSOCKET_STALL_TIMEOUT};
use crate::server::store::{ChangeKind, Record};

/// The time for sending so many bytes.
pub fn send_timeout(bytes: usize) -> Duration {
    WEBSOCKET_STALL_TIMEOUT + Duration::from_millis((bytes / MIN_WEBSOCKET_BYTES_PER_MS) as u64)
}

/// A notice about the server for the page. `None` removes it.
pub fn notice_frame(notice: Option<&str>) -> LiveFrame {
    LiveFrame::Text(format!("!{}", notice.unwrap_or_default()).into())
}

/// For the page: the set of boards with cells has changed.
pub fn board_list_frame() -> LiveFrame {
    encode(&Event::<()>::Boards)
}

pub fn encode<T: serde::Serialize>(event: &Event<T>) -> LiveFrame {
    LiveFrame::Text(serde_json::to_string(event).unwrap_or_default().into())
}

pub fn page_frame(kind: ChangeKind, seq: u64, record: &Record, tokens: &TokenRegistry) -> LiveFrame {
    let mut data = record.cell();
    tokens.sign(&record.board, &mut data);
    encode(&match kind {
        ChangeKind::Created => Event::Created { seq, data },
        ChangeKind::Updated => Event::Updated { seq, data },
        ChangeKind::Patched => Event::Patched { seq, data },
        ChangeKind::Removed => Event::Removed { seq, data },
    })
}

/// As [`page_frame`], with the document as JSON text.
pub fn document_frame(kind: ChangeKind, seq: u64, record: &Record, value: Option<&str>) -> LiveFrame {
    let name = event_name(kind);
    LiveFrame::Text(format!("{{\"event\":\"{name}\",\"seq\":{seq},\"data\":{}}}", record.document(value)).into())
}

pub fn event_name(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Created => "created",
        ChangeKind::Updated => "updated",
        ChangeKind::Patched => "patched",
        ChangeKind::Removed => "removed",
    }
}
