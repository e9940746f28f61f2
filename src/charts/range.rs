//! From where to where the axes of a line chart reach.

use super::group_range::{self, BandEnds, at_edges};
use super::scale::{Scale, is_flat, pad_range};
use super::series_view::SeriesView;
use crate::protocol::{AxisScale, GoalLine, LineSettings};
use crate::sorting;

/// The share of the values that [`YBounds::ignores_outliers`] leaves out at each end, as TensorBoard does.
const OUTLIERS: f64 = 0.05;

/// What holds the y axis, besides the values.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct YBounds {
    /// Fixed ends, the lower one first.
    pub ends: [Option<f64>; 2],
    pub ignores_outliers: bool,
}

impl From<&LineSettings> for YBounds {
    fn from(settings: &LineSettings) -> Self {
        Self { ends: settings.y_range, ignores_outliers: settings.ignore_outliers }
    }
}

/// The y axis, and how far the values reach beyond its lower and its upper end; `None` where they do not.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct YRange {
    pub scale: Scale,
    pub beyond: [Option<f64>; 2],
}

/// Whether some place is at 0 or below.
pub fn has_place_up_to_zero(curves: &[SeriesView]) -> bool {
    let mut is_some = curves.iter().flat_map(|curve| curve.columns).any(|column| column.x_min <= 0.0);
    group_range::see_places(curves, &mut |x| is_some |= x <= 0.0);
    is_some
}

pub fn x_range(curves: &[SeriesView], scale: AxisScale) -> Scale {
    let is_log = scale == AxisScale::Log;
    let (mut lo, mut hi) = (f64::INFINITY, f64::NEG_INFINITY);
    let mut see = |x: f64| {
        if !is_log || x > 0.0 {
            (lo, hi) = (lo.min(x), hi.max(x));
        }
    };
    see_places(curves, is_log, &mut see);
    if is_log {
        return if is_flat(lo, hi) { Scale::log(lo, lo) } else { Scale::log(lo, hi) };
    }
    // Steps that are equal but for rounding are one place.
    if is_flat(lo, hi) { Scale::linear(lo, lo) } else { Scale::linear(lo, hi) }
}

/// All places along the x axis from which its range is made.
pub fn see_places(curves: &[SeriesView], is_log: bool, see: &mut dyn FnMut(f64)) {
    group_range::see_places(curves, see);
    for column in curves.iter().flat_map(|curve| curve.columns) {
        see(column.x_min);
        see(column.x_max);
        // The first place may have no logarithm where the last one has.
        if is_log {
            see(column.x_first);
            see(column.x_last);
        }
    }
}

/// From the lowest to the highest value of the columns that touch the window, of the lines that cross its edges, there, and of the
/// smoothed lines, of groups the bulk of the bands, and of `goals`, as far as `bounds` allow. `None` when no line has a place on the axis.
pub fn y_range(curves: &[SeriesView], x: &Scale, log: bool, bounds: YBounds, goals: &[GoalLine]) -> Option<YRange> {
    let (mut lo, mut hi) = (f64::INFINITY, f64::NEG_INFINITY);
    let mut values = Vec::new();
    let mut see = |value: f64| {
        if value.is_finite() && (!log || value > 0.0) {
            // Comparisons: `min` and `max` are calls in the browser.
            if value < lo {
                lo = value;
            }
            if value > hi {
                hi = value;
            }
            if bounds.ignores_outliers {
                values.push(value);
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
    let is_some = lo <= hi;
    if !is_some {
        return None;
    }
    let reach = [lo, hi];
    if !bounds.ignores_outliers {
        for goal in goals.iter().filter(|goal| goal.y.is_finite() && (!log || goal.y > 0.0)) {
            (lo, hi) = (lo.min(goal.y), hi.max(goal.y));
        }
    }
    let scale = if bounds.ignores_outliers { bulk(&mut values, log) } else { bands.widen(lo, hi, log) };
    let scale = with_ends(scale, bounds.ends, log);
    let [lo, hi] = reach;
    Some(YRange { scale, beyond: [Some(lo).filter(|lo| *lo < scale.lo), Some(hi).filter(|hi| *hi > scale.hi)] })
}

/// From the lower to the upper percentile of the values: of few of them from the lowest to the highest.
fn bulk(values: &mut [f64], log: bool) -> Scale {
    sorting::sort_by(values, f64::total_cmp);
    let left_out = (values.len() as f64 * OUTLIERS) as usize;
    pad_range(values[left_out], values[values.len() - 1 - left_out], log)
}

/// With the ends that are fixed. One that has no place on the axis, or is beyond the other end, gives way.
fn with_ends(scale: Scale, ends: [Option<f64>; 2], log: bool) -> Scale {
    let [lo, hi] = ends.map(|end| end.filter(|end| end.is_finite() && (!log || *end > 0.0)));
    let scale_of = if log { Scale::log } else { Scale::linear };
    match (lo, hi) {
        (None, None) => scale,
        (Some(lo), Some(hi)) => scale_of(lo, hi),
        (Some(lo), None) if lo < scale.hi => scale_of(lo, scale.hi),
        (None, Some(hi)) if hi > scale.lo => scale_of(scale.lo, hi),
        // All values are on the other side: the axis shows the end and a little beside it.
        (Some(end), None) => scale_of(end, pad_range(end, end, log).hi),
        (None, Some(end)) => scale_of(pad_range(end, end, log).lo, end),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::series::Column;

    fn range(values: &[f64], log: bool, bounds: YBounds) -> YRange {
        let columns: Vec<Column> = values.iter().enumerate().map(|(x, y)| Column::point(x as f64, *y)).collect();
        let curves = [SeriesView { columns: &columns, ..SeriesView::default() }];
        y_range(&curves, &x_range(&curves, AxisScale::Linear), log, bounds, &[]).unwrap()
    }

    fn ends(lo: Option<f64>, hi: Option<f64>) -> YBounds {
        YBounds { ends: [lo, hi], ignores_outliers: false }
    }

    #[test]
    fn fixed_ends_are_exact_and_what_is_beyond_is_known() {
        let values = [0.5, 2.0, 9.0];
        let fixed = range(&values, false, ends(Some(0.0), Some(1.0)));
        assert_eq!((fixed.scale.lo, fixed.scale.hi, fixed.beyond), (0.0, 1.0, [None, Some(9.0)]));
        let low = range(&values, false, ends(Some(1.0), None));
        assert!(low.scale.lo == 1.0 && low.scale.hi > 9.0 && low.beyond == [Some(0.5), None], "{low:?}");
        // All values are beyond the only fixed end.
        for (bounds, beyond) in [(ends(Some(20.0), None), [Some(0.5), None]), (ends(None, Some(-3.0)), [None, Some(9.0)])] {
            let far = range(&values, false, bounds);
            assert!(far.scale.lo < far.scale.hi && far.beyond == beyond, "{far:?}");
        }
        assert_eq!(range(&values, false, YBounds::default()).beyond, [None, None]);
    }

    #[test]
    fn an_end_without_a_place_on_a_logarithmic_axis_gives_way() {
        let values = [0.5, 2.0, 9.0];
        assert_eq!(range(&values, true, ends(Some(0.0), None)), range(&values, true, YBounds::default()));
        let fixed = range(&values, true, ends(Some(-1.0), Some(1.0))).scale;
        assert!(fixed.hi == 1.0 && fixed.lo > 0.0 && fixed.lo < 0.5, "{fixed:?}");
    }

    #[test]
    fn outliers_do_not_set_the_ends() {
        let mut values: Vec<f64> = (0..100).map(|at| 1.0 + f64::from(at % 10) / 10.0).collect();
        (values[3], values[50]) = (1e6, -1e6);
        let bounds = YBounds { ignores_outliers: true, ..YBounds::default() };
        let bulk = range(&values, false, bounds);
        assert!(bulk.scale.lo > 0.9 && bulk.scale.hi < 2.0 && bulk.beyond == [Some(-1e6), Some(1e6)], "{bulk:?}");
        // Few values have no outliers.
        assert_eq!(range(&[1.0, 500.0, 2.0], false, bounds), range(&[1.0, 500.0, 2.0], false, YBounds::default()));
        // A fixed end is stronger.
        assert_eq!(range(&values, false, YBounds { ends: [Some(0.0), None], ..bounds }).scale.lo, 0.0);
    }
}
