//! Where everything of a line chart stands: the layout that server and browser share, so that waking up moves nothing.

use super::axis_titles::AxisTitles;
use super::display_list::TextAnchor;
use super::range::{x_range, y_range};
use super::scale::Scale;
use super::text_metrics::{FONT_SIZE, width};
use super::ticks::{Measure, Tick, ticks, widest};
use super::time_ticks;
use super::zone::Zone;
use crate::protocol::{XAxis, YScale as Kind};
use crate::series::{Column, Place};

/// What is asked for, apart from the numbers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ask<'a> {
    pub along: XAxis,
    pub scale: Kind,
    /// The unit of the values; empty for plain numbers.
    pub unit: &'a str,
    pub titles: AxisTitles<&'a str>,
    /// The part of the x axis that is shown, in the columns' own numbers (steps, or seconds since 1970); all of it when `None`.
    pub window: Option<(f64, f64)>,
    /// Seconds since 1970 of the chart's first point: what [`XAxis::Relative`] counts from. The left end of the axis when `None`.
    pub origin: Option<f64>,
    /// The reader's clock: told by [`XAxis::Wall`]. The server uses UTC where it does not know better.
    pub zone: Zone,
    /// There are series, and all of them are hidden.
    pub all_hidden: bool,
}

/// How much a curve is in the foreground.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Look {
    Faint,
    #[default]
    Normal,
    Bold,
}

/// One series as it is drawn. Hidden ones are left out of the list.
#[derive(Clone, Copy, Debug, Default)]
pub struct Curve<'a> {
    pub name: &'a str,
    /// Decides colour and dashes: the series' place among all of the chart, hidden ones included.
    pub slot: usize,
    /// In the order in which the points came, along the axis that is asked for.
    pub columns: &'a [Column],
    /// For each column its place on the smoothed line, which is drawn over the faint columns; empty when there is none.
    pub smoothed: &'a [Place],
    pub look: Look,
}

/// CSS pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Size {
    pub width: f64,
    pub height: f64,
}

/// The width that the server takes for a tile whose width it cannot know. Below [`WIDE`] it decides nothing that is seen.
pub const NOMINAL_WIDTH: f64 = 640.0;

/// From this width on there are more ticks along the x axis.
pub const WIDE: f64 = 900.0;

const TOP: f64 = 8.0;
const RIGHT: f64 = 10.0;
const BOTTOM: f64 = 22.0;
/// What the name of the zone takes below the labels.
const ZONE: f64 = 12.0;

/// The gap between a label and the plot.
pub const LABEL_GAP: f64 = 6.0;

/// The layout of a chart, in CSS pixels from the upper left corner.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    pub size: Size,
    /// The plot's rectangle.
    pub left: f64,
    pub top: f64,
    pub width: f64,
    pub height: f64,
    pub x: Scale,
    pub y: Scale,
    pub x_ticks: Vec<Tick>,
    pub y_ticks: Vec<Tick>,
    /// The offsets of the clock times on the x axis; empty where it tells none.
    pub zone: String,
    /// Why no line is drawn, and what to do about it; empty where there are lines. An axis of which nothing is known has no ticks then.
    pub note: &'static str,
}

impl Frame {
    pub fn new(ask: &Ask, curves: &[Curve], size: Size) -> Self {
        let x = match ask.window {
            Some((from, to)) => Scale::linear(from, to),
            None => x_range(curves),
        };
        let range = y_range(curves, &x, ask.scale == Kind::Log);
        let y = range.unwrap_or(if ask.scale == Kind::Log { Scale::log(0.1, 10.0) } else { Scale::linear(0.0, 1.0) });
        let along = match ask.along {
            XAxis::Step => Measure::Number(""),
            XAxis::Relative => Measure::Since { origin: ask.origin.unwrap_or(x.lo) },
            XAxis::Wall => Measure::Clock(&ask.zone),
        };
        let (above, below) = (ask.titles.above(), ask.titles.below());
        let plot = Size { height: size.height - above - below, ..size };
        let mut frame = Self::laid_out(x, y, along, Measure::Number(ask.unit), plot).moved_down(above);
        frame.size.height += below;
        if range.is_none() {
            frame.note = why_empty(ask, curves);
            frame.y_ticks.clear();
            if ask.window.is_none() && curves.iter().all(|curve| curve.columns.is_empty()) {
                frame.x_ticks.clear();
                frame.zone.clear();
            }
        }
        frame
    }

    /// The layout of any plot with two axes.
    pub fn laid_out(x: Scale, y: Scale, along: Measure, upward: Measure, size: Size) -> Self {
        let zone = match along {
            Measure::Clock(zone) if time_ticks::tells([x.lo, x.hi, 0.0]) => zone.over(x.lo, x.hi),
            _ => String::new(),
        };
        // Also where times are too far away for a clock: the plot stays as it is while somebody zooms.
        let below = if matches!(along, Measure::Clock(_)) { BOTTOM + ZONE } else { BOTTOM };
        let height = (size.height - TOP - below).max(20.0);
        let y_ticks = ticks(&y, upward, (height / 45.0).round().max(2.0) as usize);
        let left = (widest(&y_ticks).ceil() + LABEL_GAP + 4.0).max(30.0);
        let x_ticks = ticks(&x, along, if size.width < WIDE { 5 } else { 10 });
        Self { size, left, top: TOP, width: (size.width - left - RIGHT).max(20.0), height, x, y, x_ticks, y_ticks, zone, note: "" }
    }

    /// The same layout with so many pixels free above it.
    pub fn moved_down(mut self, by: f64) -> Self {
        self.top += by;
        self.size.height += by;
        self
    }

    /// The room to the right of the plot.
    pub fn right(&self) -> f64 {
        RIGHT
    }

    /// The place of an x or y value; NaN when it has none on its scale.
    pub fn px(&self, x: f64) -> f64 {
        self.left + self.x.at(x) * self.width
    }

    pub fn py(&self, y: f64) -> f64 {
        self.top + (1.0 - self.y.at(y)) * self.height
    }

    /// The value at a place.
    pub fn x_at(&self, px: f64) -> f64 {
        self.x.back((px - self.left) / self.width)
    }

    pub fn y_at(&self, py: f64) -> f64 {
        self.y.back(1.0 - (py - self.top) / self.height)
    }

    /// The lower edge of the plot.
    pub fn bottom(&self) -> f64 {
        self.top + self.height
    }

    /// The base lines of the labels of the x axis, and of a label of the y axis beside a place.
    pub fn x_label_base(&self) -> f64 {
        self.bottom() + 15.0
    }

    /// The base line of the last text below the plot that belongs to the x axis.
    pub fn x_axis_base(&self) -> f64 {
        if self.zone.is_empty() { self.x_label_base() } else { self.zone_base() }
    }

    /// The base line of the zone's name, which ends where the plot does.
    pub fn zone_base(&self) -> f64 {
        self.x_label_base() + ZONE + 1.0
    }

    /// The room below the plot.
    pub fn below(&self) -> f64 {
        self.size.height - self.bottom()
    }

    pub fn y_label_base(&self, py: f64) -> f64 {
        py + FONT_SIZE * 0.36
    }

    /// On which side of its place a label of the x axis stands: near the ends they lean inward, so that none leaves the chart. By the share of the axis, since the server does not know the width.
    pub fn anchor(&self, tick: &Tick) -> TextAnchor {
        /// The narrowest plot.
        const NARROW: f64 = 270.0;
        let (share, half) = (self.x.at(tick.at), width(&tick.label) / 2.0);
        if half > RIGHT + (1.0 - share) * NARROW {
            TextAnchor::End
        } else if half > self.left + share * NARROW {
            TextAnchor::Start
        } else {
            TextAnchor::Middle
        }
    }
}

/// Where a window, of a link perhaps, has nothing of the series in it. "Show all" is the button above the plot.
const OUTSIDE: &str = "Nothing is drawn here. Show all.";

fn why_empty(ask: &Ask, curves: &[Curve]) -> &'static str {
    let mut columns = curves.iter().flat_map(|curve| curve.columns).peekable();
    if ask.all_hidden {
        "All series are hidden. Show one by its name below."
    } else if columns.peek().is_none() {
        if ask.window.is_some() && !curves.is_empty() { OUTSIDE } else { "No points yet." }
    } else if ask.scale == Kind::Log && columns.any(|column| column.min <= 0.0) {
        "Nothing here is above 0. Choose the linear y axis."
    } else if ask.window.is_some() {
        OUTSIDE
    } else {
        "No finite value yet, only NaN or ∞."
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(points: &[(f64, f64)]) -> Vec<Column> {
        points.iter().map(|(x, y)| Column::point(*x, *y)).collect()
    }

    fn frame(ask: &Ask, points: &[(f64, f64)], width: f64) -> Frame {
        let columns = columns(points);
        Frame::new(ask, &[Curve { columns: &columns, ..Curve::default() }], Size { width, height: 240.0 })
    }

    #[test]
    fn the_width_decides_nothing_but_the_width() {
        let points = [(0.0, 0.5), (1000.0, 2.5)];
        let (narrow, usual) = (frame(&Ask::default(), &points, 340.0), frame(&Ask::default(), &points, NOMINAL_WIDTH));
        assert_eq!(Frame { size: usual.size, width: usual.width, ..narrow.clone() }, usual);
        assert_eq!((narrow.left + narrow.width + narrow.right(), narrow.top + narrow.height), (340.0, narrow.bottom()));
    }

    #[test]
    fn places_and_values_are_inverse() {
        for scale in [Kind::Linear, Kind::Log] {
            let frame = frame(&Ask { scale, ..Ask::default() }, &[(0.0, 0.5), (10.0, 50.0)], 500.0);
            assert!((frame.x_at(frame.px(3.0)) - 3.0).abs() < 1e-9 && (frame.y_at(frame.py(7.0)) - 7.0).abs() < 1e-9);
            assert!(frame.py(50.0) > frame.top && frame.py(0.5) < frame.bottom());
        }
    }

    #[test]
    fn only_what_is_in_the_window_sets_the_range() {
        let points = [(0.0, 1e6), (5.0, 1.0), (6.0, f64::INFINITY), (7.0, 2.0), (9.0, f64::NAN)];
        let shown = frame(&Ask { window: Some((5.0, 9.0)), ..Ask::default() }, &points, 500.0);
        assert!((shown.y.lo, shown.y.hi) == (0.96, 2.04) && (shown.x.lo, shown.x.hi) == (5.0, 9.0), "{shown:?}");
    }

    #[test]
    fn a_constant_is_drawn_and_of_nothing_no_axis_is_made_up() {
        let told = |scale, points: &[(f64, f64)]| {
            let frame = frame(&Ask { scale, ..Ask::default() }, points, 500.0);
            assert!(frame.x.lo < frame.x.hi && frame.y.lo < frame.y.hi, "{points:?} {frame:?}");
            assert_eq!(frame.note.is_empty(), frame.y_ticks.len() >= 2, "{points:?} {frame:?}");
            (frame.note, frame.x_ticks.is_empty())
        };
        let below = [(0.0, -1.0), (1.0, -1.0)];
        assert_eq!(told(Kind::Linear, &[(3.0, 7.0)]), ("", false));
        assert_eq!(told(Kind::Linear, &below), ("", false));
        assert_eq!(told(Kind::Log, &below), ("Nothing here is above 0. Choose the linear y axis.", false));
        assert_eq!(told(Kind::Log, &[(3.0, f64::NAN)]), ("No finite value yet, only NaN or ∞.", false));
        assert_eq!(told(Kind::Linear, &[]), ("No points yet.", true));
        let hidden = Frame::new(&Ask { all_hidden: true, ..Ask::default() }, &[], Size { width: 400.0, height: 200.0 });
        assert!(hidden.note.starts_with("All series are hidden.") && hidden.x_ticks.is_empty() && hidden.y_ticks.is_empty());
    }

    #[test]
    fn ends_of_doubles_and_rounding_have_axes_that_can_be_read() {
        let labels = |ticks: &[Tick]| ticks.iter().filter(|tick| !tick.label.is_empty()).count();
        for scale in [Kind::Linear, Kind::Log] {
            let of = |points: &[(f64, f64)]| frame(&Ask { scale, ..Ask::default() }, points, 500.0);
            for points in [
                [(0.0, 0.3), (1.0, 0.1 + 0.2)],
                [(0.0, 1e-308), (1.0, 1.0)],
                [(0.0, 5e-324), (1.0, 1.7e308)],
                [(0.0, 1.7e308), (1.0, if scale == Kind::Log { 1.0 } else { -1.7e308 })],
                [(-1.7e308, 0.5), (1.7e308, 0.6)],
                [(0.3, 0.5), (0.1 + 0.2, 0.6)],
            ] {
                let told = of(&points);
                assert!(told.note.is_empty() && (2..=8).contains(&labels(&told.y_ticks)), "{points:?} {told:?}");
                assert!((2..=8).contains(&labels(&told.x_ticks)), "{points:?} {told:?}");
                for (x, y) in points {
                    let (px, py) = (told.px(x), told.py(y));
                    assert!(
                        py >= told.top && py <= told.bottom() + 1e-9 && (told.left - 1e-9..=500.0).contains(&px),
                        "{points:?} {told:?}"
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
        let shown = |window, scale, points: &[(f64, f64)]| frame(&Ask { window: Some(window), scale, ..Ask::default() }, points, 500.0);
        let linear = shown((25.0, 75.0), Kind::Linear, &points);
        assert!((linear.y.lo - 1.46).abs() < 1e-9 && (linear.y.hi - 2.54).abs() < 1e-9 && linear.note.is_empty(), "{linear:?}");
        let log = shown((25.0, 75.0), Kind::Log, &[(0.0, 1.0), (100.0, 16.0)]);
        assert!((log.y.at(2.0) - 0.04 / 1.08).abs() < 1e-9 && (log.y.at(8.0) - 1.04 / 1.08).abs() < 1e-9, "{log:?}");
        assert!(!shown((100.1, 100.2), Kind::Linear, &points).note.is_empty(), "no line leads to what is no number");
        assert!(!shown((40.0, 60.0), Kind::Linear, &[(100.0, 3.0), (0.0, 1.0)]).note.is_empty(), "nor back");
        let smoothed = [(0.0, 5.0), (100.0, 9.0)];
        let columns = columns(&points);
        let curves = [Curve { columns: &columns, smoothed: &smoothed, ..Curve::default() }];
        let both = Frame::new(&Ask { window: Some((25.0, 75.0)), ..Ask::default() }, &curves, Size { width: 500.0, height: 200.0 });
        assert!(both.y.lo < 1.5 && both.y.hi > 8.0);
    }
}
