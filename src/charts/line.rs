//! A line chart as a display list: what the page shows before its script, what `GET /values/:id.svg` answers, and what is exported. The
//! page uses its axes and markers, and draws the lines themselves as pixels.

use super::beyond::draw_beyond;
use super::canvas::{CanvasSize, ChartCanvas};
use super::chart_options::{AllHidden, ChartOptions};
use super::display_list::{DisplayList, Glyph, Ink, Marker, Path, Shape, Shapes, Text, TextAnchor, Window, X};
use super::event_marks::summarize_marks;
use super::goal_lines::{draw_goal_labels, draw_goal_lines, summarize_goal_lines};
use super::groups::{self, build_bands};
use super::layout::{LABEL_GAP, NARROW_PLOT, NOMINAL_WIDTH, PlotLayout, Size};
use super::legend::{EDGE, LegendName, ROW, draw_entry, lay_out_legend};
use super::legend_item::LegendItem;
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

/// Of the height, what names and method may take together.
const MAX_BELOW: f64 = 0.45;
const HEADLINE: f64 = 20.0;
const HEADLINE_SIZE: f64 = 13.0;

impl LineChart<'_> {
    /// The drawing on a canvas that grows by what stands below the plot, so that many names leave the plot its size. At most twice as high.
    pub fn draw_grown(&self, canvas: &ChartCanvas) -> (DisplayList, ChartCanvas) {
        let CanvasSize::Fixed { width, height } = canvas.size else { return (self.draw(canvas), canvas.clone()) };
        let method = self.method.lines().count();
        let names = self.names(width, height - height_of_rows(method));
        let below = height_of_rows(names.len() + method).min(height);
        let grown = ChartCanvas { size: CanvasSize::Fixed { width, height: height + below }, ..canvas.clone() };
        (self.draw_with_names(&grown, names), grown)
    }

    /// Its size grows with the number of columns, never with that of points.
    pub fn draw(&self, canvas: &ChartCanvas) -> DisplayList {
        let height = canvas.size.height();
        let most = (height / 3.0).min(MAX_BELOW * height - ROW * self.method.lines().count() as f64);
        self.draw_with_names(canvas, self.names(text_room(canvas.size), most))
    }

    /// The rows of names, together at most `high`, on a canvas of this width.
    fn names(&self, width: f64, high: f64) -> Vec<Vec<LegendName>> {
        self.legend.map_or_else(Vec::new, |items| lay_out_legend(items, width - 2.0 * EDGE, high))
    }

    fn draw_with_names(&self, canvas: &ChartCanvas, rows: Vec<Vec<LegendName>>) -> DisplayList {
        let Self { options, series, legend, method, left_out } = *self;
        let left_out = match left_out {
            0 => String::new(),
            more => format!("{} of {} series are drawn.", series.len(), series.len() + more),
        };
        let summary = format!("{} {left_out}", summarize(options, series)).trim_end().to_owned();
        let (height, room) = (canvas.size.height(), text_room(canvas.size));
        let whole = match canvas.size {
            CanvasSize::Fixed { width, .. } => Size { width, height },
            CanvasSize::Fluid { .. } => Size { width: NOMINAL_WIDTH, height },
        };
        let headline = if legend.is_some() && !canvas.title.is_empty() { HEADLINE } else { 0.0 };
        let row_count = rows.len() + method.lines().count();
        let below = height_of_rows(row_count);
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
        let plot_width = if let CanvasSize::Fixed { .. } = canvas.size { layout.width } else { NARROW_PLOT };
        draw_annotations(&mut list.plot, options, &layout, plot_width);
        if !left_out.is_empty() {
            let text = Text::new(Ink::Text, TextAnchor::End, X { share: 1.0, px: -4.0 }, layout.top + 12.0, left_out);
            list.plot.push(Shape::Text(Text { has_plate: true, ..text }));
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

/// The width that texts are set for.
fn text_room(size: CanvasSize) -> f64 {
    match size {
        CanvasSize::Fixed { width, .. } => width,
        // The narrowest tile.
        CanvasSize::Fluid { .. } => 320.0,
    }
}

/// Of so many rows of text below the plot.
fn height_of_rows(rows: usize) -> f64 {
    if rows == 0 { 0.0 } else { rows as f64 * ROW + 6.0 }
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
        if tick.label.is_empty() {
            plot.rule(Ink::Axis, (share, layout.bottom()), (share, layout.bottom() + 3.0));
            continue;
        }
        plot.rule(Ink::Grid, (share, layout.top), (share, layout.bottom() + 3.0));
        plot.text(Ink::Muted, layout.tick_anchor(tick), X::share(share), layout.x_label_baseline(), tick.label.as_str());
    }
    draw_event_marks(plot, layout, options.marks);
    draw_goal_lines(plot, layout, options.goal_lines);
    draw_beyond(plot, options, layout);
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

/// The labels of goal lines and the texts of marks, over the curves. `plot_width`: what texts have room for.
pub fn draw_annotations(plot: &mut Shapes, options: &ChartOptions, layout: &PlotLayout, plot_width: f64) {
    draw_event_texts(plot, layout, options.marks, plot_width);
    draw_goal_labels(plot, layout, options.goal_lines, options.unit);
}

/// The middle of a pixel row, where a hairline is one pixel.
fn crisp(y: f64) -> f64 {
    y.floor() + 0.5
}

/// Figures for what a line cannot show.
pub fn draw_markers(plot: &mut Shapes, layout: &PlotLayout, markers: &[LineMarker]) {
    for marker in markers {
        let ink = if marker.is_faint { Ink::Grid } else { Ink::Series(marker.colour) };
        let share = (marker.x - layout.left) / layout.width;
        let glyph = Glyph::Polygon(marker.kind.shape());
        plot.push(Shape::Marker(Marker { ink, glyph, is_outlined: !marker.is_faint, share, y: marker.y }));
    }
}

/// The chart in words: its series with their newest value and range, what is no number among them. The text that stands for the picture.
pub fn summarize(options: &ChartOptions, curves: &[SeriesView]) -> String {
    /// More than a listener can follow.
    const MAX_SERIES: usize = 8;
    let x = options.window.map_or_else(|| x_range(curves, options.x_scale), |(from, to)| Scale::linear(from, to));
    let mut text = match (curves.len(), options.x_axis) {
        (0, _) if options.all_hidden == AllHidden::Runs => return "All runs are hidden.".into(),
        (0, _) if options.all_hidden == AllHidden::NoMatch => return "No run matches the search.".into(),
        (0, _) if options.all_hidden == AllHidden::Series => return "All series are hidden.".into(),
        (0, _) => return "No points yet.".into(),
        (n, XAxis::Metric) => [&n.to_string(), " series over ", options.x_metric, "."].concat(),
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
    text.push_str(&summarize_goal_lines(options.goal_lines, options.unit));
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
#[path = "line_tests.rs"]
mod tests;
