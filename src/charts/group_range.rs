//! From where to where groups of runs reach, and what a window sees of a straight piece.

use super::scale::Scale;
use super::series_view::{GroupView, SeriesView};
use crate::protocol::groups::GroupColumn;

/// Bands of fewer members are drawn, but do not set the range of the axis: with two, t is 12.7.
const MIN_RANGE_MEMBERS: u32 = 3;
/// From the first to the last place of all groups.
pub(super) fn x_extent(curves: &[SeriesView]) -> (f64, f64) {
    let columns = curves.iter().filter_map(|curve| curve.group).flat_map(|group| group.columns);
    columns.fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), column| (lo.min(column.x), hi.max(column.x)))
}

/// Shows `see` the values of the line and of the band in the window, and those at its edges.
pub(super) fn see_values(group: &GroupView, x: &Scale, log: bool, see: &mut dyn FnMut(f64)) {
    let has_range = |column: &GroupColumn| column.n >= MIN_RANGE_MEMBERS;
    let mut before: Option<&GroupColumn> = None;
    for column in group.columns {
        let is_inside = (x.lo..=x.hi).contains(&column.x);
        let values: [fn(&GroupColumn) -> f64; 3] = [|column| column.line, |column| column.low, |column| column.high];
        for value in &values[..if has_range(column) { 3 } else { 1 }] {
            if let Some(before) = before {
                at_edges((before.x, value(before)), (column.x, value(column)), x, log, see);
            }
            if is_inside {
                see(value(column));
            }
        }
        before = Some(column);
    }
}

/// Tells the values of a straight piece where it crosses the edges of the window. A step backwards is no piece.
pub(super) fn at_edges(from: (f64, f64), to: (f64, f64), x: &Scale, log: bool, see: &mut dyn FnMut(f64)) {
    for edge in [x.lo, x.hi] {
        if from.0 < edge && edge < to.0 {
            // Halved, so that not even the whole range of doubles overflows.
            let share = (edge / 2.0 - from.0 / 2.0) / (to.0 / 2.0 - from.0 / 2.0);
            let between = |one: f64, other: f64| one * (1.0 - share) + other * share;
            see(if log { between(from.1.ln(), to.1.ln()).exp() } else { between(from.1, to.1) });
        }
    }
}
