//! Where everything of a line chart stands: the layout that server and browser share, so that waking up moves nothing.

use super::chart_options::{AllHidden, ChartOptions};
use super::display_list::TextAnchor;
use super::letters::has_letters;
use super::range::{has_place_up_to_zero, see_places, x_range, y_range};
use super::scale::Scale;
use super::series_view::SeriesView;
use super::text_metrics::{FONT_SIZE, format_number, text_width};
use super::ticks::{Tick, TickFormat, is_representable, make_ticks, make_y_ticks, max_label_width};
use crate::protocol::{AxisScale, XAxis};

/// CSS pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Size {
    pub width: f64,
    pub height: f64,
}

/// The width that the server takes for a tile whose width it cannot know. Below [`WIDE`] it decides nothing that is seen.
pub const NOMINAL_WIDTH: f64 = 640.0;

/// The narrowest plot.
pub const NARROW_PLOT: f64 = 270.0;

/// From this width on there are more ticks along the x axis.
pub const WIDE: f64 = 900.0;

const TOP: f64 = 8.0;
const RIGHT: f64 = 10.0;
/// With letters at the ends of lines.
const LETTERED_RIGHT: f64 = 22.0;
const BOTTOM: f64 = 22.0;
/// What the name of the zone takes below the labels.
const ZONE: f64 = 12.0;

/// The gap between a label and the plot.
pub const LABEL_GAP: f64 = 6.0;

/// The layout of a chart, in CSS pixels from the upper left corner.
#[derive(Clone, Debug, PartialEq)]
pub struct PlotLayout {
    pub size: Size,
    /// The plot's rectangle.
    pub left: f64,
    pub top: f64,
    pub width: f64,
    pub height: f64,
    /// The room right of the plot.
    pub right: f64,
    pub x: Scale,
    pub y: Scale,
    /// How far values reach beyond the lower and the upper end of the y axis; `None` where they do not.
    pub beyond: [Option<f64>; 2],
    /// Some points have no place on the logarithmic x axis, which shows all that have one.
    pub is_cut_at_zero: bool,
    /// Of all curves along a metric, those that have no place, because their runs lack it.
    pub without_metric: (usize, usize),
    pub x_ticks: Vec<Tick>,
    pub y_ticks: Vec<Tick>,
    /// The UTC offsets of the x axis, as text below its labels; empty on an axis without clock times.
    pub zone: String,
    /// Why no line is drawn, and what to do about it; empty where there are lines. An axis of which nothing is known has no ticks then.
    pub note: &'static str,
}

impl PlotLayout {
    pub fn new(options: &ChartOptions, curves: &[SeriesView], size: Size) -> Self {
        let x = match options.window {
            Some((from, to)) if options.x_scale == AxisScale::Log => Scale::log(from, to),
            Some((from, to)) => Scale::linear(from, to),
            None => x_range(curves, options.x_scale),
        };
        let range = y_range(curves, &x, options.y_scale == AxisScale::Log, options.y_bounds, options.goal_lines);
        let y = range.map(|range| range.scale).unwrap_or(if options.y_scale == AxisScale::Log {
            Scale::log(0.1, 10.0)
        } else {
            Scale::linear(0.0, 1.0)
        });
        let x_format = match options.x_axis {
            XAxis::Step | XAxis::Metric => TickFormat::Number(""),
            XAxis::Relative => TickFormat::Elapsed,
            XAxis::Wall => TickFormat::TimeOfDay(&options.zone),
        };
        let (above, below) = (options.titles.height_above(), options.titles.height_below());
        let plot = Size { height: size.height - above - below, ..size };
        let mut layout = Self::for_scales(x, y, x_format, TickFormat::Number(options.unit), plot).shift_down(above);
        layout.size.height += below;
        layout.beyond = range.map_or([None; 2], |range| range.beyond);
        if options.x_axis == XAxis::Step && options.window.is_none() {
            layout.label_last_step(curves);
        }
        layout.is_cut_at_zero = x.log && options.window.is_none() && has_place_up_to_zero(curves);
        if options.x_axis == XAxis::Metric {
            layout.without_metric = (curves.iter().filter(|curve| !curve.has_place()).count(), curves.len());
        }
        if has_letters(curves) {
            layout.width -= LETTERED_RIGHT - layout.right;
            layout.right = LETTERED_RIGHT;
        }
        if range.is_none() {
            layout.note = empty_note(options, curves);
            layout.y_ticks.clear();
            if options.window.is_none() && curves.iter().all(|curve| curve.columns.is_empty() && curve.group.is_none()) {
                layout.x_ticks.clear();
                layout.zone.clear();
            }
        }
        layout
    }

    /// The layout of any plot with two axes.
    pub fn for_scales(x: Scale, y: Scale, x_format: TickFormat, y_format: TickFormat, size: Size) -> Self {
        let zone = match x_format {
            TickFormat::TimeOfDay(zone) if is_representable([x.lo, x.hi, 0.0]) => zone.utc_offset_label(x.lo, x.hi),
            _ => String::new(),
        };
        // Also where times are too far away for a clock: the plot stays as it is while somebody zooms.
        let below = if matches!(x_format, TickFormat::TimeOfDay(_)) { BOTTOM + ZONE } else { BOTTOM };
        let height = (size.height - TOP - below).max(20.0);
        let y_ticks = make_y_ticks(&y, y_format, height);
        let left = (max_label_width(&y_ticks).ceil() + LABEL_GAP + 4.0).max(30.0);
        let x_ticks = make_ticks(&x, x_format, if size.width < WIDE { 5 } else { 10 });
        Self {
            size,
            left,
            top: TOP,
            width: (size.width - left - RIGHT).max(20.0),
            height,
            right: RIGHT,
            x,
            y,
            beyond: [None; 2],
            is_cut_at_zero: false,
            without_metric: (0, 0),
            x_ticks,
            y_ticks,
            zone,
            note: "",
        }
    }

    /// Labels the end of the x axis where the last round number is far from it. The axis of a single step has room on both sides, and ends at
    /// none.
    fn label_last_step(&mut self, curves: &[SeriesView]) {
        const GAP: f64 = 10.0;
        let mut is_step = false;
        see_places(curves, self.x.log, &mut |x| is_step |= x == self.x.hi);
        if !is_step {
            return;
        }
        let Some(last) = self.x_ticks.iter().rfind(|tick| !tick.label.is_empty()) else { return };
        let label = format_number(self.x.hi);
        let room = (1.0 - self.x.normalize(last.at)) * NARROW_PLOT - text_width(&last.label) / 2.0;
        // Labels that are differences to the first one would be mistaken.
        if room < text_width(&label) + GAP || last.label.starts_with('+') {
            return;
        }
        self.x_ticks.retain(|tick| tick.at < self.x.hi);
        self.x_ticks.push(Tick { at: self.x.hi, label });
    }

    /// The same layout with so many pixels free above it.
    pub fn shift_down(mut self, by: f64) -> Self {
        self.top += by;
        self.size.height += by;
        self
    }

    /// The place of an x or y value; NaN when it has none on its scale.
    pub fn px(&self, x: f64) -> f64 {
        self.left + self.x.normalize(x) * self.width
    }

    pub fn py(&self, y: f64) -> f64 {
        self.top + (1.0 - self.y.normalize(y)) * self.height
    }

    /// The value at a place.
    pub fn x_at(&self, px: f64) -> f64 {
        self.x.invert((px - self.left) / self.width)
    }

    /// How much of the x axis a pixel at this place shows.
    pub fn x_resolution(&self, px: f64) -> f64 {
        if self.x.log { self.x_at(px + 0.5) - self.x_at(px - 0.5) } else { (self.x.hi - self.x.lo) / self.width }
    }

    pub fn y_at(&self, py: f64) -> f64 {
        self.y.invert(1.0 - (py - self.top) / self.height)
    }

    /// The lower edge of the plot.
    pub fn bottom(&self) -> f64 {
        self.top + self.height
    }

    /// The base lines of the labels of the x axis, and of a label of the y axis beside a place.
    pub fn x_label_baseline(&self) -> f64 {
        self.bottom() + 15.0
    }

    /// The base line of the last text below the plot that belongs to the x axis.
    pub fn x_axis_baseline(&self) -> f64 {
        if self.zone.is_empty() { self.x_label_baseline() } else { self.zone_baseline() }
    }

    /// The base line of the zone's name, which ends where the plot does.
    pub fn zone_baseline(&self) -> f64 {
        self.x_label_baseline() + ZONE + 1.0
    }

    /// The room below the plot.
    pub fn bottom_margin(&self) -> f64 {
        self.size.height - self.bottom()
    }

    pub fn y_label_baseline(&self, py: f64) -> f64 {
        py + FONT_SIZE * 0.36
    }

    /// On which side of its place a label of the x axis stands: near the ends they lean inward, so that none leaves the chart. By the share of the axis, since the server does not know the width.
    pub fn tick_anchor(&self, tick: &Tick) -> TextAnchor {
        let (share, half) = (self.x.normalize(tick.at), text_width(&tick.label) / 2.0);
        if half > self.right + (1.0 - share) * NARROW_PLOT {
            TextAnchor::End
        } else if half > self.left + share * NARROW_PLOT {
            TextAnchor::Start
        } else {
            TextAnchor::Middle
        }
    }
}

/// Where a window, of a link perhaps, has nothing of the series in it. "Show all" is the button above the plot.
const OUTSIDE: &str = "Nothing is drawn here. Show all.";

fn empty_note(options: &ChartOptions, curves: &[SeriesView]) -> &'static str {
    let mut columns = curves.iter().flat_map(|curve| curve.columns).peekable();
    if options.all_hidden == AllHidden::Runs {
        "All runs are hidden. Show one in the list of runs."
    } else if options.all_hidden == AllHidden::NoMatch {
        "No run matches the search."
    } else if options.all_hidden == AllHidden::Series {
        "All series are hidden. Show one by its name below."
    } else if options.x_axis == XAxis::Metric && !curves.is_empty() && !curves.iter().any(SeriesView::has_place) {
        "No curve here has the metric of the x axis."
    } else if columns.peek().is_none() {
        if options.window.is_some() && !curves.is_empty() { OUTSIDE } else { "No points yet." }
    } else if options.x_scale == AxisScale::Log && columns.clone().all(|column| column.x_max <= 0.0) {
        "Nothing here has a place above 0. Choose the linear x axis."
    } else if options.y_scale == AxisScale::Log && columns.any(|column| column.min <= 0.0) {
        "Nothing here is above 0. Choose the linear y axis."
    } else if options.window.is_some() {
        OUTSIDE
    } else {
        "No finite value yet, only NaN or ∞."
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::series::Column;

    fn columns(points: &[(f64, f64)]) -> Vec<Column> {
        points.iter().map(|(x, y)| Column::point(*x, *y)).collect()
    }

    fn layout(options: &ChartOptions, points: &[(f64, f64)], width: f64) -> PlotLayout {
        let columns = columns(points);
        PlotLayout::new(options, &[SeriesView { columns: &columns, ..SeriesView::default() }], Size { width, height: 240.0 })
    }

    #[test]
    fn the_width_decides_nothing_but_the_width() {
        let points = [(0.0, 0.5), (1000.0, 2.5)];
        let (narrow, usual) = (layout(&ChartOptions::default(), &points, 340.0), layout(&ChartOptions::default(), &points, NOMINAL_WIDTH));
        assert_eq!(PlotLayout { size: usual.size, width: usual.width, ..narrow.clone() }, usual);
        assert_eq!((narrow.left + narrow.width + narrow.right, narrow.top + narrow.height), (340.0, narrow.bottom()));
    }

    #[test]
    fn places_and_values_are_inverse() {
        for scale in [AxisScale::Linear, AxisScale::Log] {
            let layout = layout(&ChartOptions { y_scale: scale, ..ChartOptions::default() }, &[(0.0, 0.5), (10.0, 50.0)], 500.0);
            assert!((layout.x_at(layout.px(3.0)) - 3.0).abs() < 1e-9 && (layout.y_at(layout.py(7.0)) - 7.0).abs() < 1e-9);
            assert!(layout.py(50.0) > layout.top && layout.py(0.5) < layout.bottom());
        }
    }

    #[test]
    fn the_last_step_has_a_label_where_there_is_room() {
        let of = |from: f64, to: f64, window| {
            let layout = layout(&ChartOptions { window, ..ChartOptions::default() }, &[(from, 1.0), (to, 2.0)], 400.0);
            layout.x_ticks.into_iter().map(|tick| tick.label).collect::<Vec<_>>()
        };
        assert_eq!(of(49.0, 1999.0, None), ["500", "1000", "1500", "1999"]);
        assert_eq!(of(0.0, 2000.0, None), ["0", "500", "1000", "1500", "2000"]);
        assert_eq!(of(0.0, 2040.0, None).last().unwrap(), "2000", "no room beside it");
        assert_eq!(of(49.0, 1999.0, Some((49.0, 1999.0))).last().unwrap(), "1500", "the end of a window is no step");
        assert!(of(12_345_650.0, 12_345_658.9, None).last().unwrap().starts_with('+'));
        for (x_scale, one) in [(AxisScale::Log, 7.0), (AxisScale::Linear, 7.0), (AxisScale::Log, 13.0), (AxisScale::Linear, 0.25)] {
            let layout = layout(&ChartOptions { x_scale, ..ChartOptions::default() }, &[(one, 1.0)], 400.0);
            let last = layout.x_ticks.iter().rfind(|tick| !tick.label.is_empty()).unwrap();
            assert!(last.at < layout.x.hi, "no step is at the end of the axis: {:?}", layout.x_ticks);
        }
    }

    #[test]
    fn only_what_is_in_the_window_sets_the_range() {
        let points = [(0.0, 1e6), (5.0, 1.0), (6.0, f64::INFINITY), (7.0, 2.0), (9.0, f64::NAN)];
        let shown = layout(&ChartOptions { window: Some((5.0, 9.0)), ..ChartOptions::default() }, &points, 500.0);
        assert!((shown.y.lo, shown.y.hi) == (0.96, 2.04) && (shown.x.lo, shown.x.hi) == (5.0, 9.0), "{shown:?}");
    }

    #[test]
    fn a_constant_is_drawn_and_of_nothing_no_axis_is_made_up() {
        let note_of = |scale, points: &[(f64, f64)]| {
            let layout = layout(&ChartOptions { y_scale: scale, ..ChartOptions::default() }, points, 500.0);
            assert!(layout.x.lo < layout.x.hi && layout.y.lo < layout.y.hi, "{points:?} {layout:?}");
            assert_eq!(layout.note.is_empty(), layout.y_ticks.len() >= 2, "{points:?} {layout:?}");
            (layout.note, layout.x_ticks.is_empty())
        };
        let below = [(0.0, -1.0), (1.0, -1.0)];
        assert_eq!(note_of(AxisScale::Linear, &[(3.0, 7.0)]), ("", false));
        assert_eq!(note_of(AxisScale::Linear, &below), ("", false));
        assert_eq!(note_of(AxisScale::Log, &below), ("Nothing here is above 0. Choose the linear y axis.", false));
        assert_eq!(note_of(AxisScale::Log, &[(3.0, f64::NAN)]), ("No finite value yet, only NaN or ∞.", false));
        assert_eq!(note_of(AxisScale::Linear, &[]), ("No points yet.", true));
        let hidden = PlotLayout::new(
            &ChartOptions { all_hidden: AllHidden::Series, ..ChartOptions::default() },
            &[],
            Size { width: 400.0, height: 200.0 },
        );
        assert!(hidden.note.starts_with("All series are hidden.") && hidden.x_ticks.is_empty() && hidden.y_ticks.is_empty());
    }

    #[test]
    fn ends_of_doubles_and_rounding_have_axes_that_can_be_read() {
        let labels = |ticks: &[Tick]| ticks.iter().filter(|tick| !tick.label.is_empty()).count();
        for scale in [AxisScale::Linear, AxisScale::Log] {
            let of = |points: &[(f64, f64)]| layout(&ChartOptions { y_scale: scale, ..ChartOptions::default() }, points, 500.0);
            for points in [
                [(0.0, 0.3), (1.0, 0.1 + 0.2)],
                [(0.0, 1e-308), (1.0, 1.0)],
                [(0.0, 5e-324), (1.0, 1.7e308)],
                [(0.0, 1.7e308), (1.0, if scale == AxisScale::Log { 1.0 } else { -1.7e308 })],
                [(-1.7e308, 0.5), (1.7e308, 0.6)],
                [(0.3, 0.5), (0.1 + 0.2, 0.6)],
            ] {
                let layout = of(&points);
                assert!(layout.note.is_empty() && (2..=8).contains(&labels(&layout.y_ticks)), "{points:?} {layout:?}");
                assert!((2..=8).contains(&labels(&layout.x_ticks)), "{points:?} {layout:?}");
                for (x, y) in points {
                    let (px, py) = (layout.px(x), layout.py(y));
                    assert!(
                        py >= layout.top && py <= layout.bottom() + 1e-9 && (layout.left - 1e-9..=500.0).contains(&px),
                        "{points:?} {layout:?}"
                    );
                }
            }
            let flat = of(&[(0.0, 0.3), (1.0, 0.1 + 0.2)]);
            assert!((flat.py(0.3) - flat.py(0.1 + 0.2)).abs() < 0.01, "{flat:?}");
        }
    }

    #[test]
    fn between_two_points_the_piece_of_the_line_sets_the_range() {
        let points = [(0.0, 1.0), (100.0, 3.0), (100.5, f64::NAN), (101.0, 3.0)];
        let shown = |window, scale, points: &[(f64, f64)]| {
            layout(&ChartOptions { window: Some(window), y_scale: scale, ..ChartOptions::default() }, points, 500.0)
        };
        let linear = shown((25.0, 75.0), AxisScale::Linear, &points);
        assert!((linear.y.lo - 1.46).abs() < 1e-9 && (linear.y.hi - 2.54).abs() < 1e-9 && linear.note.is_empty(), "{linear:?}");
        let log = shown((25.0, 75.0), AxisScale::Log, &[(0.0, 1.0), (100.0, 16.0)]);
        assert!((log.y.normalize(2.0) - 0.04 / 1.08).abs() < 1e-9 && (log.y.normalize(8.0) - 1.04 / 1.08).abs() < 1e-9, "{log:?}");
        assert!(!shown((100.1, 100.2), AxisScale::Linear, &points).note.is_empty(), "no line leads to what is no number");
        assert!(!shown((40.0, 60.0), AxisScale::Linear, &[(100.0, 3.0), (0.0, 1.0)]).note.is_empty(), "nor back");
        let smoothed = [(0.0, 5.0), (100.0, 9.0)];
        let columns = columns(&points);
        let curves = [SeriesView { columns: &columns, smoothed: &smoothed, ..SeriesView::default() }];
        let both = PlotLayout::new(
            &ChartOptions { window: Some((25.0, 75.0)), ..ChartOptions::default() },
            &curves,
            Size { width: 500.0, height: 200.0 },
        );
        assert!(both.y.lo < 1.5 && both.y.hi > 8.0);
    }
}
