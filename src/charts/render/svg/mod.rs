//! SVG text of a display list: a document of a known width, or one that fills any width and looks the same as if it had been known.

/// Writes formatted text; writing into a string cannot fail.
macro_rules! put {
    ($writer:expr, $($text:tt)*) => {
        let _ = write!($writer.out, $($text)*);
    };
}

mod document;
mod figure;
mod path;
#[cfg(test)]
mod tests;
mod text;
mod window;

use std::fmt::Write;

use crate::charts::canvas::{CanvasSize, ChartCanvas};
use crate::charts::display_list::{
    CellLabel, DisplayList, Glyph, HeatCells, Ink, Marker, PLATE_ALPHA, Rect, Shape, Shapes, Text, TextAnchor, X, plate_corners,
};
use crate::charts::palette::{self, Colour, Theme, dash};
use crate::charts::text_metrics::{FONT_SIZE, text_width};
pub use figure::Figure;
use path::polygon;
pub use text::{coordinate, escaped, push_coordinate};

/// A whole document; for [`Theme::Page`] an element of the page, without a style and without a name that could clash.
pub fn svg(list: &DisplayList, canvas: &ChartCanvas) -> String {
    let mut writer = Writer { out: String::new(), size: canvas.size, plot: (0.0, 0.0), slots: 0, has_value_styles: false };
    writer.shapes(&list.margin, true);
    if !list.plot.0.is_empty() {
        writer.begin_plot(list.left, list.right);
        writer.shapes(&list.plot, false);
        writer.end_plot();
    }
    match canvas.theme {
        Theme::Page => writer.element(&canvas.title, &list.summary),
        theme => writer.document(theme, if canvas.title.is_empty() { &list.summary } else { &canvas.title }, &list.summary),
    }
}

struct Writer {
    out: String,
    size: CanvasSize,
    /// The plot's left edge and width, in pixels; in a fluid document the margins on both sides of it.
    plot: (f64, f64),
    /// The slots whose colours are used, as bits.
    slots: u32,
    /// Whether something needs the styles of charts of values.
    has_value_styles: bool,
}

impl Writer {
    fn begin_plot(&mut self, left: f64, right: f64) {
        match self.size {
            CanvasSize::Fixed { width, .. } => {
                self.plot = (left, (width - left - right).max(0.0));
                put!(self, "<g transform=\"translate({} 0)\">", coordinate(left));
            }
            CanvasSize::Fluid { .. } => {
                self.plot = (left, right);
                // The attribute is what Chromium reads, and the property what CSS defines.
                let width = format!("calc(100% - {}px)", coordinate(left + right));
                put!(self, "<svg x=\"{}\" width=\"{width}\" style=\"width:{width}\" overflow=\"visible\">", coordinate(left));
            }
        }
    }

    fn end_plot(&mut self) {
        self.out.push_str(if matches!(self.size, CanvasSize::Fixed { .. }) { "</g>" } else { "</svg>" });
    }

    /// A share of the plot's width as the text of an attribute: pixels, or per cent.
    fn share(&self, share: f64) -> String {
        match self.size {
            CanvasSize::Fixed { .. } => coordinate(share * self.plot.1),
            CanvasSize::Fluid { .. } => coordinate(share * 100.0) + "%",
        }
    }

    /// A width: one of its two parts is nothing.
    fn width(&self, width: X) -> String {
        if width.share == 0.0 { coordinate(width.px) } else { self.share(width.share) }
    }

    fn shapes(&mut self, shapes: &Shapes, in_margin: bool) {
        for shape in &shapes.0 {
            match shape {
                Shape::Rule { ink, dash, from, to } => self.rule(*ink, *dash, *from, *to),
                Shape::Rect(rect) => self.rect(rect, in_margin),
                Shape::Text(text) => self.text(text, in_margin),
                Shape::Marker(marker) => self.marker(marker),
                Shape::CellLabels(labels) => self.cell_labels(labels),
                Shape::Window(window) => self.window(window),
                Shape::HeatCells(cells) => self.heat_cells(cells),
                Shape::ColourBar { colours, top, bottom } => self.colour_bar(colours, *top, *bottom),
                Shape::Swatch { ink, dash, x, width, y } => self.swatch(*ink, *dash, *x, *width, *y),
            }
        }
    }

    /// The class of what is filled with an ink.
    fn fill(&mut self, ink: Ink) -> String {
        match ink {
            Ink::Series(slot) => self.slot('f', slot),
            Ink::Ground => "b".into(),
            Ink::Muted | Ink::Grid | Ink::Axis => "t".into(),
            Ink::Text | Ink::Fixed(_) => "k".into(),
            Ink::Well => self.value_class("well"),
            Ink::Good => self.value_class("good"),
            Ink::Bad => self.value_class("bad"),
            Ink::Hatch => self.value_class("hatch"),
        }
    }

    fn value_class(&mut self, class: &str) -> String {
        self.has_value_styles = true;
        class.to_owned()
    }

    /// The class of a series' lines (`s3`) or areas (`f3`).
    fn slot(&mut self, kind: char, slot: usize) -> String {
        let slot = palette::place(slot);
        self.slots |= 1 << slot;
        format!("{kind}{slot}")
    }

    fn rule(&mut self, ink: Ink, dashes: usize, from: (X, f64), to: (X, f64)) {
        let class = match ink {
            Ink::Series(slot) => "a ".to_owned() + &self.slot('s', slot),
            Ink::Grid => "g".into(),
            Ink::Text => "a o".into(),
            _ => "a".into(),
        };
        let dashes = match dash(dashes) {
            [] => String::new(),
            lengths => format!(" stroke-dasharray=\"{}\"", path::lengths(lengths)),
        };
        let (x1, x2) = (self.share(from.0.share), self.share(to.0.share));
        put!(self, "<line class=\"{class}\"{dashes} x1=\"{x1}\" y1=\"{}\" x2=\"{x2}\" y2=\"{}\"/>", coordinate(from.1), coordinate(to.1));
    }

    fn rect(&mut self, rect: &Rect, in_margin: bool) {
        let class = self.fill(rect.ink);
        let x = if in_margin { coordinate(rect.x.px) } else { self.share(rect.x.share) };
        let corner = if rect.corner > 0.0 { format!(" rx=\"{}\"", coordinate(rect.corner)) } else { String::new() };
        let (y, width, height) = (coordinate(rect.y), self.width(rect.width), coordinate(rect.height));
        put!(self, "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"{corner}/>");
    }

    fn text(&mut self, text: &Text, in_margin: bool) {
        let class = self.fill(text.ink);
        if text.has_plate {
            let x = if in_margin { coordinate(0.0) } else { self.share(text.x.share) };
            let [left, top, width, height] = text.plate(text_width(&text.text) * text.size / FONT_SIZE);
            let (left, top) = (coordinate(text.x.px + left), coordinate(top));
            let (width, height) = (coordinate(width), coordinate(height));
            // A move beside the place, which may be per cent.
            put!(
                self,
                "<rect class=\"b\" fill-opacity=\"{PLATE_ALPHA}\" x=\"{x}\" y=\"{top}\" width=\"{width}\" height=\"{height}\" transform=\"translate({left} 0)\"/>"
            );
        }
        let (x, dx) = match (in_margin, text.x.px) {
            (true, px) => (coordinate(px), String::new()),
            (false, 0.0) => (self.share(text.x.share), String::new()),
            (false, px) => (self.share(text.x.share), format!(" dx=\"{}\"", coordinate(px))),
        };
        let y = coordinate(text.y);
        let place = match text.is_upright {
            true => format!(" transform=\"translate({x} {y}) rotate(-90)\""),
            false => format!(" x=\"{x}\"{dx} y=\"{y}\""),
        };
        let anchor = match text.anchor {
            TextAnchor::Start => "",
            TextAnchor::Middle => " text-anchor=\"middle\"",
            TextAnchor::End => " text-anchor=\"end\"",
        };
        let font = |size: f64, is_bold: bool| match (size == FONT_SIZE, is_bold) {
            (true, false) => String::new(),
            (_, false) => format!(" style=\"font-size:{}px\"", coordinate(size)),
            (_, true) => format!(" style=\"font-size:{}px;font-weight:600\"", coordinate(size)),
        };
        put!(self, "<text class=\"{class}\"{place}{anchor}{}>", font(text.size, text.is_bold));
        if !text.whole.is_empty() {
            put!(self, "<title>{}</title>", escaped(&text.whole));
        }
        self.out.push_str(&escaped(&text.text));
        if let Some((gap, size, suffix)) = &text.suffix {
            put!(
                self,
                "<tspan class=\"t\" dx=\"{}\" style=\"font-size:{}px;font-weight:400\">{}</tspan>",
                coordinate(*gap),
                coordinate(*size),
                escaped(suffix)
            );
        }
        self.out.push_str("</text>");
    }

    fn marker(&mut self, marker: &Marker) {
        let class = match (marker.glyph, marker.is_outlined) {
            (Glyph::Tick { .. }, _) => "a".to_owned(),
            (Glyph::Cross { .. }, _) => self.value_class("nan"),
            (Glyph::Plate { .. }, _) => match marker.ink {
                Ink::Series(slot) => "b ".to_owned() + &self.slot('s', slot),
                _ => "b a".to_owned(),
            },
            (_, true) => self.fill(marker.ink) + " o",
            _ => self.fill(marker.ink),
        };
        let path = match marker.glyph {
            Glyph::Polygon(corners) => polygon(corners),
            Glyph::Cross { arm } => format!("M-{arm} -{arm}L{arm} {arm}M{arm} -{arm}L-{arm} {arm}"),
            Glyph::Disc { radius } => format!("M-{radius} 0a{radius} {radius} 0 1 0 {0} 0a{radius} {radius} 0 1 0-{0} 0z", 2.0 * radius),
            Glyph::Tick { length } => format!("M-{length} 0h{length}"),
            Glyph::Plate { width, height } => polygon(&plate_corners(width, height)),
        };
        let (x, y) = (self.share(marker.share), coordinate(marker.y));
        match self.size {
            CanvasSize::Fixed { .. } => {
                put!(self, "<path class=\"{class}\" transform=\"translate({x} {y})\" d=\"{path}\"/>");
            }
            CanvasSize::Fluid { .. } => {
                put!(self, "<svg x=\"{x}\" y=\"{y}\" overflow=\"visible\"><path class=\"{class}\" d=\"{path}\"/></svg>");
            }
        }
    }

    fn cell_labels(&mut self, labels: &[CellLabel]) {
        self.has_value_styles = true;
        self.out.push_str("<g class=\"mid\">");
        for label in labels {
            let (x, y) = (self.share(label.share), coordinate(label.y));
            match label.ink {
                Ink::Fixed(colour) => {
                    put!(self, "<text fill=\"#{colour:06x}\" x=\"{x}\" y=\"{y}\">{}</text>", escaped(&label.text));
                }
                ink => {
                    let class = self.fill(ink);
                    put!(self, "<text class=\"{class}\" x=\"{x}\" y=\"{y}\">{}</text>", escaped(&label.text));
                }
            }
        }
        self.out.push_str("</g>");
    }

    /// One path for each colour.
    fn heat_cells(&mut self, cells: &HeatCells) {
        self.has_value_styles = true;
        self.begin_stretched((cells.top, cells.bottom - cells.top), cells.columns, cells.rows);
        let mut paths: Vec<String> = vec![String::new(); cells.colours.len()];
        for run in &cells.runs {
            let Some(path) = paths.get_mut(run.level) else { continue };
            let _ = write!(path, "M{} ", run.from);
            push_coordinate(path, cells.edges[run.row]);
            let _ = write!(path, "h{}v", run.count);
            push_coordinate(path, cells.edges[run.row + 1] - cells.edges[run.row]);
            let _ = write!(path, "h-{}z", run.count);
        }
        for (colour, path) in cells.colours.iter().zip(&paths).filter(|(_, path)| !path.is_empty()) {
            put!(self, "<path class=\"cells\" fill=\"#{colour:06x}\" d=\"{path}\"/>");
        }
        self.out.push_str("</svg>");
    }

    fn colour_bar(&mut self, colours: &[Colour], top: f64, bottom: f64) {
        self.has_value_styles = true;
        let (at, piece) = (self.share(1.0), (bottom - top) / colours.len().max(1) as f64);
        self.out.push_str("<g class=\"cells\" transform=\"translate(10 0)\">");
        for (step, colour) in colours.iter().enumerate() {
            // A little too high, so that no gap is seen between two.
            let over = if step + 1 < colours.len() { 0.6 } else { 0.0 };
            let (y, height) = (coordinate(top + step as f64 * piece), coordinate(piece + over));
            put!(self, "<rect x=\"{at}\" y=\"{y}\" width=\"10\" height=\"{height}\" fill=\"#{colour:06x}\"/>");
        }
        self.out.push_str("</g>");
    }

    fn swatch(&mut self, ink: Ink, dashes: usize, x: f64, width: f64, y: f64) {
        let class = match ink {
            Ink::Series(slot) => self.slot('s', slot),
            _ => "a".to_owned(),
        };
        let dashes = path::lengths(dash(dashes));
        put!(
            self,
            "<path class=\"{class}\" stroke-width=\"2.25\" stroke-dasharray=\"{}\" d=\"M{} {}h{width}\"/>",
            if dashes.is_empty() { "none" } else { &dashes },
            coordinate(x),
            coordinate(y)
        );
    }
}
