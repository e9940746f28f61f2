//! Groups of runs in a line chart: a line with a band, thin where members are missing, plates that count those that are left, and a
//! letter at the end of each line.

use super::attrition::Attrition;
use super::display_list::{Area, Glyph, Ink, Layer, Marker, Shape, Shapes, TextAnchor, X};
use super::layout::PlotLayout;
use super::legend_item::member_count;
use super::line_ends::place_letters;
use super::polyline::{PlotTransform, trace_band, trace_points};
use super::series_view::{Emphasis, GroupView, SeriesView};
use super::text_metrics::format_number;
use crate::protocol::groups::GroupColumn;
use crate::series::Place;

/// The opacity of a band, of one around dashes, and of one whose group is in the background.
const BAND_ALPHA: f64 = 0.16;
const DASHED_BAND_ALPHA: f64 = 0.08;
const FAINT_BAND_ALPHA: f64 = 0.05;
/// Members that stop within so many CSS pixels have one plate, which counts those that are left after all of them.
const PLATE_DISTANCE: f64 = 20.0;
const PLATE_HEIGHT: f64 = 13.0;

/// The line where all members have a value, and where fewer have.
fn split_by_size(group: &GroupView) -> [Vec<Place>; 2] {
    let mut lines = [Vec::with_capacity(group.columns.len()), Vec::new()];
    let (mut before, mut last): (Option<&GroupColumn>, _) = (None, usize::MAX);
    for column in group.columns {
        let is_smaller = |column: &GroupColumn| column.n < group.runs;
        let line = usize::from(is_smaller(column) || before.is_some_and(is_smaller));
        if line != last
            && let Some(before) = before
        {
            lines[line].extend([(before.x, f64::NAN), (before.x, before.line)]);
        }
        lines[line].push((column.x, column.line));
        (before, last) = (Some(column), line);
    }
    lines
}

/// The strokes of a group in a plot of the transform's size.
pub(super) fn push_layers(curve: &SeriesView, group: &GroupView, transform: &PlotTransform, layers: &mut Vec<Layer>) {
    let (whole, smaller, alpha) = match curve.emphasis {
        Emphasis::Faint | Emphasis::Thin => (1.5, 0.75, 0.3),
        // Dashes are lighter: the solid line is the one that groups are compared by.
        Emphasis::Normal if curve.style.dash > 0 => (1.25, 0.75, 1.0),
        Emphasis::Bold if curve.style.dash > 0 => (2.0, 1.25, 1.0),
        Emphasis::Normal => (2.0, 1.0, 1.0),
        Emphasis::Bold => (3.0, 1.5, 1.0),
    };
    for (places, width) in split_by_size(group).into_iter().zip([whole, smaller]) {
        let path = trace_points(&places, transform);
        if !path.is_empty() {
            layers.push(Layer { style: curve.style, path, width, alpha });
        }
    }
}

/// The bands of all groups, from back to front.
pub fn build_bands(layout: &PlotLayout, curves: &[SeriesView], width: f64, height: f64) -> Vec<Area> {
    let mut bands = Vec::new();
    for emphasis in [Emphasis::Faint, Emphasis::Thin, Emphasis::Normal, Emphasis::Bold] {
        for curve in curves.iter().filter(|curve| curve.emphasis == emphasis) {
            let Some(group) = curve.group else { continue };
            let transform = PlotTransform { x: &layout.x, y: &layout.y, width, height, snap: false };
            let path = trace_band(group.columns.iter().map(|column| (column.x, column.low, column.high)), &transform);
            if !path.is_empty() {
                let alpha = match emphasis {
                    Emphasis::Faint => FAINT_BAND_ALPHA,
                    _ if curve.style.dash > 0 => DASHED_BAND_ALPHA,
                    _ => BAND_ALPHA,
                };
                bands.push(Area { slot: curve.style.colour, path, alpha });
            }
        }
    }
    bands
}

/// What stands on the lines of groups: the plates where members have stopped, and the letters at their ends.
pub fn draw_marks(plot: &mut Shapes, layout: &PlotLayout, curves: &[SeriesView]) {
    for curve in curves {
        let Some(group) = curve.group.filter(|_| curve.style.dash == 0 && curve.emphasis != Emphasis::Faint) else { continue };
        for (x, y, left) in place_plates(layout, &group) {
            let (share, text) = ((x - layout.left) / layout.width, left.to_string());
            let glyph = Glyph::Plate { width: 7.0 + 6.5 * text.len() as f64, height: PLATE_HEIGHT };
            plot.push(Shape::Marker(Marker { ink: Ink::Series(curve.style.colour), glyph, is_outlined: true, share, y }));
            plot.text(Ink::Text, TextAnchor::Middle, X::share(share), y + 4.0, text);
        }
    }
    for (letter, y) in place_letters(layout, curves) {
        plot.text(Ink::Text, TextAnchor::Start, X { share: 1.0, px: 5.0 }, y + 4.0, letter);
    }
}

/// A group in words: its members, and its newest value in the window.
pub(super) fn summarize(group: &GroupView, window: Option<(f64, f64)>) -> String {
    let is_in = |column: &&GroupColumn| window.is_none_or(|(from, to)| from <= column.x && column.x <= to);
    let mut text = member_count(Attrition::of(group.columns).left, group.runs);
    if let Some(last) = group.columns.iter().rfind(is_in) {
        text = text + ", last " + &format_number(last.line);
        if !last.low.is_nan() {
            text = text + " (" + &format_number(last.low) + " to " + &format_number(last.high) + ")";
        }
    }
    text + "."
}

/// Where members have stopped within the plot: the place on the line, and how many are left.
fn place_plates(layout: &PlotLayout, group: &GroupView) -> Vec<(f64, f64, u32)> {
    let mut plates: Vec<(f64, f64, u32)> = Vec::new();
    for pair in group.columns.windows(2).filter(|pair| pair[1].ended > pair[0].ended) {
        let column = &pair[1];
        let (x, y) = (layout.px(column.x), layout.py(column.line));
        if !(layout.left..=layout.left + layout.width).contains(&x) || !(layout.top..=layout.bottom()).contains(&y) {
            continue;
        }
        match plates.last_mut().filter(|plate| x - plate.0 < PLATE_DISTANCE) {
            Some(plate) => plate.2 = column.n,
            None => plates.push((x, y, column.n)),
        }
    }
    plates
}

#[cfg(test)]
#[path = "groups_tests.rs"]
mod tests;
