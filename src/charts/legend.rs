//! The names of a line chart's series: under the plot of a drawing, and how much room the page's own legend has.

use super::display_list::{Ink, Shape, Shapes, Text, TextAnchor, X};
use super::names::shorten_names;
use super::series_style::SeriesStyle;
use super::series_view::SeriesView;
use super::text_metrics::text_width;

/// The height of a row of names, in CSS pixels.
pub const ROW: f64 = 16.0;
/// The gap at both ends of a row.
pub const EDGE: f64 = 10.0;
const SWATCH: f64 = 16.0;

/// The widest name in the page's legend, at the size of text in a chart: two of them have room in most tiles.
const MAX_LABEL_WIDTH: f64 = 165.0;

/// The names as the page's legend shows them.
pub fn legend_labels<S: AsRef<str>>(names: &[S]) -> Vec<String> {
    shorten_names(names, MAX_LABEL_WIDTH)
}

/// How many names the page's legend has before somebody asks for all: more than its two rows take.
pub const MAX_FOLDED_NAMES: usize = 60;

/// Names that are together wider than this have two rows in the page, in CSS pixels: those of most tiles have this room.
const MAX_ONE_ROW_WIDTH: f64 = 420.0;

/// Whether the page keeps two rows for these names, as they are [`legend_labels`]. They alone decide, not the width of the tile, so that nothing moves when the page wakes.
pub fn needs_two_rows<'a>(names: impl Iterator<Item = &'a str>) -> bool {
    names.map(|name| SWATCH + 24.0 + text_width(name)).sum::<f64>() > MAX_ONE_ROW_WIDTH
}

/// A name under the plot and where it stands.
pub struct LegendName {
    x: f64,
    /// `None` for the rest that had no room.
    style: Option<SeriesStyle>,
    text: String,
    /// The whole name where the text is a part of it.
    whole: String,
}

/// Names in rows `room` wide, together at most `high`; what does not fit is counted at the end.
pub fn lay_out_legend(curves: &[SeriesView], room: f64, high: f64) -> Vec<Vec<LegendName>> {
    let most = ((high / ROW).floor() as usize).max(1);
    let mut rows: Vec<Vec<LegendName>> = vec![Vec::new()];
    let mut x = 0.0;
    let names: Vec<&str> = curves.iter().map(|curve| curve.name).collect();
    let short = shorten_names(&names, (room - SWATCH - 4.0).min(2.0 * MAX_LABEL_WIDTH));
    for (index, (curve, text)) in curves.iter().zip(short).enumerate() {
        let wide = SWATCH + 4.0 + text_width(&text) + 14.0;
        let rest = curves.len() - index;
        // The last row keeps room for the number of those that are left.
        let keep = if rows.len() == most && rest > 1 { 60.0 } else { 0.0 };
        if x > 0.0 && x + wide - 14.0 + keep > room {
            if rows.len() == most {
                rows[most - 1].push(LegendName { x: EDGE + x, style: None, text: format!("and {rest} more"), whole: String::new() });
                break;
            }
            rows.push(Vec::new());
            x = 0.0;
        }
        if let Some(row) = rows.last_mut() {
            let whole = if text == curve.name { String::new() } else { curve.name.to_owned() };
            row.push(LegendName { x: EDGE + x, style: Some(curve.style), text, whole });
        }
        x += wide;
    }
    rows.retain(|row| !row.is_empty());
    rows
}

/// `y` is the base line of the name.
pub fn draw_entry(margin: &mut Shapes, entry: LegendName, y: f64) {
    let mut x = entry.x;
    if let Some(style) = entry.style {
        margin.push(Shape::Swatch { style, x, width: SWATCH, y: y - 4.0 });
        x += SWATCH + 4.0;
    }
    let text = Text::new(Ink::Muted, TextAnchor::Start, X::px(x), y, entry.text);
    margin.push(Shape::Text(Text { whole: entry.whole, ..text }));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::series::Column;

    #[test]
    fn a_legend_leaves_the_plot_its_room() {
        let columns: Vec<_> = (0..5).map(|at| Column::point(f64::from(at), 1.0)).collect();
        let names: Vec<_> = (0..200).map(|i| format!("a series with quite a long name {i}")).collect();
        let curves: Vec<_> =
            names.iter().enumerate().map(|(slot, name)| SeriesView { name, slot, columns: &columns, ..SeriesView::default() }).collect();
        let rows = lay_out_legend(&curves, 600.0, 100.0);
        assert_eq!(rows.len(), 6);
        let named = rows.iter().flatten().filter(|entry| entry.style.is_some()).count();
        assert_eq!(rows[5].last().unwrap().text, format!("and {} more", 200 - named));
        assert!(rows.iter().flatten().all(|entry| entry.x + text_width(&entry.text) < 640.0));
    }
}
