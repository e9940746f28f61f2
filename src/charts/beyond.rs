//! Says how far values reach beyond the ends of the y axis.

use super::display_list::{Ink, Shape, Shapes, Text, TextAnchor, X};
use super::layout::PlotLayout;
use super::text_metrics::format_significant;

const DIGITS: i32 = 4;

pub fn draw_beyond(plot: &mut Shapes, unit: &str, layout: &PlotLayout) {
    let text = |value: f64| format_significant(value, DIGITS) + unit;
    let below = layout.beyond[0].map(|low| ("↓ down to ".to_owned() + &text(low), layout.bottom() - 6.0));
    let above = layout.beyond[1].map(|high| ("↑ up to ".to_owned() + &text(high), layout.top + 12.0));
    for (text, y) in below.into_iter().chain(above) {
        let text = Text::new(Ink::Text, TextAnchor::Start, X { share: 0.0, px: 4.0 }, y, text);
        plot.push(Shape::Text(Text { has_halo: true, ..text }));
    }
}
