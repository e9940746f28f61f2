//! The binary format of points, in both directions: `POST /points` and the live feed.
//!
//! Little-endian. A frame is `b"AGNZ"`, u8 version (2), u8 kind (1), u16 0, u64 `seq` (0 when a client sends it), u32 number of
//! parts, and the parts, each:
//!
//! | | |
//! |---|---|
//! | u8, bytes | length of the cell's id, and the id |
//! | u8, bytes | length of the run's id, and the id; 0: a series without a run |
//! | u16, bytes | length of the series' name, and the name in UTF-8 |
//! | u64 | index of the first point in its series; `u64::MAX` from a client: append |
//! | u8 | flags: 1 has x, 2 y is f32 instead of f64, 4 has t, 8 count only |
//! | u32 | `n`, the number of points |
//! | n f64 | x, if flagged; else the steps continue by 1 |
//! | n f64 or f32 | y |
//! | n f64 | t, seconds since 1970 (UTC), if flagged |
//!
//! With flag 8 no numbers follow: the page requests columns. Index 0 with `n` 0 means that the series
//! was replaced: the page drops its copy.
//!
//! Version 1, which clients may send too, has no runs: the bytes of the run's id are left out.

use super::codec::{DecodeError, Reader, is_short, write_f32s, write_f64s, write_head, write_id, write_name, write_run};
use super::{CellId, RunId};

const KIND: u8 = 1;
const VERSION: u8 = 2;
const VERSION_WITHOUT_RUNS: u8 = 1;
/// Maximum number of parts. The smallest part takes 18 bytes in a frame and nine times as much in
/// memory.
pub const MAX_PARTS: u32 = 65_536;

const HAS_X: u8 = 1;
const SHORT_Y: u8 = 2;
const HAS_T: u8 = 4;
const ONLY_COUNT: u8 = 8;

#[derive(Clone, Debug, PartialEq)]
pub struct PointsFrame {
    /// Number of the last event that the points include; 0 from a client.
    pub seq: u64,
    pub parts: Vec<SeriesPart>,
}

/// Consecutive points of one series.
#[derive(Clone, Debug, PartialEq)]
pub struct SeriesPart {
    pub cell: CellId,
    /// The run that the series belongs to; of its series the name may be empty.
    pub run: Option<RunId>,
    pub series: String,
    /// Index of the first point in its series; `None`: append.
    pub start: Option<u64>,
    /// Number of points.
    pub n: u32,
    /// `None`: count only.
    pub numbers: Option<Numbers>,
}

/// The numbers of a part: all lists have one item per point. Any f64 is valid.
#[derive(Clone, Debug, PartialEq)]
pub struct Numbers {
    /// `None`: the steps continue by 1.
    pub x: Option<Vec<f64>>,
    pub y: Vec<f64>,
    /// `None`: the time of arrival.
    pub t: Option<Vec<f64>>,
}

/// A [`SeriesPart`] to encode.
#[derive(Clone, Copy, Debug)]
pub struct PartRef<'a> {
    pub cell: &'a CellId,
    pub run: Option<&'a RunId>,
    /// At most 65,535 bytes.
    pub series: &'a str,
    pub start: Option<u64>,
    pub n: u32,
    /// `None`: count only.
    pub numbers: Option<NumbersRef<'a>>,
}

/// [`Numbers`] to encode: all lists have `n` items.
#[derive(Clone, Copy, Debug)]
pub struct NumbersRef<'a> {
    pub x: Option<&'a [f64]>,
    pub y: &'a [f64],
    pub t: Option<&'a [f64]>,
}

/// Upper bound of the encoded size of a part, in bytes.
fn max_size(part: &PartRef) -> usize {
    let doubles = part.numbers.map_or(0, |numbers| [numbers.x, Some(numbers.y), numbers.t].iter().flatten().map(|list| list.len()).sum());
    80 + RunId::MAX_LEN + part.series.len() + 8 * doubles
}

/// Encodes a frame of at most [`MAX_PARTS`] parts. Writes `y` as f32 where that is exact.
pub fn write(seq: u64, parts: &[PartRef]) -> Vec<u8> {
    let mut out = Vec::with_capacity(20 + parts.iter().map(max_size).sum::<usize>());
    write_head(&mut out, VERSION, KIND, seq, parts.len());
    for part in parts {
        write_id(&mut out, part.cell);
        write_run(&mut out, part.run);
        write_name(&mut out, part.series);
        out.extend_from_slice(&part.start.unwrap_or(u64::MAX).to_le_bytes());
        let Some(NumbersRef { x, y, t }) = part.numbers else {
            out.push(ONLY_COUNT);
            out.extend_from_slice(&part.n.to_le_bytes());
            continue;
        };
        let agree = [x, Some(y), t].iter().flatten().all(|list| list.len() == part.n as usize);
        assert!(agree, "all lists of a part have n items");
        let short = is_short(y);
        out.push(if x.is_some() { HAS_X } else { 0 } | if short { SHORT_Y } else { 0 } | if t.is_some() { HAS_T } else { 0 });
        out.extend_from_slice(&part.n.to_le_bytes());
        write_f64s(&mut out, x.unwrap_or_default());
        if short {
            write_f32s(&mut out, y)
        } else {
            write_f64s(&mut out, y)
        }
        write_f64s(&mut out, t.unwrap_or_default());
    }
    out
}

/// Decodes a whole frame. Bytes after the last part are an error.
pub fn read(bytes: &[u8]) -> Result<PointsFrame, DecodeError> {
    let mut reader = Reader::new(bytes);
    let (version, seq, count) = reader.head(KIND, VERSION_WITHOUT_RUNS..=VERSION)?;
    if count > MAX_PARTS {
        return Err(DecodeError { at: 16, why: "the frame has more than 65536 parts" });
    }
    let mut parts = Vec::new();
    for _ in 0..count {
        parts.push(part(&mut reader, version)?);
    }
    reader.end(PointsFrame { seq, parts })
}

fn part(reader: &mut Reader, version: u8) -> Result<SeriesPart, DecodeError> {
    let cell = reader.id()?;
    let run = if version == VERSION_WITHOUT_RUNS { None } else { reader.run()? };
    let series = reader.name()?;
    let start = reader.u64()?;
    let at = reader.at();
    let flags = reader.u8()?;
    let n = reader.u32()?;
    let numbers = if flags == ONLY_COUNT {
        None
    } else if flags & !(HAS_X | SHORT_Y | HAS_T) != 0 {
        return Err(DecodeError { at, why: "the flags must be 8, or a sum of 1, 2 and 4" });
    } else {
        let x = if flags & HAS_X == 0 { None } else { Some(reader.numbers(n, false)?) };
        let y = reader.numbers(n, flags & SHORT_Y != 0)?;
        let t = if flags & HAS_T == 0 { None } else { Some(reader.numbers(n, false)?) };
        Some(Numbers { x, y, t })
    };
    Ok(SeriesPart { cell, run, series, start: (start != u64::MAX).then_some(start), n, numbers })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> CellId {
        CellId::parse(text).unwrap()
    }

    fn sample() -> Vec<u8> {
        let (a, b, run) = (id("a"), id("cell_B-2"), RunId::parse("2026-11-28-brave.otter").unwrap());
        let (x, y, t) = ([0.0, 1.5, -3.0], [0.1, f64::NAN, -0.0], [1.7e9, 1.7e9 + 0.001, 1.7e9 + 0.002]);
        let one = NumbersRef { x: Some(&x), y: &y, t: Some(&t) };
        let two = NumbersRef { x: None, y: &[0.5, f64::INFINITY, f64::from(f32::MIN_POSITIVE) / 2.0], t: None };
        let parts = [
            PartRef { cell: &a, run: None, series: "loss", start: None, n: 3, numbers: Some(one) },
            PartRef { cell: &b, run: Some(&run), series: "größe", start: Some(7), n: 3, numbers: Some(two) },
            PartRef { cell: &b, run: Some(&run), series: "", start: Some(10), n: u32::MAX, numbers: None },
        ];
        write(42, &parts)
    }

    #[test]
    fn what_is_written_is_read_bit_for_bit() {
        let bytes = sample();
        let frame = read(&bytes).unwrap();
        assert_eq!((frame.seq, frame.parts.len()), (42, 3));
        let bits = |list: &[f64]| list.iter().map(|number| number.to_bits()).collect::<Vec<_>>();
        let one = frame.parts[0].numbers.as_ref().unwrap();
        assert_eq!(bits(&one.y), bits(&[0.1, f64::NAN, -0.0]));
        assert_eq!((one.x.as_deref(), one.t.as_ref().map(|t| t[2])), (Some([0.0, 1.5, -3.0].as_slice()), Some(1.7e9 + 0.002)));
        assert_eq!((frame.parts[0].cell.as_str(), frame.parts[0].start), ("a", None));
        let two = frame.parts[1].numbers.as_ref().unwrap();
        assert_eq!(
            (two.x.is_none(), two.t.is_none(), two.y.clone()),
            (true, true, vec![0.5, f64::INFINITY, f64::from(f32::MIN_POSITIVE) / 2.0])
        );
        assert_eq!((frame.parts[1].series.as_str(), frame.parts[1].start), ("größe", Some(7)));
        assert_eq!((frame.parts[2].n, frame.parts[2].numbers.is_none()), (u32::MAX, true));
        let runs: Vec<_> = frame.parts.iter().map(|part| part.run.as_ref().map(RunId::as_str)).collect();
        assert_eq!(runs, [None, Some("2026-11-28-brave.otter"), Some("2026-11-28-brave.otter")]);
    }

    #[test]
    fn the_bytes_are_the_documented_ones() {
        let (a, run) = (id("a"), RunId::parse("r").unwrap());
        let numbers = Some(NumbersRef { x: Some(&[2.0]), y: &[0.5], t: None });
        let part = |run| PartRef { cell: &a, run, series: "l", start: None, n: 1, numbers };
        let frame = |version: u8, run: &[u8]| {
            let mut bytes = [b"AGNZ".as_slice(), &[version, 1, 0, 0], &[0; 8], &[1, 0, 0, 0, 1, b'a'], run, &[1, 0, b'l']].concat();
            bytes.extend([0xff; 8]);
            bytes.extend([3, 1, 0, 0, 0]);
            bytes.extend(2.0_f64.to_le_bytes());
            bytes.extend(0.5_f32.to_le_bytes());
            bytes
        };
        assert_eq!(write(0, &[part(None)]), frame(2, &[0]));
        assert_eq!(write(0, &[part(Some(&run))]), frame(2, &[1, b'r']));
        assert_eq!(read(&frame(1, &[])), read(&frame(2, &[0])), "a client that knows no runs");
        assert_eq!(read(&frame(3, &[0])).unwrap_err().at, 4);
        assert_eq!(
            read(&frame(2, &[1, b'/'])).unwrap_err(),
            DecodeError { at: 22, why: "a run's id must be 1 to 64 letters, digits, '.', '_' or '-'" }
        );
    }

    #[test]
    fn y_is_short_only_where_no_bit_is_lost() {
        let a = id("a");
        let size = |y: f64| {
            let numbers = Some(NumbersRef { x: None, y: &[y], t: None });
            write(0, &[PartRef { cell: &a, run: None, series: "", start: None, n: 1, numbers }]).len()
        };
        let short = size(0.5);
        assert_eq!([size(-0.0), size(f64::NAN), size(f64::INFINITY)], [short; 3]);
        assert_eq!([size(0.1), size(1e300), size(f64::from_bits(1))], [short + 4; 3]);
    }

    #[test]
    fn every_cut_and_every_flipped_bit_is_an_answer() {
        let bytes = sample();
        for end in 0..bytes.len() {
            assert!(read(&bytes[..end]).is_err(), "cut at {end}");
        }
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            if let Ok(frame) = read(&flipped) {
                let held: usize = frame.parts.iter().filter_map(|part| part.numbers.as_ref()).map(|numbers| numbers.y.len()).sum();
                assert!(held * 4 <= bytes.len(), "more numbers than bytes after flipping bit {bit}");
            }
        }
        let mut longer = bytes.clone();
        longer.push(0);
        assert_eq!(read(&longer), Err(DecodeError { at: bytes.len(), why: "the frame goes on after its last part" }));
    }

    #[test]
    fn a_frame_that_lies_about_its_size_allocates_nothing() {
        let mut bytes = b"AGNZ\x01\x01\0\0".to_vec();
        bytes.extend([0; 8]);
        bytes.extend([1, 0, 0, 0, 1, b'a', 0, 0]);
        bytes.extend([0xff; 8]);
        bytes.push(0);
        bytes.extend(u32::MAX.to_le_bytes());
        assert_eq!(read(&bytes).unwrap_err().why, "the frame holds fewer numbers than it says");
        bytes[16..20].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(read(&bytes).unwrap_err().at, 16);
    }
}
