//! The paper that these charts share: its size, its colours, the names of series above a plot, and marks for what is no number.

use crate::charts::palette::COLOURS;
use crate::charts::render::svg::{coordinate as n, escaped};
use crate::charts::scene::{Form, Scene, Style};
use crate::charts::text_metrics::width;
use crate::charts::{Anchor, Place, Scale, Svg, Theme, Tick};
use crate::protocol::spots::{Colour, Field, Spots};

/// What a chart is drawn on.
#[derive(Clone, Debug, PartialEq)]
pub struct Sheet {
    pub place: Place,
    pub theme: Theme,
    /// For those who do not see it; not shown.
    pub title: String,
    /// Drawn for the page to paint, not as a document.
    pub is_scene: bool,
}

/// How wide a fluid drawing is taken to be where room must be judged: a tile on a phone.
const NOMINAL: f64 = 340.0;
/// The height of a row of the legend.
const ROW: f64 = 16.0;

const FIXED: &str = ".nan,.thin{fill:none}.nan{stroke-width:1.5}.hatch{fill:url(#hatch)}.dot{fill:none;stroke-linecap:round;opacity:.8}.square{stroke-linecap:square}\
    .faint{fill-opacity:.25}.cells{shape-rendering:crispEdges}.end{text-anchor:end}.mid{text-anchor:middle}";
const LIGHT: &str =
    ".good{fill:#1a7f37}.bad{fill:#b42318}.well{fill:#f6f7f9}.ground{fill:#fff}.gap{stroke:#fff}.nan,.thin,.rule{stroke:#59616b}";
const DARK: &str =
    ".good{fill:#4cc26b}.bad{fill:#ff9389}.well{fill:#12161a}.ground{fill:#181c21}.gap{stroke:#181c21}.nan,.thin,.rule{stroke:#9da7b2}";
const HATCH: &str = "<defs><pattern id=\"hatch\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">\
    <rect class=\"well\" width=\"6\" height=\"6\"/><path class=\"rule\" d=\"M0 0v6\"/></pattern></defs>";

impl Sheet {
    pub(crate) fn for_scene(&self) -> Self {
        Self { is_scene: true, ..self.clone() }
    }

    /// Judged where it is fluid.
    pub fn width(&self) -> f64 {
        match self.place {
            Place::Fixed { width, .. } => width,
            Place::Fluid { .. } => NOMINAL,
        }
    }

    pub fn height(&self) -> f64 {
        match self.place {
            Place::Fixed { height, .. } | Place::Fluid { height } => height,
        }
    }

    /// `about`: one sentence on what is seen.
    pub(crate) fn begin(&self, about: &str) -> Svg {
        let mut svg = Svg::new(self.place, self.theme, if self.title.is_empty() { about } else { &self.title }, about);
        if self.is_scene {
            let mut scene = Scene::default();
            scene.0.about = about.to_owned();
            svg.scene = Some(scene);
            return svg;
        }
        let style = match self.theme {
            Theme::Light => [LIGHT, FIXED, "", "", ""],
            Theme::Dark => [DARK, FIXED, "", "", ""],
            Theme::Auto | Theme::Page => [LIGHT, FIXED, "@media (prefers-color-scheme:dark){", DARK, "}"],
        };
        svg.raw(&format!("<style>{}</style>{HATCH}", style.concat()));
        svg
    }

    /// The names of series at the top, in rows; answers where the last one ends. A name that has no room is counted instead.
    pub(crate) fn legend<'a>(&self, svg: &mut Svg, names: impl IntoIterator<Item = (&'a str, usize)>) -> f64 {
        let names: Vec<_> = names.into_iter().collect();
        if names.is_empty() {
            return 0.0;
        }
        let (left, right) = (12.0, self.width() - 12.0);
        let rows = (self.height() / 4.0 / ROW).floor().max(1.0);
        let (mut x, mut row) = (left, 0.0);
        for (at, (name, slot)) in names.iter().enumerate() {
            let name = cut(name, (right - left) * 0.45);
            let wide = width(&name) + 26.0;
            let rest = if at + 1 < names.len() && row + 1.0 >= rows { width("100 more") } else { 0.0 };
            if x > left && x + wide + rest > right {
                if row + 1.0 >= rows {
                    name_at(svg, "t", (x, 15.0 + row * ROW), &format!("{} more", names.len() - at));
                    break;
                }
                (x, row) = (left, row + 1.0);
            }
            let (y, class) = (15.0 + row * ROW, svg.slot('f', *slot));
            let is_round = (slot / COLOURS).is_multiple_of(2);
            match &mut svg.scene {
                Some(scene) if is_round => {
                    scene.dot(Style { size: 9.0, is_outside: true, ..Style::new(Form::Line, &class) }, (0.0, x + 4.5, y - 4.0))
                }
                Some(scene) => scene.block(Style { is_outside: true, ..Style::new(Form::Box, &class) }, [0.0, x, y - 8.5, 0.0, 9.0, 9.0]),
                None => {
                    let corner = if is_round { " rx=\"4.5\"" } else { "" };
                    let (x, y) = (n(x), n(y - 8.5));
                    svg.raw(&format!("<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"9\" height=\"9\"{corner}/>"));
                }
            }
            name_at(svg, "k", (x + 13.0, y), &name);
            x += wide;
        }
        (row + 1.0) * ROW + 4.0
    }
}

/// Text beside the plot, in pixels from the left edge.
fn name_at(svg: &mut Svg, class: &str, (x, y): (f64, f64), text: &str) {
    match &mut svg.scene {
        Some(scene) => scene.text(Style { is_outside: true, ..Style::new(Form::Text, class) }, (0.0, x, y), text),
        None => svg.raw(&format!("<text class=\"{class}\" x=\"{}\" y=\"{}\">{}</text>", n(x), n(y), escaped(text))),
    }
}

/// Where a plot stands in its drawing, in pixels: the room left and right of it, and its upper and lower end.
#[derive(Clone, Copy, Debug)]
pub struct Plot {
    pub left: f64,
    pub right: f64,
    pub top: f64,
    pub bottom: f64,
}

impl Plot {
    /// Without a spot yet.
    pub fn spots(&self, svg: &Svg) -> Spots {
        Spots { about: svg.summary().to_owned(), left: self.left, right: self.right, ..Spots::default() }
    }
}

/// A field of numbers.
pub fn values(name: &str, unit: &str, slot: Option<usize>, numbers: Vec<f64>) -> Field {
    let colour = slot.map_or(Colour::None, |slot| Colour::Slot((slot % COLOURS) as u8));
    Field { name: name.to_owned(), unit: unit.to_owned(), colour, texts: Vec::new(), numbers }
}

/// A field of texts, for each spot the place of its own in the list.
pub fn words(name: &str, texts: Vec<String>, places: impl Iterator<Item = usize>) -> Field {
    Field { name: name.to_owned(), texts, numbers: places.map(|place| place as f64).collect(), ..Field::default() }
}

/// The shortest text that reads back as the same double; what is no number as drawings have it.
pub fn exact(number: f64) -> String {
    let size = number.abs();
    match number {
        _ if !number.is_finite() => crate::charts::number(number),
        _ if size != 0.0 && !(1e-5..1e17).contains(&size) => format!("{number:e}"),
        _ => number.to_string(),
    }
}

/// The lines and labels of an upright axis that is drawn from `bottom` up to `top`; within a plot.
pub fn upright(svg: &mut Svg, scale: &Scale, ticks: &[Tick], (top, bottom): (f64, f64)) {
    for tick in ticks {
        let y = bottom - scale.at(tick.at) * (bottom - top);
        svg.line("g", (0.0, y), (1.0, y));
        svg.text("t", Anchor::End, 0.0, -6.0, y + 4.0, &tick.label);
    }
}

/// The labels of an axis below a plot, with short strokes.
pub fn level(svg: &mut Svg, scale: &Scale, ticks: &[Tick], bottom: f64) {
    svg.line("a", (0.0, bottom), (1.0, bottom));
    for tick in ticks {
        let share = scale.at(tick.at);
        svg.line("a", (share, bottom), (share, bottom + 4.0));
        svg.text("t", Anchor::Middle, share, 0.0, bottom + 15.0, &tick.label);
    }
}

/// What a chart says of numbers: from where to where they reach, or that none of them is a number.
pub fn reach(lo: f64, hi: f64) -> String {
    if lo <= hi { format!("from {} to {}", crate::charts::number(lo), crate::charts::number(hi)) } else { "without a number".to_owned() }
}

/// Said in a plot whose axes would be made up. Its axes have no labels then.
pub fn nothing(svg: &mut Svg, (top, bottom): (f64, f64), is_empty: bool) {
    let text = if is_empty { "No values yet." } else { "No finite value, only NaN or ∞." };
    svg.text("t", Anchor::Middle, 0.5, 0.0, (top + bottom) / 2.0, text);
}

/// The text if it fits into so many pixels, else as much of its beginning and end as fits, with an ellipsis between them: names differ at
/// their ends more often than at their beginnings.
pub fn cut(text: &str, room: f64) -> String {
    if width(text) <= room {
        return text.to_owned();
    }
    let wide = |c: char| width(c.encode_utf8(&mut [0; 4]));
    let chars: Vec<char> = text.chars().collect();
    let (mut from, mut to) = (0, chars.len());
    let mut used = width("…");
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
pub fn wrapped(text: &str, room: f64, lines: usize) -> Vec<String> {
    if lines < 2 || width(text) <= room {
        return vec![cut(text, room)];
    }
    let mut used = 0.0;
    let (mut fits, mut word) = (0, 0);
    for (at, c) in text.char_indices() {
        used += width(c.encode_utf8(&mut [0; 4]));
        // A space at the end of a line is not seen.
        if used > room && c != ' ' {
            break;
        }
        fits = at + c.len_utf8();
        if " _-/.:,".contains(c) {
            word = fits;
        }
    }
    let rest_fits = width(text[word..].trim_start()) <= room * (lines - 1) as f64;
    let end = if word > 0 && rest_fits { word } else { fits };
    if end == 0 {
        return vec![cut(text, room)];
    }
    let mut all = vec![text[..end].trim_end().to_owned()];
    all.extend(wrapped(text[end..].trim_start(), room, lines - 1));
    all
}

/// "2 NaN, 1 ∞", or nothing.
pub fn counted(nan: u64, pos_inf: u64, neg_inf: u64) -> String {
    let all = [(nan, "NaN"), (pos_inf, "∞"), (neg_inf, "-∞")];
    let parts: Vec<_> = all.iter().filter(|(count, _)| *count > 0).map(|(count, name)| format!("{count} {name}")).collect();
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_to_its_room_in_the_middle() {
        let long = cut("a long name of series 17", 80.0);
        assert!(long.starts_with("a lo") && long.ends_with(" 17") && long.contains('…') && width(&long) <= 80.0, "{long}");
        assert_eq!((cut("short", 60.0).as_str(), counted(2, 0, 1).as_str()), ("short", "2 NaN, 1 -∞"));
        for room in 0..90 {
            let cut = cut("äöü_ß_é", f64::from(room));
            assert!(width(&cut) <= f64::from(room).max(width("…")), "{cut}");
        }
    }

    #[test]
    fn text_is_wrapped_where_words_end_before_it_is_cut() {
        assert_eq!(wrapped("feature_width", 70.0, 2), ["feature_", "width"]);
        assert_eq!(wrapped("short", 70.0, 2), ["short"]);
        assert_eq!(wrapped("two words", 40.0, 2), ["two", "words"]);
        assert_eq!(wrapped("incomprehensible", 70.0, 2).concat(), "incomprehensible");
        let long = wrapped("a_very_long_name_of_a_feature_17", 70.0, 2);
        assert!(
            long.len() == 2 && long[1].ends_with("17") && long[1].contains('…') && long.iter().all(|line| width(line) <= 70.0),
            "{long:?}"
        );
        assert!(wrapped("é", 0.0, 2).len() == 1 && wrapped("", 0.0, 2) == [""]);
    }

    #[test]
    fn a_legend_keeps_its_place() {
        let sheet = Sheet { place: Place::Fluid { height: 240.0 }, theme: Theme::Auto, title: String::new(), is_scene: false };
        let names: Vec<String> = (0..90).map(|at| format!("series <{at}>")).collect();
        let mut svg = sheet.begin("x");
        let height = sheet.legend(&mut svg, names.iter().enumerate().map(|(slot, name)| (name.as_str(), slot)));
        let text = svg.finish();
        assert!(height <= 64.0 && text.contains(" more</text>") && text.contains("series &lt;0&gt;"), "{height}");
        assert_eq!(sheet.legend(&mut sheet.begin("x"), []), 0.0);
    }
}
