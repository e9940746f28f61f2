//! What the charts of values have in common: the names of series above a plot, axes, texts that fit, and the fields of hit areas.

use crate::charts::canvas::ChartCanvas;
use crate::charts::display_list::{DisplayList, Ink, Rect, Shape, Shapes, TextAnchor, X};
use crate::charts::hit_areas::{FieldColour, HitAreas, ReadoutField};
use crate::charts::palette::COLOURS;
use crate::charts::text_metrics::text_width;
use crate::charts::{Scale, Tick};

/// The height of a row of the legend.
const ROW: f64 = 16.0;

/// The names of series at the top, in rows; returns where the last one ends. A name that has no room is counted instead.
pub fn draw_legend<'a>(margin: &mut Shapes, canvas: &ChartCanvas, names: impl IntoIterator<Item = (&'a str, usize)>) -> f64 {
    let names: Vec<_> = names.into_iter().collect();
    if names.is_empty() {
        return 0.0;
    }
    let (left, right) = (12.0, canvas.width() - 12.0);
    let rows = (canvas.height() / 4.0 / ROW).floor().max(1.0);
    let (mut x, mut row) = (left, 0.0);
    for (at, (name, slot)) in names.iter().enumerate() {
        let name = shorten_text(name, (right - left) * 0.45);
        let wide = text_width(&name) + 26.0;
        let rest = if at + 1 < names.len() && row + 1.0 >= rows { text_width("100 more") } else { 0.0 };
        if x > left && x + wide + rest > right {
            if row + 1.0 >= rows {
                let more = format!("{} more", names.len() - at);
                margin.text(Ink::Muted, TextAnchor::Start, X::px(x), 15.0 + row * ROW, more);
                break;
            }
            (x, row) = (left, row + 1.0);
        }
        let y = 15.0 + row * ROW;
        // Colours come again from slot to slot, with another shape.
        let corner = if (slot / COLOURS).is_multiple_of(2) { 4.5 } else { 0.0 };
        margin.push(Shape::Rect(Rect { ink: Ink::Series(*slot), x: X::px(x), y: y - 8.5, width: X::px(9.0), height: 9.0, corner }));
        margin.text(Ink::Text, TextAnchor::Start, X::px(x + 13.0), y, name);
        x += wide;
    }
    (row + 1.0) * ROW + 4.0
}

/// The upper and the lower end of a plot, in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PlotRows {
    pub top: f64,
    pub bottom: f64,
}

/// The hit areas of a chart, without an area yet.
pub fn new_hit_areas(list: &DisplayList) -> HitAreas {
    HitAreas { summary: list.summary.clone(), left: list.left, right: list.right, ..HitAreas::default() }
}

/// A field of numbers.
pub fn numbers_field(name: &str, unit: &str, slot: Option<usize>, numbers: Vec<f64>) -> ReadoutField {
    let colour = slot.map_or(FieldColour::None, |slot| FieldColour::Slot((slot % COLOURS) as u8));
    ReadoutField { name: name.to_owned(), unit: unit.to_owned(), colour, texts: Vec::new(), numbers }
}

/// A field of texts, for each area the index of its own.
pub fn texts_field(name: &str, texts: Vec<String>, indices: impl Iterator<Item = usize>) -> ReadoutField {
    ReadoutField { name: name.to_owned(), texts, numbers: indices.map(|index| index as f64).collect(), ..ReadoutField::default() }
}

/// The lines and labels of an upright axis.
pub fn draw_y_axis(plot: &mut Shapes, scale: &Scale, ticks: &[Tick], PlotRows { top, bottom }: PlotRows) {
    for tick in ticks {
        let y = bottom - scale.normalize(tick.at) * (bottom - top);
        plot.rule(Ink::Grid, (0.0, y), (1.0, y));
        plot.text(Ink::Muted, TextAnchor::End, X::px(-6.0), y + 4.0, tick.label.as_str());
    }
}

/// The labels of an axis below a plot, with short strokes.
pub fn draw_x_axis(plot: &mut Shapes, scale: &Scale, ticks: &[Tick], bottom: f64) {
    plot.rule(Ink::Axis, (0.0, bottom), (1.0, bottom));
    for tick in ticks {
        let share = scale.normalize(tick.at);
        plot.rule(Ink::Axis, (share, bottom), (share, bottom + 4.0));
        plot.text(Ink::Muted, TextAnchor::Middle, X::share(share), bottom + 15.0, tick.label.as_str());
    }
}

/// From where to where numbers reach, or that none of them is a number.
pub fn extent_text(lo: f64, hi: f64) -> String {
    if lo <= hi {
        format!("from {} to {}", crate::charts::format_number(lo), crate::charts::format_number(hi))
    } else {
        "without a number".to_owned()
    }
}

/// The text of a plot whose axes would be made up. Its axes have no labels then.
pub fn draw_no_values(plot: &mut Shapes, PlotRows { top, bottom }: PlotRows, is_empty: bool) {
    let text = if is_empty { "No values yet." } else { "No finite value, only NaN or ∞." };
    plot.text(Ink::Muted, TextAnchor::Middle, X::share(0.5), (top + bottom) / 2.0, text);
}

/// The shortest text that reads back as the same double; what is no number as drawings have it.
pub fn format_exact(number: f64) -> String {
    let size = number.abs();
    match number {
        _ if !number.is_finite() => crate::charts::format_number(number),
        _ if size != 0.0 && !(1e-5..1e17).contains(&size) => format!("{number:e}"),
        _ => number.to_string(),
    }
}

/// The text if it fits into so many pixels, else as much of its beginning and end as fits, with an ellipsis between them: names differ at
/// their ends more often than at their beginnings.
pub fn shorten_text(text: &str, room: f64) -> String {
    if text_width(text) <= room {
        return text.to_owned();
    }
    let wide = |c: char| text_width(c.encode_utf8(&mut [0; 4]));
    let chars: Vec<char> = text.chars().collect();
    let (mut from, mut to) = (0, chars.len());
    let mut used = text_width("…");
    // By turns from both ends, the beginning first.
    for turn in 0..chars.len() {
        let at = if turn % 2 == 0 { from } else { to - 1 };
        used += wide(chars[at]);
        if used > room {
            break;
        }
        if turn % 2 == 0 { from += 1 } else { to -= 1 }
    }
    chars[..from].iter().chain(&['…']).chain(&chars[to..]).collect()
}

/// The text in so many lines of this room: broken where a word ends if that is possible, cut only where it still does not fit.
pub fn wrap_text(text: &str, room: f64, lines: usize) -> Vec<String> {
    if lines < 2 || text_width(text) <= room {
        return vec![shorten_text(text, room)];
    }
    let mut used = 0.0;
    let (mut fits, mut word) = (0, 0);
    for (at, c) in text.char_indices() {
        used += text_width(c.encode_utf8(&mut [0; 4]));
        // A space at the end of a line is not seen.
        if used > room && c != ' ' {
            break;
        }
        fits = at + c.len_utf8();
        if " _-/.:,".contains(c) {
            word = fits;
        }
    }
    let rest_fits = text_width(text[word..].trim_start()) <= room * (lines - 1) as f64;
    let end = if word > 0 && rest_fits { word } else { fits };
    if end == 0 {
        return vec![shorten_text(text, room)];
    }
    let mut all = vec![text[..end].trim_end().to_owned()];
    all.extend(wrap_text(text[end..].trim_start(), room, lines - 1));
    all
}

/// "2 NaN, 1 ∞", or nothing.
pub fn format_non_finite(nan: u64, pos_inf: u64, neg_inf: u64) -> String {
    let all = [(nan, "NaN"), (pos_inf, "∞"), (neg_inf, "-∞")];
    let parts: Vec<_> = all.iter().filter(|(count, _)| *count > 0).map(|(count, name)| format!("{count} {name}")).collect();
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charts::Theme;
    use crate::charts::canvas::CanvasSize;

    #[test]
    fn text_is_cut_to_its_room_in_the_middle() {
        let long = shorten_text("a long name of series 17", 80.0);
        assert!(long.starts_with("a lo") && long.ends_with(" 17") && long.contains('…') && text_width(&long) <= 80.0, "{long}");
        assert_eq!((shorten_text("short", 60.0).as_str(), format_non_finite(2, 0, 1).as_str()), ("short", "2 NaN, 1 -∞"));
        for room in 0..90 {
            let cut = shorten_text("äöü_ß_é", f64::from(room));
            assert!(text_width(&cut) <= f64::from(room).max(text_width("…")), "{cut}");
        }
    }

    #[test]
    fn text_is_wrapped_where_words_end_before_it_is_cut() {
        assert_eq!(wrap_text("feature_width", 70.0, 2), ["feature_", "width"]);
        assert_eq!(wrap_text("short", 70.0, 2), ["short"]);
        assert_eq!(wrap_text("two words", 40.0, 2), ["two", "words"]);
        assert_eq!(wrap_text("incomprehensible", 70.0, 2).concat(), "incomprehensible");
        let long = wrap_text("a_very_long_name_of_a_feature_17", 70.0, 2);
        assert!(
            long.len() == 2 && long[1].ends_with("17") && long[1].contains('…') && long.iter().all(|line| text_width(line) <= 70.0),
            "{long:?}"
        );
        assert!(wrap_text("é", 0.0, 2).len() == 1 && wrap_text("", 0.0, 2) == [""]);
    }

    #[test]
    fn a_legend_keeps_its_place() {
        let canvas = ChartCanvas { size: CanvasSize::Fluid { height: 240.0 }, theme: Theme::Auto, title: String::new() };
        let names: Vec<String> = (0..90).map(|at| format!("series <{at}>")).collect();
        let mut list = DisplayList::default();
        let height = draw_legend(&mut list.margin, &canvas, names.iter().enumerate().map(|(slot, name)| (name.as_str(), slot)));
        let texts = list.texts();
        assert!(height <= 64.0 && texts.last().unwrap().ends_with(" more") && texts.contains(&"series <0>"), "{height} {texts:?}");
        assert_eq!(draw_legend(&mut list.margin, &canvas, []), 0.0);
    }
}
