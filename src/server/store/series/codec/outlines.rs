//! The outline of a series as far as it was made, so that the points that came later can be pushed. It is in two rows, because the line of
//! a group needs no extremes.
//!
//! - The **columns**: number of points (u64); the newest step: step, points (u64), finite points (u64), sum, compensation, whether these
//!   are scaled (1 byte), lowest and highest value; the width of the columns; whether there are ranges (1 byte). Then columns with one
//!   number per column: `x_first`, `finite` and `mean`. If the width is not 0, also `x_last`, `steps`, and the values beside empty
//!   columns, which are doubles: before each empty column the last one and after it the first one, and the last one of all.
//! - The **ranges**, unless they are the means: columns with `min` and `max`.
//!
//! Both end with eight bytes of padding. The fields are those of [`crate::series::OutlineColumn`].

use super::bitpack::{Column, ColumnLocator, Counts, PAD, pack_counts, pack_doubles};
use super::{DecodeError, Decoder, OUTLINE, RANGES, same_bits};
use crate::compensated_sum::CompensatedSum;
use crate::series::groups::{CurvePart, MemberCurve};
use crate::series::{NewestStep, OUTLINE_COLUMNS, OutlineBuilder, OutlineColumn, column_number};

const VERSION: u8 = 2;

/// The bytes of both rows.
#[derive(Clone, Debug, PartialEq)]
pub struct PackedOutline {
    pub columns: Vec<u8>,
    pub ranges: Option<Vec<u8>>,
}

/// Encodes an outline that needs no rebuild.
pub fn pack_outline(outline: &OutlineBuilder) -> PackedOutline {
    let OutlineBuilder { points, needs_rebuild: _, width, columns, newest, newest_range } = outline;
    let NewestStep { step, points: newest_points, sum } = newest;
    let is_mean = |value: f64, mean: f64| same_bits(value, mean) || value.is_nan() && mean.is_nan();
    let has_ranges = columns.iter().any(|column| !is_mean(column.min, column.mean) || !is_mean(column.max, column.mean));
    let doubles = |field: fn(&OutlineColumn) -> f64| columns.iter().map(field).collect::<Vec<_>>();
    let mut bytes = begin(OUTLINE, columns.len());
    bytes.extend(points.to_le_bytes());
    bytes.extend(step.to_le_bytes());
    bytes.extend(newest_points.to_le_bytes());
    bytes.extend(sum.count.to_le_bytes());
    bytes.extend(sum.sum.to_le_bytes());
    bytes.extend(sum.compensation.to_le_bytes());
    bytes.push(u8::from(sum.is_scaled));
    bytes.extend(newest_range.0.to_le_bytes());
    bytes.extend(newest_range.1.to_le_bytes());
    bytes.extend(width.to_le_bytes());
    bytes.push(u8::from(has_ranges));
    pack_doubles(&mut bytes, &doubles(|column| column.x_first));
    pack_counts(&mut bytes, columns.iter().map(|column| column.finite));
    pack_doubles(&mut bytes, &doubles(|column| column.mean));
    if *width > 0.0 {
        pack_doubles(&mut bytes, &doubles(|column| column.x_last));
        pack_counts(&mut bytes, columns.iter().map(|column| column.steps));
        for pair in columns.windows(2).filter(|pair| pair[0].is_before_empty(&pair[1], *width)) {
            bytes.extend(pair[0].last.to_le_bytes());
            bytes.extend(pair[1].first.to_le_bytes());
        }
        bytes.extend(columns.last().map_or(f64::NAN, |last| last.last).to_le_bytes());
    }
    let ranges = has_ranges.then(|| {
        let mut bytes = begin(RANGES, columns.len());
        pack_doubles(&mut bytes, &doubles(|column| column.min));
        pack_doubles(&mut bytes, &doubles(|column| column.max));
        end(bytes)
    });
    PackedOutline { columns: end(bytes), ranges }
}

fn begin(content: u8, count: usize) -> Vec<u8> {
    let mut bytes = vec![VERSION, content];
    bytes.extend((count as u32).to_le_bytes());
    bytes
}

fn end(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.extend(PAD);
    let sum = crc32fast::hash(&bytes);
    bytes.extend(sum.to_le_bytes());
    bytes
}

/// An outline that is on disk, of which the checksums and the places of its numbers are verified.
pub struct StoredOutline<'a> {
    bytes: &'a [u8],
    count: usize,
    points: u64,
    newest: NewestStep,
    newest_range: (f64, f64),
    width: f64,
    x_first: Column,
    finite: Counts,
    mean: Column,
    /// `x_last` and `steps`, unless each column is one step.
    merged: Option<(Column, Counts)>,
    /// At the values beside empty columns.
    beside: Decoder<'a>,
    /// The bytes of the ranges, `min` and `max`, where they were read.
    ranges: Option<(&'a [u8], Column, Column)>,
}

/// Which of the ranges are there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum StoredRanges<'a> {
    /// They were not read: the means stand for them.
    Unread,
    Read(Option<&'a [u8]>),
}

impl<'a> StoredOutline<'a> {
    /// `key_sum`: the checksum of the key of the rows, or 0.
    pub fn open(bytes: &'a [u8], ranges: StoredRanges<'a>, key_sum: u32) -> Result<Self, DecodeError> {
        let mut decoder = Decoder::of_row(OUTLINE, VERSION, bytes, key_sum)?;
        if decoder.count > OUTLINE_COLUMNS {
            return Err(DecodeError::Invalid);
        }
        let points = decoder.u64()?;
        let step = decoder.f64()?;
        let (newest_points, newest_finite) = (decoder.u64()?, decoder.u64()?);
        let (sum, compensation, is_scaled) = (decoder.f64()?, decoder.f64()?, decoder.u8()? != 0);
        let newest = NewestStep { step, points: newest_points, sum: CompensatedSum { count: newest_finite, sum, compensation, is_scaled } };
        let newest_range = (decoder.f64()?, decoder.f64()?);
        let width = decoder.f64()?;
        let has_ranges = decoder.u8()? != 0;
        let is_merged = width > 0.0;
        let is_power_of_two = width.is_normal() && width.to_bits() & 0x800F_FFFF_FFFF_FFFF == 0;
        if is_merged && !is_power_of_two || !is_merged && width.to_bits() != 0 || newest_finite > newest_points || newest_points > points {
            return Err(DecodeError::Invalid);
        }
        let count = decoder.count;
        let ranges = match (ranges, has_ranges) {
            (StoredRanges::Read(Some(bytes)), true) => Some(open_ranges(bytes, count, key_sum)?),
            (StoredRanges::Read(None), false) | (StoredRanges::Unread, _) => None,
            (StoredRanges::Read(_), _) => return Err(DecodeError::Invalid),
        };
        let mut locator = ColumnLocator { decoder, length: bytes.len() - 4 };
        let (x_first, finite, mean) = (locator.column()?, locator.counts()?, locator.column()?);
        let merged = if is_merged { Some((locator.column()?, locator.counts()?)) } else { None };
        Ok(Self { bytes, count, points, newest, newest_range, width, x_first, finite, mean, merged, beside: locator.decoder, ranges })
    }

    /// Number of points that it has.
    pub fn points(&self) -> u64 {
        self.points
    }

    pub fn unpack(mut self) -> Result<OutlineBuilder, DecodeError> {
        let nothing = OutlineColumn {
            x_first: 0.0,
            x_last: 0.0,
            steps: 1,
            finite: 0,
            mean: f64::NAN,
            min: f64::NAN,
            max: f64::NAN,
            first: f64::NAN,
            last: f64::NAN,
        };
        let mut columns = vec![nothing; self.count];
        self.x_first.fill(self.bytes, &mut columns, |column, x| (column.x_first, column.x_last) = (x, x));
        self.finite.fill(self.bytes, &mut columns, |column, finite| column.finite = finite);
        self.mean.fill(self.bytes, &mut columns, |column, mean| (column.mean, column.min, column.max) = (mean, mean, mean));
        if let Some((bytes, min, max)) = self.ranges {
            min.fill(bytes, &mut columns, |column, min| column.min = min);
            max.fill(bytes, &mut columns, |column, max| column.max = max);
        }
        match self.merged {
            None => columns.iter_mut().for_each(|column| (column.first, column.last) = (column.mean, column.mean)),
            Some((x_last, steps)) => {
                x_last.fill(self.bytes, &mut columns, |column, x| column.x_last = x);
                steps.fill(self.bytes, &mut columns, |column, steps| column.steps = steps);
            }
        }
        let points = self.points;
        let is_sound = |column: &OutlineColumn| {
            column.x_first <= column.x_last && (1..=points).contains(&column.steps) && column.finite <= column.steps
        };
        let is_ascending = columns.windows(2).all(|pair| pair[0].x_last < pair[1].x_first);
        if !is_ascending || !columns.iter().all(is_sound) {
            return Err(DecodeError::Invalid);
        }
        if self.merged.is_some() {
            for at in 1..columns.len() {
                if columns[at - 1].is_before_empty(&columns[at], self.width) {
                    columns[at - 1].last = self.beside.f64()?;
                    columns[at].first = self.beside.f64()?;
                }
            }
            let last = self.beside.f64()?;
            columns.iter_mut().last().into_iter().for_each(|column| column.last = last);
        }
        if self.beside.rest != PAD {
            return Err(DecodeError::Invalid);
        }
        let Self { newest, newest_range, width, .. } = self;
        Ok(OutlineBuilder { points, needs_rebuild: false, width, columns, newest, newest_range })
    }
}

fn open_ranges(bytes: &[u8], count: usize, key_sum: u32) -> Result<(&[u8], Column, Column), DecodeError> {
    let decoder = Decoder::of_row(RANGES, VERSION, bytes, key_sum)?;
    if decoder.count != count {
        return Err(DecodeError::Invalid);
    }
    let mut locator = ColumnLocator { decoder, length: bytes.len() - 4 };
    let (min, max) = (locator.column()?, locator.column()?);
    if locator.decoder.rest == PAD { Ok((bytes, min, max)) } else { Err(DecodeError::Invalid) }
}

impl Decoder<'_> {
    fn u64(&mut self) -> Result<u64, DecodeError> {
        Ok(u64::from_le_bytes(self.take()?))
    }

    fn f64(&mut self) -> Result<f64, DecodeError> {
        Ok(f64::from_le_bytes(self.take()?))
    }
}

impl StoredOutline<'_> {
    /// The whole curve, as the outline of all its points gives it, but in one pass.
    pub fn curve(mut self) -> Result<MemberCurve, DecodeError> {
        if self.count == OUTLINE_COLUMNS {
            // The newest step may make the columns wider.
            let mut outline = self.unpack()?;
            outline.end();
            return Ok(MemberCurve { parts: outline.columns.iter().map(CurvePart::from).collect() });
        }
        let mut parts = Vec::with_capacity(self.count + 1);
        let (mut x_first, mut x_last, mut mean) = ([0.0; OUTLINE_COLUMNS], [0.0; OUTLINE_COLUMNS], [0.0; OUTLINE_COLUMNS]);
        let mut finite = [0_u64; OUTLINE_COLUMNS];
        let set = |into: &mut f64, value: f64| *into = value;
        self.x_first.fill(self.bytes, &mut x_first[..self.count], set);
        self.finite.fill(self.bytes, &mut finite[..self.count], |into, value| *into = value);
        self.mean.fill(self.bytes, &mut mean[..self.count], set);
        match self.merged {
            None => x_last = x_first,
            Some((column, _)) => column.fill(self.bytes, &mut x_last[..self.count], set),
        }
        let mut before = f64::NEG_INFINITY;
        let is_merged = self.merged.is_some();
        for at in 0..self.count {
            // A NaN is not sound either.
            if !(before < x_first[at] && x_first[at] <= x_last[at]) {
                return Err(DecodeError::Invalid);
            }
            before = x_last[at];
            let mean = mean[at];
            // Of columns with several steps they are set only beside empty ones.
            let end = if is_merged { f64::NAN } else { mean };
            parts.push(CurvePart {
                x_first: x_first[at],
                x_last: x_last[at],
                first: end,
                last: end,
                finite: finite[at],
                mean,
                min: mean,
                max: mean,
            });
        }
        if let Some((bytes, min, max)) = self.ranges {
            min.fill(bytes, &mut parts, |part, min| part.min = min);
            max.fill(bytes, &mut parts, |part, max| part.max = max);
        }
        if is_merged {
            let mut before = parts.first().map_or(0.0, |part| column_number(part.x_first, self.width));
            for at in 1..parts.len() {
                let number = column_number(parts[at].x_first, self.width);
                if number > before + 1.0 {
                    parts[at - 1].last = self.beside.f64()?;
                    parts[at].first = self.beside.f64()?;
                }
                before = number;
            }
            let last = self.beside.f64()?;
            parts.iter_mut().last().into_iter().for_each(|part| part.last = last);
        }
        if self.beside.rest != PAD {
            return Err(DecodeError::Invalid);
        }
        self.add_newest(&mut parts);
        Ok(MemberCurve { parts })
    }

    /// Adds the newest step to the last column, or as one of its own.
    fn add_newest(&self, parts: &mut Vec<CurvePart>) {
        let is_merged = self.width > 0.0;
        if self.newest.points > 0 {
            let newest = OutlineColumn::of_step(&self.newest, self.newest_range);
            let mut part = CurvePart::from(&newest);
            let number = |x: f64| column_number(x, self.width);
            match parts.last_mut() {
                Some(last) if is_merged && number(last.x_first) == number(part.x_first) => {
                    let CurvePart { x_first, x_last, first, last: end, finite, mean, min, max } = *last;
                    let mut joined = OutlineColumn { x_first, x_last, steps: 1, finite, mean, min, max, first, last: end };
                    joined.merge(&newest);
                    *last = CurvePart::from(&joined);
                }
                Some(last) if is_merged && number(part.x_first) == number(last.x_first) + 1.0 => {
                    (last.last, part.first) = (f64::NAN, f64::NAN);
                    parts.push(part);
                }
                Some(_) | None => {
                    if parts.is_empty() && is_merged {
                        part.first = f64::NAN;
                    }
                    parts.push(part);
                }
            }
        }
        // There is nothing behind it.
        if is_merged {
            parts.iter_mut().last().into_iter().for_each(|part| part.last = f64::NAN);
        }
    }
}
