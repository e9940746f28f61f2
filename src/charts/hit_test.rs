//! What is read off a chart under a pointer: one place for all series, and of each the point or the column that stands nearest to it.

use super::layout::PlotLayout;
use super::markers::LineMarker;
use super::series_view::SeriesView;
use super::strokes::nearest_column;
use super::superseded::superseded;
use crate::series::Column;

/// What stands within so many CSS pixels beside the pointer is under it: of that the nearest one up or down is meant, and of columns
/// over the pointer the nearest, unless one beside it is twice as tall. So a spike of one pixel can be hit.
const HIT_RADIUS_PX: f64 = 3.0;

/// Maximum number of further points of a series at the same place.
const MAX_REPEATS: usize = 4;

/// Further away, up or down, than any place of a chart.
const OFF_CHART_PX: f64 = 1e6;

#[derive(Clone, Debug)]
pub struct Hit {
    /// The place on the x axis that is read: that of a point, of an extreme, or the pointer's own where a column stands for many points.
    pub x: f64,
    /// In the order of the curves.
    pub rows: Vec<HitRow>,
}

#[derive(Clone, Debug)]
pub struct HitRow {
    pub slot: usize,
    /// The point, or the column where it stands for several.
    pub column: Column,
    /// The smoothed line after the last number of the column: where that is, and the value. The place may be far from that of the hit.
    pub smoothed: Option<(f64, f64)>,
    pub is_nearest: bool,
    /// A later, smaller step replaced it.
    pub is_superseded: bool,
}

impl HitRow {
    /// What rows are sorted by: the value of a point, the mean of a column.
    pub fn value(&self) -> f64 {
        if self.column.count == 1 { self.column.last } else { self.column.mean() }
    }

    /// Whether it stands where the hit says.
    pub fn is_at(&self, x: f64) -> bool {
        self.column.x_min <= x && x <= self.column.x_max
    }
}

/// `None` where there are no points. `markers` under the pointer go before points: they say where something is.
pub fn hit_test(layout: &PlotLayout, curves: &[SeriesView], markers: &[LineMarker], on: (f64, f64)) -> Option<Hit> {
    let pointer = layout.x_at(on.0);
    let mut best = (f64::INFINITY, 0.0, 0.0);
    let mut hit = None;
    for curve in curves {
        for (place, column) in curve.columns.iter().enumerate() {
            if !layout.x.contains_value(column.x_max) {
                continue;
            }
            let (mut left, right) = (layout.px(column.x_min), layout.px(column.x_max));
            if left.is_nan() {
                left = layout.left;
            }
            let beside = if on.0 < left { left - on.0 } else { (on.0 - right).max(0.0) };
            let (down, at) = vertical_distance(layout, column, on);
            let far = if beside <= HIT_RADIUS_PX { down } else { OFF_CHART_PX + beside };
            let tall = column.max - column.min;
            // The nearer one, unless the other is a spike beside it.
            let is_meant = tall > 2.0 * best.1 || (beside < best.2 && 2.0 * tall >= best.1);
            if far < best.0 || (far == best.0 && is_meant) {
                best = (far, tall, beside);
                hit = Some((curve.slot, place, column, at));
            }
        }
    }
    let (_, _, column, at) = hit?;
    let mut x = at.unwrap_or(pointer.max(column.x_min).min(column.x_max));
    // What stands beyond the edges is read, but the crosshair stays where it can be seen.
    if x < layout.x.lo || x > layout.x.hi {
        x = pointer;
    }
    if let Some(marker) = markers.iter().find(|marker| marker.is_at(on)) {
        (x, hit) = (marker.at, None);
    }
    let mut rows = Vec::with_capacity(curves.len());
    let mut least = (f64::INFINITY, 0);
    for curve in curves {
        let own = hit.filter(|(slot, ..)| *slot == curve.slot).map(|(_, place, ..)| place);
        let Some(place) = own.or_else(|| nearest_column(curve.columns, x)) else { continue };
        let Some(column) = curve.columns.get(place) else { continue };
        let mut down = vertical_distance(layout, column, on).0;
        if let Some((_, y)) = smoothed_at(curve, place) {
            // The other way round, NaN would win.
            down = (layout.py(y) - on.1).abs().min(down);
        }
        if down < least.0 {
            least = (down, rows.len());
        }
        let is_superseded = if curve.fades_superseded { superseded(curve.columns) } else { Vec::new() };
        let row = |at: usize, column: &Column| HitRow {
            slot: curve.slot,
            column: *column,
            smoothed: smoothed_at(curve, at),
            is_nearest: false,
            is_superseded: is_superseded.get(at).copied().unwrap_or(false),
        };
        rows.push(row(place, column));
        // A restart, or a step that was sent again: all points of a place have a row.
        let again = |(at, other): &(usize, &Column)| other.x_min == column.x_last && other.count == 1 && column.count == 1 && *at != place;
        let others = curve.columns.iter().enumerate().filter(again).take(MAX_REPEATS);
        rows.extend(others.map(|(at, other)| row(at, other)));
    }
    if let Some(row) = rows.get_mut(least.1) {
        row.is_nearest = true;
    }
    Some(Hit { x, rows })
}

/// How far a column's values are from the pointer, up or down; and where the value is that is meant: `None` within a column of many.
fn vertical_distance(layout: &PlotLayout, column: &Column, (_, y): (f64, f64)) -> (f64, Option<f64>) {
    let (high, low) = (layout.py(column.max), layout.py(column.min));
    // What has no place up or down can be meant only where nothing else is.
    if high.is_nan() {
        return (OFF_CHART_PX / 2.0, (column.count == 1).then_some(column.x_last));
    }
    let low = if low.is_nan() { layout.bottom() } else { low };
    if column.count == 1 {
        ((high - y).abs(), Some(column.x_last))
    } else if y < high {
        (high - y, Some(column.at_max))
    } else if y > low {
        (y - low, Some(column.at_min))
    } else {
        (0.0, None)
    }
}

/// The smoothed line at the end of the column at `at`.
fn smoothed_at(curve: &SeriesView, at: usize) -> Option<(f64, f64)> {
    curve.smoothed.get(at).copied().filter(|place| !place.1.is_nan())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charts::{ChartOptions, Size, place_markers};
    use crate::series::smoothed;

    const SIZE: Size = Size { width: 640.0, height: 240.0 };

    fn points(count: usize, every: usize, y: impl Fn(f64) -> f64) -> Vec<Column> {
        (0..count).map(|at| (at * every) as f64).map(|x| Column::point(x, y(x))).collect()
    }

    fn curve(slot: usize, columns: &[Column]) -> SeriesView<'_> {
        SeriesView { slot, columns, ..SeriesView::default() }
    }

    /// Columns of `each` points with a spike at one of them.
    fn noise(count: usize, each: usize, spike: usize) -> Vec<Column> {
        let y = |at: usize| if at == spike { 50.0 } else { (at % 7) as f64 };
        let column = |from: usize| {
            let mut column = Column::point(from as f64, y(from));
            (from + 1..from + each).for_each(|at| column.merge(&Column::point(at as f64, y(at))));
            column
        };
        (0..count).step_by(each).map(column).collect()
    }

    #[test]
    fn one_place_for_all_and_who_stands_elsewhere_says_so() {
        let (val, train) = (points(60, 10, |_| 9.0), points(600, 1, |_| 1.0));
        let curves = [curve(0, &val), curve(1, &train)];
        let layout = PlotLayout::new(&ChartOptions { window: Some((320.0, 360.0)), ..ChartOptions::default() }, &curves, SIZE);
        let at = |x: f64, y: f64| hit_test(&layout, &curves, &[], (layout.px(x), layout.py(y))).unwrap();
        let hit = at(335.3, 1.2);
        assert_eq!(hit.x, 335.0, "the nearest point of all");
        let places: Vec<_> = hit.rows.iter().map(|row| (row.slot, row.column.x_last, row.is_at(hit.x), row.is_nearest)).collect();
        assert!(matches!(places[..], [(0, 330.0 | 340.0, false, false), (1, 335.0, true, true)]), "{places:?}");
        let hit = at(340.2, 8.0);
        assert_eq!(hit.x, 340.0);
        let far = [curve(0, &val[..3])];
        let layout = PlotLayout::new(&ChartOptions { window: Some((12.0, 18.0)), ..ChartOptions::default() }, &far, SIZE);
        let between = hit_test(&layout, &far, &[], (layout.px(13.5), 100.0)).unwrap();
        assert!((between.x - 13.5).abs() < 1e-9 && between.rows[0].column.x_last == 10.0 && !between.rows[0].is_at(between.x));
        let hit = at(340.2, 8.0);
        assert!(hit.rows.iter().all(|row| row.is_at(340.0)) && hit.rows[0].is_nearest);
    }

    #[test]
    fn a_spike_is_hit_within_three_pixels() {
        let columns = noise(120_000, 200, 50_321);
        let curves = [curve(0, &columns)];
        let layout = PlotLayout::new(&ChartOptions::default(), &curves, SIZE);
        for (beside, y) in [(0.0, 48.0), (-3.0, 49.0), (2.5, 20.0), (2.0, 60.0), (0.0, 3.0)] {
            let on = (layout.px(50_321.0) + beside, layout.py(y));
            let hit = hit_test(&layout, &curves, &[], on).unwrap();
            let row = &hit.rows[0];
            assert_eq!((row.column.max, row.column.count, row.is_nearest), (50.0, 200, true), "{beside} {y}");
            assert!(row.is_at(hit.x) && row.value() < 50.0);
        }
        let beside = hit_test(&layout, &curves, &[], (layout.px(50_321.0) + 9.0, layout.py(3.0))).unwrap();
        assert_eq!(beside.rows[0].column.max, 6.0);
        let level = hit_test(&layout, &curves, &[], (layout.px(90_100.0), layout.py(3.0))).unwrap();
        assert!((level.x - 90_100.0).abs() <= 200.0, "where all are alike, the pointer's own column: {}", level.x);
        let raw = points(700, 1, |x| if x == 300.0 { 50.0 } else { 1.0 });
        let curves = [curve(0, &raw)];
        let layout = PlotLayout::new(&ChartOptions::default(), &curves, SIZE);
        let hit = hit_test(&layout, &curves, &[], (layout.px(300.0) + 2.9, layout.py(48.0))).unwrap();
        assert_eq!((hit.x, hit.rows[0].column.last), (300.0, 50.0));
    }

    #[test]
    fn the_smoothed_value_is_that_of_the_same_column() {
        let mut columns = points(5, 1, |x| x);
        columns.extend([Column::point(5.0, f64::NAN), Column::point(2.0, 8.0)]);
        let line = smoothed(&columns.iter().map(|column| (column.x_last, column.last)).collect::<Vec<_>>(), 0.5);
        let curves = [SeriesView { smoothed: &line, ..curve(0, &columns) }];
        let layout = PlotLayout::new(&ChartOptions::default(), &curves, SIZE);
        let of = |x: f64, y: f64| hit_test(&layout, &curves, &[], (layout.px(x), layout.py(y))).unwrap().rows[0].smoothed;
        assert_eq!(of(3.0, 3.0), Some((3.0, line[3].1)));
        assert_eq!(of(5.0, 3.0), None, "there is no number to smooth");
        let both: Vec<_> =
            hit_test(&layout, &curves, &[], (layout.px(2.0), layout.py(8.0))).unwrap().rows.iter().map(|row| row.smoothed).collect();
        assert_eq!(both, [Some((2.0, 8.0)), Some((2.0, line[2].1))], "each segment has its own value at a step");
    }

    #[test]
    fn the_smoothed_value_of_a_wide_column_says_where_it_is() {
        let mut wide = Column::point(300.0, 1.0);
        for (x, y) in [(310.0, 9.0), (320.0, 2.0), (330.0, 3.0), (340.0, f64::NAN)] {
            wide.merge(&Column::point(x, y));
        }
        let columns = [Column::point(0.0, 0.0), wide, Column::point(640.0, 4.0)];
        let line = [(0.0, 0.0), (330.0, 2.5), (640.0, 3.0)];
        let curves = [SeriesView { smoothed: &line, ..curve(0, &columns) }];
        let layout = PlotLayout::new(&ChartOptions::default(), &curves, SIZE);
        let hit = hit_test(&layout, &curves, &[], (layout.px(311.0), layout.py(9.0) - 2.0)).unwrap();
        assert_eq!((hit.x, hit.rows[0].smoothed), (310.0, Some((330.0, 2.5))), "the spike is read, the line is that of the last number");
    }

    #[test]
    fn all_points_of_a_place_have_rows() {
        let mut columns = points(60, 1, |x| if x == 40.0 { f64::NEG_INFINITY } else { 1.0 });
        columns.extend((40..90).map(|x| Column::point(f64::from(x), 0.5)));
        let curves = [curve(0, &columns)];
        let layout = PlotLayout::new(&ChartOptions::default(), &curves, SIZE);
        for step in [40.0, 45.0, 59.0] {
            let hit = hit_test(&layout, &curves, &[], (layout.px(step), layout.py(0.6))).unwrap();
            let mut found: Vec<_> = hit.rows.iter().map(|row| (row.column.x_last, row.column.last)).collect();
            found.sort_by(|one, other| one.1.total_cmp(&other.1).reverse());
            let before = if step == 40.0 { f64::NEG_INFINITY } else { 1.0 };
            let mut wanted = [(step, 0.5), (step, before)];
            wanted.sort_by(|one, other| one.1.total_cmp(&other.1).reverse());
            assert_eq!(found, wanted);
        }
    }

    #[test]
    fn a_point_before_a_restart_says_so() {
        let columns: Vec<_> = [(0.0, 1.0), (1.0, 2.0), (2.0, 3.0), (1.0, 9.0)].map(|(x, y)| Column::point(x, y)).into();
        let at_step_one = |fades_superseded| {
            let curves = [SeriesView { fades_superseded, ..curve(0, &columns) }];
            let layout = PlotLayout::new(&ChartOptions::default(), &curves, SIZE);
            let hit = hit_test(&layout, &curves, &[], (layout.px(1.0), layout.py(9.0))).unwrap();
            hit.rows.iter().map(|row| (row.column.last, row.is_superseded)).collect::<Vec<_>>()
        };
        assert_eq!(at_step_one(true), [(9.0, false), (2.0, true)]);
        assert_eq!(at_step_one(false), [(9.0, false), (2.0, false)]);
    }

    #[test]
    fn a_mark_says_where_the_reading_is() {
        let mut columns = points(300, 1, |_| 2.0);
        columns[120] = Column::point(120.0, f64::NAN);
        let curves = [curve(0, &columns)];
        let layout = PlotLayout::new(&ChartOptions::default(), &curves, SIZE);
        let markers = place_markers(&layout, &curves);
        let hit = hit_test(&layout, &curves, &markers, (layout.px(120.0) + 8.0, layout.bottom() - 4.0)).unwrap();
        assert!(hit.x == 120.0 && hit.rows[0].column.last.is_nan());
        assert!(hit_test(&layout, &[], &markers, (100.0, 100.0)).is_none());
    }
}
