//! Path data.

use super::text::{coordinate, push_coordinate};

/// Path data of a closed polygon.
pub(super) fn polygon(corners: &[(f64, f64)]) -> String {
    let mut path = String::new();
    for (corner, (x, y)) in corners.iter().enumerate() {
        path.push(if corner == 0 { 'M' } else { 'L' });
        push_coordinate(&mut path, *x);
        path.push(' ');
        push_coordinate(&mut path, *y);
    }
    path.push('Z');
    path
}

/// The lengths of dashes and gaps.
pub(super) fn lengths(lengths: &[f64]) -> String {
    lengths.iter().map(|length| coordinate(*length)).collect::<Vec<_>>().join(" ")
}

/// Path data of a line that is broken where a place is NaN.
pub(super) fn broken_line(points: &[(f64, f64)], scale: f64) -> String {
    let mut path = String::with_capacity(points.len() * 8);
    let mut is_down = false;
    for (x, y) in points {
        if x.is_nan() {
            is_down = false;
            continue;
        }
        path.push(if is_down { 'L' } else { 'M' });
        push_coordinate(&mut path, x * scale);
        path.push(' ');
        push_coordinate(&mut path, *y);
        is_down = true;
    }
    path
}

/// Path data of the runs, and of those of a single point as lines without length, which round ends make dots. One decimal.
pub(super) fn commands(path: &[(f64, f64)]) -> (String, String) {
    let (mut line, mut dots) = (String::with_capacity(path.len() * 8), String::new());
    let tenth = |value: f64| (value * 10.0).round() / 10.0;
    for run in path.split(|point| point.0.is_nan()) {
        let Some(&first) = run.first() else { continue };
        let text = if run.iter().all(|point| *point == first) { &mut dots } else { &mut line };
        text.push('M');
        push_coordinate(text, tenth(first.0));
        text.push(' ');
        push_coordinate(text, tenth(first.1));
        if run.len() == 1 {
            text.push_str("h0");
        }
        let mut x = first.0;
        for point in &run[1..] {
            if point.0 == x {
                text.push('V');
            } else {
                text.push('L');
                push_coordinate(text, tenth(point.0));
                text.push(' ');
                x = point.0;
            }
            push_coordinate(text, tenth(point.1));
        }
    }
    (line, dots)
}
