//! Says how far values reach beyond the ends of the y axis, and that some places are not on a logarithmic x axis.

use super::chart_options::ChartOptions;
use super::display_list::{Ink, Shape, Shapes, Text, TextAnchor, X};
use super::layout::PlotLayout;
use super::names::shorten_name;
use super::text_metrics::format_significant;
use crate::protocol::XAxis;

const DIGITS: i32 = 4;
/// CSS pixels of the name of a metric.
const NAME_WIDTH: f64 = 120.0;

pub fn draw_beyond(plot: &mut Shapes, options: &ChartOptions, layout: &PlotLayout) {
    let text = |value: f64| format_significant(value, DIGITS) + options.unit;
    let below = layout.beyond[0].map(|low| ("↓ down to ".to_owned() + &text(low), layout.bottom() - 6.0));
    let above = layout.beyond[1].map(|high| ("↑ up to ".to_owned() + &text(high), layout.top + 12.0));
    let places = match options.x_axis {
        XAxis::Step => "← steps up to 0 are not shown",
        XAxis::Metric => "← values up to 0 are not shown",
        XAxis::Relative | XAxis::Wall => "← times up to 0 s are not shown",
    };
    let before = layout.is_cut_at_zero.then(|| places.to_owned());
    let (without, all) = layout.without_metric;
    let lacking = (without > 0 && without < all).then(|| without_metric(without, all, options.x_metric));
    // From the lower end upward.
    let first = if below.is_some() { 20.0 } else { 6.0 };
    let rows = [before, lacking].into_iter().flatten().zip(0..);
    let rows = rows.map(|(text, row)| (text, layout.bottom() - first - 14.0 * f64::from(row)));
    for (text, y) in below.into_iter().chain(above).chain(rows) {
        let text = Text::new(Ink::Text, TextAnchor::Start, X { share: 0.0, px: 4.0 }, y, text);
        plot.push(Shape::Text(Text { has_plate: true, ..text }));
    }
}

/// `2 of 5 curves have no epoch`.
fn without_metric(without: usize, all: usize, metric: &str) -> String {
    [&without.to_string(), " of ", &all.to_string(), " curves have no ", &shorten_name(metric, NAME_WIDTH)].concat()
}
