//! The line and the band of a group at each of its places.

use std::ops::Range;

use super::sampler::{SampledGroup, Tally};
use super::{Band, GroupColumn, GroupLine};
use crate::statistics::{CONFIDENCE, CriticalValues, LANES, Moments, sorted_quantile};

/// How a group is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct GroupStyle {
    pub line: GroupLine,
    /// One of [`GroupLine::bands`].
    pub band: Band,
    /// Only where all members have a value.
    pub is_common: bool,
}

impl SampledGroup {
    /// The places from the first to the last one at which a member has a value or a gap.
    pub fn aggregate(&self, style: GroupStyle) -> Vec<GroupColumn> {
        let mut critical = CriticalValues::new(CONFIDENCE);
        let mut columns = Vec::with_capacity(self.places.len());
        let (mut rows, mut values): (Vec<[f64; LANES]>, Vec<f64>) = Default::default();
        for start in (0..self.places.len()).step_by(LANES) {
            let end = (start + LANES).min(self.places.len());
            self.gather(start..end, &mut rows);
            let moments = if style.line == GroupLine::Mean { Moments::of_lanes(&rows) } else { None };
            for (lane, at) in (start..end).enumerate() {
                let tally = &self.tallies[at];
                let is_drawn = tally.n > 0 && (!style.is_common || tally.n == self.members);
                let (line, band) = match &moments {
                    _ if !is_drawn => (f64::NAN, None),
                    Some(moments) => mean_estimate(&moments[lane], tally, style.band, &mut critical),
                    None => {
                        values.clear();
                        values.extend(rows.iter().map(|row| row[lane]).filter(|value| !value.is_nan()));
                        estimate(&mut values, tally, style, &mut critical)
                    }
                };
                let (low, high) = band.filter(|_| tally.n > 1 && !line.is_nan()).unwrap_or((f64::NAN, f64::NAN));
                let Tally { n, nan, ended, interpolated, .. } = *tally;
                columns.push(GroupColumn { x: self.places[at], line, low, high, n, nan, ended, interpolated });
            }
        }
        let is_seen = |column: &GroupColumn| if style.is_common { !column.line.is_nan() } else { column.n + column.nan > 0 };
        columns.truncate(columns.iter().rposition(is_seen).map_or(0, |last| last + 1));
        columns.drain(..columns.iter().position(is_seen).unwrap_or(0));
        columns
    }

    /// The values of all members at up to [`LANES`] places, which lie in one line of the processor's cache; NaN beside these places.
    fn gather(&self, places: Range<usize>, rows: &mut Vec<[f64; LANES]>) {
        let row = |values: &[f64]| {
            let mut row = [f64::NAN; LANES];
            row.iter_mut().zip(&values[places.clone()]).for_each(|(lane, value)| *lane = *value);
            row
        };
        rows.clear();
        rows.extend(self.values.chunks_exact(self.places.len()).map(row));
    }
}

/// The mean of at least one value and the bounds of its band.
fn mean_estimate(moments: &Moments, tally: &Tally, band: Band, critical: &mut CriticalValues) -> (f64, Option<(f64, f64)>) {
    let around = |half: f64| Some((moments.mean - half, moments.mean + half));
    let band = match band {
        Band::T95 if moments.n > 1 => around(critical.get(moments.n - 1) * moments.standard_error()),
        Band::Std => around(moments.std),
        Band::StdErr => around(moments.standard_error()),
        Band::MinMax => Some((tally.min, tally.max)),
        _ => None,
    };
    (moments.mean, band)
}

/// The line and the bounds of the band of these values, at least one. They are sorted where that is needed.
fn estimate(values: &mut [f64], tally: &Tally, style: GroupStyle, critical: &mut CriticalValues) -> (f64, Option<(f64, f64)>) {
    let extremes = Some((tally.min, tally.max));
    match style.line {
        GroupLine::Mean => mean_estimate(&Moments::of_ordered(values), tally, style.band, critical),
        GroupLine::GeoMean => {
            if values.iter().any(|value| *value <= 0.0) {
                return (f64::NAN, None);
            }
            values.iter_mut().for_each(|value| *value = value.ln());
            let moments = Moments::of_ordered(values);
            let half = if moments.n > 1 { critical.get(moments.n - 1) * moments.standard_error() } else { 0.0 };
            let band = (style.band == Band::T95).then(|| ((moments.mean - half).exp(), (moments.mean + half).exp()));
            (moments.mean.exp(), band)
        }
        GroupLine::Median => {
            values.sort_unstable_by(f64::total_cmp);
            let band = match style.band {
                Band::Iqr => Some((sorted_quantile(values, 0.25), sorted_quantile(values, 0.75))),
                Band::MinMax => extremes,
                _ => None,
            };
            (sorted_quantile(values, 0.5), band)
        }
        GroupLine::Min => (tally.min, None),
        GroupLine::Max => (tally.max, None),
    }
}
