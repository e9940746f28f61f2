//! Fuzz targets: arbitrary bytes for everything that is read from disk.

use super::IdempotencyKey;
use super::series::codec::{PackedOutline, StoredOutline, StoredRanges, pack_outline, pack_points, unpack_nodes, unpack_points};
use super::series::journal;
use crate::series::{OutlineBuilder, Points};

fn bits(points: &Points) -> Vec<Vec<u64>> {
    [&points.x, &points.y, &points.t].iter().map(|list| list.iter().map(|number| number.to_bits()).collect()).collect()
}

/// A chunk, a block of nodes, an outline or a row of the journal with these bytes and the right checksum: an error, or numbers that can be packed again.
pub fn stored(data: &[u8]) {
    let mut sealed = data.to_vec();
    sealed.extend(crc32fast::hash(data).to_le_bytes());
    if let Ok(points) = unpack_points(&sealed) {
        assert!(points.x.len() == points.y.len() && points.y.len() == points.t.len(), "lists of different lengths");
        let again = unpack_points(&pack_points(&points)).expect("packed just now");
        assert_eq!(bits(&again), bits(&points), "numbers change when they are packed again");
    }
    let unpack = |packed: &PackedOutline| StoredOutline::open(&packed.columns, StoredRanges::Read(packed.ranges.as_deref()), 0)?.unpack();
    if let Ok(curve) = StoredOutline::open(&sealed, StoredRanges::Unread, 0).and_then(StoredOutline::curve) {
        assert!(curve.parts.iter().all(|part| part.x_first <= part.x_last), "a column that ends before it begins");
    }
    // The ranges of any columns.
    let _ = unpack(&PackedOutline { ranges: Some(sealed.clone()), ..pack_outline(&OutlineBuilder::default()) });
    if let Ok(mut outline) = unpack(&PackedOutline { columns: sealed.clone(), ranges: None }) {
        let again = unpack(&pack_outline(&outline)).expect("packed just now");
        assert_eq!(format!("{again:?}"), format!("{outline:?}"), "an outline changes when it is packed again");
        outline.push(&Points { x: vec![1.0, 2.0, 1.5], y: vec![f64::NAN, 2.0, f64::INFINITY], t: vec![0.0; 3] });
    }
    if let Ok(nodes) = unpack_nodes(sealed) {
        assert!(nodes.len() <= 1 << 20, "{} nodes of {} bytes", nodes.len(), data.len());
    }
    let Ok(entries) = journal::read(data) else { return };
    let mut row = journal::Row::default();
    for entry in &entries {
        let points = &entry.points;
        assert!(points.x.len() == points.y.len() && points.y.len() == points.t.len(), "lists of different lengths");
        row.push(entry.series, entry.start, entry.seq, points);
    }
    if !row.is_empty() && entries.iter().all(|entry| entry.points.x.len() <= 4096) {
        let again = journal::read(&row.into_bytes()).expect("written just now");
        for (again, entry) in again.iter().zip(&entries) {
            assert_eq!((again.series, again.start, again.seq), (entry.series, entry.start, entry.seq));
            assert_eq!(bits(&again.points), bits(&entry.points), "points of the journal change when they are written again");
        }
    }
}

/// Points, taken from the bytes as they lie: every bit comes back.
pub fn points(data: &[u8]) {
    let numbers: Vec<f64> = data.as_chunks::<8>().0.iter().map(|word| f64::from_le_bytes(*word)).collect();
    let third = numbers.len() / 3;
    let points = Points { x: numbers[..third].to_vec(), y: numbers[third..2 * third].to_vec(), t: numbers[2 * third..3 * third].to_vec() };
    let again = unpack_points(&pack_points(&points)).expect("packed just now");
    assert_eq!(bits(&again), bits(&points), "points change on their way to the disk");
}

/// An `Idempotency-Key` is refused, or says the same when it is written out, in both ways that it may be meant.
pub fn key(text: &str) {
    for key in [IdempotencyKey::opaque(text), IdempotencyKey::ascending(text)].into_iter().flatten() {
        assert_eq!(key.to_string(), text, "two keys mean the same");
    }
}
