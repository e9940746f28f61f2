//! A row of the journal: the points of one commit, of all its series. Every byte of it is flushed before a response, and for young series it is
//! most of what is on disk. A single point with its time of arrival takes about 12 bytes.
//!
//! All numbers are little-endian; a varint has seven bits per byte, the lowest first, and the eighth bit if more bytes follow.
//!
//! | part | form |
//! |---|---|
//! | base time | 7 bytes: Unix time of the row's first point, in ms |
//! | version | 1 byte |
//! | per series: key, index of its first point, event, number of points | varints; the event as zigzag difference to the one before |
//! | … steps | byte 0: equal to the indices of the points; byte 1: a column |
//! | … values | byte 1: a column |
//! | … wall times | byte 0: all equal, a zigzag varint of ms after the base time; byte 1: a column |
//! | padding | 8 zero bytes: columns are read in words of 8 bytes |
//! | checksum | CRC-32 of all bytes before, combined with the CRC-32 of the row's key ([`keyed`]) |
//!
//! A column has the form of those in blocks of nodes ([`super::codec`], `bitpack`).
//!
//! [`keyed`]: crate::server::store::integrity::checksum::keyed

use super::codec::{ColumnLocator, DecodeError, Decoder, PAD, pack_doubles, pack_raw};
use crate::series::Points;

const VERSION: u8 = 6;
/// The steps are the indices of the points.
const STEPS_ARE_INDICES: u8 = 0;
/// All times are the same whole number of milliseconds.
const SAME_TIME: u8 = 0;
/// A column follows.
const COLUMN: u8 = 1;
/// From this number of values on columns are bit-packed; below, the header would be longer than what it saves.
const MIN_PACKED: usize = 12;
/// Mask of the base time.
const BASE_MS_MASK: u64 = (1 << 56) - 1;

#[derive(Default)]
pub struct Row {
    bytes: Vec<u8>,
    base_ms: i64,
    /// The event of the series before.
    seq: u64,
}

/// Points of one series in a row.
#[derive(Debug, PartialEq)]
pub struct Entry {
    pub series: i64,
    /// Index of the first point within the series.
    pub start: u64,
    /// Number of the event.
    pub seq: u64,
    pub points: Points,
}

impl Row {
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub fn push(&mut self, series: i64, start: u64, seq: u64, points: &Points) {
        if self.bytes.is_empty() {
            self.base_ms = points.t.first().and_then(|t| whole_ms(*t)).unwrap_or(0);
            self.bytes.extend_from_slice(&(self.base_ms as u64 & BASE_MS_MASK | u64::from(VERSION) << 56).to_le_bytes());
        }
        write_varint(&mut self.bytes, series as u64);
        write_varint(&mut self.bytes, start);
        write_varint(&mut self.bytes, zigzag(seq.wrapping_sub(self.seq) as i64));
        self.seq = seq;
        write_varint(&mut self.bytes, points.len() as u64);
        if points.x.iter().zip(start..).all(|(x, at)| x.to_bits() == (at as f64).to_bits()) {
            self.bytes.push(STEPS_ARE_INDICES);
        } else {
            self.column(&points.x);
        }
        self.column(&points.y);
        match points.t.first().and_then(|t| whole_ms(*t)).filter(|_| points.t.iter().all(|t| t.to_bits() == points.t[0].to_bits())) {
            Some(ms) => {
                self.bytes.push(SAME_TIME);
                write_varint(&mut self.bytes, zigzag(ms.wrapping_sub(self.base_ms)));
            }
            None => self.column(&points.t),
        }
    }

    fn column(&mut self, values: &[f64]) {
        self.bytes.push(COLUMN);
        if values.len() < MIN_PACKED { pack_raw(&mut self.bytes, values) } else { pack_doubles(&mut self.bytes, values) }
    }

    pub fn into_bytes(mut self) -> Vec<u8> {
        self.bytes.extend(PAD);
        let sum = crc32fast::hash(&self.bytes);
        self.bytes.extend(sum.to_le_bytes());
        self.bytes
    }
}

/// The time in milliseconds, if that represents it exactly and fits into the base time.
fn whole_ms(t: f64) -> Option<i64> {
    let ms = (t * 1e3).round();
    let fits = (0.0..BASE_MS_MASK as f64).contains(&ms) && (ms as i64 as f64 / 1e3).to_bits() == t.to_bits();
    fits.then_some(ms as i64)
}

fn zigzag(number: i64) -> u64 {
    (number << 1 ^ number >> 63) as u64
}

fn unzigzag(number: u64) -> i64 {
    (number >> 1) as i64 ^ -((number & 1) as i64)
}

fn write_varint(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn read_varint(from: &mut Decoder) -> Result<u64, DecodeError> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let byte = from.u8()?;
        number |= u64::from(byte & 0x7F) << shift;
        if byte < 0x80 {
            return Ok(number);
        }
    }
    Err(DecodeError::Invalid)
}

/// Decodes a row; `bytes` with the checksum of the content alone.
pub fn read(bytes: &[u8]) -> Result<Vec<Entry>, DecodeError> {
    match bytes.get(7) {
        None if bytes.is_empty() => return Ok(Vec::new()),
        None => return Err(DecodeError::Truncated),
        Some(&VERSION) => {}
        Some(other) => return Err(DecodeError::Version(*other)),
    }
    let (bytes, sum) = bytes.split_last_chunk::<4>().ok_or(DecodeError::Truncated)?;
    if crc32fast::hash(bytes) != u32::from_le_bytes(*sum) {
        return Err(DecodeError::Checksum);
    }
    let (head, rest) = bytes.split_first_chunk::<8>().ok_or(DecodeError::Truncated)?;
    let base_ms = (u64::from_le_bytes(*head) & BASE_MS_MASK) as i64;
    let mut locator = ColumnLocator { decoder: Decoder { rest, count: 0 }, length: bytes.len() };
    let (mut entries, mut seq) = (Vec::new(), 0_u64);
    while locator.decoder.rest != PAD {
        let from = &mut locator.decoder;
        let (series, start) = (read_varint(from)? as i64, read_varint(from)?);
        seq = seq.wrapping_add(unzigzag(read_varint(from)?) as u64);
        let len = usize::try_from(read_varint(from)?).map_err(|_| DecodeError::Invalid)?;
        // Equal points may take no bytes: limit the memory that damaged bytes could take.
        if len > MAX_COUNT || start.checked_add(len as u64).is_none() {
            return Err(DecodeError::Invalid);
        }
        from.count = len;
        let mut column = |plain: &dyn Fn(&mut Decoder) -> Result<Vec<f64>, DecodeError>| match locator.decoder.u8()? {
            COLUMN => {
                let column = locator.column()?;
                // Words of eight bytes are read from the start of every number.
                if locator.decoder.rest.len() < PAD.len() {
                    return Err(DecodeError::Truncated);
                }
                Ok((0..len).map(|at| column.get(bytes, at)).collect())
            }
            0 => plain(&mut locator.decoder),
            _ => Err(DecodeError::Invalid),
        };
        let x = column(&|_| Ok((start..).take(len).map(|at| at as f64).collect()))?;
        let y = column(&|_| Err(DecodeError::Invalid))?;
        let t = column(&|from| {
            let ms = base_ms.wrapping_add(unzigzag(read_varint(from)?));
            Ok(vec![ms as f64 / 1e3; len])
        })?;
        entries.push(Entry { series, start, seq, points: Points { x, y, t } });
    }
    Ok(entries)
}

/// A row has fewer points of one series than a chunk.
const MAX_COUNT: usize = super::CHUNK;

#[cfg(test)]
mod tests {
    use super::*;

    fn bits(points: &Points) -> [Vec<u64>; 3] {
        [&points.x, &points.y, &points.t].map(|list| list.iter().map(|number| number.to_bits()).collect())
    }

    fn samples() -> Vec<Entry> {
        fn ms(ms: u64) -> f64 {
            ms as f64 / 1e3
        }
        let list = |len: usize, of: fn(usize) -> f64| (0..len).map(of).collect::<Vec<_>>();
        let one = |x, y, t| Points { x: vec![x], y: vec![y], t: vec![t] };
        let all = [
            (7, 40, 9, one(40.0, 0.25, ms(1_800_000_000_123))),
            (8, 0, 9, Points::default()),
            (1 << 27, 3, 2, one(-0.0, f64::NAN, -1e11)),
            (9, 0, 10, Points { x: vec![1.0, 2.0], y: vec![-0.0, f64::INFINITY], t: vec![0.5, 0.5] }),
            (
                9,
                2,
                11,
                Points { x: list(11, |at| at as f64), y: list(11, |at| at as f64 / 7.0), t: list(11, |at| 1.8e9 + at as f64 / 3.0) },
            ),
            (
                3,
                100,
                u64::MAX,
                Points {
                    x: list(4000, |at| 100.0 + at as f64),
                    y: list(4000, |at| f64::from((at % 97) as f32 / 50.0)),
                    t: list(4000, |at| ms(1_800_000_000_000 + 51 * at as u64)),
                },
            ),
            (4, 1 << 52, 0, one(5e-324, f64::from_bits(0x7FF0_0000_0000_0001), 1e11)),
            (
                5,
                0,
                1,
                Points {
                    x: list(64, |at| if at == 9 { 1e300 } else { 0.1 }),
                    y: list(64, |_| f64::NEG_INFINITY),
                    t: vec![ms(1_799_999_999_999); 64],
                },
            ),
        ];
        all.into_iter().map(|(series, start, seq, points)| Entry { series, start, seq, points }).collect()
    }

    fn row(entries: &[Entry]) -> Vec<u8> {
        let mut row = Row::default();
        entries.iter().for_each(|entry| row.push(entry.series, entry.start, entry.seq, &entry.points));
        row.into_bytes()
    }

    fn check(read: &[Entry], entries: &[Entry]) {
        assert_eq!(read.len(), entries.len());
        for (read, entry) in read.iter().zip(entries) {
            assert_eq!((read.series, read.start, read.seq), (entry.series, entry.start, entry.seq));
            assert_eq!(bits(&read.points), bits(&entry.points));
        }
    }

    #[test]
    fn rows_are_read_as_written_and_truncated_rows_are_errors() {
        let mut entries = samples();
        // Each entry is first once and gives the base time.
        for _ in 0..entries.len() {
            entries.rotate_left(1);
            let bytes = row(&entries);
            check(&read(&bytes).unwrap(), &entries);
            assert!((1..bytes.len()).step_by(197).all(|end| read(&bytes[..end]).is_err()));
        }
        assert_eq!(read(&[]), Ok(Vec::new()));
        assert_eq!(read(&[0, 0, 0, 0, 0, 0, 0, 9, 1]), Err(DecodeError::Version(9)));
    }

    #[test]
    fn every_flipped_bit_is_detected() {
        let bytes = row(&samples()[..5]);
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(read(&flipped).is_err(), "bit {bit} of {}", bytes.len() * 8);
        }
    }

    #[test]
    fn a_single_point_takes_little() {
        let of = |series, start: u64| Entry {
            series,
            start,
            seq: 70_000,
            points: Points { x: vec![start as f64], y: vec![f64::from(0.3_f32)], t: vec![1_800_000_000.123] },
        };
        let entries: Vec<_> = (0..64).map(|series| of(series, 10_000)).collect();
        let bytes = row(&entries).len();
        assert!(bytes < 64 * 14 + 24, "{bytes} bytes for 64 points");
    }
}
