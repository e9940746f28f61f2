//! A display list as a PDF of one page: vectors, and text that can be searched, in a font that the file brings along.

/// Writes formatted text; writing into a string cannot fail.
macro_rules! put {
    ($writer:expr, $($text:tt)*) => {
        let _ = write!($writer.content, $($text)*);
    };
}

mod document;
mod font;
mod shapes;
#[cfg(test)]
mod tests;
mod window;

use std::collections::BTreeSet;
use std::fmt::Write;

use document::Page;
use font::UsedGlyphs;

use super::svg::coordinate;
use crate::charts::canvas::ChartCanvas;
use crate::charts::display_list::{DisplayList, Ink};
use crate::charts::palette::{Colour, Theme};

/// The file. `points`: of paper for each pixel of the drawing.
pub fn pdf(list: &DisplayList, canvas: &ChartCanvas, points: f64) -> Vec<u8> {
    let (width, height) = (canvas.width(), canvas.height());
    let mut writer = Writer {
        content: String::new(),
        is_dark: canvas.theme == Theme::Dark,
        plot: (list.left, (width - list.left - list.right).max(0.0)),
        alphas: BTreeSet::new(),
        glyphs: UsedGlyphs::default(),
    };
    // From here on in pixels, and downwards.
    put!(writer, "{points:.5} 0 0 {:.5} 0 {:.3} cm\n", -points, height * points);
    writer.fill_ink(Ink::Ground);
    writer.rect(0.0, 0.0, width, height, "f");
    writer.shapes(&list.margin, true);
    writer.shapes(&list.plot, false);
    let title = if canvas.title.is_empty() { &list.summary } else { &canvas.title };
    let Writer { content, alphas, glyphs, .. } = writer;
    let size = (width * points, height * points);
    Page { size, content, alphas, glyphs, title: title.clone(), summary: list.summary.clone() }.file()
}

struct Writer {
    /// The operators so far.
    content: String,
    is_dark: bool,
    /// The plot's left edge and width.
    plot: (f64, f64),
    alphas: BTreeSet<u8>,
    glyphs: UsedGlyphs,
}

impl Writer {
    fn fill_ink(&mut self, ink: Ink) {
        let colour = components(ink.colour(self.is_dark));
        put!(self, "{colour} rg\n");
    }

    fn stroke_ink(&mut self, ink: Ink) {
        let colour = components(ink.colour(self.is_dark));
        put!(self, "{colour} RG\n");
    }

    /// The width of lines, whether their ends and joints are round, and their dashes.
    fn pen(&mut self, width: f64, is_round: bool, dashes: &[f64]) {
        let round = u8::from(is_round);
        let dashes: Vec<String> = dashes.iter().map(|length| coordinate(*length)).collect();
        put!(self, "{} w {round} J {round} j [{}] 0 d\n", coordinate(width), dashes.join(" "));
    }

    /// Opacity, until the state is restored.
    fn alpha(&mut self, alpha: f64) {
        let per_cent = (alpha.clamp(0.0, 1.0) * 100.0).round() as u8;
        if per_cent < 100 {
            self.alphas.insert(per_cent);
            put!(self, "/A{per_cent} gs\n");
        }
    }

    /// Draws with a state that ends with it.
    fn saved(&mut self, draw: impl FnOnce(&mut Self)) {
        self.content.push_str("q\n");
        draw(self);
        self.content.push_str("Q\n");
    }

    /// `paint`: `f` fills, `S` strokes, `B` does both, `W n` cuts off what comes after; without one it is added to the path.
    fn rect(&mut self, x: f64, y: f64, width: f64, height: f64, paint: &str) {
        let [x, y, width, height] = [x, y, width, height].map(coordinate);
        put!(self, "{x} {y} {width} {height} re {paint}\n");
    }

    /// A path through points; where one is NaN it is broken.
    fn path(&mut self, points: impl IntoIterator<Item = (f64, f64)>, paint: &str) {
        let mut is_down = false;
        for (x, y) in points {
            if x.is_nan() {
                is_down = false;
                continue;
            }
            put!(self, "{} {} {}\n", coordinate(x), coordinate(y), if is_down { 'l' } else { 'm' });
            is_down = true;
        }
        put!(self, "{paint}\n");
    }

    fn disc(&mut self, (x, y): (f64, f64), radius: f64, paint: &str) {
        /// Of the radius: from the ends of a quarter of a circle to the controls of its curve.
        const CONTROL: f64 = 0.5523;
        let (r, c) = (radius, radius * CONTROL);
        put!(self, "{} {} m\n", coordinate(x + r), coordinate(y));
        let curves = [[r, c, c, r, 0.0, r], [-c, r, -r, c, -r, 0.0], [-r, -c, -c, -r, 0.0, -r], [c, -r, r, -c, r, 0.0]];
        for [ax, ay, bx, by, ex, ey] in curves {
            let places = [x + ax, y + ay, x + bx, y + by, x + ex, y + ey].map(coordinate);
            put!(self, "{} c\n", places.join(" "));
        }
        put!(self, "{paint}\n");
    }
}

/// Red, green and blue from 0 to 1.
fn components(colour: Colour) -> String {
    [16, 8, 0].map(|shift| format!("{:.3}", f64::from((colour >> shift) & 255) / 255.0)).join(" ")
}
