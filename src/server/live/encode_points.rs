//! Encodes points: in binary for the page, as JSON for readers of documents.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use super::event::LiveFrame;
use crate::protocol::points::{self, NumbersRef, PartRef};
use crate::protocol::{RunId, SeriesId};
use crate::series::Points;
use crate::server::store::{AppendEvent, AppendedCell, AppendedSeries, json_number};

/// Frames with counts for a page that resumes, as many as the parts need.
pub fn count_frames(seq: u64, parts: &[PartRef]) -> Vec<LiveFrame> {
    parts.chunks(points::MAX_PARTS as usize).map(|parts| LiveFrame::Binary(points::write(seq, parts).into())).collect()
}

/// Whether any of the points belong to a run.
pub fn has_runs(appended: &AppendEvent) -> bool {
    appended.cells.iter().any(|cell| cell.removed.iter().chain(cell.series.iter().map(|series| &series.id)).any(|id| id.run.is_some()))
}

/// For the page: the points, or only their number if there are many. A removed or replaced series is a
/// part of no points at 0: the page drops its copy and requests columns.
pub fn points_frame(appended: &AppendEvent) -> LiveFrame {
    LiveFrame::Binary(points::write(appended.seq, &parts(appended, |_| true)).into())
}

/// The same, of the series of runs only those of these; `None` if nothing is left.
pub fn chosen_points_frame(appended: &AppendEvent, runs: &HashSet<RunId>) -> Option<LiveFrame> {
    let parts = parts(appended, |id| id.run.as_ref().is_none_or(|run| runs.contains(run)));
    (!parts.is_empty()).then(|| LiveFrame::Binary(points::write(appended.seq, &parts).into()))
}

fn parts(appended: &AppendEvent, is_wanted: impl Fn(&SeriesId) -> bool) -> Vec<PartRef<'_>> {
    let mut parts: Vec<PartRef> = Vec::new();
    for AppendedCell { cell, removed, series } in &appended.cells {
        let removed = removed.iter().filter(|id| is_wanted(id));
        parts.extend(removed.map(|id| PartRef { cell, run: id.run.as_ref(), series: &id.name, start: Some(0), n: 0, numbers: None }));
        parts.extend(series.iter().filter(|series| is_wanted(&series.id)).map(
            |AppendedSeries { id, start, count, is_replacement, points }| {
                let numbers = points.as_ref().map(|Points { x, y, t }| NumbersRef { x: Some(x), y, t: Some(t) });
                let (start, n, numbers) = match is_replacement {
                    true => (0, 0, None),
                    false => (*start, u32::try_from(*count).unwrap_or(u32::MAX), numbers),
                };
                PartRef { cell, run: id.run.as_ref(), series: &id.name, start: Some(start), n, numbers }
            },
        ));
    }
    parts
}

/// For readers of documents:
/// `{"event":"appended","first":7,"seq":9,"data":{"<id>":{"loss":{"start":0,"points":2,"x":[0,1],"y":[2.3,"NaN"],"t":[..]}}}}`, with
/// `"reset":true` beside `start` where another series had the name, and `"removed":{"<id>":["train"]}` beside `data` where series were
/// removed. Series of runs are apart, in `"runs":{"<run>":{"<id>":{"val":{"start":0,..}}}}`, with null for one that was removed.
pub fn appended_frame(appended: &AppendEvent) -> LiveFrame {
    let mut event = json!({ "event": "appended", "first": appended.first, "seq": appended.seq, "data": {} });
    let (mut data, mut removed_names, mut runs) = (Map::new(), Map::new(), Map::new());
    for AppendedCell { cell, removed, series } in &appended.cells {
        let ids = removed.iter().map(|id| (id, Value::Null)).chain(series.iter().map(|series| (&series.id, appended_part(series))));
        for (id, part) in ids {
            match &id.run {
                Some(run) => drop(object(object(&mut runs, run.as_str()), cell.as_str()).insert(id.name.to_string(), part)),
                None if part.is_null() => {
                    let list = removed_names.entry(cell.as_str()).or_insert_with(|| json!([]));
                    list.as_array_mut().into_iter().for_each(|list| list.push((&*id.name).into()));
                }
                None => drop(object(&mut data, cell.as_str()).insert(id.name.to_string(), part)),
            }
        }
    }
    event["data"] = data.into();
    for (key, value) in [("removed", removed_names), ("runs", runs)] {
        if !value.is_empty() {
            event[key] = value.into();
        }
    }
    LiveFrame::Text(event.to_string().into())
}

fn appended_part(series: &AppendedSeries) -> Value {
    let list = |numbers: &[f64]| numbers.iter().map(|value| json_number(*value)).collect::<Vec<_>>();
    let mut part = json!({ "start": series.start, "points": series.count });
    if series.is_replacement {
        part["reset"] = true.into();
    }
    if let Some(Points { x, y, t }) = &series.points {
        (part["x"], part["y"], part["t"]) = (list(x).into(), list(y).into(), list(t).into());
    }
    part
}

/// The object under this key, which is made if it is missing.
fn object<'a>(parent: &'a mut Map<String, Value>, key: &str) -> &'a mut Map<String, Value> {
    let child = parent.entry(key).or_insert_with(|| Map::new().into());
    child.as_object_mut().expect("each key of these has an object")
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
