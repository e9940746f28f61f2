//! One line chart in the document: what it shows, and the elements it shows it with.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{CanvasRenderingContext2d, Element, HtmlCanvasElement, HtmlElement};

use super::curves::{Asked, Curves};
use super::paint::Look;
use super::view::View;
use super::{legend, paint};
use crate::app::focus;
use crate::chart::{Frame, Mark, Size, number};
use crate::client::{browser, urls};
use crate::protocol::{Along, CellId, Settings};
use crate::series::Axis;

pub struct Chart {
    pub id: CellId,
    pub settings: Settings,
    /// The names of the series that this reader hides, where that is not what the settings say.
    pub own: Option<Vec<String>>,
    pub curves: Curves,
    /// The part of the axis that is seen; all of it when `None`.
    pub view: Option<View>,
    /// CSS pixels of the canvas: asking the document for them while drawing would lay it out each time.
    pub size: Size,
    /// On the screen, or nearly.
    pub is_seen: bool,
    pub is_dirty: bool,
    /// Points are missing that no look at the columns can tell.
    pub is_stale: bool,
    pub is_asking: bool,
    /// When the next question may be asked, in milliseconds since 1970.
    pub not_before: f64,
    /// The place of the series that the pointer is over in the legend.
    pub lit: Option<usize>,
    /// As it was drawn last.
    pub frame: Option<Frame>,
    pub marks: Vec<Mark>,
    /// The sentence that says what is drawn.
    told: String,
    pub parts: Parts,
}

/// What `app::cell::lines` holds: the picture, and what is put beside it.
pub struct Parts {
    pub plot: Element,
    pub canvas: HtmlCanvasElement,
    pub pen: CanvasRenderingContext2d,
    pub cross: HtmlElement,
    pub band: HtmlElement,
    pub legend: HtmlElement,
    drawn: HtmlElement,
    empty: HtmlElement,
}

impl Parts {
    /// Puts the live parts over the picture that the server has drawn.
    fn beside(drawn: HtmlElement) -> Option<Self> {
        let lines = drawn.parent_element()?;
        let plot = browser::append(&lines, "div", "plot", "")?;
        let canvas: HtmlCanvasElement = browser::append(&plot, "canvas", "", "")?.unchecked_into();
        browser::mark(&canvas, "role", "img");
        let tools = browser::append(&plot, "div", "tools", "")?;
        for (word, text) in [("follow", "Follow"), ("reset", "Show all"), ("chart", "Chart")] {
            let button = browser::append(&tools, "button", "", text)?;
            browser::mark(&button, "type", "button");
            browser::mark(&button, "data-do", word);
        }
        let legend: HtmlElement = browser::append(&lines, "div", "legend", "")?.unchecked_into();
        browser::mark(&legend, "role", "group");
        browser::mark(&legend, "aria-label", "Series");
        Some(Self {
            pen: canvas.get_context("2d").ok().flatten()?.unchecked_into(),
            canvas,
            cross: added(&plot, "cross")?,
            band: added(&plot, "band")?,
            legend,
            drawn,
            empty: added(&plot, "no-points")?,
            plot,
        })
    }
}

/// A part that is not there before the page is awake; hidden at first.
fn added(plot: &Element, class: &str) -> Option<HtmlElement> {
    let part: HtmlElement = browser::append(plot, "div", class, "")?.unchecked_into();
    part.set_hidden(true);
    Some(part)
}

impl Chart {
    /// `None` when the cell is not in the document.
    pub fn of(id: &CellId, settings: Settings) -> Option<Self> {
        let drawn = focus::element(id)?.query_selector(".lines > img").ok().flatten()?.unchecked_into();
        let parts = Parts::beside(drawn)?;
        Some(Self {
            id: id.clone(),
            settings,
            own: legend::recall(id),
            curves: Curves::new(),
            view: None,
            size: Size { width: 0.0, height: 0.0 },
            is_seen: false,
            is_dirty: false,
            is_stale: false,
            is_asking: false,
            not_before: 0.0,
            lit: None,
            frame: None,
            marks: Vec::new(),
            told: String::new(),
            parts,
        })
    }

    pub fn canvas(&self) -> &Element {
        &self.parts.canvas
    }

    pub fn measure(&mut self) {
        let canvas = &self.parts.canvas;
        self.size = Size { width: f64::from(canvas.client_width()), height: f64::from(canvas.client_height()) };
        self.is_dirty = true;
    }

    pub fn axis(&self) -> Axis {
        if self.settings.x == Along::Step { Axis::Step } else { Axis::Time }
    }

    pub fn settle(&mut self, settings: Settings) {
        let before = self.axis();
        self.settings = settings;
        if self.own.as_ref() == Some(&self.settings.hidden) {
            self.own = None;
        }
        if self.axis() != before {
            self.see(None);
        }
        self.is_dirty = true;
    }

    pub fn see(&mut self, view: Option<View>) {
        self.view = view;
        self.is_dirty = true;
    }

    /// What is seen, as a window; `None` before there are points.
    pub fn seen(&self) -> Option<View> {
        self.view.or_else(|| self.frame.as_ref().and_then(|frame| View::new(frame.x.lo, frame.x.hi)))
    }

    /// Keeps the newest point in view, where that is wanted.
    pub fn follow(&mut self) {
        if let Some(view) = self.view.filter(|view| view.follows && !self.curves.extent.1.is_nan()) {
            self.view = Some(view.at_tail(self.curves.extent.1));
        }
    }

    pub fn hidden(&self) -> &[String] {
        self.own.as_ref().unwrap_or(&self.settings.hidden)
    }

    pub fn is_hidden(&self, name: &str) -> bool {
        self.hidden().iter().any(|hidden| hidden == name)
    }

    /// What is to be asked of the server.
    pub fn question(&self) -> Option<Asked> {
        let width = self.size.width * window().device_pixel_ratio();
        let plot = self.frame.as_ref().map_or(0.9, |frame| frame.width / frame.size.width);
        let width = (width * plot) as u32;
        if width == 0 {
            return None;
        }
        let smooth = self.settings.smooth;
        let missing = self.curves.missing(self.view, self.axis(), width, smooth);
        if missing.is_none() && self.is_stale { Some(self.curves.wanted(self.view, self.axis(), width, smooth)) } else { missing }
    }

    pub fn draw(&mut self, look: &mut Look, cross: Option<(Axis, f64)>, origin: &str) {
        self.is_dirty = false;
        let axis = self.axis();
        // Columns along the other axis say nothing on this one; the old drawing stays until the new ones come.
        if self.curves.axis() != Some(axis) {
            return;
        }
        let is_first = self.frame.is_none();
        let Some((frame, marks)) = paint::paint(self, look) else { return };
        (self.frame, self.marks) = (Some(frame), marks);
        self.cross(cross);
        let is_empty = self.curves.total() == 0;
        self.parts.empty.set_hidden(!is_empty);
        if is_empty && self.parts.empty.first_element_child().is_none() {
            browser::append(&self.parts.empty, "p", "", "No points yet.");
            let command = ["curl ", origin, "/", &urls::value(&self.id), r#"/points -d '{"loss":[[0,2.3]]}'"#].concat();
            browser::append(&self.parts.empty, "pre", "", &command);
        }
        legend::show(self, look.is_dark);
        if is_first {
            self.parts.drawn.set_hidden(true);
        }
        let zoomed = match self.view {
            None => "",
            Some(view) if view.follows => "follows",
            Some(_) => "zoomed",
        };
        browser::mark(&self.parts.plot, "data-view", zoomed);
        self.summarise();
    }

    /// The crosshair, if it is on this axis and in sight.
    pub fn cross(&self, cross: Option<(Axis, f64)>) {
        let at = cross.filter(|(axis, _)| *axis == self.axis()).and_then(|(_, x)| {
            let frame = self.frame.as_ref()?;
            let at = frame.px(x);
            (at >= frame.left && at <= frame.left + frame.width).then_some(at)
        });
        self.parts.cross.set_hidden(at.is_none());
        if let Some(at) = at {
            browser::mark(&self.parts.cross, "style", &["left:", &(at as i32).to_string(), "px"].concat());
        }
    }

    /// The chart in one sentence, and as attributes that tools can read.
    fn summarise(&mut self) {
        let canvas = &self.parts.canvas;
        let mut text = String::from("Line chart");
        for curve in self.curves.list.iter().filter(|curve| !self.is_hidden(&curve.name)) {
            let Some(last) = curve.columns.list.last() else { continue };
            text = [text.as_str(), if text.len() > 10 { "; " } else { ": " }, &curve.name, " ", &number(last.last)].concat();
        }
        let note = self.frame.as_ref().map_or("", |frame| frame.note);
        text = [&text, "; ", &self.curves.total().to_string(), " points. ", note].concat();
        if text != self.told {
            browser::mark(canvas, "aria-label", &text);
            browser::mark(canvas, "data-points", &self.curves.total().to_string());
            self.told = text;
        }
        if let Some(frame) = &self.frame {
            browser::mark(canvas, "data-from", &browser::number_text(frame.x.lo));
            browser::mark(canvas, "data-to", &browser::number_text(frame.x.hi));
        }
    }
}
