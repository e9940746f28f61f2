//! The paper: an SVG document of fixed or of fluid width, in the colours of a theme, and what is put on it.
//!
//! Where the width is not known, places along it are percentages, and curves stand in a box that is stretched. Such a
//! drawing has the same margins, ticks and letters at every width.

use std::fmt::Write;

use crate::chart::Theme;
use crate::chart::palette::{COLOURS, colour, inks};
use crate::chart::text::{FONT_SIZE, width};

/// What a chart is drawn on.
#[derive(Clone, Debug, PartialEq)]
pub struct Sheet {
    /// In CSS pixels; without it the drawing is as wide as its place.
    pub width: Option<f64>,
    pub height: f64,
    pub theme: Theme,
    /// For those who do not see it; not shown.
    pub title: String,
}

/// How wide a fluid drawing is taken to be where room must be judged: a tile on a small screen.
const NOMINAL: f64 = 420.0;
/// The width of the stretched box, so that two decimals are exact enough on every screen.
const STRETCHED: f64 = 1000.0;
const FONTS: &str = "system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans','DejaVu Sans',sans-serif";

pub enum Anchor {
    Start,
    Middle,
    End,
}

/// Room around the plot, in CSS pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Margins {
    pub left: f64,
    pub top: f64,
    pub right: f64,
    pub bottom: f64,
}

/// A document being written.
pub struct Drawing {
    out: String,
    is_fluid: bool,
    /// Judged where it is fluid.
    pub width: f64,
    pub height: f64,
    /// The size of the plot, once it is open.
    pub plot: (f64, f64),
}

impl Drawing {
    /// `about`: one sentence on what is seen.
    pub fn begin(sheet: &Sheet, about: &str) -> Self {
        let is_fluid = sheet.width.is_none();
        let (width, height) = (sheet.width.unwrap_or(NOMINAL), sheet.height);
        let mut out = String::with_capacity(4096);
        let size = match is_fluid {
            true => format!("width=\"100%\" height=\"{}\"", n(height)),
            false => format!("width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\"", n(width), n(height)),
        };
        let title = if sheet.title.is_empty() { about } else { &sheet.title };
        // Writing into a string cannot fail, here and below.
        let _ = write!(
            out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" {size} role=\"img\" font-family=\"{FONTS}\" font-size=\"{FONT_SIZE}\"><title>{}</title><desc>{}</desc>\
             <style>{}</style><defs><pattern id=\"hatch\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">\
             <rect class=\"well\" width=\"6\" height=\"6\"/><path class=\"hair\" d=\"M0 0v6\"/></pattern></defs><rect class=\"bg\" width=\"100%\" height=\"100%\"/>",
            escaped(title),
            escaped(about),
            style(sheet.theme)
        );
        Self { out, is_fluid, width, height, plot: (width, height) }
    }

    pub fn end(mut self) -> String {
        self.out.push_str("</svg>\n");
        self.out
    }

    pub fn push(&mut self, part: &str) {
        self.out.push_str(part);
    }

    /// Opens the plot: what follows is placed by shares of its width and by pixels of its height.
    pub fn open_plot(&mut self, margins: &Margins) {
        let Margins { left, top, right, bottom } = margins;
        let (width, height) = ((self.width - left - right).max(1.0), (self.height - top - bottom).max(1.0));
        self.plot = (width, height);
        let size = match self.is_fluid {
            true => format!("width=\"100%\" style=\"width:calc(100% - {}px)\"", n(left + right)),
            false => format!("width=\"{}\"", n(width)),
        };
        let _ = write!(self.out, "<svg x=\"{}\" y=\"{}\" {size} height=\"{}\" overflow=\"visible\">", n(*left), n(*top), n(height));
    }

    pub fn close(&mut self) {
        self.out.push_str("</svg>");
    }

    /// Opens a box over the whole plot whose units along x are those answered; paths in it are stretched, their strokes are not.
    pub fn open_stretched(&mut self) -> f64 {
        let across = if self.is_fluid { STRETCHED } else { self.plot.0 };
        self.open_units(across, self.plot.1);
        across
    }

    /// As [`Self::open_stretched`], with units of the caller's choice.
    pub fn open_units(&mut self, across: f64, down: f64) {
        let _ = write!(
            self.out,
            "<svg width=\"100%\" height=\"{}\" viewBox=\"0 0 {} {}\" preserveAspectRatio=\"none\" overflow=\"visible\">",
            n(self.plot.1),
            n(across),
            n(down)
        );
    }

    /// A place along the width of the plot.
    pub fn x(&self, share: f64) -> String {
        if self.is_fluid { format!("{}%", n(share * 100.0)) } else { n(share * self.plot.0) }
    }

    pub fn rect(&mut self, class: &str, from: f64, to: f64, y: f64, height: f64) {
        let (x, width) = (self.x(from), self.x(to - from));
        let _ = write!(self.out, "<rect class=\"{class}\" x=\"{x}\" y=\"{}\" width=\"{width}\" height=\"{}\"/>", n(y), n(height));
    }

    /// A hairline from edge to edge.
    pub fn across(&mut self, class: &str, y: f64) {
        let _ = write!(self.out, "<line class=\"{class}\" x2=\"100%\" y1=\"{0}\" y2=\"{0}\"/>", n(y));
    }

    pub fn down(&mut self, class: &str, share: f64, from: f64, to: f64) {
        let x = self.x(share);
        let _ = write!(self.out, "<line class=\"{class}\" x1=\"{x}\" x2=\"{x}\" y1=\"{}\" y2=\"{}\"/>", n(from), n(to));
    }

    /// `dx` pixels beside the share.
    pub fn text(&mut self, class: &str, (share, dx): (f64, f64), y: f64, anchor: Anchor, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        };
        let (x, dx) = (self.x(share), if dx == 0.0 { String::new() } else { format!(" dx=\"{}\"", n(dx)) });
        let _ = write!(self.out, "<text class=\"{class}\" x=\"{x}\"{dx} y=\"{}\"{anchor}>{}</text>", n(y), escaped(text));
    }

    pub fn path(&mut self, class: &str, d: &str) {
        if !d.is_empty() {
            let _ = write!(self.out, "<path class=\"{class}\" d=\"{d}\"/>");
        }
    }

    /// The names of series above the plot, in rows; answers how high they are. Before the plot is opened.
    pub fn legend<'a>(&mut self, names: impl IntoIterator<Item = (&'a str, usize)>) -> f64 {
        const ROW: f64 = 16.0;
        let names: Vec<_> = names.into_iter().collect();
        let (mut x, mut row) = (12.0, 0.0);
        // A third of the height at most; what is beyond is counted.
        let rows = (self.height / 3.0 / ROW).floor().max(1.0);
        for (at, (name, slot)) in names.iter().enumerate() {
            let name = cut(name, self.width * 0.4);
            let wide = width(&name) + 26.0;
            if x > 12.0 && x + wide > self.width - 12.0 {
                (x, row) = (12.0, row + 1.0);
            }
            let y = 16.0 + row * ROW;
            if row + 1.0 == rows && at + 1 < names.len() && x + wide + 70.0 > self.width - 12.0 {
                let _ = write!(self.out, "<text class=\"m\" x=\"{}\" y=\"{}\">{} more</text>", n(x), n(y), names.len() - at);
                return rows * ROW + 6.0;
            }
            let round = if slot / COLOURS % 2 == 0 { 4.5 } else { 0.0 };
            let _ = write!(
                self.out,
                "<rect class=\"s{}\" x=\"{}\" y=\"{}\" width=\"9\" height=\"9\" rx=\"{round}\"/><text class=\"t\" x=\"{}\" y=\"{}\">{}</text>",
                slot % COLOURS,
                n(x),
                n(y - 8.5),
                n(x + 13.0),
                n(y),
                escaped(&name)
            );
            x += wide;
        }
        if names.is_empty() { 0.0 } else { (row + 1.0) * ROW + 6.0 }
    }
}

fn style(theme: Theme) -> String {
    let rules = |dark: bool| {
        let inks = inks(dark);
        let (good, bad, well) = if dark { (0x4cc26b, 0xff9389, 0x12161a) } else { (0x1a7f37, 0xb42318, 0xf6f7f9) };
        let mut out = format!(
            ".bg{{fill:#{:06x}}}.well{{fill:#{well:06x}}}.t{{fill:#{:06x}}}.m{{fill:#{:06x}}}.good{{fill:#{good:06x}}}.bad{{fill:#{bad:06x}}}\
             .hair{{stroke:#{:06x}}}.axis,.edge,.nan{{stroke:#{:06x}}}.gap{{stroke:#{:06x}}}",
            inks.tile, inks.ink, inks.muted, inks.line, inks.muted, inks.tile
        );
        for slot in 0..COLOURS {
            let colour = colour(slot, dark);
            let _ = write!(out, ".s{slot}{{fill:#{colour:06x}}}.c{slot}{{stroke:#{colour:06x}}}");
        }
        out
    };
    let fixed = ".hair,.axis,.edge,.nan,.gap,.curve{fill:none;vector-effect:non-scaling-stroke}.hair,.axis,.gap{stroke-width:1}.edge{stroke-width:1}\
        .nan{stroke-width:1.5}.curve{stroke-width:1.5;stroke-linejoin:round}.hatch{fill:url(#hatch)}.dots{stroke-linecap:round;opacity:.8}.square{stroke-linecap:square}\
        .faint{fill-opacity:.25}.cells{shape-rendering:crispEdges}text{font-variant-numeric:tabular-nums}";
    match theme {
        Theme::Light => rules(false) + fixed,
        Theme::Dark => rules(true) + fixed,
        Theme::Auto => format!("{}{fixed}@media (prefers-color-scheme:dark){{{}}}", rules(false), rules(true)),
    }
}

/// A coordinate with at most two decimals.
pub fn n(number: f64) -> String {
    let rounded = (number * 100.0).round() / 100.0;
    if rounded == 0.0 { "0".to_owned() } else { rounded.to_string() }
}

/// Text for XML and HTML, as content or in a quoted attribute. What neither can hold becomes U+FFFD.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\t' | '\n' | '\r' => out.push(c),
            '\0'..'\u{20}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            _ => out.push(c),
        }
    }
    out
}

/// As much of the text as fits into so many pixels, with an ellipsis where something is missing.
pub fn cut(text: &str, room: f64) -> String {
    if width(text) <= room {
        return text.to_owned();
    }
    let mut out = String::new();
    for c in text.chars() {
        out.push(c);
        if width(&out) + width("…") > room {
            out.pop();
            break;
        }
    }
    out + "…"
}

/// "2 NaN, 1 ∞", or nothing.
pub fn counted(nan: u64, pos_inf: u64, neg_inf: u64) -> String {
    let all = [(nan, "NaN"), (pos_inf, "∞"), (neg_inf, "−∞")];
    let parts: Vec<_> = all.iter().filter(|(count, _)| *count > 0).map(|(count, name)| format!("{count} {name}")).collect();
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_are_short() {
        assert_eq!((n(1.0), n(1.005), n(-0.001), n(33.33333)), ("1".into(), "1".into(), "0".into(), "33.33".into()));
    }

    #[test]
    fn text_is_escaped_and_cut() {
        assert_eq!(escaped("<a b=\"c\">&'\u{1}"), "&lt;a b=&quot;c&quot;&gt;&amp;&#39;\u{fffd}");
        assert!(cut("a long name of a series", 60.0).ends_with('…') && cut("short", 60.0) == "short");
        assert_eq!(counted(2, 0, 1), "2 NaN, 1 −∞");
    }
}
