//! Draws a chart on its canvas: the curves as pixels, then the grid beneath them, the labels and the marks.

use js_sys::Date;
use leptos::prelude::*;
use wasm_bindgen::{Clamped, JsValue};
use web_sys::{CanvasRenderingContext2d, ImageData};

use super::legend::hex;
use super::line_chart::{Chart, Parts};
use crate::browser::dom;
use crate::charts::layout::LABEL_GAP;
use crate::charts::palette::{self, Inks, inks};
use crate::charts::text_metrics::FONT_SIZE;
use crate::charts::{Anchor, Ask, Curve, Frame, Look as Weight, Mark, Pixels, Stroke, Zone, layers, marks};

/// What all charts of one animation frame have in common.
pub struct Look {
    pub is_dark: bool,
    inks: Inks,
    pub ratio: f64,
    font: String,
    /// A font without its size: `px` and the names.
    pub family: String,
    zone: Zone,
    /// Where curves are drawn, one chart after the other.
    pixels: Pixels,
}

/// Marks the page while it is printed; the style sheet knows it.
pub const PRINTING: &str = "data-printing";

/// The theme, chosen here or by the system.
pub fn is_dark() -> bool {
    let root = document().document_element();
    // On paper everything is light.
    if root.as_ref().is_some_and(|root| root.has_attribute(PRINTING)) {
        return false;
    }
    match root.and_then(|root| root.get_attribute("data-theme")).as_deref() {
        Some(theme) => theme == "dark",
        None => window().match_media("(prefers-color-scheme: dark)").ok().flatten().is_some_and(|query| query.matches()),
    }
}

/// The reader's clock: the browser knows the offset of each moment.
pub fn zone() -> Zone {
    Zone::new("here", |seconds| {
        let moment = Date::new(&JsValue::from_f64(seconds as f64 * 1000.0));
        // What is no date has none: the cast makes it 0.
        (-moment.get_timezone_offset() * 60.0).round() as i32
    })
}

impl Look {
    pub fn now() -> Self {
        let is_dark = is_dark();
        let family = document().body().and_then(|body| window().get_computed_style(&body).ok().flatten());
        let family = family.and_then(|style| style.get_property_value("font-family").ok()).unwrap_or_default();
        let family = ["px ", &family].concat();
        let font = [&dom::number_text(FONT_SIZE), family.as_str()].concat();
        Self { is_dark, font, family, inks: inks(is_dark), ratio: 1.0, zone: zone(), pixels: Pixels::default() }
    }

    /// On the screen that the window is on now.
    pub fn here(self) -> Self {
        Self { ratio: window().device_pixel_ratio().clamp(1.0, 4.0), ..self }
    }
}

/// The series that are shown.
pub fn curves(chart: &Chart) -> Vec<Curve<'_>> {
    let shown = chart.curves.list.iter().enumerate().filter(|(_, curve)| !chart.is_hidden(&curve.name));
    // The old line stays until the one of another weight has come.
    let is_smooth = chart.settings.smooth > 0.0 && chart.curves.is_smooth();
    let curve = |(slot, curve): (usize, &'_ super::column_cache::Curve)| Curve {
        name: "",
        slot,
        columns: &chart.curves.list[slot].columns.list,
        smoothed: if is_smooth { &chart.curves.list[slot].columns.places } else { &[] },
        look: match chart.lit {
            Some(lit) if lit == slot => Weight::Bold,
            Some(_) if curve.total > 0 => Weight::Faint,
            _ => Weight::Normal,
        },
    };
    shown.map(curve).collect()
}

/// Draws the chart, and answers where everything stands. `None` where there is no room.
pub fn paint(chart: &Chart, look: &mut Look) -> Option<(Frame, Vec<Mark>)> {
    let Parts { canvas, pen, .. } = chart.parts.as_ref()?;
    let size = chart.size;
    if size.width < 60.0 || size.height < 60.0 {
        return None;
    }
    let settings = &chart.settings;
    let curves = curves(chart);
    let ask = Ask {
        along: settings.x,
        scale: settings.y,
        unit: &settings.unit,
        window: chart.view.map(|view| (view.from, view.to)),
        origin: Some(chart.curves.extent.0).filter(|origin| origin.is_finite()),
        zone: look.zone.clone(),
        all_hidden: curves.is_empty() && !chart.curves.list.is_empty(),
    };
    let frame = Frame::new(&ask, &curves, size);
    let (wide, high) = ((size.width * look.ratio).round() as u32, (size.height * look.ratio).round() as u32);
    if chart.frame.is_none() || (canvas.width(), canvas.height()) != (wide, high) {
        canvas.set_width(wide);
        canvas.set_height(high);
        // A new size has forgotten it, and nothing else does: to set it costs as much as all labels.
        pen.set_font(&look.font);
    }
    let _ = pen.set_transform(1.0, 0.0, 0.0, 1.0, 0.0, 0.0);
    pen.clear_rect(0.0, 0.0, wide.into(), high.into());
    lines(pen, &frame, &curves, look);
    let _ = pen.set_transform(look.ratio, 0.0, 0.0, look.ratio, 0.0, 0.0);
    // The pixels above replace what is there: what belongs beneath comes after them.
    let _ = pen.set_global_composite_operation("destination-over");
    grid(pen, &frame, look);
    let _ = pen.set_global_composite_operation("source-over");
    labels(pen, &frame, look);
    let marks = marks(&frame, &curves);
    for mark in &marks {
        pen.begin_path();
        for (x, y) in mark.kind.shape() {
            pen.line_to(mark.x + x, mark.y + y);
        }
        pen.close_path();
        pen.set_fill_style_str(&hex(palette::colour(mark.slot, look.is_dark)));
        pen.fill();
        pen.set_stroke_style_str(&hex(look.inks.ink));
        pen.set_line_width(0.75);
        pen.stroke();
    }
    Some((frame, marks))
}

fn lines(pen: &CanvasRenderingContext2d, frame: &Frame, curves: &[Curve], look: &mut Look) {
    let Look { is_dark, ratio, ref mut pixels, .. } = *look;
    let (width, height) = (frame.width * ratio, frame.height * ratio);
    pixels.reset(width.ceil() as usize, height.ceil() as usize);
    for layer in layers(frame, curves, width, height) {
        let dash: Vec<f64> = palette::dash(layer.slot).iter().map(|length| length * ratio).collect();
        let colour = palette::colour(layer.slot, is_dark);
        pixels.draw_curve(&layer.path, &Stroke { colour, alpha: layer.alpha, width: layer.width * ratio, dash: &dash });
    }
    // At a whole pixel of the screen, between which the plot may begin.
    put(pen, pixels, ((frame.left * ratio).round(), (frame.top * ratio).round()));
}

/// Replaces what is on the canvas, from this pixel on, by the rows that have something on them. False when none has.
pub fn put(pen: &CanvasRenderingContext2d, pixels: &Pixels, (left, top): (f64, f64)) -> bool {
    let Some((first, rows)) = pixels.inked() else { return false };
    let image = ImageData::new_with_u8_clamped_array(Clamped(rows.as_flattened()), pixels.width as u32);
    image.is_ok_and(|image| pen.put_image_data(&image, left, top + first as f64).is_ok())
}

/// As `chart::line` draws it for SVG.
fn grid(pen: &CanvasRenderingContext2d, frame: &Frame, look: &Look) {
    let line = |ink: u32, from: (f64, f64), to: (f64, f64)| {
        pen.set_stroke_style_str(&hex(ink));
        pen.begin_path();
        pen.move_to(from.0, from.1);
        pen.line_to(to.0, to.1);
        pen.stroke();
    };
    pen.set_line_width(1.0);
    // The middle of a pixel: a hairline that is not blurred.
    let crisp = |at: f64| at.floor() + 0.5;
    let (left, right, bottom) = (frame.left, frame.left + frame.width, frame.bottom());
    // What comes first lies on top.
    line(if frame.y.log { look.inks.line } else { look.inks.muted }, (left, crisp(bottom)), (right, crisp(bottom)));
    for tick in &frame.y_ticks {
        let y = crisp(frame.py(tick.at));
        if tick.label.is_empty() {
            line(look.inks.muted, (left - 3.0, y), (left, y));
        } else {
            line(look.inks.line, (left, y), (right, y));
        }
    }
    for tick in &frame.x_ticks {
        let x = frame.px(tick.at);
        line(look.inks.line, (x, frame.top), (x, bottom + 3.0));
    }
}

fn labels(pen: &CanvasRenderingContext2d, frame: &Frame, look: &Look) {
    pen.set_fill_style_str(&hex(look.inks.muted));
    pen.set_text_align("right");
    for tick in &frame.y_ticks {
        let _ = pen.fill_text(&tick.label, frame.left - LABEL_GAP, frame.y_label_base(frame.py(tick.at)));
    }
    for tick in &frame.x_ticks {
        pen.set_text_align(match frame.anchor(tick) {
            Anchor::Start => "left",
            Anchor::Middle => "center",
            Anchor::End => "right",
        });
        let _ = pen.fill_text(&tick.label, frame.px(tick.at), frame.x_label_base());
    }
    pen.set_text_align("right");
    let _ = pen.fill_text(&frame.zone, frame.left + frame.width, frame.zone_base());
    pen.set_text_align("center");
    let _ = pen.fill_text(frame.note, frame.left + frame.width / 2.0, frame.top + frame.height / 2.0);
}
