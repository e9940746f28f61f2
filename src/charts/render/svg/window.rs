//! What lies in the plot with coordinates of its own: curves, areas, columns and dots.

use std::fmt::Write;

use raster::DOT;

use super::Writer;
use super::path::{broken_line, commands, lengths};
use super::text::{coordinate, push_coordinate};
use crate::charts::canvas::{CanvasSize, FLUID_UNITS};
use crate::charts::display_list::{Area, Layer, Path, Window};
use crate::charts::palette::dash;

impl Writer {
    /// Begins an element with coordinates of its own, which fills the plot's width and cuts off what leaves it.
    pub(super) fn begin_stretched(&mut self, (top, height): (f64, f64), columns: f64, rows: f64) {
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

    pub(super) fn window(&mut self, window: &Window) {
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
        let dashes = lengths(dash(layer.style.dash));
        // Round ends would fill the gaps.
        let dashes = if dashes.is_empty() { String::new() } else { format!(" stroke-dasharray=\"{dashes}\" stroke-linecap=\"butt\"") };
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
}
