//! A member's curve at the places of a grid.

use super::curve::CurvePart;
use crate::compensated_sum::CompensatedSum;
use crate::series::pixel_grid::PixelGrid;

/// What a member has at a place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Sample {
    /// Its curve begins later.
    NotBegun,
    /// The value, with the lowest and the highest of the finite points that it is made of.
    Own { value: f64, min: f64, max: f64 },
    /// Between two of its points.
    Interpolated(f64),
    /// In a gap: a value that is not finite is there or next to it.
    Gap,
    /// Its last point is before.
    Ended,
}

/// Equal columns of an axis.
#[derive(Clone, Copy, Debug)]
pub enum ColumnGrid {
    /// Those of a window.
    Window(PixelGrid),
    /// Column `n` has the places with `floor(place / width) == first + n`. `width` is a power of two, so that nothing is rounded.
    Dyadic { first: f64, width: f64 },
}

impl ColumnGrid {
    fn is_before(&self, place: f64) -> bool {
        match self {
            Self::Window(grid) => place < grid.from,
            Self::Dyadic { first, width } => (place / width).floor() < *first,
        }
    }

    /// Whether a place that is not before this column is in it.
    fn holds(&self, column: usize, place: f64) -> bool {
        match self {
            Self::Window(grid) => grid.holds(place) && grid.pixel(place) as usize == column,
            // Nothing is rounded, and no `floor` is needed, which is slow on older processors.
            Self::Dyadic { first, width } => place < (first + column as f64 + 1.0) * width,
        }
    }
}

/// The samples at ascending places, each of which is a step of some member. All parts are single steps.
pub fn sample_steps(parts: &[CurvePart], places: &[f64], mut put: impl FnMut(usize, Sample)) {
    let mut next = 0;
    for (at, place) in places.iter().enumerate() {
        while parts.get(next).is_some_and(|part| part.x_last < *place) {
            next += 1;
        }
        put(
            at,
            match parts.get(next).filter(|part| part.x_first <= *place) {
                Some(part) if part.finite > 0 => Sample::Own { value: part.mean, min: part.min, max: part.max },
                Some(_) => Sample::Gap,
                None => between(parts, next, *place),
            },
        );
    }
}

/// The samples in `count` columns, whose middles are `middle(column)`. Each part is in one column.
pub fn sample_columns(
    parts: &[CurvePart],
    grid: ColumnGrid,
    count: usize,
    middle: impl Fn(usize) -> f64,
    mut put: impl FnMut(usize, Sample),
) {
    // Parts before the grid are there for interpolation only.
    let mut next = parts.partition_point(|part| grid.is_before(part.x_first));
    for at in 0..count {
        let start = next;
        while parts.get(next).is_some_and(|part| grid.holds(at, part.x_first)) {
            next += 1;
        }
        put(at, if start == next { between(parts, next, middle(at)) } else { joined(&parts[start..next]) });
    }
}

/// The mean of all finite values of these parts.
fn joined(parts: &[CurvePart]) -> Sample {
    if let [part] = parts {
        return match part.finite {
            0 => Sample::Gap,
            _ => Sample::Own { value: part.mean, min: part.min, max: part.max },
        };
    }
    let (mut sum, mut finite, mut min, mut max) = (CompensatedSum::default(), 0, f64::NAN, f64::NAN);
    for part in parts.iter().filter(|part| part.finite > 0) {
        sum.add(part.mean * part.finite as f64);
        finite += part.finite;
        (min, max) = (min.min(part.min), max.max(part.max));
    }
    match finite {
        0 => Sample::Gap,
        _ => Sample::Own { value: sum.mean() * (sum.count as f64 / finite as f64), min, max },
    }
}

/// At a place where a curve has no point; the part after it is at index `next`.
fn between(parts: &[CurvePart], next: usize, place: f64) -> Sample {
    let Some(after) = parts.get(next) else { return if parts.is_empty() { Sample::NotBegun } else { Sample::Ended } };
    let Some(before) = next.checked_sub(1).map(|before| &parts[before]) else { return Sample::NotBegun };
    let share = (place - before.x_last) / (after.x_first - before.x_last);
    let value = before.last + (after.first - before.last) * share;
    if before.last.is_nan() || after.first.is_nan() { Sample::Gap } else { Sample::Interpolated(value) }
}
