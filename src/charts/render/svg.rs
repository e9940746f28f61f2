//! Writing SVG: a document whose width is known, or one that fills any width and looks the same as if it had been known.

use crate::charts::palette::{self, Colour, Theme};
use crate::charts::scene::{Form, Scene, Style};
use crate::charts::text_metrics::FONT_SIZE;

/// The document's size in CSS pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Place {
    /// Plain numbers only, on a ground of its own: for files and other programs.
    Fixed { width: f64, height: f64 },
    /// As wide as where it is put, without a ground: for the page, before its width is known.
    Fluid { height: f64 },
}

/// Where a text begins.
pub use crate::charts::layout::Anchor;

/// The width of a plot's inner coordinates in a document that does not know its width.
const FLUID: f64 = 1000.0;

/// A document being written. Horizontal places inside of [`Svg::plot`] are shares of the plot's width, 0 to 1; all others are pixels.
pub struct Svg {
    body: String,
    title: String,
    summary: String,
    place: Place,
    theme: Theme,
    slots: u8,
    /// The plot's left edge and width, in pixels; in a fluid document the room on both sides of it.
    plot: (f64, f64),
    /// Where this is drawn for the page: in place of the document. What is [`Svg::raw`] is not in it.
    pub scene: Option<Scene>,
}

impl Svg {
    /// `title` and `summary` (one sentence) are what a screen reader tells.
    pub fn new(place: Place, theme: Theme, title: &str, summary: &str) -> Self {
        Self {
            body: String::new(),
            title: title.to_owned(),
            summary: summary.to_owned(),
            place,
            theme,
            slots: 0,
            plot: (0.0, 0.0),
            scene: None,
        }
    }

    pub fn summary(&self) -> &str {
        &self.summary
    }

    /// Puts markup into the document as it is.
    pub fn raw(&mut self, markup: &str) {
        self.body.push_str(markup);
    }

    /// The class of a series' lines (`s3`) or areas (`f3`) and its rules in the style sheet.
    pub fn slot(&mut self, kind: char, slot: usize) -> String {
        let slot = slot % palette::COLOURS;
        self.slots |= 1 << slot;
        format!("{kind}{slot}")
    }

    /// Begins the part that keeps `left` and `right` pixels free. What leaves it is seen, see [`Svg::window`].
    pub fn plot(&mut self, left: f64, right: f64) {
        if let Some(Scene(tables)) = &mut self.scene {
            (tables.left, tables.right) = (left, right);
        }
        match self.place {
            Place::Fixed { width, .. } => {
                self.plot = (left, (width - left - right).max(0.0));
                self.body.push_str(&format!("<g transform=\"translate({} 0)\">", coordinate(left)));
            }
            Place::Fluid { .. } => {
                self.plot = (left, right);
                // The attribute is what Chromium reads, and the property what CSS defines.
                let width = format!("calc(100% - {}px)", coordinate(left + right));
                self.body
                    .push_str(&format!("<svg x=\"{}\" width=\"{width}\" style=\"width:{width}\" overflow=\"visible\">", coordinate(left)));
            }
        }
    }

    pub fn end_plot(&mut self) {
        self.body.push_str(if matches!(self.place, Place::Fixed { .. }) { "</g>" } else { "</svg>" });
    }

    /// A horizontal place inside of the plot as an attribute's text: pixels, or per cent.
    pub fn share(&self, share: f64) -> String {
        match self.place {
            Place::Fixed { .. } => coordinate(share * self.plot.1),
            Place::Fluid { .. } => coordinate(share * 100.0) + "%",
        }
    }

    /// The width of the coordinates of [`Svg::window`]: pixels, or a thousand.
    pub fn window_width(&self) -> f64 {
        match self.place {
            Place::Fixed { .. } => self.plot.1,
            Place::Fluid { .. } => FLUID,
        }
    }

    /// Begins a window in the plot, `height` high from `top` on, that cuts off what leaves it. Inside are coordinates:
    /// [`Svg::window_width`] wide and `height` high; only paths belong there, with `vector-effect="non-scaling-stroke"`.
    pub fn window(&mut self, top: f64, height: f64) {
        let (width, view) = match self.place {
            Place::Fixed { .. } => (coordinate(self.plot.1), coordinate(self.plot.1)),
            Place::Fluid { .. } => ("100%".to_owned(), coordinate(FLUID)),
        };
        self.body.push_str(&format!(
            "<svg y=\"{}\" width=\"{width}\" height=\"{h}\" viewBox=\"0 0 {view} {h}\" preserveAspectRatio=\"none\">",
            coordinate(top),
            h = coordinate(height),
        ));
    }

    pub fn end_window(&mut self) {
        self.body.push_str("</svg>");
    }

    /// A straight line inside of the plot, from (share, pixel) to (share, pixel).
    pub fn line(&mut self, class: &str, from: (f64, f64), to: (f64, f64)) {
        if let Some(scene) = &mut self.scene {
            return scene.line(Style::new(Form::Line, class), [(from.0, 0.0, from.1), (to.0, 0.0, to.1)]);
        }
        let (x1, x2) = (self.share(from.0), self.share(to.0));
        let (y1, y2) = (coordinate(from.1), coordinate(to.1));
        self.body.push_str(&format!("<line class=\"{class}\" x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\"/>"));
    }

    /// A filled rectangle inside of the plot: place and width in shares, top and height in pixels.
    pub fn rect(&mut self, class: &str, x: f64, y: f64, width: f64, height: f64) {
        let text = self.share(width);
        self.block(class, x, y, (width, 0.0, text), height);
    }

    /// The same with a width in pixels.
    pub fn stub(&mut self, class: &str, x: f64, y: f64, width: f64, height: f64) {
        self.block(class, x, y, (0.0, width, coordinate(width)), height);
    }

    fn block(&mut self, class: &str, x: f64, y: f64, (share, pixels, width): (f64, f64, String), height: f64) {
        if let Some(scene) = &mut self.scene {
            let place = [x, 0.0, y, share, pixels, height];
            if class == "hatch" {
                scene.block(Style::new(Form::Box, "well"), place);
                // As thin as in the pattern, which cuts half of each stroke off.
                return scene.block(Style { size: 0.5, ..Style::new(Form::Hatch, class) }, place);
            }
            return scene.block(Style::new(Form::Box, class), place);
        }
        let (x, y, height) = (self.share(x), coordinate(y), coordinate(height));
        self.body.push_str(&format!("<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"/>"));
    }

    /// Text inside of the plot, `dx` pixels beside a share; `y` is its base line.
    pub fn text(&mut self, class: &str, anchor: Anchor, share: f64, dx: f64, y: f64, text: &str) {
        if let Some(scene) = &mut self.scene {
            return scene.text(Style { anchor, ..Style::new(Form::Text, class) }, (share, dx, y), text);
        }
        let x = self.share(share);
        let dx = if dx == 0.0 { String::new() } else { format!(" dx=\"{}\"", coordinate(dx)) };
        let anchor = match anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        };
        let (y, text) = (coordinate(y), escaped(text));
        self.body.push_str(&format!("<text class=\"{class}\" x=\"{x}\"{dx} y=\"{y}\"{anchor}>{text}</text>"));
    }

    /// A small mark inside of the plot that keeps its size: lines through places in pixels around (share, y), or what they enclose.
    pub fn mark(&mut self, class: &str, share: f64, y: f64, lines: &[&[(f64, f64)]], is_filled: bool) {
        if let Some(scene) = &mut self.scene {
            let (form, size) = if is_filled { (Form::Area, 1.0) } else { (Form::Line, 1.5) };
            let style = Style { size, ..Style::new(form, class) };
            return lines.iter().for_each(|line| scene.line(style, line.iter().map(|(dx, dy)| (share, *dx, y + dy))));
        }
        let part = |(at, (dx, dy)): (usize, &(f64, f64))| format!("{}{dx} {dy}", if at == 0 { 'M' } else { 'L' });
        let path: String = lines.iter().flat_map(|line| line.iter().enumerate().map(part)).collect();
        self.shape(class, share, y, &path);
    }

    /// A small shape inside of the plot that keeps its size: `path` is in pixels around (share, y).
    pub fn shape(&mut self, class: &str, share: f64, y: f64, path: &str) {
        let at = match self.place {
            Place::Fixed { .. } => {
                format!("<path class=\"{class}\" transform=\"translate({} {})\" d=\"{path}\"/>", self.share(share), coordinate(y))
            }
            Place::Fluid { .. } => {
                format!(
                    "<svg x=\"{}\" y=\"{}\" overflow=\"visible\"><path class=\"{class}\" d=\"{path}\"/></svg>",
                    self.share(share),
                    coordinate(y)
                )
            }
        };
        self.body.push_str(&at);
    }

    /// A part of the page: no document of its own, no style and nothing that a name could clash with.
    fn part(self) -> String {
        let height = match self.place {
            Place::Fixed { height, .. } | Place::Fluid { height } => coordinate(height),
        };
        let told = [self.title.as_str(), self.summary.as_str()].join(": ");
        let mut part = format!("<svg class=\"drawn\" width=\"100%\" height=\"{height}\" role=\"img\" aria-label=\"{}\">", escaped(&told));
        part.push_str(&self.body);
        part.push_str("</svg>");
        part
    }

    /// The whole document.
    pub fn finish(self) -> String {
        if self.theme == Theme::Page {
            return self.part();
        }
        let mut document = match self.place {
            Place::Fixed { width, height } => {
                let (w, h) = (coordinate(width), coordinate(height));
                format!("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{w}\" height=\"{h}\" viewBox=\"0 0 {w} {h}\" role=\"img\">")
            }
            Place::Fluid { height } => {
                format!("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"100%\" height=\"{}\" role=\"img\">", coordinate(height))
            }
        };
        document.push_str(&format!("<title>{}</title><desc>{}</desc><style>", escaped(&self.title), escaped(&self.summary)));
        document.push_str(&format!(
            "text{{font:{FONT_SIZE}px system-ui,-apple-system,\"Segoe UI\",Roboto,\"Noto Sans\",\"DejaVu Sans\",sans-serif;font-variant-numeric:tabular-nums}}.c{{fill:none;stroke-linejoin:round;stroke-linecap:round}}.g,.a{{fill:none;shape-rendering:crispEdges}}.h{{font-weight:600;font-size:13px}}.w{{stroke-width:5px;paint-order:stroke}}"
        ));
        self.rules(&mut document, self.theme == Theme::Dark);
        if self.theme == Theme::Auto {
            document.push_str("@media (prefers-color-scheme:dark){");
            self.rules(&mut document, true);
            document.push('}');
        }
        document.push_str("</style>");
        if let Place::Fixed { .. } = self.place {
            document.push_str("<rect class=\"b\" width=\"100%\" height=\"100%\"/>");
        }
        document.push_str(&self.body);
        document.push_str("</svg>");
        document
    }

    /// The classes: `b` ground, `g` grid line, `a` axis, `t` text, `k` text in the full ink, `w` text over lines, `o` outline in the ink, `s0`.. and `f0`.. series.
    fn rules(&self, sheet: &mut String, dark: bool) {
        let inks = palette::inks(dark);
        let mut rule = |class: String, property: &str, colour: Colour| sheet.push_str(&format!(".{class}{{{property}:#{colour:06x}}}"));
        rule("b".into(), "fill", inks.tile);
        rule("g".into(), "stroke", inks.line);
        rule("a".into(), "stroke", inks.muted);
        rule("t".into(), "fill", inks.muted);
        rule("k".into(), "fill", inks.ink);
        rule("w".into(), "stroke", inks.tile);
        rule("o".into(), "stroke", inks.ink);
        for slot in (0..palette::COLOURS).filter(|slot| self.slots & (1 << slot) != 0) {
            rule(format!("s{slot}"), "stroke", palette::colour(slot, dark));
            rule(format!("f{slot}"), "fill", palette::colour(slot, dark));
        }
    }
}

/// A number with at most two decimals. What is not finite becomes 0: it has no place, and must not break the document.
pub fn coordinate(value: f64) -> String {
    let mut text = String::new();
    push_coordinate(&mut text, value);
    text
}

/// [`coordinate`] at the end of a text, without an allocation of its own.
pub fn push_coordinate(text: &mut String, value: f64) {
    use std::fmt::Write;
    // The cast brings what is not finite or too large into the range.
    let hundredths = (value * 100.0).round() as i64;
    if hundredths < 0 {
        text.push('-');
    }
    let (whole, part) = (hundredths.unsigned_abs() / 100, hundredths.unsigned_abs() % 100);
    let written = match part {
        0 => write!(text, "{whole}"),
        part if part % 10 == 0 => write!(text, "{whole}.{}", part / 10),
        part => write!(text, "{whole}.{part:02}"),
    };
    written.expect("writing to a String cannot fail");
}

/// Text for markup and attributes. Characters that XML does not allow become U+FFFD.
pub fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            '\t' | '\n' | '\r' => safe.push(' '),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => safe.push('\u{fffd}'),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_are_short() {
        for (value, text) in [(1.0, "1"), (-0.004, "0"), (1.5, "1.5"), (-12.345, "-12.35"), (0.07, "0.07"), (f64::NAN, "0")] {
            assert_eq!(coordinate(value), text);
        }
    }

    #[test]
    fn text_stays_text() {
        assert_eq!(escaped("<a b=\"1\">&'\u{1}\n"), "&lt;a b=&quot;1&quot;&gt;&amp;&#39;\u{fffd} ");
        let mut svg = Svg::new(Place::Fluid { height: 10.0 }, Theme::Auto, "</title><script>", "&");
        svg.text("t", Anchor::Start, 0.0, 0.0, 1.0, "<script>");
        let document = svg.finish();
        assert!(!document.contains("<script>") && document.contains("<title>&lt;/title&gt;&lt;script&gt;</title>"));
    }

    #[test]
    fn a_part_of_the_page_has_no_style_and_no_name() {
        let mut svg = Svg::new(Place::Fluid { height: 10.0 }, Theme::Page, "\"><script>", "</svg>");
        svg.text("t", Anchor::Start, 0.0, 0.0, 1.0, "<b>");
        let part = svg.finish();
        assert!(
            part.starts_with("<svg class=\"drawn\" ") && part.contains("aria-label=\"&quot;&gt;&lt;script&gt;: &lt;/svg&gt;\""),
            "{part}"
        );
        assert!(!part.contains("<style") && !part.contains("<title") && !part.contains(" id=") && part.contains("&lt;b&gt;"), "{part}");
    }

    #[test]
    fn a_fixed_document_has_no_per_cent_inside_of_its_ground() {
        let draw = |place| {
            let mut svg = Svg::new(place, Theme::Light, "t", "d");
            svg.plot(10.0, 20.0);
            svg.line("g", (0.0, 5.0), (0.5, 5.0));
            svg.end_plot();
            svg.finish()
        };
        assert!(draw(Place::Fixed { width: 130.0, height: 50.0 }).contains("x2=\"50\""));
        assert!(draw(Place::Fluid { height: 50.0 }).contains("x2=\"50%\""));
    }
}
