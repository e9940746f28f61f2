//! The outline of a series as far as it was made, so that the points that came later can be pushed.
//!
//! Number of points (u64); the newest step: step, points (u64), finite points (u64), sum, compensation, whether these are scaled (1 byte),
//! lowest and highest value; the width of the columns. Then columns with one number per column: `x_first`, `finite` and `mean`; a byte,
//! and if that is 1 `min` and `max`, which otherwise are the mean. If the width is not 0, also `x_last`, `steps`, and the values beside
//! empty columns, which are doubles: before each empty column the last one and after it the first one, and the last one of all. Then eight
//! bytes of padding. The fields are those of [`crate::series::OutlineColumn`].

use super::bitpack::{ColumnLocator, PAD, pack_counts, pack_doubles};
use super::{DecodeError, Decoder, OUTLINE, same_bits};
use crate::compensated_sum::CompensatedSum;
use crate::series::{NewestStep, OUTLINE_COLUMNS, OutlineBuilder, OutlineColumn};

const VERSION: u8 = 1;

/// Encodes an outline that needs no rebuild.
pub fn pack_outline(outline: &OutlineBuilder) -> Vec<u8> {
    let OutlineBuilder { points, needs_rebuild: _, width, columns, newest, newest_range } = outline;
    let NewestStep { step, points: newest_points, sum } = newest;
    let mut bytes = vec![VERSION, OUTLINE];
    bytes.extend((columns.len() as u32).to_le_bytes());
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
    let doubles = |field: fn(&OutlineColumn) -> f64| columns.iter().map(field).collect::<Vec<_>>();
    pack_doubles(&mut bytes, &doubles(|column| column.x_first));
    pack_counts(&mut bytes, columns.iter().map(|column| column.finite));
    pack_doubles(&mut bytes, &doubles(|column| column.mean));
    let is_mean = |value: f64, mean: f64| same_bits(value, mean) || value.is_nan() && mean.is_nan();
    let has_range = columns.iter().any(|column| !is_mean(column.min, column.mean) || !is_mean(column.max, column.mean));
    bytes.push(u8::from(has_range));
    if has_range {
        pack_doubles(&mut bytes, &doubles(|column| column.min));
        pack_doubles(&mut bytes, &doubles(|column| column.max));
    }
    if *width > 0.0 {
        pack_doubles(&mut bytes, &doubles(|column| column.x_last));
        pack_counts(&mut bytes, columns.iter().map(|column| column.steps));
        for pair in columns.windows(2).filter(|pair| pair[0].is_before_empty(&pair[1], *width)) {
            bytes.extend(pair[0].last.to_le_bytes());
            bytes.extend(pair[1].first.to_le_bytes());
        }
        bytes.extend(columns.last().map_or(f64::NAN, |last| last.last).to_le_bytes());
    }
    bytes.extend(PAD);
    let sum = crc32fast::hash(&bytes);
    bytes.extend(sum.to_le_bytes());
    bytes
}

pub fn unpack_outline(bytes: &[u8]) -> Result<OutlineBuilder, DecodeError> {
    let mut decoder = Decoder::new(OUTLINE, VERSION, bytes)?;
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
    let is_merged = width > 0.0;
    let is_power_of_two = width.is_normal() && width.to_bits() & 0x800F_FFFF_FFFF_FFFF == 0;
    if is_merged && !is_power_of_two || !is_merged && width.to_bits() != 0 || newest_finite > newest_points || newest_points > points {
        return Err(DecodeError::Invalid);
    }
    let (count, length) = (decoder.count, bytes.len() - 4);
    let mut locator = ColumnLocator { decoder, length };
    let (x_first, finite, mean) = (locator.column()?, locator.counts()?, locator.column()?);
    let range = match locator.decoder.u8()? {
        0 => None,
        _ => Some((locator.column()?, locator.column()?)),
    };
    let merged = if is_merged { Some((locator.column()?, locator.counts()?)) } else { None };
    let (x_first, finite, mean) = (x_first.all(bytes, count), finite.all(bytes, count), mean.all(bytes, count));
    let (min, max) = match range {
        None => (mean.clone(), mean.clone()),
        Some((min, max)) => (min.all(bytes, count), max.all(bytes, count)),
    };
    let (x_last, steps) = match merged {
        None => (x_first.clone(), vec![1; count]),
        Some((x_last, steps)) => (x_last.all(bytes, count), steps.all(bytes, count)),
    };
    let one = |at: usize| {
        let value = if is_merged { f64::NAN } else { mean[at] };
        OutlineColumn {
            x_first: x_first[at],
            x_last: x_last[at],
            steps: steps[at],
            finite: finite[at],
            mean: mean[at],
            min: min[at],
            max: max[at],
            first: value,
            last: value,
        }
    };
    let mut columns: Vec<OutlineColumn> = (0..count).map(one).collect();
    let is_sound = |column: &OutlineColumn| column.x_first <= column.x_last && (1..=points).contains(&column.steps);
    let is_ascending = columns.windows(2).all(|pair| pair[0].x_last < pair[1].x_first);
    if !is_ascending || !columns.iter().all(|column| is_sound(column) && column.finite <= column.steps) {
        return Err(DecodeError::Invalid);
    }
    if is_merged {
        for at in 1..columns.len() {
            if columns[at - 1].is_before_empty(&columns[at], width) {
                columns[at - 1].last = locator.decoder.f64()?;
                columns[at].first = locator.decoder.f64()?;
            }
        }
        let last = locator.decoder.f64()?;
        columns.iter_mut().last().into_iter().for_each(|column| column.last = last);
    }
    if locator.decoder.rest != PAD {
        return Err(DecodeError::Invalid);
    }
    Ok(OutlineBuilder { points, needs_rebuild: false, width, columns, newest, newest_range })
}

impl Decoder<'_> {
    fn u64(&mut self) -> Result<u64, DecodeError> {
        Ok(u64::from_le_bytes(self.take()?))
    }

    fn f64(&mut self) -> Result<f64, DecodeError> {
        Ok(f64::from_le_bytes(self.take()?))
    }
}
