//! A summary as bytes, bit-exact. The row that holds them has the checksum.
//!
//! | part | form |
//! |---|---|
//! | version | 1 byte |
//! | flags | 1 byte |
//! | lengths | 12 bytes: a number of bytes, 0 to 8, in each half, the lower one first |
//! | numbers | 24 numbers of 0 to 8 bytes: counts from the lowest byte on, doubles from the highest byte on, without zeros at the end |
//!
//! Whole steps and values of 32 bits have zeros at the end, so that a summary takes about 90 bytes instead of 192.

use super::summary::{CurveSummary, NewestStep, StepValue, StepsBefore};
use crate::compensated_sum::CompensatedSum;

const VERSION: u8 = 3;
const NEEDS_REBUILD: u8 = 1;
/// The sums are in their large unit.
const BEFORE_IS_SCALED: u8 = 2;
const NEWEST_IS_SCALED: u8 = 4;
const COUNTS: usize = 7;
const DOUBLES: usize = 17;
const LENGTHS: usize = (COUNTS + DOUBLES).div_ceil(2);
/// Beyond it counts are damaged: no series has as many points.
const MAX_POINTS: u64 = 1 << 53;

/// The bytes are no summary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SummaryDecodeError;

impl CurveSummary {
    pub fn encode(&self) -> Vec<u8> {
        let (counts, doubles) = self.numbers();
        let numbers = counts.map(u64::to_le_bytes).into_iter().chain(doubles.map(f64::to_be_bytes));
        let flag = |is_set: bool, flag: u8| if is_set { flag } else { 0 };
        let flags = flag(self.needs_rebuild, NEEDS_REBUILD)
            | flag(self.before.sum.is_scaled, BEFORE_IS_SCALED)
            | flag(self.newest.sum.is_scaled, NEWEST_IS_SCALED);
        let mut bytes = vec![VERSION, flags];
        bytes.resize(2 + LENGTHS, 0);
        for (at, number) in numbers.enumerate() {
            let length = number.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
            bytes[2 + at / 2] |= (length as u8) << (at % 2 * 4);
            bytes.extend_from_slice(&number[..length]);
        }
        bytes
    }

    pub fn decode(bytes: &[u8]) -> Result<Self, SummaryDecodeError> {
        Self::decoded(bytes).ok_or(SummaryDecodeError)
    }

    fn decoded(bytes: &[u8]) -> Option<Self> {
        let ([VERSION, flags], rest) = bytes.split_first_chunk()? else { return None };
        let (lengths, mut rest) = rest.split_first_chunk::<LENGTHS>()?;
        let mut numbers = [[0; 8]; COUNTS + DOUBLES];
        for (at, number) in numbers.iter_mut().enumerate() {
            let length = usize::from(lengths[at / 2] >> (at % 2 * 4) & 0xF);
            let digits;
            (digits, rest) = rest.split_at_checked(length)?;
            number.get_mut(..length)?.copy_from_slice(digits);
        }
        let (counts, doubles) = numbers.split_first_chunk::<COUNTS>()?;
        let summary = Self::of_numbers(*flags, counts.map(u64::from_le_bytes), doubles.first_chunk::<DOUBLES>()?.map(f64::from_be_bytes));
        let StepsBefore { points, steps, non_finite, sum, .. } = &summary.before;
        let NewestStep { points: newest, sum: newest_sum, .. } = &summary.newest;
        let is_bounded = [summary.points, *points, *newest].iter().all(|count| *count <= MAX_POINTS) && points + newest <= summary.points;
        let is_consistent = sum.count <= *steps && steps <= points && non_finite <= points && newest_sum.count <= *newest;
        (rest.is_empty() && is_bounded && is_consistent && *flags < 8).then_some(summary)
    }

    fn numbers(&self) -> ([u64; COUNTS], [f64; DOUBLES]) {
        let Self { points, needs_rebuild: _, first_step, first_time, last_time, before, newest } = self;
        let StepsBefore { points: before_points, steps, non_finite, last_step, latest_time, gap_step, sum, last, min, max } = before;
        let counts = [*points, *before_points, *steps, *non_finite, sum.count, newest.points, newest.sum.count];
        let ends = [*first_step, *first_time, *last_time, *last_step, *latest_time, *gap_step];
        let values = [last.step, last.value, min.step, min.value, max.step, max.value];
        let mut doubles = [0.0; DOUBLES];
        let all = ends.into_iter().chain(values).chain([sum.sum, sum.compensation, newest.step, newest.sum.sum, newest.sum.compensation]);
        doubles.iter_mut().zip(all).for_each(|(place, number)| *place = number);
        (counts, doubles)
    }

    fn of_numbers(flags: u8, counts: [u64; COUNTS], doubles: [f64; DOUBLES]) -> Self {
        let [points, before_points, steps, non_finite, finite_steps, newest_points, newest_finite] = counts;
        let [
            first_step,
            first_time,
            last_time,
            last_step,
            latest_time,
            gap_step,
            ref values @ ..,
            sum,
            compensation,
            newest_step,
            newest_sum,
            newest_compensation,
        ] = doubles;
        let value = |at: usize| StepValue { step: values[2 * at], value: values[2 * at + 1] };
        let before = StepsBefore {
            points: before_points,
            steps,
            non_finite,
            last_step,
            latest_time,
            gap_step,
            sum: CompensatedSum { count: finite_steps, sum, compensation, is_scaled: flags & BEFORE_IS_SCALED != 0 },
            last: value(0),
            min: value(1),
            max: value(2),
        };
        let newest_sum = CompensatedSum {
            count: newest_finite,
            sum: newest_sum,
            compensation: newest_compensation,
            is_scaled: flags & NEWEST_IS_SCALED != 0,
        };
        let newest = NewestStep { step: newest_step, points: newest_points, sum: newest_sum };
        Self { points, needs_rebuild: flags & NEEDS_REBUILD != 0, first_step, first_time, last_time, before, newest }
    }
}
