//! What is read off the lines of groups under a pointer: one place, and each group of the same split there.

use super::layout::PlotLayout;
use super::series_view::SeriesView;
use crate::protocol::groups::GroupColumn;

/// A group that ends further than this beside the place has no value there, in CSS pixels.
const MAX_ASIDE: f64 = 4.0;

#[derive(Clone, Debug)]
pub struct GroupHit {
    /// The place that is read: that of the group whose line is nearest.
    pub x: f64,
    /// The slot of that group, and how far up or down its line is from the pointer, in CSS pixels.
    pub nearest: usize,
    pub distance: f64,
    /// In the order of the lines, from the top.
    pub rows: Vec<GroupHitRow>,
}

#[derive(Clone, Copy, Debug)]
pub struct GroupHitRow {
    pub slot: usize,
    pub column: GroupColumn,
}

/// `None` where there are no groups.
pub fn hit_test_groups(layout: &PlotLayout, curves: &[SeriesView], on: (f64, f64)) -> Option<GroupHit> {
    let pointer = layout.x_at(on.0);
    let mut best: Option<(f64, &SeriesView, f64)> = None;
    for curve in curves {
        let Some(column) = column_at(layout, curve, pointer) else { continue };
        let distance = (layout.py(column.line) - on.1).abs();
        if best.is_none_or(|(least, ..)| distance < least) {
            best = Some((distance, curve, column.x));
        }
    }
    let (distance, nearest, x) = best?;
    let of_same_split = curves.iter().filter(|curve| curve.style.dash == nearest.style.dash);
    let mut rows: Vec<GroupHitRow> =
        of_same_split.filter_map(|curve| Some(GroupHitRow { slot: curve.slot, column: *column_at(layout, curve, x)? })).collect();
    crate::sorting::sort_by(&mut rows, |one, other| other.column.line.total_cmp(&one.column.line));
    Some(GroupHit { x, nearest: nearest.slot, distance, rows })
}

/// The column of a group that is nearest to `x`, if the group reaches as far.
fn column_at<'a>(layout: &PlotLayout, curve: &SeriesView<'a>, x: f64) -> Option<&'a GroupColumn> {
    let columns = curve.group?.columns;
    let right = columns.partition_point(|column| column.x < x);
    let beside = [right.checked_sub(1), Some(right)].into_iter().flatten().filter_map(|at| columns.get(at));
    let mut nearest: Option<&GroupColumn> = None;
    for column in beside {
        if nearest.is_none_or(|nearest| (column.x - x).abs() < (nearest.x - x).abs()) {
            nearest = Some(column);
        }
    }
    let is_within = right > 0 && right < columns.len();
    nearest.filter(|column| is_within || (layout.px(column.x) - layout.px(x)).abs() <= MAX_ASIDE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charts::{ChartOptions, GroupView, SeriesStyle, Size};

    fn line(y: f64, steps: &[f64]) -> Vec<GroupColumn> {
        steps.iter().map(|x| GroupColumn { x: *x, line: y, low: y - 0.1, high: y + 0.1, n: 5, nan: 0, ended: 0, interpolated: 0 }).collect()
    }

    fn group(slot: usize, dash: usize, columns: &[GroupColumn]) -> SeriesView<'_> {
        let group = Some(GroupView { columns, runs: 5, index: slot as u32 });
        SeriesView { slot, style: SeriesStyle { colour: slot, dash }, group, ..SeriesView::default() }
    }

    #[test]
    fn groups_are_read_at_one_place_in_the_order_of_their_lines() {
        let steps: Vec<f64> = (0..=100).map(f64::from).collect();
        let lines = [line(1.0, &steps), line(3.0, &steps), line(2.0, &[0.0, 50.5, 100.0]), line(9.0, &steps), line(4.0, &steps[..20])];
        let curves: Vec<_> = lines.iter().enumerate().map(|(slot, columns)| group(slot, usize::from(slot == 3), columns)).collect();
        let layout = PlotLayout::new(&ChartOptions::default(), &curves, Size { width: 640.0, height: 240.0 });
        let at = |x: f64, y: f64| hit_test_groups(&layout, &curves, (layout.px(x), layout.py(y))).unwrap();
        let hit = at(50.2, 1.2);
        assert_eq!((hit.x, hit.nearest), (50.0, 0));
        assert_eq!(hit.rows.iter().map(|row| (row.slot, row.column.x)).collect::<Vec<_>>(), [(1, 50.0), (2, 50.5), (0, 50.0)]);
        assert_eq!(at(50.2, 2.1).x, 50.5, "the place is that of the nearest line");
        assert_eq!(at(10.0, 1.0).rows[0].slot, 4);
        let train = at(50.0, 8.9);
        assert_eq!((train.nearest, train.rows.len()), (3, 1), "a split is read by itself");
        assert!(hit_test_groups(&layout, &[], (100.0, 100.0)).is_none());
        assert!(hit_test_groups(&layout, &curves[4..], (layout.px(80.0), 50.0)).is_none(), "behind its end a group has no value");
    }
}
