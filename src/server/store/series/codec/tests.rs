//! Tests of the codec: all bits are restored, and damage is detected.

use super::*;
use crate::series::groups::CurvePart;
use crate::series::{Axis, CHUNK, LEAF, Node, OutlineBuilder, Pyramid};
use crate::split_mix::SplitMix64;

/// Doubles that codecs often get wrong, as bits, so that NaNs have payloads.
const ODD: [u64; 14] = [
    0x8000_0000_0000_0000,
    0x0000_0000_0000_0001,
    0x800F_FFFF_FFFF_FFFF,
    0x7FF8_0000_0000_0000,
    0xFFF8_0000_0000_0000,
    0x7FF0_0000_0000_0001,
    0x7FF8_0000_2000_0000,
    0xFFFF_FFFF_FFFF_FFFF,
    0x7FF0_0000_0000_0000,
    0xFFF0_0000_0000_0000,
    0x7FEF_FFFF_FFFF_FFFF,
    0xFFEF_FFFF_FFFF_FFFF,
    0x36A0_0000_0000_0000,
    0x4340_0000_0000_0001,
];

fn column(kind: u64, count: usize, rng: &mut SplitMix64) -> Vec<f64> {
    let (a, b) = (rng.unit() * 1e6, rng.unit());
    let one = |at: usize| match kind {
        0 => at as f64,
        1 => a + b * at as f64,
        2 => (rng.next_u64() % 1000) as f64 - 500.0,
        3 => (1_700_000_000_000 + at as u64 / 50 * 450 + rng.next_u64() % 3) as f64 / 1e3,
        4 => (rng.next_u64() % 1_000_000_000) as f64 / 1e6,
        5 => f64::from(rng.unit() as f32),
        6 => rng.unit(),
        7 => f64::from_bits(rng.next_u64()),
        8 if rng.next_u64().is_multiple_of(5) => f64::from_bits(ODD[(rng.next_u64() % 14) as usize]),
        8 => at as f64,
        9 if rng.next_u64().is_multiple_of(50) => [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0][(rng.next_u64() % 4) as usize],
        9 => f64::from(rng.unit() as f32),
        10 => -0.0,
        11 => f64::NAN,
        12 => f64::from_bits(ODD[5]),
        _ => rng.unit() * 2e16 - 1e16,
    };
    (0..count).map(one).collect()
}

fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|value| value.to_bits()).collect()
}

#[test]
fn points_come_back_bit_for_bit() {
    let mut rng = SplitMix64(11);
    for count in [0, 1, 2, 3, 63, 255, 256, 257, 4096, 65_536] {
        for kind in 0..14 {
            let mut other = || column(rng.next_u64() % 14, count, &mut SplitMix64(rng.next_u64()));
            let points = Points { x: other(), t: other(), y: column(kind, count, &mut SplitMix64(kind)) };
            let back = unpack_points(&pack_points(&points)).unwrap();
            assert_eq!(bits(&back.x), bits(&points.x));
            assert_eq!(bits(&back.t), bits(&points.t));
            assert_eq!(bits(&back.y), bits(&points.y), "kind {kind}, {count} points");
        }
    }
}

/// All 2³² floats would take long: each exponent, and NaN of each kind, with some mantissas.
#[test]
fn singles_are_doubles_by_bits() {
    for high in 0..=0x1FF_u32 {
        for low in [0, 1, 0x3F_FFFF, 0x40_0000, 0x40_0001, 0x7F_FFFF] {
            let bits = high << 23 | low;
            assert_eq!(to_f32(from_f32(f32::from_bits(bits))).map(f32::to_bits), Some(bits));
        }
    }
    assert_eq!(to_f32(0.1), None);
    assert_eq!(to_f32(1e300), None);
    assert_eq!(to_f32(f64::from_bits(ODD[5])), None);
}

fn nodes(points: &Points) -> Vec<Node> {
    let leaf = LEAF as usize;
    (0..points.len()).step_by(leaf).map(|start| Node::of(points, start, points.len().min(start + leaf))).collect()
}

const DOUBLES: [fn(&Node) -> f64; 5] = [|node| node.first, |node| node.last, |node| node.min, |node| node.max, |node| node.sum];
const COUNTS: [fn(&Node) -> u64; 6] =
    [|node| node.count, |node| node.at_min, |node| node.at_max, |node| node.nan, |node| node.pos_inf, |node| node.neg_inf];

#[test]
fn nodes_come_back_bit_for_bit() {
    let mut rng = SplitMix64(12);
    for count in [0, 64, 200, 4096, 40_000] {
        for kind in 0..14 {
            let mut finite = || column([0, 1, 2, 3, 6][(rng.next_u64() % 5) as usize], count, &mut SplitMix64(rng.next_u64()));
            let points = Points { x: finite(), t: finite(), y: column(kind, count, &mut SplitMix64(kind)) };
            let nodes = nodes(&points);
            let open = open_nodes(pack_nodes(&nodes)).unwrap().0;
            for (at, node) in nodes.iter().enumerate() {
                let spans = [node.x, node.t].map(|span| (bits(&[span.first, span.last, span.min, span.max]), span.breaks));
                let back = [Axis::Step, Axis::Time].map(|axis| open.span(at, axis));
                assert_eq!(back.map(|span| (bits(&[span.first, span.last, span.min, span.max]), span.breaks)), spans);
            }
            let read = unpack_nodes(pack_nodes(&nodes)).unwrap();
            assert_eq!(read.len(), nodes.len());
            for (back, node) in read.iter().zip(&nodes) {
                let spans = |node: &Node| [node.x, node.t].map(|span| (bits(&[span.first, span.last, span.min, span.max]), span.breaks));
                assert_eq!(spans(back), spans(node));
                assert_eq!(bits(&DOUBLES.map(|field| field(back))), bits(&DOUBLES.map(|field| field(node))));
                assert_eq!(COUNTS.map(|field| field(back)), COUNTS.map(|field| field(node)));
            }
        }
    }
}

#[test]
fn damage_is_detected() {
    let mut rng = SplitMix64(13);
    let points = Points { x: column(0, 500, &mut rng), t: column(3, 500, &mut rng), y: column(5, 500, &mut rng) };
    let packed = [pack_points(&points), pack_nodes(&nodes(&points))];
    let read = [|bytes: &[u8]| unpack_points(bytes).err(), |bytes: &[u8]| unpack_nodes(bytes.to_vec()).err()];
    for (packed, read) in packed.iter().zip(read) {
        assert_eq!(read(packed), None);
        for at in 0..packed.len() {
            let mut other = packed.clone();
            other[at] ^= 1 << (at % 8);
            assert!(read(&other).is_some(), "byte {at}");
            assert!(read(&packed[..at]).is_some(), "{at} bytes");
        }
        let mut newer = packed.clone();
        newer[0] = 3;
        assert_eq!(read(&newer), Some(DecodeError::Version(3)));
    }
    assert_eq!(unpack_nodes(packed[0].clone()), Err(DecodeError::Version(1)), "points are no nodes");
}

/// The goals: 3.7 bytes a point for chunks, 0.8 for the nodes of all levels.
#[test]
fn noisy_losses_become_small() {
    let mut rng = SplitMix64(14);
    let mut points = Points::default();
    let mut ms = 1_700_000_000_000_u64;
    for at in 0..64 * CHUNK {
        if at % 50 == 0 {
            ms += 450 + rng.next_u64() % 100;
        }
        let noise = rng.unit() + rng.unit() + rng.unit() + rng.unit() - 2.0;
        points.push(at as f64, f64::from((2.5 * (-(at as f64) / 5e4).exp() + 0.3 + 0.1 * noise) as f32), ms as f64 / 1e3);
    }
    let mut pyramid = Pyramid::default();
    let (mut chunks, mut nodes) = (0, 0);
    for start in (0..points.len()).step_by(CHUNK as usize) {
        let chunk = points.slice(start, start + CHUNK as usize);
        chunks += pack_points(&chunk).len();
        pyramid.add_chunk(&chunk);
    }
    for block in pyramid.take() {
        nodes += pack_nodes(&block.nodes).len();
    }
    let each = |bytes: usize| bytes as f64 / points.len() as f64;
    assert!(each(chunks) < 3.0 && each(nodes) < 0.5, "{} and {} bytes a point", each(chunks), each(nodes));
}

#[test]
fn an_outline_goes_on_from_what_was_stored() {
    let (mut rng, mut with_ranges) = (SplitMix64(29), 0);
    for kind in 0..14 {
        for count in [1, 2, 256, 257, 258, 1000, 4096] {
            let y = column(kind, count, &mut SplitMix64(kind));
            let jump = rng.pick(&[0.0, 300.0, 1e5]);
            let mut x = 0.0;
            let mut step = || {
                x += if rng.below(9) == 0 { jump } else { rng.pick(&[0.0, 1.0, 1.0]) };
                x
            };
            let points = Points { x: (0..count).map(|_| step()).collect(), t: vec![0.0; count], y };
            let (mut whole, mut parts) = (OutlineBuilder::default(), OutlineBuilder::default());
            whole.push(&points);
            for start in (0..count).step_by(97) {
                parts.push(&points.slice(start, (start + 97).min(count)));
                let packed = pack_outline(&parts);
                parts = unpack(&packed).unwrap();
                assert_eq!(pack_outline(&parts), packed);
                assert_curves(&packed, parts.clone());
            }
            assert_eq!(pack_outline(&parts), pack_outline(&whole), "kind {kind}, {count} points");
            let packed = pack_outline(&whole);
            for at in (0..packed.columns.len()).step_by(13) {
                let mut damaged = packed.clone();
                damaged.columns[at] ^= 4;
                assert!(unpack(&damaged).is_err());
            }
            let Some(ranges) = &packed.ranges else { continue };
            with_ranges += 1;
            for at in (0..ranges.len()).step_by(13) {
                let mut damaged = ranges.clone();
                damaged[at] ^= 4;
                assert!(unpack(&PackedOutline { ranges: Some(damaged), ..packed.clone() }).is_err());
            }
            assert!(unpack(&PackedOutline { ranges: None, ..packed.clone() }).is_err());
        }
    }
    assert!(with_ranges > 10, "{with_ranges}");
}

fn unpack(packed: &PackedOutline) -> Result<OutlineBuilder, DecodeError> {
    StoredOutline::open(&packed.columns, StoredRanges::Read(packed.ranges.as_deref()), 0)?.unpack()
}

/// Read in one pass, the curve is that of the outline; without ranges it has the means in their place.
fn assert_curves(packed: &PackedOutline, mut outline: OutlineBuilder) {
    let curve = |ranges| StoredOutline::open(&packed.columns, ranges, 0).unwrap().curve().unwrap();
    outline.end();
    let expected: Vec<CurvePart> = outline.columns.iter().map(CurvePart::from).collect();
    assert_eq!(format!("{:?}", curve(StoredRanges::Read(packed.ranges.as_deref())).parts), format!("{expected:?}"));
    let line = |parts: &[CurvePart]| parts.iter().map(|part| (part.x_first, part.x_last, part.finite, part.mean)).collect::<Vec<_>>();
    assert_eq!(format!("{:?}", line(&curve(StoredRanges::Unread).parts)), format!("{:?}", line(&expected)));
}
