//! SVG text of a display list: a document of a known width, or one that fills any width and looks the same as if it had been known.

mod document;
mod figure;
mod path;
#[cfg(test)]
mod tests;
mod text;

use std::fmt::Write;

use raster::DOT;

use crate::charts::canvas::{CanvasSize, ChartCanvas, FLUID_UNITS};
use crate::charts::display_list::{
    Area, CellLabel, DisplayList, Glyph, HeatCells, Ink, Layer, Marker, Path, Rect, Shape, Shapes, Text, TextAnchor, Window, X,
    plate_corners,
};
use crate::charts::palette::{self, Colour, Theme, dash};
use crate::charts::text_metrics::FONT_SIZE;
pub use figure::Figure;
use path::{broken_line, commands, polygon};
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

/// Writes formatted text; writing into a string cannot fail.
macro_rules! put {
    ($writer:expr, $($text:tt)*) => {
        let _ = write!($writer.out, $($text)*);
    };
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
                Shape::Rule { ink, from, to } => self.rule(*ink, *from, *to),
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

    fn rule(&mut self, ink: Ink, from: (X, f64), to: (X, f64)) {
        let class = match ink {
            Ink::Series(slot) => self.slot('s', slot),
            Ink::Grid => "g".into(),
            _ => "a".into(),
        };
        let (x1, x2) = (self.share(from.0.share), self.share(to.0.share));
        put!(self, "<line class=\"{class}\" x1=\"{x1}\" y1=\"{}\" x2=\"{x2}\" y2=\"{}\"/>", coordinate(from.1), coordinate(to.1));
    }

    fn rect(&mut self, rect: &Rect, in_margin: bool) {
        let class = self.fill(rect.ink);
        let x = if in_margin { coordinate(rect.x.px) } else { self.share(rect.x.share) };
        let corner = if rect.corner > 0.0 { format!(" rx=\"{}\"", coordinate(rect.corner)) } else { String::new() };
        let (y, width, height) = (coordinate(rect.y), self.width(rect.width), coordinate(rect.height));
        put!(self, "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"{corner}/>");
    }

    fn text(&mut self, text: &Text, in_margin: bool) {
        let mut class = self.fill(text.ink);
        if text.has_halo {
            class.push_str(" w");
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

    /// Begins an element with coordinates of its own, which fills the plot's width and cuts off what leaves it.
    fn begin_stretched(&mut self, (top, height): (f64, f64), columns: f64, rows: f64) {
        let width = match self.size {
            CanvasSize::Fixed { .. } => coordinate(self.plot.1),
            CanvasSize::Fluid { .. } => "100%".to_owned(),
        };
        put!(
            self,
            "<svg y=\"{}\" width=\"{width}\" height=\"{}\" viewBox=\"0 0 {} {}\" preserveAspectRatio=\"none\">",
            coordinate(top),
            coordinate(height),
            coordinate(columns),
            coordinate(rows)
        );
    }

    fn window(&mut self, window: &Window) {
        let units = if matches!(self.size, CanvasSize::Fixed { .. }) { self.plot.1 } else { FLUID_UNITS };
        self.begin_stretched((window.top, window.height), units, window.height);
        // One, where the paths were made for this width.
        let scale = if window.width == units { 1.0 } else { units / window.width };
        for path in &window.paths {
            match path {
                Path::Columns { slot, columns, has_gaps } => self.columns(*slot, columns, *has_gaps, window.height, scale),
                Path::Ridge { slot, points, base } => self.ridge(*slot, points, *base, scale),
                Path::Line { slot, points, width } => self.line(*slot, points, *width, scale),
                Path::Stroke(layer) => self.layer(layer),
                Path::Area(area) => self.area(area),
                Path::Dots { slot, size, is_square, spacing, dots } => self.dots(*slot, *size, *is_square, *spacing, dots),
            }
        }
        self.out.push_str("</svg>");
    }

    fn columns(&mut self, slot: usize, columns: &[(f64, f64, f64)], has_gaps: bool, bottom: f64, scale: f64) {
        let class = self.slot('f', slot);
        self.has_value_styles |= has_gaps;
        let gap = if has_gaps { " gap" } else { "" };
        put!(self, "<path class=\"{class}{gap}\" vector-effect=\"non-scaling-stroke\" d=\"");
        for (from, to, height) in columns {
            put!(self, "M{} {}V", coordinate(from * scale), coordinate(bottom));
            push_coordinate(&mut self.out, bottom - height);
            self.out.push('H');
            push_coordinate(&mut self.out, to * scale);
            self.out.push('V');
            push_coordinate(&mut self.out, bottom);
            self.out.push('z');
        }
        self.out.push_str("\"/>");
    }

    fn ridge(&mut self, slot: usize, points: &[(f64, f64)], base: f64, scale: f64) {
        self.has_value_styles = true;
        let (fill, stroke) = (self.slot('f', slot), self.slot('s', slot));
        let line = broken_line(points, scale);
        let end = |point: Option<&(f64, f64)>| coordinate(point.map_or(0.0, |point| point.0 * scale));
        let area = format!("{line}L{} {1}L{2} {1}z", end(points.last()), coordinate(base), end(points.first()));
        // First the ground, which hides what is behind, then the colour on it.
        put!(
            self,
            "<path class=\"ground\" d=\"{area}\"/><path class=\"{fill} faint\" d=\"{area}\"/>\
             <path class=\"c {stroke}\" stroke-width=\"1.2\" vector-effect=\"non-scaling-stroke\" d=\"{line}\"/>"
        );
    }

    fn line(&mut self, slot: usize, points: &[(f64, f64)], width: f64, scale: f64) {
        let class = self.slot('s', slot);
        let line = broken_line(points, scale);
        put!(self, "<path class=\"c {class}\" stroke-width=\"{width}\" vector-effect=\"non-scaling-stroke\" d=\"{line}\"/>");
    }

    fn layer(&mut self, layer: &Layer) {
        let class = self.slot('s', layer.style.colour);
        let opacity = if layer.alpha < 1.0 { format!(" stroke-opacity=\"{}\"", coordinate(layer.alpha)) } else { String::new() };
        let dashes: Vec<_> = dash(layer.style.dash).iter().map(|length| coordinate(*length)).collect();
        // Round ends would fill the gaps.
        let dashes =
            if dashes.is_empty() { String::new() } else { format!(" stroke-dasharray=\"{}\" stroke-linecap=\"butt\"", dashes.join(" ")) };
        let (line, dots) = commands(&layer.path);
        for (path, width, dashes) in [(line, layer.width, dashes.as_str()), (dots, layer.width * DOT, "")] {
            if !path.is_empty() {
                let width = coordinate(width);
                put!(
                    self,
                    "<path class=\"c {class}\" vector-effect=\"non-scaling-stroke\" stroke-width=\"{width}\"{opacity}{dashes} d=\"{path}\"/>"
                );
            }
        }
    }

    fn area(&mut self, area: &Area) {
        let class = self.slot('f', area.slot);
        let (path, _) = commands(&area.path);
        put!(self, "<path class=\"{class}\" fill-opacity=\"{}\" d=\"{path}\"/>", area.alpha);
    }

    fn dots(&mut self, slot: usize, size: f64, is_square: bool, spacing: f64, dots: &[(i32, i32)]) {
        self.has_value_styles = true;
        let class = self.slot('s', slot);
        let square = if is_square { " square" } else { "" };
        // The spacing is the unit of the path, so that its coordinates are whole.
        put!(
            self,
            "<path class=\"dot {class}{square}\" stroke-width=\"{}\" vector-effect=\"non-scaling-stroke\" transform=\"scale({spacing})\" d=\"",
            coordinate(size)
        );
        let (mut x, mut y) = (0, 0);
        for (column, row) in dots {
            let joint = if *row >= y { " " } else { "" };
            put!(self, "m{}{joint}{}h0", column - x, row - y);
            (x, y) = (*column, *row);
        }
        self.out.push_str("\"/>");
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
        let dashes: Vec<_> = dash(dashes).iter().map(|length| coordinate(*length)).collect();
        put!(
            self,
            "<path class=\"{class}\" stroke-width=\"2.25\" stroke-dasharray=\"{}\" d=\"M{} {}h{width}\"/>",
            if dashes.is_empty() { "none".to_owned() } else { dashes.join(" ") },
            coordinate(x),
            coordinate(y)
        );
    }
}
