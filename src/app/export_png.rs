//! A chart as a PNG file: the server's drawing of what is seen, at least twice as fine as the screen, in the page's theme on a ground of its own.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, HtmlElement, HtmlImageElement};

use super::state::{Dashboard, ToastKind};
use crate::browser::dom;
use crate::protocol::CellId;
use crate::routes;

/// Pixels of the file for each of CSS, at least: text stays sharp on paper.
const LEAST_RATIO: f64 = 2.0;

impl Dashboard {
    pub fn save_png(self, id: CellId) {
        let Some(stage) = self.elements_of(&id).map(|elements| elements.body) else { return };
        let Ok(drawing) = HtmlImageElement::new() else { return };
        let size = (stage.client_width(), stage.client_height());
        let theme = if self.charts.is_dark() { "dark" } else { "light" };
        let address = routes::svg_picture(&id, size, theme, &self.charts.export_query(&id));
        let drawn = drawing.clone();
        // Also when it could not be loaded: such a picture cannot be put on a canvas.
        let loaded = Closure::once_into_js(move || {
            if self.keep_png(&id, &drawn, size).is_none() {
                self.notify(ToastKind::Error("The picture could not be made; try again, or save the chart as SVG.".to_owned()));
            }
        });
        drawing.set_onload(loaded.dyn_ref());
        drawing.set_onerror(loaded.dyn_ref());
        drawing.set_src(&address);
    }

    fn keep_png(self, id: &CellId, drawn: &HtmlImageElement, (width, height): (i32, i32)) -> Option<()> {
        let ratio = window().device_pixel_ratio().max(LEAST_RATIO);
        let (width, height) = ((f64::from(width) * ratio) as u32, (f64::from(height) * ratio) as u32);
        let canvas: HtmlCanvasElement = document().create_element("canvas").ok()?.unchecked_into();
        canvas.set_width(width);
        canvas.set_height(height);
        let pen: CanvasRenderingContext2d = canvas.get_context("2d").ok()??.unchecked_into();
        pen.draw_image_with_html_image_element_and_dw_and_dh(drawn, 0.0, 0.0, width.into(), height.into()).ok()?;
        let mut name = self.cell(id)?.name.get_untracked();
        if name.is_empty() {
            name = id.to_string();
        }
        let link: HtmlElement = document().create_element("a").ok()?.unchecked_into();
        dom::mark(&link, "href", &canvas.to_data_url().ok()?);
        // The browser makes it a name that its file system takes (HTML, "download").
        dom::mark(&link, "download", &[&name, ".png"].concat());
        // Outside of the document, a click is no event of the page.
        link.click();
        Some(())
    }
}
