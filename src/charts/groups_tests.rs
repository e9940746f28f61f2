use super::*;
use crate::charts::display_list::{Path, Window};
use crate::charts::palette::Theme;
use crate::charts::render::svg::svg;
use crate::charts::{AllHidden, CanvasSize, ChartCanvas, ChartOptions, LineChart, SeriesStyle, Size};
use crate::protocol::AxisScale;

const SIZE: Size = Size { width: 640.0, height: 240.0 };

fn column(x: f64, line: f64, half: f64, n: u32) -> GroupColumn {
    GroupColumn { x, line, low: line - half, high: line + half, n, nan: 0, ended: 0, interpolated: 0 }
}

fn group(index: u32, columns: &[GroupColumn]) -> SeriesView<'_> {
    let style = SeriesStyle { colour: index as usize % 8, dash: 0 };
    SeriesView { slot: index as usize, style, group: Some(GroupView { columns, runs: 5, index }), ..SeriesView::default() }
}

fn layout(options: &ChartOptions, curves: &[SeriesView]) -> PlotLayout {
    PlotLayout::new(options, curves, SIZE)
}

#[test]
fn a_band_sets_the_range_from_three_members_on() {
    let range = |n: u32, half: f64| {
        let columns = [column(0.0, -1.0, half, n), column(10.0, 2.0, half, n)];
        let layout = layout(&ChartOptions::default(), &[group(0, &columns)]);
        (layout.y.lo < -2.0, layout.y.hi > 3.0)
    };
    assert_eq!(
        [range(5, 10.0), range(3, 10.0), range(2, 10.0), range(1, f64::NAN)],
        [(true, true), (true, true), (false, false), (false, false)]
    );
}

#[test]
fn a_few_wide_bands_do_not_squeeze_the_lines() {
    let columns = |line: f64, half: f64| (0..40).map(|x| column(f64::from(x), line, half, 3)).collect::<Vec<_>>();
    let groups = [columns(0.9, 0.02), columns(0.8, 0.03), columns(0.7, 0.02), columns(0.6, 0.02), columns(0.5, 1.2)];
    let curves: Vec<_> = (0..).zip(&groups).map(|(index, columns)| group(index, columns)).collect();
    let whole = layout(&ChartOptions::default(), &curves);
    assert!(whole.y.lo > 0.4 && whole.y.hi < 1.0, "{whole:?}");
    let window = layout(&ChartOptions { window: Some((10.2, 10.7)), ..ChartOptions::default() }, &curves);
    assert!(window.y.lo > 0.4 && window.y.hi < 1.0, "between two places, too: {window:?}");
    let alone = layout(&ChartOptions::default(), &curves[4..]);
    assert!(alone.y.hi > 1.7 && alone.y.lo == 0.0, "most of the bands are seen: {alone:?}");
}

#[test]
fn no_band_takes_the_axis_over_zero_where_no_line_is() {
    let range = |line: f64| {
        let columns = [column(0.0, line, 3.0, 3), column(10.0, 2.0 * line, 3.0, 3)];
        let y = layout(&ChartOptions::default(), &[group(0, &columns)]).y;
        (y.lo, y.hi)
    };
    let ((loss, top), (bottom, log_likelihood)) = (range(1.0), range(-1.0));
    assert_eq!((loss, log_likelihood), (0.0, 0.0));
    assert!(top > 4.9 && bottom < -4.9);
    let (near, _) = range(0.01);
    assert!(near > -0.001, "no lower than the lines alone: {near}");
}

#[test]
fn the_band_is_cut_where_it_is_drawn() {
    let columns = [column(0.0, 1.0, 0.5, 5), column(5.0, 1.0, 100.0, 2), column(10.0, 1.0, 0.5, 5)];
    let curves = [group(0, &columns)];
    let layout = layout(&ChartOptions::default(), &curves);
    assert!(layout.y.hi < 2.0, "{layout:?}");
    let band = &build_bands(&layout, &curves, layout.width, layout.height)[0];
    let (top, bottom) = (band.path[1], band.path[4]);
    assert!(top.1 < -1000.0 && bottom.1 > 1000.0 && top.0 == bottom.0, "its place is the true one: {band:?}");
    assert_eq!(band.path.len(), 7, "there and back, and the pen is lifted");
}

#[test]
fn on_a_logarithmic_axis_the_part_below_zero_is_clipped() {
    let columns = [column(0.0, 1.0, 0.5, 5), column(5.0, 1.0, 3.0, 5), column(10.0, 1.0, 0.5, 5)];
    let curves = [group(0, &columns)];
    let layout = layout(&ChartOptions { y_scale: AxisScale::Log, ..ChartOptions::default() }, &curves);
    assert!(layout.y.lo > 0.4 && layout.y.hi > 4.0, "{layout:?}");
    let band = &build_bands(&layout, &curves, layout.width, layout.height)[0];
    assert!(band.path[..6].iter().all(|(x, y)| x.is_finite() && y.is_finite()) && band.path[4].1 > layout.height, "{band:?}");
}

#[test]
fn one_member_has_no_band_and_a_gap_in_the_band_ends_it() {
    let single = [column(0.0, 1.0, f64::NAN, 1), column(1.0, 2.0, f64::NAN, 1)];
    let broken = [
        column(0.0, 1.0, 0.1, 5),
        column(1.0, 1.0, 0.1, 5),
        column(2.0, 1.0, f64::NAN, 1),
        column(3.0, 1.0, 0.1, 5),
        column(4.0, 1.0, 0.1, 5),
    ];
    let curves = [group(0, &single), group(1, &broken)];
    let layout = layout(&ChartOptions::default(), &curves);
    let bands = build_bands(&layout, &curves, layout.width, layout.height);
    assert_eq!(bands.len(), 1);
    assert_eq!(bands[0].path.split(|point| point.0.is_nan()).map(<[_]>::len).collect::<Vec<_>>(), [4, 4, 0]);
}

#[test]
fn the_line_is_thin_where_members_are_missing_and_its_parts_meet() {
    let n = [4, 5, 5, 5, 3, 3, 5, 5];
    let columns: Vec<_> = (0..).zip(n).map(|(x, n)| column(f64::from(x), 1.0, 0.1, n)).collect();
    let curves = [group(0, &columns)];
    let layout = layout(&ChartOptions::default(), &curves);
    let mut layers = Vec::new();
    // A unit of the plot is a step.
    let transform = PlotTransform { x: &layout.x, y: &layout.y, width: 7.0, height: 50.0, snap: false };
    push_layers(&curves[0], &curves[0].group.unwrap(), &transform, &mut layers);
    let runs = |layer: &Layer| {
        let run = |run: &[(f64, f64)]| (run[0].0.round(), run[run.len() - 1].0.round());
        layer.path.split(|point| point.0.is_nan()).map(run).collect::<Vec<_>>()
    };
    assert_eq!((layers[0].width, runs(&layers[0])), (2.0, vec![(1.0, 3.0), (6.0, 7.0)]));
    assert_eq!((layers[1].width, runs(&layers[1])), (1.0, vec![(0.0, 1.0), (3.0, 6.0)]));
    let bold = SeriesView { emphasis: Emphasis::Bold, ..curves[0] };
    layers.clear();
    push_layers(&bold, &bold.group.unwrap(), &transform, &mut layers);
    assert_eq!(layers.iter().map(|layer| layer.width).collect::<Vec<_>>(), [3.0, 1.5]);
}

#[test]
fn a_place_without_a_value_breaks_the_line() {
    let mut columns: Vec<_> = (0..6).map(|x| column(f64::from(x), 1.0, 0.1, 5)).collect();
    columns[3] = GroupColumn { line: f64::NAN, low: f64::NAN, high: f64::NAN, n: 5, ..columns[3] };
    let curves = [group(0, &columns)];
    let layout = layout(&ChartOptions::default(), &curves);
    let layers = crate::charts::build_layers(&layout, &curves, layout.width, layout.height);
    assert_eq!(layers[0].path.split(|point| point.0.is_nan()).map(<[_]>::len).collect::<Vec<_>>(), [3, 2]);
}

#[test]
fn plates_count_who_is_left_where_members_stop() {
    let mut columns: Vec<_> = (0..100).map(|x| column(f64::from(x), 1.0, 0.1, 5)).collect();
    for (from, ended) in [(40, 1), (41, 2), (80, 3)] {
        columns[from..].iter_mut().for_each(|column| (column.n, column.ended) = (5 - ended, ended));
    }
    // A value that is no number is no end.
    (columns[20].n, columns[20].nan) = (4, 1);
    let curves = [group(0, &columns)];
    let layout = layout(&ChartOptions::default(), &curves);
    let plates = place_plates(&layout, &curves[0].group.unwrap());
    assert_eq!(plates.iter().map(|(x, _, left)| (layout.x_at(*x).round(), *left)).collect::<Vec<_>>(), [(40.0, 3), (80.0, 2)]);
    let mut shapes = Shapes::default();
    draw_marks(&mut shapes, &layout, &[SeriesView { style: SeriesStyle { colour: 0, dash: 1 }, ..curves[0] }]);
    assert_eq!(shapes, Shapes::default(), "the dashed line of another split has none");
}

/// A chart of `count` groups, the last of which is at the top.
fn chart(count: u32) -> Vec<Vec<GroupColumn>> {
    (0..count).map(|index| (0..50).map(|x| column(f64::from(x), f64::from(index) + 1.0, 0.2, 5)).collect()).collect()
}

#[test]
fn letters_stand_at_the_ends_from_three_groups_on_or_where_colours_come_again() {
    let letters = |indices: &[u32]| {
        let columns = chart(indices.len() as u32);
        let curves: Vec<_> = indices.iter().zip(&columns).map(|(index, columns)| group(*index, columns)).collect();
        let layout = layout(&ChartOptions::default(), &curves);
        let letters = place_letters(&layout, &curves);
        assert_eq!(layout.right > 20.0, !letters.is_empty());
        assert!(letters.windows(2).all(|pair| pair[1].1 - pair[0].1 >= 11.5 - 1e-9));
        letters.into_iter().map(|(letter, _)| letter).collect::<Vec<_>>().join("")
    };
    assert_eq!([letters(&[0]), letters(&[0, 1]), letters(&[0, 8]), letters(&[0, 1, 2])], ["", "", "ia", "cba"]);
    let all: Vec<u32> = (0..50).collect();
    assert_eq!(letters(&all).len(), 18, "as many as there is room for, and 'aa' has two");
}

#[test]
fn a_picture_has_bands_lines_plates_and_letters() {
    let mut columns = chart(3);
    columns[1][30..].iter_mut().for_each(|column| (column.n, column.ended) = (4, 1));
    let curves: Vec<_> = (0..).zip(&columns).map(|(index, columns)| SeriesView { name: "lr", ..group(index, columns) }).collect();
    let options = ChartOptions { all_hidden: AllHidden::No, ..ChartOptions::default() };
    for size in [CanvasSize::Fixed { width: 640.0, height: 300.0 }, CanvasSize::Fluid { height: 240.0 }] {
        let canvas = ChartCanvas { size, theme: Theme::Light, title: String::new() };
        let list = LineChart { options: &options, series: &curves, legend: None, method: "", left_out: 0 }.draw(&canvas);
        let window = list.plot.0.iter().find_map(|shape| if let Shape::Window(window) = shape { Some(window) } else { None });
        let Some(Window { paths, .. }) = window else { panic!("no plot") };
        let areas = paths.iter().take_while(|path| matches!(path, Path::Area(_))).count();
        let strokes = paths.iter().filter(|path| matches!(path, Path::Stroke(_))).count();
        assert_eq!((areas, strokes), (3, 4), "bands lie beneath all lines");
        let texts = list.texts();
        assert!(["a", "b", "c", "4"].iter().all(|text| texts.contains(text)), "{texts:?}");
        assert!(list.coordinates().iter().all(|number| number.is_finite()));
        let document = svg(&list, &canvas);
        assert_eq!((document.matches("fill-opacity=\"0.16\"").count(), document.matches("class=\"b s1\"").count()), (3, 1));
    }
}
