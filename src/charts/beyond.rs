//! Says how far values reach beyond the ends of the y axis, and that some places are not on a logarithmic x axis.

use super::display_list::{Ink, Shape, Shapes, Text, TextAnchor, X};
use super::layout::PlotLayout;
use super::text_metrics::format_significant;
use crate::protocol::XAxis;

const DIGITS: i32 = 4;

pub fn draw_beyond(plot: &mut Shapes, unit: &str, layout: &PlotLayout, x_axis: XAxis) {
    let text = |value: f64| format_significant(value, DIGITS) + unit;
    let below = layout.beyond[0].map(|low| ("↓ down to ".to_owned() + &text(low), layout.bottom() - 6.0));
    let above = layout.beyond[1].map(|high| ("↑ up to ".to_owned() + &text(high), layout.top + 12.0));
    let places = if x_axis == XAxis::Step { "← steps up to 0 are not shown" } else { "← times up to 0 s are not shown" };
    let y = layout.bottom() - if below.is_some() { 20.0 } else { 6.0 };
    let before = layout.is_cut_at_zero.then(|| (places.to_owned(), y));
    for (text, y) in below.into_iter().chain(above).chain(before) {
        let text = Text::new(Ink::Text, TextAnchor::Start, X { share: 0.0, px: 4.0 }, y, text);
        plot.push(Shape::Text(Text { has_plate: true, ..text }));
    }
}
