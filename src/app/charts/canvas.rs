//! Draws a line chart on its canvas: the lines as pixels, then the grid below them, the labels and the markers.

use js_sys::Date;
use leptos::prelude::*;
use raster::{Pixels, Stroke};
use wasm_bindgen::JsValue;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement};

use super::painter::{Painter, Style, blit};
use crate::browser::dom;
use crate::charts::display_list::Shapes;
use crate::charts::palette;
use crate::charts::text_metrics::FONT_SIZE;
use crate::charts::{
    ChartOptions, LineMarker, PlotLayout, SeriesView, Size, TimeZone, build_bands, build_layers, draw_marks, line, place_markers,
};

/// Colours, font and pixel ratio: the same for all charts of one animation frame.
pub struct CanvasTheme {
    pub is_dark: bool,
    pub ratio: f64,
    font: String,
    /// The font without its size: `px` and the family.
    pub family: String,
    zone: TimeZone,
    /// Buffer for the lines of one chart after the other.
    pixels: Pixels,
}

/// Attribute of the root element while the page is printed; the style sheet uses it.
pub const PRINTING: &str = "data-printing";

/// Whether the theme is dark: the one that was chosen, or else that of the system. Paper is light.
pub fn is_dark() -> bool {
    let root = document().document_element();
    if root.as_ref().is_some_and(|root| root.has_attribute(PRINTING)) {
        return false;
    }
    match root.and_then(|root| root.get_attribute("data-theme")).as_deref() {
        Some(theme) => theme == "dark",
        None => window().match_media("(prefers-color-scheme: dark)").ok().flatten().is_some_and(|query| query.matches()),
    }
}

/// The time zone of the browser, which knows the offset of each moment.
pub fn zone() -> TimeZone {
    TimeZone::new("here", |seconds| {
        let moment = Date::new(&JsValue::from_f64(seconds as f64 * 1000.0));
        // The cast makes the NaN of an invalid date 0.
        (-moment.get_timezone_offset() * 60.0).round() as i32
    })
}

impl CanvasTheme {
    pub fn current() -> Self {
        let is_dark = is_dark();
        let family = document().body().and_then(|body| window().get_computed_style(&body).ok().flatten());
        let family = family.and_then(|style| style.get_property_value("font-family").ok()).unwrap_or_default();
        let family = ["px ", &family].concat();
        let font = [&dom::number_text(FONT_SIZE), family.as_str()].concat();
        Self { is_dark, font, family, ratio: 1.0, zone: zone(), pixels: Pixels::default() }
    }

    pub fn style(&self) -> Style<'_> {
        Style { is_dark: self.is_dark, ratio: self.ratio, family: &self.family }
    }

    pub fn zone(&self) -> TimeZone {
        self.zone.clone()
    }

    /// With the pixel ratio of the screen that the window is on now.
    pub fn with_pixel_ratio(self) -> Self {
        Self { ratio: window().device_pixel_ratio().clamp(1.0, 4.0), ..self }
    }
}

/// The canvas of a chart and its size in CSS pixels.
pub struct Target<'a> {
    pub canvas: &'a HtmlCanvasElement,
    pub context: &'a CanvasRenderingContext2d,
    pub size: Size,
    /// The canvas was never drawn, or has given its memory back.
    pub is_new: bool,
}

/// Draws the chart and returns its layout and markers. `None` on a canvas that is too small.
pub fn paint(
    target: &Target,
    options: &ChartOptions,
    curves: &[SeriesView],
    theme: &mut CanvasTheme,
) -> Option<(PlotLayout, Vec<LineMarker>)> {
    let Target { canvas, context, size, is_new } = *target;
    if size.width < 60.0 || size.height < 60.0 {
        return None;
    }
    let layout = PlotLayout::new(options, curves, size);
    let (wide, high) = ((size.width * theme.ratio).round() as u32, (size.height * theme.ratio).round() as u32);
    if is_new || (canvas.width(), canvas.height()) != (wide, high) {
        canvas.set_width(wide);
        canvas.set_height(high);
        // A new size resets the font, and nothing else does: setting it costs as much as drawing all labels.
        context.set_font(&theme.font);
    }
    let _ = context.set_transform(1.0, 0.0, 0.0, 1.0, 0.0, 0.0);
    context.clear_rect(0.0, 0.0, wide.into(), high.into());
    draw_lines(context, &layout, curves, theme);
    let _ = context.set_transform(theme.ratio, 0.0, 0.0, theme.ratio, 0.0, 0.0);
    let markers = place_markers(&layout, curves);
    let mut shapes = Shapes::default();
    line::draw_axes(&mut shapes, options, &layout);
    line::draw_markers(&mut shapes, &layout, &markers);
    draw_marks(&mut shapes, &layout, curves);
    line::draw_annotations(&mut shapes, options, &layout, layout.width);
    let mut painter = Painter::new(context, theme.style(), (layout.left, layout.width));
    let bands = build_bands(&layout, curves, layout.width, layout.height);
    if !bands.is_empty() {
        painter.areas_beneath(&bands, (layout.top, layout.height));
    }
    // The pixels of the lines replace those below them: the grid is drawn afterwards, under them.
    painter.rules_beneath(&shapes);
    painter.without_rules(&shapes);
    Some((layout, markers))
}

fn draw_lines(context: &CanvasRenderingContext2d, layout: &PlotLayout, curves: &[SeriesView], theme: &mut CanvasTheme) {
    let CanvasTheme { is_dark, ratio, ref mut pixels, .. } = *theme;
    let (width, height) = (layout.width * ratio, layout.height * ratio);
    pixels.reset(width.ceil() as usize, height.ceil() as usize);
    for layer in build_layers(layout, curves, width, height) {
        let dash: Vec<f64> = palette::dash(layer.style.dash).iter().map(|length| length * ratio).collect();
        let colour = palette::colour(layer.style.colour, is_dark);
        pixels.draw_curve(&layer.path, &Stroke { colour, alpha: layer.alpha, width: layer.width * ratio, dash: &dash });
    }
    // At a whole pixel of the screen: the plot may begin between two.
    blit(context, pixels, ((layout.left * ratio).round(), (layout.top * ratio).round()));
}
