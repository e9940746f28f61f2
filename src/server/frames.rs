//! What is sent to who listens, written out: events as text, points as bytes for the page.

use serde_json::{Value, json};

use super::hub::{Frame, POINTS_TOLD};
use super::store::{Appended, Kind, Record, number};
use crate::protocol::Event;
use crate::protocol::points::{self, NumbersRef, PartRef};
use crate::series::Points;

pub fn encode<T: serde::Serialize>(event: &Event<T>) -> Frame {
    Frame::Text(serde_json::to_string(event).unwrap_or_default().into())
}

pub fn page_frame(kind: Kind, seq: u64, record: &Record) -> Frame {
    let data = record.cell();
    encode(&match kind {
        Kind::Created => Event::Created { seq, data },
        Kind::Updated => Event::Updated { seq, data },
        Kind::Patched => Event::Patched { seq, data },
        Kind::Removed => Event::Removed { seq, data },
    })
}

/// The same shape; the document is already text.
pub fn document_frame(kind: Kind, seq: u64, record: &Record, value: Option<&str>) -> Frame {
    let name = match kind {
        Kind::Created => "created",
        Kind::Updated => "updated",
        Kind::Patched => "patched",
        Kind::Removed => "removed",
    };
    Frame::Text(format!("{{\"event\":\"{name}\",\"seq\":{seq},\"data\":{}}}", record.document(value)).into())
}

/// For the page: the points themselves, or of very many only their number.
pub fn points_frame(appended: &Appended) -> Frame {
    let parts: Vec<PartRef> = appended
        .cells
        .iter()
        .flat_map(|(cell, series)| {
            series.iter().map(move |grown| {
                let Points { x, y, t } = &grown.points;
                let numbers = (y.len() <= POINTS_TOLD).then_some(NumbersRef { x: Some(x), y, t: Some(t) });
                PartRef { cell, series: &grown.name, start: Some(grown.start), n: y.len() as u32, numbers }
            })
        })
        .collect();
    Frame::Binary(points::write(appended.seq, &parts).into())
}

/// For everybody else: `{"event":"appended","first":7,"seq":9,"data":{"<id>":{"loss":{"start":0,"points":2,"x":[0,1],"y":[2.3,"NaN"],"t":[..]}}}}`.
pub fn appended_frame(appended: &Appended) -> Frame {
    let list = |numbers: &[f64]| numbers.iter().map(|value| number(*value)).collect::<Vec<_>>();
    let data = appended.cells.iter().map(|(cell, series)| {
        let series = series.iter().map(|grown| {
            let Points { x, y, t } = &grown.points;
            let mut told = json!({ "start": grown.start, "points": y.len() });
            if y.len() <= POINTS_TOLD {
                (told["x"], told["y"], told["t"]) = (list(x).into(), list(y).into(), list(t).into());
            }
            (grown.name.to_string(), told)
        });
        (cell.to_string(), Value::Object(series.collect()))
    });
    let data = Value::Object(data.collect());
    Frame::Text(json!({ "event": "appended", "first": appended.first, "seq": appended.seq, "data": data }).to_string().into())
}
