//! Encodes frames for readers: events as JSON text, and points for the page in binary.

use std::time::Duration;

use serde_json::{Value, json};

use super::hub::{FeedView, LiveFrame, SharedEvent};
use crate::protocol::Event;
use crate::protocol::points::{self, NumbersRef, PartRef};
use crate::series::Points;
use crate::server::auth::tokens::TokenRegistry;
use crate::server::limits::{MIN_WEBSOCKET_BYTES_PER_MS, WEBSOCKET_STALL_TIMEOUT};
use crate::server::store::{AppendEvent, AppendedCell, CellChange, Change, ChangeKind, Record, StoredValue, json_number};

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
    let name = match kind {
        ChangeKind::Created => "created",
        ChangeKind::Updated => "updated",
        ChangeKind::Patched => "patched",
        ChangeKind::Removed => "removed",
    };
    LiveFrame::Text(format!("{{\"event\":\"{name}\",\"seq\":{seq},\"data\":{}}}", record.document(value)).into())
}

/// Whether the document of an event must be read from the store.
pub fn needs_stored_value(event: &SharedEvent, view: FeedView) -> bool {
    let Change::Cell(CellChange { record, value, .. }) = &event.change else { return false };
    view == FeedView::Document && (record.is_line() || (value.is_none() && matches!(record.value, StoredValue::Stored(_))))
}

/// The frame of any other event, encoded once for all readers.
pub fn event_frame(event: &SharedEvent, view: FeedView, tokens: &TokenRegistry) -> LiveFrame {
    event.frame(view, || match (&event.change, view) {
        (Change::Points(appended), FeedView::Page) => points_frame(appended),
        (Change::Points(appended), FeedView::Document) => appended_frame(appended),
        (Change::Runs(change), _) => LiveFrame::Text(json!({ "event": "runs", "run_seq": change.seq }).to_string().into()),
        (Change::Cell(change), FeedView::Page) => page_frame(change.kind, change.seq, &change.record, tokens),
        (Change::Cell(change), FeedView::Document) => {
            let held = if let StoredValue::Inline(json) = &change.record.value { Some(&**json) } else { None };
            document_frame(change.kind, change.seq, &change.record, change.value.as_deref().or(held))
        }
    })
}

/// Frames with counts for a page that resumes, as many as the parts need.
pub fn count_frames(seq: u64, parts: &[PartRef]) -> Vec<LiveFrame> {
    parts.chunks(points::MAX_PARTS as usize).map(|parts| LiveFrame::Binary(points::write(seq, parts).into())).collect()
}

/// For the page: the points, or only their number if there are many. A removed or replaced series is a
/// part of no points at 0: the page drops its copy and requests columns.
pub fn points_frame(appended: &AppendEvent) -> LiveFrame {
    let parts: Vec<PartRef> = appended
        .cells
        .iter()
        .flat_map(|AppendedCell { cell, removed, series }| {
            let over = |name| PartRef { cell, run: None, series: name, start: Some(0), n: 0, numbers: None };
            let gone = removed.iter().filter(|id| id.run.is_none()).map(move |id| over(&id.name));
            gone.chain(series.iter().filter(|series| series.id.run.is_none()).map(move |series| {
                if series.is_replacement {
                    return over(&series.id.name);
                }
                let numbers = series.points.as_ref().map(|Points { x, y, t }| NumbersRef { x: Some(x), y, t: Some(t) });
                let n = u32::try_from(series.count).unwrap_or(u32::MAX);
                PartRef { cell, run: None, series: &series.id.name, start: Some(series.start), n, numbers }
            }))
        })
        .collect();
    LiveFrame::Binary(points::write(appended.seq, &parts).into())
}

/// For readers of documents:
/// `{"event":"appended","first":7,"seq":9,"data":{"<id>":{"loss":{"start":0,"points":2,"x":[0,1],"y":[2.3,"NaN"],"t":[..]}}}}`, with
/// `"anew":true` beside `start` where another series had the name, and `"gone":{"<id>":["train"]}` beside `data` where series are gone.
pub fn appended_frame(appended: &AppendEvent) -> LiveFrame {
    let list = |numbers: &[f64]| numbers.iter().map(|value| json_number(*value)).collect::<Vec<_>>();
    let grown = appended.cells.iter().filter(|cell| !cell.series.is_empty()).map(|AppendedCell { cell, series, .. }| {
        let series = series.iter().filter(|series| series.id.run.is_none()).map(|series| {
            let mut part = json!({ "start": series.start, "points": series.count });
            if series.is_replacement {
                part["anew"] = true.into();
            }
            if let Some(Points { x, y, t }) = &series.points {
                (part["x"], part["y"], part["t"]) = (list(x).into(), list(y).into(), list(t).into());
            }
            (series.id.name.to_string(), part)
        });
        (cell.to_string(), Value::Object(series.collect()))
    });
    let data = Value::Object(grown.collect());
    let mut event = json!({ "event": "appended", "first": appended.first, "seq": appended.seq, "data": data });
    let gone = appended.cells.iter().filter(|cell| !cell.removed.is_empty());
    let gone: Vec<_> = gone
        .map(|cell| {
            (cell.cell.to_string(), json!(cell.removed.iter().filter(|id| id.run.is_none()).map(|id| &*id.name).collect::<Vec<_>>()))
        })
        .collect();
    if !gone.is_empty() {
        event["gone"] = Value::Object(gone.into_iter().collect());
    }
    LiveFrame::Text(event.to_string().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::CellId;

    #[test]
    fn no_frame_has_more_parts_than_are_read() {
        let cell = CellId::parse("a").unwrap();
        let count = points::MAX_PARTS as usize + 1;
        let parts = vec![PartRef { cell: &cell, run: None, series: "l", start: Some(7), n: 0, numbers: None }; count];
        let read = count_frames(3, &parts).into_iter().map(|frame| match frame {
            LiveFrame::Binary(bytes) => points::read(&bytes).unwrap().parts.len(),
            LiveFrame::Text(_) => 0,
        });
        assert_eq!(read.collect::<Vec<_>>(), [count - 1, 1]);
        assert!(count_frames(3, &[]).is_empty());
    }
}
