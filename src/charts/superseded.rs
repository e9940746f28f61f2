//! Which points of a run were superseded: a step below the last one, as after a restart from a
//! checkpoint, replaces all earlier points from that step on.

use crate::series::{Column, Columns, Place};

/// For each column, in order of arrival and along steps, whether all of it was superseded; empty
/// where nothing was.
///
/// Exact for single points. A column of several points counts as superseded if all of it is; of
/// steps back inside of a column only the lowest is known, and only if it is the column's lowest
/// step.
pub fn superseded(columns: &[Column]) -> Vec<bool> {
    let is_back = |at: usize| at > 0 && columns[at].x_first < columns[at - 1].x_last;
    if !(0..columns.len()).any(|at| is_back(at) || columns[at].breaks > 0) {
        return Vec::new();
    }
    let mut superseded = vec![false; columns.len()];
    // The lowest step to which a later point went back.
    let mut cut = f64::INFINITY;
    for (at, column) in columns.iter().enumerate().rev() {
        superseded[at] = column.x_min >= cut;
        if column.breaks > 0 && column.x_min < column.x_first {
            cut = cut.min(column.x_min);
        }
        if is_back(at) {
            cut = cut.min(column.x_first);
        }
    }
    superseded
}

pub fn has_superseded(columns: &[Column]) -> bool {
    superseded(columns).contains(&true)
}

/// What is left of a line without the columns that were superseded, and of its smoothed one; `None` where nothing was.
///
/// The step back of a restart is then inside of the column that begins there, so that its mark stays.
pub fn without_superseded(columns: &[Column], smoothed: &[Place]) -> Option<Columns> {
    let is_superseded = superseded(columns);
    if !is_superseded.contains(&true) {
        return None;
    }
    let left = || (0..columns.len()).filter(|at| !is_superseded[*at]);
    let mut last = f64::NEG_INFINITY;
    let column = |at: usize| {
        let column = columns[at];
        let is_back = at > 0 && column.x_first < columns[at - 1].x_last;
        // Of a column that stays because of its first points the step back is still seen.
        let is_hidden = is_back && column.x_first >= last;
        last = column.x_last;
        Column { breaks: column.breaks + u64::from(is_hidden), ..column }
    };
    Some(Columns::new(left().map(column).collect(), left().filter_map(|at| smoothed.get(at).copied()).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charts::hit_test::hit_test;
    use crate::charts::markers::MarkerKind;
    use crate::charts::{ChartOptions, PlotLayout, SeriesView, Size, place_markers};

    fn points(steps: &[u32]) -> Vec<Column> {
        steps.iter().map(|step| Column::point(f64::from(*step), 1.0)).collect()
    }

    /// Superseded steps in brackets.
    fn shown(columns: &[Column]) -> String {
        let superseded = superseded(columns);
        let one = |(at, column): (usize, &Column)| {
            if superseded.get(at) == Some(&true) { format!("({})", column.x_first) } else { column.x_first.to_string() }
        };
        columns.iter().enumerate().map(one).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_smaller_step_supersedes_earlier_points_from_that_step_on() {
        assert!(superseded(&points(&[0, 1, 1, 2])).is_empty() && superseded(&[]).is_empty());
        assert_eq!(shown(&points(&[0, 1, 2, 3, 2, 3, 4])), "0 1 (2) (3) 2 3 4");
        assert_eq!(shown(&points(&[0, 5, 9, 6, 7])), "0 5 (9) 6 7");
        assert_eq!(shown(&points(&[0, 4, 8, 4, 8, 2, 4])), "0 (4) (8) (4) (8) 2 4");
        assert_eq!(shown(&points(&[3, 4, 0])), "(3) (4) 0", "a restart from the beginning");
        assert_eq!(shown(&points(&[2, 2, 3, 3, 2])), "(2) (2) (3) (3) 2");
        assert_eq!(shown(&points(&[0, 2, 2, 1, 2, 2])), "0 (2) (2) 1 2 2", "equal steps of one pass are all of it");
    }

    #[test]
    fn what_is_left_is_one_line_that_says_where_it_began_again() {
        assert_eq!((without_superseded(&points(&[0, 1, 2, 5]), &[]), without_superseded(&points(&[0, 4, 4]), &[])), (None, None));
        let all = points(&[0, 5, 9, 8, 3, 6]);
        let smoothed: Vec<Place> = all.iter().map(|column| (column.x_last, 1.0)).collect();
        let left = without_superseded(&all, &smoothed).unwrap();
        assert_eq!(left.list.iter().map(|column| (column.x_first, column.breaks)).collect::<Vec<_>>(), [(0.0, 0), (3.0, 1), (6.0, 0)]);
        assert_eq!(left.places.iter().map(|place| place.0).collect::<Vec<_>>(), [0.0, 3.0, 6.0]);
        assert!(!has_superseded(&left.list) && has_superseded(&all));
        // Axes, marks and what is read are those of the columns that are left.
        let view = |columns| [SeriesView { columns, fades_superseded: true, ..SeriesView::default() }];
        let size = Size { width: 400.0, height: 200.0 };
        let (whole, rest) = (view(&all), view(&left.list));
        let reach = |curves: &[SeriesView]| PlotLayout::new(&ChartOptions::default(), curves, size).x.hi;
        assert_eq!((reach(&whole), reach(&rest)), (9.0, 6.0));
        let layout = PlotLayout::new(&ChartOptions::default(), &rest, size);
        assert_eq!(
            place_markers(&layout, &rest).iter().map(|marker| (marker.kind, marker.at)).collect::<Vec<_>>(),
            [(MarkerKind::Restart, 3.0)]
        );
        let hit = hit_test(&layout, &rest, &[], (layout.px(5.0), layout.py(1.0))).unwrap();
        assert_eq!(hit.rows.iter().map(|row| (row.column.x_last, row.is_superseded)).collect::<Vec<_>>(), [(6.0, false)]);
    }

    #[test]
    fn brute_force_agrees_on_single_points() {
        let mut seed = 3_u64;
        let mut below = |end: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) % end
        };
        for _ in 0..500 {
            let mut step = 0;
            let steps: Vec<u32> = (0..30)
                .map(|_| {
                    step = if below(6) == 0 { below(u64::from(step) + 1) as u32 } else { step + below(3) as u32 };
                    step
                })
                .collect();
            let columns = points(&steps);
            let found = superseded(&columns);
            for (at, step) in steps.iter().enumerate() {
                let wanted = (at + 1..steps.len()).any(|later| steps[later] < steps[later - 1] && steps[later] <= *step);
                assert_eq!(found.get(at).copied().unwrap_or(false), wanted, "{at} of {steps:?}");
            }
        }
    }

    #[test]
    fn a_column_of_several_points_is_superseded_as_a_whole_or_not() {
        let joined = |steps: &[u32]| {
            let all = points(steps);
            all[1..].iter().fold(all[0], |mut sum, next| {
                sum.merge(next);
                sum
            })
        };
        let columns = [joined(&[0, 1, 2]), joined(&[3, 4, 5]), joined(&[6, 7, 8]), joined(&[4, 5])];
        assert_eq!(superseded(&columns), [false, false, true, false], "half of the second was");
        let left = without_superseded(&columns, &[]).unwrap().list;
        let curves = [SeriesView { columns: &left, fades_superseded: true, ..SeriesView::default() }];
        let layout = PlotLayout::new(&ChartOptions::default(), &curves, Size { width: 400.0, height: 200.0 });
        let marks = place_markers(&layout, &curves);
        assert_eq!(marks.iter().map(|mark| (mark.kind, mark.count)).collect::<Vec<_>>(), [(MarkerKind::Restart, 1)], "it began again once");
        let inside = [joined(&[5, 6]), joined(&[7, 8, 3])];
        assert_eq!(superseded(&inside), [true, false], "a step back inside of a column");
    }
}
