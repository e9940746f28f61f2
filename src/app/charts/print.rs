//! The board on paper: light, as wide as the paper, and with what was never near the screen. Afterwards all is as it was.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, HtmlImageElement};

use super::canvas;
use super::line_chart::Chart;
use super::registry::with;
use crate::browser::{dom, near_viewport};
use crate::routes;

/// Pictures that are loaded for one print, of line charts and of other cells: each is one request, and paper has no end. Cells after these are
/// empty, and the style sheet says so. docs/cells.md has both numbers.
const PICTURES: usize = 200;
/// The same for figures, tables and texts, each of which is a document in a frame.
const FRAMES: usize = 100;

/// What is in the page for paper only.
pub struct Sheet {
    pub pictures: Vec<Element>,
    /// Images that wait again for somebody who scrolls to them.
    pub lazy: Vec<Element>,
}

/// Most browsers announce that they print. Some tools only change the medium, and some browsers do both.
pub fn listen() {
    dom::listen(&window(), "beforeprint", |_: Event| begin());
    dom::listen(&window(), "afterprint", |_: Event| end());
    if let Ok(Some(paper)) = window().match_media("print") {
        dom::listen(&paper.clone(), "change", move |_: Event| if paper.matches() { begin() } else { end() });
    }
}

fn is_printing() -> bool {
    document().document_element().is_some_and(|root| root.has_attribute(canvas::PRINTING))
}

fn begin() {
    if is_printing() {
        return;
    }
    dom::mark_root(canvas::PRINTING, Some(""));
    draw();
    let pictures = with(|charts| {
        // Never drawn, or without a canvas since it is far away; in the order of the page, or nearly.
        let is_drawn = |chart: &&Chart| chart.frame.is_some() && chart.holds();
        let has_picture = |chart: &&Chart| chart.lines.first_element_child().is_some_and(|first| first.class_list().contains("drawn"));
        for chart in charts.list.iter().filter(|chart| !is_drawn(chart) && !has_picture(chart)).take(PICTURES) {
            let Ok(picture) = document().create_element("img") else { continue };
            for (name, value) in [("class", "drawn"), ("alt", ""), ("src", &routes::drawn(&chart.id))] {
                dom::mark(&picture, name, value);
            }
            if chart.lines.prepend_with_node_1(&picture).is_ok() {
                charts.sheet.pictures.push(picture);
            }
        }
        charts.sheet.pictures.len()
    });
    let images = document().images();
    let images = (0..images.length()).filter_map(|at| images.item(at)?.dyn_into::<HtmlImageElement>().ok());
    let lazy = images.filter(|image| !image.complete() && image.get_attribute("loading").as_deref() == Some("lazy"));
    let lazy: Vec<Element> = lazy.take(PICTURES - pictures).map(Into::into).collect();
    lazy.iter().for_each(|image| dom::mark(image, "loading", "eager"));
    with(|charts| charts.sheet.lazy = lazy);
    near_viewport::hurry(FRAMES);
}

fn end() {
    if !is_printing() {
        return;
    }
    dom::mark_root(canvas::PRINTING, None);
    with(|charts| {
        charts.sheet.pictures.drain(..).for_each(|picture| picture.remove());
        charts.sheet.lazy.drain(..).for_each(|image| dom::mark(&image, "loading", "lazy"));
    });
    draw();
}

/// At once: no animation frame comes before the paper.
fn draw() {
    with(|charts| {
        charts.repaint();
        let mut look = canvas::Look::now().here();
        for chart in charts.list.iter_mut().filter(|chart| chart.frame.is_some()) {
            chart.measure();
            chart.draw(&mut look, None, "");
        }
        charts.paint_drawings(&look);
    });
}
