//! Draws marks on a line chart: dashed vertical lines beneath the curves, each with a flag at its top, and their texts.

use super::display_list::{Glyph, Shape, Shapes, Text, TextAnchor, X};
use super::event_marks::{EventMark, marks_within};
use super::ink::Ink;
use super::layout::PlotLayout;
use super::names::shorten_name;
use super::text_metrics::text_width;

/// The most room for the text of a mark, in CSS pixels, and as a share of the plot.
const TEXT_ROOM: f64 = 140.0;
const TEXT_SHARE: f64 = 0.35;
/// The dashes of a mark, which tell it from axes and crosshair.
const DASH: usize = 2;
const FLAG_WIDTH: f64 = 8.0;
const FLAG: [(f64, f64); 3] = [(0.0, 0.0), (FLAG_WIDTH, 4.0), (0.0, 8.0)];
/// A text with less room is left out, in CSS pixels.
const LEAST_ROOM: f64 = 40.0;
/// Between a line and its text: the flag stands there.
const GAP: f64 = 12.0;
/// What plate and gap take beside a text.
const BESIDE: f64 = GAP + 4.0;

/// The lines and their flags.
pub fn draw_event_marks(plot: &mut Shapes, layout: &PlotLayout, marks: &[EventMark]) {
    for mark in marks_within(marks, (layout.x.lo, layout.x.hi)) {
        let share = layout.x.normalize(mark.x);
        plot.dashed_rule(mark.ink, DASH, (share, layout.top), (share, layout.bottom()));
        plot.marker(mark.ink, Glyph::Polygon(&FLAG), share, layout.top);
    }
}

/// The texts in a plot that is so wide: each beside its line, cut where the next flag takes its room.
pub fn draw_event_texts(plot: &mut Shapes, layout: &PlotLayout, marks: &[EventMark], plot_width: f64) {
    let shown = marks_within(marks, (layout.x.lo, layout.x.hi));
    let places: Vec<f64> = shown.iter().map(|mark| layout.x.normalize(mark.x)).collect();
    let most = TEXT_ROOM.min(TEXT_SHARE * plot_width);
    // Where the text before ends.
    let mut taken = 0.0;
    for (at, mark) in shown.into_iter().enumerate() {
        let (share, left) = (places[at], places[at] * plot_width);
        let after = places.get(at + 1).map_or(plot_width, |next| next * plot_width) - left - BESIDE;
        // The last ones have no room behind them.
        let before = left - taken - BESIDE;
        let is_before = after < LEAST_ROOM.max(text_width(&mark.text).min(most)) && at + 1 == places.len();
        let room = if is_before { before } else { after }.min(most);
        taken = left + FLAG_WIDTH;
        if room < LEAST_ROOM {
            continue;
        }
        let text = shorten_name(&mark.text, room);
        // The flag points to the right.
        let (anchor, px) = if is_before { (TextAnchor::End, -5.0) } else { (TextAnchor::Start, GAP) };
        if !is_before {
            taken = left + text_width(&text) + BESIDE;
        }
        let text = Text::new(Ink::Muted, anchor, X { share, px }, layout.top + 10.0, text);
        plot.push(Shape::Text(Text { has_plate: true, whole: mark.text.clone(), ..text }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charts::event_marks::MAX_DRAWN_MARKS;
    use crate::charts::layout::NARROW_PLOT;
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
        let share = |shape: &Shape| if let Shape::Rule { from, dash: DASH, .. } = shape { Some(from.0.share) } else { None };
        let shares: Vec<f64> = plot.0.iter().filter_map(share).collect();
        assert_eq!((shares.len(), plot.0.len()), (MAX_DRAWN_MARKS, 2 * MAX_DRAWN_MARKS), "each has a flag");
        assert!(shares.is_sorted() && shares.iter().all(|share| (0.0..=1.0).contains(share)), "{shares:?}");
        assert_eq!(shares.last(), Some(&1.0), "the newest");
    }

    #[test]
    fn texts_do_not_overlap_and_stay_in_the_plot() {
        let drawn = |marks: &[EventMark], width: f64| {
            let mut plot = Shapes::default();
            draw_event_texts(&mut plot, &layout(), marks, width);
            let text = |shape| if let Shape::Text(text) = shape { Some((text.x.share, text.anchor, text.text)) } else { None };
            plot.0.into_iter().filter_map(text).collect::<Vec<_>>()
        };
        let text = |share, anchor| (share, anchor, "new rate".to_owned());
        // The first one has no room beside the flag of the second, the last one none after it.
        let marks = [at(10.0), at(11.0), at(60.0), at(100.0), at(101.0)];
        let wide = [text(0.11, TextAnchor::Start), text(0.6, TextAnchor::Start), text(1.0, TextAnchor::End)];
        assert_eq!(drawn(&marks, 600.0), wide);
        let close = drawn(&[at(10.0), at(35.0), at(100.0)], NARROW_PLOT);
        assert!(close[0].0 == 0.1 && close[0].2.chars().count() < 8 && close[0].2.contains('…'), "cut before the next flag: {close:?}");
        let long = [EventMark { text: "the learning rate falls to a tenth".into(), ..at(10.0) }];
        let [wide, narrow] = [600.0, NARROW_PLOT].map(|width| drawn(&long, width)[0].2.chars().count());
        assert!(narrow < wide && wide < 34, "{narrow} {wide}");
    }
}
