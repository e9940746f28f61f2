//! Shapes of a display list as operators.

use std::fmt::Write;

use super::{Writer, font};
use crate::charts::display_list::{Glyph, HeatCells, Ink, Marker, PLATE_ALPHA, Rect, Shape, Shapes, Text, TextAnchor, X, plate_corners};
use crate::charts::palette::{Colour, dash};
use crate::charts::render::svg::coordinate;

/// From one stripe of a hatched place to the next along an axis.
const HATCH: f64 = 8.485;
/// The stroke around letters that makes them bold, as a share of their size.
const BOLD: f64 = 0.035;

impl Writer {
    pub(super) fn shapes(&mut self, shapes: &Shapes, in_margin: bool) {
        for shape in &shapes.0 {
            match shape {
                Shape::Rule { ink, dash: dashes, from, to } => {
                    self.stroke_ink(*ink);
                    self.pen(1.0, false, dash(*dashes));
                    let ends = [*from, *to].map(|(x, y)| (self.x(x, in_margin), y));
                    self.path(ends, "S");
                }
                Shape::Rect(rect) => self.filled(rect, in_margin),
                Shape::Text(text) => self.text(text, in_margin),
                Shape::Marker(marker) => self.marker(marker),
                Shape::CellLabels(labels) => {
                    for label in labels {
                        let text = Text::new(label.ink, TextAnchor::Middle, X::share(label.share), label.y, label.text.as_str());
                        self.text(&text, false);
                    }
                }
                Shape::Window(window) => self.window(window),
                Shape::HeatCells(cells) => self.heat_cells(cells),
                Shape::ColourBar { colours, top, bottom } => self.colour_bar(colours, *top, *bottom),
                Shape::Swatch { ink, dash: dashes, x, width, y } => {
                    self.stroke_ink(*ink);
                    self.pen(2.25, false, dash(*dashes));
                    self.path([(*x, *y), (x + width, *y)], "S");
                }
            }
        }
    }

    pub(super) fn x(&self, x: X, in_margin: bool) -> f64 {
        if in_margin { x.px } else { self.plot.0 + x.share * self.plot.1 + x.px }
    }

    fn filled(&mut self, rect: &Rect, in_margin: bool) {
        let (x, width) = (self.x(rect.x, in_margin), rect.width.share * self.plot.1 + rect.width.px);
        if rect.corner * 2.0 >= width && rect.corner > 0.0 {
            self.fill_ink(rect.ink);
            return self.disc((x + width / 2.0, rect.y + rect.height / 2.0), rect.corner, "f");
        }
        let is_hatched = rect.ink == Ink::Hatch;
        self.fill_ink(if is_hatched { Ink::Well } else { rect.ink });
        self.rect(x, rect.y, width, rect.height, "f");
        if is_hatched {
            self.saved(|writer| {
                writer.rect(x, rect.y, width, rect.height, "W n");
                writer.stroke_ink(Ink::Hatch);
                writer.pen(0.5, false, &[]);
                // Where x + y is a multiple of the gap.
                let mut sum = ((x + rect.y) / HATCH).ceil() * HATCH;
                while sum < x + width + rect.y + rect.height {
                    writer.path([(sum - rect.y, rect.y), (sum - rect.y - rect.height, rect.y + rect.height)], "S");
                    sum += HATCH;
                }
            });
        }
    }

    fn text(&mut self, text: &Text, in_margin: bool) {
        let (x, width) = (self.x(text.x, in_margin), font::width(&text.text) * text.size);
        if text.has_plate {
            let [left, top, width, height] = text.plate(width);
            self.saved(|writer| {
                writer.fill_ink(Ink::Ground);
                writer.alpha(PLATE_ALPHA);
                writer.rect(x + left, top, width, height, "f");
            });
        }
        let before = match text.anchor {
            TextAnchor::Start => 0.0,
            TextAnchor::Middle => width / 2.0,
            TextAnchor::End => width,
        };
        // Letters stand upright where all else counts downwards; turned text goes upwards.
        let (turn, x, y) = if text.is_upright { ("0 -1 -1 0", x, text.y + before) } else { ("1 0 0 -1", x - before, text.y) };
        self.letters(&text.text, text.ink, (text.size, text.is_bold), (turn, x, y));
        if let Some((gap, size, suffix)) = &text.suffix {
            self.letters(suffix, Ink::Muted, (*size, false), (turn, x + width + gap, y));
        }
    }

    fn letters(&mut self, text: &str, ink: Ink, (size, is_bold): (f64, bool), (turn, x, y): (&str, f64, f64)) {
        if text.is_empty() {
            return;
        }
        let mut codes = String::with_capacity(4 * text.len());
        for c in text.chars() {
            let _ = write!(codes, "{:04X}", self.glyphs.number(c));
        }
        self.fill_ink(ink);
        if is_bold {
            self.stroke_ink(ink);
            self.pen(size * BOLD, false, &[]);
        }
        let (mode, [size, x, y]) = (if is_bold { 2 } else { 0 }, [size, x, y].map(coordinate));
        put!(self, "BT /F {size} Tf {mode} Tr {turn} {x} {y} Tm <{codes}> Tj ET\n");
    }

    fn marker(&mut self, marker: &Marker) {
        let (x, y) = (self.x(X::share(marker.share), false), marker.y);
        let moved = |(dx, dy): &(f64, f64)| (x + dx, y + dy);
        self.fill_ink(marker.ink);
        match marker.glyph {
            Glyph::Polygon(corners) => {
                self.stroke_ink(Ink::Text);
                self.pen(0.75, false, &[]);
                self.path(corners.iter().map(moved), if marker.is_outlined { "b" } else { "f" });
            }
            Glyph::Cross { arm } => {
                self.stroke_ink(marker.ink);
                self.pen(1.5, true, &[]);
                self.path([(x - arm, y - arm), (x + arm, y + arm), (f64::NAN, 0.0), (x + arm, y - arm), (x - arm, y + arm)], "S");
            }
            Glyph::Disc { radius } => self.disc((x, y), radius, "f"),
            Glyph::Tick { length } => {
                self.stroke_ink(marker.ink);
                self.pen(1.0, false, &[]);
                self.path([(x - length, y), (x, y)], "S");
            }
            Glyph::Plate { width, height } => {
                self.fill_ink(Ink::Ground);
                self.stroke_ink(marker.ink);
                self.pen(1.0, false, &[]);
                self.path(plate_corners(width, height).iter().map(moved), "b");
            }
        }
    }

    fn heat_cells(&mut self, cells: &HeatCells) {
        let (left, width) = self.plot;
        let down = |row: usize| cells.top + cells.edges[row] / cells.rows * (cells.bottom - cells.top);
        let across = |column: usize| left + (column as f64 / cells.columns).min(1.0) * width;
        for run in &cells.runs {
            self.fill_ink(Ink::Fixed(cells.colours[run.level]));
            let (x, y) = (across(run.from), down(run.row));
            self.rect(x, y, across(run.from + run.count) - x, down(run.row + 1) - y, "f");
        }
    }

    fn colour_bar(&mut self, colours: &[Colour], top: f64, bottom: f64) {
        let (left, piece) = (self.x(X { share: 1.0, px: 10.0 }, false), (bottom - top) / colours.len().max(1) as f64);
        for (step, colour) in colours.iter().enumerate() {
            self.fill_ink(Ink::Fixed(*colour));
            self.rect(left, top + step as f64 * piece, 10.0, piece, "f");
        }
    }
}
