//! All charts of the page: one animation frame draws what has changed and can be seen, one request asks what is missing.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

use js_sys::Date;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::{Element, Event, HtmlElement, IntersectionObserver, IntersectionObserverEntry, IntersectionObserverInit, ResizeObserver};

use super::chart::Chart;
use super::curves::{Answered, Asked, Taken};
use super::drawing::Drawing;
use super::view::View;
use super::{address, legend, paint, panel, pointer, tip};
use crate::app::focus;
use crate::app::state::Dashboard;
use crate::client::{browser, columns, urls};
use crate::protocol::columns::{self as words, CellColumns, SeriesColumns};
use crate::protocol::{CellId, Settings, points};
use crate::series::Axis;

/// Drawing takes at most so long of a frame; the rest waits for the next one.
const DRAWING_MS: f64 = 5.0;
/// Questions of one chart are at least so far apart.
const ASKING_MS: f64 = 250.0;
/// The open panel follows what is drawn so much later.
const PANEL: Duration = Duration::from_millis(250);
/// After a question that was not answered.
const TROUBLE: Duration = Duration::from_secs(2);
/// Charts in one question: ids are long, addresses are not.
const TOGETHER: usize = 50;
/// One step of a key.
const STEP: f64 = 0.25;

/// Canvases that are kept: those that were seen least recently give their memory back.
const CANVASES: usize = 48;

pub struct Charts {
    pub list: Vec<Chart>,
    /// Where each chart stands in the list.
    places: BTreeMap<CellId, usize>,
    /// Counts when something is seen or no longer seen.
    turn: u64,
    /// Charts of other kinds, each drawn from one value.
    pub drawings: Vec<Drawing>,
    pub dashboard: Option<Dashboard>,
    /// The place on the horizontal axis that the pointer is at.
    pub cross: Option<(Axis, f64)>,
    /// Where the pointer reads values.
    pub pointed: Option<tip::Pointed>,
    /// The field of the panel in which something is being changed; empty when there is none.
    pub edited: String,
    /// The table of the open panel.
    pub table: Vec<[String; 6]>,
    /// The open panel is behind the charts, and will be brought up to date.
    pub is_panel_due: bool,
    /// Views of the address, for charts that are not there yet.
    pub recalled: Vec<address::Recalled>,
    /// Kept from frame to frame; `None` when it may have changed.
    look: Option<paint::Look>,
    /// The place of the chart whose turn is first in the next frame.
    first: usize,
    is_stirred: bool,
    observers: Option<(IntersectionObserver, ResizeObserver)>,
}

thread_local! {
    static CHARTS: RefCell<Charts> = const {
        RefCell::new(Charts {
            list: Vec::new(),
            places: BTreeMap::new(),
            turn: 0,
            drawings: Vec::new(),
            dashboard: None,
            cross: None,
            pointed: None,
            edited: String::new(),
            table: Vec::new(),
            is_panel_due: false,
            recalled: Vec::new(),
            look: None,
            first: 0,
            is_stirred: false,
            observers: None,
        })
    };
}

/// Handlers of events come one after the other, and none of them causes another while it looks at the charts.
pub fn with<R>(look: impl FnOnce(&mut Charts) -> R) -> R {
    CHARTS.with(|charts| look(&mut charts.borrow_mut()))
}

impl Charts {
    pub fn chart(&mut self, id: &CellId) -> Option<&mut Chart> {
        self.list.get_mut(*self.places.get(id)?)
    }

    /// The chart that an element is a part of.
    pub fn around(&mut self, element: &Element) -> Option<&mut Chart> {
        let id = focus::owner(element)?;
        self.chart(&id)
    }

    pub fn is_dark(&self) -> bool {
        self.look.as_ref().map_or_else(paint::is_dark, |look| look.is_dark)
    }

    /// Something is to be drawn or asked in the next frame.
    pub fn stir(&mut self) {
        if !self.is_stirred && !document().hidden() {
            self.is_stirred = true;
            request_animation_frame(|| with(Charts::frame));
        }
    }

    fn frame(&mut self) {
        self.is_stirred = false;
        let began = Date::now();
        let mut look = self.look.take().unwrap_or_else(paint::Look::now).here();
        let state = self.dashboard.map(Dashboard::state);
        let (mut is_done, mut is_read_anew, mut is_any_drawn) = (true, false, false);
        let count = self.list.len();
        // From the one that had to wait: charts that always have something new must not keep the others from their turn.
        for at in (0..count).map(|turn| (self.first + turn) % count) {
            let chart = &mut self.list[at];
            if !chart.is_seen || !chart.is_dirty {
                continue;
            }
            // At least one, or there would be no end.
            if Date::now() - began > DRAWING_MS {
                is_done = false;
                self.first = at;
                break;
            }
            chart.draw(&mut look, self.cross, state.as_ref().map_or("", |state| &state.origin));
            is_any_drawn = true;
            is_read_anew |= self.pointed.as_ref().is_some_and(|pointed| pointed.chart == chart.id);
        }
        self.paint_drawings(&look);
        self.look = Some(look);
        if is_any_drawn && !self.is_panel_due && panel::is_open() {
            self.is_panel_due = true;
            set_timeout(panel::renew, PANEL);
        }
        if is_read_anew {
            tip::refresh(self);
        }
        let mut questions: Vec<(Asked, Vec<CellId>)> = Vec::new();
        for chart in self.list.iter_mut().filter(|chart| chart.is_seen) {
            let Some(asked) = chart.question() else { continue };
            if chart.is_asking || began < chart.not_before {
                is_done &= chart.is_asking;
                continue;
            }
            chart.is_asking = true;
            chart.is_stale = false;
            chart.not_before = began + ASKING_MS;
            chart.curves.begin();
            match questions.iter_mut().find(|(known, ids)| *known == asked && ids.len() < TOGETHER) {
                Some((_, ids)) => ids.push(chart.id.clone()),
                None => questions.push((asked, vec![chart.id.clone()])),
            }
        }
        for (asked, ids) in questions {
            spawn_local(ask(asked, ids));
        }
        if !is_done {
            self.stir();
        }
    }

    fn answer(&mut self, asked: Asked, ids: &[CellId], answer: Option<Vec<CellColumns>>) {
        let mut cells = answer;
        for id in ids {
            let Some(chart) = self.chart(id) else { continue };
            chart.is_asking = false;
            let Some(cells) = &mut cells else {
                chart.curves.give_up();
                chart.is_stale = true;
                continue;
            };
            let at = cells.iter().position(|cell| cell.cell == *id);
            let series = at.map(|at| cells.swap_remove(at).series).unwrap_or_default();
            let answered = series.into_iter().map(|series| {
                let SeriesColumns { name, points, columns, smoothed } = series;
                Answered { name, total: points, columns, smoothed }
            });
            chart.is_stale |= chart.curves.answer(asked, answered.collect());
            chart.follow();
            chart.is_dirty = true;
        }
        self.stir();
    }

    /// New settings, or those of before. A zoom along another axis means nothing on this one: the address forgets it, too.
    fn settle(&mut self, id: &CellId, settings: Settings) {
        if self.chart(id).is_some_and(|chart| chart.settle(settings)) {
            address::keep_soon();
        }
        self.stir();
    }

    /// Draws all charts anew: the crosshair, the theme or the clock has changed.
    pub fn repaint(&mut self) {
        self.look = None;
        self.list.iter_mut().for_each(|chart| chart.is_dirty = true);
        self.drawings.iter_mut().for_each(|drawing| drawing.is_dirty = true);
        self.stir();
    }

    pub fn watch(&self, element: &Element) {
        if let Some((seeing, resizing)) = &self.observers {
            seeing.observe(element);
            resizing.observe(element);
        }
    }

    pub fn unwatch(&self, element: &Element) {
        if let Some((seeing, resizing)) = &self.observers {
            seeing.unobserve(element);
            resizing.unobserve(element);
        }
    }

    /// The view of the address for the chart at this place, once; none where it is one along another axis.
    pub fn recalled(&mut self, at: usize) -> Option<View> {
        let chart = &self.list[at];
        let known = self.recalled.iter().position(|(known, ..)| known == chart.id.as_str())?;
        let axis = chart.axis();
        let (_, view, along) = self.recalled.swap_remove(known);
        if along.is_some_and(|along| along != axis) {
            // A reload must not find it again.
            address::keep_soon();
            return None;
        }
        Some(view)
    }

    /// The chart has come near the screen, or has left it.
    fn notice(&mut self, element: &Element, is_seen: bool) {
        let Some(at) = focus::owner(element).and_then(|id| self.places.get(&id).copied()) else { return };
        self.turn += 1;
        let chart = &mut self.list[at];
        (chart.is_seen, chart.seen_at) = (is_seen, self.turn);
        if is_seen {
            if chart.wake()
                && let Some((_, resizing)) = &self.observers
            {
                resizing.observe(&chart.lines);
            }
            chart.measure();
        } else {
            let id = chart.id.clone();
            tip::leave(self, &id);
        }
    }

    /// No more canvases than that.
    fn release(&mut self) {
        let mut far: Vec<&mut Chart> = self.list.iter_mut().filter(|chart| !chart.is_seen && chart.holds()).collect();
        let seen = far.len();
        far.sort_by_key(|chart| chart.seen_at);
        far.into_iter().take(seen.saturating_sub(CANVASES)).for_each(Chart::rest);
    }

    /// Every browser's view of the axis: kept in the address.
    pub fn see(&mut self, id: &CellId, view: Option<View>) {
        if let Some(chart) = self.chart(id) {
            chart.see(view);
            self.stir();
            address::keep_soon();
        }
    }
}

async fn ask(asked: Asked, ids: Vec<CellId>) {
    let mut names = String::new();
    for id in &ids {
        if !names.is_empty() {
            names.push(',');
        }
        names.push_str(id.as_str());
    }
    let end = |end: f64| end.is_finite().then(|| browser::number_text(end));
    let axis = if asked.axis == Axis::Step { "step" } else { "time" };
    let smooth = (asked.smooth > 0.0).then(|| browser::number_text(asked.smooth));
    let bytes = columns::fetch(urls::columns(&names, axis, end(asked.from), end(asked.to), asked.width, smooth)).await;
    match bytes.and_then(|bytes| words::read(&bytes).ok()) {
        Some(frame) => with(|charts| charts.answer(asked, &ids, Some(frame.cells))),
        None => set_timeout(move || with(|charts| charts.answer(asked, &ids, None)), TROUBLE),
    }
}

/// Listens. Once, when the page wakes.
pub fn start(dashboard: Dashboard) {
    let seen = Closure::<dyn FnMut(Vec<IntersectionObserverEntry>)>::new(|entries: Vec<IntersectionObserverEntry>| {
        with(|charts| {
            for entry in entries {
                charts.notice(&entry.target(), entry.is_intersecting());
            }
            charts.release();
            charts.stir();
        });
    });
    let resized = Closure::<dyn FnMut()>::new(|| {
        with(|charts| {
            charts.list.iter_mut().for_each(Chart::measure);
            charts.drawings.iter_mut().for_each(|drawing| drawing.is_dirty = true);
            charts.stir();
        });
    });
    let margin = IntersectionObserverInit::new();
    margin.set_root_margin("200px");
    let seeing = IntersectionObserver::new_with_options(seen.as_ref().unchecked_ref(), &margin);
    let resizing = ResizeObserver::new(resized.as_ref().unchecked_ref());
    seen.forget();
    resized.forget();
    with(|charts| {
        charts.dashboard = Some(dashboard);
        charts.observers = seeing.ok().zip(resizing.ok());
        charts.recalled = address::recall();
    });
    browser::listen(&document(), "visibilitychange", |_: Event| with(Charts::stir));
    // Its colours are chosen when it is drawn.
    if let Ok(Some(system)) = window().match_media("(prefers-color-scheme: dark)") {
        browser::listen(&system, "change", |_: Event| repaint());
    }
    browser::listen(&window(), "beforeprint", |_: Event| print(Some("")));
    browser::listen(&window(), "afterprint", |_: Event| print(None));
    address::listen();
    pointer::listen();
    legend::listen();
    panel::listen();
}

/// For paper everything is drawn at once, as wide as it is there and in light colours; afterwards as it was.
fn print(mark: Option<&str>) {
    browser::mark_root(paint::PRINTING, mark);
    with(|charts| {
        charts.repaint();
        let mut look = paint::Look::now().here();
        for chart in charts.list.iter_mut().filter(|chart| chart.frame.is_some()) {
            chart.measure();
            chart.draw(&mut look, None, "");
        }
        charts.paint_drawings(&look);
    });
}

/// A chart has come into the document, in this element, or it has new settings, from here or from another browser.
pub fn begin(id: &CellId, settings: Settings, lines: &HtmlElement) {
    with(|charts| {
        if charts.places.contains_key(id) {
            return charts.settle(id, settings);
        }
        if let Some((seeing, _)) = &charts.observers {
            seeing.observe(lines);
        }
        let last = charts.list.len();
        charts.list.push(Chart::of(id, settings, lines));
        charts.places.insert(id.clone(), last);
        charts.list[last].view = charts.recalled(last);
    });
    panel::renew();
}

/// Ends reading. False when nothing was read.
pub fn unread() -> bool {
    with(|charts| {
        let was_read = charts.pointed.is_some();
        tip::hide(charts);
        was_read
    })
}

/// What was set is not stored: charts and the panel go back to what is.
pub fn unset(dashboard: Dashboard) {
    panel::close();
    for tile in dashboard.state().tiles.now() {
        with(|charts| charts.settle(&tile.id, tile.settings()));
    }
}

pub fn remove(id: &CellId) {
    with(|charts| {
        if let Some(at) = charts.places.get(id).copied() {
            tip::leave(charts, id);
            charts.places.remove(id);
            let gone = charts.list.swap_remove(at);
            charts.unwatch(&gone.lines);
            if let Some(moved) = charts.list.get(at) {
                charts.places.insert(moved.id.clone(), at);
            }
        }
    });
    panel::renew();
}

/// New points have come. Who cannot be seen will ask when it can.
pub fn take(frame: points::Frame) {
    with(|charts| {
        let is_hidden = document().hidden();
        for part in frame.parts {
            let Some(chart) = charts.chart(&part.cell) else { continue };
            if is_hidden || !chart.is_seen {
                chart.is_stale = true;
                continue;
            }
            match chart.curves.take(part) {
                // Outside of a zoom nothing is seen of it, but how many points there are is told.
                Taken::Known => chart.is_dirty |= chart.view.is_some(),
                Taken::Drawn => chart.is_dirty = true,
                Taken::Gap => chart.is_stale = true,
            }
            chart.follow();
        }
        charts.stir();
    });
}

/// Points may have been missed: everything that is seen is asked for again.
pub fn refresh() {
    with(|charts| {
        charts.list.iter_mut().for_each(|chart| chart.is_stale = true);
        charts.stir();
    });
}

pub fn repaint() {
    with(Charts::repaint);
}

/// What a key or a button does to a chart.
#[derive(Clone, Copy, PartialEq)]
pub enum Press {
    In,
    Out,
    Left,
    Right,
    Reset,
    Follow,
    Log,
    /// Reads the next value, or the one before.
    Next,
    Before,
}

/// False when the cell is no chart.
pub fn press(id: &CellId, what: Press) -> bool {
    with(|charts| {
        let Some(chart) = charts.chart(id) else { return false };
        let Some(seen) = chart.seen() else { return true };
        let extent = chart.curves.extent;
        let middle = (seen.from + seen.to) / 2.0;
        let least = chart.curves.least(middle);
        let view = match what {
            Press::In => seen.zoom(middle, 1.0 / (1.0 + STEP), least, extent),
            Press::Out => seen.zoom(middle, 1.0 + STEP, least, extent),
            Press::Left => chart.view.map(|view| view.pan(-STEP, extent)),
            Press::Right => chart.view.map(|view| view.pan(STEP, extent)),
            Press::Reset => None,
            Press::Follow => chart.view.map(|view| if view.follows { View { follows: false, ..view } } else { view.at_tail(extent.1) }),
            Press::Next | Press::Before => {
                tip::step(charts, id, what == Press::Next);
                return true;
            }
            Press::Log => {
                panel::switch_scale(charts, id);
                return true;
            }
        };
        charts.see(id, view);
        true
    })
}
