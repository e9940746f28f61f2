//! A row of the journal: the points that one commit appended, of all series mixed. It is soon replaced by chunks, but each byte of it is flushed
//! before an answer, and most of what a young series takes on disk: a single point with the time of its arrival takes about 12.
//!
//! A row begins with the milliseconds of its first point's time (7 bytes) and a version (1), then come the series: key, index of the first point, the
//! board's event (as the difference to the one before) and the number of points as variable-length integers, steps, values, times; at the end
//! are eight zeros and the CRC-32 of all before it. Everything little-endian. Two older forms are read and no longer written: the second had no
//! checksum, the first no head either, and of each series four u64 and plain doubles. They are told apart by the eighth byte, which is zero in the first.

use super::codec::{ColumnLocator, DecodeError, Decoder, PAD, pack_doubles, pack_raw};
use crate::series::Points;

/// Two bits away from both older forms: no single flipped bit makes a row one that is read without its checksum.
const VERSION: u8 = 6;
const WITHOUT_SUM: u8 = 1;
/// The steps are the indices of the points.
const COUNTING: u8 = 0;
/// All times are the same whole number of milliseconds, told as the difference to the head's.
const AT_ONCE: u8 = 0;
/// A column, as blocks of nodes have it.
const COLUMN: u8 = 1;
/// From here on columns are packed; before, their heads would take more than they save.
const MANY: usize = 12;
/// The head's milliseconds, the same over all rows that time can bring.
const MILLISECONDS: u64 = (1 << 56) - 1;

#[derive(Default)]
pub struct Row {
    bytes: Vec<u8>,
    base_ms: i64,
    seq: u64,
}

/// Points of one series in a row.
#[derive(Debug, PartialEq)]
pub struct Entry {
    pub series: i64,
    /// The index of the first point.
    pub start: u64,
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
            self.bytes.extend_from_slice(&(self.base_ms as u64 & MILLISECONDS | u64::from(VERSION) << 56).to_le_bytes());
        }
        write_number(&mut self.bytes, series as u64);
        write_number(&mut self.bytes, start);
        write_number(&mut self.bytes, zigzag(seq.wrapping_sub(self.seq) as i64));
        self.seq = seq;
        write_number(&mut self.bytes, points.len() as u64);
        if points.x.iter().zip(start..).all(|(x, at)| x.to_bits() == (at as f64).to_bits()) {
            self.bytes.push(COUNTING);
        } else {
            self.column(&points.x);
        }
        self.column(&points.y);
        match points.t.first().and_then(|t| whole_ms(*t)).filter(|_| points.t.iter().all(|t| t.to_bits() == points.t[0].to_bits())) {
            Some(ms) => {
                self.bytes.push(AT_ONCE);
                write_number(&mut self.bytes, zigzag(ms.wrapping_sub(self.base_ms)));
            }
            None => self.column(&points.t),
        }
    }

    fn column(&mut self, values: &[f64]) {
        self.bytes.push(COLUMN);
        if values.len() < MANY { pack_raw(&mut self.bytes, values) } else { pack_doubles(&mut self.bytes, values) }
    }

    pub fn into_bytes(mut self) -> Vec<u8> {
        self.bytes.extend(PAD);
        let sum = crc32fast::hash(&self.bytes);
        self.bytes.extend(sum.to_le_bytes());
        self.bytes
    }
}

/// The time in milliseconds, where those give back its bits and fit into the head.
fn whole_ms(t: f64) -> Option<i64> {
    let ms = (t * 1e3).round();
    let fits = (0.0..MILLISECONDS as f64).contains(&ms) && (ms as i64 as f64 / 1e3).to_bits() == t.to_bits();
    fits.then_some(ms as i64)
}

fn zigzag(number: i64) -> u64 {
    (number << 1 ^ number >> 63) as u64
}

fn unzigzag(number: u64) -> i64 {
    (number >> 1) as i64 ^ -((number & 1) as i64)
}

/// Seven bits a byte, the lowest first; the eighth says that there are more.
fn write_number(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn read_number(from: &mut Decoder) -> Result<u64, DecodeError> {
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

pub fn read(mut bytes: &[u8]) -> Result<Vec<Entry>, DecodeError> {
    match bytes.get(7) {
        None => return if bytes.is_empty() { Ok(Vec::new()) } else { Err(DecodeError::Truncated) },
        Some(0) => return read_first(bytes),
        Some(&WITHOUT_SUM) => (),
        Some(&VERSION) => {
            let (body, sum) = bytes.split_last_chunk::<4>().ok_or(DecodeError::Truncated)?;
            if crc32fast::hash(body) != u32::from_le_bytes(*sum) {
                return Err(DecodeError::Checksum);
            }
            bytes = body;
        }
        Some(other) => return Err(DecodeError::Version(*other)),
    }
    let (head, rest) = bytes.split_first_chunk::<8>().ok_or(DecodeError::Truncated)?;
    let base_ms = (u64::from_le_bytes(*head) & MILLISECONDS) as i64;
    let mut locator = ColumnLocator { decoder: Decoder { rest, count: 0 }, length: bytes.len() };
    let (mut entries, mut seq) = (Vec::new(), 0_u64);
    while locator.decoder.rest != PAD {
        let from = &mut locator.decoder;
        let (series, start) = (read_number(from)? as i64, read_number(from)?);
        seq = seq.wrapping_add(unzigzag(read_number(from)?) as u64);
        let len = usize::try_from(read_number(from)?).map_err(|_| DecodeError::Invalid)?;
        // Points may take no bytes at all: what is damaged must not take all memory.
        if len > MAX_COUNT || start.checked_add(len as u64).is_none() {
            return Err(DecodeError::Invalid);
        }
        from.count = len;
        let mut column = |plain: &dyn Fn(&mut Decoder) -> Result<Vec<f64>, DecodeError>| match locator.decoder.u8()? {
            COLUMN => {
                let column = locator.column()?;
                // Eight bytes may be read from wherever a number begins.
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
            let ms = base_ms.wrapping_add(unzigzag(read_number(from)?));
            Ok(vec![ms as f64 / 1e3; len])
        })?;
        entries.push(Entry { series, start, seq, points: Points { x, y, t } });
    }
    Ok(entries)
}

/// Points of one series in a row are fewer: as many are a chunk.
const MAX_COUNT: usize = super::CHUNK;

fn read_first(mut bytes: &[u8]) -> Result<Vec<Entry>, DecodeError> {
    let mut entries = Vec::new();
    while !bytes.is_empty() {
        let head: [u64; 4] = words(&mut bytes, 4)?.try_into().map_err(|_| DecodeError::Truncated)?;
        let [series, start, seq, len] = head;
        let len = usize::try_from(len).map_err(|_| DecodeError::Truncated)?;
        let mut numbers = || Ok(words(&mut bytes, len)?.into_iter().map(f64::from_bits).collect::<Vec<_>>());
        let points = Points { x: numbers()?, y: numbers()?, t: numbers()? };
        entries.push(Entry { series: series as i64, start, seq, points });
    }
    Ok(entries)
}

fn words(bytes: &mut &[u8], count: usize) -> Result<Vec<u64>, DecodeError> {
    let (taken, rest) = count.checked_mul(8).and_then(|size| bytes.split_at_checked(size)).ok_or(DecodeError::Truncated)?;
    *bytes = rest;
    Ok(taken.as_chunks().0.iter().map(|word| u64::from_le_bytes(*word)).collect())
}

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
    fn what_was_written_is_read_and_what_was_cut_is_told() {
        let mut entries = samples();
        // Each of them comes first once, and hence gives the head.
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
    fn no_flipped_bit_becomes_a_point() {
        let bytes = row(&samples()[..5]);
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(read(&flipped).is_err(), "bit {bit} of {}", bytes.len() * 8);
        }
    }

    #[test]
    fn rows_of_the_form_without_a_checksum_are_read() {
        let entries = samples();
        let mut bytes = row(&entries);
        bytes.truncate(bytes.len() - 4);
        bytes[7] = WITHOUT_SUM;
        check(&read(&bytes).unwrap(), &entries);
    }

    #[test]
    fn rows_of_the_first_form_are_read() {
        let entries = samples();
        let mut bytes = Vec::new();
        for Entry { series, start, seq, points } in &entries {
            [*series as u64, *start, *seq, points.len() as u64].iter().for_each(|number| bytes.extend(number.to_le_bytes()));
            [&points.x, &points.y, &points.t].iter().for_each(|list| list.iter().for_each(|number| bytes.extend(number.to_le_bytes())));
        }
        check(&read(&bytes).unwrap(), &entries);
        assert!(read(&bytes[..bytes.len() - 1]).is_err());
        assert!(read(&[&[0; 24][..], &[0xFF; 8]].concat()).is_err(), "more points than there are bytes");
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
