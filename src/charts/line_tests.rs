//! Tests of line charts as display lists and SVG.

use super::*;
use crate::charts::markers::LineMarker;
use crate::charts::palette::Theme;
use crate::charts::render::svg::svg;
use crate::charts::time_zone::TimeZone;
use crate::charts::{AxisTitles, NamedSeries, YBounds, legend_items};
use crate::protocol::AxisScale;

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
            (1..1000).for_each(|i| sum.merge(&Column::point(column.x_first + f64::from(i) / 1000.0, (f64::from(i * 7919 % 1000)) / 300.0)));
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
fn names_leave_the_plot_its_room() {
    let columns = wave(20);
    let named: Vec<String> = (0..9).map(|at| format!("b {at} · 0.001 · 4 runs")).collect();
    let curves: Vec<_> =
        named.iter().enumerate().map(|(slot, name)| SeriesView { name, slot, columns: &columns, ..SeriesView::default() }).collect();
    let items = names(&curves);
    let options = ChartOptions::default();
    let chart = LineChart { options: &options, series: &curves, legend: Some(&items), method: "mean\ngroups by lr", left_out: 0 };
    let canvas = |height| ChartCanvas { size: CanvasSize::Fixed { width: 331.0, height }, theme: Theme::Light, title: String::new() };
    let plot = |list: DisplayList| {
        let texts = |list: &DisplayList| {
            list.margin
                .0
                .iter()
                .filter_map(|shape| if let Shape::Text(text) = shape { Some(text.text.clone()) } else { None })
                .collect::<Vec<_>>()
        };
        let window = list.plot.0.iter().find_map(|shape| if let Shape::Window(window) = shape { Some(window.height) } else { None });
        (window.unwrap(), texts(&list))
    };
    let (fixed, few) = plot(chart.draw(&canvas(205.0)));
    assert!(fixed > 80.0 && few.iter().any(|text| text.starts_with("+ ")), "{fixed} {few:?}");
    let (list, grown) = chart.draw_grown(&canvas(205.0));
    let (high, all) = plot(list);
    assert!(high > 165.0 && named.iter().all(|name| all.contains(name)), "{high} {all:?}");
    assert!(matches!(grown.size, CanvasSize::Fixed { width: 331.0, height } if height > 205.0), "{:?}", grown.size);
}

#[test]
fn a_grown_drawing_has_all_names_that_it_grew_for() {
    let columns = wave(20);
    let named: Vec<String> = (0..20).map(|at| format!("run {at:02} {}", "m".repeat(11))).collect();
    let curves: Vec<_> =
        named.iter().enumerate().map(|(slot, name)| SeriesView { name, slot, columns: &columns, ..SeriesView::default() }).collect();
    let items = names(&curves);
    let options = ChartOptions::default();
    let chart = LineChart { options: &options, series: &curves, legend: Some(&items), method: "", left_out: 0 };
    for (count, all) in [(4, true), (11, true), (20, true), (20, false)] {
        let height = if all { 400.0 } else { 100.0 };
        let chart = LineChart { series: &curves[..count], legend: Some(&items[..count]), ..chart };
        let canvas = ChartCanvas { size: CanvasSize::Fixed { width: 331.0, height }, theme: Theme::Light, title: String::new() };
        let (list, grown) = chart.draw_grown(&canvas);
        let texts = list.texts();
        let shown = named.iter().filter(|name| texts.contains(&name.as_str())).count();
        assert_eq!(shown == count, all, "{count}: {texts:?}");
        assert_eq!(texts.iter().any(|text| text.starts_with("+ ")), !all);
        let window =
            list.plot.0.iter().find_map(|shape| if let Shape::Window(window) = shape { Some(window.height) } else { None }).unwrap();
        assert!(grown.size.height() <= 2.0 * height && window > 0.8 * height - 30.0, "{window}");
    }
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
        let (plain, titled) =
            (ChartOptions { x_axis: along, ..ChartOptions::default() }, ChartOptions { x_axis: along, titles, ..ChartOptions::default() });
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
fn a_logarithmic_x_axis_shows_what_is_above_0_and_says_so() {
    let columns: Vec<Column> = (0..=1000).map(|x| Column::point(f64::from(x), f64::from(x) + 1.0)).collect();
    let curves = [SeriesView { columns: &columns, ..SeriesView::default() }];
    let drawn = |options: &ChartOptions| {
        let canvas = ChartCanvas { size: FIXED, theme: Theme::Light, title: String::new() };
        LineChart { options, series: &curves, legend: None, method: "", left_out: 0 }.draw(&canvas)
    };
    let log = ChartOptions { x_scale: AxisScale::Log, ..ChartOptions::default() };
    let layout = PlotLayout::new(&log, &curves, Size { width: 640.0, height: 300.0 });
    assert_eq!((layout.x.lo, layout.x.hi, layout.is_cut_at_zero), (1.0, 1000.0, true));
    assert!((layout.px(10.0) - layout.left - layout.width / 3.0).abs() < 1e-9);
    let list = drawn(&log);
    let texts = list.texts();
    assert!(["1", "10", "100", "1000", "← steps up to 0 are not shown"].iter().all(|text| texts.contains(text)), "{texts:?}");
    assert!(list.coordinates().iter().all(|place| place.is_finite()));
    let zoomed = drawn(&ChartOptions { window: Some((10.0, 100.0)), ..log.clone() });
    assert!(!zoomed.texts().iter().any(|text| text.contains("not shown")));
    let early = [Column::point(-1.0, 2.0), Column::point(0.0, 3.0)];
    let nothing = [SeriesView { columns: &early, ..SeriesView::default() }];
    let layout = PlotLayout::new(&log, &nothing, Size { width: 640.0, height: 300.0 });
    assert_eq!(layout.note, "Nothing here has a place above 0. Choose the linear x axis.");
    // A pointer over the plot reads a point that has a place.
    let layout = PlotLayout::new(&log, &curves, Size { width: 640.0, height: 300.0 });
    let hit = crate::charts::hit_test::hit_test(&layout, &curves, &[], (layout.left + 1.0, 150.0)).unwrap();
    assert!(hit.x >= 1.0 && hit.x < 3.0, "{hit:?}");
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
            y_scale: [AxisScale::Linear, AxisScale::Log][round / 3 % 2],
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
