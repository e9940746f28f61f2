//! From where to where the axes of a line chart reach.

use super::group_range::{self, BandEnds, at_edges};
use super::scale::{Scale, is_flat};
use super::series_view::SeriesView;

pub fn x_range(curves: &[SeriesView]) -> Scale {
    let (mut lo, mut hi) = group_range::x_extent(curves);
    for column in curves.iter().flat_map(|curve| curve.columns) {
        lo = lo.min(column.x_min);
        hi = hi.max(column.x_max);
    }
    // Steps that are equal but for rounding are one place.
    if is_flat(lo, hi) { Scale::linear(lo, lo) } else { Scale::linear(lo, hi) }
}

/// From the lowest to the highest value of the columns that touch the window, of the lines that cross its edges, there, and of the
/// smoothed lines, and of groups the bulk of the bands. `None` when no line has a place on the axis.
pub fn y_range(curves: &[SeriesView], x: &Scale, log: bool) -> Option<Scale> {
    let (mut lo, mut hi) = (f64::INFINITY, f64::NEG_INFINITY);
    let mut see = |value: f64| {
        if value.is_finite() && (!log || value > 0.0) {
            // Comparisons: `min` and `max` are calls in the browser.
            if value < lo {
                lo = value;
            }
            if value > hi {
                hi = value;
            }
        }
    };
    let mut bands = BandEnds::default();
    for curve in curves {
        if let Some(group) = &curve.group {
            group_range::see_values(group, x, log, &mut see, &mut bands);
        }
        let mut before = (f64::INFINITY, 0.0);
        for column in curve.columns {
            at_edges(before, (column.x_first, column.first), x, log, &mut see);
            before = (column.x_last, column.last);
            if column.x_max < x.lo || column.x_min > x.hi {
                continue;
            }
            see(column.min);
            see(column.max);
            // The lowest may be no value of a logarithmic axis where the ends are.
            if log {
                see(column.first);
                see(column.last);
            }
        }
        let mut before = (f64::INFINITY, 0.0);
        for point in curve.smoothed.iter().filter(|point| !point.0.is_nan()) {
            at_edges(before, *point, x, log, &mut see);
            before = *point;
            if (x.lo..=x.hi).contains(&point.0) {
                see(point.1);
            }
        }
    }
    (lo <= hi).then(|| bands.widen(lo, hi, log))
}
