//! From where to where groups of runs reach, and what a window sees of a straight piece.

use super::scale::{Scale, pad_range};
use super::series_view::{GroupView, SeriesView};
use crate::protocol::groups::GroupColumn;
use crate::sorting;

/// Bands of fewer members are drawn, but do not set the range of the axis: with two, t is 12.7.
const MIN_RANGE_MEMBERS: u32 = 3;
/// Of more ends of bands each second, third and so on is taken: the range is made in every frame.
const MAX_BAND_ENDS: usize = 1000;

/// The ends of the bands that may widen the range of the axis.
#[derive(Default)]
pub(super) struct BandEnds {
    lows: Vec<f64>,
    highs: Vec<f64>,
}

impl BandEnds {
    /// The range of the lines, `lo` to `hi`, widened by the bulk of the bands: from the lower quartile of their lower ends to the upper one
    /// of their upper ends. So a few wide bands are cut, and the lines stay apart. No band takes the axis below zero where no line is, nor
    /// above it.
    pub(super) fn widen(self, lo: f64, hi: f64, log: bool) -> Scale {
        let lines = pad_range(lo, hi, log);
        let (Some(low), Some(high)) = (quartile(self.lows, false), quartile(self.highs, true)) else { return lines };
        let both = pad_range(lo.min(low), hi.max(high), log);
        if log || (lo < 0.0 && hi > 0.0) {
            return both;
        }
        let bottom = if lo >= 0.0 { both.lo.max(lines.lo.min(0.0)) } else { both.lo };
        let top = if hi <= 0.0 { both.hi.min(lines.hi.max(0.0)) } else { both.hi };
        Scale::linear(bottom, top)
    }
}

/// The lower or the upper quartile; of up to four values the lowest or the highest. `None` without any.
fn quartile(values: Vec<f64>, is_upper: bool) -> Option<f64> {
    let every = values.len().div_ceil(MAX_BAND_ENDS).max(1);
    let mut values: Vec<f64> = values.into_iter().step_by(every).collect();
    sorting::sort_by(&mut values, f64::total_cmp);
    let at = values.len().checked_sub(1)? / 4;
    values.get(if is_upper { values.len() - 1 - at } else { at }).copied()
}

/// Shows `see` the places of all groups.
pub(super) fn see_places(curves: &[SeriesView], see: &mut dyn FnMut(f64)) {
    let columns = curves.iter().filter_map(|curve| curve.group).flat_map(|group| group.columns);
    columns.for_each(|column| see(column.x));
}

/// Shows `see` the values of the line in the window and those at its edges, and collects the ends of the band.
pub(super) fn see_values(group: &GroupView, x: &Scale, log: bool, see: &mut dyn FnMut(f64), ends: &mut BandEnds) {
    let is_place = |value: f64| value.is_finite() && (!log || value > 0.0);
    let mut low = |value: f64| ends.lows.extend(Some(value).filter(|value| is_place(*value)));
    let mut high = |value: f64| ends.highs.extend(Some(value).filter(|value| is_place(*value)));
    see_curve(group.columns, |column| column.line, x, log, see);
    let has_range = |column: &GroupColumn| column.n >= MIN_RANGE_MEMBERS;
    for run in group.columns.chunk_by(|one, other| has_range(one) == has_range(other)).filter(|run| has_range(&run[0])) {
        see_curve(run, |column| column.low, x, log, &mut low);
        see_curve(run, |column| column.high, x, log, &mut high);
    }
}

fn see_curve(columns: &[GroupColumn], value: fn(&GroupColumn) -> f64, x: &Scale, log: bool, see: &mut dyn FnMut(f64)) {
    let mut before: Option<&GroupColumn> = None;
    for column in columns {
        if let Some(before) = before {
            at_edges((before.x, value(before)), (column.x, value(column)), x, log, see);
        }
        if (x.lo..=x.hi).contains(&column.x) {
            see(value(column));
        }
        before = Some(column);
    }
}

/// Tells the values of a straight piece where it crosses the edges of the window. A step backwards is no piece.
pub(super) fn at_edges(from: (f64, f64), to: (f64, f64), x: &Scale, log: bool, see: &mut dyn FnMut(f64)) {
    for edge in [x.lo, x.hi] {
        if from.0 < edge && edge < to.0 {
            // Halved, so that not even the whole range of doubles overflows. On a logarithmic axis the piece is straight in logarithms.
            let share = if x.log {
                (x.normalize(edge) - x.normalize(from.0)) / (x.normalize(to.0) - x.normalize(from.0))
            } else {
                (edge / 2.0 - from.0 / 2.0) / (to.0 / 2.0 - from.0 / 2.0)
            };
            let between = |one: f64, other: f64| one * (1.0 - share) + other * share;
            see(if log { between(from.1.ln(), to.1.ln()).exp() } else { between(from.1, to.1) });
        }
    }
}
