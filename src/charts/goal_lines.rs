//! Goal lines: horizontal lines at values that the curves are compared with, each with a label at its right end.

use super::display_list::{Ink, Shape, Shapes, Text, TextAnchor, X};
use super::layout::PlotLayout;
use super::names::shorten_name;
use super::text_metrics::format_number;
use crate::protocol::GoalLine;

/// The room for a label, in CSS pixels.
const LABEL_ROOM: f64 = 200.0;
/// Labels that are nearer to one before them, in CSS pixels, are left out.
const LABEL_HEIGHT: f64 = 13.0;

/// The label of a line with its value.
fn goal_text(line: &GoalLine, unit: &str) -> String {
    let value = format_number(line.y) + if unit.is_empty() || unit == "%" { "" } else { "\u{202f}" } + unit;
    if line.label.is_empty() { value } else { [line.label.as_str(), " ", &value].concat() }
}

/// The dashes of a goal line, which tell it from axes and grid.
const DASH: usize = 1;

/// The lines within the axis.
fn within<'a>(layout: &'a PlotLayout, lines: &'a [GoalLine]) -> impl Iterator<Item = (&'a GoalLine, f64)> {
    let is_in = move |line: &&GoalLine| line.y >= layout.y.lo && line.y <= layout.y.hi;
    lines.iter().filter(is_in).map(move |line| (line, layout.py(line.y).floor() + 0.5))
}

/// The lines, beneath the curves.
pub fn draw_goal_lines(plot: &mut Shapes, layout: &PlotLayout, lines: &[GoalLine]) {
    within(layout, lines).for_each(|(_, y)| plot.dashed_rule(Ink::Text, DASH, (0.0, y), (1.0, y)));
}

/// Their labels, over the curves: each above its line, or below it at the upper edge.
pub fn draw_goal_labels(plot: &mut Shapes, layout: &PlotLayout, lines: &[GoalLine], unit: &str) {
    let mut taken: Vec<f64> = Vec::new();
    for (line, y) in within(layout, lines) {
        let base = if y - LABEL_HEIGHT < layout.top { y + 12.0 } else { y - 4.0 };
        if taken.iter().any(|other| (other - base).abs() < LABEL_HEIGHT) {
            continue;
        }
        taken.push(base);
        let whole = goal_text(line, unit);
        let text = Text::new(Ink::Text, TextAnchor::End, X { share: 1.0, px: -4.0 }, base, shorten_name(&whole, LABEL_ROOM));
        plot.push(Shape::Text(Text { has_plate: true, whole, ..text }));
    }
}

/// The lines in words, after a blank; empty without any.
pub fn summarize_goal_lines(lines: &[GoalLine], unit: &str) -> String {
    let texts: Vec<String> = lines.iter().map(|line| goal_text(line, unit)).collect();
    if texts.is_empty() { String::new() } else { [" Goal lines: ", &texts.join("; "), "."].concat() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charts::{ChartOptions, SeriesView, Size};
    use crate::protocol::AxisScale;
    use crate::series::Column;

    fn lines(list: &[(f64, &str)]) -> Vec<GoalLine> {
        list.iter().map(|(y, label)| GoalLine { y: *y, label: (*label).into() }).collect()
    }

    fn layout(options: &ChartOptions) -> PlotLayout {
        let columns = [Column::point(0.0, 1.0), Column::point(10.0, 2.0)];
        let curves = [SeriesView { columns: &columns, ..SeriesView::default() }];
        PlotLayout::new(options, &curves, Size { width: 640.0, height: 300.0 })
    }

    #[test]
    fn the_axis_has_room_for_goal_lines_unless_its_ends_are_fixed() {
        let goals = lines(&[(4.0, "target"), (-1.0, "")]);
        let shown = |options: ChartOptions| {
            let layout = layout(&options);
            let mut plot = Shapes::default();
            draw_goal_lines(&mut plot, &layout, &goals);
            draw_goal_labels(&mut plot, &layout, &goals, "");
            let texts: Vec<String> =
                plot.0.iter().filter_map(|shape| if let Shape::Text(text) = shape { Some(text.text.clone()) } else { None }).collect();
            (texts, plot.0.len())
        };
        let options = ChartOptions { goal_lines: &goals, ..ChartOptions::default() };
        assert_eq!(shown(options.clone()), (vec!["target 4".to_owned(), "-1".to_owned()], 4));
        let log = ChartOptions { y_scale: AxisScale::Log, ..options.clone() };
        assert_eq!(shown(log), (vec!["target 4".to_owned()], 2), "below 0 is no place of a logarithmic axis");
        let mut fixed = options;
        fixed.y_bounds.ends = [Some(0.0), Some(3.0)];
        assert_eq!(shown(fixed), (Vec::new(), 0));
    }

    #[test]
    fn labels_do_not_overlap_and_stay_in_the_plot() {
        let goals = lines(&[(2.0, "a"), (2.001, "b"), (1.5, "c")]);
        let mut options = ChartOptions { goal_lines: &goals, ..ChartOptions::default() };
        options.y_bounds.ends = [Some(1.0), Some(2.001)];
        let layout = layout(&options);
        let mut plot = Shapes::default();
        draw_goal_labels(&mut plot, &layout, &goals, "s");
        let texts: Vec<(&str, f64)> = plot
            .0
            .iter()
            .filter_map(|shape| if let Shape::Text(text) = shape { Some((text.text.as_str(), text.y)) } else { None })
            .collect();
        assert_eq!(texts.iter().map(|(text, _)| *text).collect::<Vec<_>>(), ["a 2\u{202f}s", "c 1.5\u{202f}s"]);
        assert!(texts.iter().all(|(_, y)| *y > layout.top && *y < layout.bottom()), "{texts:?}");
        assert_eq!(summarize_goal_lines(&goals[..1], "%"), " Goal lines: a 2%.");
    }
}
