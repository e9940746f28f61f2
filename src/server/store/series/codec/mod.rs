//! Chunks of points, blocks of nodes and outlines as bytes: lossless to the bit, with a checksum.
//!
//! All have a frame, with little-endian numbers: version (1 byte), `p`, `n`, `o` or `r` (1 byte), number of points, nodes or columns (u32), the
//! numbers, CRC-32 of all bytes before. In the database the checksum also includes the row's key ([`crate::server::store::integrity::checksum::keyed`]).
//!
//! - A **chunk** has the columns step, wall time and value, each of `count` doubles: a byte for the encoding (below), then a first value and a
//!   difference (two doubles, if all differences are equal), or the length in bytes (u32) and the numbers compressed by `pco` (Pcodec).
//! - A **block of nodes** has columns of fixed width, so that single nodes can be read without decoding the block ([`nodes`]).
//! - An **outline** has the same columns ([`outlines`]).

mod bitpack;
mod nodes;
mod outlines;
#[cfg(test)]
mod tests;

use pco::data_types::Number;
use pco::standalone::{simple_compress, simple_decompress};
use pco::{ChunkConfig, DeltaSpec, ModeSpec};

pub use bitpack::{ColumnLocator, PAD, pack_doubles, pack_raw};
pub use nodes::{open_nodes, pack_nodes, unpack_nodes};
pub use outlines::{PackedOutline, StoredOutline, StoredRanges, pack_outline};

use crate::series::Points;

const VERSION: u8 = 1;
const POINTS: u8 = b'p';
const NODES: u8 = b'n';
const OUTLINE: u8 = b'o';
const RANGES: u8 = b'r';
/// Compression level. Measured on noisy losses: level 8 makes chunks 1 % smaller and takes three times as long.
const PCO_LEVEL: usize = 4;
/// Limit of the numbers of a column; chunks and blocks have far fewer.
const MAX_COUNT: usize = 1 << 20;
/// 2^53: all integers up to it are doubles.
const MAX_EXACT_INTEGER: f64 = 9_007_199_254_740_992.0;

/// Encodings of a column: the first one that restores all bits is used.
const REGULAR: u8 = 0;
const WHOLE: u8 = 1;
const THOUSANDTHS: u8 = 2;
const MILLIONTHS: u8 = 3;
const F32: u8 = 4;
const F64: u8 = 5;

/// Why bytes cannot be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    #[error("packed numbers end too early")]
    Truncated,
    #[error("packed numbers have version {0}, which this program does not read: use a newer one")]
    Version(u8),
    #[error("packed numbers do not have the checksum that they were written with")]
    Checksum,
    #[error("packed numbers are not what they are read as, though their checksum is right")]
    Invalid,
}

/// Encodes at most [`MAX_COUNT`] points.
pub fn pack_points(points: &Points) -> Vec<u8> {
    let mut encoder = Encoder::new(POINTS, points.len());
    encoder.doubles(&points.x);
    encoder.doubles(&points.t);
    encoder.doubles(&points.y);
    encoder.finish()
}

pub fn unpack_points(bytes: &[u8]) -> Result<Points, DecodeError> {
    let mut decoder = Decoder::new(POINTS, VERSION, bytes)?;
    let (x, t, y) = (decoder.doubles()?, decoder.doubles()?, decoder.doubles()?);
    decoder.finish()?;
    Ok(Points { x, y, t })
}

struct Encoder {
    bytes: Vec<u8>,
}

impl Encoder {
    fn new(content: u8, count: usize) -> Self {
        let mut bytes = vec![VERSION, content];
        bytes.extend((count as u32).to_le_bytes());
        Self { bytes }
    }

    fn doubles(&mut self, values: &[f64]) {
        if let Some((first, step)) = regular(values) {
            self.bytes.push(REGULAR);
            self.bytes.extend(first.to_le_bytes());
            self.bytes.extend(step.to_le_bytes());
        } else if let Some((coding, whole)) = whole(values) {
            self.bytes.push(coding);
            self.numbers(&whole, DeltaSpec::Auto);
        } else if let Some(to_f32) = values.iter().map(|value| to_f32(*value)).collect::<Option<Vec<f32>>>() {
            self.bytes.push(F32);
            self.numbers(&to_f32, DeltaSpec::Auto);
        } else {
            self.bytes.push(F64);
            self.numbers(values, DeltaSpec::Auto);
        }
    }

    fn numbers<T: Number>(&mut self, values: &[T], delta: DeltaSpec) {
        let config = ChunkConfig::default().with_compression_level(PCO_LEVEL).with_delta_spec(delta).with_mode_spec(ModeSpec::Auto);
        let packed = simple_compress(values, &config).expect("the settings are valid, and memory takes all");
        self.bytes.extend((packed.len() as u32).to_le_bytes());
        self.bytes.extend(packed);
    }

    fn finish(mut self) -> Vec<u8> {
        let sum = crc32fast::hash(&self.bytes);
        self.bytes.extend(sum.to_le_bytes());
        self.bytes
    }
}

pub struct Decoder<'a> {
    pub rest: &'a [u8],
    /// Numbers in each column.
    pub count: usize,
}

impl<'a> Decoder<'a> {
    fn new(content: u8, version: u8, bytes: &'a [u8]) -> Result<Self, DecodeError> {
        Self::of_row(content, version, bytes, 0)
    }

    /// `key_sum`: the checksum of the key of the row that the bytes are read from, which is part of theirs; 0 without one.
    fn of_row(content: u8, version: u8, bytes: &'a [u8], key_sum: u32) -> Result<Self, DecodeError> {
        let (body, sum) = bytes.split_last_chunk::<4>().ok_or(DecodeError::Truncated)?;
        // The version is checked first: another version may have its checksum elsewhere.
        match body.first() {
            Some(known) if *known == version => (),
            Some(other) => return Err(DecodeError::Version(*other)),
            None => return Err(DecodeError::Truncated),
        }
        if crc32fast::hash(body) != u32::from_le_bytes(*sum) ^ key_sum {
            return Err(DecodeError::Checksum);
        }
        let mut decoder = Self { rest: &body[1..], count: 0 };
        if decoder.u8()? != content {
            return Err(DecodeError::Invalid);
        }
        decoder.count = decoder.u32()? as usize;
        // Equal numbers may take no bytes: limit the memory that damaged bytes could take.
        if decoder.count > MAX_COUNT { Err(DecodeError::Invalid) } else { Ok(decoder) }
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let (taken, rest) = self.rest.split_first_chunk::<N>().ok_or(DecodeError::Truncated)?;
        self.rest = rest;
        Ok(*taken)
    }

    pub fn u8(&mut self) -> Result<u8, DecodeError> {
        Ok(u8::from_le_bytes(self.take()?))
    }

    fn u32(&mut self) -> Result<u32, DecodeError> {
        Ok(u32::from_le_bytes(self.take()?))
    }

    fn doubles(&mut self) -> Result<Vec<f64>, DecodeError> {
        match self.u8()? {
            REGULAR => {
                let (first, step) = (f64::from_le_bytes(self.take()?), f64::from_le_bytes(self.take()?));
                Ok((0..self.count).map(|at| arithmetic(first, step, at)).collect())
            }
            WHOLE => Ok(self.numbers::<i64>()?.into_iter().map(|number| number as f64).collect()),
            THOUSANDTHS => Ok(self.numbers::<i64>()?.into_iter().map(|number| number as f64 / 1e3).collect()),
            MILLIONTHS => Ok(self.numbers::<i64>()?.into_iter().map(|number| number as f64 / 1e6).collect()),
            F32 => Ok(self.numbers::<f32>()?.into_iter().map(from_f32).collect()),
            F64 => self.numbers(),
            _ => Err(DecodeError::Invalid),
        }
    }

    fn numbers<T: Number>(&mut self) -> Result<Vec<T>, DecodeError> {
        let length = self.u32()? as usize;
        let (packed, rest) = self.rest.split_at_checked(length).ok_or(DecodeError::Truncated)?;
        self.rest = rest;
        let numbers = simple_decompress(packed).map_err(|_| DecodeError::Invalid)?;
        if numbers.len() == self.count { Ok(numbers) } else { Err(DecodeError::Invalid) }
    }

    fn finish(self) -> Result<(), DecodeError> {
        if self.rest.is_empty() { Ok(()) } else { Err(DecodeError::Invalid) }
    }
}

fn same_bits(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits()
}

fn arithmetic(first: f64, step: f64, at: usize) -> f64 {
    // -0 + 0 is 0.
    if at == 0 { first } else { first + at as f64 * step }
}

/// First value and difference, if they give all values exactly.
fn regular(values: &[f64]) -> Option<(f64, f64)> {
    let first = *values.first().unwrap_or(&0.0);
    let step = values.get(1).map_or(0.0, |second| second - first);
    // Arithmetic does not preserve the bits of a NaN.
    let all = first.is_finite() && values.iter().enumerate().all(|(at, value)| same_bits(arithmetic(first, step, at), *value));
    all.then_some((first, step))
}

/// The values as integers times 1, 1/1000 or 1/1,000,000, if all are exact.
fn whole(values: &[f64]) -> Option<(u8, Vec<i64>)> {
    let of = |unit: f64| {
        let one = |value: &f64| {
            let number = (value * unit).round();
            (number.abs() < MAX_EXACT_INTEGER && same_bits(number as i64 as f64 / unit, *value)).then_some(number as i64)
        };
        values.iter().map(one).collect::<Option<Vec<_>>>()
    };
    [(WHOLE, 1.0), (THOUSANDTHS, 1e3), (MILLIONTHS, 1e6)].into_iter().find_map(|(coding, unit)| Some((coding, of(unit)?)))
}

/// The value as f32 if that restores all bits. NaN is converted by its bits, which a cast does not preserve.
fn to_f32(value: f64) -> Option<f32> {
    let to_f32 = if value.is_nan() {
        let bits = value.to_bits();
        f32::from_bits((bits >> 32) as u32 & 0x8000_0000 | 0x7F80_0000 | (bits >> 29) as u32 & 0x007F_FFFF)
    } else {
        value as f32
    };
    same_bits(from_f32(to_f32), value).then_some(to_f32)
}

fn from_f32(to_f32: f32) -> f64 {
    if !to_f32.is_nan() {
        return f64::from(to_f32);
    }
    let bits = u64::from(to_f32.to_bits());
    f64::from_bits((bits & 0x8000_0000) << 32 | 0x7FF0_0000_0000_0000 | (bits & 0x007F_FFFF) << 29)
}
