//! Charts of one value in the registry: the server's picture until the value changes, from then on a canvas over it.

use std::rc::Rc;

use wasm_bindgen::JsCast;
use web_sys::Element;

use super::canvas::CanvasTheme;
use super::registry::{ChartRegistry, Charts};
use super::value_chart::CanvasChart;
use crate::browser::fetch::TextReply;
use crate::browser::{dom, fetch};
use crate::charts::display_list::DisplayList;
use crate::charts::kinds::Chart;
use crate::charts::{CanvasSize, ChartCanvas, Theme};
use crate::routes;

/// A larger value is drawn by the server, whose drawings are of bounded size; the page reads it only to point at it.
const MAX_DRAWN_BYTES: u64 = 4 << 20;

/// How [`ChartRegistry::draw_value`] has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Drawn,
    /// The value is too large: show the server's picture.
    TooLarge,
    /// The value cannot be had, or is none of this kind.
    Failed,
}

impl ChartRegistry {
    /// Draws what the picture at `address` would show: `values/ID.svg?height=PIXELS&v=VERSION`.
    pub async fn draw_value(self, image: &Element, cell_type: &str, address: &str) -> Outcome {
        let Some((source, height)) = source(address) else { return Outcome::Failed };
        let chart = match self.drawn(image, &source) {
            Some(chart) => chart,
            None => match self.read(&source, cell_type, MAX_DRAWN_BYTES).await {
                Ok(chart) => chart,
                Err(outcome) => return outcome,
            },
        };
        let list = chart.draw(&canvas(height));
        let is_drawn = self.with(|charts| {
            let known = charts.canvas_charts.iter().position(|chart| chart.image == *image);
            let Some(at) = known.or_else(|| charts.insert_canvas_chart(image, &chart)) else { return false };
            let known = &mut charts.canvas_charts[at];
            (known.chart, known.source, known.list, known.is_dirty) = (chart, source, list, true);
            dom::set_attribute(image, "data-at", address);
            dom::set_attribute(image, "style", &["height:", &dom::number_text(height), "px"].concat());
            charts.request_frame();
            true
        });
        if is_drawn.unwrap_or_default() { Outcome::Drawn } else { Outcome::Failed }
    }

    /// The chart of the picture at `address`, to point at. No request where the page has drawn it.
    pub async fn chart_of(self, image: &Element, cell_type: &str, address: &str) -> Option<(Rc<dyn Chart>, ChartCanvas)> {
        let (source, height) = source(address)?;
        let chart = match self.drawn(image, &source) {
            Some(chart) => chart,
            None => self.read(&source, cell_type, u64::MAX).await.ok()?,
        };
        Some((chart, canvas(height)))
    }

    /// The version in the address is that of the value for ever: the browser's cache answers a second request.
    async fn read(self, source: &str, cell_type: &str, max_bytes: u64) -> Result<Rc<dyn Chart>, Outcome> {
        let code = self.deferred.load().await.ok_or(Outcome::Failed)?;
        let kind = code.chart_kinds.iter().find(|kind| kind.name == cell_type).ok_or(Outcome::Failed)?;
        match fetch::text(source, max_bytes).await.ok_or(Outcome::Failed)? {
            TextReply::Text(json) => kind.parse(&json).map(Rc::from).map_err(|_| Outcome::Failed),
            TextReply::TooLarge => Err(Outcome::TooLarge),
        }
    }

    fn drawn(self, image: &Element, source: &str) -> Option<Rc<dyn Chart>> {
        let find = |charts: &mut Charts| {
            let known = charts.canvas_charts.iter().find(|chart| chart.image == *image && chart.source == source);
            known.map(|chart| chart.chart.clone())
        };
        self.with(find).flatten()
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

/// The address of the value that a picture shows, and how high the picture is. `None` for what is no chart.
pub fn source(address: &str) -> Option<(String, f64)> {
    let (path, query) = address.split_once(".svg?").filter(|(path, _)| path.starts_with("values/"))?;
    let query = query.strip_prefix("height=")?;
    let (height, version) = query.split_once('&').unwrap_or((query, ""));
    Some((routes::value_json(path, version), height.parse::<u32>().ok()?.into()))
}

/// As the server's picture is: of any width.
fn canvas(height: f64) -> ChartCanvas {
    ChartCanvas { size: CanvasSize::Fluid { height }, theme: Theme::Page, title: String::new() }
}

impl Charts {
    fn insert_canvas_chart(&mut self, image: &Element, chart: &Rc<dyn Chart>) -> Option<usize> {
        let canvas = dom::append_element(&image.parent_element()?, "canvas", "", "")?.unchecked_into();
        self.observe(image);
        let (image, source, list) = (image.clone(), String::new(), DisplayList::default());
        self.canvas_charts.push(CanvasChart { image, canvas, source, chart: chart.clone(), list, is_dirty: false });
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_charts_have_a_value_to_point_at() {
        assert_eq!(source("values/a-1.svg?height=140&v=4"), Some(("values/a-1.json?v=4".into(), 140.0)));
        assert_eq!(source("values/a-1.svg?height=140"), Some(("values/a-1.json".into(), 140.0)));
        assert_eq!((source("images/a.svg?v=4"), source("media/a/4"), source("")), (None, None, None));
    }
}
