//! The properties of every parser of bytes from outside, whatever the bytes are; for `fuzz/` and a test.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::value::RawValue;

use crate::charts::kinds::well_formed;
use crate::protocol::points::{NumbersRef, PartRef};
use crate::protocol::{ApiError, Board, CellContent, CellId, Event, columns, points};
use crate::server::boards::cell_content::cell_content;
use crate::server::boards::ingest::parse_line_value;
use crate::server::boards::{CellPoints, SeriesPoints};
use crate::server::boards::{
    Draft, Query, QueryBudget, board_name, parse_epoch, parse_lines, parse_many, parse_many_points, parse_one, parse_points,
};
use crate::server::cells::{CellValue, checked_kinds};
use crate::server::store::{Record, StoredValue, fuzz_targets};

pub type Target = fn(&[u8]);

/// Each by the name of its folder in `fuzz/corpus`.
pub const TARGETS: [(&str, Target); 9] = [
    ("cells", cells),
    ("points", points_sent),
    ("frames", frames),
    ("columns", columns_read),
    ("stored", stored),
    ("query", query),
    ("kinds", kinds),
    ("headers", headers),
    ("events", events),
];

/// What a refusal must have: a code of its own, and one sentence that is no copy of the whole body.
fn refused(error: &ApiError, body: &[u8]) {
    assert!(matches!(error.code, 400 | 413), "refused with {}: {error}", error.code);
    assert!(!error.message.is_empty() && error.message.len() <= 2000 + body.len().min(2000), "the message: {}", error.message);
    for rule in error.errors.0.values() {
        assert!(!rule.is_empty(), "a field is named and nothing said of it: {error}");
    }
}

/// A body of `/values`: refused, or a document that can be sent back and is the same.
fn cells(data: &[u8]) {
    match parse_many(data) {
        Err(why) => refused(&why, data),
        Ok((drafts, _)) => drafts.iter().for_each(document),
    }
    match parse_one(data) {
        Err(why) => refused(&why, data),
        Ok(draft) => document(&draft),
    }
}

fn document(draft: &Draft) {
    let id = draft.id.clone().unwrap_or_else(|| CellId::parse("a").expect("an id"));
    let board = draft.board.clone().unwrap_or_else(|| Arc::from("main"));
    let (keys, value, content) = (draft.keys.clone(), StoredValue::of(draft.value.as_ref()), CellContent::Empty);
    let (seq, entered_board_seq, created_order, rev, version, created_ms, updated_ms) = (1, 1, 1, 1, 1, 0, 0);
    let mut record =
        Record { id, board, seq, entered_board_seq, created_order, rev, version, created_ms, updated_ms, keys, value, content };
    record.content = cell_content(&record, draft.value.as_deref());
    let text = record.document(draft.value.as_deref());
    // Numbers that no double holds stay as they were sent.
    let keys: BTreeMap<String, &RawValue> =
        serde_json::from_str(&text).unwrap_or_else(|why| panic!("a document that is not JSON: {why}: {text}"));
    assert!(keys.contains_key("_id") && keys.contains_key("rev"), "{text}");
    let again = parse_one(text.as_bytes()).unwrap_or_else(|why| panic!("a document that cannot be sent back: {why}: {text}"));
    assert_eq!((again.keys, again.value, again.board), (draft.keys.clone(), draft.value.clone(), Some(record.board.clone())));
    let page = serde_json::to_string(&record.cell()).expect("a cell is JSON");
    assert!(page.len() <= 32_768 + 2 * text.len(), "the page gets more than there is");
}

/// A body of `/points`; the first byte says which form.
fn points_sent(data: &[u8]) {
    let Some((form, body)) = data.split_first() else { return };
    let id = CellId::parse("loss").expect("an id");
    let kind = ["application/json", "application/x-ndjson", "application/octet-stream"][usize::from(form % 3)];
    let checked = |sent: Result<Vec<SeriesPoints>, ApiError>| match sent {
        Ok(list) => list.iter().for_each(series),
        Err(why) => refused(&why, body),
    };
    checked(parse_points(&id, body, Some(kind)));
    match parse_many_points(body, Some(kind)) {
        Ok(sent) => sent_again(sent),
        Err(why) => refused(&why, body),
    }
    if let Err(why) = parse_lines(body, 1) {
        refused(&why, body);
    }
    match parse_epoch(body) {
        Ok(epoch) => assert!(epoch.step.is_none_or(f64::is_finite) && epoch.metrics.len() <= 1000),
        Err(why) => refused(&why, body),
    }
    if let Ok(text) = std::str::from_utf8(body)
        && let Ok(value) = parse_line_value(text)
    {
        assert!(value.points() <= body.len(), "more points than bytes");
    }
}

fn series(series: &SeriesPoints) {
    let SeriesPoints { run, name, x, y, t } = series;
    assert!((usize::from(run.is_none())..=200).contains(&name.chars().count()) && !name.contains(char::is_control), "the name {name:?}");
    for list in [x, t].into_iter().flatten() {
        assert!(list.len() == y.len() && list.iter().all(|number| number.is_finite()), "steps or times of '{name}'");
    }
    assert!(t.iter().flatten().all(|time| time.abs() <= 1e11));
}

/// In the binary form they are what they were.
fn sent_again(sent: Vec<CellPoints>) {
    sent.iter().flat_map(|sent| &sent.series).for_each(series);
    let all = || sent.iter().flat_map(|sent| sent.series.iter().map(|series| (&sent.cell, series)));
    let parts = all().map(|(cell, SeriesPoints { run, name, x, y, t })| {
        let numbers = Some(NumbersRef { x: x.as_deref(), y, t: t.as_deref() });
        PartRef { cell, run: run.as_ref(), series: name, start: None, n: y.len() as u32, numbers }
    });
    let frame = points::write(0, &parts.collect::<Vec<_>>());
    let again = parse_many_points(&frame, Some("application/octet-stream")).unwrap_or_else(|why| panic!("a frame of valid points: {why}"));
    let bits = |sent: &[CellPoints]| {
        let lists = |series: &SeriesPoints| {
            [series.x.as_deref(), Some(&series.y), series.t.as_deref()]
                .map(|list| list.map(|list| list.iter().map(|number| number.to_bits()).collect::<Vec<_>>()))
        };
        sent.iter()
            .flat_map(|sent| {
                sent.series
                    .iter()
                    .map(|series| (sent.cell.clone(), series.run.clone(), series.name.clone(), lists(series)))
                    .collect::<Vec<_>>()
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(bits(&again), bits(&sent), "points change in the binary form");
}

/// A frame of points, as the page reads it.
fn frames(data: &[u8]) {
    let frame = match points::read(data) {
        Ok(frame) => frame,
        Err(why) => return assert!(why.at <= data.len(), "an error behind the end"),
    };
    let numbers: usize = frame.parts.iter().filter_map(|part| part.numbers.as_ref()).map(|numbers| numbers.y.len()).sum();
    assert!(numbers * 4 <= data.len(), "more numbers than bytes");
    let parts = frame.parts.iter().map(|part| {
        let numbers = part.numbers.as_ref().map(|numbers| NumbersRef { x: numbers.x.as_deref(), y: &numbers.y, t: numbers.t.as_deref() });
        PartRef { cell: &part.cell, run: part.run.as_ref(), series: &part.series, start: part.start, n: part.n, numbers }
    });
    let written = points::write(frame.seq, &parts.collect::<Vec<_>>());
    let again = points::read(&written).unwrap_or_else(|why| panic!("what was written cannot be read: {why}"));
    // NaN is not itself: what is written of it must be.
    assert_eq!(format!("{again:?}"), format!("{frame:?}"));
}

/// An answer to a question for columns, as the page reads it.
fn columns_read(data: &[u8]) {
    let frame = match columns::read(data) {
        Ok(frame) => frame,
        Err(why) => return assert!(why.at <= data.len(), "an error behind the end"),
    };
    let all: usize = frame.cells.iter().flat_map(|cell| &cell.series).map(|series| series.columns.len()).sum();
    assert!(all * 4 <= data.len(), "more columns than bytes");
    let written = columns::write(frame.seq, &frame.cells);
    let again = columns::read(&written).unwrap_or_else(|why| panic!("what was written cannot be read: {why}"));
    assert_eq!(columns::write(again.seq, &again.cells), written, "columns change when they are written again");
}

fn stored(data: &[u8]) {
    fuzz_targets::stored(data);
    fuzz_targets::points(data);
}

/// The query of an address, up to the first line's end; the rest is a document to be asked for.
fn query(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (asked, document) = text.split_once('\n').unwrap_or((&text, r#"{"name":"a","pos":1,"layout":{"order":2}}"#));
    let query = match Query::parse(asked) {
        Ok(query) => query,
        Err(why) => return refused(&why, data),
    };
    let Ok(draft) = parse_one(document.as_bytes()) else { return };
    let record = |id: &str, created_order: u64| {
        let (id, board) = (CellId::parse(id).expect("an id"), Arc::<str>::from("main"));
        let (keys, value, content) = (draft.keys.clone(), StoredValue::of(draft.value.as_ref()), CellContent::Empty);
        let (seq, entered_board_seq, rev, version, created_ms, updated_ms) = (created_order, created_order, 1, created_order, 0, 0);
        Arc::new(Record { id, board, seq, entered_board_seq, created_order, rev, version, created_ms, updated_ms, keys, value, content })
    };
    let records = vec![record("a", 1), record("b", 2), record("c", 3)];
    let select = |records: Vec<Arc<Record>>| query.select(records, &QueryBudget::whole(), || false);
    let Ok(found) = select(records.clone()) else { return };
    let matches = |record: &Arc<Record>| query.matches(record).unwrap_or(true);
    assert!(found.iter().all(matches), "what does not match is found");
    assert!(found.len() <= records.iter().filter(|record| matches(record)).count(), "what matches is left out");
    let Ok(backwards) = select(records.into_iter().rev().collect()) else { return };
    assert_eq!(found, backwards, "the order is that of chance");
    for record in query.page(found) {
        let keys = query.project(record.document(draft.value.as_deref()));
        assert!(serde_json::from_str::<BTreeMap<String, &RawValue>>(&keys).is_ok_and(|keys| keys.contains_key("_id")), "{keys}");
    }
}

/// The first byte says which kind, the rest is a value: refused with a path, or drawn as it must be.
fn kinds(data: &[u8]) {
    let kinds: Vec<&str> = checked_kinds().collect();
    let Some((kind, json)) = data.split_first() else { return };
    let Ok(json) = std::str::from_utf8(json) else { return };
    // As a draft comes to it: JSON it is.
    if serde_json::from_str::<&RawValue>(json).is_err() {
        return;
    }
    let kind = kinds[usize::from(*kind) % kinds.len()];
    let content = match CellValue::parse(kind, Some(json)) {
        Ok(Some(content)) => content,
        Ok(None) => return,
        Err(why) => {
            refused(&why, data);
            return assert!(why.errors.0.keys().all(|path| path.starts_with("value")) && !why.errors.0.is_empty(), "no path: {why}");
        }
    };
    if let Some(chart) = content.chart() {
        well_formed::drawn(chart);
    }
    if let Some(csv) = content.csv() {
        assert!(csv.ends_with("\r\n") && csv.matches('"').count() % 2 == 0, "{csv}");
    }
    if let Some(html) = content.html() {
        let html = html.to_ascii_lowercase();
        // A table has a script of its own.
        assert!(html.matches("<script").count() <= usize::from(kind == "table") && !html.contains("<iframe"), "{html}");
        assert!(!html.contains("href=\"javascript:"), "{html}");
    }
}

fn headers(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    fuzz_targets::key(&text);
    if let Some(id) = CellId::parse(&text) {
        assert!(id.as_str() == text && id.as_str().len() <= CellId::MAX_LEN);
    }
    match board_name(&text) {
        Ok(name) => assert!(!name.is_empty() && name.len() <= 64 && !name.contains(['/', '\\', '%', ' ']) && !name.starts_with('.')),
        Err(why) => refused(&why, data),
    }
}

/// Frames of the live feed, one on each line: the page's board stays in order, and what comes twice changes nothing.
fn events(data: &[u8]) {
    let mut board = Board::default();
    for line in data.split(|byte| *byte == b'\n') {
        let Ok(event) = serde_json::from_slice::<Event<crate::protocol::Cell>>(line) else { continue };
        let starts_over = matches!(event, Event::Snapshot { .. });
        let before = board.seq;
        board.apply(event.clone());
        assert!(board.seq >= before || starts_over, "the board goes back");
        let known = board.clone();
        board.apply(event);
        assert!(format!("{board:?}") == format!("{known:?}"), "an event has an effect twice");
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::split_mix::SplitMix64;

    /// What is put in by chance, beside bytes: the words of the forms.
    const WORDS: [&[u8]; 24] = [
        b"{",
        b"}",
        b"[",
        b"]",
        b"\"",
        b",",
        b":",
        b"null",
        b"1e308",
        b"-0",
        b"NaN",
        b"1e999",
        b"\\ud800",
        b"\"value\":",
        b"\"series\":",
        b"$or[0]",
        b"$in[]",
        b"[$gt]=",
        b"\r\n",
        b"AGNZ",
        b"\xff\xff\xff\xff",
        b"\0\0\0\0",
        b"\xc3\x28",
        b"<script>",
    ];

    fn below(rng: &mut SplitMix64, end: usize) -> usize {
        rng.below(end.max(1) as u64) as usize
    }

    fn mutate(rng: &mut SplitMix64, seeds: &[Vec<u8>]) -> Vec<u8> {
        let mut data = seeds[below(rng, seeds.len())].clone();
        for _ in 0..=below(rng, 4) {
            let at = below(rng, data.len() + 1);
            let end = (at + below(rng, 16)).min(data.len());
            match below(rng, 6) {
                0 if at < data.len() => data[at] ^= 1 << below(rng, 8),
                1 if at < data.len() => data[at] = [0, 1, 0x7F, 0x80, 0xFF, b'0', b'9'][below(rng, 7)],
                2 => drop(data.drain(at..end)),
                3 => data.splice(at..at, WORDS[below(rng, WORDS.len())].iter().copied()).for_each(drop),
                4 => {
                    let part = data[at..end].to_vec();
                    data.splice(at..at, part).for_each(drop);
                }
                _ => {
                    let other = &seeds[below(rng, seeds.len())];
                    let from = below(rng, other.len() + 1);
                    data.truncate(at);
                    data.extend_from_slice(&other[from..]);
                }
            }
        }
        data
    }

    /// The corpus as it stands, and so many changes of it, the same in every run: `AGNEZ_FUZZ_TRIES` says how many, `AGNEZ_FUZZ` of which target.
    /// `make fuzz` looks for more.
    #[test]
    fn no_bytes_break_what_reads_them() {
        let tries = std::env::var("AGNEZ_FUZZ_TRIES").ok().and_then(|text| text.parse().ok()).unwrap_or(1500);
        let only = std::env::var("AGNEZ_FUZZ").ok();
        for (name, target) in TARGETS.into_iter().filter(|(name, _)| only.as_ref().is_none_or(|only| only == name)) {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name);
            let files = std::fs::read_dir(&folder).unwrap_or_else(|why| panic!("{}: {why}", folder.display()));
            let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
            files.sort();
            let seeds: Vec<Vec<u8>> = files.iter().map(|file| std::fs::read(file).unwrap()).collect();
            assert!(seeds.len() >= 2, "{name} has no corpus");
            let mut rng = SplitMix64(7);
            let changed = std::iter::repeat_with(|| mutate(&mut rng, &seeds)).take(tries);
            for data in seeds.iter().cloned().chain(changed) {
                if std::panic::catch_unwind(|| target(&data)).is_err() {
                    let text: String = data.iter().flat_map(|byte| std::ascii::escape_default(*byte)).map(char::from).collect();
                    panic!("the target '{name}' fails with b\"{text}\"");
                }
            }
        }
    }
}
