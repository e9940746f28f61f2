//! A line chart as a display list: what the page shows before its script, what `GET /values/:id.svg` answers, and what is exported. The
//! page uses its axes and markers, and draws the lines themselves as pixels.

use super::beyond::draw_beyond;
use super::canvas::{CanvasSize, ChartCanvas};
use super::display_list::{DisplayList, Glyph, Ink, Marker, Path, Shape, Shapes, Text, TextAnchor, Window, X};
use super::event_marks::summarize_marks;
use super::groups::{self, build_bands};
use super::layout::{AllHidden, ChartOptions, LABEL_GAP, NOMINAL_WIDTH, PlotLayout, Size};
use super::legend::{EDGE, LegendItem, ROW, draw_entry, lay_out_legend};
use super::mark_lines::{draw_event_marks, draw_event_texts};
use super::markers::{LineMarker, MarkerKind, place_markers};
use super::names::shorten_name;
use super::range::x_range;
use super::scale::Scale;
use super::series_view::SeriesView;
use super::strokes::build_layers;
use super::text_metrics::format_number;
use super::ticks::is_representable;
use crate::protocol::XAxis;
use crate::series::Column;

/// A line chart with all that is around its lines.
#[derive(Clone, Copy, Debug)]
pub struct LineChart<'a> {
    pub options: &'a ChartOptions<'a>,
    pub series: &'a [SeriesView<'a>],
    /// The names below the plot; with them the title stands above it. `None`: the page writes both itself. The height includes them.
    pub legend: Option<&'a [LegendItem]>,
    /// How the lines of groups are made and what they show, as lines below the names; empty for none.
    pub method: &'a str,
    /// How many series are not drawn, because there are too many; a text in the chart says so.
    pub left_out: usize,
}

const HEADLINE: f64 = 20.0;
const HEADLINE_SIZE: f64 = 13.0;
/// The height of the bar along a run of NaN, in CSS pixels.
const NAN_BAR: f64 = 2.0;

impl LineChart<'_> {
    /// Its size grows with the number of columns, never with that of points.
    pub fn draw(&self, canvas: &ChartCanvas) -> DisplayList {
        let Self { options, series, legend, method, left_out } = *self;
        let left_out = match left_out {
            0 => String::new(),
            more => format!("{} of {} series are drawn.", series.len(), series.len() + more),
        };
        let summary = format!("{} {left_out}", summarize(options, series)).trim_end().to_owned();
        let (whole, room) = match canvas.size {
            CanvasSize::Fixed { width, height } => (Size { width, height }, width),
            // Names are set for the narrowest tile.
            CanvasSize::Fluid { height } => (Size { width: NOMINAL_WIDTH, height }, 320.0),
        };
        let rows = legend.map_or_else(Vec::new, |items| lay_out_legend(items, room - 2.0 * EDGE, whole.height / 3.0));
        let headline = if legend.is_some() && !canvas.title.is_empty() { HEADLINE } else { 0.0 };
        let row_count = rows.len() + method.lines().count();
        let below = if row_count == 0 { 0.0 } else { row_count as f64 * ROW + 6.0 };
        let layout = PlotLayout::new(options, series, Size { height: whole.height - below - headline, ..whole }).shift_down(headline);
        let mut list = DisplayList { summary, left: layout.left, right: layout.right, ..DisplayList::default() };
        if headline > 0.0 {
            // Its letters are a little larger than those of the width.
            let title = shorten_name(&canvas.title, (room - 2.0 * EDGE) * 0.75);
            let title = Text::new(Ink::Text, TextAnchor::Start, X::px(EDGE), 16.0, title);
            list.margin.push(Shape::Text(Text { size: HEADLINE_SIZE, is_bold: true, ..title }));
        }
        draw_axes(&mut list.plot, options, &layout);
        let units = canvas.size.plot_units(layout.left, layout.right);
        let bands = build_bands(&layout, series, units, layout.height).into_iter().map(Path::Area);
        let strokes = build_layers(&layout, series, units, layout.height).into_iter().map(Path::Stroke);
        let paths = bands.chain(strokes).collect();
        list.plot.push(Shape::Window(Window { top: layout.top, height: layout.height, width: units, paths }));
        draw_markers(&mut list.plot, &layout, &place_markers(&layout, series));
        groups::draw_marks(&mut list.plot, &layout, series);
        draw_event_texts(&mut list.plot, &layout, if legend.is_some() { options.marks } else { &[] });
        if !left_out.is_empty() {
            let text = Text::new(Ink::Text, TextAnchor::End, X { share: 1.0, px: -4.0 }, layout.top + 12.0, left_out);
            list.plot.push(Shape::Text(Text { has_halo: true, ..text }));
        }
        for (row, entries) in rows.into_iter().enumerate() {
            let y = layout.size.height + ROW * row as f64 + 12.0;
            entries.into_iter().for_each(|entry| draw_entry(&mut list.margin, entry, y));
        }
        for (row, line) in (row_count - method.lines().count()..).zip(method.lines()) {
            let y = layout.size.height + ROW * row as f64 + 12.0;
            list.margin.text(Ink::Muted, TextAnchor::Start, X::px(EDGE), y, shorten_name(line, room - 2.0 * EDGE));
        }
        list
    }
}

/// A grid line for each tick, short strokes for those without a label, the base line, the labels, the titles, and the note where no
/// line is drawn.
pub fn draw_axes(plot: &mut Shapes, options: &ChartOptions, layout: &PlotLayout) {
    for tick in &layout.y_ticks {
        let y = layout.py(tick.at);
        if tick.label.is_empty() {
            plot.marker(Ink::Axis, Glyph::Tick { length: 3.0 }, 0.0, crisp(y));
            continue;
        }
        plot.rule(Ink::Grid, (0.0, crisp(y)), (1.0, crisp(y)));
        plot.text(Ink::Muted, TextAnchor::End, X::px(-LABEL_GAP), layout.y_label_baseline(y), tick.label.as_str());
    }
    for tick in &layout.x_ticks {
        let share = layout.x.normalize(tick.at).clamp(0.0, 1.0);
        plot.rule(Ink::Grid, (share, layout.top), (share, layout.bottom() + 3.0));
        plot.text(Ink::Muted, layout.tick_anchor(tick), X::share(share), layout.x_label_baseline(), tick.label.as_str());
    }
    draw_event_marks(plot, layout, options.marks);
    draw_beyond(plot, options.unit, layout);
    if !layout.zone.is_empty() {
        plot.text(Ink::Muted, TextAnchor::End, X::share(1.0), layout.zone_baseline(), layout.zone.as_str());
    }
    options.titles.draw(plot, layout.left, layout.top, layout.x_axis_baseline());
    // A logarithmic axis has no zero to stand on.
    let y = crisp(layout.bottom());
    plot.rule(if layout.y.log { Ink::Grid } else { Ink::Axis }, (0.0, y), (1.0, y));
    if !layout.note.is_empty() {
        plot.text(Ink::Muted, TextAnchor::Middle, X::share(0.5), layout.top + layout.height / 2.0, layout.note);
    }
}

/// The middle of a pixel row, where a hairline is one pixel.
fn crisp(y: f64) -> f64 {
    y.floor() + 0.5
}

/// Figures for what a line cannot show.
pub fn draw_markers(plot: &mut Shapes, layout: &PlotLayout, markers: &[LineMarker]) {
    for marker in markers {
        let ink = if marker.is_faint { Ink::Grid } else { Ink::Series(marker.colour) };
        let [share, to] = [marker.x, marker.to].map(|x| (x - layout.left) / layout.width);
        if to > share {
            plot.rect(ink, X::share(share), marker.y - 0.5 - NAN_BAR, X::share(to - share), NAN_BAR);
        }
        let glyph = Glyph::Polygon(marker.kind.shape());
        plot.push(Shape::Marker(Marker { ink, glyph, is_outlined: !marker.is_faint, share, y: marker.y }));
    }
}

/// The chart in words: its series with their newest value and range, what is no number among them. The text that stands for the picture.
pub fn summarize(options: &ChartOptions, curves: &[SeriesView]) -> String {
    /// More than a listener can follow.
    const MAX_SERIES: usize = 8;
    let x = options.window.map_or_else(|| x_range(curves), |(from, to)| Scale::linear(from, to));
    let mut text = match (curves.len(), options.x_axis) {
        (0, _) if options.all_hidden == AllHidden::Runs => return "All runs are hidden.".into(),
        (0, _) if options.all_hidden == AllHidden::NoMatch => return "No run matches the search.".into(),
        (0, _) if options.all_hidden == AllHidden::Series => return "All series are hidden.".into(),
        (0, _) => return "No points yet.".into(),
        (1, XAxis::Step) => "1 series over steps.".to_owned(),
        (n, XAxis::Step) => n.to_string() + " series over steps.",
        (n, XAxis::Relative) => n.to_string() + " series over time.",
        (n, XAxis::Wall) => {
            let zone = if is_representable([x.lo, x.hi, 0.0]) {
                options.zone.utc_offset_label(x.lo, x.hi)
            } else {
                "in seconds since 1970".to_owned()
            };
            n.to_string() + " series over time, " + &zone + "."
        }
    };
    text = text + &options.titles.summarize() + &summarize_marks(options.marks, options.x_axis, (x.lo, x.hi));
    for curve in curves.iter().take(MAX_SERIES) {
        let (mut low, mut high, mut odd) = (f64::INFINITY, f64::NEG_INFINITY, [0_u64; 3]);
        // The neighbours of a window, to which the line leads, are not in it.
        let is_in = |column: &&Column| options.window.is_none_or(|(from, to)| column.x_max >= from && column.x_min <= to);
        for column in curve.columns.iter().filter(is_in) {
            (low, high) = (low.min(column.min), high.max(column.max));
            odd = [odd[0] + column.nan, odd[1] + column.pos_inf, odd[2] + column.neg_inf];
        }
        text = text + " " + curve.name + ": ";
        if let Some(group) = &curve.group {
            text.push_str(&groups::summarize(group, options.window));
            continue;
        }
        let Some(last) = curve.columns.iter().rfind(is_in) else {
            text.push_str(if curve.columns.is_empty() { "no points." } else { "no points here." });
            continue;
        };
        text = text + "last " + &format_number(last.last);
        if low <= high {
            text = text + ", lowest " + &format_number(low) + ", highest " + &format_number(high);
        }
        for (kind, count) in [MarkerKind::Nan, MarkerKind::PosInf, MarkerKind::NegInf].into_iter().zip(odd) {
            if count > 0 {
                text = text + ", " + &count.to_string() + " times " + kind.name();
            }
        }
        if !options.unit.is_empty() {
            text = text + ", in " + options.unit;
        }
        text.push('.');
    }
    if curves.len() > MAX_SERIES {
        text = text + " And " + &(curves.len() - MAX_SERIES).to_string() + " more.";
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charts::markers::LineMarker;
    use crate::charts::palette::Theme;
    use crate::charts::render::svg::svg;
    use crate::charts::time_zone::TimeZone;
    use crate::charts::{AxisTitles, NamedSeries, YBounds, legend_items};
    use crate::protocol::YScale;

    fn wave(count: usize) -> Vec<Column> {
        (0..count).map(|i| Column::point(i as f64, (i as f64 / 9.0).sin() + 2.0)).collect()
    }

    const FIXED: CanvasSize = CanvasSize::Fixed { width: 640.0, height: 300.0 };

    fn names(series: &[SeriesView]) -> Vec<LegendItem> {
        let named = series.iter().map(|curve| NamedSeries { slot: curve.slot, owner: None, name: curve.name, style: curve.style });
        legend_items(named, false)
    }

    fn drawn(series: &[SeriesView], size: CanvasSize, has_legend: bool) -> String {
        let canvas = ChartCanvas { size, theme: Theme::Light, title: "a < b & \"c\"".to_owned() };
        let items = names(series);
        let legend = has_legend.then_some(items.as_slice());
        svg(&LineChart { options: &ChartOptions::default(), series, legend, method: "", left_out: 0 }.draw(&canvas), &canvas)
    }

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
        let curves = [SeriesView { name: "</text><script>alert(1)</script>", columns: &columns, ..SeriesView::default() }];
        for size in [FIXED, CanvasSize::Fluid { height: 200.0 }] {
            let document = drawn(&curves, size, true);
            let elements = elements(&document);
            assert!(!elements.iter().any(|name| name == "script") && elements.iter().any(|name| name == "path"));
            assert!(document.contains("<title>a &lt; b &amp; &quot;c&quot;</title>") && document.contains("&lt;script&gt;"));
        }
    }

    #[test]
    fn a_fixed_document_needs_no_style_of_a_browser() {
        let columns = wave(50);
        let curves = [SeriesView { name: "loss", columns: &columns, ..SeriesView::default() }];
        let document = drawn(&curves, FIXED, true);
        assert!(!document.contains("calc(") && document.matches('%').count() == 2, "only the background is sized in per cent");
        let fluid = drawn(&curves, CanvasSize::Fluid { height: 200.0 }, true);
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
        let size = |columns: &[Column]| drawn(&[SeriesView { name: "loss", columns, ..SeriesView::default() }], FIXED, true).len();
        assert!(size(&many) < 300 * 40 + 4000, "{}", size(&many));
    }

    #[test]
    fn every_mark_is_in_the_document() {
        let mut columns = wave(20);
        columns[5] = Column::point(5.0, f64::NAN);
        columns[9] = Column::point(9.0, f64::INFINITY);
        let curves = [SeriesView { name: "loss", columns: &columns, ..SeriesView::default() }];
        let layout = PlotLayout::new(&ChartOptions::default(), &curves, Size { width: 640.0, height: 200.0 });
        let kinds: Vec<_> = place_markers(&layout, &curves).iter().map(|LineMarker { kind, .. }| *kind).collect();
        assert_eq!(kinds, [MarkerKind::Nan, MarkerKind::PosInf]);
        let document = drawn(&curves, FIXED, false);
        assert_eq!(document.matches("class=\"f0 o\"").count(), 2);
        assert!(document.contains("1 times NaN, 1 times ∞."), "{document}");
    }

    #[test]
    fn each_line_of_the_method_has_a_row() {
        let columns = wave(20);
        let curves = [SeriesView { name: "loss", columns: &columns, ..SeriesView::default() }];
        let canvas = ChartCanvas { size: FIXED, theme: Theme::Light, title: String::new() };
        let items = names(&curves);
        let options = ChartOptions::default();
        let chart = |method| LineChart { options: &options, series: &curves, legend: Some(&items), method, left_out: 0 };
        let list = chart("mean of 3 runs\nsplit val").draw(&canvas);
        let base = |wanted: &str| {
            let texts = list.margin.0.iter().filter_map(|shape| if let Shape::Text(text) = shape { Some(text) } else { None });
            texts.filter(|text| text.text == wanted).map(|text| text.y).next().unwrap()
        };
        assert_eq!([base("mean of 3 runs") - base("loss"), base("split val") - base("mean of 3 runs")], [ROW, ROW]);
        assert!(base("split val") < 300.0);
    }

    #[test]
    fn titles_stand_beside_the_axes_and_are_in_the_summary() {
        let columns = [Column::point(0.0, 1.0), Column::point(100.0, 3.0)];
        let curves = [SeriesView { name: "loss", columns: &columns, ..SeriesView::default() }];
        for along in [XAxis::Step, XAxis::Wall] {
            let titles = AxisTitles { x: "epoch", y: "accuracy" };
            let (plain, titled) = (
                ChartOptions { x_axis: along, ..ChartOptions::default() },
                ChartOptions { x_axis: along, titles, ..ChartOptions::default() },
            );
            let size = Size { width: 640.0, height: 240.0 };
            let (before, layout) = (PlotLayout::new(&plain, &curves, size), PlotLayout::new(&titled, &curves, size));
            assert_eq!((layout.size, layout.top - before.top, before.bottom() - layout.bottom()), (size, 12.0, 16.0));
            let canvas = ChartCanvas { size: CanvasSize::Fluid { height: 240.0 }, theme: Theme::Page, title: String::new() };
            let list = LineChart { options: &titled, series: &curves, legend: None, method: "", left_out: 0 }.draw(&canvas);
            let base = |wanted: &str| {
                let texts = list.plot.0.iter().filter_map(|shape| if let Shape::Text(text) = shape { Some(text) } else { None });
                texts.filter(|text| text.text == wanted).map(|text| text.y).next().unwrap()
            };
            assert!(base("epoch") > layout.x_axis_baseline() + 11.0 && base("epoch") < 240.0, "{along:?}");
            assert!(base("accuracy") > 9.0 && base("accuracy") < layout.top, "{along:?}");
            assert!(list.summary.contains(". x axis: epoch, y axis: accuracy. loss: last 3"), "{}", list.summary);
        }
    }

    #[test]
    fn the_summary_covers_the_window_only() {
        let columns = [(0.0, 1.0), (100.0, 3.0), (200.0, 9.0)].map(|(x, y)| Column::point(x, y));
        let curves = [SeriesView { name: "loss", columns: &columns, ..SeriesView::default() }];
        let summary_of = |window| summarize(&ChartOptions { window, ..ChartOptions::default() }, &curves);
        assert_eq!(summary_of(None), "1 series over steps. loss: last 9, lowest 1, highest 9.");
        assert_eq!(summary_of(Some((50.0, 150.0))), "1 series over steps. loss: last 3, lowest 3, highest 3.");
        assert_eq!(summary_of(Some((20.0, 60.0))), "1 series over steps. loss: no points here.");
        let wall = ChartOptions { x_axis: XAxis::Wall, zone: TimeZone::fixed(60), ..ChartOptions::default() };
        assert!(summarize(&wall, &curves).starts_with("1 series over time, UTC+01:00. loss: "));
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
            let curves = [SeriesView { name: "loss", columns: &columns, smoothed: &smoothed, ..SeriesView::default() }];
            let (from, to) = (pick(&far), pick(&far));
            let options = ChartOptions {
                x_axis: [XAxis::Step, XAxis::Relative, XAxis::Wall][round % 3],
                y_scale: [YScale::Linear, YScale::Log][round / 3 % 2],
                unit: ["", "s"][round % 2],
                y_bounds: YBounds { ends: [None, (round % 7 == 0).then(|| pick(&far))], ignores_outliers: round % 5 == 0 },
                window: (round % 4 == 0 && from < to).then_some((from, to)),
                zone: TimeZone::fixed(330),
                titles: AxisTitles { x: ["", "epoch"][round % 2], y: ["", "loss"][round / 2 % 2] },
                ..ChartOptions::default()
            };
            for size in [FIXED, CanvasSize::Fluid { height: 200.0 }] {
                let canvas = ChartCanvas { size, theme: Theme::Light, title: String::new() };
                let items = names(&curves);
                let chart = LineChart { options: &options, series: &curves, legend: Some(&items), method: "", left_out: 0 };
                let document = svg(&chart.draw(&canvas), &canvas);
                assert!(document.len() < 40_000, "{options:?} {columns:?}: {} bytes", document.len());
            }
            let layout = PlotLayout::new(&options, &curves, Size { width: 640.0, height: 200.0 });
            for tick in layout.x_ticks.iter().chain(&layout.y_ticks) {
                assert!(tick.at.is_finite() && tick.label.len() < 30, "{options:?} {tick:?}");
            }
        }
    }
}
