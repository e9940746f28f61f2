//! What stands around the shapes: the document or the element, its title, and the styles.

use super::Writer;
use super::text::{coordinate, escaped};
use crate::charts::canvas::CanvasSize;
use crate::charts::palette::{self, Colour, Theme};
use crate::charts::text_metrics::FONT_SIZE;

const VALUE_STYLES: &str = ".nan,.thin{fill:none}.nan{stroke-width:1.5}.hatch{fill:url(#hatch)}.dot{fill:none;stroke-linecap:round;opacity:.8}.square{stroke-linecap:square}\
    .faint{fill-opacity:.25}.cells{shape-rendering:crispEdges}.end{text-anchor:end}.mid{text-anchor:middle}";
const LIGHT: &str =
    ".good{fill:#1a7f37}.bad{fill:#b42318}.well{fill:#f6f7f9}.ground{fill:#fff}.gap{stroke:#fff}.nan,.thin,.rule{stroke:#59616b}";
const DARK: &str =
    ".good{fill:#4cc26b}.bad{fill:#ff9389}.well{fill:#12161a}.ground{fill:#181c21}.gap{stroke:#181c21}.nan,.thin,.rule{stroke:#9da7b2}";
const HATCH: &str = "<defs><pattern id=\"hatch\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">\
    <rect class=\"well\" width=\"6\" height=\"6\"/><path class=\"rule\" d=\"M0 0v6\"/></pattern></defs>";

impl Writer {
    pub(super) fn element(self, title: &str, summary: &str) -> String {
        let label = if title.is_empty() { summary.to_owned() } else { [title, summary].join(": ") };
        let height = coordinate(self.size.height());
        let styles = if self.has_value_styles { value_styles(Theme::Page) } else { String::new() };
        format!(
            "<svg class=\"static-chart\" width=\"100%\" height=\"{height}\" role=\"img\" aria-label=\"{}\">{styles}{}</svg>",
            escaped(&label),
            self.out
        )
    }

    pub(super) fn document(self, theme: Theme, title: &str, summary: &str) -> String {
        let mut document = match self.size {
            CanvasSize::Fixed { width, height } => {
                let (w, h) = (coordinate(width), coordinate(height));
                format!("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{w}\" height=\"{h}\" viewBox=\"0 0 {w} {h}\" role=\"img\">")
            }
            CanvasSize::Fluid { height } => {
                format!("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"100%\" height=\"{}\" role=\"img\">", coordinate(height))
            }
        };
        document.push_str(&format!("<title>{}</title><desc>{}</desc><style>", escaped(title), escaped(summary)));
        document.push_str(&format!(
            "text{{font:{FONT_SIZE}px system-ui,-apple-system,\"Segoe UI\",Roboto,\"Noto Sans\",\"DejaVu Sans\",sans-serif;font-variant-numeric:tabular-nums}}.c{{fill:none;stroke-linejoin:round;stroke-linecap:round}}.g,.a{{fill:none;shape-rendering:crispEdges}}"
        ));
        self.rules(&mut document, theme == Theme::Dark);
        if theme == Theme::Auto {
            document.push_str("@media (prefers-color-scheme:dark){");
            self.rules(&mut document, true);
            document.push('}');
        }
        document.push_str("</style>");
        if let CanvasSize::Fixed { .. } = self.size {
            document.push_str("<rect class=\"b\" width=\"100%\" height=\"100%\"/>");
        }
        if self.has_value_styles {
            document.push_str(&value_styles(theme));
        }
        document.push_str(&self.out);
        document.push_str("</svg>");
        document
    }

    /// The classes: `b` ground, `g` grid line, `a` axis, `t` text, `k` text in the full ink, `o` outline in the ink, `s0`.. and `f0`.. series.
    fn rules(&self, sheet: &mut String, dark: bool) {
        let inks = palette::inks(dark);
        let mut rule = |class: String, property: &str, colour: Colour| sheet.push_str(&format!(".{class}{{{property}:#{colour:06x}}}"));
        rule("b".into(), "fill", inks.surface);
        rule("g".into(), "stroke", inks.border);
        rule("a".into(), "stroke", inks.muted);
        rule("t".into(), "fill", inks.muted);
        rule("k".into(), "fill", inks.text);
        rule("o".into(), "stroke", inks.text);
        for slot in palette::slots().filter(|slot| self.slots & (1 << palette::place(*slot)) != 0) {
            let place = palette::place(slot);
            rule(format!("s{place}"), "stroke", palette::colour(slot, dark));
            rule(format!("f{place}"), "fill", palette::colour(slot, dark));
        }
    }
}

/// The styles of charts that are drawn from values.
fn value_styles(theme: Theme) -> String {
    let style = match theme {
        Theme::Light => [LIGHT, VALUE_STYLES, "", "", ""],
        Theme::Dark => [DARK, VALUE_STYLES, "", "", ""],
        Theme::Auto | Theme::Page => [LIGHT, VALUE_STYLES, "@media (prefers-color-scheme:dark){", DARK, "}"],
    };
    format!("<style>{}</style>{HATCH}", style.concat())
}
