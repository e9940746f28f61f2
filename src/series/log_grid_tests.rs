//! Columns for a logarithmic axis against all points.

use super::brute_force_tests::Stored;
use super::*;

fn stored(count: u32, first: f64) -> Stored {
    let mut points = Points::default();
    (0..count).for_each(|at| points.push(first + f64::from(at), f64::from(at * 7919 % 1009), 1e9 + f64::from(at) / 4.0));
    Stored::new(points)
}

fn window(axis: Axis, from: f64, origin: f64) -> Window {
    Window { axis, from, to: f64::INFINITY, width: 600, scale: PixelScale::Log { origin } }
}

/// Columns tile the points above the origin, hold their extremes, and are no wider than a pixel of `decades`.
fn check(points: &Points, columns: &[Column], (axis, origin): (Axis, f64), decades: f64) {
    let all: Vec<(f64, f64)> = points.along(axis).iter().zip(&points.y).map(|(x, y)| (*x, *y)).collect();
    let inside: Vec<&Column> = columns.iter().filter(|column| column.x_min > origin).collect();
    let mut rest = all.iter().filter(|(x, _)| *x > origin);
    for column in &inside {
        let own: Vec<&(f64, f64)> = rest.by_ref().take(column.count as usize).collect();
        let (low, high) = own.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), (_, y)| (low.min(*y), high.max(*y)));
        assert_eq!((column.x_first, column.x_last, column.min, column.max), (own[0].0, own[own.len() - 1].0, low, high));
        let ratio = ((column.x_last - origin) / (column.x_first - origin)).log10();
        assert!(ratio <= decades / 600.0 + 1e-9, "{column:?} spans {ratio} decades");
    }
    assert!(rest.next().is_none(), "all points are in a column");
    assert!(inside.len() <= 1202, "{} columns", inside.len());
}

#[test]
fn columns_are_as_wide_as_the_pixels_of_a_logarithmic_axis() {
    for first in [-3.0, 0.0, 1.0] {
        let stored = stored(200_000, first);
        let (columns, _) = stored.ask(window(Axis::Step, f64::NEG_INFINITY, 0.0));
        check(&stored.points, &columns, (Axis::Step, 0.0), 200_000_f64.log10());
        let before: Vec<f64> = columns.iter().filter(|column| column.x_min <= 0.0).map(|column| column.x_last).collect();
        assert_eq!(before, if first > 0.0 { vec![] } else { vec![0.0] }, "of what has no place the last point leads to the others");
        assert!(columns.iter().filter(|column| column.count == 1 && column.x_min > 0.0).count() > 40, "the first decades are points");
    }
}

#[test]
fn the_logarithm_is_that_of_the_time_since_the_origin() {
    let stored = stored(100_000, 0.0);
    let origin = 1e9 - 10.0;
    let (columns, _) = stored.ask(window(Axis::Time, f64::NEG_INFINITY, origin));
    check(&stored.points, &columns, (Axis::Time, origin), (25_010.0_f64 / 10.0).log10());
}

#[test]
fn nothing_above_the_origin_is_no_column_but_the_last_point() {
    let stored = stored(5000, -6000.0);
    let (columns, _) = stored.ask(window(Axis::Step, f64::NEG_INFINITY, 0.0));
    assert_eq!(columns.iter().map(|column| (column.x_first, column.count)).collect::<Vec<_>>(), [(-1001.0, 1)]);
}
