//! The page's back end of display lists: calls of a canvas. Lines and dots that may be many are drawn as pixels instead.

use std::f64::consts::TAU;

use js_sys::Array;
use raster::{DOT, Pixels, Stroke};
use wasm_bindgen::{Clamped, JsValue};
use web_sys::{CanvasRenderingContext2d, ImageData};

use super::display::hex_color;
use crate::browser::dom;
use crate::charts::display_list::{
    Area, DisplayList, Glyph, HeatCells, Ink, Marker, PLATE_ALPHA, Path, Rect, Shape, Shapes, Text, TextAnchor, Window, X, plate_corners,
};
use crate::charts::palette;
use crate::charts::polyline::PEN_UP;
use crate::charts::text_metrics::FONT_SIZE;

/// How far apart stripes are along an axis, in pixels.
const HATCH: f64 = 8.485;
/// Of dots that lie upon each other.
const DOT_ALPHA: f64 = 0.8;

/// What charts have in common that are drawn at the same time.
#[derive(Clone, Copy)]
pub struct Style<'a> {
    pub is_dark: bool,
    /// Pixels of the screen in one of CSS.
    pub ratio: f64,
    /// A font without its size: `px` and the names.
    pub family: &'a str,
}

/// Draws shapes on a canvas, in CSS pixels.
pub struct Painter<'a> {
    pen: &'a CanvasRenderingContext2d,
    look: Style<'a>,
    /// The plot's left edge and width.
    left: f64,
    width: f64,
    /// The font that the canvas has: to set it costs as much as many texts.
    font: (f64, bool),
}

impl<'a> Painter<'a> {
    /// The canvas has the font of [`FONT_SIZE`].
    pub fn new(pen: &'a CanvasRenderingContext2d, look: Style<'a>, (left, width): (f64, f64)) -> Self {
        Self { pen, look, left, width, font: (FONT_SIZE, false) }
    }

    /// Draws a whole chart, as wide as the canvas.
    pub fn paint(pen: &CanvasRenderingContext2d, look: Style, list: &DisplayList, (width, height): (f64, f64)) {
        let mut painter = Painter::new(pen, look, (list.left, width - list.left - list.right));
        // A canvas with a new size has a font of its own.
        painter.font = (0.0, false);
        // Dots lie above all else, but pixels replace what is there: they come first, and the rest beneath them.
        let mut pixels = Pixels::default();
        for window in list.plot.0.iter().filter_map(|shape| if let Shape::Window(window) = shape { Some(window) } else { None }) {
            painter.dots(window, &mut pixels, (width, height));
        }
        if blit(pen, &pixels, (0.0, 0.0)) {
            let _ = pen.set_global_composite_operation("destination-over");
        }
        let _ = pen.set_transform(look.ratio, 0.0, 0.0, look.ratio, 0.0, 0.0);
        painter.shapes(&list.margin, true);
        painter.shapes(&list.plot, false);
    }

    /// Areas in the plot's rectangle, from `top` on, in CSS pixels: beneath what is drawn already, the last of them on top.
    pub fn areas_beneath(&self, areas: &[Area], (top, height): (f64, f64)) {
        self.pen.save();
        self.pen.begin_path();
        self.pen.rect(self.left, top, self.width, height);
        self.pen.clip();
        let _ = self.pen.set_global_composite_operation("destination-over");
        areas.iter().rev().for_each(|area| self.area(area, |(x, y)| (self.left + x, top + y)));
        self.pen.restore();
    }

    fn area(&self, area: &Area, place: impl Fn((f64, f64)) -> (f64, f64)) {
        self.ink(Ink::Series(area.slot));
        self.pen.set_global_alpha(area.alpha);
        self.trace(area.path.iter().copied().map(place));
        self.pen.fill();
        self.pen.set_global_alpha(1.0);
    }

    /// Only the straight lines: what lies beneath everything, the last of them on top.
    pub fn rules_beneath(&mut self, shapes: &Shapes) {
        let _ = self.pen.set_global_composite_operation("destination-over");
        for shape in shapes.0.iter().rev().filter(|shape| is_rule(shape)) {
            self.shape(shape, false);
        }
        let _ = self.pen.set_global_composite_operation("source-over");
    }

    /// All but the straight lines.
    pub fn without_rules(&mut self, shapes: &Shapes) {
        for shape in shapes.0.iter().filter(|shape| !is_rule(shape)) {
            self.shape(shape, false);
        }
    }

    fn shapes(&mut self, shapes: &Shapes, in_margin: bool) {
        shapes.0.iter().for_each(|shape| self.shape(shape, in_margin));
    }

    fn x(&self, x: X, in_margin: bool) -> f64 {
        if in_margin { x.px } else { self.left + x.share * self.width + x.px }
    }

    fn ink(&self, ink: Ink) {
        let colour = hex_color(ink.colour(self.look.is_dark));
        self.pen.set_fill_style_str(&colour);
        self.pen.set_stroke_style_str(&colour);
    }

    fn set_dash(&self, lengths: &[f64]) {
        let lengths: Array = lengths.iter().copied().map(JsValue::from_f64).collect();
        let _ = self.pen.set_line_dash(&lengths);
    }

    /// A stroke through points of the canvas; where one is NaN it is broken.
    fn stroke(&self, width: f64, points: impl IntoIterator<Item = (f64, f64)>) {
        self.pen.set_line_width(width);
        self.trace(points);
        self.pen.stroke();
    }

    fn trace(&self, points: impl IntoIterator<Item = (f64, f64)>) {
        self.pen.begin_path();
        let mut is_down = false;
        for (x, y) in points {
            if x.is_nan() {
                is_down = false;
                continue;
            }
            if is_down {
                self.pen.line_to(x, y)
            } else {
                self.pen.move_to(x, y)
            }
            is_down = true;
        }
    }

    /// Fills a rectangle to whole pixels of the screen, so that there are no seams between neighbours; returns its edges.
    fn fill(&self, left: f64, top: f64, right: f64, bottom: f64) -> [f64; 4] {
        let snap = |at: f64| (at * self.look.ratio).round() / self.look.ratio;
        let [left, top, right, bottom] = [left, top, right, bottom].map(snap);
        self.pen.fill_rect(left, top, right - left, bottom - top);
        [left, top, right, bottom]
    }

    fn shape(&mut self, shape: &Shape, in_margin: bool) {
        match shape {
            Shape::Rule { ink, dash, from, to } => {
                self.ink(*ink);
                self.pen.set_line_cap("butt");
                // Hardly any line has dashes, and to set them costs more than the line.
                let dashes = palette::dash(*dash);
                if !dashes.is_empty() {
                    self.set_dash(dashes);
                }
                // The middle of a pixel: a hairline that is not blurred.
                let crisp = |(x, y): (X, f64)| (self.x(x, in_margin).floor() + 0.5, y.floor() + 0.5);
                self.stroke(1.0, [crisp(*from), crisp(*to)]);
                if !dashes.is_empty() {
                    self.set_dash(&[]);
                }
            }
            Shape::Rect(rect) => self.rect(rect, in_margin),
            Shape::Text(text) => self.text(text, in_margin),
            Shape::Marker(marker) => self.marker(marker),
            Shape::CellLabels(labels) => {
                self.pen.set_text_align("center");
                self.set_font(FONT_SIZE, false);
                for label in labels {
                    self.ink(label.ink);
                    let _ = self.pen.fill_text(&label.text, self.x(X::share(label.share), false), label.y);
                }
            }
            Shape::Window(window) => self.window(window),
            Shape::HeatCells(cells) => self.heat_cells(cells),
            Shape::ColourBar { colours, top, bottom } => {
                let (left, piece) = (self.x(X { share: 1.0, px: 10.0 }, false), (bottom - top) / colours.len() as f64);
                for (step, colour) in colours.iter().enumerate() {
                    self.ink(Ink::Fixed(*colour));
                    let top = top + step as f64 * piece;
                    self.fill(left, top, left + 10.0, top + piece);
                }
            }
            // Names with swatches are those of line charts, whose names the page writes itself.
            Shape::Swatch { .. } => {}
        }
    }

    fn rect(&self, rect: &Rect, in_margin: bool) {
        let (left, width) = (self.x(rect.x, in_margin), rect.width.share * self.width + rect.width.px);
        if rect.corner * 2.0 >= width && rect.corner > 0.0 {
            self.ink(rect.ink);
            return self.disc((left + width / 2.0, rect.y + rect.height / 2.0), rect.corner);
        }
        let is_hatched = rect.ink == Ink::Hatch;
        self.ink(if is_hatched { Ink::Well } else { rect.ink });
        let [left, top, right, bottom] = self.fill(left, rect.y, left + width, rect.y + rect.height);
        if !is_hatched {
            return;
        }
        self.ink(Ink::Hatch);
        // As thin as in the pattern, which cuts half of each stroke off.
        self.pen.set_line_width(0.5);
        self.pen.begin_path();
        // Where x + y is a multiple of this, from the plot's corner on: strokes that are six pixels apart.
        let mut sum = ((left + top - self.left) / HATCH).ceil() * HATCH + self.left;
        while sum < right + bottom {
            let (from, to) = (top.max(sum - right), bottom.min(sum - left));
            self.pen.move_to(sum - from, from);
            self.pen.line_to(sum - to, to);
            sum += HATCH;
        }
        self.pen.stroke();
    }

    fn disc(&self, (x, y): (f64, f64), radius: f64) {
        self.pen.begin_path();
        let _ = self.pen.arc(x, y, radius, 0.0, TAU);
        self.pen.fill();
    }

    fn set_font(&mut self, size: f64, is_bold: bool) {
        if self.font != (size, is_bold) {
            self.font = (size, is_bold);
            self.pen.set_font(&[if is_bold { "600 " } else { "" }, &dom::number_text(size), self.look.family].concat());
        }
    }

    fn text(&mut self, text: &Text, in_margin: bool) {
        self.set_font(text.size, text.is_bold);
        self.ink(text.ink);
        self.pen.set_text_align(match text.anchor {
            TextAnchor::Start => "left",
            TextAnchor::Middle => "center",
            TextAnchor::End => "right",
        });
        let (x, ratio) = (self.x(text.x, in_margin), self.look.ratio);
        if text.is_upright {
            let _ = self.pen.set_transform(0.0, -ratio, ratio, 0.0, x * ratio, text.y * ratio);
            let _ = self.pen.fill_text(&text.text, 0.0, 0.0);
            let _ = self.pen.set_transform(ratio, 0.0, 0.0, ratio, 0.0, 0.0);
            return;
        }
        if text.has_plate {
            let [left, top, width, height] = text.plate(self.measure(&text.text));
            self.ink(Ink::Ground);
            self.pen.set_global_alpha(PLATE_ALPHA);
            self.fill(x + left, top, x + left + width, top + height);
            self.pen.set_global_alpha(1.0);
            self.ink(text.ink);
        }
        let _ = self.pen.fill_text(&text.text, x, text.y);
        if let Some((gap, size, suffix)) = &text.suffix {
            let end = x + self.measure(&text.text);
            self.set_font(*size, false);
            self.ink(Ink::Muted);
            let _ = self.pen.fill_text(suffix, end + gap, text.y);
        }
    }

    fn measure(&self, text: &str) -> f64 {
        self.pen.measure_text(text).map_or(0.0, |text| text.width())
    }

    fn marker(&self, marker: &Marker) {
        self.ink(marker.ink);
        let (x, y) = (self.x(X::share(marker.share), false), marker.y);
        match marker.glyph {
            Glyph::Polygon(corners) => {
                self.trace(corners.iter().map(|(dx, dy)| (x + dx, y + dy)));
                self.pen.close_path();
                self.pen.fill();
                if marker.is_outlined {
                    self.ink(Ink::Text);
                    self.pen.set_line_width(0.75);
                    self.pen.stroke();
                }
            }
            Glyph::Cross { arm } => {
                self.pen.set_line_cap("round");
                self.stroke(1.5, [(x - arm, y - arm), (x + arm, y + arm)]);
                self.stroke(1.5, [(x + arm, y - arm), (x - arm, y + arm)]);
            }
            Glyph::Disc { radius } => self.disc((x, y), radius),
            Glyph::Tick { length } => self.stroke(1.0, [(x - length, y), (x, y)]),
            Glyph::Plate { width, height } => {
                self.trace(plate_corners(width, height).map(|(dx, dy)| (x + dx, y + dy)));
                self.pen.close_path();
                self.ink(Ink::Ground);
                self.pen.fill();
                self.ink(marker.ink);
                self.pen.set_line_width(1.0);
                self.pen.stroke();
            }
        }
    }

    fn window(&self, window: &Window) {
        let across = |x: f64| self.left + x / window.width * self.width;
        let place = |(x, y): &(f64, f64)| (across(*x), window.top + y);
        for path in &window.paths {
            match path {
                Path::Columns { slot, columns, has_gaps } => {
                    self.ink(Ink::Series(*slot));
                    let (bottom, gap) = (window.top + window.height, if *has_gaps { 0.5 } else { 0.0 });
                    for (from, to, height) in columns {
                        self.fill(across(*from) + gap, bottom - height, across(*to) - gap, bottom);
                    }
                }
                Path::Ridge { slot, points, base } => {
                    let ends = || points.last().into_iter().chain(points.first()).map(|point| (point.0, *base));
                    let area = || points.iter().copied().chain(ends()).map(|point| place(&point));
                    // First the ground, which hides what is behind, then the colour on it.
                    for (ink, alpha) in [(Ink::Ground, 1.0), (Ink::Series(*slot), 0.25)] {
                        self.ink(ink);
                        self.pen.set_global_alpha(alpha);
                        self.trace(area());
                        self.pen.fill();
                    }
                    self.pen.set_global_alpha(1.0);
                    self.round_stroke(1.25, points.iter().map(place));
                }
                Path::Line { slot, points, width } => {
                    self.ink(Ink::Series(*slot));
                    self.round_stroke(*width, points.iter().map(place));
                }
                Path::Area(area) => self.area(area, |point| place(&point)),
                Path::Dots { slot, size, is_square: true, spacing, dots } => {
                    self.ink(Ink::Series(*slot));
                    self.pen.set_global_alpha(DOT_ALPHA);
                    for (column, row) in dots {
                        let (x, y) = place(&(f64::from(*column) * spacing, f64::from(*row) * spacing));
                        self.fill(x - size / 2.0, y - size / 2.0, x + size / 2.0, y + size / 2.0);
                    }
                    self.pen.set_global_alpha(1.0);
                }
                // Drawn as pixels: see `Self::dots`, and `canvas` for the lines of a line chart.
                Path::Dots { .. } | Path::Stroke(_) => {}
            }
        }
    }

    fn round_stroke(&self, width: f64, points: impl IntoIterator<Item = (f64, f64)>) {
        self.pen.set_line_cap("round");
        self.pen.set_line_join("round");
        self.stroke(width, points);
    }

    /// Round dots as pixels of the whole canvas.
    fn dots(&self, window: &Window, pixels: &mut Pixels, (width, height): (f64, f64)) {
        let ratio = self.look.ratio;
        for path in &window.paths {
            let Path::Dots { slot, size, is_square: false, spacing, dots } = path else { continue };
            if pixels.width == 0 {
                pixels.reset((width * ratio) as usize, (height * ratio) as usize);
            }
            let place = |(column, row): &(i32, i32)| {
                let x = self.left + f64::from(*column) * spacing / window.width * self.width;
                (x * ratio, (window.top + f64::from(*row) * spacing) * ratio)
            };
            // A dot is a run of one point.
            let path: Vec<_> = dots.iter().flat_map(|dot| [place(dot), PEN_UP]).collect();
            let colour = Ink::Series(*slot).colour(self.look.is_dark);
            pixels.draw_curve(&path, &Stroke { colour, alpha: DOT_ALPHA, width: size * ratio / DOT, dash: &[] });
        }
    }

    fn heat_cells(&self, cells: &HeatCells) {
        let down = |row: usize| cells.top + cells.edges[row] / cells.rows * (cells.bottom - cells.top);
        let across = |column: usize| self.left + (column as f64 / cells.columns).min(1.0) * self.width;
        for run in &cells.runs {
            self.ink(Ink::Fixed(cells.colours[run.level]));
            self.fill(across(run.from), down(run.row), across(run.from + run.count), down(run.row + 1));
        }
    }
}

fn is_rule(shape: &Shape) -> bool {
    matches!(shape, Shape::Rule { .. } | Shape::Marker(Marker { glyph: Glyph::Tick { .. }, .. }))
}

/// Replaces the pixels of the canvas from this place on by the rows of `pixels` that have ink. False when no row has.
pub fn blit(context: &CanvasRenderingContext2d, pixels: &Pixels, (left, top): (f64, f64)) -> bool {
    let Some((first, rows)) = pixels.inked() else { return false };
    let image = ImageData::new_with_u8_clamped_array(Clamped(rows.as_flattened()), pixels.width as u32);
    image.is_ok_and(|image| context.put_image_data(&image, left, top + first as f64).is_ok())
}
