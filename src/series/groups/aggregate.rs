//! The line and the band of a group at each of its places.

use super::sampler::{SampledGroup, Tally};
use super::{Band, GroupColumn, GroupLine};
use crate::statistics::{CONFIDENCE, CriticalValues, Moments, sorted_quantile};

/// Places whose values are gathered at a time: those of one line of the processor's cache.
const GATHERED: usize = 8;

/// How a group is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
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
        let mut gathered: [Vec<f64>; GATHERED] = Default::default();
        for start in (0..self.places.len()).step_by(GATHERED) {
            let end = (start + GATHERED).min(self.places.len());
            gathered.iter_mut().for_each(Vec::clear);
            for row in self.values.chunks_exact(self.places.len()) {
                for (values, value) in gathered.iter_mut().zip(&row[start..end]) {
                    if !value.is_nan() {
                        values.push(*value);
                    }
                }
            }
            for (values, at) in gathered.iter_mut().zip(start..end) {
                let tally = &self.tallies[at];
                let is_drawn = tally.n > 0 && (!style.is_common || tally.n == self.members);
                let (line, band) = if is_drawn { estimate(values, tally, style, &mut critical) } else { (f64::NAN, None) };
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
}

/// The line and the bounds of the band of these values, at least one. They are sorted where that is needed.
fn estimate(values: &mut [f64], tally: &Tally, style: GroupStyle, critical: &mut CriticalValues) -> (f64, Option<(f64, f64)>) {
    let around = |line: f64, half: f64| (line, Some((line - half, line + half)));
    let extremes = Some((tally.min, tally.max));
    match style.line {
        GroupLine::Mean => {
            let moments = Moments::of_ordered(values);
            match style.band {
                Band::T95 if moments.n > 1 => around(moments.mean, critical.get(moments.n - 1) * moments.standard_error()),
                Band::Std => around(moments.mean, moments.std),
                Band::StdErr => around(moments.mean, moments.standard_error()),
                Band::MinMax => (moments.mean, extremes),
                _ => (moments.mean, None),
            }
        }
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
