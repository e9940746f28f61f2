//! A line chart as SVG: what the page shows before its script, what `GET /values/:id.svg` answers, and what is exported.

use super::layout::{Ask, Curve, Frame, NOMINAL_WIDTH, Size};
use super::legend::{EDGE, ROW, draw_entry, legend};
use super::markers::{Kind, marks};
use super::names::shortened;
use super::palette::{Theme, dash};
use super::polyline::Path;
use super::range::x_range;
use super::render::svg::{Place, Svg, coordinate, escaped, push_coordinate};
use super::scale::Scale;
use super::strokes::layers;
use super::text_metrics::number;
use super::time_ticks::tells;
use crate::protocol::{XAxis, YScale as Curved};
use crate::series::Column;

/// How a chart is put on its sheet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sheet<'a> {
    pub place: Place,
    pub theme: Theme,
    /// Whether the names of the series stand under the plot. The page writes them itself. The height includes them.
    pub legend: bool,
    /// What the chart is called; told to screen readers, and drawn above a plot with a legend.
    pub title: &'a str,
    /// How many series are shown but not drawn, because there are too many; told in the drawing.
    pub left_out: usize,
}

const HEADLINE: f64 = 20.0;

/// The chart as a whole SVG document. Its size grows with the number of columns, never with that of points.
pub fn line(ask: &Ask, curves: &[Curve], sheet: &Sheet) -> String {
    let left_out = match sheet.left_out {
        0 => String::new(),
        more => format!("{} of {} series are drawn.", curves.len(), curves.len() + more),
    };
    let mut svg = Svg::new(sheet.place, sheet.theme, sheet.title, format!("{} {left_out}", summary(ask, curves)).trim_end());
    let (whole, room) = match sheet.place {
        Place::Fixed { width, height } => (Size { width, height }, width),
        // Names are set for the narrowest tile.
        Place::Fluid { height } => (Size { width: NOMINAL_WIDTH, height }, 320.0),
    };
    let rows = if sheet.legend { legend(curves, room - 2.0 * EDGE, whole.height / 3.0) } else { Vec::new() };
    let headline = if sheet.legend && !sheet.title.is_empty() { HEADLINE } else { 0.0 };
    let below = if rows.is_empty() { 0.0 } else { rows.len() as f64 * ROW + 6.0 };
    let frame = Frame::new(ask, curves, Size { height: whole.height - below - headline, ..whole });
    if headline > 0.0 {
        svg.raw(&format!(
            "<text class=\"k h\" x=\"{EDGE}\" y=\"16\">{}</text><g transform=\"translate(0 {headline})\">",
            // Its letters are a little larger than those of the width.
            escaped(&shortened(sheet.title, (room - 2.0 * EDGE) * 0.75))
        ));
    }
    svg.plot(frame.left, frame.right());
    axes(&mut svg, &frame, ask.scale == Curved::Log);
    lines(&mut svg, &frame, curves);
    draw_marks(&mut svg, &frame, curves);
    if !frame.note.is_empty() {
        svg.text("t", super::Anchor::Middle, 0.5, 0.0, frame.top + frame.height / 2.0, frame.note);
    }
    if !left_out.is_empty() {
        svg.text("k w", super::Anchor::End, 1.0, -4.0, frame.top + 12.0, &left_out);
    }
    svg.end_plot();
    for (row, entries) in rows.iter().enumerate() {
        let y = frame.size.height + ROW * row as f64 + 12.0;
        for entry in entries {
            draw_entry(&mut svg, entry, y);
        }
    }
    if headline > 0.0 {
        svg.raw("</g>");
    }
    svg.finish()
}

/// A grid line for each tick, thinner marks for those without a label, the base line, and the labels.
pub fn axes(svg: &mut Svg, frame: &Frame, log: bool) {
    for tick in &frame.y_ticks {
        let y = crisp(frame.py(tick.at));
        if tick.label.is_empty() {
            svg.raw(&format!("<path class=\"a\" d=\"M-3 {}h3\"/>", coordinate(y)));
            continue;
        }
        svg.line("g", (0.0, y), (1.0, y));
        svg.text("t", super::Anchor::End, 0.0, -super::layout::LABEL_GAP, frame.y_label_base(frame.py(tick.at)), &tick.label);
    }
    for tick in &frame.x_ticks {
        let share = frame.x.at(tick.at).clamp(0.0, 1.0);
        svg.line("g", (share, frame.top), (share, frame.bottom() + 3.0));
        svg.text("t", frame.anchor(tick), share, 0.0, frame.x_label_base(), &tick.label);
    }
    if !frame.zone.is_empty() {
        svg.text("t", super::Anchor::End, 1.0, 0.0, frame.zone_base(), &frame.zone);
    }
    // A logarithmic axis has no zero to stand on.
    let y = crisp(frame.bottom());
    svg.line(if log { "g" } else { "a" }, (0.0, y), (1.0, y));
}

/// The middle of a pixel row, where a hairline is one pixel.
fn crisp(y: f64) -> f64 {
    y.floor() + 0.5
}

fn lines(svg: &mut Svg, frame: &Frame, curves: &[Curve]) {
    svg.window(frame.top, frame.height);
    for layer in layers(frame, curves, svg.window_width(), frame.height) {
        let class = svg.slot('s', layer.slot);
        let opacity = if layer.alpha < 1.0 { format!(" stroke-opacity=\"{}\"", coordinate(layer.alpha)) } else { String::new() };
        let dashes: Vec<_> = dash(layer.slot).iter().map(|length| coordinate(*length)).collect();
        // Round ends would fill the gaps.
        let dashes =
            if dashes.is_empty() { String::new() } else { format!(" stroke-dasharray=\"{}\" stroke-linecap=\"butt\"", dashes.join(" ")) };
        let (line, dots) = commands(&layer.path);
        for (path, width, dashes) in [(line, layer.width, dashes.as_str()), (dots, layer.width * super::render::raster::DOT, "")] {
            if !path.is_empty() {
                let width = coordinate(width);
                svg.raw(&format!(
                    "<path class=\"c {class}\" vector-effect=\"non-scaling-stroke\" stroke-width=\"{width}\"{opacity}{dashes} d=\"{path}\"/>"
                ));
            }
        }
    }
    svg.end_window();
}

/// Path data of the runs, and of those of a single point as lines without length, which round ends make dots. One decimal.
fn commands(path: &Path) -> (String, String) {
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

fn draw_marks(svg: &mut Svg, frame: &Frame, curves: &[Curve]) {
    for mark in marks(frame, curves) {
        let mut shape = String::new();
        for (corner, (x, y)) in mark.kind.shape().iter().enumerate() {
            shape.push(if corner == 0 { 'M' } else { 'L' });
            push_coordinate(&mut shape, *x);
            shape.push(' ');
            push_coordinate(&mut shape, *y);
        }
        shape.push('Z');
        let class = svg.slot('f', mark.slot) + " o";
        svg.shape(&class, (mark.x - frame.left) / frame.width, mark.y, &shape);
    }
}

/// The chart in words: its series with their newest value and range, what is no number among them. The text that stands for the picture.
pub fn summary(ask: &Ask, curves: &[Curve]) -> String {
    /// More than a listener can follow.
    const TOLD: usize = 8;
    let mut text = match (curves.len(), ask.along) {
        (0, _) if ask.all_hidden => return "All series are hidden.".into(),
        (0, _) => return "No points yet.".into(),
        (1, XAxis::Step) => "1 series over steps.".to_owned(),
        (n, XAxis::Step) => n.to_string() + " series over steps.",
        (n, XAxis::Relative) => n.to_string() + " series over time.",
        (n, XAxis::Wall) => {
            let x = ask.window.map_or_else(|| x_range(curves), |(from, to)| Scale::linear(from, to));
            let zone = if tells([x.lo, x.hi, 0.0]) { ask.zone.over(x.lo, x.hi) } else { "in seconds since 1970".to_owned() };
            n.to_string() + " series over time, " + &zone + "."
        }
    };
    for curve in curves.iter().take(TOLD) {
        let (mut low, mut high, mut odd) = (f64::INFINITY, f64::NEG_INFINITY, [0_u64; 3]);
        // The neighbours of a window, to which the line leads, are not in it.
        let is_in = |column: &&Column| ask.window.is_none_or(|(from, to)| column.x_max >= from && column.x_min <= to);
        for column in curve.columns.iter().filter(is_in) {
            (low, high) = (low.min(column.min), high.max(column.max));
            odd = [odd[0] + column.nan, odd[1] + column.pos_inf, odd[2] + column.neg_inf];
        }
        text = text + " " + curve.name + ": ";
        let Some(last) = curve.columns.iter().rfind(is_in) else {
            text.push_str(if curve.columns.is_empty() { "no points." } else { "no points here." });
            continue;
        };
        text = text + "last " + &number(last.last);
        if low <= high {
            text = text + ", lowest " + &number(low) + ", highest " + &number(high);
        }
        for (kind, count) in [Kind::Nan, Kind::PosInf, Kind::NegInf].into_iter().zip(odd) {
            if count > 0 {
                text = text + ", " + &count.to_string() + " times " + kind.name();
            }
        }
        if !ask.unit.is_empty() {
            text = text + ", in " + ask.unit;
        }
        text.push('.');
    }
    if curves.len() > TOLD {
        text = text + " And " + &(curves.len() - TOLD).to_string() + " more.";
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charts::markers::Mark;
    use crate::charts::zone::Zone;

    fn wave(count: usize) -> Vec<Column> {
        (0..count).map(|i| Column::point(i as f64, (i as f64 / 9.0).sin() + 2.0)).collect()
    }

    fn sheet(place: Place) -> Sheet<'static> {
        Sheet { place, theme: Theme::Light, legend: true, title: "a < b & \"c\"", left_out: 0 }
    }

    const FIXED: Place = Place::Fixed { width: 640.0, height: 300.0 };

    /// The names of all elements, in order; fails where one is not closed, or closed by another.
    fn elements(document: &str) -> Vec<String> {
        let (mut open, mut all) = (Vec::new(), Vec::new());
        for tag in document.split('<').skip(1) {
            let (tag, _) = tag.split_once('>').expect("each tag ends");
            if let Some(name) = tag.strip_prefix('/') {
                assert_eq!(open.pop().as_deref(), Some(name));
                continue;
            }
            let name = tag.split([' ', '/']).next().unwrap().to_owned();
            all.push(name.clone());
            if !tag.ends_with('/') {
                open.push(name);
            }
        }
        assert!(open.is_empty());
        all
    }

    #[test]
    fn names_are_text_and_the_document_is_whole() {
        let columns = wave(50);
        let curves = [Curve { name: "</text><script>alert(1)</script>", columns: &columns, ..Curve::default() }];
        for place in [FIXED, Place::Fluid { height: 200.0 }] {
            let document = line(&Ask::default(), &curves, &sheet(place));
            let elements = elements(&document);
            assert!(!elements.iter().any(|name| name == "script") && elements.iter().any(|name| name == "path"));
            assert!(document.contains("<title>a &lt; b &amp; &quot;c&quot;</title>") && document.contains("&lt;script&gt;"));
        }
    }

    #[test]
    fn a_fixed_document_needs_no_style_of_a_browser() {
        let columns = wave(50);
        let curves = [Curve { name: "loss", columns: &columns, ..Curve::default() }];
        let document = line(&Ask::default(), &curves, &sheet(FIXED));
        assert!(!document.contains("calc(") && document.matches('%').count() == 2, "the ground is all that is told in per cent");
        let fluid = line(&Ask::default(), &curves, &sheet(Place::Fluid { height: 200.0 }));
        assert!(fluid.contains("width=\"calc(100% - ") && !fluid.contains("class=\"b\""));
    }

    #[test]
    fn the_size_follows_the_columns_not_the_points() {
        let few = wave(300);
        let many: Vec<_> = few
            .iter()
            .map(|column| {
                let mut sum = *column;
                (1..1000)
                    .for_each(|i| sum.merge(&Column::point(column.x_first + f64::from(i) / 1000.0, (f64::from(i * 7919 % 1000)) / 300.0)));
                sum
            })
            .collect();
        let size = |columns: &[Column]| line(&Ask::default(), &[Curve { name: "loss", columns, ..Curve::default() }], &sheet(FIXED)).len();
        assert!(size(&many) < 300 * 40 + 4000, "{}", size(&many));
    }

    #[test]
    fn every_mark_is_in_the_document() {
        let mut columns = wave(20);
        columns[5] = Column::point(5.0, f64::NAN);
        columns[9] = Column::point(9.0, f64::INFINITY);
        let curves = [Curve { name: "loss", columns: &columns, ..Curve::default() }];
        let frame = Frame::new(&Ask::default(), &curves, Size { width: 640.0, height: 200.0 });
        let kinds: Vec<_> = marks(&frame, &curves).iter().map(|Mark { kind, .. }| *kind).collect();
        assert_eq!(kinds, [Kind::Nan, Kind::PosInf]);
        let document = line(&Ask::default(), &curves, &Sheet { legend: false, ..sheet(FIXED) });
        assert_eq!(document.matches("class=\"f0 o\"").count(), 2);
        assert!(document.contains("1 times NaN, 1 times ∞."), "{document}");
    }

    #[test]
    fn a_window_tells_of_what_is_in_it() {
        let columns = [(0.0, 1.0), (100.0, 3.0), (200.0, 9.0)].map(|(x, y)| Column::point(x, y));
        let curves = [Curve { name: "loss", columns: &columns, ..Curve::default() }];
        let told = |window| summary(&Ask { window, ..Ask::default() }, &curves);
        assert_eq!(told(None), "1 series over steps. loss: last 9, lowest 1, highest 9.");
        assert_eq!(told(Some((50.0, 150.0))), "1 series over steps. loss: last 3, lowest 3, highest 3.");
        assert_eq!(told(Some((20.0, 60.0))), "1 series over steps. loss: no points here.");
        let wall = Ask { along: XAxis::Wall, zone: Zone::fixed(60), ..Ask::default() };
        assert!(summary(&wall, &curves).starts_with("1 series over time, UTC+01:00. loss: "));
    }

    #[test]
    fn no_finite_place_and_no_value_is_too_far_to_be_drawn() {
        let far = [f64::MIN, -1.7e308, -1e18, -1e11, -1.0, -5e-324, 0.0, f64::MIN_POSITIVE, 0.5, 1.7e9, 1e12, 9.3e18, 1e300, f64::MAX];
        let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
        let mut seed = 3_u64;
        let mut pick = |list: &[f64]| {
            seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            match list.get((seed >> 33) as usize % (list.len() + 1)) {
                Some(one) => *one,
                None => Some(f64::from_bits(seed)).filter(|number| number.is_finite()).unwrap_or(1.0),
            }
        };
        let values: Vec<f64> = far.iter().chain(&odd).copied().collect();
        for round in 0..6000 {
            let mut columns: Vec<Column> = (0..1 + round % 5).map(|_| Column::point(pick(&far), pick(&values))).collect();
            if round % 2 == 0 {
                let more = Column::point(pick(&far), pick(&values));
                columns[0].merge(&more);
            }
            let smoothed = if round % 3 == 0 { columns.iter().map(|column| (column.x_last, column.mean())).collect() } else { Vec::new() };
            let curves = [Curve { name: "loss", columns: &columns, smoothed: &smoothed, ..Curve::default() }];
            let (from, to) = (pick(&far), pick(&far));
            let ask = Ask {
                along: [XAxis::Step, XAxis::Relative, XAxis::Wall][round % 3],
                scale: [Curved::Linear, Curved::Log][round / 3 % 2],
                unit: ["", "s"][round % 2],
                window: (round % 4 == 0 && from < to).then_some((from, to)),
                origin: (round % 5 > 0).then(|| pick(&far)),
                zone: Zone::fixed(330),
                all_hidden: false,
            };
            for place in [FIXED, Place::Fluid { height: 200.0 }] {
                let document = line(&ask, &curves, &sheet(place));
                assert!(document.len() < 40_000, "{ask:?} {columns:?}: {} bytes", document.len());
            }
            let frame = Frame::new(&ask, &curves, Size { width: 640.0, height: 200.0 });
            for tick in frame.x_ticks.iter().chain(&frame.y_ticks) {
                assert!(tick.at.is_finite() && tick.label.len() < 30, "{ask:?} {tick:?}");
            }
        }
    }
}
