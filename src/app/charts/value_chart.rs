//! A chart that is drawn from one value: the server's picture until that changes, from then on a canvas over it.

use wasm_bindgen::JsCast;
use web_sys::{CanvasRenderingContext2d, Element, HtmlCanvasElement};

use super::canvas::{CanvasTheme, blit};
use super::display::hex_color;
use crate::browser::dom;
use crate::charts::polyline::{Path, UP};
use crate::charts::render::raster::DOT;
use crate::charts::scene::{Form, Style};
use crate::charts::{Anchor, Pixels, Stroke};
use crate::protocol::tables::Tables;

/// How far apart hatching is along an axis, in pixels.
const HATCH: f64 = 8.485;

pub struct CanvasChart {
    pub image: Element,
    pub canvas: HtmlCanvasElement,
    pub scene: Tables,
    pub is_dirty: bool,
}

impl CanvasChart {
    pub fn paint(&self, theme: &CanvasTheme) {
        let Some(pen) = self.canvas.get_context("2d").ok().flatten() else { return };
        let (width, height) = (f64::from(self.image.client_width()), f64::from(self.image.client_height()));
        self.canvas.set_width((width * theme.ratio) as u32);
        self.canvas.set_height((height * theme.ratio) as u32);
        paint(pen.unchecked_ref(), &self.scene, (width, height), theme);
    }
}

fn paint(pen: &CanvasRenderingContext2d, scene: &Tables, (width, height): (f64, f64), theme: &CanvasTheme) {
    let ratio = theme.ratio;
    let plot = width - scene.left - scene.right;
    // Where the last text has ended.
    let mut end = 0.0;
    let mut dots = Pixels::default();
    for is_dots in [true, false] {
        // Dots lie above all else, but pixels replace what is there: they come first, and the rest beneath them.
        if !is_dots && blit(pen, &dots, (0.0, 0.0)) {
            let _ = pen.set_global_composite_operation("destination-over");
        }
        for table in &scene.list {
            let style = Style::of(table.tag);
            let [x, dx, y, more @ ..] = table.lists.as_slice() else { continue };
            if (style.form == Form::Dots) != is_dots {
                continue;
            }
            let place = |at: usize| (dx[at] + if style.is_outside { 0.0 } else { scene.left + x[at] * plot }, y[at]);
            let colour = style.colour(theme.is_dark);
            if is_dots {
                if dots.width == 0 {
                    dots.reset((width * ratio) as usize, (height * ratio) as usize);
                }
                // A dot is a run of one point.
                let dot = |(x, y): (f64, f64)| [(x * ratio, y * ratio), UP];
                let path: Path = (0..x.len()).map(place).flat_map(dot).collect();
                dots.draw_curve(&path, &Stroke { colour, alpha: style.alpha, width: style.size * ratio / DOT, dash: &[] });
                continue;
            }
            let _ = pen.set_transform(ratio, 0.0, 0.0, ratio, 0.0, 0.0);
            let ink = hex_color(colour);
            pen.set_fill_style_str(&ink);
            pen.set_stroke_style_str(&ink);
            pen.set_global_alpha(style.alpha);
            pen.set_line_width(style.size);
            let is_crisp = style.form == Form::Line && style.size == 1.0;
            pen.set_line_cap(if is_crisp { "butt" } else { "round" });
            pen.set_line_join("round");
            pen.begin_path();
            let mut is_down = false;
            for at in 0..x.len() {
                let (px, py) = place(at);
                match (style.form, more, table.texts.get(at)) {
                    (Form::Text, _, Some(text)) => {
                        pen.set_font(&[if style.bold { "600 " } else { "" }, &dom::number_text(style.size), &theme.family].concat());
                        pen.set_text_align(match style.anchor {
                            Anchor::Start => "left",
                            Anchor::Middle => "center",
                            Anchor::End => "right",
                        });
                        if style.is_upright {
                            let _ = pen.set_transform(0.0, -ratio, ratio, 0.0, px * ratio, py * ratio);
                        }
                        let (px, py) = match style {
                            Style { is_upright: true, .. } => (0.0, 0.0),
                            Style { goes_on: true, .. } => (end + dx[at], py),
                            _ => (px, py),
                        };
                        let _ = pen.fill_text(text, px, py);
                        end = px + pen.measure_text(text).map_or(0.0, |text| text.width());
                    }
                    (form, [w, dw, h], _) => {
                        // To whole pixels of the screen: no seams between neighbours.
                        let snap = |at: f64| (at * ratio).round() / ratio;
                        let (left, top) = (snap(px), snap(py));
                        let (right, bottom) = (snap(px + w[at] * plot + dw[at]), snap(py + h[at]));
                        if form == Form::Box {
                            pen.fill_rect(left, top, right - left, bottom - top);
                            continue;
                        }
                        // Where x + y is a multiple of this, from the plot's corner on: strokes that are six pixels apart.
                        let mut sum = ((left + top - scene.left) / HATCH).ceil() * HATCH + scene.left;
                        while sum < right + bottom {
                            let (from, to) = (top.max(sum - right), bottom.min(sum - left));
                            pen.move_to(sum - from, from);
                            pen.line_to(sum - to, to);
                            sum += HATCH;
                        }
                    }
                    _ if x[at].is_nan() => is_down = false,
                    _ => {
                        let crisp = |at: f64| if is_crisp { at.floor() + 0.5 } else { at };
                        let (px, py) = (crisp(px), crisp(py));
                        if is_down {
                            pen.line_to(px, py)
                        } else {
                            pen.move_to(px, py)
                        }
                        is_down = true;
                    }
                }
            }
            match style.form {
                Form::Line | Form::Hatch => pen.stroke(),
                Form::Area => pen.fill(),
                _ => {}
            }
        }
    }
}
