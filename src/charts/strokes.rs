//! The lines of a chart from back to front, for SVG and canvas alike.

use std::ops::Range;

use super::display_list::Layer;
use super::groups;
use super::layout::PlotLayout;
use super::polyline::{PEN_UP, PlotTransform, Polyline, is_dense, trace_columns, trace_points};
use super::series_view::{Emphasis, SeriesView};
use super::superseded::superseded;
use crate::series::{Column, Place};

/// Points that are at least so far apart, in CSS pixels, are shown one by one.
const MIN_DOT_SPACING: f64 = 24.0;

/// The opacity of a raw line below its smoothed one, and of what was superseded, as a factor.
const FAINT: f64 = 0.3;

/// The lines in a plot of `width` times `height` pixels of any kind: faint ones first, bold ones last; a smoothed line over its faint raw one.
pub fn build_layers(layout: &PlotLayout, curves: &[SeriesView], width: f64, height: f64) -> Vec<Layer> {
    let mut layers = Vec::with_capacity(curves.len());
    for emphasis in [Emphasis::Faint, Emphasis::Thin, Emphasis::Normal, Emphasis::Bold] {
        for curve in curves.iter().filter(|curve| curve.emphasis == emphasis) {
            let (stroke, alpha) = match emphasis {
                Emphasis::Faint => (1.25, 0.3),
                Emphasis::Thin => (1.0, 0.6),
                Emphasis::Normal => (1.5, 1.0),
                Emphasis::Bold => (3.0, 1.0),
            };
            let style = curve.style;
            let snap = is_dense(curve.columns);
            let transform = PlotTransform { x: &layout.x, y: &layout.y, width, height, snap };
            if let Some(group) = &curve.group {
                groups::push_layers(curve, group, &transform, &mut layers);
                continue;
            }
            let mut push_segment = |columns: &[Column], smoothed: &[Place], alpha: f64| {
                let mut raw = trace_columns(columns, &transform);
                if !snap {
                    add_dots(&mut raw, width, layout.width);
                }
                if smoothed.is_empty() {
                    layers.push(Layer { style, path: raw, width: stroke, alpha });
                    return;
                }
                layers.push(Layer { style, path: raw, width: 1.0, alpha: alpha * FAINT });
                let path = trace_points(smoothed, &PlotTransform { snap: false, ..transform });
                layers.push(Layer { style, path, width: stroke + 0.25, alpha });
            };
            let is_superseded = if curve.fades_superseded { superseded(curve.columns) } else { Vec::new() };
            if is_superseded.is_empty() {
                push_segment(curve.columns, curve.smoothed, alpha);
                continue;
            }
            for segment in superseded_segments(&is_superseded) {
                push_segment(&curve.columns[segment.clone()], curve.smoothed.get(segment).unwrap_or_default(), alpha * FAINT);
            }
            // What is left is one line: its steps ascend, so that nothing lifts the pen at a restart.
            let left = |at: &usize| !is_superseded[*at];
            let columns: Vec<Column> = (0..curve.columns.len()).filter(left).map(|at| curve.columns[at]).collect();
            let smoothed: Vec<Place> = (0..curve.smoothed.len()).filter(left).map(|at| curve.smoothed[at]).collect();
            push_segment(&columns, &smoothed, alpha);
        }
    }
    layers
}

/// The ranges of columns that were superseded, each with the column before it, from which the line led there.
fn superseded_segments(is_superseded: &[bool]) -> Vec<Range<usize>> {
    let mut segments: Vec<Range<usize>> = Vec::new();
    for at in (0..is_superseded.len()).filter(|at| is_superseded[*at]) {
        match segments.last_mut().filter(|segment| segment.end == at) {
            Some(segment) => segment.end = at + 1,
            None => segments.push(at.saturating_sub(1)..at + 1),
        }
    }
    segments
}

/// Puts a dot on each point of a line where there are few: each stands for itself, and between them nothing was measured.
fn add_dots(path: &mut Polyline, width: f64, css_width: f64) {
    let count = path.len();
    let in_sight = path.iter().filter(|point| point.0 >= 0.0 && point.0 <= width).count();
    if in_sight as f64 * MIN_DOT_SPACING > css_width {
        return;
    }
    for at in 0..count {
        if !path[at].0.is_nan() {
            let point = path[at];
            path.extend([PEN_UP, point]);
        }
    }
}

/// The column at `x`, or the nearest to it: what a crosshair points at. Of several the newest; `None` when there are none.
///
/// Looks at all of them, since steps may go backwards anywhere: there are not many more than pixels.
pub fn nearest_column(columns: &[Column], x: f64) -> Option<usize> {
    let mut best = (f64::INFINITY, None);
    for (index, column) in columns.iter().enumerate() {
        let away = if x < column.x_min { column.x_min - x } else { (x - column.x_max).max(0.0) };
        if away <= best.0 {
            best = (away, Some(index));
        }
    }
    best.1
}

/// The smaller of the two gaps beside the point nearest to `x`. 0 beside columns of many points: the gaps inside of them are not known.
/// Infinite where there is none: a step back is no gap.
pub fn nearest_gap(columns: &[Column], x: f64) -> f64 {
    let mut least = f64::INFINITY;
    let Some(at) = nearest_column(columns, x) else { return least };
    for pair in columns[at.saturating_sub(1)..columns.len().min(at + 2)].windows(2) {
        let gap = pair[1].x_first - pair[0].x_last;
        if pair[0].count + pair[1].count > 2 {
            least = 0.0;
        } else if gap > 0.0 && gap < least {
            least = gap;
        }
    }
    least
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charts::{ChartOptions, SeriesStyle, Size};

    #[test]
    fn what_is_in_the_foreground_comes_last() {
        let columns = [Column::point(0.0, 1.0), Column::point(1.0, 2.0)];
        let smoothed = [(0.0, 1.0), (1.0, 1.5)];
        let all = [Emphasis::Bold, Emphasis::Faint, Emphasis::Normal];
        let mut curves: Vec<_> = all
            .iter()
            .enumerate()
            .map(|(slot, emphasis)| SeriesView {
                columns: &columns,
                style: SeriesStyle::of_slot(slot),
                emphasis: *emphasis,
                ..SeriesView::default()
            })
            .collect();
        curves[2].smoothed = &smoothed;
        let layout = PlotLayout::new(&ChartOptions::default(), &curves, Size { width: 300.0, height: 200.0 });
        let layers = build_layers(&layout, &curves, 100.0, 50.0);
        assert_eq!(layers.iter().map(|layer| layer.style.colour).collect::<Vec<_>>(), [1, 2, 2, 0]);
        assert!(layers[1].alpha < layers[2].alpha && layers[2].path.len() == 2);
    }

    #[test]
    fn few_points_have_dots_and_many_have_none() {
        let drawn = |count: u32| {
            let columns: Vec<_> = (0..count).map(|at| Column::point(at.into(), 1.0)).collect();
            let curves = [SeriesView { columns: &columns, ..SeriesView::default() }];
            let layout = PlotLayout::new(&ChartOptions::default(), &curves, Size { width: 300.0, height: 200.0 });
            let path = build_layers(&layout, &curves, layout.width, 50.0).remove(0).path;
            path.split(|point| point.0.is_nan()).map(<[_]>::len).collect::<Vec<_>>()
        };
        assert_eq!((drawn(3), drawn(100)), (vec![3, 1, 1, 1], vec![100]));
    }

    #[test]
    fn what_a_restart_superseded_is_faded_and_the_rest_is_one_line() {
        let steps = [0.0, 1.0, 2.0, 3.0, 1.0, 2.0, 4.0];
        let columns: Vec<_> = steps.map(|x| Column::point(x, 1.0)).into();
        let smoothed: Vec<Place> = steps.map(|x| (x, 1.0)).into();
        let drawn = |curve: SeriesView| {
            let curves = [curve];
            let layout = PlotLayout::new(&ChartOptions::default(), &curves, Size { width: 300.0, height: 200.0 });
            let line = |layer: Layer| {
                let runs = layer.path.split(|point| point.0.is_nan()).map(<[_]>::len).filter(|points| *points > 1).collect::<Vec<_>>();
                (runs, layer.alpha)
            };
            // One unit of the plot is a step.
            build_layers(&layout, &curves, 4.0, 1.0).into_iter().map(line).collect::<Vec<_>>()
        };
        let run = SeriesView { columns: &columns, fades_superseded: true, ..SeriesView::default() };
        assert_eq!(drawn(run), [(vec![4], 0.3), (vec![4], 1.0)]);
        assert_eq!(drawn(SeriesView { fades_superseded: false, ..run }), [(vec![4, 3], 1.0)]);
        let both = drawn(SeriesView { smoothed: &smoothed, ..run });
        assert_eq!(both.iter().map(|(points, _)| points.clone()).collect::<Vec<_>>(), [[4], [4], [4], [4]]);
        assert!(both[0].1 < both[1].1 && both[1].1 < both[3].1);
        assert_eq!(superseded_segments(&[true, true, false, false, true, false, true]), [0..2, 3..5, 5..7]);
        assert!(superseded_segments(&[]).is_empty());
    }

    #[test]
    fn the_nearest_column() {
        let columns = [0.0, 10.0, 20.0, 12.0].map(|x| Column::point(x, 0.0));
        assert_eq!([-5.0, 4.0, 9.0, 11.5, 100.0].map(|x| nearest_column(&columns, x)), [Some(0), Some(0), Some(1), Some(3), Some(2)]);
        assert_eq!(nearest_column(&[], 1.0), None);
    }

    #[test]
    fn the_gap_beside_a_place() {
        let mut columns = [0.0, 10.0, 14.0, 2.0, 2.0, 3.5].map(|x| Column::point(x, 0.0));
        assert_eq!([-5.0, 9.0, 1e9, 2.1, 3.4].map(|x| nearest_gap(&columns, x)), [10.0, 4.0, 4.0, 1.5, 1.5]);
        assert!(nearest_gap(&[], 1.0).is_infinite() && nearest_gap(&columns[..1], 1.0).is_infinite());
        columns[1].merge(&Column::point(11.0, 0.0));
        assert_eq!(nearest_gap(&columns, 14.0), 0.0);
    }
}
