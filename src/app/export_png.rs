//! Saves a chart as a PNG file: the server draws the visible range in the page's theme, with an
//! opaque background and at least two pixels for each CSS pixel.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, HtmlImageElement};

use super::state::{Dashboard, ToastKind};
use crate::browser::dom;
use crate::protocol::CellId;
use crate::routes;

/// Least pixels of the file for each CSS pixel, so that text is sharp in print.
const MIN_PIXEL_RATIO: f64 = 2.0;

impl Dashboard {
    pub fn save_png(self, id: CellId) {
        let Some(body) = self.elements_of(&id).map(|elements| elements.body) else { return };
        let Ok(image) = HtmlImageElement::new() else { return };
        let size = (body.client_width(), body.client_height());
        let theme = if self.charts.is_dark() { "dark" } else { "light" };
        let address = routes::svg_image(&id, size, theme, &self.charts.export_query(&id));
        let loaded_image = image.clone();
        // Also after an error: an image that is not loaded cannot be drawn on a canvas.
        let loaded = Closure::once_into_js(move || {
            if self.download_png(&id, &loaded_image, size).is_none() {
                self.notify(ToastKind::Error("The picture could not be made; try again, or save the chart as SVG.".to_owned()));
            }
        });
        image.set_onload(loaded.dyn_ref());
        image.set_onerror(loaded.dyn_ref());
        image.set_src(&address);
    }

    fn download_png(self, id: &CellId, image: &HtmlImageElement, (width, height): (i32, i32)) -> Option<()> {
        let ratio = window().device_pixel_ratio().max(MIN_PIXEL_RATIO);
        let (width, height) = ((f64::from(width) * ratio) as u32, (f64::from(height) * ratio) as u32);
        let canvas: HtmlCanvasElement = document().create_element("canvas").ok()?.unchecked_into();
        canvas.set_width(width);
        canvas.set_height(height);
        let pen: CanvasRenderingContext2d = canvas.get_context("2d").ok()??.unchecked_into();
        pen.draw_image_with_html_image_element_and_dw_and_dh(image, 0.0, 0.0, width.into(), height.into()).ok()?;
        let mut name = self.cell(id)?.name.get_untracked();
        if name.is_empty() {
            name = id.to_string();
        }
        // The browser replaces characters that its file system refuses.
        dom::download(&canvas.to_data_url().ok()?, &[&name, ".png"].concat());
        Some(())
    }
}
