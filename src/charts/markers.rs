//! What a line cannot show: NaN, the infinities, on a logarithmic axis what is not positive, and where it starts again. Marked, never
//! skipped, never drawn as zero.

use super::layout::PlotLayout;
use super::series_view::{Emphasis, SeriesView};
use crate::series::Column;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkerKind {
    Nan,
    PosInf,
    NegInf,
    /// Zero or below on a logarithmic axis.
    NotOnLog,
    /// A step back: the line starts again, left of where it was.
    Restart,
}

impl MarkerKind {
    /// A closed polygon around the marker's place, in CSS pixels: a triangle that stands on the lower edge or on the end of a line, arrows that leave through
    /// the upper and the lower one, a flat bar, a flag that points back.
    pub fn shape(self) -> &'static [(f64, f64)] {
        match self {
            Self::Nan => &[(0.0, -8.5), (4.5, -0.5), (-4.5, -0.5)],
            Self::PosInf => &[(0.0, 0.5), (4.0, 5.5), (1.5, 5.5), (1.5, 9.5), (-1.5, 9.5), (-1.5, 5.5), (-4.0, 5.5)],
            Self::NegInf => &[(0.0, -0.5), (4.0, -5.5), (1.5, -5.5), (1.5, -9.5), (-1.5, -9.5), (-1.5, -5.5), (-4.0, -5.5)],
            Self::NotOnLog => &[(-4.0, -3.5), (4.0, -3.5), (4.0, -0.5), (-4.0, -0.5)],
            Self::Restart => &[(0.8, -0.5), (0.8, -16.0), (-7.0, -12.0), (-0.8, -8.5), (-0.8, -0.5)],
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Nan => "NaN",
            Self::PosInf => "∞",
            Self::NegInf => "-∞",
            Self::NotOnLog => "not on a log scale",
            Self::Restart => "restart",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LineMarker {
    /// CSS pixels from the chart's upper left corner; `y` is the edge that the shape stands on.
    pub x: f64,
    pub y: f64,
    /// The place on the x axis; of several points in one column its middle.
    pub at: f64,
    pub kind: MarkerKind,
    /// Of the series.
    pub slot: usize,
    pub colour: usize,
    /// Its line is in the background.
    pub is_faint: bool,
    /// How many points it stands for; of [`MarkerKind::NotOnLog`], how many columns, since a column does not count these.
    pub count: u64,
}

/// Room for a triangle above the place that it stands on.
const MARK_HEIGHT: f64 = 9.0;

/// Marks of one series and kind that are nearer than this, in CSS pixels, are one: their number is bounded by the width.
const MERGE_DISTANCE: f64 = 6.0;

/// The height of a place for a marker of another series at the same spot, and how many such places there are.
const STACK_STEP: f64 = 10.0;
const MAX_STACKED: usize = 5;

/// How far from a marker's middle a pointer still means it, in CSS pixels across and up or down: a marker alone is a tiny target.
const HIT_DISTANCE: (f64, f64) = (9.0, 14.0);

impl LineMarker {
    /// Whether a pointer at this place of the chart means it.
    pub fn is_at(&self, (x, y): (f64, f64)) -> bool {
        let middle = self.y + if self.kind == MarkerKind::PosInf { 5.0 } else { -5.0 };
        (self.x - x).abs() <= HIT_DISTANCE.0 && (middle - y).abs() <= HIT_DISTANCE.1
    }
}

/// The markers of all curves within the plot.
pub fn place_markers(layout: &PlotLayout, curves: &[SeriesView]) -> Vec<LineMarker> {
    let mut markers = Vec::new();
    for curve in curves {
        let anomalies = find_anomalies(layout, curve);
        for kind in [MarkerKind::Nan, MarkerKind::PosInf, MarkerKind::NegInf, MarkerKind::NotOnLog, MarkerKind::Restart] {
            push_markers(layout, curve, &anomalies, kind, &mut markers);
        }
    }
    markers
}

/// A column that needs a marker.
struct Anomaly<'a> {
    column: &'a Column,
    /// It begins left of where the one before ended.
    is_back: bool,
    /// It has only NaN, as the one before.
    goes_on: bool,
    /// The last number of the line, which ends here: from here on there is only NaN.
    end: Option<f64>,
}

/// Mostly there are none.
fn find_anomalies<'a>(layout: &PlotLayout, curve: &SeriesView<'a>) -> Vec<Anomaly<'a>> {
    let mut anomalies = Vec::new();
    // A line ends at its last number, if only NaN follows.
    let last = curve.columns.iter().rposition(|column| column.nan < column.count);
    let last_number = curve.columns.iter().rev().find_map(|column| [column.last, column.max].into_iter().find(|y| y.is_finite()));
    let (mut before, mut was_nan) = (f64::NEG_INFINITY, false);
    for (at, column) in curve.columns.iter().enumerate() {
        let (is_back, is_nan) = (column.x_first < before, column.nan == column.count);
        let goes_on = is_nan && was_nan && !is_back;
        (before, was_nan) = (column.x_last, is_nan);
        if is_back || column.nan + column.pos_inf + column.neg_inf + column.breaks > 0 || (layout.y.log && column.min <= 0.0) {
            let end = last_number.filter(|_| last.is_some_and(|last| at == last + 1));
            anomalies.push(Anomaly { column, is_back, goes_on, end });
        }
    }
    anomalies
}

fn push_markers(layout: &PlotLayout, curve: &SeriesView, anomalies: &[Anomaly], kind: MarkerKind, markers: &mut Vec<LineMarker>) {
    let own = markers.len();
    let is_up = kind == MarkerKind::PosInf;
    let edge = if is_up { layout.top } else { layout.bottom() };
    let on_line = |y: f64| Some(layout.py(y)).filter(|y| y.is_finite()).map_or(edge, |y| y.max(layout.top + MARK_HEIGHT).min(edge));
    // The marker of the run of NaN that may go on.
    let mut open = None;
    for &Anomaly { column, is_back, goes_on, end } in anomalies {
        let middle = column.x_min / 2.0 + column.x_max / 2.0;
        let (count, at) = match kind {
            MarkerKind::Nan => (column.nan, middle),
            MarkerKind::PosInf => (column.pos_inf, middle),
            MarkerKind::NegInf => (column.neg_inf, middle),
            MarkerKind::NotOnLog => (u64::from(layout.y.log && column.min <= 0.0), column.at_min),
            MarkerKind::Restart => (column.breaks + u64::from(is_back), if is_back { column.x_first } else { column.x_min }),
        };
        if count == 0 || column.x_max < layout.x.lo || column.x_min > layout.x.hi {
            continue;
        }
        let at = at.max(layout.x.lo).min(layout.x.hi);
        let x = layout.px(at);
        if kind == MarkerKind::Nan
            && goes_on
            && let Some(run) = open.and_then(|open: usize| markers.get_mut(open))
        {
            run.count += count;
            continue;
        }
        // Backwards steps: a later column may stand left of an earlier one.
        if let Some(near) = (own..markers.len()).rev().find(|near| (markers[*near].x - x).abs() < MERGE_DISTANCE) {
            markers[near].count += count;
            markers[near].y = end.filter(|_| kind == MarkerKind::Nan).map_or(markers[near].y, on_line);
            open = Some(near);
            continue;
        }
        open = Some(markers.len());
        let is_faint = curve.emphasis == Emphasis::Faint;
        let y = end.filter(|_| kind == MarkerKind::Nan).map_or(edge, on_line);
        markers.push(LineMarker { x, y, at, kind, slot: curve.slot, colour: curve.style.colour, is_faint, count });
    }
    let (others, own) = markers.split_at_mut(own);
    for marker in own {
        let is_taken = |y: f64| {
            let is_there = |other: &LineMarker| (other.x - marker.x).abs() < MERGE_DISTANCE && (other.y - y).abs() < STACK_STEP;
            others.iter().any(|other| (other.kind == MarkerKind::PosInf) == is_up && is_there(other))
        };
        let mut places = (0..MAX_STACKED).map(|place| marker.y + STACK_STEP * place as f64 * if is_up { 1.0 } else { -1.0 });
        marker.y = places.clone().find(|y| !is_taken(*y)).or_else(|| places.next_back()).unwrap_or(marker.y);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charts::display_list::{Ink, Shape, Shapes};
    use crate::charts::line::draw_markers;
    use crate::charts::{ChartOptions, Size};
    use crate::protocol::AxisScale;

    fn of(points: &[(f64, f64)], options: &ChartOptions) -> Vec<LineMarker> {
        let columns: Vec<_> = points.iter().map(|(x, y)| Column::point(*x, *y)).collect();
        let curves = [SeriesView { columns: &columns, slot: 3, ..SeriesView::default() }];
        place_markers(&PlotLayout::new(options, &curves, Size { width: 400.0, height: 200.0 }), &curves)
    }

    #[test]
    fn each_kind_has_its_mark_at_its_edge() {
        let markers =
            of(&[(0.0, 1.0), (1.0, f64::NAN), (2.0, f64::INFINITY), (3.0, f64::NEG_INFINITY), (4.0, 2.0)], &ChartOptions::default());
        assert_eq!(
            markers.iter().map(|marker| (marker.kind, marker.count, marker.slot)).collect::<Vec<_>>(),
            [(MarkerKind::Nan, 1, 3), (MarkerKind::PosInf, 1, 3), (MarkerKind::NegInf, 1, 3)]
        );
        assert!(markers[0].x < markers[1].x && markers[1].y == 8.0 && markers[0].y == 178.0 && markers[2].y == 178.0);
    }

    #[test]
    fn many_are_joined_and_counted_and_none_is_lost() {
        let points: Vec<_> = (0..10_000).map(|i| (f64::from(i), if i % 10 == 0 { 1.0 } else { f64::NAN })).collect();
        let markers = of(&points, &ChartOptions::default());
        assert!((30..=70).contains(&markers.len()), "{}", markers.len());
        assert_eq!(markers.iter().map(|marker| marker.count).sum::<u64>(), 9000);
    }

    #[test]
    fn a_run_of_nan_has_one_mark_where_it_begins() {
        let points = |from: u32| (0..100).map(|x| (f64::from(x), if x >= from { f64::NAN } else { 1.0 })).collect::<Vec<_>>();
        let markers = of(&points(30), &ChartOptions::default());
        assert_eq!(markers.iter().map(|marker| (marker.at, marker.count)).collect::<Vec<_>>(), [(30.0, 70)]);
        let mut twice = points(30);
        (60..80).for_each(|x| twice[x].1 = 2.0);
        let markers = of(&twice, &ChartOptions::default());
        assert_eq!(markers.iter().map(|marker| (marker.at, marker.count)).collect::<Vec<_>>(), [(30.0, 30), (80.0, 20)]);
        assert!(markers[0].y == 178.0 && markers[1].y < 100.0, "a gap is marked on the lower edge, the end on the line: {markers:?}");
        let window = ChartOptions { window: Some((50.0, 90.0)), ..ChartOptions::default() };
        let markers = of(&points(30), &window);
        assert!(markers.len() == 1 && markers[0].at == 50.0, "the part in the window: {markers:?}");
    }

    #[test]
    fn the_marks_of_a_faint_line_are_faint_and_runs_lie_apart() {
        let columns = |from: u32| (0..100).map(|x| Column::point(f64::from(x), if x >= from { f64::NAN } else { 1.0 })).collect::<Vec<_>>();
        let (early, late) = (columns(30), columns(60));
        let curves = [(&late, Emphasis::Normal), (&early, Emphasis::Faint)];
        let curves = curves.map(|(columns, emphasis)| SeriesView { columns, emphasis, ..SeriesView::default() });
        let markers = place_markers(&PlotLayout::new(&ChartOptions::default(), &curves, Size { width: 400.0, height: 200.0 }), &curves);
        assert_eq!(markers.iter().map(|marker| marker.is_faint).collect::<Vec<_>>(), [false, true]);
        assert_eq!(markers[0].y, markers[1].y, "each stands at the end of its line");
    }

    #[test]
    fn a_line_that_ends_in_nan_is_marked_at_its_end_and_nowhere_else() {
        let columns: Vec<_> = (0..20).map(|x| Column::point(f64::from(x), if x < 5 { f64::from(x) } else { f64::NAN })).collect();
        let curves = [SeriesView { name: "loss", columns: &columns, ..SeriesView::default() }];
        let layout = PlotLayout::new(&ChartOptions::default(), &curves, Size { width: 640.0, height: 200.0 });
        let mut shapes = Shapes::default();
        draw_markers(&mut shapes, &layout, &place_markers(&layout, &curves));
        assert!(matches!(shapes.0[..], [Shape::Marker(mark)] if mark.ink == Ink::Series(0) && mark.is_outlined
            && mark.y == layout.py(4.0).max(layout.top + MARK_HEIGHT)));
        let faint = [SeriesView { emphasis: Emphasis::Faint, ..curves[0] }];
        let mut shapes = Shapes::default();
        draw_markers(&mut shapes, &layout, &place_markers(&layout, &faint));
        assert!(matches!(shapes.0[..], [Shape::Marker(mark)] if mark.ink == Ink::Grid));
    }

    #[test]
    fn zero_and_below_are_marked_on_a_log_scale_only() {
        let points = [(0.0, 1.0), (1.0, 0.0), (2.0, -3.0), (3.0, 10.0)];
        let markers = of(&points, &ChartOptions { y_scale: AxisScale::Log, ..ChartOptions::default() });
        assert_eq!(markers.iter().map(|marker| marker.kind).collect::<Vec<_>>(), [MarkerKind::NotOnLog, MarkerKind::NotOnLog]);
        assert!(of(&points, &ChartOptions::default()).is_empty());
    }

    #[test]
    fn a_restart_is_marked_where_the_line_starts_again() {
        let points = [(0.0, 1.0), (1.0, 1.0), (2.0, 1.0), (1.0, 1.0), (2.0, 1.0), (3.0, 1.0)];
        let markers = of(&points, &ChartOptions::default());
        assert_eq!(
            markers.iter().map(|marker| (marker.kind, marker.at, marker.count)).collect::<Vec<_>>(),
            [(MarkerKind::Restart, 1.0, 1)]
        );
        let mut column = Column::point(4.0, 1.0);
        column.merge(&Column::point(3.0, 1.0));
        let curves = [SeriesView { columns: &[Column::point(0.0, 1.0), column, Column::point(9.0, 1.0)], ..SeriesView::default() }];
        let layout = PlotLayout::new(&ChartOptions::default(), &curves, Size { width: 400.0, height: 200.0 });
        assert_eq!(super::place_markers(&layout, &curves).iter().map(|marker| marker.at).collect::<Vec<_>>(), [3.0], "within a column");
    }

    #[test]
    fn a_pointer_beside_a_mark_means_it() {
        let markers = of(&[(0.0, 1.0), (1.0, f64::NAN), (2.0, f64::INFINITY), (3.0, 1.0)], &ChartOptions::default());
        let (nan, infinite) = (markers[0], markers[1]);
        assert!(nan.is_at((nan.x + 8.0, nan.y - 16.0)) && !nan.is_at((nan.x + 12.0, nan.y)) && !nan.is_at((nan.x, nan.y - 30.0)));
        assert!(infinite.is_at((infinite.x, infinite.y + 16.0)) && !infinite.is_at((infinite.x, infinite.y + 40.0)));
    }

    #[test]
    fn two_series_at_one_spot_are_both_seen() {
        let columns = [Column::point(0.0, 1.0), Column::point(1.0, f64::NAN)];
        let curves = [0, 1].map(|slot| SeriesView { columns: &columns, slot, ..SeriesView::default() });
        let markers = place_markers(&PlotLayout::new(&ChartOptions::default(), &curves, Size { width: 400.0, height: 200.0 }), &curves);
        assert!(markers.len() == 2 && markers[0].x == markers[1].x && markers[0].y != markers[1].y);
    }
}
