//! All charts of the page: one animation frame draws what has changed and can be seen, one request asks what is missing.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

use js_sys::Date;
use leptos::prelude::*;
use leptos::task::spawn_local;
use web_sys::{Element, Event, HtmlElement, IntersectionObserver, ResizeObserver};

use super::column_cache::{Answered, Asked, Taken};
use super::line_chart::Chart;
use super::value_chart::Drawing;
use super::viewport::View;
use super::{canvas, gestures, legend, print, settings_panel, tooltip, url_state, visibility};
use crate::app::focus;
use crate::app::state::Dashboard;
use crate::browser::{dom, fetch};
use crate::protocol::columns::{self as words, CellColumns, SeriesColumns};
use crate::protocol::{CellId, LineSettings, points};
use crate::routes;
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
pub struct Charts {
    pub list: Vec<Chart>,
    /// Where each chart stands in the list.
    pub places: BTreeMap<CellId, usize>,
    /// Counts when something is seen or no longer seen.
    pub turn: u64,
    /// Charts of other kinds, each drawn from one value.
    pub drawings: Vec<Drawing>,
    pub dashboard: Option<Dashboard>,
    /// The place on the horizontal axis that the pointer is at.
    pub cross: Option<(Axis, f64)>,
    /// Where the pointer reads values.
    pub pointed: Option<tooltip::Pointed>,
    /// The field of the panel in which something is being changed; empty when there is none.
    pub edited: String,
    /// The table of the open panel.
    pub table: Vec<[String; 6]>,
    /// The open panel is behind the charts, and will be brought up to date.
    pub is_panel_due: bool,
    /// Views of the address, for charts that are not there yet.
    pub recalled: Vec<url_state::Recalled>,
    /// Kept from frame to frame; `None` when it may have changed.
    look: Option<canvas::Look>,
    /// The place of the chart whose turn is first in the next frame.
    first: usize,
    is_stirred: bool,
    pub observers: Option<(IntersectionObserver, ResizeObserver)>,
    /// What is in the page for paper only, while it is printed.
    pub sheet: print::Sheet,
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
            sheet: print::Sheet { pictures: Vec::new(), lazy: Vec::new() },
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
        self.look.as_ref().map_or_else(canvas::is_dark, |look| look.is_dark)
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
        let mut look = self.look.take().unwrap_or_else(canvas::Look::now).here();
        let page = self.dashboard.map(Dashboard::page);
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
            chart.draw(&mut look, self.cross, page.as_ref().map_or("", |page| &page.origin));
            is_any_drawn = true;
            is_read_anew |= self.pointed.as_ref().is_some_and(|pointed| pointed.chart == chart.id);
        }
        self.paint_drawings(&look);
        self.look = Some(look);
        if is_any_drawn && !self.is_panel_due && settings_panel::is_open() {
            self.is_panel_due = true;
            set_timeout(settings_panel::renew, PANEL);
        }
        if is_read_anew {
            tooltip::refresh(self);
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
    fn settle(&mut self, id: &CellId, settings: LineSettings) {
        if self.chart(id).is_some_and(|chart| chart.settle(settings)) {
            url_state::keep_soon();
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

    /// The view of the address for the chart at this place, once; none where it is one along another axis.
    pub fn recalled(&mut self, at: usize) -> Option<View> {
        let chart = &self.list[at];
        let known = self.recalled.iter().position(|(known, ..)| known == chart.id.as_str())?;
        let axis = chart.axis();
        let (_, view, along) = self.recalled.swap_remove(known);
        if along.is_some_and(|along| along != axis) {
            // A reload must not find it again.
            url_state::keep_soon();
            return None;
        }
        Some(view)
    }

    /// Every browser's view of the axis: kept in the address.
    pub fn see(&mut self, id: &CellId, view: Option<View>) {
        if let Some(chart) = self.chart(id) {
            chart.see(view);
            self.stir();
            url_state::keep_soon();
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
    let end = |end: f64| end.is_finite().then(|| dom::number_text(end));
    let axis = if asked.axis == Axis::Step { "step" } else { "time" };
    let smooth = (asked.smooth > 0.0).then(|| dom::number_text(asked.smooth));
    let bytes = fetch::bytes(&routes::columns(&names, axis, end(asked.from), end(asked.to), asked.width, smooth)).await;
    match bytes.and_then(|bytes| words::read(&bytes).ok()) {
        Some(frame) => with(|charts| charts.answer(asked, &ids, Some(frame.cells))),
        None => set_timeout(move || with(|charts| charts.answer(asked, &ids, None)), TROUBLE),
    }
}

/// Listens. Once, when the page wakes.
pub fn start(dashboard: Dashboard) {
    let observers = visibility::observers();
    with(|charts| {
        charts.dashboard = Some(dashboard);
        charts.observers = observers;
        charts.recalled = url_state::recall();
    });
    dom::listen(&document(), "visibilitychange", |_: Event| with(Charts::stir));
    // Its colours are chosen when it is drawn.
    if let Ok(Some(system)) = window().match_media("(prefers-color-scheme: dark)") {
        dom::listen(&system, "change", |_: Event| repaint());
    }
    print::listen();
    url_state::listen();
    gestures::listen();
    legend::listen();
    settings_panel::listen();
}

/// A chart has come into the document, in this element, or it has new settings, from here or from another browser.
pub fn begin(id: &CellId, settings: LineSettings, lines: &HtmlElement) {
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
    settings_panel::renew();
}

/// Ends reading. False when nothing was read.
pub fn unread() -> bool {
    with(|charts| {
        let was_read = charts.pointed.is_some();
        tooltip::hide(charts);
        was_read
    })
}

/// What was set is not stored: charts and the panel go back to what is.
pub fn unset(dashboard: Dashboard) {
    settings_panel::close();
    for tile in dashboard.cells.get_untracked() {
        with(|charts| charts.settle(&tile.id, tile.line_settings()));
    }
}

pub fn remove(id: &CellId) {
    with(|charts| {
        if let Some(at) = charts.places.get(id).copied() {
            tooltip::leave(charts, id);
            charts.places.remove(id);
            let gone = charts.list.swap_remove(at);
            charts.unwatch(&gone.lines);
            if let Some(moved) = charts.list.get(at) {
                charts.places.insert(moved.id.clone(), at);
            }
        }
    });
    settings_panel::renew();
}

/// New points have come. Who cannot be seen will ask when it can.
pub fn take(frame: points::PointsFrame) {
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
