//! One line chart in the document: what it shows, and the elements it shows it with.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{CanvasRenderingContext2d, Element, HtmlCanvasElement, HtmlElement, HtmlImageElement};

use super::canvas::Look;
use super::column_cache::{Asked, Curves};
use super::viewport::View;
use super::{canvas, legend};
use crate::browser::dom;
use crate::charts::{Frame, Mark, Size, number, shown};
use crate::protocol::{CellId, LineSettings, XAxis};
use crate::routes;
use crate::series::Axis;

pub struct Chart {
    pub id: CellId,
    pub settings: LineSettings,
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
    /// What `app::cell::lines` holds.
    pub lines: HtmlElement,
    /// The live parts; none before the chart has come near the screen.
    pub parts: Option<Parts>,
    /// The names of the series, and as they are shown.
    pub names: Names,
    /// Whether all names stand in the legend: somebody has asked for them.
    pub is_whole: bool,
    /// When it was seen last, in turns of the page's charts.
    pub seen_at: u64,
}

#[derive(Default)]
pub struct Names {
    all: Vec<String>,
    pub short: Vec<String>,
    /// Counts how often they have changed.
    pub turn: u32,
}

/// What is put beside the picture, or in its place.
pub struct Parts {
    pub plot: Element,
    pub canvas: HtmlCanvasElement,
    pub pen: CanvasRenderingContext2d,
    pub cross: HtmlElement,
    pub band: HtmlElement,
    pub legend: HtmlElement,
    empty: HtmlElement,
}

impl Parts {
    /// Puts the live parts over the picture that the server has drawn, and takes its legend over.
    fn beside(lines: &Element) -> Option<Self> {
        let legend = lines.last_element_child().filter(|last| last.class_name() == "legend");
        let plot = dom::append(lines, "div", "plot", "")?;
        let canvas: HtmlCanvasElement = dom::append(&plot, "canvas", "", "")?.unchecked_into();
        dom::mark(&canvas, "role", "img");
        let tools = dom::append(&plot, "div", "tools", "")?;
        for (word, text) in [("follow", "Follow"), ("reset", "Show all"), ("chart", "Chart")] {
            let button = dom::append(&tools, "button", "", text)?;
            dom::mark(&button, "type", "button");
            dom::mark(&button, "data-do", word);
        }
        let legend: HtmlElement = legend.or_else(|| dom::append(lines, "div", "legend", ""))?.unchecked_into();
        dom::mark(&legend, "role", "group");
        dom::mark(&legend, "aria-label", "Series");
        Some(Self {
            pen: canvas.get_context("2d").ok().flatten()?.unchecked_into(),
            canvas,
            cross: added(&plot, "cross")?,
            band: added(&plot, "band")?,
            legend,
            empty: added(&plot, "no-points")?,
            plot,
        })
    }
}

/// A part that is not there before the page is awake; hidden at first.
fn added(plot: &Element, class: &str) -> Option<HtmlElement> {
    let part: HtmlElement = dom::append(plot, "div", class, "")?.unchecked_into();
    part.set_hidden(true);
    Some(part)
}

impl Chart {
    /// In this element. Nothing is made before the chart comes near the screen: a board may have thousands.
    pub fn of(id: &CellId, settings: LineSettings, lines: &HtmlElement) -> Self {
        // The canvas is there before a picture that has not come yet would be.
        if let Some(picture) = lines.first_element_child().and_then(|first| first.dyn_into::<HtmlImageElement>().ok())
            && !picture.complete()
        {
            picture.remove();
        }
        Self {
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
            lines: lines.clone(),
            parts: None,
            names: Names::default(),
            is_whole: false,
            seen_at: 0,
        }
    }

    /// Makes what is needed to draw. True when that was missing.
    pub fn wake(&mut self) -> bool {
        let is_new = self.parts.is_none();
        if is_new {
            self.parts = Parts::beside(&self.lines);
        }
        self.is_dirty = true;
        is_new
    }

    /// Whether it has something to give back.
    pub fn holds(&self) -> bool {
        self.parts.as_ref().is_some_and(|parts| parts.canvas.width() > 0)
    }

    /// Gives back the memory of a chart that is far away. It is asked for and drawn again when somebody comes back to it.
    pub fn rest(&mut self) {
        if let Some(Parts { canvas, .. }) = &self.parts {
            canvas.set_width(0);
            canvas.set_height(0);
        }
        (self.curves, self.told) = (Curves::new(), String::new());
        (self.is_dirty, self.is_stale) = (true, true);
    }

    pub fn measure(&mut self) {
        let Some(Parts { canvas, .. }) = &self.parts else { return };
        self.size = Size { width: f64::from(canvas.client_width()), height: f64::from(canvas.client_height()) };
        self.is_dirty = true;
    }

    /// Brings the names up to date.
    fn name(&mut self) {
        if self.names.all.iter().eq(self.curves.list.iter().map(|curve| &curve.name)) {
            return;
        }
        self.names.all = self.curves.list.iter().map(|curve| curve.name.clone()).collect();
        self.names.short = shown(&self.names.all);
        self.names.turn = self.names.turn.wrapping_add(1);
    }

    pub fn axis(&self) -> Axis {
        if self.settings.x == XAxis::Step { Axis::Step } else { Axis::Time }
    }

    /// True when the view was given up: it was one along another axis.
    pub fn settle(&mut self, settings: LineSettings) -> bool {
        let before = self.axis();
        self.settings = settings;
        if self.own.as_ref() == Some(&self.settings.hidden) {
            self.own = None;
        }
        let is_lost = self.axis() != before && self.view.is_some();
        if is_lost {
            self.view = None;
        }
        self.is_dirty = true;
        is_lost
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
        let Some((frame, marks)) = canvas::paint(self, look) else { return };
        (self.frame, self.marks) = (Some(frame), marks);
        self.cross(cross);
        self.name();
        let Some(parts) = &self.parts else { return };
        let is_empty = self.curves.total() == 0;
        parts.empty.set_hidden(!is_empty);
        if is_empty && parts.empty.first_element_child().is_none() {
            dom::append(&parts.empty, "p", "", "No points yet.");
            let command = ["curl ", origin, "/", &routes::value(&self.id), r#"/points -d '{"loss":[[0,2.3]]}'"#].concat();
            dom::append(&parts.empty, "pre", "", &command);
        }
        legend::show(self, parts, look.is_dark);
        if let Some(drawn) =
            self.lines.first_element_child().filter(|first| is_first && first.get_attribute("class").as_deref() == Some("drawn"))
        {
            drawn.remove();
        }
        let zoomed = match self.view {
            None => "",
            Some(view) if view.follows => "follows",
            Some(_) => "zoomed",
        };
        dom::mark(&parts.plot, "data-view", zoomed);
        self.summarise();
    }

    /// The crosshair, if it is on this axis and in sight.
    pub fn cross(&self, cross: Option<(Axis, f64)>) {
        let at = cross.filter(|(axis, _)| *axis == self.axis()).and_then(|(_, x)| {
            let frame = self.frame.as_ref()?;
            let at = frame.px(x);
            (at >= frame.left && at <= frame.left + frame.width).then_some(at)
        });
        let Some(Parts { cross, .. }) = &self.parts else { return };
        cross.set_hidden(at.is_none());
        if let (Some(at), Some(frame)) = (at, &self.frame) {
            let below = dom::number_text(frame.below());
            dom::mark(cross, "style", &["left:", &(at as i32).to_string(), "px;bottom:", &below, "px"].concat());
        }
    }

    /// The chart in one sentence, and as attributes that tools can read.
    fn summarise(&mut self) {
        let Some(Parts { canvas, .. }) = &self.parts else { return };
        let mut text = String::from("Line chart");
        /// More than a listener can follow.
        const TOLD: usize = 20;
        let shown = self.curves.list.iter().filter(|curve| !self.is_hidden(&curve.name));
        let more = shown.clone().count().saturating_sub(TOLD);
        for curve in shown.take(TOLD) {
            let Some(last) = curve.columns.list.last() else { continue };
            text = [text.as_str(), if text.len() > 10 { "; " } else { ": " }, &curve.name, " ", &number(last.last)].concat();
        }
        if more > 0 {
            text = [&text, "; and ", &more.to_string(), " more"].concat();
        }
        let note = self.frame.as_ref().map_or("", |frame| frame.note);
        text = [&text, "; ", &self.curves.total().to_string(), " points. ", note].concat();
        if text != self.told {
            dom::mark(canvas, "aria-label", &text);
            dom::mark(canvas, "data-points", &self.curves.total().to_string());
            self.told = text;
        }
        if let Some(frame) = &self.frame {
            dom::mark(canvas, "data-from", &dom::number_text(frame.x.lo));
            dom::mark(canvas, "data-to", &dom::number_text(frame.x.hi));
        }
    }
}
