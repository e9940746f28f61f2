//! Where the letters of groups stand: at the ends of their lines, apart from each other.

use super::layout::PlotLayout;
use super::letters::{group_letter, has_letters};
use super::series_view::SeriesView;
use crate::sorting;

/// How far apart the letters at the ends of lines are at least, in CSS pixels.
pub const LETTER_STEP: f64 = 11.5;
/// The letters right of the plot and the middles of their places, in the order of the lines. Where they have no room the last groups of
/// the chart have none.
pub(super) fn place_letters(layout: &PlotLayout, curves: &[SeriesView]) -> Vec<(String, f64)> {
    if !has_letters(curves) {
        return Vec::new();
    }
    let most = (layout.height / LETTER_STEP) as usize;
    let mut ends: Vec<(u32, f64)> = Vec::new();
    // A group has one letter, at its solid line where it has several.
    for is_solid in [true, false] {
        for curve in curves.iter().filter(|curve| (curve.style.dash == 0) == is_solid) {
            let Some(group) = curve.group.filter(|group| ends.len() < most && ends.iter().all(|(index, _)| *index != group.index)) else {
                continue;
            };
            let is_seen = |x: f64| x >= layout.x.lo && x <= layout.x.hi;
            let last = group.columns.iter().rfind(|column| is_seen(column.x) && !layout.py(column.line).is_nan());
            ends.extend(last.map(|last| (group.index, layout.py(last.line).clamp(layout.top, layout.bottom()))));
        }
    }
    sorting::sort_by(&mut ends, |one, other| one.1.total_cmp(&other.1));
    spread(&mut ends, (layout.top + LETTER_STEP / 2.0, layout.bottom() - LETTER_STEP / 2.0));
    ends.into_iter().map(|(index, y)| (group_letter(index), y)).collect()
}

/// Moves the places, which ascend, [`LETTER_STEP`] apart and as little as possible: those that would overlap stand around the mean of their
/// places. Isotonic regression of the places less the steps before them, by pooling adjacent violators.
fn spread(ends: &mut [(u32, f64)], (top, bottom): (f64, f64)) {
    let mut blocks: Vec<(f64, f64)> = Vec::new();
    for (at, (_, y)) in ends.iter().enumerate() {
        let mut block = (y - LETTER_STEP * at as f64, 1.0);
        while let Some((sum, count)) = blocks.pop_if(|before| before.0 / before.1 > block.0 / block.1) {
            block = (block.0 + sum, block.1 + count);
        }
        blocks.push(block);
    }
    let means = blocks.iter().flat_map(|(sum, count)| std::iter::repeat_n(sum / count, *count as usize));
    let mut least = top;
    for (at, (end, mean)) in ends.iter_mut().zip(means).enumerate() {
        end.1 = (mean + LETTER_STEP * at as f64).max(least);
        least = end.1 + LETTER_STEP;
    }
    let mut most = bottom;
    for (_, y) in ends.iter_mut().rev() {
        *y = y.min(most);
        most = *y - LETTER_STEP;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_stand_apart_in_the_order_of_the_lines_and_within_the_plot() {
        for places in [vec![50.0; 6], vec![0.0, 1.0, 2.0, 99.0, 100.0], vec![98.0, 99.0, 100.0], vec![10.0, 60.0]] {
            let mut ends: Vec<(u32, f64)> = (0..).zip(places.clone()).collect();
            spread(&mut ends, (5.0, 95.0));
            assert!(ends.windows(2).all(|pair| pair[1].1 - pair[0].1 >= LETTER_STEP - 1e-9), "{ends:?}");
            assert!(ends.iter().all(|(_, y)| (5.0..=95.0).contains(y)), "{ends:?}");
        }
        let mut alone = [(0, 42.0)];
        spread(&mut alone, (5.0, 95.0));
        assert_eq!(alone[0].1, 42.0, "what has room stays");
        let mut crowd = [(0, 20.0), (1, 49.0), (2, 50.0), (3, 51.0), (4, 80.0)];
        spread(&mut crowd, (5.0, 95.0));
        assert_eq!(crowd.map(|(_, y)| y), [20.0, 50.0 - LETTER_STEP, 50.0, 50.0 + LETTER_STEP, 80.0], "around the middle of their lines");
    }
}
