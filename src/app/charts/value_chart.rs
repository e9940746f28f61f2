//! A chart that is drawn from one value: the server's picture until that changes, from then on a canvas over it, which the page draws
//! from the value.

use std::rc::Rc;

use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlCanvasElement};

use super::canvas::CanvasTheme;
use super::painter::Painter;
use crate::charts::display_list::DisplayList;
use crate::charts::kinds::Chart;

pub struct CanvasChart {
    pub image: Element,
    pub canvas: HtmlCanvasElement,
    /// The address of the value, with its version.
    pub source: String,
    pub chart: Rc<dyn Chart>,
    pub list: DisplayList,
    pub is_dirty: bool,
}

impl CanvasChart {
    pub fn paint(&self, theme: &CanvasTheme) {
        let Some(pen) = self.canvas.get_context("2d").ok().flatten() else { return };
        let size = (f64::from(self.image.client_width()), f64::from(self.image.client_height()));
        self.canvas.set_width((size.0 * theme.ratio) as u32);
        self.canvas.set_height((size.1 * theme.ratio) as u32);
        Painter::paint(pen.unchecked_ref(), theme.style(), &self.list, size);
    }
}
