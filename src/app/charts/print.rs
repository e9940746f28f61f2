//! Prints the board: light, as wide as the paper, and with the charts that were never near the screen. Afterwards the page is as before.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, HtmlImageElement};

use super::canvas::{self, CanvasTheme};
use super::chart_state::ChartState;
use super::display::PrintView;
use super::registry::{ChartRegistry, Charts};
use crate::app::signals::SetIfChanged;
use crate::browser::dom;
use crate::browser::near_viewport::{NearViewport, use_near_viewport};

/// Pictures that are loaded for one print, of line charts and of other cells: each is a request, and a board has no bound. Cells after
/// these show [`NotPrinted`]. docs/cells.md has both numbers.
const MAX_PICTURES: usize = 200;
/// Figures, tables and texts that are loaded for one print: each is a document in a frame.
const MAX_FRAMES: usize = 100;

/// Stands for a cell that is not loaded for this print.
#[component]
pub fn NotPrinted() -> impl IntoView {
    view! {
        <p class="not-printed">
            "Not printed: this cell has not been on the screen, nor have many cells before it. Filter the board or scroll to this cell, then print again."
        </p>
    }
}

fn is_printing() -> bool {
    document().document_element().is_some_and(|root| root.has_attribute(canvas::PRINTING))
}

impl ChartRegistry {
    /// Most browsers announce that they print. Some tools only change the medium, and some browsers do both.
    pub fn listen_to_print(self) {
        let near = use_near_viewport();
        dom::add_listener(&window(), "beforeprint", move |_: Event| self.begin_print(near));
        dom::add_listener(&window(), "afterprint", move |_: Event| self.end_print());
        if let Ok(Some(paper)) = window().match_media("print") {
            let query = paper.clone();
            dom::add_listener(&paper, "change", move |_: Event| if query.matches() { self.begin_print(near) } else { self.end_print() });
        }
    }

    fn begin_print(self, near: NearViewport) {
        if is_printing() {
            return;
        }
        dom::set_root_attribute(canvas::PRINTING, Some(""));
        self.is_printing.set(true);
        self.update(|charts| {
            charts.draw_now();
            let pictures = charts.show_print_pictures();
            let images = document().images();
            let images = (0..images.length()).filter_map(|at| images.item(at)?.dyn_into::<HtmlImageElement>().ok());
            let lazy = images.filter(|image| !image.complete() && image.get_attribute("loading").as_deref() == Some("lazy"));
            charts.printed_images = lazy.take(MAX_PICTURES - pictures).map(Element::from).collect();
            charts.printed_images.iter().for_each(|image| dom::set_attribute(image, "loading", "eager"));
        });
        near.run_for_print(MAX_FRAMES);
    }

    fn end_print(self) {
        if !is_printing() {
            return;
        }
        dom::set_root_attribute(canvas::PRINTING, None);
        self.is_printing.set(false);
        self.update(|charts| {
            charts.list.iter().for_each(|chart| chart.display.print.set_if_changed(PrintView::Screen));
            charts.printed_images.drain(..).for_each(|image| dom::set_attribute(&image, "loading", "lazy"));
            charts.draw_now();
        });
    }
}

impl Charts {
    /// Loads the server's pictures of charts that have neither picture nor canvas, in the order of the page. Returns their number. Charts
    /// beyond [`MAX_PICTURES`] say that they are not printed.
    fn show_print_pictures(&self) -> usize {
        let is_drawn = |chart: &&ChartState| chart.layout.is_some() && chart.has_canvas();
        let missing = self.list.iter().filter(|chart| !is_drawn(chart) && !chart.has_picture);
        let mut pictures = 0;
        for chart in missing {
            let is_picture = pictures < MAX_PICTURES;
            chart.display.print.set(if is_picture { PrintView::Picture } else { PrintView::Nothing });
            pictures += usize::from(is_picture);
        }
        pictures
    }

    /// Draws at once: no animation frame comes before the paper.
    fn draw_now(&mut self) {
        self.repaint();
        let mut theme = CanvasTheme::current().with_pixel_ratio();
        for chart in self.list.iter_mut().filter(|chart| chart.layout.is_some()) {
            chart.measure();
            chart.draw(&mut theme, None, &self.runs);
        }
        self.draw_canvas_charts(&theme);
    }
}
