//! Charts of one value in the registry: the server's picture until the value changes, from then on a canvas over it.

use wasm_bindgen::JsCast;
use web_sys::Element;

use super::canvas::CanvasTheme;
use super::registry::{ChartRegistry, Charts};
use super::value_chart::CanvasChart;
use crate::browser::{dom, fetch};
use crate::charts::scene::read;
use crate::protocol::tables::Tables;

impl ChartRegistry {
    /// Draws what the picture at `address` would show, which ends with `.svg?height=PIXELS&v=VERSION`. False when that cannot be had.
    pub async fn draw_value(self, image: &Element, address: &str) -> bool {
        let Some((path, query)) = address.split_once(".svg?") else { return false };
        let bytes = fetch::bytes(&[path, ".scene?", query].concat()).await;
        let Some(scene) = bytes.and_then(|bytes| read(&bytes).ok()) else { return false };
        self.with(|charts| {
            let known = charts.canvas_charts.iter().position(|chart| chart.image == *image);
            let Some(at) = known.or_else(|| charts.insert_canvas_chart(image)) else { return false };
            let chart = &mut charts.canvas_charts[at];
            (chart.scene, chart.is_dirty) = (scene, true);
            dom::mark(image, "data-at", address);
            let height = query.split(['=', '&']).nth(1).unwrap_or_default();
            dom::mark(image, "style", &["height:", height, "px"].concat());
            charts.request_frame();
            true
        })
        .unwrap_or_default()
    }

    /// Shows the server's picture again.
    pub fn remove_value(self, image: &Element) {
        self.update(|charts| {
            if let Some(at) = charts.canvas_charts.iter().position(|chart| chart.image == *image) {
                charts.canvas_charts.swap_remove(at).canvas.remove();
                charts.unobserve(image);
            }
        });
        for name in ["data-at", "style"] {
            let _ = image.remove_attribute(name);
        }
    }
}

impl Charts {
    fn insert_canvas_chart(&mut self, image: &Element) -> Option<usize> {
        let canvas = dom::append(&image.parent_element()?, "canvas", "", "")?.unchecked_into();
        self.observe(image);
        self.canvas_charts.push(CanvasChart { image: image.clone(), canvas, scene: Tables::default(), is_dirty: false });
        Some(self.canvas_charts.len() - 1)
    }

    /// Draws those that have changed, and drops those whose cell is removed.
    pub fn draw_canvas_charts(&mut self, theme: &CanvasTheme) {
        let removed: Vec<_> = self.canvas_charts.extract_if(.., |chart| !chart.image.is_connected()).collect();
        removed.iter().for_each(|chart| self.unobserve(&chart.image));
        for chart in &mut self.canvas_charts {
            if std::mem::take(&mut chart.is_dirty) {
                chart.paint(theme);
            }
        }
    }
}
