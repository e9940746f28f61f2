//! Draws marks on a line chart: thin vertical lines beneath the curves, and their texts.

use super::display_list::{Ink, Shape, Shapes, Text, TextAnchor, X};
use super::event_marks::{EventMark, marks_within};
use super::layout::PlotLayout;
use super::names::shorten_name;
use super::text_metrics::text_width;

/// The room for the text of a mark, in CSS pixels.
const TEXT_ROOM: f64 = 140.0;

/// The lines.
pub fn draw_event_marks(plot: &mut Shapes, layout: &PlotLayout, marks: &[EventMark]) {
    for mark in marks_within(marks, (layout.x.lo, layout.x.hi)) {
        let share = layout.x.normalize(mark.x);
        plot.rule(mark.ink, (share, layout.top), (share, layout.bottom()));
    }
}

/// The texts, where nobody can point at the lines: each beside its line, unless the one before takes its room.
pub fn draw_event_texts(plot: &mut Shapes, layout: &PlotLayout, marks: &[EventMark]) {
    let mut end = f64::NEG_INFINITY;
    for mark in marks_within(marks, (layout.x.lo, layout.x.hi)) {
        let text = shorten_name(&mark.text, TEXT_ROOM);
        let (left, width) = (layout.px(mark.x), text_width(&text) + 8.0);
        let is_before = left + width > layout.left + layout.width;
        let from = if is_before { left - width } else { left };
        if from < end {
            continue;
        }
        end = from + width;
        let (anchor, px) = if is_before { (TextAnchor::End, -4.0) } else { (TextAnchor::Start, 4.0) };
        let place = X { share: layout.x.normalize(mark.x), px };
        let text = Text { has_halo: true, whole: mark.text.clone(), ..Text::new(Ink::Muted, anchor, place, layout.top + 12.0, text) };
        plot.push(Shape::Text(text));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charts::event_marks::MAX_DRAWN_MARKS;
    use crate::charts::{ChartOptions, SeriesView, Size};
    use crate::series::Column;

    fn at(x: f64) -> EventMark {
        EventMark { x, ink: Ink::Axis, text: "new rate".into() }
    }

    fn layout() -> PlotLayout {
        let columns: Vec<Column> = (0..=100).map(|x| Column::point(f64::from(x), f64::from(x))).collect();
        PlotLayout::new(
            &ChartOptions::default(),
            &[SeriesView { columns: &columns, ..SeriesView::default() }],
            Size { width: 640.0, height: 300.0 },
        )
    }

    #[test]
    fn lines_are_within_the_range_and_bounded() {
        let marks: Vec<EventMark> = (0..1000).map(|step| at(f64::from(step) / 2.0)).collect();
        let mut plot = Shapes::default();
        draw_event_marks(&mut plot, &layout(), &marks);
        assert_eq!(plot.0.len(), MAX_DRAWN_MARKS);
        let shares: Vec<f64> =
            plot.0.iter().map(|shape| if let Shape::Rule { from, .. } = shape { from.0.share } else { f64::NAN }).collect();
        assert!(shares.is_sorted() && shares.iter().all(|share| (0.0..=1.0).contains(share)), "{shares:?}");
        assert_eq!(shares.last(), Some(&1.0), "the newest");
    }

    #[test]
    fn texts_do_not_overlap_and_stay_in_the_plot() {
        let mut plot = Shapes::default();
        draw_event_texts(&mut plot, &layout(), &[at(10.0), at(11.0), at(60.0), at(100.0), at(101.0)]);
        let texts: Vec<(f64, TextAnchor)> = plot
            .0
            .iter()
            .filter_map(|shape| if let Shape::Text(text) = shape { Some((text.x.share, text.anchor)) } else { None })
            .collect();
        assert_eq!(texts, [(0.1, TextAnchor::Start), (0.6, TextAnchor::Start), (1.0, TextAnchor::End)]);
    }
}
