//! Columns of numbers of one width in bits, so that each number can be read alone.

use super::{DecodeError, Decoder, arithmetic, from_f32, regular, same_bits, to_f32};

/// A wider number could span more than the word of eight bytes that is read.
const MAX_WIDTH: u32 = 56;
/// After the last column, since words of eight bytes are read.
pub const PAD: [u8; 8] = [0; 8];

/// Encodings of a column of doubles: the first one if it restores all bits, otherwise the narrowest of the others that does.
const REGULAR: u8 = 0;
/// A base and multiples of a power of two, such as sums of f32 and times read from a clock.
const BINARY: u8 = 1;
/// A base and thousandths, such as times in milliseconds.
const THOUSANDTHS: u8 = 2;
const F32: u8 = 3;
const F64: u8 = 4;

pub fn pack_doubles(bytes: &mut Vec<u8>, values: &[f64]) {
    if let Some((first, step)) = regular(values) {
        bytes.push(REGULAR);
        bytes.extend(first.to_le_bytes());
        bytes.extend(step.to_le_bytes());
        return;
    }
    let fixed = [(BINARY, binary_fixed_point(values)), (THOUSANDTHS, decimal_fixed_point(values))];
    let fixed = fixed.into_iter().filter_map(|(coding, fixed)| fixed.map(|fixed| (coding, fixed)));
    let narrowest = fixed.min_by_key(|(_, fixed)| fixed.width).filter(|(_, fixed)| fixed.width <= MAX_WIDTH);
    match narrowest {
        Some((coding, fixed)) if fixed.width <= 32 => fixed.write(bytes, coding),
        Some((coding, fixed)) if values.iter().any(|value| to_f32(*value).is_none()) => fixed.write(bytes, coding),
        _ => pack_raw(bytes, values),
    }
}

/// As f32 if that restores all bits, otherwise as doubles: for few values.
pub fn pack_raw(bytes: &mut Vec<u8>, values: &[f64]) {
    match values.iter().map(|value| to_f32(*value)).collect::<Option<Vec<f32>>>() {
        Some(singles) => {
            bytes.push(F32);
            singles.iter().for_each(|to_f32| bytes.extend(to_f32.to_bits().to_le_bytes()));
        }
        None => {
            bytes.push(F64);
            values.iter().for_each(|value| bytes.extend(value.to_le_bytes()));
        }
    }
}

pub fn pack_counts(bytes: &mut Vec<u8>, values: impl Iterator<Item = u64> + Clone) {
    let (base, most) = (values.clone().min().unwrap_or(0), values.clone().max().unwrap_or(0));
    let width = u64::BITS - (most - base).leading_zeros();
    debug_assert!(width <= MAX_WIDTH, "fewer points than that are counted");
    bytes.extend(base.to_le_bytes());
    bytes.push(width as u8);
    pack_bits(bytes, values.map(|value| value - base), width);
}

/// Writes the low `width` bits of each value, lowest bits first.
fn pack_bits(bytes: &mut Vec<u8>, values: impl Iterator<Item = u64>, width: u32) {
    let (mut held, mut bits) = (0_u64, 0);
    for value in values {
        held |= value << bits;
        bits += width;
        while bits >= 8 {
            bytes.push(held as u8);
            held >>= 8;
            bits -= 8;
        }
    }
    if bits > 0 {
        bytes.push(held as u8);
    }
}

/// Fixed-point numbers: integers times a unit.
struct FixedPoint {
    /// For [`BINARY`]: the unit is 2 to this power.
    exponent: i16,
    base: i64,
    width: u32,
    numbers: Vec<i64>,
}

impl FixedPoint {
    fn of(exponent: i16, numbers: Vec<i64>) -> Option<Self> {
        let (base, most) = (*numbers.iter().min()?, *numbers.iter().max()?);
        let width = u64::BITS - most.abs_diff(base).leading_zeros();
        Some(Self { exponent, base, width, numbers })
    }

    fn write(self, bytes: &mut Vec<u8>, coding: u8) {
        bytes.push(coding);
        bytes.extend(self.base.to_le_bytes());
        bytes.extend(self.exponent.to_le_bytes());
        bytes.push(self.width as u8);
        pack_bits(bytes, self.numbers.into_iter().map(|number| number.abs_diff(self.base)), self.width);
    }
}

/// Fixed-point form with the largest power-of-two unit that represents every value exactly; `None` above 62 bits.
fn binary_fixed_point(values: &[f64]) -> Option<FixedPoint> {
    let mut exponent = i32::MAX;
    for value in values.iter().filter(|value| **value != 0.0) {
        let bits = value.to_bits();
        let power = (bits >> 52 & 0x7FF) as i32;
        // Neither subnormal nor infinite nor NaN.
        if power == 0 || power == 0x7FF {
            return None;
        }
        exponent = exponent.min(power - 1075 + (bits | 1 << 52).trailing_zeros() as i32);
    }
    let exponent = if exponent == i32::MAX { 0 } else { exponent };
    if !(-1000..=900).contains(&exponent) {
        return None;
    }
    let (unit, scale) = (power_of_two(exponent), power_of_two(-exponent));
    let one = |value: &f64| {
        let number = value * scale;
        // Fails for -0, which is no integer.
        (number.abs() < (1_u64 << 62) as f64 && same_bits(number as i64 as f64 * unit, *value)).then_some(number as i64)
    };
    FixedPoint::of(exponent as i16, values.iter().map(one).collect::<Option<_>>()?)
}

fn decimal_fixed_point(values: &[f64]) -> Option<FixedPoint> {
    let one = |value: &f64| {
        let number = (value * 1e3).round();
        (number.abs() < (1_u64 << 53) as f64 && same_bits(number as i64 as f64 / 1e3, *value)).then_some(number as i64)
    };
    FixedPoint::of(0, values.iter().map(one).collect::<Option<_>>()?)
}

/// `exponent` from -1022 to 1023.
fn power_of_two(exponent: i32) -> f64 {
    f64::from_bits(((exponent + 1023) as u64) << 52)
}

#[derive(Clone, Copy)]
pub enum Column {
    Regular { first: f64, step: f64 },
    Binary { unit: f64, base: i64, bits: Bits },
    Thousandths { base: i64, bits: Bits },
    F32 { bits: Bits },
    F64 { start: usize },
}

#[derive(Clone, Copy)]
pub struct Counts {
    base: u64,
    bits: Bits,
}

/// Numbers of `width` bits each, from the byte `start` on.
#[derive(Clone, Copy)]
pub struct Bits {
    start: usize,
    width: u32,
}

impl Bits {
    pub fn get(self, bytes: &[u8], at: usize) -> u64 {
        let bit = at * self.width as usize;
        let start = self.start + bit / 8;
        // `ColumnLocator` checked the column's length, and at least eight bytes follow it.
        let word = bytes[start..].first_chunk::<8>().map_or(0, |word| u64::from_le_bytes(*word));
        word >> (bit % 8) & ((1 << self.width) - 1)
    }
}

impl Counts {
    pub fn fill<T>(self, bytes: &[u8], items: &mut [T], set: impl Fn(&mut T, u64)) {
        match self.bits.width {
            0 => items.iter_mut().for_each(|item| set(item, self.base)),
            _ => items.iter_mut().enumerate().for_each(|(at, item)| set(item, self.get(bytes, at))),
        }
    }

    pub fn get(self, bytes: &[u8], at: usize) -> u64 {
        self.base.wrapping_add(self.bits.get(bytes, at))
    }
}

impl Column {
    pub fn get(self, bytes: &[u8], at: usize) -> f64 {
        let whole = |base: i64, bits: Bits| base.wrapping_add_unsigned(bits.get(bytes, at)) as f64;
        match self {
            Self::Regular { first, step } => arithmetic(first, step, at),
            Self::Binary { unit, base, bits } => whole(base, bits) * unit,
            Self::Thousandths { base, bits } => whole(base, bits) / 1e3,
            Self::F32 { bits } => from_f32(f32::from_bits(bits.get(bytes, at) as u32)),
            Self::F64 { start } => bytes[start + 8 * at..].first_chunk::<8>().map_or(0.0, |word| f64::from_le_bytes(*word)),
        }
    }
}

impl Column {
    /// Sets a number in each of these items, from the first one on. Faster than one by one: the encoding is looked at once.
    pub fn fill<T>(self, bytes: &[u8], items: &mut [T], set: impl Fn(&mut T, f64)) {
        let whole = |base: i64, bits: Bits, at: usize| base.wrapping_add_unsigned(bits.get(bytes, at)) as f64;
        match self {
            Self::Regular { first, step } => items.iter_mut().enumerate().for_each(|(at, item)| set(item, arithmetic(first, step, at))),
            Self::Binary { unit, base, bits } => {
                items.iter_mut().enumerate().for_each(|(at, item)| set(item, whole(base, bits, at) * unit))
            }
            Self::Thousandths { base, bits } => items.iter_mut().enumerate().for_each(|(at, item)| set(item, whole(base, bits, at) / 1e3)),
            Self::F32 { bits } => {
                let words = bytes[bits.start..].as_chunks::<4>().0;
                items.iter_mut().zip(words).for_each(|(item, word)| set(item, from_f32(f32::from_bits(u32::from_le_bytes(*word)))));
            }
            Self::F64 { start } => {
                let words = bytes[start..].as_chunks::<8>().0;
                items.iter_mut().zip(words).for_each(|(item, word)| set(item, f64::from_le_bytes(*word)));
            }
        }
    }
}

/// Finds the positions of columns.
pub struct ColumnLocator<'a> {
    pub decoder: Decoder<'a>,
    /// Number of bytes without the checksum.
    pub length: usize,
}

impl ColumnLocator<'_> {
    fn bits(&mut self, width: u32) -> Result<Bits, DecodeError> {
        let start = self.length - self.decoder.rest.len();
        let bytes = (self.decoder.count as u64 * u64::from(width)).div_ceil(8) as usize;
        self.decoder.rest = self.decoder.rest.get(bytes..).ok_or(DecodeError::Truncated)?;
        Ok(Bits { start, width })
    }

    pub fn column(&mut self) -> Result<Column, DecodeError> {
        let coding = self.decoder.u8()?;
        match coding {
            REGULAR => {
                let (first, step) = (self.decoder.take()?, self.decoder.take()?);
                Ok(Column::Regular { first: f64::from_le_bytes(first), step: f64::from_le_bytes(step) })
            }
            BINARY | THOUSANDTHS => {
                let base = i64::from_le_bytes(self.decoder.take()?);
                let exponent = i32::from(i16::from_le_bytes(self.decoder.take()?));
                let width = u32::from(self.decoder.u8()?);
                if width > MAX_WIDTH || !(-1022..=1023).contains(&exponent) {
                    return Err(DecodeError::Invalid);
                }
                let bits = self.bits(width)?;
                Ok(match coding {
                    BINARY => Column::Binary { unit: power_of_two(exponent), base, bits },
                    _ => Column::Thousandths { base, bits },
                })
            }
            F32 => Ok(Column::F32 { bits: self.bits(32)? }),
            F64 => Ok(Column::F64 { start: self.bits(64)?.start }),
            _ => Err(DecodeError::Invalid),
        }
    }

    pub fn counts(&mut self) -> Result<Counts, DecodeError> {
        let base = u64::from_le_bytes(self.decoder.take()?);
        let width = u32::from(self.decoder.u8()?);
        if width > MAX_WIDTH { Err(DecodeError::Invalid) } else { Ok(Counts { base, bits: self.bits(width)? }) }
    }
}
