//! The names of a line chart's series in SVG: under the plot of a drawing, and alone for the page before its script.

use super::frame::Curve;
use super::palette::{Theme, dash};
use super::svg::{Place, Svg, coordinate, escaped};
use super::text::width;

/// The height of a row of names, in CSS pixels.
pub const ROW: f64 = 16.0;
/// The gap at both ends of a row.
pub const EDGE: f64 = 10.0;
const SWATCH: f64 = 16.0;

/// Names that are together wider than this have two rows in the page, in CSS pixels: those of most tiles have this room.
const SHORT: f64 = 420.0;

/// Whether the page keeps two rows for these names. They alone decide, not the width of the tile, so that nothing moves when the page wakes.
pub fn is_long<'a>(names: impl Iterator<Item = &'a str>) -> bool {
    names.map(|name| SWATCH + 24.0 + width(name)).sum::<f64>() > SHORT
}

/// The names alone, in the rows that the page keeps for them (of 30 CSS pixels); two are set for the narrowest tile.
/// `left_out`: how many more there are.
pub fn names(curves: &[Curve], left_out: usize) -> String {
    let mut svg = Svg::new(Place::Fluid { height: 60.0 }, Theme::Auto, "Series", "");
    let is_long = left_out > 0 || is_long(curves.iter().map(|curve| curve.name));
    let mut rows = if is_long { legend(curves, 280.0, 2.0 * ROW) } else { legend(curves, 2.0 * SHORT, ROW) };
    let told = rows.iter().flatten().filter(|entry| entry.slot.is_some()).count();
    if left_out > 0 {
        rows.iter_mut().for_each(|row| row.retain(|entry| entry.slot.is_some()));
        let text = format!("and {} more", curves.len() - told + left_out);
        // Where all that was given had room, the rest stands at the end of the last row, or beside it.
        let x = rows.last().and_then(|row| row.last()).map_or(EDGE, |entry| entry.x + SWATCH + 18.0 + width(&entry.text));
        rows.last_mut().into_iter().for_each(|row| row.push(Entry { x, slot: None, text: text.clone() }));
    }
    // Where the page's own legend begins.
    svg.raw("<g transform=\"translate(23 0)\">");
    for (row, entries) in rows.iter().enumerate() {
        entries.iter().for_each(|entry| draw_entry(&mut svg, entry, 19.0 + 30.0 * row as f64));
    }
    svg.raw("</g>");
    svg.finish()
}

/// A name under the plot and where it stands.
pub struct Entry {
    x: f64,
    /// The series' slot; none for the rest that had no room.
    slot: Option<usize>,
    text: String,
}

/// Names in rows `room` wide, together at most `high`; what does not fit is counted at the end.
pub fn legend(curves: &[Curve], room: f64, high: f64) -> Vec<Vec<Entry>> {
    let most = ((high / ROW).floor() as usize).max(1);
    let mut rows: Vec<Vec<Entry>> = vec![Vec::new()];
    let mut x = 0.0;
    for (index, curve) in curves.iter().enumerate() {
        let text = shortened(curve.name, room - SWATCH - 4.0);
        let wide = SWATCH + 4.0 + width(&text) + 14.0;
        let rest = curves.len() - index;
        // The last row keeps room for the number of those that are left.
        let keep = if rows.len() == most && rest > 1 { 60.0 } else { 0.0 };
        if x > 0.0 && x + wide - 14.0 + keep > room {
            if rows.len() == most {
                rows[most - 1].push(Entry { x: EDGE + x, slot: None, text: format!("and {rest} more") });
                break;
            }
            rows.push(Vec::new());
            x = 0.0;
        }
        if let Some(row) = rows.last_mut() {
            row.push(Entry { x: EDGE + x, slot: Some(curve.slot), text });
        }
        x += wide;
    }
    rows.retain(|row| !row.is_empty());
    rows
}

fn shortened(name: &str, room: f64) -> String {
    if width(name) <= room {
        return name.to_owned();
    }
    let mut text = String::new();
    for c in name.chars() {
        text.push(c);
        if width(&text) + 8.0 > room {
            break;
        }
    }
    text + "…"
}

pub fn draw_entry(svg: &mut Svg, entry: &Entry, y: f64) {
    let mut x = entry.x;
    if let Some(slot) = entry.slot {
        let class = svg.slot('s', slot);
        let dashes: Vec<_> = dash(slot).iter().map(|length| coordinate(*length)).collect();
        svg.raw(&format!(
            "<path class=\"{class}\" stroke-width=\"2.25\" stroke-dasharray=\"{}\" d=\"M{} {}h{SWATCH}\"/>",
            if dashes.is_empty() { "none".to_owned() } else { dashes.join(" ") },
            coordinate(x),
            coordinate(y - 4.0),
        ));
        x += SWATCH + 4.0;
    }
    svg.raw(&format!("<text class=\"t\" x=\"{}\" y=\"{}\">{}</text>", coordinate(x), coordinate(y), escaped(&entry.text)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::series::Column;

    #[test]
    fn names_alone_are_a_drawing_and_none_is_forgotten() {
        let names_of = |count: usize, left_out| {
            let texts: Vec<_> = (0..count).map(|at| format!("<{at}>")).collect();
            let curves: Vec<_> = texts.iter().enumerate().map(|(slot, name)| Curve { name, slot, ..Curve::default() }).collect();
            names(&curves, left_out)
        };
        let two = names_of(2, 0);
        assert!(two.contains(">&lt;0&gt;</text>") && two.contains("class=\"s1\"") && !two.contains("more"), "{two}");
        for (count, left_out) in [(50, 0), (50, 950), (2, 3)] {
            let svg = names_of(count, left_out);
            let told = svg.matches("&gt;</text>").count();
            assert!(svg.contains(&format!(">and {} more</text>", count - told + left_out)), "{svg}");
        }
    }

    #[test]
    fn a_legend_leaves_the_plot_its_room() {
        let columns: Vec<_> = (0..5).map(|at| Column::point(f64::from(at), 1.0)).collect();
        let names: Vec<_> = (0..200).map(|i| format!("a series with quite a long name {i}")).collect();
        let curves: Vec<_> =
            names.iter().enumerate().map(|(slot, name)| Curve { name, slot, columns: &columns, ..Curve::default() }).collect();
        let rows = legend(&curves, 600.0, 100.0);
        assert_eq!(rows.len(), 6);
        let told = rows.iter().flatten().filter(|entry| entry.slot.is_some()).count();
        assert_eq!(rows[5].last().unwrap().text, format!("and {} more", 200 - told));
        assert!(rows.iter().flatten().all(|entry| entry.x + width(&entry.text) < 640.0));
    }
}
