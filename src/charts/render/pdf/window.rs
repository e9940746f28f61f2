//! What lies in the plot with coordinates of its own: curves, areas, columns and dots.

use raster::DOT;

use super::Writer;
use crate::charts::display_list::{Ink, Layer, Path, Window};
use crate::charts::palette::dash;
use crate::charts::polyline::PEN_UP;

/// Of dots that lie upon each other.
const DOT_ALPHA: f64 = 0.8;
const RIDGE_ALPHA: f64 = 0.25;

impl Writer {
    pub(super) fn window(&mut self, window: &Window) {
        let (left, width) = self.plot;
        let across = |x: f64| left + x / window.width * width;
        let place = |(x, y): &(f64, f64)| (across(*x), window.top + y);
        self.saved(|writer| {
            writer.rect(left, window.top, width, window.height, "W n");
            for path in &window.paths {
                writer.saved(|writer| writer.window_path(window, path, &across, &place));
            }
        });
    }

    fn window_path(&mut self, window: &Window, path: &Path, across: &impl Fn(f64) -> f64, place: &impl Fn(&(f64, f64)) -> (f64, f64)) {
        match path {
            Path::Columns { slot, columns, has_gaps } => {
                self.fill_ink(Ink::Series(*slot));
                self.stroke_ink(Ink::Ground);
                self.pen(1.0, false, &[]);
                for (from, to, height) in columns {
                    let y = window.top + window.height - height;
                    self.rect(across(*from), y, across(*to) - across(*from), *height, if *has_gaps { "B" } else { "f" });
                }
            }
            Path::Ridge { slot, points, base } => {
                let ends = points.last().into_iter().chain(points.first()).map(|point| (point.0, *base));
                let area: Vec<_> = points.iter().copied().chain(ends).map(|point| place(&point)).collect();
                // First the ground, which hides what is behind, then the colour on it.
                self.fill_ink(Ink::Ground);
                self.path(area.iter().copied(), "f");
                self.fill_ink(Ink::Series(*slot));
                self.saved(|writer| {
                    writer.alpha(RIDGE_ALPHA);
                    writer.path(area, "f");
                });
                self.stroke_ink(Ink::Series(*slot));
                self.pen(1.2, true, &[]);
                self.path(points.iter().map(place), "S");
            }
            Path::Line { slot, points, width } => {
                self.stroke_ink(Ink::Series(*slot));
                self.pen(*width, true, &[]);
                self.path(points.iter().map(place), "S");
            }
            Path::Stroke(layer) => self.layer(layer, place),
            Path::Area(area) => {
                self.fill_ink(Ink::Series(area.slot));
                self.alpha(area.alpha);
                self.path(area.path.iter().map(place), "f");
            }
            Path::Dots { slot, size, is_square, spacing, dots } => {
                self.alpha(DOT_ALPHA);
                let places = dots.iter().map(|(column, row)| place(&(f64::from(*column) * spacing, f64::from(*row) * spacing)));
                // All dots are one path: where they lie upon each other, what is beneath is still seen.
                if *is_square {
                    // Lines without length have no square ends.
                    self.fill_ink(Ink::Series(*slot));
                    places.for_each(|(x, y)| self.rect(x - size / 2.0, y - size / 2.0, *size, *size, ""));
                    self.content.push_str("f\n");
                } else {
                    self.stroke_ink(Ink::Series(*slot));
                    self.pen(*size, true, &[]);
                    self.path(places.flat_map(|at| [PEN_UP, at, at]), "S");
                }
            }
        }
    }

    /// A line, and its runs of a single point as dots: lines without length with round ends.
    fn layer(&mut self, layer: &Layer, place: &impl Fn(&(f64, f64)) -> (f64, f64)) {
        let dashes = dash(layer.style.dash);
        self.stroke_ink(Ink::Series(layer.style.colour));
        self.alpha(layer.alpha);
        let (mut line, mut dots) = (Vec::new(), Vec::new());
        for run in layer.path.split(|point| point.0.is_nan()).filter(|run| !run.is_empty()) {
            let is_dot = run.iter().all(|point| *point == run[0]);
            let points = if is_dot { [run[0]; 2].to_vec() } else { run.to_vec() };
            let list = if is_dot { &mut dots } else { &mut line };
            list.extend(points.iter().map(place));
            list.push(PEN_UP);
        }
        if !line.is_empty() {
            // Round ends would fill the gaps.
            self.pen(layer.width, dashes.is_empty(), dashes);
            self.path(line, "S");
        }
        if !dots.is_empty() {
            self.pen(layer.width * DOT, true, &[]);
            self.path(dots, "S");
        }
    }
}
