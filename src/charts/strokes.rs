//! The lines of a chart from back to front, for SVG and canvas alike.

use super::display_list::Layer;
use super::layout::PlotLayout;
use super::polyline::{PEN_UP, PlotTransform, Polyline, is_dense, trace_columns, trace_points};
use super::series_view::{Emphasis, SeriesView};
use crate::series::Column;

/// Points that are at least so far apart, in CSS pixels, are shown one by one.
const MIN_DOT_SPACING: f64 = 24.0;

/// The lines in a plot of `width` times `height` pixels of any kind: faint ones first, bold ones last; a smoothed line over its faint raw one.
pub fn build_layers(layout: &PlotLayout, curves: &[SeriesView], width: f64, height: f64) -> Vec<Layer> {
    let mut layers = Vec::with_capacity(curves.len());
    for emphasis in [Emphasis::Faint, Emphasis::Normal, Emphasis::Bold] {
        for curve in curves.iter().filter(|curve| curve.emphasis == emphasis) {
            let (stroke, alpha) = match emphasis {
                Emphasis::Faint => (1.25, 0.3),
                Emphasis::Normal => (1.5, 1.0),
                Emphasis::Bold => (2.25, 1.0),
            };
            let mut transform = PlotTransform { x: &layout.x, y: &layout.y, width, height, snap: is_dense(curve.columns) };
            let mut raw = trace_columns(curve.columns, &transform);
            if !transform.snap {
                add_dots(&mut raw, width, layout.width);
            }
            if curve.smoothed.is_empty() {
                layers.push(Layer { slot: curve.slot, path: raw, width: stroke, alpha });
                continue;
            }
            transform.snap = false;
            layers.push(Layer { slot: curve.slot, path: raw, width: 1.0, alpha: alpha * 0.3 });
            layers.push(Layer { slot: curve.slot, path: trace_points(curve.smoothed, &transform), width: stroke + 0.25, alpha });
        }
    }
    layers
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
    use crate::charts::{ChartOptions, Size};

    #[test]
    fn what_is_in_the_foreground_comes_last() {
        let columns = [Column::point(0.0, 1.0), Column::point(1.0, 2.0)];
        let smoothed = [(0.0, 1.0), (1.0, 1.5)];
        let all = [Emphasis::Bold, Emphasis::Faint, Emphasis::Normal];
        let mut curves: Vec<_> = all
            .iter()
            .enumerate()
            .map(|(slot, emphasis)| SeriesView { columns: &columns, slot, emphasis: *emphasis, ..SeriesView::default() })
            .collect();
        curves[2].smoothed = &smoothed;
        let layout = PlotLayout::new(&ChartOptions::default(), &curves, Size { width: 300.0, height: 200.0 });
        let layers = build_layers(&layout, &curves, 100.0, 50.0);
        assert_eq!(layers.iter().map(|layer| layer.slot).collect::<Vec<_>>(), [1, 2, 2, 0]);
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
